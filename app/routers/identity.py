"""Every route of identity and access."""

from fastapi import APIRouter

from app.routers import accounts, emergency, passkeys, policies, provider, sessions


def identity_routes() -> APIRouter:
    """Signing in by each way that exists, one's own session, and the accounts."""
    routes = APIRouter()
    for one in (sessions, passkeys, provider, accounts, policies, emergency):
        routes.include_router(one.routes)
    return routes
