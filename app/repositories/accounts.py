"""Accounts, passwords, and how signing in went, in the database."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.tables import Account, Password, SignInState


async def named(session: AsyncSession, username: str) -> Account | None:
    """The account of that name."""
    return (await session.execute(select(Account).where(Account.username == username))).scalar_one_or_none()


async def get(session: AsyncSession, one: UUID) -> Account | None:
    """The account of that id, as it now is."""
    found = select(Account).where(Account.id == one).execution_options(populate_existing=True)
    return (await session.execute(found)).scalar_one_or_none()


async def everybody(session: AsyncSession) -> list[Account]:
    """All accounts, closed ones included, by name."""
    return list((await session.execute(select(Account).order_by(Account.name, Account.id))).scalars())


async def passwords(session: AsyncSession, account: UUID, newest: int) -> list[Password]:
    """The last passwords of an account, the present one first."""
    found = select(Password).where(Password.account_id == account).order_by(Password.set_at.desc())
    return list((await session.execute(found.limit(newest))).scalars())


async def keep_password(
    session: AsyncSession, account: UUID, kept: str, *, temporary: bool, by: UUID
) -> None:
    """A new password; the ones before stay, to be refused."""
    session.add(Password(account_id=account, hash=kept, temporary=temporary, set_by=by))
    await session.flush()


async def count_try(session: AsyncSession, account: UUID) -> bool:
    """Count a try before it is judged, so that many at once cannot outrun the count; False when locked."""
    new = insert(SignInState).values(account_id=account, tries=1, failures=1, failed_at=func.now())
    counted = new.on_conflict_do_update(
        index_elements=[SignInState.account_id],
        set_={
            "tries": SignInState.tries + 1,
            "failures": SignInState.failures + 1,
            "failed_at": func.now(),
        },
        where=SignInState.locked_until.is_(None) | (SignInState.locked_until <= func.now()),
    ).returning(SignInState.tries)
    return (await session.execute(counted)).first() is not None


async def lock_after(session: AsyncSession, account: UUID, tries: int, seconds: int) -> bool:
    """Lock an account whose tries are used up; whether this did it."""
    done = await session.execute(
        update(SignInState)
        .where(SignInState.account_id == account, SignInState.tries >= tries)
        .values(locked_until=func.now() + timedelta(seconds=seconds), tries=0)
        .returning(SignInState.account_id)
    )
    return done.first() is not None


async def take_back_try(session: AsyncSession, account: UUID) -> None:
    """The counted try was a success, though none of signing in."""
    await session.execute(
        update(SignInState)
        .where(SignInState.account_id == account)
        .values(tries=0, failures=func.greatest(SignInState.failures - 1, 0))
    )


async def succeed(session: AsyncSession, account: UUID) -> tuple[datetime | None, int]:
    """The owner signed in: what they are shown (the time before this, failures since then) starts anew."""
    await session.execute(insert(SignInState).values(account_id=account).on_conflict_do_nothing())
    state = (
        await session.execute(
            select(SignInState)
            .where(SignInState.account_id == account)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()
    shown = state.succeeded_at, state.failures
    await session.execute(
        update(SignInState)
        .where(SignInState.account_id == account)
        .values(tries=0, failures=0, locked_until=None, succeeded_at=func.now())
    )
    return shown


async def is_locked(session: AsyncSession, account: UUID) -> bool:
    """Whether too many tries failed a short while ago."""
    found = select(SignInState.account_id).where(
        SignInState.account_id == account, SignInState.locked_until > func.now()
    )
    return (await session.execute(found)).first() is not None


async def unlock(session: AsyncSession, account: UUID) -> None:
    """An administrator lets them try again. What failed is still shown to the owner."""
    await session.execute(
        update(SignInState).where(SignInState.account_id == account).values(tries=0, locked_until=None)
    )
