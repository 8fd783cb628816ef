"""A coded entry of ours, apart from what every process loads: only the record knows it."""

from app.domain.coded import Coded
from app.exchange.parts import Resource, coding


def coded(one: Coded) -> Resource:
    """A coded entry of ours: system, edition, code and term, beside the words that were used."""
    if one.system is None or one.code is None:
        return {"text": one.original}
    return {"coding": [coding(one.system, one.code, one.term, one.edition)], "text": one.original}
