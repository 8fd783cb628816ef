"""The audit's hash chain, computed here a second time: what the database says of itself is not believed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

START = sha256(b"").digest()
"""What stands before the first link."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """A row of the audit; ``detail`` as the database writes it (jsonb as text)."""

    entry: int
    at: datetime
    event: str
    account: UUID | None
    session: UUID | None
    address: str | None
    subject: UUID | None
    patient: UUID | None
    detail: str

    @property
    def words(self) -> bytes:
        """What is hashed: the fields joined by bars, which only the last may hold; time in microseconds."""
        fields = (
            self.entry,
            (self.at - _EPOCH) // timedelta(microseconds=1),
            self.event,
            self.account,
            self.session,
            self.address,
            self.subject,
            self.patient,
            self.detail,
        )
        return "|".join("" if one is None else str(one) for one in fields).encode()


@dataclass(frozen=True)
class Link:
    """A place in the chain, and the row that lies there now; None when there is none any more."""

    position: int
    hash: bytes
    row: Entry | None


@dataclass(frozen=True)
class Anchor:
    """What the end of the chain once was, told to something outside of the database."""

    position: int
    hash: bytes


@dataclass(frozen=True)
class Fault:
    """The first place where the audit is not what it was: ``reason`` for people, without any content."""

    position: int
    entry: int | None
    reason: str


class Walk:
    """Follows the chain from its beginning; stops at the first fault."""

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self._anchors = {one.position: one for one in anchors}
        self._hash = START
        self.position = 0

    def follow(self, links: Iterable[Link]) -> Fault | None:
        """Check further links, in their order."""
        return next(self._faults(links), None)

    def end(self) -> Fault | None:
        """Check that nothing is missing behind the last link that was followed."""
        missing = [position for position in self._anchors if position > self.position]
        if not missing:
            return None
        return Fault(
            self.position + 1,
            None,
            f"the chain ends at {self.position}, and once reached {max(missing)}: its end was cut off",
        )

    def _faults(self, links: Iterable[Link]) -> Iterator[Fault]:
        for link in links:
            expected = self.position + 1
            entry = link.row.entry if link.row else None
            if link.position != expected:
                yield Fault(expected, None, f"link {expected} is missing; the next is {link.position}")
            if link.row is None:
                yield Fault(link.position, None, "its row was removed")
                continue
            if sha256(self._hash + link.row.words).digest() != link.hash:
                yield Fault(link.position, entry, "the row, or its place, is not what was sealed")
            anchor = self._anchors.get(link.position)
            if anchor is not None and anchor.hash != link.hash:
                yield Fault(link.position, entry, "the chain was written anew: its anchor says otherwise")
            self.position, self._hash = link.position, link.hash
