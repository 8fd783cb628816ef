"""The stream: same seed same bytes, in any piece, without growing, and no number twice."""

import gzip
import json
import subprocess
import sys
import tracemalloc
from collections import deque
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brazil.cns import CnsKind
from app.brazil.invented import invent_cns, invent_cpf
from app.seed.__main__ import main
from app.seed.numbers import LIMIT, own_digits
from app.seed.places import CITIES, City
from app.seed.stream import json_line, patients

PROJECT = Path(__file__).parents[4]


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    target = tmp_path / "one.jsonl"
    assert main(["--patients", "40", "--seed", "5", "--to", str(target)]) == 0
    words = ["-m", "app.seed", "--patients", "40", "--seed", "5", "--to", "-"]
    again = subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, cwd=PROJECT, env={"PYTHONHASHSEED": "9"}
    )
    assert target.read_bytes() == again.stdout


def test_another_seed_gives_other_patients() -> None:
    assert [*map(json_line, patients(3, seed=1))] != [*map(json_line, patients(3, seed=2))]


@given(st.integers(0, 2**31), st.integers(0, 3), st.integers(0, 3))
def test_pieces_generated_apart_equal_the_whole(seed: int, one: int, other: int) -> None:
    whole = list(patients(one + other, seed=seed))
    assert whole == [*patients(one, seed=seed), *patients(other, seed=seed, first=one)]


def test_no_cpf_and_no_health_card_occurs_twice_in_a_hundred_thousand() -> None:
    random = Random(1)
    own = [own_digits(1, index) for index in range(100_000)]
    cpfs = {invent_cpf(random, digits + random.choice(CITIES).fiscal_region).digits for digits in own}
    cards = {invent_cns(random, random.choice(list(CnsKind)), digits).digits for digits in own}
    assert (len(cpfs), len(cards)) == (100_000, 100_000)


@given(st.integers(), st.sets(st.integers(0, LIMIT - 1), min_size=2, max_size=50))
def test_own_digits_are_eight_never_all_equal_and_never_anybody_elses(seed: int, indexes: set[int]) -> None:
    numbers = {own_digits(seed, index) for index in indexes}
    assert len(numbers) == len(indexes)
    assert all(len(number) == 8 and len(set(number)) > 1 for number in numbers)


@pytest.mark.parametrize("index", [-1, LIMIT])
def test_a_seed_ends_where_numbers_would_repeat(index: int) -> None:
    with pytest.raises(IndexError):
        own_digits(1, index)


def test_a_longer_stream_needs_no_more_memory() -> None:
    deque(patients(20), maxlen=0)  # names, codes and staff are kept once
    peaks = []
    for count in (20, 120):
        tracemalloc.start()
        deque(map(json_line, patients(count)), maxlen=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000  # bytes; 100 records more would be several million


def test_a_line_is_json_with_digits_offsets_and_numbers() -> None:
    for record in patients(30):
        line = json_line(record)
        assert line.endswith("}\n")
        assert line.count("\n") == 1
        plain = json.loads(line)
        assert plain["patient"]["invented"] is True
        assert plain["patient"]["cpf"] == record.patient.cpf.digits
        assert plain["patient"]["address"]["cep"] == record.patient.address.cep.digits
        assert len(plain["encounters"]) == len(record.encounters)
        assert datetime.fromisoformat(plain["encounters"][0]["started"]) == record.encounters[0].started
        assert [one["value"] for one in plain["observations"]] == [
            None if one.value is None else float(one.value) for one in record.observations
        ]


def test_a_packed_file_holds_the_same_lines_and_no_time(tmp_path: Path) -> None:
    plain, packed, again = tmp_path / "a.jsonl", tmp_path / "b.gz", tmp_path / "c.gz"
    for path in (plain, packed, again):
        assert main(["--patients", "5", "--to", str(path)]) == 0
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes() == again.read_bytes()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m app.seed --patients 300 --to - | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, cwd=PROJECT
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["patient"]["invented"] is True


def test_a_file_that_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--patients", "1", "--to", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"seed: cannot write {tmp_path}: Is a directory\n"
    assert list(tmp_path.parent.glob(".seed-*")) == []


@pytest.mark.parametrize(
    "words", [["--patients", "-1"], ["--first", str(LIMIT)], ["--patients", str(LIMIT + 1)]]
)
def test_patients_that_a_seed_does_not_have_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_a_city_has_ibges_check_digit_and_its_states_fiscal_region(city: City) -> None:
    code, region = city.municipality, city.fiscal_region
    products = [int(digit) * (1 + at % 2) for at, digit in enumerate(code[:6])]
    assert (sum(value // 10 + value % 10 for value in products) + int(code[6])) % 10 == 0
    assert invent_cpf(Random(1), "12345678" + region).digits[8] == region
