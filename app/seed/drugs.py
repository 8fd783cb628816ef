"""Drugs of the generated courses, and which allergies forbid them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Allergen:
    """substance: as a patient says it; families: drugs that must not be given; reactions: what happened."""

    substance: str
    families: frozenset[str]
    reactions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drug:
    """dose in ``unit`` at each ``frequency``; families: what a patient may be allergic to."""

    name: str
    dose: str
    unit: str
    route: str
    frequency: str
    families: frozenset[str] = field(default=frozenset())

    @property
    def line(self) -> str:
        """As it stands in a plan."""
        return f"{self.name} {self.dose.replace('.', ',')} {self.unit} {self.route}, {self.frequency}"


_PENICILLIN, _DIPYRONE, _SULFA, _ANTI_INFLAMMATORY = (
    *(frozenset({"penicilina"}), frozenset({"dipirona"})),
    *(frozenset({"sulfa"}), frozenset({"anti-inflamatório"})),
)
ALLERGENS = (
    Allergen("Penicilina", _PENICILLIN, ("urticária", "angioedema", "anafilaxia")),
    Allergen("Dipirona", _DIPYRONE, ("urticária", "hipotensão", "anafilaxia")),
    Allergen("Sulfametoxazol", _SULFA, ("exantema", "urticária")),
    Allergen("Ácido acetilsalicílico", _ANTI_INFLAMMATORY, ("broncoespasmo", "urticária")),
    Allergen("Látex", frozenset(), ("dermatite de contato", "urticária")),
    Allergen("Camarão", frozenset(), ("urticária", "anafilaxia")),
    Allergen("Ácaros", frozenset(), ("rinite",)),
)

LOSARTAN = Drug("Losartana", "50", "mg", "VO", "12/12 h")
AMLODIPINE = Drug("Anlodipino", "5", "mg", "VO", "1 vez ao dia")
HYDROCHLOROTHIAZIDE = Drug("Hidroclorotiazida", "25", "mg", "VO", "pela manhã", _SULFA)
METFORMIN = Drug("Metformina", "850", "mg", "VO", "12/12 h, às refeições")
GLICLAZIDE = Drug("Gliclazida de liberação prolongada", "30", "mg", "VO", "no café da manhã", _SULFA)
NPH_INSULIN = Drug("Insulina NPH", "10", "U", "SC", "ao deitar")
SIMVASTATIN = Drug("Sinvastatina", "20", "mg", "VO", "à noite")
SALBUTAMOL = Drug("Salbutamol aerossol", "200", "ug", "INAL", "se houver falta de ar, até 4/4 h")
BECLOMETASONE = Drug("Beclometasona aerossol", "200", "ug", "INAL", "12/12 h")
FOLIC_ACID = Drug("Ácido fólico", "0.4", "mg", "VO", "1 vez ao dia")
FERROUS_SULFATE = Drug("Sulfato ferroso (ferro elementar)", "40", "mg", "VO", "1 vez ao dia")
CEFTRIAXONE = Drug("Ceftriaxona", "2", "g", "IV", "1 vez ao dia", _PENICILLIN)
AMOXICILLIN = Drug("Amoxicilina", "500", "mg", "VO", "8/8 h", _PENICILLIN)
LEVOFLOXACIN_IV = Drug("Levofloxacino", "750", "mg", "IV", "1 vez ao dia")
LEVOFLOXACIN = Drug("Levofloxacino", "750", "mg", "VO", "1 vez ao dia")
DIPYRONE = Drug("Dipirona", "1", "g", "VO", "6/6 h se houver dor", _DIPYRONE)
PARACETAMOL = Drug("Paracetamol", "750", "mg", "VO", "6/6 h se houver dor")
CHILDS_PARACETAMOL_MG_PER_KG = 12


def prednisolone(weight: float) -> Drug:
    """1 mg/kg, at most 40 mg, for a few days; ``weight`` in kg."""
    return Drug("Prednisolona", str(min(40, round(weight))), "mg", "VO", "pela manhã")


def childs_paracetamol(weight: float) -> Drug:
    """12 mg/kg, at most 750 mg; ``weight`` in kg."""
    dose = min(750, round(weight * CHILDS_PARACETAMOL_MG_PER_KG))
    return Drug("Paracetamol", str(dose), "mg", "VO", "6/6 h se houver dor")


def tolerated(choices: tuple[Drug, ...], families: frozenset[str]) -> Drug:
    """The first drug that none of the patient's allergies forbids; LookupError when all are forbidden."""
    for drug in choices:
        if not drug.families & families:
            return drug
    raise LookupError(f"no drug for {families}: give the course one more choice than {choices[-1].name}")
