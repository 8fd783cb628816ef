"""Versions that nobody can skip, delete or rewrite; keys of repetition; Portuguese search."""

from app.database.script import run

revision = "0001"
down_revision = None
phase = "expand"

SEARCH = """
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Who types without accents finds what was written with them. The stems differ, so both are indexed.
CREATE TEXT SEARCH CONFIGURATION portuguese_plain (COPY = pg_catalog.portuguese);
ALTER TEXT SEARCH CONFIGURATION portuguese_plain
    ALTER MAPPING FOR hword, hword_part, word WITH unaccent, portuguese_stem;

CREATE FUNCTION search_words(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    to_tsvector('pg_catalog.portuguese'::regconfig, words)
    || to_tsvector('public.portuguese_plain'::regconfig, words);

CREATE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    websearch_to_tsquery('pg_catalog.portuguese'::regconfig, words)
    || websearch_to_tsquery('public.portuguese_plain'::regconfig, words);
"""

HISTORY = """
CREATE TABLE history (
    kind text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    content jsonb NOT NULL,
    CONSTRAINT pk_history PRIMARY KEY (kind, id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: nothing of the record is ever deleted or rewritten',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fixed text;
BEGIN
    NEW.changed_at := now();
    IF TG_OP = 'INSERT' THEN
        NEW.version := 1;
        NEW.recorded_at := now();
        NEW.changed_by := NEW.recorded_by;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION '% % has version %, not %', TG_TABLE_NAME, OLD.id, OLD.version, NEW.version - 1
            USING ERRCODE = 'restrict_violation';
    END IF;
    FOREACH fixed IN ARRAY ARRAY['id', 'patient_id', 'recorded_at', 'recorded_by'] LOOP
        IF to_jsonb(NEW) -> fixed IS DISTINCT FROM to_jsonb(OLD) -> fixed THEN
            RAISE EXCEPTION '%.% never changes', TG_TABLE_NAME, fixed USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- In the owner's name: the service itself may not write into the history.
CREATE FUNCTION keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.history (kind, id, version, content)
    VALUES (TG_TABLE_NAME, NEW.id, NEW.version, to_jsonb(NEW) - 'search');
    RETURN NULL;
END $$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON history FROM medical_app;

-- What every versioned table gets, once it is made.
CREATE PROCEDURE protect_versions(made regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER guard_version BEFORE INSERT OR UPDATE ON %s
        FOR EACH ROW EXECUTE FUNCTION guard_version()', made);
    EXECUTE format('CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON %s
        FOR EACH ROW EXECUTE FUNCTION keep_version()', made);
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', made);
    EXECUTE format('REVOKE DELETE, TRUNCATE ON %s FROM medical_app', made);
END $$;
REVOKE EXECUTE ON PROCEDURE protect_versions FROM PUBLIC;
"""

KEYS = """
CREATE TABLE idempotency_keys (
    caller uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer,
    etag text,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
REVOKE ALL ON idempotency_keys FROM medical_read;
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (SEARCH, HISTORY, KEYS):
        run(part)
