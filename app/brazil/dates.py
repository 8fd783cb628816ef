"""Dates as clinicians read and write them: dd/mm/aaaa on screens, RFC 3339 in files and interfaces."""

import re
from datetime import date, datetime, timedelta, timezone

HOSPITAL_TIME = timezone(timedelta(hours=-3))
"""Brasília's time, without summer time since 2019."""
_WRITTEN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def parse_date(text: str) -> date:
    """``21/11/2026`` or ``2026-11-21``; ValueError in Portuguese otherwise.

    Two digits of a year are refused: in a birth date, 26 may be 1926 or 2026.
    """
    written = text.strip()
    found = _WRITTEN.fullmatch(written)
    try:
        if found is not None:
            day, month, year = map(int, found.groups())
            return date(year, month, day)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            return date.fromisoformat(written)
    except ValueError:
        raise ValueError("Data inválida: este dia não existe no calendário.") from None
    raise ValueError("Data inválida: escreva dia, mês e ano com quatro dígitos, como em 21/11/2026.")


def format_date(day: date) -> str:
    """``21/11/2026``."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def format_moment(when: datetime) -> str:
    """``21/11/2026 10:05 (UTC-03:00)``, by the hospital's clock."""
    local = when.astimezone(HOSPITAL_TIME)
    return f"{format_date(local.date())} {local:%H:%M} ({local.tzname()})"
