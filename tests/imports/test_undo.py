"""Undo gives the book back exactly as it was, except where something newer stands."""

import asyncpg
import pytest

from crm import sql
from crm.db import Database
from crm.imports import running
from tests.cast import ALICE, BOB
from tests.imports.conftest import CHECKSUM, Import, counts, get_import

pytestmark = pytest.mark.usefixtures("empty")

HEAD = "First Name,Last Name,Phone,Email,Property Address,Est. Value,Tags,Notes\n"
FILE = (
    HEAD
    + "Ann,Bee,4155550132,ann@b.com,,1000,Warm;Known,n\n"
    + "Carl,Dee,4155550133,,1 Oak St,,Warm,\n"
    + "Eve,Eff,4155550134,,,,,\n"
    + "Ann,Bee,4155550132,second@b.com,,2000,,more\n"
)


@pytest.fixture
async def book(admin: asyncpg.Connection) -> str:
    """A contact that the file updates, one that it only tags, a tag; returns the checksum."""
    await admin.execute("""
        insert into contacts (first_name, last_name, phone2, est_equity, custom_fields, updated_at)
        values ('Ann', 'Bee', '+14155550132', -12.50, '{"a": [1, 2.50]}',
                '2020-01-02 03:04:05.678901');
        insert into contacts (first_name, last_name, phone1, property_address)
        values ('Carl', 'Dee', '+14155550133', '1 Oak St');
        insert into tags (name) values ('Known');
    """)
    return str(await admin.fetchval(CHECKSUM))


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("policy", ["update", "overwrite", "skip"])
async def test_undo_restores_everything_to_the_microsecond(
    batch: int, policy: str, book: str, do_import: Import, admin: asyncpg.Connection, pool: Database
) -> None:
    done = await do_import(FILE, duplicates=policy, batch=batch, tags=("Batch",))
    assert await admin.fetchval(CHECKSUM) != book
    result = await running.undo(pool, ALICE, done["id"])
    assert await admin.fetchval(CHECKSUM) == book
    touched = 0 if policy == "skip" else 2
    assert (result["restored"], result["removed"], result["conflicts"]) == (touched, 1, 0)
    assert (await get_import(pool, ALICE, done["id"]))["status"] == "undone"


async def test_a_contact_that_was_changed_since_is_left_and_reported(
    book: str, do_import: Import, admin: asyncpg.Connection, pool: Database
) -> None:
    done = await do_import(FILE)
    await admin.execute("update contacts set city = 'Rome' where first_name = 'Ann'")
    result = await running.undo(pool, ALICE, done["id"])
    assert (result["restored"], result["removed"], result["conflicts"]) == (1, 1, 1)
    ann = await admin.fetchrow("select * from contacts where first_name = 'Ann'")
    assert ann is not None
    assert (ann["city"], ann["email1"]) == ("Rome", "ann@b.com")
    async with pool.session(ALICE) as connection:
        left = [r async for r in sql.load("imports").list_conflicts(connection, id=done["id"])]
    assert [(r["name"], r["conflict"]) for r in left] == [
        ("Ann Bee", "the contact was changed since")
    ]


@pytest.mark.parametrize(
    ("newer", "why"),
    [
        ("insert into messages (contact_id, direction, message_type, status, content)"
         " select id, 'inbound', 'sms', 'received', 'hi' from contacts where first_name = 'Eve'",
         "messages or calls"),
        ("insert into deals (contact_id, name) select id, 'D' from contacts"
         " where first_name = 'Eve'", "deal"),
        ("insert into contact_tags (contact_id, tag_id) select c.id, t.id from contacts c, tags t"
         " where c.first_name = 'Eve' and t.name = 'Known'", "tagged"),
        ("insert into activities (contact_id, type, title) select id, 'task', 'T' from contacts"
         " where first_name = 'Eve'", "activities"),
    ],
    ids=["message", "deal", "tag", "activity"],
)  # fmt: skip
async def test_a_new_contact_with_something_hanging_on_it_is_not_removed(
    newer: str, why: str, book: str, do_import: Import, admin: asyncpg.Connection, pool: Database
) -> None:
    done = await do_import(FILE)
    await admin.execute(newer)
    result = await running.undo(pool, ALICE, done["id"])
    assert (result["removed"], result["conflicts"]) == (0, 1)
    assert await admin.fetchval("select count(*) from contacts where first_name = 'Eve'") == 1
    conflict = await admin.fetchval("select conflict from app.import_changes")
    assert why in str(conflict)


async def test_a_later_import_stands_in_the_way_until_it_is_undone_itself(
    book: str, do_import: Import, admin: asyncpg.Connection, pool: Database
) -> None:
    first = await do_import(FILE)
    second = await do_import(HEAD + "Eve,Eff,4155550134,eve@x.com,,,,\n")
    assert (await running.undo(pool, ALICE, first["id"]))["conflicts"] == 1
    assert (await running.undo(pool, ALICE, second["id"]))["conflicts"] == 0
    assert (await running.undo(pool, ALICE, first["id"]))["conflicts"] == 0
    assert await admin.fetchval(CHECKSUM) == book


async def test_an_undone_import_can_run_again_from_its_file(
    book: str, do_import: Import, pool: Database, import_settings: object
) -> None:
    done = await do_import(FILE)
    await running.undo(pool, ALICE, done["id"])
    run = running.Run(pool, ALICE, done["id"], import_settings)  # pyright: ignore[reportArgumentType]
    await run.open()
    await run.work()
    again = await get_import(pool, ALICE, done["id"])
    assert (again["status"], counts(again)) == ("done", counts(done))


async def test_a_finished_import_cannot_run_again_and_an_unfinished_one_not_be_undone(
    do_import: Import, pool: Database, admin: asyncpg.Connection, import_settings: object
) -> None:
    done = await do_import(FILE)
    run = running.Run(pool, ALICE, done["id"], import_settings)  # pyright: ignore[reportArgumentType]
    with pytest.raises(running.ImportRefusedError, match="is done"):
        await run.open()
    await admin.execute("update app.imports set status = 'failed'")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await running.undo(pool, ALICE, done["id"])


async def test_an_agent_undoes_their_own_import_but_not_anothers(
    do_import: Import, pool: Database
) -> None:
    mine = await do_import(HEAD + "Eve,Eff,4155550134,,,,,\n", person=BOB)
    hers = await do_import(HEAD + "Kim,Eff,4155550135,,,,,\n")
    assert (await running.undo(pool, BOB, mine["id"]))["removed"] == 1
    with pytest.raises(asyncpg.NoDataFoundError):
        await running.undo(pool, BOB, hers["id"])
