"""Accounts over HTTP."""

from fastapi import APIRouter

from app.domain.access import Action, require
from app.repositories import accounts
from app.routers.caller import Asking, Services

routes = APIRouter(prefix="/api/v1/accounts", tags=["contas"])


@routes.get("")
async def everybody(caller: Asking, identity: Services) -> list[str]:
    require(caller, Action.READ_ACCOUNTS)
    async with identity.database.transaction() as session:
        return [one.username for one in await accounts.everybody(session)]
