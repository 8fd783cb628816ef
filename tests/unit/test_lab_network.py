"""How the LAN is named and made."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lab import network
from lab.host import LabError
from lab.network import Network, lan_path, machine_path
from lab.plan import Plan

PLAN = Plan("lab", 24, "192.168.100.1", "192.168.100.100", "k", ())


@pytest.mark.parametrize("name", ["lan", "lan0"])
def test_no_machine_has_the_lans_name(name: str) -> None:
    assert machine_path("hospital", name) != lan_path("hospital")


def test_a_lan_is_only_up_once_its_filter_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    raised: list[str] = []

    def interrupted(argv: Sequence[str], *, stdin: str = "", **_: object) -> None:
        raised.append(stdin)
        if "nft" in argv:
            raise LabError("interrupted here")

    monkeypatch.setattr(network, "NAMESPACES", tmp_path)
    monkeypatch.setattr(network, "command", interrupted)
    with pytest.raises(LabError):
        Network("hospital").create(PLAN)
    assert not any("link set lan0 up" in batch for batch in raised)


@pytest.mark.parametrize(
    ("links", "up"),
    [({}, False), ({"lan0": ["BROADCAST"]}, False), ({"lan0": ["NO-CARRIER", "BROADCAST", "UP"]}, True)],
)
def test_a_bridge_that_was_never_raised_is_no_lan(
    monkeypatch: pytest.MonkeyPatch, links: dict[str, list[str]], up: bool
) -> None:
    monkeypatch.setattr(Network, "_links", lambda _: links)
    assert Network("hospital").is_up() is up
