"""Terms of use, and who accepted which of them."""

from app.database.script import run

revision = "0011"
down_revision = "0010"
phase = "expand"

TERMS = """
CREATE TABLE terms (
    id uuid NOT NULL,
    number integer NOT NULL,
    text text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    published_by uuid NOT NULL,
    CONSTRAINT pk_terms PRIMARY KEY (id),
    CONSTRAINT uq_terms_number UNIQUE (number),
    CONSTRAINT ck_terms_number CHECK (number > 0)
);
CALL protect_rows('terms');

CREATE TABLE terms_acceptances (
    account_id uuid NOT NULL,
    terms_id uuid NOT NULL,
    session_id uuid NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_terms_acceptances PRIMARY KEY (account_id, terms_id),
    CONSTRAINT fk_terms_acceptances_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (id),
    CONSTRAINT fk_terms_acceptances_terms_id_terms FOREIGN KEY (terms_id) REFERENCES terms (id)
);
CALL protect_rows('terms_acceptances');

ALTER TABLE sessions ADD COLUMN terms_due boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    run(TERMS)
