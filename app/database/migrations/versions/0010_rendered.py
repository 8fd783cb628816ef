"""Documents that were rendered from the record say from which version of what."""

from app.database.script import run

revision = "0010"
down_revision = "0009"
phase = "expand"

SOURCES = """
ALTER TABLE documents
    ADD COLUMN source_kind text,
    ADD COLUMN source_id uuid,
    ADD COLUMN source_version integer,
    ADD CONSTRAINT ck_documents_source CHECK (num_nonnulls(source_kind, source_id, source_version) IN (0, 3)),
    ADD CONSTRAINT fk_documents_source
        FOREIGN KEY (source_kind, source_id, source_version) REFERENCES history;
-- One version, one document: also when two devices ask at the same time.
CREATE UNIQUE INDEX uq_documents_source ON documents (source_kind, source_id, source_version)
    WHERE source_kind IS NOT NULL;
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    run(SOURCES)
