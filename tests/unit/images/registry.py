"""A skopeo for tests: answers from a folder that stands for upstream's registries."""

import hashlib
import json
import sys
from pathlib import Path

_SKOPEO = """\
#!{python}
import hashlib, json, pathlib, shutil, sys
home = pathlib.Path({home!r})
with (home / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
words = [word for word in sys.argv[1:] if word not in ("--raw", "--quiet", "--preserve-digests")]
chosen = "amd64"
while words[0].startswith("--"):
    option, value = words.pop(0), words.pop(0)
    chosen = value if option == "--override-arch" else chosen
def known(reference):
    name = reference.removeprefix("docker://")
    for row in json.loads((home / "images.json").read_text()):
        if name in (row["name"], row["name"].rpartition(":")[0] + "@" + row["digest"]):
            return row
    sys.exit(f"time=now level=fatal msg=\\"manifest unknown: {{name}}\\"")
if words[0] == "inspect":
    sys.stdout.write((home / known(words[1])["digest"]).read_text())
else:
    index = json.loads((home / known(words[1])["digest"]).read_text())
    if (home / "stubborn").exists():
        chosen = index["manifests"][0]["platform"]["architecture"]
    (digest,) = [e["digest"] for e in index["manifests"] if e["platform"]["architecture"] == chosen]
    place = pathlib.Path(words[2].removeprefix("dir:"))
    place.mkdir()
    shutil.copy(home / digest, place / "manifest.json")
    manifest = json.loads((home / digest).read_text())
    for part in (manifest["config"], *manifest["layers"]):
        content = (home / part["digest"]).read_bytes()
        if (home / "altered").exists():
            content = content[::-1]
        (place / part["digest"].removeprefix("sha256:")).write_bytes(content)
"""

KIND = "application/vnd.docker.distribution.manifest.v2+json"


class Registry:
    """Upstream's registries, and the program that reaches them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        (home / "images.json").write_text("[]")
        self.programs = home / "bin"
        self.programs.mkdir()
        (self.programs / "skopeo").write_text(_SKOPEO.format(python=sys.executable, home=str(home)))
        (self.programs / "skopeo").chmod(0o755)

    def publish(self, name: str) -> str:
        """Put an image for two processors there; the digest of its index."""
        rows = []
        for processor in ("amd64", "arm64"):
            config = self._put(json.dumps({"architecture": processor, "os": "linux", "of": name}))
            layer = self._put(f"layer of {name} for {processor}")
            manifest = {
                "schemaVersion": 2,
                "mediaType": KIND,
                "config": {"mediaType": "config", **config},
                "layers": [{"mediaType": "layer", **layer}],
            }
            found = self._put(json.dumps(manifest, indent=3))
            rows.append({**found, "platform": {"architecture": processor, "os": "linux"}})
        digest = str(self._put(json.dumps({"schemaVersion": 2, "manifests": rows}))["digest"])
        images = json.loads((self.home / "images.json").read_text())
        images = [row for row in images if row["name"] != name] + [{"name": name, "digest": digest}]
        (self.home / "images.json").write_text(json.dumps(images))
        return digest

    @property
    def calls(self) -> list[str]:
        """What skopeo was asked."""
        return (self.home / "calls").read_text().splitlines()

    def behaves(self, how: str) -> None:
        """``stubborn``: gives another processor's image. ``altered``: other content."""
        (self.home / how).touch()

    def _put(self, text: str) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        (self.home / digest).write_text(text)
        return {"digest": digest, "size": len(text)}
