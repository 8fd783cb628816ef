"""What every change of an entry carries, taken from the path ``{id}`` and the headers."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.routers.caller import Asking
from app.routers.headers import Once, VersionRead
from app.services.target import Target


async def target(caller: Asking, once: Once, version: VersionRead, id: UUID) -> Target:
    """The entry of this path, its caller, version and key. Raises what each of them raises."""
    return Target(caller, once, id, version)


Targeted = Annotated[Target, Depends(target)]
