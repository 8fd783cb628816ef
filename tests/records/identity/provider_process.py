"""A real OpenID provider in a process of its own, and a browser for its pages."""

import json
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx

_SOURCES = Path(__file__).parent / "provider"
SECRET = "of-the-hospital"


def install(folder: Path) -> Path:
    """The provider and what it needs, as package-lock.json pins them."""
    assert shutil.which("npm"), (
        "the test of OpenID Connect needs Node.js 20 or newer: its server is a node program"
    )
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(_SOURCES / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@dataclass
class ProviderProcess:
    """One server at one port; started again it has other keys.

    skew: seconds by which its clock is ahead
    """

    folder: Path
    redirect: str
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def issuer(self) -> str:
        """Its name for itself."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, key: str = "first", skew: int = 0) -> Self:
        """Serve until stopped."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        told = {"port": self.port, "redirect": self.redirect, "key": key, "skew": skew}
        log = (self.folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            ["node", "server.mjs", json.dumps(told)], cwd=self.folder, stdout=log, stderr=log
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the provider did not come up"
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def visit(self, url: str, login: str) -> dict[str, str]:
        """Sign in at the provider's pages as ``login``, and agree; what the browser is sent back with."""
        with httpx.Client() as browser:
            answer = browser.get(url)
            for _ in range(12):
                if answer.is_redirect:
                    target = str(answer.next_request.url) if answer.next_request else ""
                    if target.startswith(self.redirect):
                        return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
                    answer = browser.get(target)
                    continue
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert prompt, answer.text
                form = {"prompt": prompt[1], "login": login, "password": "any"}
                answer = browser.post(str(answer.url), data=form)
        raise AssertionError("the provider never sent the browser back")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.issuer}/.well-known/openid-configuration").status_code == 200
        except httpx.TransportError:
            return False
