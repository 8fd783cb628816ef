"""Accounts and their roles, passwords, sessions and tokens, and the rules of signing in."""

from app.database.script import run

revision = "0003"
down_revision = "0002"
phase = "expand"

ACCOUNTS = """
CREATE TABLE accounts (
    id uuid NOT NULL,
    version integer NOT NULL,
    username text NOT NULL,
    name text NOT NULL,
    cpf text NOT NULL,
    registration text,
    occupation text,
    roles text[] NOT NULL,
    active boolean NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_accounts PRIMARY KEY (id),
    CONSTRAINT uq_accounts_username UNIQUE (username),
    CONSTRAINT uq_accounts_cpf UNIQUE (cpf),
    CONSTRAINT ck_accounts_username CHECK (username = lower(username)),
    CONSTRAINT ck_accounts_cpf CHECK (cpf ~ '^[0-9]{11}$'),
    CONSTRAINT ck_accounts_roles CHECK (
        cardinality(roles) > 0
        AND roles <@ ARRAY['administrador', 'administrativo', 'medico', 'enfermagem', 'farmacia', 'auditor']
    )
);
CALL protect_versions('accounts');

-- Whatever a program does, and whoever does what at the same time.
CREATE FUNCTION guard_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.changed_by = NEW.id AND (NEW.roles <> OLD.roles OR NEW.active <> OLD.active) THEN
        RAISE EXCEPTION 'nobody changes their own rights'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'own_rights';
    END IF;
    IF NEW.cpf <> OLD.cpf AND NEW.change_reason IS NULL THEN
        RAISE EXCEPTION 'a CPF is not changed without a reason'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cpf_reason';
    END IF;
    IF OLD.active AND 'administrador' = ANY (OLD.roles)
        AND NOT (NEW.active AND 'administrador' = ANY (NEW.roles)) THEN
        PERFORM pg_advisory_xact_lock(hashtext('one_administrator'));
        IF NOT EXISTS (SELECT FROM accounts WHERE active AND 'administrador' = ANY (roles)) THEN
            RAISE EXCEPTION 'there is always an active administrator'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'one_administrator';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guard_rights AFTER UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION guard_rights();
"""

PASSWORDS = """
CREATE TABLE passwords (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL,
    hash text NOT NULL,
    temporary boolean NOT NULL,
    set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by uuid NOT NULL,
    CONSTRAINT pk_passwords PRIMARY KEY (id),
    CONSTRAINT fk_passwords_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_passwords_account_id ON passwords (account_id, set_at);
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON passwords
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE ALL ON passwords FROM medical_read;
REVOKE UPDATE, DELETE, TRUNCATE ON passwords FROM medical_app;

CREATE TABLE sign_in_states (
    account_id uuid NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    locked_until timestamptz,
    succeeded_at timestamptz,
    CONSTRAINT pk_sign_in_states PRIMARY KEY (account_id),
    CONSTRAINT fk_sign_in_states_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id)
);
REVOKE DELETE, TRUNCATE ON sign_in_states FROM medical_app;
"""

SESSIONS = """
CREATE TABLE sessions (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    method text NOT NULL,
    address inet,
    opened_at timestamptz NOT NULL DEFAULT now(),
    active_at timestamptz NOT NULL DEFAULT now(),
    proved_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    locked_at timestamptz,
    password_due boolean NOT NULL,
    ended_at timestamptz,
    ended_because text,
    previous_at timestamptz,
    failures_before integer NOT NULL,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT ck_sessions_ended CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX ix_sessions_account_id ON sessions (account_id) WHERE ended_at IS NULL;
REVOKE DELETE, TRUNCATE ON sessions FROM medical_app;

CREATE TABLE session_tokens (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    kind text NOT NULL,
    pair uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    successor uuid,
    CONSTRAINT pk_session_tokens PRIMARY KEY (hash),
    CONSTRAINT fk_session_tokens_session_id_sessions FOREIGN KEY (session_id) REFERENCES sessions (id),
    CONSTRAINT ck_session_tokens_kind CHECK (kind IN ('access', 'refresh'))
);
CREATE INDEX ix_session_tokens_pair ON session_tokens (pair);
CREATE INDEX ix_session_tokens_expires_at ON session_tokens (expires_at);
REVOKE ALL ON session_tokens FROM medical_read;

-- What is asked of somebody who signs in, good for one answer.
CREATE TABLE challenges (
    hash bytea NOT NULL,
    kind text NOT NULL,
    account_id uuid,
    content jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT pk_challenges PRIMARY KEY (hash)
);
CREATE INDEX ix_challenges_expires_at ON challenges (expires_at);
REVOKE ALL ON challenges FROM medical_read;
"""

POLICY = """
CREATE TABLE security_policies (
    id uuid NOT NULL,
    version integer NOT NULL,
    tries integer NOT NULL,
    lock_seconds integer NOT NULL,
    inactivity_seconds integer NOT NULL,
    proof_seconds integer NOT NULL,
    access_seconds integer NOT NULL,
    session_seconds integer NOT NULL,
    emergency_seconds integer NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_security_policies PRIMARY KEY (id),
    CONSTRAINT ck_security_policies_tries CHECK (tries BETWEEN 3 AND 10),
    CONSTRAINT ck_security_policies_lock CHECK (lock_seconds BETWEEN 60 AND 86400),
    CONSTRAINT ck_security_policies_inactivity CHECK (inactivity_seconds BETWEEN 60 AND 3600),
    CONSTRAINT ck_security_policies_proof CHECK (proof_seconds BETWEEN 60 AND 900),
    CONSTRAINT ck_security_policies_access CHECK (access_seconds BETWEEN 60 AND 900),
    CONSTRAINT ck_security_policies_session CHECK (session_seconds BETWEEN 900 AND 86400),
    CONSTRAINT ck_security_policies_emergency CHECK (emergency_seconds BETWEEN 300 AND 43200)
);
-- One row: the hospital's.
CREATE UNIQUE INDEX ix_security_policies_one ON security_policies ((true));
CALL protect_versions('security_policies');
INSERT INTO security_policies (
    id, version, tries, lock_seconds, inactivity_seconds, proof_seconds, access_seconds, session_seconds,
    emergency_seconds, recorded_by, changed_by
) VALUES (
    '00000000-0000-4000-8000-000000000001', 1, 5, 900, 900, 300, 300, 43200,
    3600, '00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000000'
);
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (ACCOUNTS, PASSWORDS, SESSIONS, POLICY):
        run(part)
