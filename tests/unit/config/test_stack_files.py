"""The committed stack files, and files that are not quite YAML."""

import json
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
import yaml
from jsonschema import Draft7Validator
from pulumi.runtime import set_all_config

from infra.config.load import ConfigurationError, from_pulumi, read_hospital, read_stack_file
from infra.config.schema import FILE, stack_schema, stack_schema_text
from tests.unit.config.cases import PROJECT, STACK_FILES, changed

FIRST_LINE = "# yaml-language-server: $schema=infra/schema/stack.schema.json"
BLOCK = "config:\n  prontuario:hospital:\n"


@pytest.fixture(params=STACK_FILES, ids=lambda path: path.name)
def stack_file(request: pytest.FixtureRequest) -> Path:
    """Each committed ``Pulumi.<stack>.yaml``."""
    path: Path = request.param
    return path


def test_the_four_stacks_are_there() -> None:
    names = [path.name for path in STACK_FILES]
    assert names == ["Pulumi.lab-mvp.yaml", "Pulumi.lab.yaml", "Pulumi.mvp.yaml", "Pulumi.prod.yaml"]


def test_a_committed_stack_file_is_a_valid_hospital(stack_file: Path) -> None:
    assert read_stack_file(stack_file).name == "hospital"


def test_a_committed_stack_file_names_its_schema_first(stack_file: Path) -> None:
    first = stack_file.read_text("utf-8").splitlines()[0]
    assert first == FIRST_LINE
    assert (PROJECT / first.partition("$schema=")[2]) == FILE


def test_a_committed_stack_file_fits_its_schema(stack_file: Path) -> None:
    content = yaml.safe_load(stack_file.read_text("utf-8"))
    assert [error.message for error in Draft7Validator(stack_schema()).iter_errors(content)] == []


def test_a_committed_stack_file_holds_no_key(stack_file: Path) -> None:
    hospital = read_stack_file(stack_file)
    assert all(node.ssh.host_key is None for node in hospital.nodes.values())
    assert "secure:" not in stack_file.read_text("utf-8")


def test_the_schema_is_current() -> None:
    hint = "run: python -m infra.config.schema"
    assert FILE.read_text("utf-8") == stack_schema_text(), hint


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(stack_schema())


def test_the_schema_knows_a_whole_stack_file() -> None:
    content = {
        "encryptionsalt": "v1:abc",
        "config": {
            "prontuario:hospital": changed("prod", {}),
            "prontuario:sshPrivateKey": {"secure": "v1:abc"},
            "gcp:project": "medical-record-hospital",
        },
    }
    assert Draft7Validator(stack_schema()).is_valid(content)


@pytest.mark.parametrize(
    "config",
    [
        {"prontuario:sshPrivateKey": "-----BEGIN OPENSSH PRIVATE KEY-----"},
        {"prontuario:sshPrivateKeys": {"secure": "v1:abc"}},
        {"prontuario:hospitals": {}},
    ],
)
def test_the_schema_refuses_a_clear_key_and_unknown_keys_of_ours(config: dict[str, object]) -> None:
    content = {"config": {"prontuario:hospital": changed("prod", {}), **config}}
    assert not Draft7Validator(stack_schema()).is_valid(content)


def test_lab_has_the_shape_of_prod() -> None:
    lab, prod = (read_stack_file(PROJECT / f"Pulumi.{stack}.yaml") for stack in ("lab", "prod"))
    shape = [(name, node.role, node.zone, node.address) for name, node in prod.nodes.items()]
    assert [(name, node.role, node.zone, node.address) for name, node in lab.nodes.items()] == shape
    assert lab.edge == prod.edge


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "Pulumi.x.yaml: null: must be a block with the key config"),
        ("- a\n", "Pulumi.x.yaml: [...]: must be a block with the key config"),
        ("encryptionsalt: v1:abc\n", "Pulumi.x.yaml: missing: add the key config"),
        ("config:\n", "Pulumi.x.yaml: null: must be a block with the key prontuario:hospital"),
        ("config: {}\n", "Pulumi.x.yaml: missing: add the key prontuario:hospital"),
        (BLOCK, "prontuario:hospital: null: must be a block of keys"),
        (
            f"{BLOCK}    name: a\n    stack: mvp\n    name: b\n",
            "Pulumi.x.yaml: line 5, column 5: the key name stands twice",
        ),
        (
            "config: [\n",
            "Pulumi.x.yaml: line 2, column 1: expected the node content, but found '<stream end>'",
        ),
        ("config: *nobody\n", "Pulumi.x.yaml: line 1, column 9: found undefined alias 'nobody'"),
        ("config: \x00\n", "Pulumi.x.yaml: not YAML: the text is not YAML"),
        ("a: " + "[" * 2000, "Pulumi.x.yaml: nested too deeply: keep to the keys of the schema"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_stack_file(path)
    assert refused.value.problems == (line,)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    with pytest.raises(ConfigurationError) as refused:
        read_stack_file(path)
    assert str(refused.value) == f"{path}: cannot be read: No such file or directory"


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_bytes("config: prontuário".encode("latin-1"))
    with pytest.raises(ConfigurationError) as refused:
        read_stack_file(path)
    assert str(refused.value) == f"{path}: cannot be read: not UTF-8 text"


@pytest.fixture
def _engine_configuration() -> Iterator[None]:
    """Leaves no configuration behind for other tests."""
    yield
    set_all_config({})


@pytest.mark.usefixtures("_engine_configuration")
def test_the_engine_gives_the_same_hospital_as_the_file() -> None:
    set_all_config({"prontuario:hospital": json.dumps(changed("prod", {}))})
    assert from_pulumi() == read_stack_file(PROJECT / "Pulumi.prod.yaml")


@pytest.mark.usefixtures("_engine_configuration")
def test_a_stack_without_the_hospital_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all_config({})
    monkeypatch.setattr(pulumi, "get_stack", lambda: "ward-7")
    with pytest.raises(ConfigurationError) as refused:
        from_pulumi()
    rule = "add prontuario:hospital to Pulumi.ward-7.yaml, see Pulumi.mvp.yaml"
    assert refused.value.problems == (f"prontuario:hospital: missing: {rule}",)


@pytest.mark.usefixtures("_engine_configuration")
def test_a_value_the_engine_cannot_parse_is_not_echoed() -> None:
    set_all_config({"prontuario:hospital": "hunter2"})
    with pytest.raises(ConfigurationError) as refused:
        from_pulumi()
    assert refused.value.problems == ("prontuario:hospital: (not shown): must be a block of keys",)
    assert refused.value.__cause__ is None


def test_reading_changes_nothing_in_what_was_given() -> None:
    document = changed("prod", {"colour": "green"})
    before = json.dumps(document)
    with pytest.raises(ConfigurationError):
        read_hospital(document)
    assert json.dumps(document) == before
