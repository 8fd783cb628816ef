"""Who may do what, spelt a second time: whoever widens a right changes two places and is asked why."""

from dataclasses import replace
from uuid import uuid4

import pytest

from app.domain.access import ALLOWED, CRITICAL, Action, may, require
from app.domain.caller import Caller, Role
from app.domain.refusals import Forbidden, PasskeyNeeded, ProveAgain

# Columns: administrador, administrativo, medico, enfermagem, farmacia, auditor; ! asks for a recent proof.
TABLE = """
consultar-contas                 A.....
administrar-contas               A.....!
alterar-politica-de-seguranca    A.....!
publicar-termo-de-uso            A.....!
localizar-paciente               .AMEF.
identificar-paciente             .AME..
unificar-pacientes               .A....!
registrar-atendimento            .AME..
consultar-prontuario             ..MEF.
escrever-evolucao                ..MEF.
registrar-problema               ..ME..
registrar-alergia                ..MEF.
registrar-medida                 ..ME..
prescrever                       ..M...
dispensar                        ....F.
administrar-medicamento          ..ME..
tratar-tarefas                   ..MEF.
anexar-documento                 ..MEF.
assinar-documento                ..MEF.!
abrir-acesso-de-emergencia       ..MEF.!
registrar-consentimento          .AMEF.
guardar-por-ordem-legal          .A....
consultar-auditoria              .....U
revisar-acesso-de-emergencia     .....U
"""
ROWS = dict(line.split() for line in TABLE.strip().splitlines())
CELLS = [(role, action) for role in Role for action in Action]


def caller(*roles: Role, proved_recently: bool = True) -> Caller:
    """Somebody with these roles."""
    return Caller(uuid4(), uuid4(), frozenset(roles), proved_recently=proved_recently)


def test_the_table_names_every_action_and_no_other() -> None:
    assert set(ROWS) == set(Action)
    assert set(ALLOWED) == set(Role)


@pytest.mark.sbis("NGS1.03.04", "reading, writing and other acts are separate permissions")
@pytest.mark.parametrize(("role", "action"), CELLS, ids=[f"{role}-{action}" for role, action in CELLS])
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, action: Action) -> None:
    allowed = ROWS[action][list(Role).index(role)] != "."
    assert may(caller(role), action) is allowed
    if allowed:
        require(caller(role), action)
    else:
        with pytest.raises(Forbidden):
            require(caller(role), action)


@pytest.mark.parametrize("action", Action)
def test_a_critical_act_asks_for_a_recent_proof(action: Action) -> None:
    assert (action in CRITICAL) is ROWS[action].endswith("!")
    everybody = caller(*Role, proved_recently=False)
    if action in CRITICAL:
        with pytest.raises(ProveAgain):
            require(everybody, action)
    else:
        require(everybody, action)


@pytest.mark.parametrize("action", Action)
def test_a_face_is_not_enough_to_sign_or_to_administer(action: Action) -> None:
    everybody = replace(caller(*Role), by_face=True)
    if action in (Action.SIGN_DOCUMENT, Action.MANAGE_ACCOUNTS, Action.CHANGE_SECURITY_POLICY):
        with pytest.raises(PasskeyNeeded):
            require(everybody, action)
    else:
        require(everybody, action)


def test_who_is_not_allowed_is_not_asked_to_prove_anything() -> None:
    with pytest.raises(Forbidden):
        require(caller(Role.ADMINISTRATOR, proved_recently=False), Action.SIGN_DOCUMENT)


@pytest.mark.sbis("NGS1.03.06", "the administrator sees no clinical data")
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.ADMINISTRATIVE, Role.AUDITOR])
def test_who_treats_nobody_reads_no_chart(role: Role) -> None:
    assert not may(caller(role), Action.READ_CHART)


@pytest.mark.sbis("NGS1.03.07", "a person may hold several roles")
def test_rights_of_several_roles_add_up_and_nobody_without_a_role_may_anything() -> None:
    both = caller(Role.ADMINISTRATIVE, Role.AUDITOR)
    assert may(both, Action.IDENTIFY_PATIENT)
    assert may(both, Action.READ_AUDIT)
    assert not any(may(caller(), action) for action in Action)
