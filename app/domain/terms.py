"""Terms of use: what everybody accepts at the first sign-in, and again when there is a new version."""

from datetime import datetime
from uuid import UUID

from app.domain.fields import Form, Prose, View
from app.domain.refusals import Conflict, Refusal


class TermsDue(Refusal):
    status = 403
    kind = "termo-de-uso-pendente"
    title = "Aceite o termo de uso"
    detail = "Há um termo de uso que você ainda não aceitou. Leia e aceite para continuar."


class TermsReplaced(Conflict):
    kind = "termo-de-uso-substituido"
    title = "Há uma versão mais nova do termo"
    detail = "O termo de uso mudou enquanto você lia. Leia a versão atual antes de aceitar."


class TermsForm(Form):
    """The next version, whole."""

    text: Prose


class TermsView(View):
    """One version; ``number`` counts from 1."""

    id: UUID
    number: int
    text: str
    published_at: datetime


class MyTermsView(TermsView):
    """The version that holds; ``accepted_at``: when whoever asks accepted it, null while they did not."""

    accepted_at: datetime | None
