"""What stands on the pages of a note and of a prescription, read back from the PDF."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.coded import Coded
from app.domain.medications import MedicationView, PrescriptionView
from app.domain.notes import NoteKind, NoteView
from app.domain.patients import Identity, PatientView
from app.domain.rendering import About, Author, NotPrintable
from app.printing.clinical import note_page, prescription_page
from app.printing.pdf import render
from tests.unit.app.printing.text import pages

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
NUMBERS = [UUID(int=number) for number in range(1, 9)]
ENTRY: dict[str, Any] = {
    "id": NUMBERS[0],
    "version": 1,
    "recorded_at": AT,
    "recorded_by": NUMBERS[1],
    "changed_at": AT,
    "changed_by": NUMBERS[1],
    "change_reason": None,
    "patient_id": NUMBERS[2],
    "encounter_id": None,
    "status": "final",
    "occurred_at": AT,
}
LINE: dict[str, Any] = ENTRY | {
    "prescription_id": NUMBERS[0],
    "problem_id": None,
    "coded": Coded(system=None, edition=None, code=None, term=None, original="Losartana"),
    "dose": Decimal("50.000000"),
    "unit": "mg",
    "route": "VO",
    "frequency": "12/12 h",
    "instructions": None,
    "started": date(2026, 1, 2),
    "ended": None,
    "allergy_reason": None,
}


def patient(**others: Any) -> PatientView:
    """Ana, as the register knows her."""
    usual: dict[str, Any] = dict.fromkeys(PatientView.model_fields)
    usual |= {"id": NUMBERS[2], "version": 1, "chart_id": NUMBERS[2], "identity": Identity.IDENTIFIED}
    usual |= {"name": "Ana Sá", "mother": "Dora Sá", "birth": date(1980, 5, 17), "sex": "female"}
    usual |= {"cpf": "52998224725", "invented": False, "recorded_at": AT, "changed_at": AT}
    return PatientView(**usual | others)


def about(**others: Any) -> About:
    """What stands beside the entry."""
    usual: dict[str, Any] = {
        "document": NUMBERS[3],
        "patient": patient(),
        "author": Author("Bruno Reis", "CRM-SP 123456"),
        "institution": "Hospital de Teste",
        "software": "Prontuário 0.1",
        "made": AT,
    }
    return About(**usual | others)


def note(text: str = "Sem queixas.", **others: Any) -> NoteView:
    """A finished note."""
    usual = ENTRY | {"kind": NoteKind.PROGRESS, "title": None, "text": text}
    return NoteView(**usual | others)


def prescription(*lines: dict[str, Any]) -> PrescriptionView:
    """A prescription of Losartana, but for what ``lines`` say."""
    return PrescriptionView(**ENTRY, medications=[MedicationView(**LINE | one) for one in lines or ({},)])


def squeezed(words: str) -> str:
    """As the PDF gives it back."""
    return re.sub(r"\s", "", words)


def of_note(one: NoteView, beside: About | None = None) -> str:
    """All of its pages, one after the other."""
    return "".join(pages(render(note_page(one, beside or about()))))


def of_prescription(one: PrescriptionView, beside: About | None = None) -> str:
    """All of its pages, one after the other."""
    return "".join(pages(render(prescription_page(one, beside or about()))))


@pytest.mark.sbis("NGS1.01.01", "every printed page names the system and its version")
def test_every_page_says_whose_it_is_and_what_made_it() -> None:
    made = pages(render(note_page(note("\n".join(["Uma linha."] * 120)), about())))
    assert len(made) > 1
    for place, page in enumerate(made, 1):
        for words in (
            "Hospital de Teste",
            "Prontuário 0.1",
            "Paciente: Ana Sá",
            "Nascimento: 17/05/1980",
            "CPF: 529.982.247-25",
            f"Documento {NUMBERS[3]}, gerado em 21/11/2026 10:05 (UTC-03:00)",
            f"a partir da versão 1 da evolução {NUMBERS[0]}",
            f"Página {place} de {len(made)}",
        ):
            assert squeezed(words) in page


def test_a_note_tells_who_when_and_every_line() -> None:
    late = datetime(2026, 11, 22, 2, 59, tzinfo=UTC)
    text = "PA 120/80 mmHg; ≥ 3 dias.\n\n  #panic() $x$ *b* <a>\n\tTab e \\barra.\r\nFim: R$ 5 — ½ µg"
    made = of_note(note(text, title="Visita da manhã", recorded_at=late))
    times = ("Data e hora: 21/11/2026 10:05 (UTC-03:00)", "Registrado em: 21/11/2026 23:59 (UTC-03:00)")
    for words in (*text.splitlines(), "Título: Visita da manhã", *times):
        assert squeezed(words) in made
    assert squeezed("Profissional: Bruno Reis, CRM-SP 123456") in made
    assert squeezed("Versão: 1Texto") in made


def test_that_an_authors_council_number_is_not_known_is_said() -> None:
    made = of_note(note(), about(author=Author("Bruno Reis", None)))
    assert squeezed("Profissional: Bruno Reis, registro profissional não informado") in made


def test_a_correction_is_seen_as_one() -> None:
    made = of_note(note(version=2, change_reason="Lado\nerrado"))
    assert squeezed("Versão: 2, corrigida em 21/11/2026 10:05 (UTC-03:00). Motivo: Lado errado") in made


def test_no_word_leaves_the_page_for_want_of_a_gap() -> None:
    length = 3000
    made = render(note_page(note("W" * length), about()))
    lines = re.findall(r"W+", "|".join(pages(made)))
    assert sum(map(len, lines)) == length
    assert len(pages(made)) > 1, "so many of the widest letters do not fit on one page"


def test_a_hyphen_at_the_end_of_a_line_is_not_a_minus_at_the_start_of_the_next() -> None:
    made = of_note(note("2-3 " * 400 + "a-" * 600))
    assert made.count("2-3") == 400
    assert "a-" * 600 in made


@pytest.mark.parametrize("text", ["dor \U0001f600", "漢字", "a\x80b", "\ue000"])
def test_what_has_no_shape_is_refused_and_not_left_out(text: str) -> None:
    with pytest.raises(NotPrintable) as refused:
        render(note_page(note(text), about()))
    assert text not in refused.value.detail


def test_who_is_not_known_for_sure_is_shown_so() -> None:
    unknown = patient(identity=Identity.PROVISIONAL, name="Homem 7", birth=None, cpf=None, mother=None)
    made = of_note(note(), about(patient=unknown))
    for words in ("Paciente: Homem 7 (identificação provisória)", "CPF: não informado", "Nascimento: não"):
        assert squeezed(words) in made
    assert "fictício" not in made
    assert "fictício" in of_note(note(), about(patient=patient(invented=True)))


def test_the_name_that_somebody_goes_by_comes_first() -> None:
    made = of_note(note(), about(patient=patient(social_name="Caio Sá", cpf=None, cns="898001160660761")))
    assert squeezed("Paciente: Caio Sá Nome civil: Ana Sá") in made
    assert squeezed("CNS: 898 0011 6066 0761") in made


def test_a_prescription_tells_each_drug_and_how_to_take_it() -> None:
    coded = Coded(system="s", edition="e", code="c", term="Amoxicilina 500 mg", original="Amoxil")
    second = {"coded": coded, "dose": Decimal("0.5"), "unit": "g", "ended": date(2026, 1, 9)}
    second |= {"instructions": "Com água.\nEm jejum.", "allergy_reason": "Reação leve,\nsem opção"}
    made = of_prescription(prescription({}, second))
    for words in (
        "Receita",
        "Mãe: Dora Sá",
        "Prescritor: Bruno Reis, CRM-SP 123456",
        "1. Losartana 50 mg, VO, 12/12 h A partir de 02/01/2026",
        "2. Amoxil (Amoxicilina 500 mg) 0,5 g, VO, 12/12 h A partir de 02/01/2026 até 09/01/2026",
        "Com água. Em jejum. Há alergia registrada. Motivo da prescrição: Reação leve, sem opção",
        f"a partir da versão 1 da prescrição {NUMBERS[0]}",
    ):
        assert squeezed(words) in made


@pytest.mark.parametrize(
    ("dose", "shown"),
    [("50.000000", "50 mg"), ("0.500000", "0,5 mg"), ("1E+2", "100 mg"), ("2.25", "2,25 mg")],
)
def test_a_dose_has_no_zero_that_can_be_misread(dose: str, shown: str) -> None:
    assert f"Losartana{squeezed(shown)}," in of_prescription(prescription({"dose": Decimal(dose)}))


def test_the_same_values_are_the_same_bytes() -> None:
    assert render(note_page(note(), about())) == render(note_page(note(), about()))
