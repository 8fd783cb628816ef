"""Where editions are kept. A database is one more function of the type ``Save``."""

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from app.terminology.model import Concept, Edition, Save


def save_to_folder(folder: Path) -> Save:
    """Keeps each edition as JSON lines in ``folder``: the edition first, then its concepts.

    The file appears whole or not at all, and replaces the one of the same name and version.
    """

    def save(edition: Edition, concepts: Iterable[Concept]) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as draft:
            try:
                draft.write(_line(asdict(edition)))
                for concept in concepts:
                    draft.write(_line(asdict(concept)))
                    count += 1
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(folder / f"{edition.name}-{edition.version}.jsonl")
            except BaseException:
                Path(draft.name).unlink()
                raise
        return count

    return save


def _line(value: dict[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
