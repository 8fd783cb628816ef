"""Every reason for which the record refuses a request, in the words that a clinician reads.

A refusal changes nothing: whatever its request had begun is rolled back.
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """What stands in the answer: HTTP ``status``, ``kind`` (stable, for programs), ``title``, ``detail``.

    ``more`` holds further members of the problem: opaque ids and versions, never clinical data.
    """

    status: ClassVar[int]
    kind: ClassVar[str]
    title: ClassVar[str]
    detail: str
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str | None = None, **more: object) -> None:
        if detail is not None:
            self.detail = detail
        self.more = more
        super().__init__(self.kind)


class Rule(ValueError):
    """A field breaks a rule of the record: one clear Portuguese line that quotes nothing of the value."""


class NotIdentified(Refusal):
    status = 401
    kind = "nao-identificado"
    title = "Acesso não identificado"
    detail = "Entre no sistema e tente novamente."
    headers: ClassVar[Mapping[str, str]] = {"www-authenticate": 'Bearer realm="prontuario"'}


class ProveAgain(Refusal):
    """The session is good, and too old for a critical act (RFC 9470)."""

    status = 401
    kind = "confirme-sua-identidade"
    title = "Confirme sua identidade"
    detail = "Esta operação pede que você confirme sua senha ou chave de acesso agora. Confirme e repita."
    headers: ClassVar[Mapping[str, str]] = {
        "www-authenticate": 'Bearer realm="prontuario", error="insufficient_user_authentication"'
    }


class Forbidden(Refusal):
    status = 403
    kind = "acesso-negado"
    title = "Acesso negado"
    detail = "Seu perfil não permite esta operação."


class NotFound(Refusal):
    status = 404
    kind = "nao-encontrado"
    title = "Registro não encontrado"
    detail = "Não há registro com este identificador. Confira e tente novamente."


class Conflict(Refusal):
    """The record, as it stands, contradicts what is asked; ``detail`` says how."""

    status = 409
    kind = "conflito"
    title = "Conflito com o prontuário"
    detail = "O registro, como está, não permite esta operação."


class Changed(Refusal):
    """Somebody saved another version since the caller read it."""

    status = 412
    kind = "versao-desatualizada"
    title = "O registro foi alterado"
    detail = "Outra pessoa alterou este registro depois que você o abriu. Revise a versão atual e repita."


class VersionNeeded(Refusal):
    status = 428
    kind = "versao-obrigatoria"
    title = "Versão não informada"
    detail = "Informe no cabeçalho If-Match a versão que você leu (a ETag do registro)."


class KeyNeeded(Refusal):
    status = 400
    kind = "chave-obrigatoria"
    title = "Chave de repetição ausente ou inválida"
    detail = "Informe no cabeçalho Idempotency-Key de 8 a 100 letras, algarismos, hífens ou sublinhados."


class KeyReused(Refusal):
    status = 422
    kind = "chave-reutilizada"
    title = "Chave de repetição já utilizada"
    detail = "Esta Idempotency-Key já foi usada em outra operação. Use uma chave nova."


class Invalid(Refusal):
    """A rule between fields is broken; ``detail`` says which."""

    status = 422
    kind = "dados-invalidos"
    title = "Dados inválidos"
    detail = "Confira os campos indicados e envie novamente."


class RecordsUnavailable(Refusal):
    status = 503
    kind = "prontuario-indisponivel"
    title = "Serviço indisponível"
    detail = "O prontuário não pode atender agora. Tente novamente em instantes; nada foi perdido."
    headers: ClassVar[Mapping[str, str]] = {"retry-after": "1"}


class NotProved(Refusal):
    """One text for a wrong name, a wrong password, a locked and a closed account: nobody learns which."""

    status = 401
    kind = "credenciais-recusadas"
    title = "Não foi possível entrar"
    detail = (
        "Usuário ou credencial não conferem, ou o acesso está bloqueado. Confira e tente de novo; "
        "se persistir, procure o administrador."
    )


class ChallengeSpent(Refusal):
    """An attempt at signing in that was answered before, or too late."""

    status = 409
    kind = "tentativa-vencida"
    title = "Tentativa vencida"
    detail = "Esta tentativa de acesso já foi usada ou venceu. Comece de novo."


class SessionLocked(Refusal):
    status = 423
    kind = "sessao-bloqueada"
    title = "Sessão bloqueada"
    detail = "A sessão foi bloqueada por inatividade. Confirme sua identidade para continuar de onde parou."


class FactorDue(Refusal):
    status = 403
    kind = "segundo-fator-obrigatorio"
    title = "Confirme com sua chave de acesso"
    detail = "O hospital pede um segundo fator. Confirme com sua chave de acesso, ou cadastre uma."


class PasskeyNeeded(Refusal):
    """A face was enough to come in, and is not for this."""

    status = 403
    kind = "chave-de-acesso-obrigatoria"
    title = "Confirme com sua chave de acesso"
    detail = (
        "O reconhecimento facial não basta para esta operação. Confirme com sua chave de acesso, ou entre de "
        "novo sem usar o rosto."
    )


class PasswordDue(Refusal):
    status = 403
    kind = "troca-de-senha-obrigatoria"
    title = "Troque sua senha"
    detail = "Sua senha foi definida por um administrador. Escolha outra para continuar."
