"""Writes docs/sbis.md: which requirement of the SBIS manual is shown by which test (``make sbis``).

The tests say it themselves: ``@pytest.mark.sbis("NGS1.07.06", "the audit names no patient")``. They are read,
not run, so the page needs neither database nor lab.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.sbis.numbers import NUMBERS

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "sbis.md"
_HEAD = """\
# SBIS: what is shown, and by which test

Numbers of requirements in SBIS's certification manual for electronic records (S-RES) 5.2; the words are ours,
the manual's are © SBIS. Certification has not been sought. Generated from the tests: `make sbis`.

{count} requirements, {proofs} tests.

| requirement | in our words | shown by |
|---|---|---|
"""


@dataclass(frozen=True)
class Proof:
    """A test that shows ``item``, in ``words`` of ours; ``place``: file and function."""

    item: str
    words: str
    file: str
    test: str


class MarkError(ValueError):
    """A mark that says nothing usable; the message names its place."""


def proofs(project: Path = PROJECT) -> list[Proof]:
    """Every marked test of ``project``, in the order of files and lines."""
    found: list[Proof] = []
    for file in sorted((project / "tests").rglob("test_*.py")):
        text = file.read_text()
        if ".sbis(" in text:
            found += _proofs_in(ast.parse(text), file.relative_to(project).as_posix())
    return found


def render(found: list[Proof]) -> str:
    """The page."""
    items: Mapping[str, list[Proof]] = defaultdict(list)
    for one in found:
        items[one.item].append(one)
    rows = []
    for item, shown in sorted(items.items()):
        words = "; ".join(dict.fromkeys(one.words for one in shown))
        places = dict.fromkeys(f"[{_sentence(one.test)}](../{one.file})" for one in shown)
        rows.append(f"| {item} | {words} | {'<br>'.join(places)} |")
    return _HEAD.format(count=len(items), proofs=len({(one.file, one.test) for one in found})) + "".join(
        f"{row}\n" for row in rows
    )


def _sentence(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def _proofs_in(tree: ast.Module, file: str) -> Iterator[Proof]:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.sbis":
                yield _proof(decorator, file, node.name)


def _proof(mark: ast.Call, file: str, test: str) -> Proof:
    said = [one.value for one in mark.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    place = f"{file}: {test}"
    if len(said) != 2 or len(mark.args) != 2 or mark.keywords:
        raise MarkError(f'{place}: write @pytest.mark.sbis("NGS1.07.06", "one line in our own words")')
    item, words = said
    if item not in NUMBERS:
        raise MarkError(f"{place}: there is no requirement {item}")
    if not words.strip() or "\n" in words or "|" in words:
        raise MarkError(f"{place}: the words of {item} are one line, and hold no bar")
    return Proof(item, words, file, test)


if __name__ == "__main__":
    try:
        PAGE.write_text(render(proofs()))
    except MarkError as error:
        sys.exit(f"sbis: {error}")
