"""The terminologies that are known, what their codes look like, and who owns them.

URIs are those of RNDS's guides (rnds-fhir.saude.gov.br), which Brazilian FHIR profiles bind to.
"""

import re
from dataclasses import dataclass

from app.terminology.model import TerminologyError

_RNDS = "http://www.saude.gov.br/fhir/r4/CodeSystem/"


@dataclass(frozen=True, slots=True)
class System:
    """A terminology.

    code: what its codes look like, without dots and hyphens
    least: how few concepts a whole edition has; fewer means that a file is cut short
    """

    name: str
    uri: str
    title: str
    code: re.Pattern[str]
    least: int
    licence: str


_SYSTEMS = (
    System(
        "cid10",
        f"{_RNDS}BRCID10",
        "CID-10, Classificação Internacional de Doenças",
        re.compile(r"[A-Z][0-9]{2}[0-9]?"),
        12_000,
        "© WHO; Portuguese edition distributed by DATASUS. Use in a product or in an organisation's systems "
        "needs WHO's licence; redistribution of the tables is not allowed.",
    ),
    System(
        "ciap2",
        f"{_RNDS}BRCIAP2",
        "CIAP-2, Classificação Internacional de Atenção Primária",
        re.compile(r"[A-Z-][0-9]{2}"),
        650,
        "© WONCA; Portuguese edition by SBMFC with WONCA's permission. The hospital asks SBMFC or WONCA for "
        "its terms; no permission to redistribute the tables is known.",
    ),
    System(
        "cbo",
        f"{_RNDS}BRCBO",
        "CBO, Classificação Brasileira de Ocupações",
        re.compile(r"[0-9]{4}[0-9A-Z]{2}"),
        2_400,
        "Ministério do Trabalho, Portaria 397/2002; the printed edition of 2010 forbids reproduction without "
        "permission, the tables are free to download.",
    ),
    System(
        "loinc",
        "http://loinc.org",
        "LOINC",
        re.compile(r"[0-9]{1,7}-[0-9]"),
        90_000,
        "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief "
        "Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is "
        "available at no cost under the license at http://loinc.org/license.",
    ),
)

SYSTEMS = {system.name: system for system in _SYSTEMS}


def find_system(name: str) -> System:
    """The terminology of that name; TerminologyError with the names there are."""
    if name not in SYSTEMS:
        raise TerminologyError(f"terminology {name!r} is unknown: choose one of {', '.join(SYSTEMS)}")
    return SYSTEMS[name]
