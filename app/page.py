"""The page a clinician sees at ``/``: is the system there, who answers. No script, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from http import HTTPStatus
from string import Template

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.checks import Status
from app.state import State

_STYLE = """
:root { color-scheme: light dark; --ink: #16232e; --quiet: #51626f; --paper: #f3f6f8; --card: #fff;
  --line: #d5dee5; --good: #0b6b3a; --warn: #8a5200; --bad: #a3201d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eef2; --quiet: #a4b3be; --paper: #0f171d;
  --card: #18232b; --line: #2d3c47; --good: #5fd596; --warn: #f2b457; --bad: #ff8b85; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; padding: clamp(1.25rem, 5vw, 2.25rem); }
h1 { margin: 0; font-size: clamp(1.6rem, 7vw, 2.1rem); line-height: 1.15; letter-spacing: -.01em; }
p { margin: .35rem 0 0; color: var(--quiet); }
.status { display: flex; gap: .7rem; align-items: center; margin: 1.5rem 0; padding: .9rem 1rem;
  border: 2px solid currentColor; border-radius: .75rem; font-weight: 650; }
.status svg { flex: none; width: 1.6rem; height: 1.6rem; }
.healthy { color: var(--good); } .degraded { color: var(--warn); } .unhealthy { color: var(--bad); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .5rem 1.25rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-weight: 550; }
footer { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .9375rem; }
code { font: .875rem/1.4 ui-monospace, "SF Mono", Menlo, monospace; overflow-wrap: anywhere;
  color: var(--ink); }
"""

_PAGE = Template("""<!doctype html>
<html lang="pt-BR">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Prontuário: $headline</title>
<link rel="icon" href="data:,">
<style>$style</style>
</head>
<body>
<main>
<h1>Prontuário</h1>
<p>Plataforma de prontuário médico do hospital</p>
<div class="status $status" role="status">
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"
 stroke-linejoin="round" aria-hidden="true"><circle cx="12" cy="12" r="10"/><path d="$mark"/></svg>
<span>$headline</span>
</div>
<dl>
<dt>Máquina</dt><dd>$machine</dd>
<dt>Versão</dt><dd>$version</dd>
</dl>
<footer><p>$advice</p><p>Código desta página: <code>$request_id</code></p></footer>
</main>
</body>
</html>
""")

_WORDS = {
    Status.HEALTHY: ("Em funcionamento", "M7.5 12.5l3 3 6-6.5", "Tudo certo. Pode trabalhar normalmente."),
    Status.DEGRADED: (
        "Em funcionamento, com restrições",
        "M12 7v6M12 16.6v.1",
        "Pode trabalhar normalmente. A equipe de TI deve verificar esta máquina.",
    ),
    Status.UNHEALTHY: (
        "Indisponível no momento",
        "M8.5 8.5l7 7M15.5 8.5l-7 7",
        "Tente novamente em instantes. Se continuar, avise a TI e informe o código abaixo.",
    ),
}

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def render_page(status: Status, machine: str, version: str, request_id: str) -> str:
    """The whole page as HTML."""
    headline, mark, advice = _WORDS[status]
    return _PAGE.substitute(
        style=_STYLE,
        status=str(status),
        headline=headline,
        mark=mark,
        advice=advice,
        machine=escape(machine),
        version=escape(version),
        request_id=escape(request_id),
    )


def page_routes(state: State) -> APIRouter:
    """The one page."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse, responses={503: {"content": {"text/html": {}}}})
    async def page(request: Request) -> HTMLResponse:
        status = state.prober.status if state.ready else Status.UNHEALTHY
        settings = state.settings
        return HTMLResponse(
            render_page(status, settings.machine, settings.release, request.scope["state"]["request_id"]),
            HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"content-security-policy": _POLICY},
        )

    return routes
