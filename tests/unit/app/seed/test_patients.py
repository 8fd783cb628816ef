"""Invented patients: valid, in order, plausible, coherent, and the same for the same seed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brazil.cns import parse_cns
from app.brazil.cpf import parse_cpf
from app.brazil.demographics import Sex
from app.seed.drugs import ALLERGENS
from app.seed.measurements import ALL
from app.seed.numbers import own_digits
from app.seed.plan import NOW, invent_record
from app.seed.records import EncounterKind, Note, Observation, PatientRecord, ResultStatus
from app.seed.stream import patients
from app.terminology.catalogue import SYSTEMS

seeds = st.integers(0, 2**31)
indexes = st.integers(0, 11_000_000)
days = st.integers(0, 2000).map(lambda days: NOW + timedelta(days=days, minutes=days))
records = st.builds(invent_record, seeds, indexes, days)


@pytest.fixture(scope="module")
def thousand() -> list[PatientRecord]:
    """What everybody gets who asks for nothing else."""
    return list(patients())


@given(records)
def test_identifiers_are_valid_and_marked_as_invented(record: PatientRecord) -> None:
    patient = record.patient
    assert parse_cpf(str(patient.cpf)) == patient.cpf
    assert patient.cns is None or parse_cns(str(patient.cns)) == patient.cns
    assert patient.invented
    assert patient.cpf.invented
    assert patient.cns is None or patient.cns.invented


@given(seeds, indexes)
def test_the_numbers_of_a_patient_are_their_own(seed: int, index: int) -> None:
    patient, own = invent_record(seed, index).patient, own_digits(seed, index)
    assert patient.cpf.digits[:8] == own
    assert patient.cns is None or patient.cns.digits[1:9] == own


@given(seeds, indexes, days)
def test_times_are_in_order_and_nothing_lies_in_the_future(seed: int, index: int, now: datetime) -> None:
    record = invent_record(seed, index, now)
    birth = record.patient.birth
    contacts = {one.id: one for one in record.encounters}
    for one in record.encounters:
        assert birth < one.started.date()
        assert one.started < one.ended <= now
    entries: list[Observation | Note] = [*record.observations, *record.notes]
    for entry in entries:
        contact = contacts[entry.encounter]
        assert contact.started <= entry.occurred_at <= contact.ended
        assert entry.occurred_at <= entry.recorded_at <= now
    for problem in record.problems:
        assert birth <= problem.onset <= problem.recorded_at.date() <= now.date()
        assert problem.resolved is None or problem.onset <= problem.resolved <= now.date()
        assert contacts[problem.encounter].started <= problem.recorded_at <= now
    for medication in record.medications:
        assert medication.started <= medication.recorded_at.date() <= now.date()
        assert medication.ended is None or medication.started <= medication.ended <= now.date()
    for allergy in record.allergies:
        assert record.encounters[0].started <= allergy.recorded_at <= now


@given(records)
def test_nobody_is_in_two_places_at_once(record: PatientRecord) -> None:
    assert record.encounters
    for before, after in zip(record.encounters, record.encounters[1:], strict=False):
        assert before.ended <= after.started


@given(records)
def test_every_part_is_in_the_order_of_its_time(record: PatientRecord) -> None:
    for times in (
        [one.started for one in record.encounters],
        [one.occurred_at for one in record.observations],
        [one.occurred_at for one in record.notes],
    ):
        assert times == sorted(times)


@given(records)
def test_values_are_plausible_and_carry_their_unit(record: PatientRecord) -> None:
    for one in record.observations:
        what = ALL[one.what.code]
        if one.value is None:
            assert (one.unit, bool(one.text)) == (None, True)
        else:
            assert what.low <= one.value <= what.high
            assert one.unit == what.unit
            assert -int(one.value.as_tuple().exponent) == what.places


@given(records)
def test_pressures_and_lipids_of_one_moment_belong_together(record: PatientRecord) -> None:
    for contact in record.encounters:
        systolic = values(record, "8480-6", contact.id)
        diastolic = values(record, "8462-4", contact.id)
        assert len(systolic) == len(diastolic)
        assert all(high - low >= 20 for high, low in zip(systolic, diastolic, strict=True))
        total, ldl = values(record, "2093-3", contact.id), values(record, "13457-7", contact.id)
        assert all(whole > part for whole, part in zip(total, ldl, strict=False))


@given(records)
def test_no_drug_is_given_that_an_allergy_forbids(record: PatientRecord) -> None:
    substances = {one.substance for one in record.allergies}
    forbidden = frozenset().union(*(one.families for one in ALLERGENS if one.substance in substances))
    penicillins = {"Ceftriaxona", "Amoxicilina"}
    given_names = {one.name for one in record.medications}
    assert not ("penicilina" in forbidden and given_names & penicillins)
    assert not ("dipirona" in forbidden and "Dipirona" in given_names)
    assert not ("sulfa" in forbidden and "Hidroclorotiazida" in given_names)


@given(records)
def test_allergies_are_listed_or_denied_or_not_asked_but_never_both(record: PatientRecord) -> None:
    assert not (record.allergies and record.denies_allergies_at)


@given(records)
def test_every_drug_has_its_problem_and_every_code_a_known_system(record: PatientRecord) -> None:
    problems = {one.id: one for one in record.problems}
    assert all(one.problem in problems and one.dose > 0 for one in record.medications)
    systems = {system.uri for system in SYSTEMS.values()}
    coded = [
        *(one.diagnosis for one in record.problems),
        *(one.what for one in record.observations),
        *(one.reason for one in record.encounters),
        *(one.author.occupation for one in record.encounters),
    ]
    assert all(one.system in systems and one.version and one.code and one.original for one in coded)


@given(records)
def test_the_same_identifier_never_names_two_things(record: PatientRecord) -> None:
    parts = (record.encounters, record.problems, record.medications, record.observations, record.notes)
    identifiers = [record.patient.id, *(one.id for one in record.allergies)]
    identifiers += [one.id for part in parts for one in part]
    assert len(set(identifiers)) == len(identifiers)


def test_only_women_of_childbearing_age_are_pregnant(thousand: list[PatientRecord]) -> None:
    pregnancies = 0
    for record in thousand:
        for problem in record.problems:
            if problem.diagnosis.code == "Z349":
                pregnancies += 1
                assert record.patient.sex is Sex.FEMALE
                assert 18 <= (problem.onset - record.patient.birth).days / 365.25 <= 42
    assert pregnancies > 10


def test_treatment_works_in_every_course(thousand: list[PatientRecord]) -> None:
    first_last: dict[str, list[tuple[float, float]]] = {"8480-6": [], "4548-4": [], "8310-5": []}
    for record in thousand:
        for reason, loinc in (("K86", "8480-6"), ("T90", "4548-4")):
            visits = [one.id for one in record.encounters if one.reason.code == reason]
            series = [value for visit in visits for value in values(record, loinc, visit)]
            if len(series) > 3:
                first_last[loinc].append((series[0], series[-1]))
        for stay in record.encounters:
            if stay.kind is EncounterKind.INPATIENT and stay.reason.code == "J189":
                fever = values(record, "8310-5", stay.id)
                first_last["8310-5"].append((fever[0], fever[-1]))
    for loinc, pairs in first_last.items():
        assert len(pairs) > 5, loinc
        assert sum(first > last for first, last in pairs) > 0.9 * len(pairs), loinc


def test_a_hypertensive_has_high_pressure_wherever_it_is_measured(thousand: list[PatientRecord]) -> None:
    seen = 0
    for record in thousand:
        found = [one.encounter for one in record.problems if one.diagnosis.code == "I10"]
        if found:
            order = [one.id for one in record.encounters]
            before = order[: order.index(found[0]) + 1]
            pressures = [value for visit in before for value in values(record, "8480-6", visit)]
            assert min(pressures) > 130
            seen += len(pressures) > 1
    assert seen > 5


def test_a_culture_is_first_preliminary_and_then_final(thousand: list[PatientRecord]) -> None:
    seen = 0
    for record in thousand:
        cultures = [one for one in record.observations if one.what.code == "600-7"]
        if cultures:
            seen += 1
            assert [one.status for one in sorted(cultures, key=lambda one: one.recorded_at)] == [
                ResultStatus.PRELIMINARY,
                ResultStatus.FINAL,
            ]
    assert seen > 5


def test_a_thousand_patients_look_like_a_hospitals(thousand: list[PatientRecord]) -> None:
    codes = [{one.diagnosis.code for one in record.problems} for record in thousand]
    for code, least, most in (
        *(("I10", 0.10, 0.40), ("E119", 0.03, 0.16), ("J459", 0.015, 0.10), ("Z349", 0.005, 0.06)),
        *(("J189", 0.01, 0.08), ("S525", 0.003, 0.06), ("S822", 0.003, 0.05)),
    ):
        assert least < sum(code in one for one in codes) / len(thousand) < most, code
    assert 0.6 < sum(one.denies_allergies_at is not None for one in thousand) / len(thousand) < 0.8
    assert 0.4 < sum(one.patient.sex is Sex.FEMALE for one in thousand) / len(thousand) < 0.6
    assert {one.kind for record in thousand for one in record.encounters} == set(EncounterKind)


def test_notes_are_portuguese_soap_with_what_was_measured(thousand: list[PatientRecord]) -> None:
    for record in thousand[:60]:
        for note in record.notes:
            assert [line[:2] for line in note.text.splitlines()] == ["S:", "O:", "A:", "P:"]
        for contact in record.encounters:
            pressures = values(record, "8480-6", contact.id)
            text = " ".join(note.text for note in record.notes if note.encounter == contact.id)
            assert all(f"PA sistólica {pressure:.0f} mmHg" in text for pressure in pressures)


def values(record: PatientRecord, loinc: str, encounter: object) -> list[float]:
    return [
        float(one.value)
        for one in record.observations
        if one.what.code == loinc and one.encounter == encounter and one.value is not None
    ]
