"""docs/sbis.md says what the tests say."""

from pathlib import Path

import pytest

from tests.sbis.page import PAGE, MarkError, proofs, render


def project(folder: Path, mark: str) -> Path:
    """A project with one marked test."""
    (folder / "tests").mkdir()
    (folder / "tests/test_one.py").write_text(f"@{mark}\ndef test_it_holds() -> None: ...\n")
    return folder


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == render(proofs()), "docs/sbis.md is not what the tests say: run `make sbis`"


def test_an_item_names_its_test(tmp_path: Path) -> None:
    marked = project(tmp_path, 'pytest.mark.sbis("NGS1.07.06", "no names")')
    assert "| NGS1.07.06 | no names | [it holds](../tests/test_one.py) |\n" in render(proofs(marked))


@pytest.mark.parametrize(
    "mark",
    [
        'pytest.mark.sbis("NGS1.07.99", "no such number")',
        'pytest.mark.sbis("NGS1.07.06")',
        'pytest.mark.sbis("NGS1.07.06", "")',
        'pytest.mark.sbis("NGS1.07.06", "a | b")',
        'pytest.mark.sbis(item="NGS1.07.06", words="named")',
    ],
)
def test_a_mark_that_says_nothing_usable_is_refused_by_its_place(tmp_path: Path, mark: str) -> None:
    with pytest.raises(MarkError, match=r"tests/test_one\.py: test_it_holds"):
        proofs(project(tmp_path, mark))
