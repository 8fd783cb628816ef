"""``python -m app terminology …``: like ``python -m app.terminology``, into the records' database."""

import os
import sys
from collections.abc import Sequence

from app.services.terminology_save import save_to_records
from app.settings import Settings
from app.terminology.__main__ import main


def run(settings: Settings, words: Sequence[str]) -> int:
    """Load, judge or list terminologies."""
    if settings.records_address is None:
        print("terminology: PRONTUARIO_RECORDS_ADDRESS is not set: nothing can be kept", file=sys.stderr)
        return os.EX_CONFIG
    return main(words, save_to_records(settings))
