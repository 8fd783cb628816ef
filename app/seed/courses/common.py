"""What several courses measure alike."""

from datetime import datetime

from app.seed import measurements as m
from app.seed.visit import Visit


def measure_vitals(
    visit: Visit,
    *,
    systolic: float | None = None,
    diastolic: float | None = None,
    faster: float = 0,
    when: datetime | None = None,
) -> tuple[int, int]:
    """Blood pressure and heart rate, as at rest unless given; returns systolic and diastolic as written.

    faster: beats per minute above the resting rate
    """
    random = visit.chart.random
    resting, hypertension = visit.chart.body.resting(visit.day), visit.chart.high_pressure
    high = resting.systolic if hypertension is None else hypertension.systolic(visit.day)
    low = resting.diastolic if hypertension is None else 0.42 * high + 28
    high = systolic if systolic is not None else high + random.gauss(0, 5)
    low = diastolic if diastolic is not None else low + random.gauss(0, 4)
    high = within(m.SYSTOLIC, high)
    # The two move together; a pulse pressure under 22 mmHg is shock, not a consultation.
    low = within(m.DIASTOLIC, min(low, high - 22))
    written = visit.measure(m.SYSTOLIC, high, when), visit.measure(m.DIASTOLIC, low, when)
    rate = resting.heart_rate + faster + random.gauss(0, 5)
    visit.measure(m.HEART_RATE, within(m.HEART_RATE, rate), when)
    return int(written[0]), int(written[1])


def within(what: m.Measurement, value: float) -> float:
    """``value``, or the plausible limit that a rare draw went beyond."""
    return min(what.high, max(what.low, value))
