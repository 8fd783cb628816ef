"""OperationOutcome: a problem of ours (RFC 9457), as FHIR says it."""

from collections.abc import Mapping
from typing import Any

from app.exchange.parts import OWN, Resource, said

MEDIA_TYPE = "application/fhir+json"
_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    423: "suppressed",
    428: "required",
    503: "transient",
}
_OUR_FAULT = 500


def outcome(problem: Mapping[str, Any]) -> Resource:
    """The outcome of ``problem``: one issue, or one for each field at fault.

    Its code in the request's log stands in ``diagnostics``; what was sent is quoted nowhere.
    """
    status = int(problem["status"])
    kind = str(problem["type"]).rpartition(":")[2]
    details = said(
        {
            "coding": [{"system": f"{OWN}problema", "code": kind}] if kind != "blank" else None,
            "text": f"{problem['title']}. {problem['detail']}",
        }
    )
    issue = {
        "severity": "fatal" if status == _OUR_FAULT else "error",
        "code": _CODES.get(status, "exception" if status >= _OUR_FAULT else "processing"),
        "details": details,
        "diagnostics": f"codigo={problem['codigo']}",
    }
    faults = [
        issue | {"details": {"text": f"{one['campo']}: {one['motivo']}"}} for one in problem.get("erros", ())
    ]
    return {"resourceType": "OperationOutcome", "issue": faults or [issue]}


def there_are_more(words: str) -> Resource:
    """About a page after which none can be asked for."""
    issue = {"severity": "warning", "code": "incomplete", "details": {"text": words}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
