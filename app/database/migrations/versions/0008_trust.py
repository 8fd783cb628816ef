"""Documents and their signatures; consents, restrictions, legal holds, and requests to be erased."""

from app.database.script import run

revision = "0008"
down_revision = "0007"
phase = "expand"

_VERSIONED = """
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
"""

DOCUMENTS = f"""
-- For what is written once: not even a next version.
CREATE PROCEDURE protect_rows(made regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', made);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM medical_app', made);
END $$;
REVOKE EXECUTE ON PROCEDURE protect_rows FROM PUBLIC;

CREATE TABLE documents (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    occurred_at timestamptz NOT NULL,
    state text NOT NULL,
    media_type text,
    size bigint,
    digest bytea,
    object text,
    {_VERSIONED}
    CONSTRAINT pk_documents PRIMARY KEY (id),
    CONSTRAINT fk_documents_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT ck_documents_state CHECK (state IN ('aguardando', 'ativo', 'inativo')),
    CONSTRAINT ck_documents_content CHECK (state <> 'ativo' OR (object IS NOT NULL AND digest IS NOT NULL))
);
CREATE INDEX ix_documents_patient_id ON documents (patient_id, occurred_at);
CALL protect_versions('documents');

CREATE TABLE signature_requests (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    document_id uuid NOT NULL,
    account_id uuid NOT NULL,
    state text NOT NULL,
    attempt jsonb,
    {_VERSIONED}
    CONSTRAINT pk_signature_requests PRIMARY KEY (id),
    CONSTRAINT fk_signature_requests_document_id FOREIGN KEY (document_id) REFERENCES documents,
    CONSTRAINT ck_signature_requests_state CHECK (state IN ('pendente', 'preparada', 'assinada'))
);
CREATE UNIQUE INDEX uq_signature_requests_open ON signature_requests (document_id, account_id)
    WHERE state <> 'assinada';
CREATE INDEX ix_signature_requests_account_id ON signature_requests (account_id) WHERE state <> 'assinada';
CALL protect_versions('signature_requests');

CREATE TABLE signed_documents (
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    position integer NOT NULL,
    document_id uuid NOT NULL,
    account_id uuid NOT NULL,
    object text NOT NULL,
    digest bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_signed_documents PRIMARY KEY (id),
    CONSTRAINT uq_signed_documents_patient_id_position UNIQUE (patient_id, position),
    CONSTRAINT fk_signed_documents_document_id FOREIGN KEY (document_id) REFERENCES documents
);
CREATE INDEX ix_signed_documents_document_id ON signed_documents (document_id);
CALL protect_rows('signed_documents');
REVOKE ALL ON documents, signature_requests, signed_documents FROM medical_read;
"""

RIGHTS = f"""
CREATE TABLE consents (
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    purpose text NOT NULL,
    decision text NOT NULL,
    occurred_at timestamptz NOT NULL,
    representative jsonb,
    document_id uuid,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    CONSTRAINT pk_consents PRIMARY KEY (id),
    CONSTRAINT fk_consents_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_consents_document_id FOREIGN KEY (document_id) REFERENCES documents,
    CONSTRAINT ck_consents_decision CHECK (decision IN ('autorizado', 'nao-autorizado'))
);
CREATE INDEX ix_consents_patient_id ON consents (patient_id);
CALL protect_rows('consents');

CREATE TABLE consent_revocations (
    id uuid NOT NULL,
    consent_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    reason text NOT NULL,
    representative jsonb,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    CONSTRAINT pk_consent_revocations PRIMARY KEY (id),
    CONSTRAINT uq_consent_revocations_consent_id UNIQUE (consent_id),
    CONSTRAINT fk_consent_revocations_consent_id FOREIGN KEY (consent_id) REFERENCES consents
);
CALL protect_rows('consent_revocations');

CREATE TABLE restrictions (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    reason text NOT NULL,
    accounts uuid[] NOT NULL,
    roles text[] NOT NULL,
    ended_at timestamptz,
    {_VERSIONED}
    CONSTRAINT pk_restrictions PRIMARY KEY (id),
    CONSTRAINT fk_restrictions_patient_id FOREIGN KEY (patient_id) REFERENCES patients
);
CREATE INDEX ix_restrictions_patient_id ON restrictions (patient_id) WHERE ended_at IS NULL;
CALL protect_versions('restrictions');

CREATE TABLE legal_holds (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    authority text NOT NULL,
    process text NOT NULL,
    reason text NOT NULL,
    ended_at timestamptz,
    {_VERSIONED}
    CONSTRAINT pk_legal_holds PRIMARY KEY (id),
    CONSTRAINT fk_legal_holds_patient_id FOREIGN KEY (patient_id) REFERENCES patients
);
CREATE INDEX ix_legal_holds_patient_id ON legal_holds (patient_id) WHERE ended_at IS NULL;
CALL protect_versions('legal_holds');

CREATE TABLE erasure_requests (
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    representative jsonb,
    decision text NOT NULL,
    cause text NOT NULL,
    keep_until date NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    CONSTRAINT pk_erasure_requests PRIMARY KEY (id),
    CONSTRAINT fk_erasure_requests_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT ck_erasure_requests_decision CHECK (decision IN ('negado', 'deferido'))
);
CREATE INDEX ix_erasure_requests_patient_id ON erasure_requests (patient_id);
CALL protect_rows('erasure_requests');
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (DOCUMENTS, RIGHTS):
        run(part)
