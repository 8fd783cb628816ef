"""The chart: encounters, problems, allergies, prescriptions, results, notes, tasks; and terminologies."""

from app.database.script import run

revision = "0005"
down_revision = "0004"
phase = "expand"

SEARCH = r"""
-- The stemmer knows dores and dor, but not lesões, sinais, imagens and altas.
CREATE FUNCTION one_of_many(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(words,
        '(\w{2})[õo]es\M', '\1ão', 'gi'), '(\w{3})ais\M', '\1al', 'gi'), '(\w{3})ns\M', '\1m', 'gi'),
        '(\w{2}[ao])s\M', '\1', 'gi');

CREATE OR REPLACE FUNCTION search_words(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    to_tsvector('pg_catalog.portuguese'::regconfig, one_of_many(words))
    || to_tsvector('public.portuguese_plain'::regconfig, one_of_many(words));

CREATE OR REPLACE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    websearch_to_tsquery('pg_catalog.portuguese'::regconfig, one_of_many(words))
    || websearch_to_tsquery('public.portuguese_plain'::regconfig, one_of_many(words));
"""

TERMINOLOGY = """
CREATE TABLE terminology_editions (
    terminology text NOT NULL,
    edition text NOT NULL,
    system text NOT NULL,
    source text NOT NULL,
    licence text NOT NULL,
    whole boolean NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_terminology_editions PRIMARY KEY (terminology, edition)
);

CREATE TABLE terminology_concepts (
    terminology text NOT NULL,
    edition text NOT NULL,
    code text NOT NULL,
    term text NOT NULL,
    active boolean NOT NULL,
    sex text,
    provenance text NOT NULL,
    CONSTRAINT pk_terminology_concepts PRIMARY KEY (terminology, edition, code),
    CONSTRAINT fk_terminology_concepts_terminology_edition
        FOREIGN KEY (terminology, edition) REFERENCES terminology_editions
);
CREATE INDEX ix_terminology_concepts_term ON terminology_concepts USING gin (search_words(term));
"""

ENCOUNTERS = """
CREATE TABLE encounters (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    system text,
    edition text,
    code text,
    term text,
    original text NOT NULL,
    kind text NOT NULL,
    ended_at timestamptz,
    ward text,
    bed text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_encounters PRIMARY KEY (id),
    CONSTRAINT fk_encounters_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_encounters_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_encounters_status CHECK (status IN ('em-andamento', 'encerrado', 'inativado')),
    CONSTRAINT ck_encounters_coded CHECK (num_nonnulls(system, edition, code, term) IN (0, 4)),
    CONSTRAINT ck_encounters_kind CHECK (kind IN ('ambulatory', 'emergency', 'inpatient')),
    CONSTRAINT ck_encounters_ended CHECK ((status = 'encerrado') <= (ended_at IS NOT NULL)),
    CONSTRAINT ck_encounters_order CHECK (ended_at >= occurred_at)
);
CREATE INDEX ix_encounters_patient_id ON encounters (patient_id, occurred_at DESC, id DESC);
CREATE INDEX ix_encounters_open ON encounters (coalesce(ward, ''), coalesce(bed, ''), id)
    WHERE status = 'em-andamento';
CALL protect_versions('encounters');
"""

PROBLEMS = """
CREATE TABLE problems (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    system text,
    edition text,
    code text,
    term text,
    original text NOT NULL,
    certainty text NOT NULL,
    onset date,
    resolved date,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_problems PRIMARY KEY (id),
    CONSTRAINT fk_problems_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_problems_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_problems_status CHECK (status IN ('ativo', 'resolvido', 'inativado')),
    CONSTRAINT ck_problems_coded CHECK (num_nonnulls(system, edition, code, term) IN (0, 4)),
    CONSTRAINT ck_problems_certainty CHECK (certainty IN ('confirmado', 'suspeito'))
);
CREATE INDEX ix_problems_patient_id ON problems (patient_id, occurred_at DESC, id DESC);
CALL protect_versions('problems');
"""

ALLERGIES = """
CREATE TABLE allergies (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    system text,
    edition text,
    code text,
    term text,
    original text NOT NULL,
    reaction text,
    severity text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_allergies PRIMARY KEY (id),
    CONSTRAINT fk_allergies_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_allergies_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_allergies_status CHECK (status IN ('ativa', 'refutada', 'inativado')),
    CONSTRAINT ck_allergies_coded CHECK (num_nonnulls(system, edition, code, term) IN (0, 4)),
    CONSTRAINT ck_allergies_severity CHECK (severity IN ('leve', 'moderada', 'grave', 'desconhecida'))
);
CREATE INDEX ix_allergies_patient_id ON allergies (patient_id, occurred_at DESC, id DESC);
CALL protect_versions('allergies');

CREATE TABLE allergy_denials (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    ended_by uuid,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_allergy_denials PRIMARY KEY (id),
    CONSTRAINT fk_allergy_denials_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_allergy_denials_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_allergy_denials_status CHECK (status IN ('vigente', 'encerrada', 'inativado')),
    CONSTRAINT fk_allergy_denials_ended_by FOREIGN KEY (ended_by) REFERENCES allergies
);
CREATE INDEX ix_allergy_denials_patient_id ON allergy_denials (patient_id, occurred_at DESC, id DESC);
CREATE UNIQUE INDEX uq_allergy_denials_standing ON allergy_denials (patient_id) WHERE status = 'vigente';
CALL protect_versions('allergy_denials');
"""

MEDICATIONS = """
CREATE TABLE prescriptions (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_prescriptions PRIMARY KEY (id),
    CONSTRAINT fk_prescriptions_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_prescriptions_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_prescriptions_status CHECK (status IN ('valida', 'inativado'))
);
CREATE INDEX ix_prescriptions_patient_id ON prescriptions (patient_id, occurred_at DESC, id DESC);
CALL protect_versions('prescriptions');

CREATE TABLE medications (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    system text,
    edition text,
    code text,
    term text,
    original text NOT NULL,
    prescription_id uuid NOT NULL,
    problem_id uuid,
    dose numeric(14, 6) NOT NULL,
    unit text NOT NULL,
    route text NOT NULL,
    frequency text NOT NULL,
    instructions text,
    started date NOT NULL,
    ended date,
    allergy_reason text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_medications PRIMARY KEY (id),
    CONSTRAINT fk_medications_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_medications_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_medications_status CHECK (status IN ('ativo', 'suspenso', 'encerrado', 'inativado')),
    CONSTRAINT ck_medications_coded CHECK (num_nonnulls(system, edition, code, term) IN (0, 4)),
    CONSTRAINT fk_medications_prescription_id FOREIGN KEY (prescription_id) REFERENCES prescriptions,
    CONSTRAINT fk_medications_problem_id FOREIGN KEY (problem_id) REFERENCES problems,
    CONSTRAINT ck_medications_dose CHECK (dose > 0)
);
CREATE INDEX ix_medications_patient_id ON medications (patient_id, occurred_at DESC, id DESC);
CREATE INDEX ix_medications_prescription_id ON medications (prescription_id);
CALL protect_versions('medications');
"""

OBSERVATIONS = """
CREATE TABLE observations (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    system text,
    edition text,
    code text,
    term text,
    original text NOT NULL,
    category text NOT NULL,
    value numeric(14, 6),
    unit text,
    words text,
    low numeric(14, 6),
    high numeric(14, 6),
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_observations PRIMARY KEY (id),
    CONSTRAINT fk_observations_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_observations_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_observations_status CHECK (status IN ('preliminar', 'final', 'corrigido', 'inativado')),
    CONSTRAINT ck_observations_coded CHECK (num_nonnulls(system, edition, code, term) IN (0, 4)),
    CONSTRAINT ck_observations_category CHECK (category IN ('sinal-vital', 'exame')),
    -- A number without its unit means nothing.
    CONSTRAINT ck_observations_unit CHECK ((value IS NULL) = (unit IS NULL)),
    CONSTRAINT ck_observations_said CHECK (value IS NOT NULL OR words IS NOT NULL)
);
CREATE INDEX ix_observations_patient_id ON observations (patient_id, occurred_at DESC, id DESC);
CALL protect_versions('observations');
"""

NOTES = """
CREATE TABLE notes (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    encounter_id uuid,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind text NOT NULL,
    title text,
    text text NOT NULL,
    search tsvector GENERATED ALWAYS AS (search_words(coalesce(title, '') || ' ' || text)) STORED,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_notes PRIMARY KEY (id),
    CONSTRAINT fk_notes_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT fk_notes_encounter_id FOREIGN KEY (encounter_id) REFERENCES encounters,
    CONSTRAINT ck_notes_status CHECK (status IN ('rascunho', 'final', 'inativado'))
);
CREATE INDEX ix_notes_patient_id ON notes (patient_id, occurred_at DESC, id DESC);
CREATE INDEX ix_notes_drafts ON notes (recorded_by, changed_at DESC) WHERE status = 'rascunho';
CALL protect_versions('notes');
"""

TASKS = """
CREATE TABLE tasks (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid,
    status text NOT NULL,
    title text NOT NULL,
    details text,
    assignee uuid,
    role text,
    due_at timestamptz,
    outcome text,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_tasks PRIMARY KEY (id),
    CONSTRAINT fk_tasks_patient_id FOREIGN KEY (patient_id) REFERENCES patients,
    CONSTRAINT ck_tasks_status CHECK (status IN ('aberta', 'concluida', 'cancelada')),
    CONSTRAINT ck_tasks_somebody CHECK (assignee IS NOT NULL OR role IS NOT NULL)
);
CREATE INDEX ix_tasks_assignee ON tasks (assignee, due_at, id) WHERE status = 'aberta';
CREATE INDEX ix_tasks_role ON tasks (role, due_at, id) WHERE status = 'aberta';
CREATE INDEX ix_tasks_patient_id ON tasks (patient_id);
CALL protect_versions('tasks');
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    for part in (
        SEARCH,
        TERMINOLOGY,
        ENCOUNTERS,
        PROBLEMS,
        ALLERGIES,
        MEDICATIONS,
        OBSERVATIONS,
        NOTES,
        TASKS,
    ):
        run(part)
