"""The hospitals of the committed stack files."""

from pathlib import Path

from infra.config.load import read_stack_file
from infra.config.model import Hospital

ROOT = Path(__file__).parents[2]


def hospital_of(stack: str) -> Hospital:
    """What Pulumi.<stack>.yaml says."""
    return read_stack_file(ROOT / f"Pulumi.{stack}.yaml")
