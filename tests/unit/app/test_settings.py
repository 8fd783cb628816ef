"""The environment is read once and refused whole."""

import pytest

from app.settings import ServiceRole, Settings, SettingsError


def test_a_machine_is_described_by_its_environment() -> None:
    settings = Settings.from_environment(
        {"PRONTUARIO_MACHINE": "mac-b", "PRONTUARIO_ADDRESS": "192.168.100.11", "PRONTUARIO_DRAIN": "0.5"}
    )
    assert (settings.machine, str(settings.address), settings.drain) == ("mac-b", "192.168.100.11", 0.5)


def test_variables_of_others_are_left_alone() -> None:
    assert Settings.from_environment({"PATH": "/bin", "PRONTUARIO_LAB": "x"}) == Settings()


def test_every_variable_at_fault_is_named_in_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"PRONTUARIO_PORT": "0", "PRONTUARIO_MACHINE": "a b"})
    message = str(caught.value)
    assert "PRONTUARIO_PORT='0'" in message
    assert "PRONTUARIO_MACHINE='a b'" in message
    assert "\n" not in message


@pytest.mark.parametrize("machine", ["", "-a", "a\nb", "<b>", "a" * 97])
def test_a_machine_name_that_could_break_a_header_is_refused(machine: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_environment({"PRONTUARIO_MACHINE": machine})


def test_a_process_is_told_its_part_and_whose_word_it_takes() -> None:
    settings = Settings.from_environment(
        {"PRONTUARIO_ROLE": "worker", "PRONTUARIO_EDGE_ADDRESSES": "10.0.0.1 10.0.0.2"}
    )
    assert settings.role is ServiceRole.WORKER
    assert [str(one) for one in settings.edge_addresses] == ["10.0.0.1", "10.0.0.2"]
    assert Settings().role is ServiceRole.API
    with pytest.raises(SettingsError, match="PRONTUARIO_ROLE='boss'"):
        Settings.from_environment({"PRONTUARIO_ROLE": "boss"})
