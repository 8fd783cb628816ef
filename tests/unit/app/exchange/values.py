"""Every view that a mapper may be given."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import Phase
from hypothesis import strategies as st
from pydantic import BaseModel

from app.brazil.demographics import GenderIdentity, RaceColour, Sex
from app.domain.allergies import ACTIVE, ENDED, REFUTED, STANDING, AllergyView, DenialView, Severity
from app.domain.audit_events import Event
from app.domain.audit_reading import AuditLine
from app.domain.coded import Coded
from app.domain.documents import DocumentKind, DocumentState, DocumentView
from app.domain.encounters import CLOSED, OPEN, EncounterKind, EncounterView
from app.domain.entries import INACTIVATED
from app.domain.medications import MedicationStatus, MedicationView
from app.domain.notes import FINAL, NoteKind, NoteView
from app.domain.observations import Category, ObservationView, ResultStatus
from app.domain.patients import Address, Identity, PatientView
from app.domain.problems import ACTIVE as HAS
from app.domain.problems import RESOLVED, Certainty, ProblemView

Model = TypeVar("Model", bound=BaseModel)

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without a search for the smallest example that fails: two judges of a document make that take minutes."""

uuids = st.uuids(version=4)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))
days = st.dates(date(1880, 1, 1), date(2199, 12, 31))
_letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp"))
lines = st.text(_letters, min_size=1, max_size=30).map(str.strip).filter(bool)
units = st.sampled_from(["mg", "mm[Hg]", "10*3/uL", "comprimido revestido", "%"])
amounts = st.decimals(Decimal("0.000001"), Decimal("99999999"), places=6)
versions = st.integers(1, 999_999_999)
coded = st.one_of(
    st.builds(
        Coded,
        system=st.sampled_from(["http://loinc.org", "http://www.saude.gov.br/fhir/r4/CodeSystem/BRCID10"]),
        edition=st.sampled_from(["2019", "2.78"]),
        code=st.from_regex(r"[A-Za-z0-9.\-]{1,20}", fullmatch=True),
        term=lines,
        original=lines,
    ),
    st.builds(Coded, system=st.none(), edition=st.none(), code=st.none(), term=st.none(), original=lines),
)


def of(view: type[Model], **fields: Any) -> st.SearchStrategy[Model]:
    """Any view of an entry with those fields."""
    common = {
        "id": uuids,
        "version": versions,
        "patient_id": uuids,
        "encounter_id": st.none() | uuids,
        "occurred_at": moments,
        "recorded_at": moments,
        "recorded_by": uuids,
        "changed_at": moments,
        "changed_by": uuids,
        "change_reason": st.none() | lines,
    }
    return st.builds(
        view, **{name: one for name, one in common.items() if name in view.model_fields} | fields
    )


def either(*words: str) -> st.SearchStrategy[str]:
    """One of those states, or inactivated."""
    return st.sampled_from([*words, INACTIVATED])


addresses = st.builds(
    Address,
    street=lines,
    number=lines,
    complement=st.none() | lines,
    district=lines,
    city=lines,
    municipality=st.none(),
    state=st.just("SP"),
    cep=st.none() | st.just("01310100"),
)
patients = of(
    PatientView,
    chart_id=uuids,
    identity=st.sampled_from(Identity),
    name=lines,
    social_name=st.none() | lines,
    description=st.none() | lines,
    mother=st.none() | lines,
    birth=st.none() | days,
    sex=st.sampled_from(Sex),
    gender_identity=st.none() | st.sampled_from(GenderIdentity),
    race_colour=st.none() | st.sampled_from(RaceColour),
    cpf=st.none() | st.just("52998224725"),
    cns=st.none() | st.just("700000000000005"),
    phone=st.none() | st.just("+5511987654321"),
    address=st.none() | addresses,
    invented=st.booleans(),
)
encounters = of(
    EncounterView,
    status=either(OPEN, CLOSED),
    kind=st.sampled_from(EncounterKind),
    coded=coded,
    ended_at=st.none() | moments,
    ward=st.none() | lines,
    bed=st.none() | lines,
)
problems = of(
    ProblemView,
    status=either(HAS, RESOLVED),
    coded=coded,
    certainty=st.sampled_from(Certainty),
    onset=st.none() | days,
    resolved=st.none() | days,
)
allergies = of(
    AllergyView,
    status=either(ACTIVE, REFUTED),
    coded=coded,
    reaction=st.none() | lines,
    severity=st.sampled_from(Severity),
)
denials = of(DenialView, status=either(STANDING, ENDED))
medications = of(
    MedicationView,
    status=either(*MedicationStatus),
    prescription_id=uuids,
    problem_id=st.none() | uuids,
    coded=coded,
    dose=amounts,
    unit=units,
    route=lines,
    frequency=lines,
    instructions=st.none() | lines,
    started=days,
    ended=st.none() | days,
    allergy_reason=st.none() | lines,
)
observations = st.one_of(
    *(
        of(
            ObservationView,
            status=either(*ResultStatus),
            category=st.sampled_from(Category),
            coded=coded,
            value=value,
            unit=unit,
            words=words,
            low=limit,
            high=limit,
        )
        for value, unit, words, limit in (
            (amounts, units, st.none() | lines, st.none() | amounts),
            (st.none(), st.none(), lines, st.none()),
        )
    )
)
notes = of(
    NoteView,
    status=either(FINAL),
    kind=st.sampled_from(NoteKind),
    title=st.none() | lines,
    text=lines,
)
documents = of(
    DocumentView,
    kind=st.sampled_from(DocumentKind),
    title=lines,
    state=st.sampled_from([DocumentState.ACTIVE, DocumentState.INACTIVE]),
    media_type=st.just("application/pdf"),
    size=st.integers(1, 10**7),
    sha256=st.none(),
)
audit_lines = st.builds(
    AuditLine,
    entry=st.integers(1, 2**62),
    at=moments,
    event=st.sampled_from([event.value for event in Event]),
    account=st.none() | uuids,
    session=st.none() | uuids,
    address=st.none() | st.ip_addresses().map(str),
    subject=st.none() | uuids,
    patient=st.none() | uuids,
    detail=st.just({}),
    position=st.none(),
    hash=st.none(),
)
CHART = UUID("c0ffee00-0000-4000-8000-000000000001")
