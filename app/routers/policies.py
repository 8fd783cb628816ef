"""The hospital's rules of signing in over HTTP."""

from fastapi import APIRouter, Response

from app.domain.policies import PolicyChange, PolicyView
from app.routers.caller import Asking, Services
from app.routers.headers import Once, VersionRead, answered, shown
from app.services import policies

routes = APIRouter(prefix="/api/v1/security-policy", tags=["contas"])


@routes.get("", response_model=PolicyView)
async def read(caller: Asking, identity: Services) -> Response:
    """The rules as they are, their version in the ETag."""
    seen = await policies.read_policy(identity, caller)
    return shown(seen, seen.version)


@routes.put("", response_model=PolicyView)
async def change(
    caller: Asking, identity: Services, once: Once, version: VersionRead, form: PolicyChange
) -> Response:
    """Other rules, within bounds that switch nothing off."""
    return answered(await policies.change_policy(identity, caller, once, version, form))
