"""A disk that loses what was not synced, and nothing else; and a cover that comes and goes."""

import contextlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import volumes
from drills.disk.cover import FOLDER, PROGRAM, SOURCES, Disk
from drills.disk.faulty_disk import SLOW_BYTES, SLOW_S, FaultyDisk
from drills.disk.nodes import Nodes
from drills.disk.operations import HANDLERS, READ_WRITE, SETATTR
from drills.disk.unsynced import PAGE, Contents
from tests.unit.drills.pretended import PaperMachine

LARGEST = 3 * PAGE
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, LARGEST), st.binary(min_size=1, max_size=PAGE + 9)),
        st.tuples(st.just("resize"), st.integers(0, LARGEST), st.just(b"")),
        st.tuples(st.just("sync"), st.just(0), st.just(b"")),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(begin=st.binary(max_size=LARGEST), todo=steps)
def test_it_reads_as_a_file_and_keeps_what_the_last_sync_saw(
    begin: bytes, todo: Sequence[tuple[str, int, bytes]]
) -> None:
    handle = os.memfd_create("disk")
    try:
        os.write(handle, begin)
        contents = Contents(len(begin))
        model = synced = bytearray(begin)
        for what, place, data in todo:
            if what == "write":
                contents.write(handle, place, data)
                model = bytearray(model.ljust(place, b"\0"))
                model[place : place + len(data)] = data
            elif what == "resize":
                contents.resize(place)
                model = bytearray(model[:place].ljust(place, b"\0"))
            else:
                contents.sync(handle)
                synced = model
            assert contents.size == len(model)
            assert contents.read(handle, 0, 2 * LARGEST) == bytes(model)
            # The power is cut here: only the file itself is left.
            assert os.pread(handle, 2 * LARGEST, 0) == bytes(synced)
    finally:
        os.close(handle)


def test_a_slow_disk_takes_its_time_when_something_is_to_be_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("drills.disk.faulty_disk.time.sleep", waited.append)
    monkeypatch.setattr(Nodes, "__init__", lambda *_: None)
    monkeypatch.setattr(FaultyDisk, "obey", lambda self: setattr(self, "mode", "slow"))
    disk, owner, one, other = FaultyDisk("folder", "mode"), (0, 0), 7, 8
    half = READ_WRITE.pack(0, 0, SLOW_BYTES // 2, 0, 0, 0, 0)
    for opcode, node, body in [
        (16, one, half),
        (16, one, half),
        (20, other, b""),
        (20, one, b""),
        (20, one, b""),
    ]:
        with contextlib.suppress(struct.error, AttributeError):  # there is no such file behind it
            disk._answer(opcode, node, owner, body)
    assert waited == [SLOW_S, SLOW_S + 1, SLOW_S]


def test_the_layouts_have_the_kernels_sizes() -> None:
    assert (READ_WRITE.size, SETATTR.size) == (40, 88)
    assert set(HANDLERS) >= {1, 3, 4, 14, 15, 16, 18, 20, 26, 28, 35}


def test_the_covered_folder_is_the_records_volume() -> None:
    assert Path(FOLDER) == Path(volumes.FOLDER) / "records"


def test_the_program_is_delivered_started_and_waited_for() -> None:
    machine = PaperMachine("mac-a")
    Disk(machine).put("slow")
    delivered = [line for line in machine.said if "cat > /run/faulty-disk/drills/disk/" in line]
    assert len(delivered) == len(PROGRAM) >= 4
    program = "-m drills.disk.faulty_disk /var/lib/prontuario-volumes/records"
    assert any(program in line for line in machine.said)
    assert machine.said[-1].startswith("mac-a: sh -c for n in $(seq 50); do mountpoint -q")


def test_what_is_delivered_needs_nothing_but_python() -> None:
    for path in PROGRAM:
        lines = (SOURCES / path).read_text().splitlines()
        ours = [line.split()[1] for line in lines if line.startswith("from drills")]
        assert all(module.startswith("drills.disk.") for module in ours)


def test_a_cover_is_gone_with_the_power() -> None:
    machine = PaperMachine("mac-a", on=False)
    assert not Disk(machine).is_there()
