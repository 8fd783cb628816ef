"""Further ways to prove who one is: passkeys, the hospital's identity provider, a second factor."""

from app.database.script import run

revision = "0006"
down_revision = "0005"
phase = "expand"

PASSKEYS = """
CREATE TABLE passkeys (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    credential bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    label text NOT NULL,
    backed_up boolean NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_passkeys PRIMARY KEY (id),
    CONSTRAINT uq_passkeys_credential UNIQUE (credential),
    CONSTRAINT fk_passkeys_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_passkeys_account_id ON passkeys (account_id) WHERE revoked_at IS NULL;
REVOKE DELETE, TRUNCATE ON passkeys FROM medical_app;
"""

PROVIDER = """
CREATE TABLE provider_links (
    id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    account_id uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    unlinked_at timestamptz,
    CONSTRAINT pk_provider_links PRIMARY KEY (id),
    CONSTRAINT fk_provider_links_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id)
);
-- One person of the provider is one person here, and the other way round.
CREATE UNIQUE INDEX ix_provider_links_subject ON provider_links (issuer, subject) WHERE unlinked_at IS NULL;
CREATE UNIQUE INDEX ix_provider_links_account_id ON provider_links (account_id, issuer)
    WHERE unlinked_at IS NULL;
REVOKE DELETE, TRUNCATE ON provider_links FROM medical_app;
"""

SECOND_FACTOR = """
ALTER TABLE security_policies ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE sessions ADD COLUMN factor_due boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (PASSKEYS, PROVIDER, SECOND_FACTOR):
        run(part)
