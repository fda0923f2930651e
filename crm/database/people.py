"""People added from the command line, where there is no signed-in owner to ask."""

from typing import Any
from uuid import UUID

import asyncpg

from crm.database import OperationError

_DEMO_USER = """
    with person as (
        insert into app.users (id, email, name, role) values ($1, $2, $3, $4)
        on conflict do nothing returning id
    )
    insert into app.passwords (user_id, hash) select id, $5 from person
    on conflict do nothing
"""

_USERS = """
    select u.email, u.name, u.role, u.is_active,
           exists (select from app.second_factors f
                   where f.user_id = u.id and f.confirmed_at is not null) as has_second_factor,
           (select max(s.last_seen_at) from app.sessions s where s.user_id = u.id) as last_seen_at
    from app.users u order by not u.is_active, lower(u.name), u.email
"""
_CHANGE = """
    update app.users
    set role = coalesce($2, role), is_active = coalesce($3, is_active)
    where id = $1
"""
_INSERT = """
    insert into app.api_tokens (user_id, name, token_sha256, hint, scopes, expires_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(days => $6))
"""


async def add_user(
    connection: asyncpg.Connection, email: str, name: str, role: str, password_hash: str
) -> UUID:
    """A person who can sign in; returns the id. Raises OperationError, for example when known."""
    try:
        new_id = await connection.fetchval(
            "select app.add_user($1, $2, $3, $4)", email, name, role, password_hash
        )
    except asyncpg.UniqueViolationError:
        raise OperationError(f"{email} is already a user") from None
    except asyncpg.CheckViolationError as error:
        raise OperationError(f"{email} cannot be added: {error}") from error
    return UUID(str(new_id))


async def find_user(connection: asyncpg.Connection, email: str) -> UUID:
    """The id of a person. Raises OperationError when there is none."""
    query = "select id from app.users where lower(email) = lower($1)"
    found = await connection.fetchval(query, email)
    if found is None:
        raise OperationError(f"nobody here has the address {email}")
    return found


async def list_users(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Everybody, active ones first."""
    return await connection.fetch(_USERS)


async def set_password(connection: asyncpg.Connection, email: str, password_hash: str) -> None:
    """A new password; sessions, links and counted failures of the person end."""
    user_id = await find_user(connection, email)
    async with connection.transaction():
        await connection.execute("select app.set_password($1, $2)", user_id, password_hash)
        await connection.execute("select app.forget_attempts('sign-in', $1, null)", email)
        for table in ("sessions", "password_resets", "sign_in_challenges"):
            await connection.execute(f"delete from app.{table} where user_id = $1", user_id)  # noqa: S608


async def change(connection: asyncpg.Connection, email: str, **values: Any) -> None:
    """Another `role`, or `is_active`. Raises OperationError for the last owner."""
    user_id = await find_user(connection, email)
    try:
        await connection.execute(_CHANGE, user_id, values.get("role"), values.get("is_active"))
    except asyncpg.CheckViolationError as error:
        raise OperationError(str(error)) from error


async def remove_second_factor(connection: asyncpg.Connection, email: str) -> None:
    """The person signs in with the password alone."""
    user_id = await find_user(connection, email)
    await connection.execute("select app.remove_second_factor($1)", user_id)


async def add_token(
    connection: asyncpg.Connection, email: str, name: str, token_sha256: bytes, hint: str,
    scopes: list[str], days: int | None,
) -> None:  # fmt: skip
    """A token of the person's. Raises OperationError when a value is refused."""
    user_id = await find_user(connection, email)
    try:
        await connection.execute(_INSERT, user_id, name, token_sha256, hint, scopes, days)
    except (asyncpg.CheckViolationError, asyncpg.StringDataRightTruncationError) as error:
        raise OperationError(str(error)) from error


async def add_demo_users(
    connection: asyncpg.Connection, people: list[tuple[UUID, str, str, str]], password_hash: str
) -> None:
    """The people (id, email, name, role) of the demo; those who are there stay as they are."""
    await connection.executemany(_DEMO_USER, [(*person, password_hash) for person in people])


async def name_workspace(connection: asyncpg.Connection, name: str) -> None:
    """The name of a workspace that has none yet."""
    query = (
        "insert into app.settings (key, value) values ('workspace', to_jsonb($1::text))"
        " on conflict do nothing"
    )
    await connection.execute(query, name)


async def has_user(connection: asyncpg.Connection, user_id: UUID) -> bool:
    """Whether this person is there."""
    query = "select exists (select from app.users where id = $1)"
    return bool(await connection.fetchval(query, user_id))


async def is_in_use(connection: asyncpg.Connection, demo_user: UUID) -> bool:
    """Whether somebody works in this database for real: people or contacts, none of the demo."""
    query = (
        "select (exists (select from app.users) or exists (select from contacts))"
        " and not exists (select from app.users where id = $1)"
        " and not exists (select from contacts where assigned_to = $1)"
    )
    return bool(await connection.fetchval(query, demo_user))
