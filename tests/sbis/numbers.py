"""The numbers of the requirements in SBIS's manual 5.2 for outpatient care, to catch a wrong one.

The titles and texts are SBIS's (sbis.org.br/documentos-e-manuais) and stand nowhere here.
"""

from collections.abc import Iterator, Mapping

_GROUPS: Mapping[str, str] = {
    "ECF.01": "01-03",
    "ECF.02": "01-03",
    "ECF.03": "01-05 07-15 17-18",
    "ECF.04": "01-02 04 06",
    "ECF.05": "01-04",
    "ECF.06": "01-03",
    "ECF.07": "02-08 10-15 17-27 30 32 35-36 38 52",
    "ECF.10": "01-04 07 10 19-21",
    "ECF.13": "01-03",
    "ECF.14": "01-05 07-08 10 12-15 17-20 22-23 27-28 31-32 35-38",
    "ECF.15": "01-03",
    "ECF.16": "01-02",
    "ECF.17": "01-08 10-12 15-19",
    "ECF.18": "01-02 04-05",
    "ECF.19": "01-06",
    "ECF.20": "02",
    "NGS1.01": "01",
    "NGS1.02": "01-23",
    "NGS1.03": "01 03-11",
    "NGS1.04": "01-06",
    "NGS1.05": "01-04",
    "NGS1.06": "01-05",
    "NGS1.07": "01-08",
    "NGS1.08": "01-12",
    "NGS1.09": "01-07",
    "NGS1.11": "01-02 04-08 11-12",
    "NGS1.12": "01-03",
    "NGS2.01": "01-05",
    "NGS2.02": "01-11",
    "NGS2.03": "01-04",
    "NGS2.04": "01-05",
    "NGS2.05": "01-02",
    "NGS2.06": "01-07",
    "NGS2.07": "01",
}
"""Group -> the numbers in it, ``01-03`` for a run."""


def _members(group: str, runs: str) -> Iterator[str]:
    for run in runs.split():
        first, _, last = run.partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield f"{group}.{number:02d}"


NUMBERS = frozenset(number for group, runs in _GROUPS.items() for number in _members(group, runs))
