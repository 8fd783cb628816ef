"""A budget is what the hospital was promised; a verdict is the list of promises a run broke."""

from dataclasses import dataclass

from drills.framework.checker import Findings


class DrillError(Exception):
    """The drill itself could not be carried out; the message is one line for people."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run.

    rto_s: the longest time without a right answer, in seconds; goal_s: what we would be proud of
    lost, duplicated, wrong: requests or writes; stale_reads, split_brains: see the checker's findings
    address_moves: how often the floating address may change hands, None when that is not judged
    promotions: how often the database may change its timeline, None when that is not judged
    """

    rto_s: float
    goal_s: float | None = None
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    address_moves: int | None = None
    stale_reads: int = 0
    split_brains: int = 0
    promotions: int | None = None

    def broken_by(self, findings: Findings, address_moves: int = 0) -> list[str]:
        """One phrase per broken promise; empty when the run kept them all."""
        broken = []
        if findings.rto_s >= self.rto_s:
            broken.append(f"no right answer for {findings.rto_s:.2f} s, budget is under {self.rto_s:g} s")
        for what in ("lost", "duplicated", "wrong"):
            count, limit = getattr(findings, what), getattr(self, what)
            if count > limit:
                broken.append(f"{_counted(count, findings.noun)} {what}, budget is {limit}")
        if findings.unproved:
            broken.append(f"what was acknowledged could not be read back: {findings.unproved}")
        if findings.stale_reads > self.stale_reads:
            broken.append(f"{_counted(findings.stale_reads, 'stale read')}, budget is {self.stale_reads}")
        if findings.split_brains > self.split_brains:
            broken.append(f"two instances acknowledged by turns, {_counted(findings.split_brains, 'time')}")
        if findings.acked == 0:
            broken.append(f"not one {findings.noun} was answered")
        promotions = max(len(findings.timelines) - 1, 0)
        if self.promotions is not None and promotions > self.promotions:
            broken.append(f"{_counted(promotions, 'promotion')}, budget is {self.promotions}")
        if self.address_moves is not None and address_moves > self.address_moves:
            broken.append(
                f"the address moved {_counted(address_moves, 'time')}, budget is {self.address_moves}"
            )
        return broken


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
