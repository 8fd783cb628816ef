"""Documents by what they were rendered from."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.rendering import SourceKind
from app.tables import Document


async def of_source(session: AsyncSession, kind: SourceKind, entry: UUID, version: int) -> Document | None:
    """The document of that version of that entry; there is one at most."""
    found = select(Document).where(
        Document.source_kind == kind, Document.source_id == entry, Document.source_version == version
    )
    return (await session.scalars(found)).one_or_none()
