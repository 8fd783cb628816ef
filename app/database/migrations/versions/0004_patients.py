"""Patients, found by any part of their name; possible duplicates; merges that can be undone."""

from app.database.script import run

revision = "0004"
down_revision = "0003"
phase = "expand"

WORDS = """
-- Names are not stemmed: Santos is not Santa.
CREATE TEXT SEARCH CONFIGURATION names_plain (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION names_plain
    ALTER MAPPING FOR asciiword, word, hword, hword_part, asciihword, hword_asciipart, numword, int, uint
    WITH unaccent, simple;

CREATE FUNCTION name_words(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN to_tsvector('public.names_plain'::regconfig, words);

CREATE FUNCTION plain_words(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lower(public.unaccent('public.unaccent'::regdictionary, words));
"""

PATIENTS = """
CREATE TABLE patients (
    id uuid NOT NULL,
    version integer NOT NULL,
    chart_id uuid NOT NULL,
    merged_into uuid,
    identity text NOT NULL,
    name text NOT NULL,
    social_name text,
    description text,
    mother text,
    birth date,
    sex text NOT NULL,
    gender_identity text,
    race_colour text,
    cpf text,
    cns text,
    phone text,
    address jsonb,
    occupation jsonb,
    invented boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    search tsvector GENERATED ALWAYS AS (name_words(name || ' ' || coalesce(social_name, ''))) STORED,
    CONSTRAINT pk_patients PRIMARY KEY (id),
    CONSTRAINT fk_patients_chart_id FOREIGN KEY (chart_id) REFERENCES patients,
    CONSTRAINT fk_patients_merged_into FOREIGN KEY (merged_into) REFERENCES patients,
    CONSTRAINT ck_patients_identity CHECK (identity IN ('identificado', 'provisorio')),
    CONSTRAINT ck_patients_identified CHECK (identity = 'provisorio' OR birth IS NOT NULL),
    CONSTRAINT ck_patients_merged CHECK ((merged_into IS NULL) = (chart_id = id))
);
-- A merged identity keeps its numbers: who comes with them finds the chart.
CREATE UNIQUE INDEX uq_patients_cpf ON patients (cpf) WHERE cpf IS NOT NULL;
CREATE UNIQUE INDEX uq_patients_cns ON patients (cns) WHERE cns IS NOT NULL;
CREATE INDEX ix_patients_chart_id ON patients (chart_id);
CREATE INDEX ix_patients_birth ON patients (birth);
CREATE INDEX ix_patients_search ON patients USING gin (search);
CREATE INDEX ix_patients_plain_name ON patients USING gin (plain_words(name) gin_trgm_ops);
CALL protect_versions('patients');
"""

DUPLICATES = """
CREATE TABLE duplicate_proposals (
    id uuid NOT NULL,
    version integer NOT NULL,
    first_id uuid NOT NULL,
    second_id uuid NOT NULL,
    score double precision NOT NULL,
    reasons text[] NOT NULL,
    state text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_duplicate_proposals PRIMARY KEY (id),
    CONSTRAINT uq_duplicate_proposals_first_id_second_id UNIQUE (first_id, second_id),
    CONSTRAINT fk_duplicate_proposals_first_id FOREIGN KEY (first_id) REFERENCES patients,
    CONSTRAINT fk_duplicate_proposals_second_id FOREIGN KEY (second_id) REFERENCES patients,
    CONSTRAINT ck_duplicate_proposals_order CHECK (first_id < second_id),
    CONSTRAINT ck_duplicate_proposals_state CHECK (state IN ('aberta', 'unificada', 'descartada'))
);
CREATE INDEX ix_duplicate_proposals_open ON duplicate_proposals (recorded_at, id) WHERE state = 'aberta';
CREATE INDEX ix_duplicate_proposals_second_id ON duplicate_proposals (second_id);
CALL protect_versions('duplicate_proposals');

CREATE TABLE patient_merges (
    id uuid NOT NULL,
    version integer NOT NULL,
    kept_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    undone_at timestamptz,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_patient_merges PRIMARY KEY (id),
    CONSTRAINT fk_patient_merges_kept_id FOREIGN KEY (kept_id) REFERENCES patients,
    CONSTRAINT fk_patient_merges_merged_id FOREIGN KEY (merged_id) REFERENCES patients,
    CONSTRAINT ck_patient_merges_two CHECK (kept_id <> merged_id)
);
CREATE UNIQUE INDEX uq_patient_merges_merged_id ON patient_merges (merged_id) WHERE undone_at IS NULL;
CREATE INDEX ix_patient_merges_kept_id ON patient_merges (kept_id);
CALL protect_versions('patient_merges');
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (WORDS, PATIENTS, DUPLICATES):
        run(part)
