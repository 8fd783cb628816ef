"""What all tables of the record share: names, versions, who and when."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import DateTime, FetchedValue, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Text has no length in the database: limits are the forms'; times know their zone."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text(), datetime: DateTime(timezone=True)}


class Versioned(Base):
    """A row that is never deleted. Saving it makes the next ``version``; the database keeps the one before.

    ``recorded_*`` is the entry, ``changed_*`` this version. The times are the database's own; it refuses a
    skipped version and any change of what is fixed.
    """

    __abstract__ = True
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 (declared so by SQLAlchemy)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, sort_order=-20)
    version: Mapped[int] = mapped_column(sort_order=-19)
    recorded_at: Mapped[datetime] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue(), sort_order=90
    )
    recorded_by: Mapped[UUID] = mapped_column(sort_order=91)
    changed_at: Mapped[datetime] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue(), sort_order=92
    )
    changed_by: Mapped[UUID] = mapped_column(sort_order=93)
    change_reason: Mapped[str | None] = mapped_column(sort_order=94)
