"""Somebody who is well: check-ups of adults and children, and now and then a cold."""

from datetime import date, timedelta

from app.seed import measurements as m
from app.seed.chart import Chart
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals
from app.seed.drugs import PARACETAMOL, childs_paracetamol
from app.seed.staff import Role

_CHILD_UNTIL = 12
_COLD = 0.25


def course(chart: Chart, first: date) -> None:
    """A visit on ``first`` and, until now, one in about a year each."""
    day = first
    while day <= chart.today:
        # A newborn with a cold would be examined quite differently.
        if chart.body.age(day) >= 1 and chart.random.random() < _COLD:
            _cold(chart, day)
        else:
            _check_up(chart, day)
        day += timedelta(days=chart.random.randint(300, 420))


def _check_up(chart: Chart, day: date) -> None:
    child = chart.body.age(day) < _CHILD_UNTIL
    role = Role.PAEDIATRICIAN if child else Role.FAMILY_PHYSICIAN
    visit = chart.ambulatory(day, role, coded("ciap2", "A98"))
    if visit is None:
        return
    visit.measure(m.HEIGHT, chart.body.height(visit.day))
    visit.measure(m.WEIGHT, chart.body.weight(visit.day))
    if child:
        visit.measure(m.TEMPERATURE, chart.random.uniform(36.1, 36.9))
        visit.note(
            "Acompanhante sem queixas. Aceita bem a alimentação, sono tranquilo.",
            "Criança com crescimento e desenvolvimento adequados para a idade.",
            "Orientações de rotina, calendário vacinal conferido. Retorno conforme a idade.",
        )
        return
    measure_vitals(visit)
    if chart.body.age(visit.day) >= 18:
        visit.laboratory(m.FASTING_GLUCOSE, chart.random.uniform(74, 98))
        visit.laboratory(m.HEMOGLOBIN, chart.random.uniform(12.4, 15.6))
    visit.note(
        "Sem queixas. Procura avaliação de rotina.",
        "Sem alterações ao exame.",
        "Orientada alimentação saudável e atividade física. Retorno em um ano.",
    )


def _cold(chart: Chart, day: date) -> None:
    child = chart.body.age(day) < _CHILD_UNTIL
    role = Role.PAEDIATRICIAN if child else Role.FAMILY_PHYSICIAN
    visit = chart.ambulatory(day, role, coded("ciap2", "R74"))
    if visit is None:
        return
    onset = visit.day - timedelta(days=chart.random.randint(1, 3))
    visit.measure(m.TEMPERATURE, chart.random.uniform(36.6, 38.3))
    weight = visit.measure(m.WEIGHT, chart.body.weight(visit.day))
    problem = visit.diagnose(coded("cid10", "J069", "Resfriado comum"), max(onset, chart.patient.birth))
    drug = childs_paracetamol(float(weight)) if child else PARACETAMOL
    visit.prescribe(drug, problem, days=3)
    visit.note(
        "Coriza, tosse seca e mal-estar há poucos dias.",
        "Quadro viral de vias aéreas superiores, sem sinais de gravidade.",
        f"{drug.line}, por 3 dias. Hidratação. Retornar se houver falta de ar ou febre persistente.",
        found="ausculta pulmonar limpa, orofaringe hiperemiada",
    )
    chart.resolve(problem, visit.day + timedelta(days=chart.random.randint(5, 9)))
