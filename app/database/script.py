"""SQL scripts as migrations hold them: several statements, run one by one in the step's transaction."""

import re
from collections.abc import Iterator

from alembic import op
from sqlalchemy import text

_END = re.compile(r";[ \t]*(?:--[^\n]*)?$", re.M)


def statements(script: str) -> Iterator[str]:
    """The statements of ``script``: each ends with a semicolon that ends its line, outside of ``$$``."""
    pending = ""
    start = 0
    for end in _END.finditer(script):
        pending += script[start : end.start()]
        start = end.end()
        if pending.count("$$") % 2 == 0:
            yield pending.strip()
            pending = ""
        else:
            pending += ";"
    if script[start:].strip() or pending:
        raise ValueError("the script's last statement has no end")


def run(script: str) -> None:
    """Execute the statements of ``script`` in the migration that is being applied."""
    for statement in statements(script):
        op.execute(text(statement.replace(":", r"\:")))
