"""Two identities of one person: proposed by the service, decided by a person, undone without loss."""

from typing import Any
from uuid import UUID

import pytest

from tests.records.hospital import ANA, Hospital

WHY = "Mesmo documento apresentado"


def merged(hospital: Hospital, kept: UUID, other: UUID) -> Any:
    """The merge of ``other`` into ``kept``."""
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": WHY}
    return hospital.made(hospital.clerk, "/merges", form)


def chart_of(hospital: Hospital, patient: UUID) -> UUID:
    """Whose chart that identity belongs to."""
    return UUID(hospital.ask(hospital.clerk, "GET", f"/patients/{patient}").json()["chart_id"])


def proposals(hospital: Hospital) -> list[Any]:
    """Pairs that nobody has decided on."""
    found: list[Any] = hospital.ask(hospital.clerk, "GET", "/duplicates").json()["items"]
    return found


@pytest.mark.sbis("ECF.03.08", "similar identities are shown while somebody is registered")
def test_who_is_almost_certainly_here_already_is_not_registered_in_passing(hospital: Hospital) -> None:
    first = hospital.made(hospital.clerk, "/patients", ANA)
    again = ANA | {"name": "ANA LUCIA GONCALVES", "cpf": None}
    answer = hospital.ask(hospital.clerk, "POST", "/patients", again)
    assert (answer.status_code, answer.json()["candidatos"]) == (409, [first["id"]])
    twin = hospital.made(hospital.clerk, "/patients", again | {"certain_new": True})
    assert twin["possible_duplicates"] == [first["id"]]


@pytest.mark.sbis("ECF.03.09", "possible duplicates wait in a list for somebody to decide")
def test_who_is_alike_is_proposed_and_can_be_dismissed_for_good(hospital: Hospital) -> None:
    first = hospital.patient()
    second = hospital.patient(name="Ana Lucia Gonçalves", birth="1980-07-15", mother="Rosa Lima")
    assert proposals(hospital) == []
    third = hospital.patient(name="Ana L Gonçalves")
    [proposal] = proposals(hospital)
    assert {proposal["first_id"], proposal["second_id"]} == {str(first), str(third)}
    assert "mesma data de nascimento" in proposal["reasons"]
    path = f"/duplicates/{proposal['id']}/dismiss"
    done = hospital.ask(hospital.clerk, "POST", path, {"reason": "São irmãs gêmeas"}, version=1)
    assert (done.status_code, done.json()["state"]) == (200, "descartada")
    assert proposals(hospital) == []
    form = ANA | {"name": "Ana L. Gonçalves", "cpf": None, "reason": "Nome abreviado"}
    hospital.ask(hospital.clerk, "PUT", f"/patients/{third}", form, version=1)
    assert proposals(hospital) == []
    assert second not in (first, third)


def test_day_and_month_exchanged_is_still_alike(hospital: Hospital) -> None:
    first = hospital.patient(birth="1980-05-07")
    second = hospital.patient(birth="1980-07-05")
    [proposal] = proposals(hospital)
    assert {proposal["first_id"], proposal["second_id"]} == {str(first), str(second)}
    assert "data de nascimento semelhante" in proposal["reasons"]


@pytest.mark.sbis("ECF.03.10", "a person merges duplicates, and can undo it")
def test_a_merge_shares_one_chart_and_can_be_undone(hospital: Hospital) -> None:
    kept, other = hospital.patient(), hospital.patient(cpf=ANA["cpf"])
    merge = merged(hospital, kept, other)
    assert chart_of(hospital, other) == chart_of(hospital, kept) == kept
    assert proposals(hospital) == []
    found = hospital.ask(hospital.clerk, "POST", "/patients/search", {"text": ANA["cpf"]}).json()["items"]
    assert [one["id"] for one in found] == [str(kept)]
    undone = hospital.ask(
        hospital.clerk, "POST", f"/merges/{merge['id']}/undo", {"reason": "Era a irmã"}, version=1
    )
    assert undone.status_code == 200, undone.text
    assert chart_of(hospital, other) == other
    again = hospital.ask(
        hospital.clerk, "POST", f"/merges/{merge['id']}/undo", {"reason": "Era a irmã"}, version=2
    )
    assert again.status_code == 409
    [seen] = hospital.ask(hospital.clerk, "GET", f"/patients/{other}/merges").json()["items"]
    assert (seen["change_reason"], seen["undone_at"] is not None) == ("Era a irmã", True)


def test_undoing_an_early_merge_takes_along_who_was_merged_before(hospital: Hospital) -> None:
    a, b, c = hospital.patient(), hospital.patient(), hospital.patient()
    merged(hospital, b, a)
    later = merged(hospital, c, b)
    assert {chart_of(hospital, one) for one in (a, b, c)} == {c}
    hospital.ask(hospital.clerk, "POST", f"/merges/{later['id']}/undo", {"reason": "Engano"}, version=1)
    assert [chart_of(hospital, one) for one in (a, b, c)] == [b, b, c]


def test_a_merged_identity_is_neither_merged_nor_changed_again(hospital: Hospital) -> None:
    kept, other = hospital.patient(), hospital.patient()
    merged(hospital, kept, other)
    for pair in ((other, kept), (kept, other)):
        form = {"kept_id": str(pair[0]), "merged_id": str(pair[1]), "reason": WHY}
        assert hospital.ask(hospital.clerk, "POST", "/merges", form).status_code == 409
    correction = ANA | {"cpf": None, "reason": "Nome como no documento"}
    answer = hospital.ask(hospital.clerk, "PUT", f"/patients/{other}", correction, version=2)
    assert answer.json()["type"] == "urn:prontuario:problema:paciente-unificado"
    assert answer.json()["prontuario"] == str(kept)


def test_only_who_may_merges_and_nobody_merges_one_with_itself(hospital: Hospital) -> None:
    kept, other = hospital.patient(), hospital.patient()
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": WHY}
    assert hospital.ask(hospital.physician, "POST", "/merges", form).status_code == 403
    same = form | {"merged_id": str(kept)}
    assert hospital.ask(hospital.clerk, "POST", "/merges", same).status_code == 422
    nobody = form | {"merged_id": "00000000-0000-4000-8000-000000000000"}
    assert hospital.ask(hospital.clerk, "POST", "/merges", nobody).status_code == 404
