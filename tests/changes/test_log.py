"""What is written into the log, by whom, and what is not."""

import json

import asyncpg
import pytest

from crm.db import Database
from tests.cast import ALICE, BOB

from .scene import add, last, log_of


async def test_a_new_contact_is_one_entry_without_a_copy_of_the_row(admin: asyncpg.Connection):
    person = await add(admin, "contacts", first_name="Nora")
    (entry,) = await log_of(admin, person)
    assert (entry["operation"], entry["contact_id"]) == ("insert", person)
    assert entry["old"] is None
    assert entry["new"] is None


async def test_an_update_keeps_only_the_columns_that_changed(admin: asyncpg.Connection):
    person = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute(
        "update contacts set city = 'Tampa', first_name = 'Nora' where id = $1", person
    )
    entry = await last(admin)
    assert json.loads(entry["old"]) == {"city": "Miami"}
    assert json.loads(entry["new"]) == {"city": "Tampa"}


async def test_an_update_that_changes_nothing_is_not_logged(admin: asyncpg.Connection):
    person = await add(admin, "contacts", first_name="Nora")
    await admin.execute("update contacts set first_name = first_name where id = $1", person)
    assert len(await log_of(admin, person)) == 1


async def test_a_deleted_row_is_kept_as_it_was_with_all_that_went_with_it(
    admin: asyncpg.Connection,
):
    person = await add(admin, "contacts", first_name="Gone")
    deal = await add(admin, "deals", contact_id=person, name="House")
    tag = await add(admin, "tags", name="gone")
    await add(admin, "deal_tags", deal_id=deal, tag_id=tag)
    await add(admin, "messages", contact_id=person, direction="inbound", content="hello")
    await admin.execute("delete from contacts where id = $1", person)
    entry = (await log_of(admin, person))[-1]
    assert json.loads(entry["old"])["first_name"] == "Gone"
    together = await admin.fetch(
        "select table_name, contact_id from app.changes where tx = $1", entry["tx"]
    )
    assert {row["table_name"] for row in together} == {
        "contacts", "deals", "deal_tags", "messages", "conversations",
    }  # fmt: skip
    assert {row["contact_id"] for row in together} == {person}


async def test_what_hangs_on_a_deal_or_an_activity_belongs_to_its_contact(
    admin: asyncpg.Connection,
):
    person = await add(admin, "contacts", first_name="Nora")
    deal = await add(admin, "deals", contact_id=person, name="House")
    task = await add(admin, "activities", deal_id=deal, type="task", title="Call")
    file = await add(admin, "documents", activity_id=task, name="deed", file_path="k")
    for row in (task, file):
        assert (await log_of(admin, row))[0]["contact_id"] == person
    assert (await log_of(admin, task))[0]["parent_id"] == deal


async def test_a_message_names_its_thread_and_its_counters_are_not_logged(
    admin: asyncpg.Connection,
):
    person = await add(admin, "contacts", first_name="Nora")
    message = await add(admin, "messages", contact_id=person, direction="inbound", content="hi")
    entry = await last(admin)
    thread = await admin.fetchval("select conversation_id from messages where id = $1", message)
    assert (entry["table_name"], entry["parent_id"]) == ("messages", thread)
    await admin.execute("update conversations set is_starred = true where id = $1", thread)
    entry = await last(admin)
    assert (entry["table_name"], entry["row_id"]) == ("conversations", thread)
    assert json.loads(entry["new"]) == {"is_starred": True}


async def test_the_log_knows_person_door_tab_and_batch(admin: asyncpg.Connection, pool: Database):
    async with pool.session(BOB, source="api", client="tab1", batch="bulk:7") as connection:
        await add(connection, "contacts", first_name="By Bob")
    entry = await last(admin)
    assert entry["actor"] == BOB.user_id
    assert (entry["source"], entry["client"], entry["batch"]) == ("api", "tab1", "bulk:7")


async def test_a_write_with_psql_is_logged_without_a_person(admin: asyncpg.Connection):
    await admin.execute("set application_name = 'psql'")
    await add(admin, "contacts", first_name="By psql")
    entry = await last(admin)
    assert (entry["actor"], entry["source"]) == (None, "psql")


async def test_many_rows_of_one_statement_are_one_entry_each(admin: asyncpg.Connection):
    await admin.execute(
        "insert into contacts (first_name, city) select 'Many', 'A' from generate_series(1, 500)"
    )
    await admin.execute("update contacts set city = 'B' where first_name = 'Many'")
    entry = await last(admin)
    found = await admin.fetchrow(
        "select count(*) as entries, count(distinct row_id) as rows from app.changes where tx = $1",
        entry["tx"],
    )
    assert tuple(found or ()) == (500, 500)


async def test_a_secret_setting_is_logged_without_its_value(admin: asyncpg.Connection):
    await admin.execute("insert into app.settings values ('smtp_password', '\"hunter2\"')")
    await admin.execute("insert into app.settings values ('colour', '\"blue\"')")
    logged = await admin.fetch("select new::text from app.changes where table_name = 'settings'")
    assert ["hunter2" in row["new"] for row in logged] == [False, False]
    assert "blue" in logged[-1]["new"]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into app.changes (source, table_name, operation) values ('x', 'tags', 'delete')",
        "update app.changes set actor = null",
        "delete from app.changes",
        "truncate app.changes",
    ],
)
async def test_nobody_writes_the_log_by_hand(pool: Database, statement: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(ALICE) as connection:
            await connection.execute(statement)


async def test_nobody_switches_the_log_off(admin: asyncpg.Connection, pool: Database):
    async with pool.session(ALICE) as connection:
        await connection.execute("select set_config('app.changes', 'summary', true)")
        person = await add(connection, "contacts", first_name="Unseen?")
        await connection.execute("update contacts set city = 'X' where id = $1", person)
        await connection.execute("delete from contacts where id = $1", person)
    assert [row["operation"] for row in await log_of(admin, person)] == [
        "insert", "update", "delete",
    ]  # fmt: skip


async def test_another_table_is_logged_with_one_call(admin: asyncpg.Connection):
    await admin.execute(
        """
        create table if not exists app.gadgets (
            id uuid primary key default gen_random_uuid(), name text, secret text);
        select app.log_changes_of('app.gadgets', 'everybody', 'settings', '{secret}');
        select app.log_changes_of('app.gadgets', 'everybody', 'settings', '{secret}');
        """
    )
    gadget = await add(admin, "app.gadgets", name="one", secret="hunter2")
    await admin.execute("update app.gadgets set name = 'two', secret = 'hunter3'")
    await admin.execute("delete from app.gadgets")
    entries = await log_of(admin, gadget)
    assert [row["operation"] for row in entries] == ["insert", "update", "delete"]
    assert "hunter" not in "".join(f"{row['old']}{row['new']}" for row in entries)
    with pytest.raises(asyncpg.RaiseError, match="no uuid column id"):
        await admin.execute("select app.log_changes_of('app.schema_files')")
    await admin.execute("drop table app.gadgets")
    await admin.execute("delete from app.logged_tables where table_name = 'gadgets'")


async def test_upkeep_forgets_what_is_older_than_the_workspace_keeps(admin: asyncpg.Connection):
    person = await add(admin, "contacts", first_name="Old")
    await admin.execute(
        "update app.changes set tx = 1, at = now() - interval '800 days' where row_id = $1", person
    )
    assert await admin.fetchval("select app.upkeep_changes()") == 1
    assert await log_of(admin, person) == []
