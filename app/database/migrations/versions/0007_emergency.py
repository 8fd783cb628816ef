"""Access in an emergency: who broke the glass, why, for how long, and who judged it afterwards."""

from app.database.script import run

revision = "0007"
down_revision = "0006"
phase = "expand"

EMERGENCY = """
CREATE TABLE emergency_accesses (
    id uuid NOT NULL,
    version integer NOT NULL,
    patient_id uuid NOT NULL,
    reason text NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    verdict text,
    remark text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by uuid NOT NULL,
    change_reason text,
    CONSTRAINT pk_emergency_accesses PRIMARY KEY (id),
    CONSTRAINT fk_emergency_accesses_patient_id_patients FOREIGN KEY (patient_id) REFERENCES patients (id),
    CONSTRAINT ck_emergency_accesses_verdict CHECK (verdict IN ('justificado', 'nao-justificado')),
    -- Whoever opened it does not judge it.
    CONSTRAINT ck_emergency_accesses_judge CHECK (verdict IS NULL OR changed_by <> recorded_by)
);
CREATE INDEX ix_emergency_accesses_recorded_by ON emergency_accesses (recorded_by, patient_id);
CREATE INDEX ix_emergency_accesses_waiting ON emergency_accesses (recorded_at) WHERE verdict IS NULL;
CALL protect_versions('emergency_accesses');
"""


def upgrade() -> None:
    """Make all of it, or nothing."""
    run(EMERGENCY)
