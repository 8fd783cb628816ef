"""Whether the audit is what it was: walks the whole chain, and names the first row that is not."""

import json
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.audit_chain import Anchor, Fault, Walk
from app.repositories import audit as rows

_PAGE = 5000
_PATIENCE = timedelta(minutes=1)
"""A row that lies longer without a link was taken out of the sealing."""


async def verify(session: AsyncSession, anchors: Iterable[Anchor]) -> tuple[int, Fault | None]:
    """How many links hold, from the beginning, and the first fault. Reads every row once."""
    walk = Walk(anchors)
    while page := await rows.links(session, walk.position, _PAGE):
        if fault := walk.follow(page):
            return walk.position, fault
    if fault := walk.end():
        return walk.position, fault
    forgotten = await rows.unsealed(session, _PATIENCE)
    if forgotten is not None:
        return walk.position, Fault(walk.position + 1, forgotten, "the row was never sealed")
    return walk.position, None


def anchors_in(lines: Iterable[str]) -> list[Anchor]:
    """The anchors among lines of the services' logs (JSON); other lines are passed over."""
    found = []
    for line in lines:
        if '"audit anchor"' not in line:
            continue
        told = json.loads(line[line.index("{") :])
        found.append(Anchor(int(told["position"]), bytes.fromhex(told["hash"])))
    return found
