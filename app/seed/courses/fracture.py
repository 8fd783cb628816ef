"""A broken bone: the wrist of a child or an elderly person, the shin of somebody in between."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.seed import measurements as m
from app.seed.chart import Chart
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals
from app.seed.drugs import DIPYRONE, PARACETAMOL, Drug, childs_paracetamol, tolerated
from app.seed.staff import Role

_CHILD_UNTIL = 12


@dataclass(frozen=True, slots=True)
class _Bone:
    """checks: days after the accident; heals: days until the cast stays off."""

    diagnosis: str
    reason: str
    accident: str
    cast: str
    checks: tuple[int, ...]
    heals: int


_WRIST = _Bone(
    "S525",
    "L72",
    "Queda da própria altura sobre a mão espalmada.",
    "tala gessada no antebraço",
    (7, 14, 42),
    42,
)
_SHIN = _Bone("S822", "L73", "Queda de motocicleta.", "bota gessada longa", (7, 21, 60, 110), 110)


def course(chart: Chart, first: date) -> None:
    """The accident on ``first``, then visits until the bone has healed or until now."""
    random = chart.random
    age = chart.body.age(first)
    bone = _SHIN if 18 <= age < 60 else _WRIST
    accident = chart.emergency(first, Role.ORTHOPAEDIST, coded("ciap2", bone.reason))
    if accident is None:
        return
    pain = random.uniform(7, 9)
    accident.measure(m.PAIN, pain)
    if age >= _CHILD_UNTIL:
        measure_vitals(accident, faster=15)
    weight = accident.measure(m.WEIGHT, chart.body.weight(accident.day))
    problem = accident.diagnose(coded("cid10", bone.diagnosis))
    drug = _painkiller(chart, age, float(weight))
    accident.prescribe(drug, problem, days=7)
    accident.note(
        f"{bone.accident} Dor intensa e deformidade.",
        "Fratura fechada, sem lesão neurovascular.",
        f"Redução, {bone.cast}. {drug.line}, por 7 dias. Retorno em 1 semana.",
        found="radiografia confirma a fratura; pulsos presentes, sensibilidade preservada",
    )
    for number, after in enumerate(bone.checks, start=1):
        visit = chart.ambulatory(
            accident.day + timedelta(days=after), Role.ORTHOPAEDIST, coded("ciap2", bone.reason)
        )
        if visit is None:
            return
        visit.measure(m.PAIN, max(0.0, pain - 2.4 * number + random.uniform(-0.4, 0.4)))
        healed = after >= bone.heals
        visit.note(
            "Dor em melhora." if not healed else "Sem dor, usa o membro normalmente.",
            "Fratura consolidada." if healed else "Fratura em consolidação.",
            "Retirado o gesso. Fisioterapia e alta." if healed else "Manter imobilização. Retorno agendado.",
            found="radiografia com calo ósseo" if healed else "alinhamento mantido na radiografia",
        )
        if healed:
            chart.resolve(problem, visit.day)


def _painkiller(chart: Chart, age: float, weight: float) -> Drug:
    if age < _CHILD_UNTIL:
        return childs_paracetamol(weight)
    return tolerated((DIPYRONE, PARACETAMOL), chart.forbidden)
