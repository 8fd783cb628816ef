"""The head of a chart, in one question."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

_WEIGHT = "29463-7"
"""LOINC's code."""

_HEADER = text("""
SELECT p.id AS patient_id, p.version, p.identity, p.name, p.social_name, p.birth, p.sex, p.gender_identity,
    p.mother, right(p.cpf, 5) AS cpf_end, p.cns, p.invented,
    array_remove(m.ids, p.id) AS merged_ids,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'original', original, 'severity', severity, 'reaction', reaction) ORDER BY occurred_at), '[]')
        FROM allergies WHERE patient_id = ANY (m.ids) AND status = 'ativa') AS allergy_list,
    EXISTS (SELECT FROM allergy_denials WHERE patient_id = ANY (m.ids) AND status = 'vigente') AS denied,
    (SELECT jsonb_build_object('id', id, 'kind', kind, 'ward', ward, 'bed', bed, 'since', occurred_at)
        FROM encounters WHERE patient_id = ANY (m.ids) AND status = 'em-andamento'
        ORDER BY occurred_at DESC LIMIT 1) AS encounter,
    (SELECT jsonb_build_object('value', value, 'unit', unit, 'occurred_at', occurred_at)
        FROM observations WHERE patient_id = ANY (m.ids) AND code = :weight AND value IS NOT NULL
            AND status <> 'inativado'
        ORDER BY occurred_at DESC LIMIT 1) AS weight
FROM patients AS p
CROSS JOIN LATERAL (SELECT array_agg(id) AS ids FROM patients WHERE chart_id = p.id) AS m
WHERE p.id = :chart
""")


async def header(session: AsyncSession, chart: UUID) -> RowMapping:
    """The columns of ``app.domain.header.Header``, with ``denied`` instead of ``allergies`` and ``age``."""
    asked: dict[str, Any] = {"chart": chart, "weight": _WEIGHT}
    return (await session.execute(_HEADER, asked)).mappings().one()
