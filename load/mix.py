"""What clinicians do all day, and how often: mostly reading, a quarter writing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from load.clinician import Clinician
from load.device import Reply
from load.ledger import NOTES, OBSERVATIONS, Ledger, Place, new_mark

FIRST_NAMES = ("Maria", "José", "Ana", "João", "Antônio", "Francisco", "Carlos", "Paulo", "Lucas", "Juliana")
SURNAMES = ("Silva", "Santos", "Oliveira", "Souza", "Lima", "Pereira", "Costa", "Rodrigues", "Almeida", "")
_DRAFTS = 3
"""That one person keeps open at most."""
_SENTENCE = "Paciente estável, sem queixas novas, aceitando dieta, deambulando. Mantida a conduta. "


@dataclass
class Draft:
    """A text that somebody is still writing."""

    entry: str
    patient: str
    version: str
    mark: str


@dataclass
class Shift:
    """One clinician's working day."""

    clinician: Clinician
    ledger: Ledger
    random: Random
    drafts: list[Draft] = field(default_factory=list)

    async def search(self) -> Reply:
        """Somebody by name, as one types it: a first name, and the beginning of another."""
        surname = self.random.choice(SURNAMES)
        typed = f"{self.random.choice(FIRST_NAMES)} {surname[: self.random.randint(2, 9)]}".strip()
        found = await self.clinician.device.ask("POST", "/patients/search", {"text": typed})
        if found.status == 200 and found.content["items"]:
            patient = self.random.choice(found.content["items"])["id"]
            known = self.clinician.patients
            known[:] = [*known[-11:], patient]
        return found

    async def chart(self) -> Reply:
        """The head of a chart."""
        return await self._read("header")

    async def problems(self) -> Reply:
        """The problem list."""
        return await self._read("problems")

    async def observations(self) -> Reply:
        """What was measured last."""
        return await self._read("observations")

    async def medications(self) -> Reply:
        """What is prescribed."""
        return await self._read("medications")

    async def notes(self) -> Reply:
        """What was written last."""
        return await self._read("notes")

    async def own_drafts(self) -> Reply:
        """What one has begun."""
        return await self.clinician.read("/notes/drafts")

    async def write_note(self) -> Reply:
        """A finished note."""
        patient, mark = self._patient(), new_mark()
        form = {"kind": "evolucao", "text": self._text(mark)}
        done = await self.clinician.write("POST", f"/patients/{patient}/notes", form)
        self._written(mark, patient, NOTES, done)
        return done

    async def measure(self) -> Reply:
        """Vital signs, three at a time."""
        patient, mark = self._patient(), new_mark()
        signs = (
            ("8867-4", "/min", (55, 110)),
            ("8480-6", "mm[Hg]", (95, 165)),
            ("8462-4", "mm[Hg]", (55, 100)),
        )
        form = {
            "observations": [
                {
                    "what": {"terminology": "loinc", "code": code},
                    "category": "sinal-vital",
                    "value": str(self.random.randint(*bounds)),
                    "unit": unit,
                    "words": mark if code == signs[0][0] else None,
                }
                for code, unit, bounds in signs
            ]
        }
        done = await self.clinician.write("POST", f"/patients/{patient}/observations", form)
        self._written(mark, patient, OBSERVATIONS, done)
        return done

    async def draft(self) -> Reply:
        """Begin a text, or go on with one."""
        if len(self.drafts) < _DRAFTS:
            return await self._begin_draft()
        at = self.random.randrange(len(self.drafts))
        one, mark = self.drafts.pop(at), new_mark()
        finish = self.random.random() < 0.2
        form = {"kind": "evolucao", "text": self._text(mark), "finish": finish}
        done = await self.clinician.write("PUT", f"/notes/{one.entry}/draft", form, one.version)
        self._written(mark, one.patient, NOTES, done, instead_of=one.mark)
        if done.status == 200 and not finish:
            self.drafts.append(Draft(one.entry, one.patient, done.version or "", mark))
        return done

    async def _begin_draft(self) -> Reply:
        patient, mark = self._patient(), new_mark()
        form = {"kind": "evolucao", "text": self._text(mark), "draft": True}
        done = await self.clinician.write("POST", f"/patients/{patient}/notes", form)
        self._written(mark, patient, NOTES, done)
        if done.status == 201:
            self.drafts.append(Draft(done.content["id"], patient, done.version or "", mark))
        return done

    async def _read(self, what: str) -> Reply:
        return await self.clinician.read(f"/patients/{self._patient()}/{what}")

    def _patient(self) -> str:
        return self.random.choice(self.clinician.patients)

    def _text(self, mark: str) -> str:
        return _SENTENCE * self.random.randint(1, 12) + mark

    def _written(
        self, mark: str, patient: str, kind: str, done: Reply, instead_of: str | None = None
    ) -> None:
        place = Place(self.clinician.username, patient, kind)
        if done.status in (200, 201) or done.status == 0 or done.status >= 500:
            # 0 and 5xx: it may have been done all the same
            good = done.status in (200, 201)
            self.ledger.note(mark, place, acknowledged=good, instead_of=instead_of)


Deed = Callable[[Shift], Awaitable[Reply]]

MIX: dict[str, tuple[int, Deed]] = {
    "search patients": (12, Shift.search),
    "open chart": (20, Shift.chart),
    "read problems": (10, Shift.problems),
    "read observations": (13, Shift.observations),
    "read medications": (8, Shift.medications),
    "read notes": (10, Shift.notes),
    "list own drafts": (3, Shift.own_drafts),
    "write note": (6, Shift.write_note),
    "write observations": (8, Shift.measure),
    "save draft": (10, Shift.draft),
}
"""What is done how often, of 100."""


def next_deed(random: Random) -> tuple[str, Deed]:
    """What somebody does next."""
    names = list(MIX)
    [name] = random.choices(names, [MIX[one][0] for one in names])
    return name, MIX[name][1]
