"""The failure detector as one file for Python: from the same sources the same bytes and the same name."""

import hashlib
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

_REPOSITORY = Path(__file__).parents[1]
_SOURCES = _REPOSITORY / "detector"
_BUILT = _REPOSITORY / "build" / "detector"
_START = b"import sys\n\nfrom detector.__main__ import main\n\nsys.exit(main())\n"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip archive can say."""


@dataclass(frozen=True)
class Package:
    """A built package: a file here, its sha256 (hex), and a name that says what is in it."""

    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """``prontuario-detector-<first 12 digits of its sha256>.pyz``."""
        return self.path.name


def build_package(folder: Path = _BUILT) -> Package:
    """Write the package of the present sources into ``folder``, unless it is there."""
    content = _archive(_SOURCES)
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"prontuario-detector-{sha256[:12]}.pyz"
    if not path.is_file() or path.read_bytes() != content:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    return Package(path, sha256)


def _archive(sources: Path) -> bytes:
    files = {"__main__.py": _START}
    files |= {f"detector/{path.name}": path.read_bytes() for path in sources.glob("*.py")}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
