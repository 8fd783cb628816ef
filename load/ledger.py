"""What the hospital acknowledged, and whether it is there afterwards, exactly once.

Each write carries a mark of its own in its text. Whoever wrote it lists the patient's entries again: a mark
of an acknowledged write that is missing is lost, one that stands in two entries was done twice. A write that
nobody acknowledged may be there or not, and never twice.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from load.clinician import Clinician

MARK = re.compile(r"carga-[0-9a-f]{32}")
NOTES, OBSERVATIONS = "notes", "observations"
_AT_ONCE = 8


def new_mark() -> str:
    """Of one write."""
    return f"carga-{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a write is looked for: one kind of entry of one patient, as its author sees it."""

    author: str
    patient: str
    kind: str


Seen = Counter[tuple[str, Place]]
"""In how many entries of a place a mark stands."""


@dataclass
class Ledger:
    """``expected``: where each acknowledged mark must be; ``doubtful``: marks that nobody acknowledged."""

    expected: dict[str, Place] = field(default_factory=dict)
    doubtful: dict[str, Place] = field(default_factory=dict)
    acknowledged: int = 0

    def note(self, mark: str, place: Place, *, acknowledged: bool, instead_of: str | None = None) -> None:
        """One write has ended. ``instead_of``: the mark that it replaced in the same entry."""
        if not acknowledged:
            self.doubtful[mark] = place
            if instead_of in self.expected:  # either of the two may stand there now
                self.doubtful[instead_of] = self.expected.pop(instead_of)
            return
        self.acknowledged += 1
        self.expected[mark] = place
        if instead_of is not None:
            self.expected.pop(instead_of, None)

    @property
    def places(self) -> set[Place]:
        """Everywhere that anything was written."""
        return {*self.expected.values(), *self.doubtful.values()}


@dataclass(frozen=True, slots=True)
class Found:
    """The ledger's end. ``unread``: places that could not be looked at; then nothing is proved."""

    acknowledged: int
    read_back: int
    lost: int
    duplicated: int
    doubtful: int
    unread: int


async def check(ledger: Ledger, people: Sequence[Clinician]) -> Found:
    """Look everywhere."""
    by_name = {one.username: one for one in people}
    gate = asyncio.Semaphore(_AT_ONCE)
    seen: Seen = Counter()
    unread = 0

    async def look(place: Place) -> None:
        nonlocal unread
        async with gate:
            marks = await _marks(by_name[place.author], place)
        if marks is None:
            unread += 1
        else:
            seen.update({(mark, place): count for mark, count in marks.items()})

    # One person's device asks one thing at a time.
    async def looks(author: str) -> None:
        for place in ledger.places:
            if place.author == author:
                await look(place)

    await asyncio.gather(*(looks(author) for author in {place.author for place in ledger.places}))
    return judged(ledger, seen, unread)


def judged(ledger: Ledger, seen: Seen, unread: int) -> Found:
    """What was found, counted."""
    counts = {mark: seen[mark, place] for mark, place in ledger.expected.items()}
    unsure = {mark: seen[mark, place] for mark, place in ledger.doubtful.items()}
    return Found(
        acknowledged=ledger.acknowledged,
        read_back=sum(count == 1 for count in counts.values()),
        lost=sum(count == 0 for count in counts.values()),
        duplicated=sum(count > 1 for count in (*counts.values(), *unsure.values())),
        doubtful=len(unsure),
        unread=unread,
    )


async def _marks(author: Clinician, place: Place) -> Counter[str] | None:
    """In how many entries each mark stands; None when the list could not be read."""
    found: Counter[str] = Counter()
    cursor = ""
    while True:
        await author.stay()
        after = f"&cursor={cursor}" if cursor else ""
        page = await author.read(f"/patients/{place.patient}/{place.kind}?limit=100{after}")
        if page.status != 200:
            return None
        for entry in page.content["items"]:
            found.update(set(MARK.findall(json.dumps(entry))))
        if not (cursor := page.content["next"] or ""):
            return found
