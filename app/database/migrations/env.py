"""How Alembic runs the steps: over the connection it is given, or as SQL text for people and tests."""

from alembic import context

from app.tables import Base


def run() -> None:
    """One transaction for each step: an interruption leaves whole steps only."""
    connection = context.config.attributes.get("connection")
    context.configure(
        connection=connection,
        dialect_name=None if connection else "postgresql",
        literal_binds=connection is None,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
