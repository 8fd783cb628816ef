"""python -m lab.images build | sign | verify"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.host import LabError, Progress, cache_folder
from lab.images import bundle, verify
from lab.images.catalogue import IMAGES
from toolchain import programs
from toolchain.errors import ToolchainError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m lab.images", description="The cluster's image bundle.")
    verbs = top.add_subparsers(dest="verb", required=True)
    building = verbs.add_parser("build", help="build archive and list from our toolchain and Debian")
    building.add_argument("--output", type=Path, default=cache_folder() / "bundle")
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
    try:
        match options.verb:
            case "build":
                bundle.build(IMAGES, programs.binaries(), options.output, Progress())
                archive = options.output / verify.ARCHIVE
                digest = hashlib.file_digest(archive.open("rb"), "sha256").hexdigest()
                print(f"{archive} {archive.stat().st_size / 1e6:.0f} MB sha256:{digest}")
            case "sign":
                bundle.sign(options.folder, options.key)
            case "verify":
                for image in verify.verify(options.folder, options.signers, bundle.architecture()):
                    print(f"{image.name} {image.digest} {image.version}")
    except (LabError, ToolchainError, verify.BundleRefused) as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
