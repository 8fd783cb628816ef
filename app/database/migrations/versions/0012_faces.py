"""A face as an optional second factor, and which second factor a session has been shown."""

from app.database.script import run

revision = "0012"
down_revision = "0011"
phase = "expand"

FACES = """
CREATE TABLE faces (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    sealed bytea,
    model text NOT NULL,
    terms text NOT NULL,
    agreed_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    revoked_at timestamptz,
    CONSTRAINT pk_faces PRIMARY KEY (id),
    CONSTRAINT fk_faces_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id),
    -- Without permission nothing of a face is kept.
    CONSTRAINT ck_faces_revoked CHECK ((revoked_at IS NULL) = (sealed IS NOT NULL))
);
CREATE UNIQUE INDEX ix_faces_account_id ON faces (account_id) WHERE revoked_at IS NULL;
REVOKE ALL ON faces FROM medical_read;
REVOKE DELETE, TRUNCATE ON faces FROM medical_app;
"""

SECOND_FACTOR = """
ALTER TABLE sessions ADD COLUMN second_factor text
    CONSTRAINT ck_sessions_second_factor CHECK (second_factor IN ('chave', 'provedor', 'rosto'));
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (FACES, SECOND_FACTOR):
        run(part)
