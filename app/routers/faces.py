"""One's own face over HTTP: what is kept of it, agreeing to it, showing it, taking it back."""

from typing import Any

from fastapi import APIRouter

from app.routers.caller import Asking, Present, Services
from app.routers.face_forms import FaceProof, FaceShownView, FaceView, NewFace, pixels
from app.services.face_proof import show_face
from app.services.faces import enrol, mine, revoke

routes = APIRouter(prefix="/api/v1", tags=["rosto"])
_REFUSED: dict[int | str, dict[str, Any]] = {403: {}, 409: {}, 423: {}}
"""What a person who shows their face may meet, besides not being known."""


@routes.get("/session/face")
async def my_face(found: Present, identity: Services) -> FaceView:
    """Whether there is one, the text to agree to, and what a face does not prove."""
    kept = await mine(identity, found.caller)
    return FaceView.of(kept, available=identity.faces is not None)


@routes.post("/session/face", status_code=201, responses=_REFUSED)
async def enrol_face(form: NewFace, found: Present, identity: Services) -> FaceView:
    """After a sign-in with a passkey and a recent proof; the picture itself is not kept."""
    kept = await enrol(identity, found, form.challenge, form.terms, pixels(form.picture))
    return FaceView.of(kept, available=True)


@routes.post("/session/proof/face", responses=_REFUSED)
async def prove_by_face(form: FaceProof, found: Present, identity: Services) -> FaceShownView:
    """The second factor of a session that waits for one; worth less than a passkey, as ``limits`` says."""
    await show_face(identity, found, form.challenge, pixels(form.picture))
    return FaceShownView()


@routes.delete("/session/face", status_code=204, responses={404: {}})
async def forget_face(caller: Asking, identity: Services) -> None:
    """The permission is taken back, and what was kept is gone at once."""
    await revoke(identity, caller)
