"""Errors as RFC 9457 problem details, in Brazilian Portuguese. Nothing a user sent is quoted back."""

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.domain.refusals import Refusal, Rule
from app.exchange.outcome import MEDIA_TYPE as FHIR_MEDIA_TYPE
from app.exchange.outcome import outcome

_TEXTS = {
    400: ("Requisição inválida", "O servidor não conseguiu entender a requisição."),
    401: ("Acesso não identificado", "Entre no sistema e tente novamente."),
    403: ("Acesso negado", "Seu perfil não permite esta operação."),
    404: ("Endereço não encontrado", "Não há nada neste endereço. Confira o endereço e tente novamente."),
    405: ("Método não permitido", "Este endereço não aceita esta operação."),
    406: ("Formato indisponível", "Este endereço responde em outro formato. Peça JSON."),
    413: ("Conteúdo grande demais", "O conteúdo enviado é maior do que o permitido."),
    415: ("Formato não aceito", "O conteúdo enviado não está no formato que este endereço aceita."),
    422: ("Dados inválidos", "Confira os campos indicados e envie novamente."),
    500: (
        "Erro interno",
        "O servidor falhou. Tente novamente; se persistir, informe o código à TI.",
    ),
    503: ("Serviço indisponível", "O serviço não pode atender agora. Tente novamente em instantes."),
}
_FIELDS = {
    "missing": "campo obrigatório",
    "string_too_short": "texto curto demais",
    "string_too_long": "texto longo demais",
    "string_pattern_mismatch": "formato inválido",
    "json_invalid": "JSON inválido",
    "int_parsing": "deve ser um número inteiro",
    "float_parsing": "deve ser um número",
    "bool_parsing": "deve ser verdadeiro ou falso",
    "uuid_parsing": "deve ser um identificador UUID",
    "extra_forbidden": "campo desconhecido",
    "literal_error": "opção desconhecida",
    "timezone_aware": "informe o fuso horário",
    "datetime_from_date_parsing": "data e hora inválidas",
    "datetime_parsing": "data e hora inválidas",
    "date_from_datetime_parsing": "data inválida",
    "greater_than": "valor pequeno demais",
    "decimal_parsing": "deve ser um número",
}
MEDIA_TYPE = "application/problem+json"
_FHIR = "/fhir/"
"""Below this path problems are told in FHIR's words."""


def problem(
    status: int,
    request_id: str,
    *,
    faults: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer for ``status``; the person can quote ``codigo``, which is the request's id in the logs."""
    fallback = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Erro"
    title, detail = _TEXTS.get(status, (fallback, "A operação não pôde ser concluída."))
    body: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "codigo": request_id,
    }
    if faults is not None:
        body["erros"] = faults
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def refusal_problem(refusal: Refusal, request_id: str) -> JSONResponse:
    """The answer for a request that the record refuses; ``type`` tells programs which refusal it is."""
    body: dict[str, object] = {
        "type": f"urn:prontuario:problema:{refusal.kind}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "codigo": request_id,
    }
    return JSONResponse(body | refusal.more, refusal.status, headers=refusal.headers, media_type=MEDIA_TYPE)


def spoken(path: str, answer: JSONResponse) -> JSONResponse:
    """The problem ``answer`` as whoever asked for ``path`` understands it."""
    if not path.startswith(_FHIR):
        return answer
    kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    resource = outcome(json.loads(bytes(answer.body)))
    return JSONResponse(resource, answer.status_code, headers=kept, media_type=FHIR_MEDIA_TYPE)


Trace = Callable[[Request, int, str], Awaitable[None]]
"""Keeps that a request was refused: with which status, and the fixed word of why."""


async def untraced(request: Request, status: int, kind: str) -> None:
    """For a process that has no audit."""


def install(app: FastAPI, leave: Trace) -> None:
    """Answer every refused request of ``app`` with a problem, and leave a trace of it."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        await leave(request, error.status_code, f"http-{error.status_code}")
        answer = problem(error.status_code, _request_id(request), headers=error.headers)
        return spoken(request.scope["path"], answer)

    async def record_refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refusal)  # noqa: S101
        await leave(request, error.status, error.kind)
        return spoken(request.scope["path"], refusal_problem(error, _request_id(request)))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        faults = [
            {
                "campo": _field(fault),
                "motivo": _reason(fault),
            }
            for fault in error.errors()
        ]
        await leave(request, 422, "dados-invalidos")
        return spoken(request.scope["path"], problem(422, _request_id(request), faults=faults))

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Refusal, record_refused)
    app.add_exception_handler(RequestValidationError, invalid)


def _field(fault: Mapping[str, Any]) -> str:
    """Where it is; of a body that is no JSON, the library tells a position that helps nobody."""
    unread = fault["type"] == "json_invalid"
    return "corpo" if unread else ".".join(str(part) for part in fault["loc"][1:]) or "corpo"


def _reason(fault: Mapping[str, Any]) -> str:
    """Ours for pydantic's own rules. A rule of the record speaks Portuguese itself, and quotes nothing."""
    own = fault.get("ctx", {}).get("error")
    return str(own) if isinstance(own, Rule) else _FIELDS.get(fault["type"], "valor inválido")


def _request_id(request: Request) -> str:
    return str(request.scope["state"]["request_id"])
