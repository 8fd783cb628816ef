"""A coded entry: terminology, edition, code and its term, beside the words that the person used."""

from typing import Annotated

from pydantic import StringConstraints

from app.domain.fields import Form, Line, View

Terminology = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,15}$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9.\-]{1,20}$")]
Edition = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Choice(Form):
    """A code chosen in a loaded terminology.

    terminology: its short name (``cid10``)
    edition: which; the latest that was loaded, when none is given
    original: the words the person used, when they differ from the term
    """

    terminology: Terminology
    code: Code
    edition: Edition | None = None
    original: Line | None = None


class Coded(View):
    """As it stands in the record. ``system`` is the terminology's URI.

    Without a code, ``original`` is all there is.
    """

    system: str | None
    edition: str | None
    code: str | None
    term: str | None
    original: str
