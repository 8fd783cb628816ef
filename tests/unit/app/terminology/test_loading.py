"""The publishers' files: each is read as it is published, and what is wrong with it is said once."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.terminology.__main__ import main
from app.terminology.catalogue import SYSTEMS
from app.terminology.load import load_files, load_seed
from app.terminology.model import Concept, Edition, TerminologyError

# Shaped like DATASUS's and the Ministério do Trabalho's files, line ends, empty fields and encoding included.
CATEGORIES = (
    "CAT;CLASSIF;DESCRICAO;DESCRABREV;REFER;EXCLUIDOS;\r\n"
    "I10;;Hipertensão (categoria);I10   Hipertensao;;;\r\n"
    "J45;;Asma;J45   Asma;;;\r\n"
)
SUBCATEGORIES = (
    "SUBCAT;CLASSIF;RESTRSEXO;CAUSAOBITO;DESCRICAO;DESCRABREV;REFER;EXCLUIDOS;\r\n"
    "A065;+;;;Termo com  adaga;A06.5 Termo;J99.8*;;\r\n"
    "I10;;;;Hipertensão;I10   Hipertensao;;;\r\n"
    "N40;;M;;Próstata;N40   Prostata;;;\r\n"
    "O809;;F;N;Parto;O80.9 Parto;;;\r\n"
)
OCCUPATIONS = "CODIGO;TITULO\r\n10105;Oficial\r\n225125;Médico clínico\r\n2235C3;Enfermeiro\r\n"
PROSTATE_ONLY_MEN = {"N40": "male", "O809": "female"}


class Kept:
    """Stands where the database will: remembers what it was told to keep."""

    def __init__(self) -> None:
        self.editions: dict[str, tuple[Edition, list[Concept]]] = {}

    def __call__(self, edition: Edition, concepts: Iterable[Concept]) -> int:
        self.editions[edition.name] = edition, list(concepts)
        return len(self.editions[edition.name][1])


def written(folder: Path, name: str, text: str, encoding: str = "latin-1") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def terms(name: str, *paths: Path) -> dict[str, str]:
    loaded = load_files(name, paths, version="2008", source="test", partial=True)
    return {concept.code: concept.term for concept in loaded.concepts}


@pytest.fixture
def cid10(tmp_path: Path) -> list[Path]:
    return [written(tmp_path, "cat.csv", CATEGORIES), written(tmp_path, "sub.csv", SUBCATEGORIES)]


def code_system(name: str, concepts: list[dict[str, object]]) -> str:
    return json.dumps({"resourceType": "CodeSystem", "url": SYSTEMS[name].uri, "concept": concepts})


def test_cid10_is_read_from_datasus_two_tables(cid10: list[Path]) -> None:
    assert terms("cid10", *cid10) == {
        "A065": "Termo com adaga",
        "I10": "Hipertensão",
        "J45": "Asma",
        "N40": "Próstata",
        "O809": "Parto",
    }


def test_a_code_in_both_tables_has_the_later_ones_words(cid10: list[Path]) -> None:
    assert terms("cid10", *reversed(cid10))["I10"] == "Hipertensão (categoria)"


def test_a_code_for_one_sex_says_so(cid10: list[Path]) -> None:
    loaded = load_files("cid10", cid10, version="2008", source="test", partial=True)
    assert {one.code: one.sex for one in loaded.concepts if one.sex} == PROSTATE_ONLY_MEN


def test_cbo_is_read_with_the_zeros_that_spreadsheets_lose(tmp_path: Path) -> None:
    assert terms("cbo", written(tmp_path, "cbo.csv", OCCUPATIONS)) == {
        "010105": "Oficial",
        "225125": "Médico clínico",
        "2235C3": "Enfermeiro",
    }


def test_a_code_system_of_rnds_is_read_with_children_and_retired_codes(tmp_path: Path) -> None:
    concepts: list[dict[str, object]] = [
        {"code": "T90", "display": "Diabetes", "concept": [{"code": "T89", "display": "Diabetes tipo 1"}]},
        {"code": "A01", "display": "Velho", "property": [{"code": "inactive", "valueBoolean": True}]},
        {"code": "A02", "display": "Antigo", "property": [{"code": "status", "valueCode": "retired"}]},
    ]
    path = written(tmp_path, "ciap.json", code_system("ciap2", concepts), "utf-8")
    loaded = load_files("ciap2", [path], version="1.0.0", source="RNDS", partial=True)
    assert [(one.code, one.active) for one in loaded.concepts] == [
        ("A01", False),
        ("A02", False),
        ("T89", True),
        ("T90", True),
    ]


def test_dots_hyphens_and_small_letters_in_codes_make_no_difference(tmp_path: Path) -> None:
    path = written(tmp_path, "own.csv", "codigo;termo\nj45.9;Asma\n", "utf-8-sig")
    assert terms("cid10", path) == {"J459": "Asma"}
    path = written(tmp_path, "own.csv", "codigo;termo\n2251-25;Médico\n", "utf-8")
    assert terms("cbo", path) == {"225125": "Médico"}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("cid10", "", "line 1: '' is no header"),
        ("cid10", OCCUPATIONS, "line 1: 'codigo;titulo' is no header of a cid10 table"),
        ("cbo", CATEGORIES, "is no header of a cbo table"),
        ("cid10", "codigo;termo\nI10;Um\nI10;Outro\n", "line 3: I10 has two terms: 'Um' and 'Outro'"),
        ("cid10", "codigo;termo\nI1;Um\n", "line 2: 'I1' is no code of cid10"),
        ("cid10", "codigo;termo\nI10; \n", "line 2: I10 has no term"),
        ("cid10", "codigo;termo\nI10\n", "line 2: 1 fields where at least 2 are needed"),
        ("cid10", 'codigo;termo\nI10;"aberto\n', "unexpected end of data"),
        ("cid10", "{", "not JSON"),
        ("cid10", "[]", "resourceType"),
        ("cid10", '{"resourceType": "ValueSet"}', "resourceType"),
        ("cid10", code_system("ciap2", [{"code": "A01", "display": "x"}]), "name the other terminology"),
        ("cid10", code_system("cid10", []), "does not contain its concepts"),
        ("cid10", code_system("cid10", [{"code": "I10"}]), "without code or display"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(
    tmp_path: Path, name: str, text: str, fault: str
) -> None:
    path = written(tmp_path, "bad", text, "utf-8")
    with pytest.raises(TerminologyError) as caught:
        load_files(name, [path], version="1", source="test", partial=True)
    assert str(caught.value).startswith(f"{path}: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_was_cut_short_is_not_taken_for_the_whole(cid10: list[Path]) -> None:
    with pytest.raises(TerminologyError, match="5 concepts, and a whole edition has at least 12000"):
        load_files("cid10", cid10, version="2008", source="test")


def test_a_missing_file_and_an_unknown_terminology_are_named(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match=r"absent\.csv: cannot be read: No such file"):
        load_files("cid10", [tmp_path / "absent.csv"], version="1", source="test")
    with pytest.raises(TerminologyError, match="'cid11' is unknown: choose one of cid10, ciap2, cbo, loinc"):
        load_seed("cid11")


def test_nothing_is_kept_when_the_second_file_is_bad(cid10: list[Path], tmp_path: Path) -> None:
    kept = Kept()
    bad = written(tmp_path, "bad.csv", "x;y\n")
    words = ["load", "cid10", str(cid10[0]), str(bad), "--version", "1", "--source", "test", "--partial"]
    assert main(words, kept) == 1
    assert kept.editions == {}


def test_an_edition_carries_system_version_source_and_licence(cid10: list[Path]) -> None:
    kept = Kept()
    files = [str(path) for path in cid10]
    words = ["load", "cid10", *files, "--version", "2008", "--source", "DATASUS, 21/11/2026", "--partial"]
    assert main(words, kept) == 0
    edition, concepts = kept.editions["cid10"]
    assert edition == Edition(
        SYSTEMS["cid10"].uri, "cid10", "2008", "DATASUS, 21/11/2026", SYSTEMS["cid10"].licence, whole=False
    )
    assert [concept.code for concept in concepts] == ["A065", "I10", "J45", "N40", "O809"]


def test_loading_into_a_folder_twice_leaves_one_whole_file(cid10: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    words = ["load", "cid10", str(cid10[0]), "--version", "2008", "--source", "s", "--partial"]
    for _ in range(2):
        assert main([*words, "--to", str(folder)]) == 0
    (only,) = folder.iterdir()
    edition, *concepts = map(json.loads, only.read_text(encoding="utf-8").splitlines())
    assert (only.name, edition["version"], [one["code"] for one in concepts]) == (
        "cid10-2008.jsonl",
        "2008",
        ["I10", "J45"],
    )


def test_checking_keeps_nothing(cid10: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    kept = Kept()
    assert main(["check", "cid10", str(cid10[0]), "--version", "1", "--source", "s", "--partial"], kept) == 0
    assert kept.editions == {}
    assert "2 concepts, nothing kept" in capsys.readouterr().out


def test_nobody_can_pass_a_hospitals_edition_off_as_the_seeds(cid10: list[Path]) -> None:
    with pytest.raises(SystemExit):
        main(["load", "cid10", str(cid10[0]), "--version", "seed-1", "--source", "s"])


def test_every_terminology_has_seed_concepts_that_say_whose_words_they_are() -> None:
    kept = Kept()
    assert main(["seed"], kept) == 0
    assert list(kept.editions) == list(SYSTEMS)
    for edition, concepts in kept.editions.values():
        assert not edition.whole
        assert 0 < len(concepts) < 30
        assert all(concept.provenance.startswith("our words") for concept in concepts)


def test_loinc_codes_of_the_seed_have_their_check_digit() -> None:
    for concept in load_seed("loinc").concepts:
        number, check = concept.code.split("-")
        doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(number))]
        assert (sum(value // 10 + value % 10 for value in doubled) + int(check)) % 10 == 0, concept
