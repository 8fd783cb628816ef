"""Where Debian packages come from: whatever archive this computer itself is configured to use."""

import platform
from pathlib import Path

from lab.host import command

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FIELDS = "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ORIGIN)\t$(SIGNED_BY)"
# What may decide whether the archive can be reached at all from here (proxies, clocks, retries).
PASSED_ON = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries", "Acquire::Force")


def sources(release: str) -> str:
    """One-line apt sources of ``release`` (updates and security included) as this computer reaches them.

    Empty when this computer is not a Debian: then mmdebstrap's own default archive serves.
    """
    try:
        here = platform.freedesktop_os_release()
    except OSError:
        return ""
    if here.get("ID") != "debian":
        return ""
    own = here.get("VERSION_CODENAME", "")
    wanted = {own, f"{own}-updates", f"{own}-security"}
    listing = command(["apt-get", "indextargets", "--format", FIELDS, "Identifier: Packages"], check=False)
    lines = []
    for row in listing.stdout.splitlines():
        uri, suite, component, origin, signed_by = row.split("\t")
        ours = origin in ("Debian", "$(ORIGIN)") and ("debian-archive" in signed_by or "$(" in signed_by)
        if own and suite in wanted and component == "main" and ours:
            lines.append(f"deb {uri} {release}{suite.removeprefix(own)} main\n")
    return "".join(dict.fromkeys(lines))


def options() -> list[str]:
    """This computer's apt settings that reaching the archive depends on, as apt.conf lines."""
    dump = command(["apt-config", "dump"], check=False)
    kept = [line for line in dump.stdout.splitlines() if line.startswith(PASSED_ON)]
    for setting, path in (("netrc", "/etc/apt/auth.conf"), ("netrcparts", "/etc/apt/auth.conf.d")):
        if Path(path).exists():
            kept.append(f'Dir::Etc::{setting} "{path}";')
    return kept


def keyring() -> list[str]:
    """Signatures are checked against Debian's own keys, also on a computer that is not a Debian."""
    return [f"--keyring={KEYRING}"]
