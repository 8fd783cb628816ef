"""Asthma: an attack that leads to the emergency room, then preventive treatment and visits."""

from datetime import date, timedelta

from app.seed import measurements as m
from app.seed.chart import Chart
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals, within
from app.seed.drugs import BECLOMETASONE, SALBUTAMOL, prednisolone
from app.seed.staff import Role
from app.seed.visit import Visit

_BLOWS_FROM = 6  # years: younger children cannot do the peak flow test
_CHILD_UNTIL = 12


def course(chart: Chart, first: date) -> None:
    """An attack on ``first``, then visits until now."""
    random = chart.random
    child = chart.body.age(first) < _CHILD_UNTIL
    attack = chart.emergency(first, Role.PAEDIATRICIAN if child else Role.PHYSICIAN, coded("ciap2", "R96"))
    if attack is None:
        return
    _breathing(attack, saturation=random.uniform(89.5, 93.4), flow=random.uniform(0.45, 0.6), faster=10)
    measure_vitals(attack, faster=25)
    weight = attack.measure(m.WEIGHT, chart.body.weight(attack.day))
    problem = attack.diagnose(coded("cid10", "J459"))
    drug = prednisolone(float(weight))
    attack.prescribe(SALBUTAMOL, problem)
    attack.prescribe(drug, problem, days=5)
    attack.note(
        "Falta de ar e chiado desde a véspera, após resfriado.",
        "Crise de asma moderada.",
        f"Salbutamol por nebulização, com melhora. {drug.line}, por 5 dias. {SALBUTAMOL.line}. "
        "Encaminho para seguimento.",
        found="sibilos difusos, fala frases curtas",
    )
    day, treated = attack.day + timedelta(days=random.randint(10, 25)), False
    while True:
        role = Role.PAEDIATRICIAN if chart.body.age(day) < _CHILD_UNTIL else Role.FAMILY_PHYSICIAN
        visit = chart.ambulatory(day, role, coded("ciap2", "R96"))
        if visit is None:
            return
        _breathing(visit, saturation=random.uniform(96, 99), flow=random.uniform(0.8, 0.97))
        visit.measure(m.WEIGHT, chart.body.weight(visit.day))
        if treated:
            plan = "Mantida a prescrição. Revisada a técnica inalatória."
        else:
            visit.prescribe(BECLOMETASONE, problem)
            plan, treated = f"Início de {BECLOMETASONE.line}. Orientada técnica inalatória.", True
        visit.note(
            "Sem crises desde a última consulta, dorme bem.",
            "Asma controlada.",
            plan,
            found="ausculta pulmonar sem sibilos",
        )
        day = visit.day + timedelta(days=random.randint(150, 210))


def _breathing(visit: Visit, *, saturation: float, flow: float, faster: float = 0) -> None:
    """Saturation in %, peak flow as a share of what the height predicts, breaths per minute above resting."""
    body, random = visit.chart.body, visit.chart.random
    visit.measure(m.SATURATION, saturation)
    rate = body.resting(visit.day).respiratory_rate + faster + random.gauss(0, 1.5)
    visit.measure(m.RESPIRATORY_RATE, within(m.RESPIRATORY_RATE, rate))
    if body.age(visit.day) >= _BLOWS_FROM:
        predicted = (body.height(visit.day) - 70) * 4.6
        visit.measure(m.PEAK_FLOW, within(m.PEAK_FLOW, predicted * flow))
