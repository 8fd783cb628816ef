"""The audit: rows that only grow, and a hash chain over them in the order in which they were sealed."""

from app.database.script import run

revision = "0002"
down_revision = "0001"
phase = "expand"

ENTRIES = """
CREATE TABLE audit (
    entry bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event text NOT NULL,
    account uuid,
    session uuid,
    address text,
    subject uuid,
    patient uuid,
    detail jsonb NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (entry),
    -- What the chain hashes is joined by bars: only the last part may hold one.
    CONSTRAINT ck_audit_event CHECK (event ~ '^[a-z]+[.][a-z-]+$'),
    CONSTRAINT ck_audit_address CHECK (address ~ '^[0-9a-fA-F.:]+$'),
    CONSTRAINT ck_audit_detail CHECK (jsonb_typeof(detail) = 'object')
);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_audit_account_at ON audit (account, at);
CREATE INDEX ix_audit_patient_at ON audit (patient, at) WHERE patient IS NOT NULL;
CREATE INDEX ix_audit_subject_at ON audit (subject, at) WHERE subject IS NOT NULL;

CREATE TABLE audit_chain (
    position bigint NOT NULL,
    entry bigint NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT pk_audit_chain PRIMARY KEY (position),
    CONSTRAINT uq_audit_chain_entry UNIQUE (entry),
    CONSTRAINT fk_audit_chain_entry FOREIGN KEY (entry) REFERENCES audit (entry)
);

CREATE TABLE audit_pending (
    entry bigint NOT NULL,
    CONSTRAINT pk_audit_pending PRIMARY KEY (entry)
);

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM medical_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_chain, audit_pending FROM medical_app;
REVOKE ALL ON audit, audit_chain, audit_pending FROM medical_read;
"""

CHAIN = """
-- Nobody tells the audit what time it is. What is new waits for its link.
CREATE FUNCTION receive_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.at := clock_timestamp();
    INSERT INTO public.audit_pending (entry) VALUES (NEW.entry);
    RETURN NEW;
END $$;
CREATE TRIGGER receive_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION receive_audit();

-- What is hashed of an entry; the same is computed by app/domain/audit_chain.py, from the columns.
CREATE FUNCTION audit_words(one audit) RETURNS bytea LANGUAGE sql STABLE RETURN convert_to(
    one.entry || '|' || (extract(epoch FROM one.at) * 1000000)::bigint || '|' || one.event
    || '|' || coalesce(one.account::text, '') || '|' || coalesce(one.session::text, '')
    || '|' || coalesce(one.address, '') || '|' || coalesce(one.subject::text, '')
    || '|' || coalesce(one.patient::text, '') || '|' || one.detail::text, 'UTF8');

-- Links at most that many pending entries; NULL when somebody else is at it.
CREATE FUNCTION seal_audit(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    place bigint;
    previous bytea;
    one public.audit;
    sealed integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(1096107346) THEN
        RETURN NULL;
    END IF;
    SELECT position, hash INTO place, previous FROM public.audit_chain ORDER BY position DESC LIMIT 1;
    place := coalesce(place, 0);
    previous := coalesce(previous, sha256(''));
    FOR one IN
        SELECT audit.* FROM public.audit_pending JOIN public.audit USING (entry) ORDER BY entry LIMIT most
    LOOP
        place := place + 1;
        previous := sha256(previous || public.audit_words(one));
        INSERT INTO public.audit_chain (position, entry, hash) VALUES (place, one.entry, previous);
        DELETE FROM public.audit_pending WHERE entry = one.entry;
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END $$;
REVOKE EXECUTE ON FUNCTION seal_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_audit TO medical_app;
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (ENTRIES, CHAIN):
        run(part)
