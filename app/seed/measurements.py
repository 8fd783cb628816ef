"""What is measured in generated courses: code, unit, decimals, and the limits of what is plausible.

The limits are for a living patient of these courses, ill or not; they are no reference ranges.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.seed.codes import coded
from app.seed.records import Coded


@dataclass(frozen=True, slots=True)
class Measurement:
    """``unit`` is UCUM's; ``places``: decimals kept; ``low`` to ``high``: plausible; ``short``: in notes."""

    loinc: str
    unit: str
    places: int
    low: float
    high: float
    short: str

    @property
    def what(self) -> Coded:
        """The coded entry."""
        return coded("loinc", self.loinc)

    def rounded(self, value: float) -> Decimal:
        """``value`` with this measurement's decimals; ValueError when it is not plausible."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.short}: {value} {self.unit} is not between {self.low} and {self.high}")
        return Decimal(f"{value:.{self.places}f}")


SYSTOLIC = Measurement("8480-6", "mm[Hg]", 0, 65, 220, "PA sistólica")
DIASTOLIC = Measurement("8462-4", "mm[Hg]", 0, 35, 130, "PA diastólica")
HEART_RATE = Measurement("8867-4", "/min", 0, 45, 180, "FC")
RESPIRATORY_RATE = Measurement("9279-1", "/min", 0, 10, 50, "FR")
TEMPERATURE = Measurement("8310-5", "Cel", 1, 35, 41, "Tax")
SATURATION = Measurement("59408-5", "%", 0, 85, 100, "SpO2")
WEIGHT = Measurement("29463-7", "kg", 1, 2, 200, "Peso")
HEIGHT = Measurement("8302-2", "cm", 0, 45, 205, "Estatura")
PAIN = Measurement("72514-3", "{score}", 0, 0, 10, "Dor")
PEAK_FLOW = Measurement("33452-4", "L/min", 0, 60, 800, "PFE")
FUNDAL_HEIGHT = Measurement("11881-0", "cm", 0, 8, 42, "AU")
FETAL_HEART_RATE = Measurement("55283-6", "/min", 0, 110, 165, "BCF")
HBA1C = Measurement("4548-4", "%", 1, 4, 14, "HbA1c")
FASTING_GLUCOSE = Measurement("1558-6", "mg/dL", 0, 60, 350, "Glicemia de jejum")
CREATININE = Measurement("2160-0", "mg/dL", 2, 0.3, 1.5, "Creatinina")
POTASSIUM = Measurement("2823-3", "mmol/L", 1, 3.2, 5.4, "Potássio")
TOTAL_CHOLESTEROL = Measurement("2093-3", "mg/dL", 0, 100, 350, "Colesterol total")
HDL = Measurement("2085-9", "mg/dL", 0, 25, 90, "HDL")
LDL = Measurement("13457-7", "mg/dL", 0, 40, 250, "LDL")
HEMOGLOBIN = Measurement("718-7", "g/dL", 1, 9, 18, "Hb")
LEUKOCYTES = Measurement("6690-2", "10*3/uL", 1, 3.5, 30, "Leucócitos")
C_REACTIVE_PROTEIN = Measurement("1988-5", "mg/L", 1, 0.2, 350, "PCR")
BLOOD_CULTURE = Measurement("600-7", "", 0, 0, 0, "Hemocultura")

ALL = {one.loinc: one for one in list(globals().values()) if isinstance(one, Measurement)}
