"""Access in an emergency over HTTP, and the queue of those who review it."""

from fastapi import APIRouter, Response

from app.domain.emergency import EmergencyView, Opening, Review
from app.domain.fields import Limit
from app.routers.caller import Asking, Services
from app.routers.headers import Once, answered
from app.routers.target import Targeted
from app.services import emergency

routes = APIRouter(prefix="/api/v1/emergency-accesses", tags=["acesso de emergência"])


@routes.post("", status_code=201, response_model=EmergencyView, responses={404: {}})
async def open_access(caller: Asking, identity: Services, once: Once, form: Opening) -> Response:
    """Open a chart that is closed to one, with the reason; asks for a recent proof."""
    return answered(await emergency.open_emergency(identity, caller, once, form))


@routes.get("/mine")
async def mine(caller: Asking, identity: Services) -> list[EmergencyView]:
    """What one has open now, and until when."""
    return await emergency.mine(identity, caller)


@routes.get("/waiting")
async def waiting(caller: Asking, identity: Services, limit: Limit = 50) -> list[EmergencyView]:
    """What nobody has judged yet, the oldest first."""
    return await emergency.review_queue(identity, caller, limit)


@routes.post("/{id}/end", response_model=EmergencyView)
async def end_access(target: Targeted, identity: Services) -> Response:
    """Close it before its time."""
    return answered(await emergency.end_emergency(identity, target))


@routes.post("/{id}/review", response_model=EmergencyView)
async def judge_access(target: Targeted, identity: Services, form: Review) -> Response:
    """Say whether it was justified, once and for ever; nobody judges their own."""
    return answered(await emergency.review(identity, target, form))
