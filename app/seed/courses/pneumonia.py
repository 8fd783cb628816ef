"""Pneumonia of an adult: emergency room, admission with daily measurements, recovery, discharge."""

from datetime import date, timedelta

from app.seed import measurements as m
from app.seed.chart import Chart, at
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals, within
from app.seed.drugs import AMOXICILLIN, CEFTRIAXONE, LEVOFLOXACIN, LEVOFLOXACIN_IV, tolerated
from app.seed.records import ResultStatus
from app.seed.staff import Role
from app.seed.visit import Visit


def course(chart: Chart, first: date) -> None:
    """Emergency room on ``first`` and an admission of 4 to 8 days, if both have come to an end."""
    random = chart.random
    arrival = chart.emergency(first, Role.PHYSICIAN, coded("cid10", "J189"))
    if arrival is None:
        return
    _measure(arrival, 1.0, day=0)
    problem = arrival.diagnose(
        coded("cid10", "J189", "Pneumonia comunitária"), arrival.day - timedelta(days=random.randint(2, 5))
    )
    arrival.note(
        "Febre, tosse com catarro amarelado e cansaço há alguns dias.",
        "Pneumonia comunitária, com critério para internação.",
        "Internação, oxigênio suplementar, colher hemocultura e iniciar antibiótico.",
        found="estertores em base direita; radiografia com consolidação em lobo inferior direito",
    )
    days = random.randint(4, 8)
    stay = chart.admission(arrival.encounter.ended, days, Role.PHYSICIAN, coded("cid10", "J189"))
    if stay is None:
        return
    intravenous = tolerated((CEFTRIAXONE, LEVOFLOXACIN_IV), chart.forbidden)
    drug = stay.prescribe(intravenous, problem)
    _culture(stay)
    for day in range(1, days + 1):
        # Illness fades from 1 to nearly nothing at discharge.
        _measure(stay, max(0.0, 1 - day / (days - 0.5)), day=day)
        leaving = day == days
        stay.note(
            "Melhora progressiva da tosse e da disposição." if day > 1 else "Mantém tosse e febre.",
            "Pneumonia com boa resposta, em condições de alta." if leaving else "Pneumonia em tratamento.",
            "Alta com antibiótico oral." if leaving else f"Mantido {intravenous.name}. Reavaliar amanhã.",
            when=at(stay.day + timedelta(days=day), chart.clock(9, 10)),
        )
    oral = tolerated((AMOXICILLIN, LEVOFLOXACIN), chart.forbidden)
    discharge = stay.encounter.ended - timedelta(minutes=20)
    leaves = discharge.date()
    chart.stop(drug, leaves)
    stay.prescribe(oral, problem, days=5, when=discharge)
    chart.resolve(problem, leaves + timedelta(days=random.randint(7, 14)))


def _measure(visit: Visit, illness: float, *, day: int) -> None:
    """Vital signs of a lung disease of severity 1 (at its worst) to 0 (well), and blood every other day."""
    chart, random = visit.chart, visit.chart.random
    when = None if day == 0 else at(visit.day + timedelta(days=day), chart.clock(6, 8))
    resting = chart.body.resting(visit.day)
    visit.measure(m.TEMPERATURE, 36.5 + 2.4 * illness + random.uniform(-0.2, 0.3), when)
    rate = resting.respiratory_rate + 11 * illness + random.gauss(0, 1)
    visit.measure(m.RESPIRATORY_RATE, within(m.RESPIRATORY_RATE, rate), when)
    visit.measure(m.SATURATION, 97 - 7 * illness + random.uniform(-1, 1), when)
    measure_vitals(visit, faster=26 * illness, when=when)
    if day % 2 == 0:
        visit.laboratory(m.LEUKOCYTES, 7.5 + 9 * illness + random.uniform(-1.2, 2), when)
        visit.laboratory(m.C_REACTIVE_PROTEIN, 8 + 190 * illness * random.uniform(0.7, 1.2), when)


def _culture(stay: Visit) -> None:
    """A blood culture: a preliminary answer after two days, the final one after five."""
    taken = stay.encounter.started + timedelta(minutes=20)
    stay.report(
        m.BLOOD_CULTURE, "Sem crescimento em 48 horas", ResultStatus.PRELIMINARY, taken, timedelta(hours=48)
    )
    stay.report(
        m.BLOOD_CULTURE, "Negativa após 5 dias", ResultStatus.FINAL, taken, timedelta(days=5, hours=1)
    )
