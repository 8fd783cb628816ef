"""Headers that every write and every change carries, and answers as they were kept."""

import hashlib
import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from app.domain.refusals import Changed, KeyNeeded, VersionNeeded
from app.domain.writes import Answer, Repetition, etag

KEY = re.compile(r"^[A-Za-z0-9_-]{8,100}$")
ETAG = re.compile(r'^"([1-9][0-9]{0,8})"$')
_JSON = "application/json"


async def repetition(
    request: Request,
    idempotency_key: Annotated[str | None, Header(description="8 a 100 letras, algarismos, - ou _")] = None,
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Repetition:
    """The key of this write, and a hash of everything that is asked with it. Raises KeyNeeded."""
    if idempotency_key is None or KEY.fullmatch(idempotency_key) is None:
        raise KeyNeeded
    parts = (request.method, request.scope["path"], if_match or "")
    asked = hashlib.sha256("\0".join(parts).encode())
    asked.update(b"\0" + await request.body())
    return Repetition(idempotency_key, asked.digest())


async def version_read(
    if_match: Annotated[str | None, Header(description="A ETag do registro que você leu")] = None,
) -> int:
    """The version that the caller has read. Raises VersionNeeded; Changed when it can be none of ours."""
    if if_match is None or if_match.strip() in ("", "*"):
        raise VersionNeeded
    written = ETAG.fullmatch(if_match.strip())
    if written is None:
        raise Changed
    return int(written[1])


Once = Annotated[Repetition, Depends(repetition)]
VersionRead = Annotated[int, Depends(version_read)]


def answered(answer: Answer) -> Response:
    """An answer of a write."""
    headers = {"etag": answer.etag} if answer.etag else None
    return Response(answer.body, answer.status, headers, _JSON)


def shown(view: BaseModel, version: int | None = None) -> Response:
    """What was read, with its version when it can be changed."""
    headers = {"etag": etag(version)} if version is not None else None
    return Response(view.model_dump_json(), 200, headers, _JSON)
