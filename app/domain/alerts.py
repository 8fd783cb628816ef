"""Whether a drug is one that the patient is known not to tolerate. Words only: no classes of drugs yet.

Amoxicillin is not recognised as a penicillin here: that needs a table somebody signs for. What is found is
shown and must be justified; what is not found proves nothing.
"""

import re
import unicodedata

_SHORT = 4
"""Words below this say nothing by themselves (``de``, ``com``)."""
_COMMON = frozenset({"acido", "sodico", "sodica", "cloridrato", "sulfato", "potassico", "aerossol"})


def plain(text: str) -> str:
    """Without accents and in small letters."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))


def names_the_same(substance: str, drug: str) -> bool:
    """Whether a telling word of one stands in the other."""
    one, two = _words(substance), _words(drug)
    return bool(one & two)


def _words(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", plain(text))
    return frozenset(word for word in words if len(word) >= _SHORT) - _COMMON
