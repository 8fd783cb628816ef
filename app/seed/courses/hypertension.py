"""High blood pressure: found, treated, and followed every half year; a second drug when one is not enough."""

from datetime import date, timedelta
from uuid import UUID

from app.seed import measurements as m
from app.seed.body import PRESSURE_TARGET
from app.seed.chart import Chart
from app.seed.codes import coded
from app.seed.courses.common import measure_vitals
from app.seed.drugs import AMLODIPINE, HYDROCHLOROTHIAZIDE, LOSARTAN, SIMVASTATIN, tolerated
from app.seed.staff import Role
from app.seed.visit import Visit

_HIGH_LDL = 160  # mg/dL


def course(chart: Chart, first: date) -> None:
    """Diagnosis on ``first``, then visits until now; the pressures are those of ``chart.high_pressure``."""
    random = chart.random
    visit = chart.ambulatory(first, Role.FAMILY_PHYSICIAN, coded("ciap2", "K86"))
    if visit is None:
        return
    measure_vitals(visit)
    visit.measure(m.WEIGHT, chart.body.weight(visit.day))
    problem = visit.diagnose(coded("cid10", "I10", "HAS"), visit.day - timedelta(days=random.randint(0, 60)))
    visit.prescribe(LOSARTAN, problem)
    ldl = _yearly_tests(visit)
    visit.note(
        "Cefaleia ocasional. Medidas domiciliares elevadas nas últimas semanas.",
        "Hipertensão arterial sistêmica, diagnóstico novo.",
        f"{LOSARTAN.line}. Reduzir sal, caminhada. Exames solicitados. Retorno em 6 meses.",
    )
    _follow(chart, visit.day, problem, ldl)


def _follow(chart: Chart, start: date, problem: UUID, ldl: float) -> None:
    """Half-yearly visits; ``ldl`` (mg/dL) is the last result."""
    random = chart.random
    drugs, day, count, lipids_treated = 1, start, 0, False
    while True:
        day += timedelta(days=random.randint(165, 200))
        visit = chart.ambulatory(day, Role.FAMILY_PHYSICIAN, coded("ciap2", "K86"))
        if visit is None:
            return
        day, count = visit.day, count + 1
        systolic, _ = measure_vitals(visit)
        visit.measure(m.WEIGHT, chart.body.weight(visit.day))
        plan = []
        if ldl >= _HIGH_LDL and not lipids_treated:
            visit.prescribe(SIMVASTATIN, visit.diagnose(coded("cid10", "E785")))
            lipids_treated = True
            plan.append(f"LDL elevado nos exames trazidos: {SIMVASTATIN.line}.")
        if count % 2 == 0:
            ldl = _yearly_tests(visit, lipids_treated=lipids_treated)
            plan.append("Exames anuais solicitados.")
        if systolic >= PRESSURE_TARGET and drugs == 1:
            drug = tolerated((HYDROCHLOROTHIAZIDE, AMLODIPINE), chart.forbidden)
            visit.prescribe(drug, problem)
            drugs, assessment = 2, "Pressão acima da meta em uso correto."
            plan.append(f"Associo {drug.line}. Mantenho o restante.")
        elif systolic >= PRESSURE_TARGET:
            assessment = "Pressão acima da meta."
            plan.append("Reforço a adesão. Medidas domiciliares por 2 semanas.")
        else:
            assessment = "Hipertensão controlada."
            plan.append("Mantida a prescrição. Retorno em 6 meses.")
        visit.note("Sem queixas, refere tomar os remédios.", assessment, " ".join(plan))


def _yearly_tests(visit: Visit, *, lipids_treated: bool = False) -> float:
    """Kidney function, potassium and lipids; returns LDL, by Friedewald's formula."""
    random = visit.chart.random
    visit.laboratory(m.CREATININE, random.uniform(0.65, 1.2))
    visit.laboratory(m.POTASSIUM, random.uniform(3.8, 4.9))
    total = random.uniform(150, 195) if lipids_treated else random.uniform(165, 265)
    hdl, triglycerides = random.uniform(38, 62), random.uniform(90, 180)
    visit.laboratory(m.TOTAL_CHOLESTEROL, total)
    visit.laboratory(m.HDL, hdl)
    return float(visit.laboratory(m.LDL, total - hdl - triglycerides / 5))
