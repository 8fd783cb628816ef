"""Ids as FHIR writes them: what is none of ours names nothing."""

from uuid import UUID

from app.domain.refusals import NotFound

_LONGEST_VERSION = 9


def as_uuid(written: str | None) -> UUID | None:
    """An id of ours. Raises NotFound for one that FHIR allows and we never gave."""
    if written is None:
        return None
    return found_id(written)


def patient_of(written: str) -> UUID:
    """``Patient/<id>`` or ``<id>``; NotFound when it can be nobody."""
    try:
        return UUID(written.removeprefix("Patient/"))
    except ValueError:
        raise NotFound("Não há paciente com este identificador.") from None


def found_id(written: str) -> UUID:
    """The id of what is read. Raises NotFound for one that we never gave."""
    try:
        return UUID(written)
    except ValueError:
        raise NotFound from None


def found_version(written: str) -> int:
    """The version that is read. Raises NotFound for one that no entry of ours can have."""
    if not (written.isascii() and written.isdigit() and len(written) <= _LONGEST_VERSION):
        raise NotFound
    return int(written)
