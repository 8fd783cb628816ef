"""A low-risk pregnancy from the first antenatal visit to the birth, or to now."""

from datetime import date, timedelta
from uuid import UUID

from app.seed import measurements as m
from app.seed.chart import Chart, at
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals, within
from app.seed.drugs import FERROUS_SULFATE, FOLIC_ACID
from app.seed.staff import Role
from app.seed.visit import Visit

_WEEKS = (8, 12, 16, 20, 24, 28, 32, 34, 36, 37, 38, 39, 40)
_HEARTBEAT_FROM, _HEIGHT_FROM, _IRON_FROM = 12, 20, 20  # weeks


def course(chart: Chart, last_period: date) -> None:
    """Antenatal visits counted from ``last_period``; the birth between 38 and 41 weeks if that has come."""
    random = chart.random
    birth = last_period + timedelta(days=random.randint(38 * 7, 41 * 7))
    problem: UUID | None = None
    iron = folic = None
    for weeks in _WEEKS:
        day = last_period + timedelta(days=weeks * 7 + random.randint(0, 3))
        if day >= birth - timedelta(days=4):
            break
        visit = chart.ambulatory(day, Role.OBSTETRICIAN if weeks >= 34 else Role.NURSE, coded("ciap2", "W78"))
        if visit is None:
            return
        elapsed = (visit.day - last_period).days / 7
        _examine(visit, elapsed)
        plan = "Orientados sinais de alerta. Retorno conforme o calendário."
        if problem is None:
            problem = visit.diagnose(coded("cid10", "Z349", "Gestação de risco habitual"), last_period)
            folic = visit.prescribe(FOLIC_ACID, problem)
            visit.laboratory(m.FASTING_GLUCOSE, random.uniform(70, 90))
            visit.laboratory(m.HEMOGLOBIN, random.uniform(11.6, 13.4))
            plan = f"{FOLIC_ACID.line}. Exames do primeiro trimestre solicitados."
        if iron is None and weeks >= _IRON_FROM:
            iron = visit.prescribe(FERROUS_SULFATE, problem)
            plan = f"{FERROUS_SULFATE.line}. Suspenso ácido fólico."
            if folic is not None:
                chart.stop(folic, visit.day)
        if weeks == 28:
            visit.laboratory(m.HEMOGLOBIN, random.uniform(10.8, 12.3))
            visit.laboratory(m.FASTING_GLUCOSE, random.uniform(70, 90))
        visit.note(
            "Sem perdas, sem dor. " + ("Percebe movimentos fetais." if elapsed >= 20 else "Náuseas leves."),
            f"Gestação de {int(elapsed)} semanas, evolução sem intercorrências.",
            plan,
        )
    if problem is not None:
        _give_birth(chart, birth, problem, iron)


def _examine(visit: Visit, weeks: float) -> None:
    chart, random = visit.chart, visit.chart.random
    measure_vitals(visit, systolic=random.uniform(98, 124), diastolic=random.uniform(58, 78), faster=6)
    visit.measure(m.WEIGHT, chart.body.weight(visit.day) + _gain(weeks))
    if weeks >= _HEIGHT_FROM:
        visit.measure(
            m.FUNDAL_HEIGHT, within(m.FUNDAL_HEIGHT, weeks - max(0, weeks - 36) / 2 + random.gauss(0, 0.8))
        )
    if weeks >= _HEARTBEAT_FROM:
        visit.measure(m.FETAL_HEART_RATE, random.uniform(122, 156))


def _gain(weeks: float) -> float:
    """Kilograms since the last period: little in the first three months, then 0.42 a week."""
    return min(weeks, 13) * 0.1 + max(0, weeks - 13) * 0.42


def _give_birth(chart: Chart, day: date, pregnancy: UUID, iron: UUID | None) -> None:
    random = chart.random
    started = at(day, chart.clock())
    visit = chart.admission(started, 2, Role.OBSTETRICIAN, coded("cid10", "O809"))
    if visit is None:
        return
    measure_vitals(visit, systolic=random.uniform(105, 132), diastolic=random.uniform(62, 82), faster=14)
    visit.measure(m.FETAL_HEART_RATE, random.uniform(122, 156))
    visit.measure(m.TEMPERATURE, random.uniform(36.2, 37.1))
    visit.laboratory(m.HEMOGLOBIN, random.uniform(10.6, 12.6))
    delivery = visit.diagnose(coded("cid10", "O809", "Parto normal"), visit.day)
    visit.note(
        "Contrações regulares há 6 horas, bolsa íntegra à chegada.",
        "Trabalho de parto, evoluiu para parto vaginal sem intercorrências. Recém-nascido em boas condições.",
        "Alojamento conjunto, incentivo ao aleitamento. Alta com orientações.",
        found="útero contraído, sangramento fisiológico",
    )
    chart.resolve(delivery, visit.encounter.ended.date())
    chart.resolve(pregnancy, visit.day)
    if iron is not None:
        chart.stop(iron, visit.encounter.ended.date() + timedelta(days=90))
