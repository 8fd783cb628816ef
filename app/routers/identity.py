"""Every route of identity and access."""

from fastapi import APIRouter

from app.routers import accounts, emergency, faces, passkeys, policies, provider, sessions, terms


def identity_routes() -> list[APIRouter]:
    """Signing in by each way that exists, one's own session, and the accounts."""
    return [one.routes for one in (sessions, terms, passkeys, faces, provider, accounts, policies, emergency)]
