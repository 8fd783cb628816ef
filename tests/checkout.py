"""A copy of what a release is made of, to change without harm."""

import shutil
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def checkout(folder: Path) -> Path:
    """``folder`` with the sources and the lock in it."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "app", folder / "app", ignore=ignore)
    return folder
