"""A small workspace for the tests of who sees what: three contacts and something in every table."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from .files import TABLES
from .rows import activity, call, contact, deal, email, insert, message, value

STRANGER = uuid4()  # signed in somewhere, but nobody in app.users


@dataclass
class Workspace:
    """Ids by role, and the three contacts: Mei's, Tariq's and nobody's."""

    users: dict[str, UUID] = field(default_factory=dict)
    contacts: dict[str, UUID] = field(default_factory=dict)


async def workspace(conn: asyncpg.Connection) -> Workspace:
    made = Workspace()
    roles = {"mei": "agent", "tariq": "agent", "inactive": "owner"}
    for name in ("owner", "admin", "manager", "viewer", *roles):
        made.users[name] = await insert(
            conn,
            "app.users",
            email=f"{name}@northside.example",
            role=roles.get(name, name),
            is_active=name != "inactive",
        )
    for name, agent in (("mei", made.users["mei"]), ("tariq", made.users["tariq"]), ("none", None)):
        made.contacts[name] = await contact(conn, first_name=name, assigned_to=agent)
        await hang_something_of_everything_on(conn, made.contacts[name], name)
    return made


async def hang_something_of_everything_on(
    conn: asyncpg.Connection, person: UUID, name: str
) -> None:
    """One row in each of the fifteen tables (a message, call and e-mail make three threads)."""
    tag = await insert(conn, "tags", name=name)
    row = await deal(conn, person)
    task = await activity(conn, person, deal_id=row)
    await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
    await insert(conn, "deal_tags", deal_id=row, tag_id=tag)
    for make in (message, call, email):
        await make(conn, person)
    for owner in ({"contact_id": person}, {"deal_id": row}, {"activity_id": task}):
        await insert(conn, "documents", name="deed", file_path=f"{name}/deed.pdf", **owner)
    robot = await insert(conn, "assistants", name=name, model_provider="openai", model="m")
    number = f"+1305555{len(name):02}{ord(name[0]) % 100:02}"
    await insert(conn, "phone_numbers", number=number, provider="twilio", assistant_id=robot)
    await insert(
        conn, "vapi_calls", type="webCall", status="ended", contact_id=person, assistant_id=robot
    )


async def set_visibility(conn: asyncpg.Connection, rule: str) -> None:
    sql = """
        insert into app.settings (key, value) values ('visibility', $1)
        on conflict (key) do update set value = excluded.value
    """
    await conn.execute(sql, json.dumps(rule))


@asynccontextmanager
async def acting_as(conn: asyncpg.Connection, user: UUID | None) -> AsyncIterator[None]:
    """The transaction as the program runs it for this person; None is the role anon."""
    claims = {"sub": str(user), "role": "authenticated"} if user else {"role": "anon"}
    await conn.execute("select set_config('request.jwt.claims', $1, true)", json.dumps(claims))
    await conn.execute(f"set local role {'authenticated' if user else 'anon'}")
    try:
        yield
    finally:
        await conn.execute("reset role")
        await conn.execute("select set_config('request.jwt.claims', '', true)")


async def visible(conn: asyncpg.Connection, relation: str) -> int:
    """How many rows the acting person sees; 0 when even asking is refused."""
    try:
        async with conn.transaction():
            return await value(conn, f"select count(*) from {relation}")
    except asyncpg.InsufficientPrivilegeError:
        return 0


async def seen_of(conn: asyncpg.Connection, relations: list[str]) -> dict[str, int]:
    return {relation: await visible(conn, relation) for relation in relations}


async def totals(conn: asyncpg.Connection) -> dict[str, int]:
    """What is really there, counted as the tables' owner."""
    return await seen_of(conn, TABLES)
