"""Settings, Data: what it shows, what its files hold, and who may have them."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest

from crm.data.pages import WORKSPACE
from crm.database.stats import queries as database_queries
from crm.db import Database, Identity
from crm.exports import ROWS, cell
from tests.cast import ALICE
from tests.contacts.scene import PARTIAL, add, contact, page, text

PATH = "/settings/data"
FILES = (f"{PATH}/deals.csv", f"{PATH}/activities.csv", f"{PATH}/workspace.zip")


@pytest.fixture
async def book(admin: asyncpg.Connection) -> None:
    """A contact with a deal, a tag and a task; a contact and a deal in the trash."""
    await admin.execute("delete from contacts; delete from tags; delete from app.exports")
    one = await contact(admin, "Dana", "Whitfield", phone1="+14155550132")
    deal = await add(
        admin, "deals", contact_id=one, name="=HYPERLINK(1)", value=1250,
        notes='said "yes", then\nno', custom_fields='{"roof": "-5"}', assigned_to=ALICE.user_id,
    )  # fmt: skip
    tag = await add(admin, "tags", name="Warm")
    await add(admin, "deal_tags", deal_id=deal, tag_id=tag)
    await add(admin, "activities", contact_id=one, deal_id=deal, type="call", title="@home")
    gone = datetime(2026, 11, 1, tzinfo=UTC)
    await contact(admin, "In", "Trash", deleted_at=gone)
    await add(admin, "deals", contact_id=one, name="Trashed", deleted_at=gone)


async def rows_of(client: httpx.AsyncClient, path: str) -> list[dict[str, str]]:
    answer = await client.post(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.usefixtures("book")
async def test_deals_are_a_file_without_formulas_and_without_the_trash(client: httpx.AsyncClient):
    [row] = await rows_of(client, FILES[0])
    assert (row["Name"], row["Contact"]) == ("'=HYPERLINK(1)", "Dana Whitfield")
    assert (row["Stage"], row["Value"], row["Owner"]) == ("Lead", "1250.00", "Alice Adams")
    assert (row["Tags"], row["Notes"]) == ("Warm", 'said "yes", then\nno')
    assert row["Other fields"] == '{"roof": "-5"}'


@pytest.mark.usefixtures("book")
async def test_activities_are_a_file_with_the_names_of_what_they_belong_to(client):
    [row] = await rows_of(client, FILES[1])
    assert (row["Title"], row["Contact"]) == ("'@home", "Dana Whitfield")
    assert (row["Deal"], row["All day"]) == ("'=HYPERLINK(1)", "false")


@pytest.mark.usefixtures("book")
async def test_the_workspace_is_a_zip_of_every_table(client, admin: asyncpg.Connection):
    answer = await client.post(FILES[2])
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{name}.csv" for name in WORKSPACE]
    tables = await admin.fetch("select tablename from pg_tables where schemaname = 'public'")
    assert {row[0] for row in tables} == set(WORKSPACE) - {"people", "custom_fields"}
    for name in WORKSPACE[:15]:
        lines = list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode())))
        assert len(lines) == await admin.fetchval(f"select count(*) from {name}"), name
        columns = await admin.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0"
            " and not attisdropped", name,
        )  # fmt: skip
        assert {row[0] for row in columns} >= set(lines[0] if lines else ())
    people = archive.read("people.csv").decode()
    assert "alice@example.test" in people
    assert "password" not in people.splitlines()[0]


async def test_an_empty_table_is_a_file_of_heads(client, admin: asyncpg.Connection):
    await admin.execute("delete from contacts")
    answer = await client.post(FILES[0])
    assert answer.text.startswith("Name,Contact,Pipeline,Stage,Value")
    assert len(answer.text.splitlines()) == 1


async def test_a_long_file_has_each_row_once(client, admin: asyncpg.Connection):
    await admin.execute("delete from contacts; delete from app.exports")
    one = await contact(admin, "Al")
    await admin.execute(
        "insert into activities (contact_id, type, title)"
        " select $1, 'task', 'T' || n from generate_series(1, $2) n", one, 2 * ROWS + 1,
    )  # fmt: skip
    titles = [row["Title"] for row in await rows_of(client, FILES[1])]
    assert len(titles) == len(set(titles)) == 2 * ROWS + 1
    noted = await admin.fetchrow("select * from app.exports")
    assert noted is not None
    assert (noted["what"], noted["rows_written"]) == ("activities", 2 * ROWS + 1)
    assert noted["created_by"] == ALICE.user_id
    assert noted["finished_at"]


@pytest.mark.usefixtures("book")
async def test_the_page_shows_exports_trash_and_how_to_back_up(client, admin: asyncpg.Connection):
    empty = text(page((await client.get(PATH)).text))
    assert "Nothing imported yet." in empty
    assert "Nobody has exported anything yet." in empty
    assert "No backup was made with crm db backup yet." in empty
    await client.post("/contacts/export", data={"all": "1"})
    await admin.execute(
        "insert into app.exports (what, created_by, rows_written, told_at) values"
        " ('workspace', $1, 1200, now()), ('deals', $1, 5, now() - interval '1 hour')",
        ALICE.user_id,
    )
    html = page((await client.get(PATH)).text)
    said = text(html)
    assert "1 contact " in text(html.css_first("#trash-contacts"))
    assert "The first goes" in text(html.css_first("#trash-deals"))
    assert "Contacts Alice Adams, now · 1 row," in said
    assert "Whole workspace Running Alice Adams, now · 1,200 rows, 0 B" in said
    assert "Deals Broken off Alice Adams" in said
    command = html.css_first("#backup-command").attributes["value"]
    assert command.startswith(".venv/bin/crm db backup contact-crm-2")
    part = (await client.get(PATH, headers=PARTIAL)).text
    assert part.lstrip().startswith('<div id="exports"')
    assert "every 2s" in part


async def test_a_backup_that_was_made_is_named(client, admin: asyncpg.Connection):
    await database_queries.note_backup(
        admin, file="/var/backups/crm-Mon.dump", tables=40, rows=1234, bytes=5 * 1024 * 1024
    )
    said = text(page((await client.get(PATH)).text))
    assert "/var/backups/crm-Mon.dump now · 5 MB · 1,234 rows in 40 tables" in said


async def test_the_last_imports_are_there_with_their_undo(client, admin: asyncpg.Connection):
    await admin.execute(
        "insert into app.imports (filename, stored_name, file_size, sha256, status, created_by,"
        " created_count) values ('owners.csv', 'x', 1, 'x', 'done', $1, 12)",
        ALICE.user_id,
    )
    line = page((await client.get(PATH)).text).css_first(".line-item[id^=import]")
    assert "owners.csv Done" in text(line)
    assert "12 created" in text(line)
    assert line.css_first("form").attributes["action"].endswith("/undo")


@pytest.mark.usefixtures("book")
async def test_only_owners_and_admins_see_the_page_and_get_its_files(
    client_as, bob: Identity, vera: Identity, charlie: Identity, admin: asyncpg.Connection
):
    for person in (bob, vera, charlie):
        browser = await client_as(person)
        for answer in [await browser.get(PATH), *[await browser.post(file) for file in FILES]]:
            assert answer.status_code == 403
            assert "Dana" not in answer.text
        assert 'href="/settings/data"' not in (await browser.get("/settings/profile")).text
    assert await admin.fetchval("select count(*) from app.exports") == 0
    await client_as(ALICE)  # the stranger's forged identity ends here
    assert (await (await client_as(None)).post(FILES[0])).headers["location"].startswith("/sign-in")


@pytest.mark.usefixtures("book")
async def test_the_notes_of_exports_and_backups_are_for_administrators(
    pool: Database, bob: Identity, charlie: Identity, admin: asyncpg.Connection
):
    await admin.execute(
        "insert into app.backups (file, tables, rows_saved, bytes) values ('x',1,1,1)"
    )
    note = "select app.note_export(gen_random_uuid(), 'deals', 1, 1, true)"
    for person in (bob, charlie):
        async with pool.session(person) as connection:
            await connection.execute(note)
            for table in ("app.exports", "app.backups"):
                assert await connection.fetch(f"select * from {table}") == []
    # Bob's is noted, a stranger's is not; nobody writes the notes by hand or changes another's.
    assert await admin.fetchval("select array_agg(created_by) from app.exports") == [bob.user_id]
    one = await admin.fetchval("select id from app.exports")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(ALICE) as connection:
            await connection.execute("delete from app.exports")
    async with pool.session(ALICE) as connection:
        await connection.execute("select app.note_export($1, 'deals', 9, 9, false)", one)
    assert await admin.fetchval("select rows_written from app.exports") == 1


def test_values_read_the_same_in_every_spreadsheet():
    moment = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    assert cell(moment) == "2026-11-25T09:30:00+00:00"
    assert (cell(None), cell(True), cell(-5)) == ("", "yes", -5)


def test_every_named_file_has_its_query():
    text = (Path(__file__).parents[2] / "crm/data/queries.sql").read_text()
    assert [name for name in WORKSPACE if f"-- name: all_{name}\n" not in text] == []
