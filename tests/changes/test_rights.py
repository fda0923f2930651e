"""Who sees which part of the log, what a token without the scope sees, and who may erase."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from crm.db import Connection, Credential, Database, Identity
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .scene import add, last, log_of, undo, undo_batch, visibility


async def seen(pool: Database, person: Identity, row: UUID) -> int:
    """How many entries of a row somebody sees."""
    async with pool.session(person) as connection:
        return len(await log_of(connection, row))


@asynccontextmanager
async def token(
    admin: asyncpg.Connection, pool: Database, person: Identity, scopes: list[str]
) -> AsyncIterator[Connection]:
    """A transaction of a token of somebody."""
    sha256 = hashlib.sha256(secrets.token_bytes()).digest()
    await add(
        admin, "app.api_tokens", user_id=person.user_id, name="t", token_sha256=sha256,
        scopes=scopes,
    )  # fmt: skip
    async with pool.entered(Credential(sha256, "token")) as connection:
        yield connection


async def test_charlie_sees_nothing_of_the_log_and_takes_nothing_back(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    change = await last(admin)
    async with pool.session(CHARLIE) as connection:
        assert await connection.fetchval("select count(*) from app.changes") == 0
    with pytest.raises(asyncpg.PostgresError, match="there is no change"):
        await undo(pool, CHARLIE, change["id"])
    with pytest.raises(asyncpg.PostgresError, match="there is no batch"):
        await undo_batch(pool, CHARLIE, f"tx:{change['tx']}")
    assert await admin.fetchval("select city from contacts where id = $1", person) == "Tampa"


async def test_a_member_sees_all_but_people_and_settings(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora")
    somebody = await add(admin, "app.users", email=f"{uuid4()}@x.test", name="New", role="viewer")
    assert [await seen(pool, one, person) for one in (ALICE, BOB, VERA)] == [1, 1, 1]
    assert [await seen(pool, one, somebody) for one in (ALICE, BOB, VERA)] == [1, 0, 0]


async def test_an_agent_sees_the_log_of_their_contacts_what_belongs_to_all_and_their_own_acts(
    admin: asyncpg.Connection, pool: Database
):
    async with visibility(admin, "assigned"):
        others = await add(admin, "contacts", first_name="Alice's", assigned_to=ALICE.user_id)
        deal = await add(admin, "deals", contact_id=others, name="House")
        theirs = await add(admin, "contacts", first_name="Bob's", assigned_to=BOB.user_id)
        nobodys = await add(admin, "contacts", first_name="Nobody's")
        tag = await add(admin, "tags", name=f"for all {uuid4()}")
        async with pool.session(BOB) as connection:
            await connection.execute(
                "update contacts set city = 'X' where id = any ($1)", [others, theirs, nobodys]
            )
        rows = (others, deal, theirs, nobodys, tag)
        assert [await seen(pool, BOB, row) for row in rows] == [0, 0, 2, 2, 1]
        assert [await seen(pool, ALICE, row) for row in rows] == [1, 1, 2, 2, 1]
        await admin.execute(
            "update contacts set assigned_to = $2 where id = $1", theirs, ALICE.user_id
        )
        async with pool.session(BOB) as connection:
            own = await log_of(connection, theirs)
        assert [entry["actor"] for entry in own] == [BOB.user_id]


async def test_an_agent_takes_back_only_what_they_see(admin: asyncpg.Connection, pool: Database):
    async with visibility(admin, "assigned"):
        others = await add(admin, "contacts", first_name="Alice's", assigned_to=ALICE.user_id)
        theirs = await add(admin, "contacts", first_name="Bob's", assigned_to=BOB.user_id)
        async with pool.session(ALICE, batch="bulk:mixed") as connection:
            await connection.execute(
                "update contacts set city = 'X' where id = any ($1)", [others, theirs]
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="not yours"):
            await undo_batch(pool, BOB, "bulk:mixed")
        with pytest.raises(asyncpg.PostgresError, match="there is no change"):
            await undo(pool, BOB, (await log_of(admin, others))[-1]["id"])
        await undo(pool, BOB, (await log_of(admin, theirs))[-1]["id"])
        assert await admin.fetchval("select city from contacts where id = $1", others) == "X"


async def test_a_token_sees_the_log_of_its_scopes_only(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora")
    deal = await add(admin, "deals", contact_id=person, name="House")
    tag = await add(admin, "tags", name="scoped")
    await add(admin, "contact_tags", contact_id=person, tag_id=tag)
    tables = (
        "select distinct table_name from app.changes where row_id = any ($1) or contact_id = $2"
    )
    async with token(admin, pool, ALICE, ["deals:read"]) as connection:
        found = await connection.fetch(tables, [person, deal, tag], person)
        assert {row[0] for row in found} == {"deals"}
    async with token(admin, pool, ALICE, ["contacts:write", "tags:read"]) as connection:
        found = await connection.fetch(tables, [person, deal, tag], person)
        assert {row[0] for row in found} == {"contacts", "tags", "contact_tags"}


async def test_a_token_that_only_reads_takes_nothing_back(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    change = (await last(admin))["id"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with token(admin, pool, ALICE, ["contacts:read"]) as connection:
            await connection.execute("select app.undo_change($1)", change)
    async with token(admin, pool, ALICE, ["contacts:write"]) as connection:
        await connection.execute("select app.undo_change($1)", change)
    assert await admin.fetchval("select city from contacts where id = $1", person) == "Miami"


async def test_reading_the_log_asks_once_a_statement_and_not_once_a_row(
    admin: asyncpg.Connection, pool: Database
):
    await admin.execute(
        "insert into contacts (first_name) select 'Fast' from generate_series(1, 3000)"
    )
    await admin.execute("analyze app.changes")
    async with pool.session(BOB) as connection:
        plan = await connection.fetch(
            "explain (analyze, costs off, timing off)"
            " select * from app.changes order by id desc limit 50"
        )
    text = "\n".join(row[0] for row in plan)
    assert "changes_pkey" in text
    # The gates are in front of every row; the look at its contact never ran.
    assert "never executed" in text


async def test_an_erased_contact_leaves_no_trace_but_that_it_was_erased(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Erasmus", notes="private")
    deal = await add(admin, "deals", contact_id=person, name="His house")
    await add(admin, "messages", contact_id=person, direction="inbound", content="secret words")
    await add(admin, "documents", deal_id=deal, name="deed", file_path="files/deed.pdf")
    await add(
        admin, "vapi_calls", contact_id=person, transcript="secret words", cost=1, duration=60
    )
    await admin.execute("update contacts set notes = 'very private' where id = $1", person)
    for nobody in (BOB, VERA, CHARLIE):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(nobody) as connection:
                await connection.execute("select app.forget_contact($1)", person)
    async with pool.session(ALICE) as connection:
        files = await connection.fetchval("select app.forget_contact($1)", person)
    assert files == ["files/deed.pdf"]
    (entry,) = await log_of(admin, person)
    assert (entry["operation"], entry["old"], entry["actor"]) == ("delete", None, ALICE.user_id)
    everything = str(
        await admin.fetchval("select string_agg(concat(c.old, c.new), '') from app.changes c")
    )
    assert "Erasmus" not in everything
    assert "secret words" not in everything
    call = await admin.fetchrow("select * from vapi_calls where cost = 1")
    assert call
    assert (call["transcript"], call["contact_id"], call["duration"]) == (None, None, 60)
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="cannot be undone"):
        await undo(pool, ALICE, entry["id"])
