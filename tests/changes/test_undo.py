"""Each kind of change goes back, and what stands in its way is said."""

import asyncio
import json

import asyncpg
import pytest

from crm.db import Database
from tests.cast import ALICE, BOB, VERA

from .scene import add, conflict, detail, last, log_of, undo, undo_batch


async def value(admin: asyncpg.Connection, column: str, row: object, table: str = "contacts"):
    return await admin.fetchval(f"select {column} from {table} where id = $1", row)


async def test_an_update_goes_back_and_leaves_other_columns(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    change = await last(admin)
    await admin.execute("update contacts set notes = 'later' where id = $1", person)
    await undo(pool, BOB, change["id"])
    assert await value(admin, "city || '/' || notes", person) == "Miami/later"
    undoing = await last(admin)
    assert (undoing["undoes"], undoing["source"], undoing["actor"]) == (
        change["id"], "undo", BOB.user_id,
    )  # fmt: skip
    assert (await log_of(admin, person))[1]["undone_at"] is not None


async def test_a_column_that_was_changed_since_is_a_conflict_that_names_who(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora", city="Miami", state="FL")
    await admin.execute("update contacts set city = 'Tampa', state = 'GA' where id = $1", person)
    change = await last(admin)
    async with pool.session(BOB) as connection:
        await connection.execute("update contacts set city = 'Naples' where id = $1", person)
    async with conflict("changed since") as found:
        await undo(pool, ALICE, change["id"])
    assert [one["column"] for one in found] == ["city"]
    assert (found[0]["current"], found[0]["by"]) == ("Naples", "Bob Brown")
    assert await value(admin, "state", person) == "GA"


async def test_an_undone_change_is_redone_by_undoing_the_undo(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    change = await last(admin)
    await undo(pool, BOB, change["id"])
    async with conflict("undone already") as found:
        await undo(pool, BOB, change["id"])
    assert found[0]["by"] == "Bob Brown"
    await undo(pool, BOB, (await last(admin))["id"])
    assert await value(admin, "city", person) == "Tampa"
    await undo(pool, BOB, change["id"])
    assert await value(admin, "city", person) == "Miami"


async def test_a_new_contact_goes_to_the_trash_and_a_new_tag_is_deleted(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="New")
    tag = await add(admin, "tags", name="new tag")
    for row in (person, tag):
        await undo(pool, ALICE, (await log_of(admin, row))[0]["id"])
    assert await value(admin, "deleted_at is not null", person)
    assert await value(admin, "name", tag, "tags") is None


async def test_a_new_row_that_was_changed_or_used_since_stays(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="New")
    tag = await add(admin, "tags", name="used tag")
    made = (await log_of(admin, person))[0]["id"]
    hanging = await add(admin, "contact_tags", contact_id=person, tag_id=tag)
    async with conflict("contact tags hang on it"):
        await undo(pool, ALICE, made)
    await undo(pool, ALICE, (await log_of(admin, hanging))[0]["id"])
    await admin.execute("update contacts set city = 'X' where id = $1", person)
    async with conflict("changed since"):
        await undo(pool, ALICE, made)
    await undo(pool, ALICE, (await last(admin))["id"])
    await undo(pool, ALICE, made)
    assert await value(admin, "deleted_at is not null", person)


async def test_a_deal_that_was_moved_goes_back_with_what_its_stage_filled_in(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora")
    deal = await add(admin, "deals", contact_id=person, name="House", probability=40)
    before = await admin.fetchrow("select * from deals where id = $1", deal)
    await admin.execute("update deals set stage = 'closed_won' where id = $1", deal)
    await undo(pool, BOB, (await last(admin, "deals"))["id"])
    after = await admin.fetchrow("select * from deals where id = $1", deal)
    assert after
    assert before
    assert {k for k in before.keys() if before[k] != after[k]} == {"updated_at"}  # noqa: SIM118


async def test_a_deleted_row_returns_as_it_was(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora")
    task = await add(
        admin, "activities", contact_id=person, type="task", title="Call", description="today"
    )
    before = await admin.fetchrow("select * from activities where id = $1", task)
    await admin.execute("delete from activities where id = $1", task)
    change = await last(admin)
    await undo(pool, ALICE, change["id"])
    assert await admin.fetchrow("select * from activities where id = $1", task) == before
    async with conflict("undone already"):
        await undo(pool, ALICE, change["id"])


async def test_a_deleted_row_does_not_return_into_a_taken_place_or_to_a_gone_parent(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Nora")
    tag = await add(admin, "tags", name="place")
    link = await add(admin, "contact_tags", contact_id=person, tag_id=tag)
    await admin.execute("delete from contact_tags where id = $1", link)
    change = (await last(admin))["id"]
    again = await add(admin, "contact_tags", contact_id=person, tag_id=tag)
    async with conflict("another has taken its place"):
        await undo(pool, ALICE, change)
    await admin.execute("delete from contact_tags where id = $1", again)
    await admin.execute("delete from tags where id = $1", tag)
    async with conflict("what it belongs to is gone") as found:
        await undo(pool, ALICE, change)
    assert found[0]["column"] == "tag_id"


async def test_a_contact_deleted_for_good_returns_with_everything_by_its_transaction(
    admin: asyncpg.Connection, pool: Database
):
    person = await add(admin, "contacts", first_name="Whole")
    deal = await add(admin, "deals", contact_id=person, name="House")
    tag = await add(admin, "tags", name="whole")
    await add(admin, "deal_tags", deal_id=deal, tag_id=tag)
    first = await add(admin, "activities", contact_id=person, type="task", title="One")
    await add(
        admin, "activities", contact_id=person, type="task", title="Two", parent_activity_id=first
    )
    await add(admin, "documents", contact_id=person, name="deed", file_path="k")
    for words in ("one", "two"):
        await add(
            admin, "messages", contact_id=person, direction="inbound", content=words,
            phone_number="+13055550100",
        )  # fmt: skip
    await admin.execute("update conversations set is_starred = true where contact_id = $1", person)
    tables = "deals deal_tags activities messages conversations documents contacts".split()
    sql = "select jsonb_agg(to_jsonb(t) - 'updated_at' order by t.id) from {} t"
    before = [await admin.fetchval(sql.format(table)) for table in tables]
    async with pool.session(ALICE) as connection:
        await connection.execute("delete from contacts where id = $1", person)
    tx = (await last(admin))["tx"]
    assert await undo_batch(pool, ALICE, f"tx:{tx}") > 6
    assert [await admin.fetchval(sql.format(table)) for table in tables] == before


async def test_a_batch_goes_back_newest_first(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    for city in ("Tampa", "Naples"):
        async with pool.session(ALICE, batch="bulk:order") as connection:
            await connection.execute("update contacts set city = $2 where id = $1", person, city)
    async with pool.session(ALICE, batch="bulk:order") as connection:
        deal = await add(connection, "deals", contact_id=person, name="House")
        await connection.execute("update deals set value = 5 where id = $1", deal)
    assert await undo_batch(pool, BOB, "bulk:order") == 4
    assert await value(admin, "city", person) == "Miami"
    assert await value(admin, "deleted_at is not null", deal, "deals")
    async with conflict("undone already"):
        await undo_batch(pool, BOB, "bulk:order")
    assert await undo_batch(pool, BOB, "undo:bulk:order") == 4
    assert await value(admin, "city", person) == "Naples"


async def test_a_batch_goes_back_whole_or_not_at_all(admin: asyncpg.Connection, pool: Database):
    people = [await add(admin, "contacts", first_name=f"P{n}", city="A") for n in range(3)]
    async with pool.session(ALICE, batch="bulk:whole") as connection:
        await connection.execute("update contacts set city = 'B' where id = any ($1)", people)
    await admin.execute("update contacts set city = 'C' where id = any ($1)", people[:2])
    async with conflict("changed since") as found:
        await undo_batch(pool, ALICE, "bulk:whole")
    assert {one["row"] for one in found} == {str(one) for one in people[:2]}
    assert await value(admin, "city", people[2]) == "B"


async def test_a_big_batch_goes_back_in_one_statement_and_can_be_done_again(
    admin: asyncpg.Connection, pool: Database
):
    await admin.execute(
        "insert into contacts (first_name, city, custom_fields)"
        " select 'Big', case when g % 2 = 0 then 'City ' || g end, jsonb_build_object('n', g)"
        " from generate_series(1, 300) g"
    )
    cities = (
        "select array_agg(coalesce(city, '-') || custom_fields order by id) from contacts"
        " where first_name = 'Big'"
    )
    before = await admin.fetchval(cities)
    async with pool.session(ALICE, batch="bulk:big") as connection:
        await connection.execute(
            """update contacts set city = 'All', custom_fields = '{"n": 0}'"""
            " where first_name = 'Big'"
        )
    after = await admin.fetchval(cities)
    assert await undo_batch(pool, BOB, "bulk:big") == 300
    assert await admin.fetchval(cities) == before
    async with conflict("undone already"):
        await undo_batch(pool, BOB, "bulk:big")
    assert await undo_batch(pool, BOB, "undo:bulk:big") == 300
    assert await admin.fetchval(cities) == after
    await admin.execute(
        "update contacts set city = 'Other' where id ="
        " (select id from contacts where first_name = 'Big' limit 1)"
    )
    async with conflict("changed since") as found:
        await undo_batch(pool, BOB, "bulk:big")
    assert len(found) == 1


async def test_of_two_undos_at_once_one_wins(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    change = (await last(admin))["id"]
    ends = await asyncio.gather(
        undo(pool, ALICE, change), undo(pool, BOB, change), return_exceptions=True
    )
    refused = [end for end in ends if end is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], asyncpg.ObjectNotInPrerequisiteStateError)
    assert json.loads(detail(refused[0]))[0]["reason"] == "undone already"
    assert await value(admin, "city", person) == "Miami"
    assert len(await log_of(admin, person)) == 3


async def test_who_only_reads_takes_nothing_back(admin: asyncpg.Connection, pool: Database):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", person)
    for entry in await log_of(admin, person):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await undo(pool, VERA, entry["id"])
    assert await value(admin, "city", person) == "Tampa"


async def test_a_change_that_is_not_there_is_not_found(pool: Database):
    with pytest.raises(asyncpg.PostgresError) as missing:
        await undo(pool, ALICE, 10**12)
    assert getattr(missing.value, "sqlstate", "") == "P0002"
    with pytest.raises(asyncpg.PostgresError) as missing:
        await undo_batch(pool, ALICE, "bulk:none")
    assert getattr(missing.value, "sqlstate", "") == "P0002"
