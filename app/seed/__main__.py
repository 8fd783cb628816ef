"""Write invented patients as JSON lines: the same seed and number, the same bytes."""

import argparse
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from app.seed.numbers import LIMIT
from app.seed.stream import json_line, patients

_OUTPUT = Path("build/seed/patients.jsonl")


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m app.seed", description=__doc__)
    parser.add_argument("--patients", type=int, default=1000, metavar="N", help="how many (default: 1000)")
    parser.add_argument("--first", type=int, default=0, metavar="I", help="index of the first (default: 0)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which hospital (default: 1)")
    parser.add_argument(
        "--to",
        type=Path,
        default=_OUTPUT,
        metavar="FILE",
        help=f"- is standard output, .gz packs (default: {_OUTPUT})",
    )
    arguments = parser.parse_args(words)
    if arguments.patients < 0 or not 0 <= arguments.first <= LIMIT - arguments.patients:
        parser.error(f"--first and --patients: a seed has the patients 0 to {LIMIT - 1}")
    started, size = time.monotonic(), 0
    try:
        with _writable(arguments.to) as output:
            for record in patients(arguments.patients, seed=arguments.seed, first=arguments.first):
                size += output.write(json_line(record).encode())
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to flush into a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"seed: cannot write {arguments.to}: {error.strerror}", file=sys.stderr)
        return 1
    took = time.monotonic() - started
    summary = f"{arguments.patients} patients, {size / 1e6:.1f} MB, {took:.1f} s"
    print(f"seed {arguments.seed}: {summary}", file=sys.stderr)
    return 0


@contextmanager
def _writable(path: Path) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears when it is whole."""
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".seed-", delete=False) as draft:
        try:
            if path.suffix == ".gz":
                # No name and no time inside: the same patients, the same bytes.
                with gzip.GzipFile("", "wb", 6, draft, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield cast(BinaryIO, draft)
            draft.flush()
            Path(draft.name).replace(path)
        except BaseException:
            Path(draft.name).unlink()
            raise


if __name__ == "__main__":
    sys.exit(main())
