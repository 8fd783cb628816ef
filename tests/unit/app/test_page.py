"""The clinician's page: Portuguese, whole in itself, true about its state."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from app.checks import Status
from app.page import render_page
from tests.unit.app.conftest import MACHINE, RELEASE, Client


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_says_who_answers_and_how_things_are(client: Client) -> None:
    answer = client.get("/", headers={"x-request-id": "r-3"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for text in ("Prontuário", "Em funcionamento", MACHINE, RELEASE, "r-3"):
        assert text in answer.text


def test_the_page_says_when_the_service_is_leaving(client: Client) -> None:
    client.app.state.service.draining = True
    answer = client.get("/")
    assert (answer.status_code, "Indisponível no momento" in answer.text) == (503, True)


@pytest.mark.parametrize("status", list(Status))
def test_the_page_needs_nothing_from_elsewhere_and_no_script(status: Status) -> None:
    page = render_page(status, MACHINE, RELEASE, "r")
    tags = Tags(page).found
    assert "script" not in [tag for tag, _ in tags]
    assert [attrs["href"] for _, attrs in tags if "href" in attrs] == ["data:,"]
    assert not [attrs for _, attrs in tags if "src" in attrs or "style" in attrs]
    assert "http" not in page
    assert dict(tags)["html"] == {"lang": "pt-BR"}
    assert [attrs for tag, attrs in tags if attrs.get("role") == "status"]
    assert [attrs["content"] for _, attrs in tags if attrs.get("name") == "viewport"] == [
        "width=device-width, initial-scale=1"
    ]


def test_the_browser_is_told_to_accept_this_style_alone(client: Client) -> None:
    answer = client.get("/")
    style = re.search(r"<style>(.*)</style>", answer.text, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in answer.headers["content-security-policy"]


def test_markup_in_a_value_is_shown_not_run() -> None:
    page = render_page(Status.HEALTHY, "<script>", "&", '"><b>')
    assert "<script>" not in page
    assert "<b>" not in page
