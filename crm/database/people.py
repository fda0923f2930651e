"""People added from the command line, where there is no signed-in owner to ask."""

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
