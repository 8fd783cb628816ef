"""Why a patient is not registered, or not written to: somebody else is meant."""

from app.domain.refusals import Conflict


class NumberTaken(Conflict):
    """The CPF or CNS belongs to another patient, whom ``paciente`` names."""

    kind = "paciente-ja-cadastrado"
    title = "Paciente já cadastrado"
    detail = "Este CPF ou CNS já pertence a outro cadastro. Abra o cadastro existente e confira."


class LikelyDuplicate(Conflict):
    """Somebody with the same name, mother and date of birth is there: ``candidatos`` names them."""

    kind = "possivel-duplicidade"
    title = "Possível duplicidade"
    detail = "Já há cadastro muito semelhante. Confira; se for outra pessoa, confirme e cadastre de novo."


class Merged(Conflict):
    """The identity was merged; ``prontuario`` names whose chart is written now."""

    kind = "paciente-unificado"
    title = "Cadastro unificado"
    detail = "Este cadastro foi unificado a outro. Use o prontuário atual do paciente."
