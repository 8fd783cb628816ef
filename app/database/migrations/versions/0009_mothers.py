"""Patients are found by their mothers' names too."""

from app.database.script import run

revision = "0009"
down_revision = "0008"
phase = "expand"

MOTHERS = """
CREATE INDEX ix_patients_mother ON patients USING gin (name_words(coalesce(mother, '')));
"""


def upgrade() -> None:
    """Make it, or nothing."""
    run(MOTHERS)
