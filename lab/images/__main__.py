"""python -m lab.images build | services | pin | copy | sign | verify"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.release import ARCHITECTURES, ReleaseError, find_release
from lab import privilege
from lab.host import LabError, Progress
from lab.images import artefact, bundle, debian, services, upstream, verify
from lab.images.catalogue import IMAGES, NODE, SERVICES, Image
from toolchain import programs
from toolchain.errors import ToolchainError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m lab.images", description="The cluster's image bundle.")
    # For whom root builds the layers, which an ordinary user's process asks for by itself.
    top.add_argument("--for", dest="asker", type=int, help=argparse.SUPPRESS)
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build and sign the lab's bundle, unless its parts are the same")
    own = verbs.add_parser("services", help="build and sign the services' image of the present release")
    own.add_argument("--arch", choices=ARCHITECTURES, help="of the release (default: this computer's)")
    own.add_argument("--key", type=Path, help="the hospital's signing key (default: the lab's own)")
    verbs.add_parser("layers", help="only what takes root to build")
    verbs.add_parser("pin", help="write down which digest each of upstream's images has today")
    copying = verbs.add_parser("copy", help="a hospital's bundle, copied from upstream by digest and signed")
    copying.add_argument("--processor", default=bundle.architecture(), choices=["amd64", "arm64"])
    copying.add_argument("--key", type=Path, required=True, help="the hospital's signing key (OpenSSH)")
    signing = verbs.add_parser("sign", help="sign a bundle's list with an OpenSSH key")
    signing.add_argument("folder", type=Path)
    signing.add_argument("--key", type=Path, required=True)
    checking = verbs.add_parser("verify", help="check signature and content, as every machine does")
    checking.add_argument("folder", type=Path)
    checking.add_argument("--signers", type=Path, required=True)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors are one line on standard error."""
    options = parser().parse_args(argv)
    if options.asker is not None:
        privilege.adopt(privilege.person(options.asker))
    try:
        act(options, Progress())
    except (LabError, ReleaseError, ToolchainError, verify.BundleRefused) as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nimages: stopped; the same command carries on from here", file=sys.stderr)
        return 130
    return 0


def act(options: argparse.Namespace, progress: Progress) -> None:
    """Do what the command line says."""
    match options.verb:
        case "build":
            layers(progress)
            tell(artefact.ensure(IMAGES, programs.binaries(), progress))
        case "services":
            layers(progress, [SERVICES])
            here = next(
                linux for linux in ARCHITECTURES if bundle.ARCHITECTURES[linux] == bundle.architecture()
            )
            tell(services.ensure(find_release(options.arch or here), progress, options.key))
        case "layers":
            layers(progress)
        case "pin":
            upstream.pin(IMAGES, upstream.PINS, progress)
        case "copy":
            tell(copy(options.processor, options.key, progress))
        case "sign":
            bundle.sign(options.folder, options.key)
        case "verify":
            for image in verify.verify(options.folder, options.signers):
                print(f"{image.name} {image.digest} {image.version}")


def layers(progress: Progress, images: Sequence[Image] = (*IMAGES, SERVICES)) -> None:
    """Build what is missing of the layers that take root, asking for it only then."""
    wanted = [image.debian for image in images if image.debian]
    missing = [packages for packages in wanted if not debian.place(packages).is_dir()]
    if not missing or privilege.is_root():
        for packages in missing:
            debian.ensure(packages, progress)
        return
    argv = [sys.executable, "-m", "lab.images", f"--for={os.getpid()}", "layers"]
    environment = ["env", f"PYTHONPATH={privilege.REPOSITORY}", "PYTHONDONTWRITEBYTECODE=1"]
    if subprocess.run(privilege.as_root([*environment, *argv]), check=False).returncode != 0:
        raise LabError("the layers of Debian packages were not built: root's own message is above")


def copy(processor: str, key: Path, progress: Progress) -> artefact.ImageBundle:
    """A hospital's bundle, where the components look for it.

    Raises LabError when something cannot be copied, built or signed.
    """
    linux = next(name for name, short in bundle.ARCHITECTURES.items() if short == processor)
    own = [program for program in programs.CLUSTER if program.name in NODE.programs.values()]
    here = programs.binaries(own) if processor == bundle.architecture() else {}
    folder = upstream.copy(IMAGES, here, processor, artefact.folder_for(linux), progress)
    bundle.sign(folder, key)
    return artefact.find_bundle(linux)


def tell(made: artefact.ImageBundle) -> None:
    """Say where a bundle is."""
    size = made.archive.stat().st_size / 1e6
    print(f"bundle {made.digest[:12]}: {made.folder} ({len(made.images)} images, {size:.0f} MB)")


if __name__ == "__main__":
    sys.exit(main())
