"""Diabetes of type 2: found by a test, treated step by step until the glycated haemoglobin comes down."""

from datetime import date, timedelta

from app.seed import measurements as m
from app.seed.chart import Chart
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals, within
from app.seed.drugs import GLICLAZIDE, METFORMIN, NPH_INSULIN, Drug
from app.seed.staff import Role
from app.seed.visit import Visit

_GOAL = 7.0  # %: at or below this, what is taken suffices
_STEPS = (METFORMIN, GLICLAZIDE, NPH_INSULIN)


def course(chart: Chart, first: date) -> None:
    """Diagnosis on ``first``, then visits until now."""
    random = chart.random
    level = random.uniform(7.6, 10.8)
    visit = chart.ambulatory(first, Role.FAMILY_PHYSICIAN, coded("ciap2", "T90"))
    if visit is None:
        return
    _examine(visit)
    # The test that led to the diagnosis was made elsewhere; this one starts the series.
    _tests(visit, level)
    problem = visit.diagnose(coded("cid10", "E119", "DM2"))
    visit.prescribe(METFORMIN, problem)
    visit.note(
        "Traz exame de outro serviço com glicemia elevada. Sede e urina frequente há meses.",
        "Diabetes tipo 2, diagnóstico novo.",
        f"{METFORMIN.line}. Orientação alimentar. Exames solicitados. Retorno em 4 meses.",
    )
    taken, day = [METFORMIN], visit.day
    while True:
        day += timedelta(days=random.randint(115, 150))
        visit = chart.ambulatory(day, Role.FAMILY_PHYSICIAN, coded("ciap2", "T90"))
        if visit is None:
            return
        day = visit.day
        _examine(visit)
        # What stands in the results of the last visit decides about treatment.
        more = _next_drug(taken, chart.forbidden) if level > _GOAL else None
        if more is not None:
            visit.prescribe(more, problem)
            taken.append(more)
            assessment, plan = (
                f"HbA1c anterior de {_written(level)} %, acima da meta.",
                f"Associo {more.line}.",
            )
        elif level > _GOAL:
            assessment, plan = f"HbA1c anterior de {_written(level)} %.", "Ajuste de dieta e adesão."
        else:
            assessment, plan = f"HbA1c anterior de {_written(level)} %, na meta.", "Mantida a prescrição."
        level = max(6.1, 6.4 + (level - 6.4) * 0.7 + random.gauss(0, 0.2))
        _tests(visit, level)
        visit.note("Sem hipoglicemias. Refere usar a medicação.", assessment, plan, found="pés sem lesões")


def _examine(visit: Visit) -> None:
    measure_vitals(visit)
    visit.measure(m.WEIGHT, visit.chart.body.weight(visit.day))


def _tests(visit: Visit, level: float) -> None:
    """HbA1c of ``level`` %, and the fasting glucose that goes with it (ADAG: mean 28.7 HbA1c - 46.7)."""
    random = visit.chart.random
    visit.laboratory(m.HBA1C, level)
    fasting = (28.7 * level - 46.7) * random.uniform(0.86, 0.98)
    visit.laboratory(m.FASTING_GLUCOSE, within(m.FASTING_GLUCOSE, fasting))
    visit.laboratory(m.CREATININE, random.uniform(0.65, 1.2))


def _next_drug(taken: list[Drug], forbidden: frozenset[str]) -> Drug | None:
    """The next step of treatment that allergies allow; None when everything is taken."""
    steps = (drug for drug in _STEPS if drug not in taken and not drug.families & forbidden)
    return next(steps, None)


def _written(level: float) -> str:
    return f"{level:.1f}".replace(".", ",")
