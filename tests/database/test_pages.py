"""Settings, Database: the numbers are there, no values are, and they are for administrators."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from crm.database import stats
from crm.db import Database, Identity
from tests.cast import ALICE
from tests.contacts.scene import page, text

PATH = "/settings/database"


@pytest.fixture
async def recorded(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Slow statements are recorded in this database."""
    await admin.execute("create schema monitoring")
    await admin.execute("create extension pg_stat_statements schema monitoring")
    yield
    await admin.execute("drop schema monitoring cascade")


async def test_the_page_shows_size_health_tables_indexes_and_upkeep(
    client: httpx.AsyncClient, admin: asyncpg.Connection
):
    await admin.execute("insert into contacts (first_name) values ('Al'); analyze contacts")
    await admin.execute("select app.run_upkeep('overdue', 0)")
    html = page((await client.get(PATH)).text)
    said = text(html)
    assert "PostgreSQL" in said
    assert "Connections of 100" in said
    assert "the program is crm_app, bound by row level security" in text(html.css_first("#health"))
    tables = {text(row.css_first("td")): text(row) for row in html.css("#tables tbody tr")}
    assert {"contacts", "messages", "app.users", "app.backups"} <= set(tables)
    assert tables["contacts"].startswith("contacts 1 ")
    assert len(html.css("#indexes tbody tr")) == 15
    assert "Unused" in text(html.css_first("#indexes"))
    every = page((await client.get(f"{PATH}?indexes=all")).text)
    assert len(every.css("#indexes tbody tr")) > 100
    assert "Overdue" in text(html.css_first("#upkeep"))


async def test_trouble_comes_first_with_what_to_do(client, admin: asyncpg.Connection):
    await admin.execute(
        "alter table tags add constraint planted check (name <> '') not valid;"
        " insert into app.upkeep_runs (name, started_at, error, failures)"
        " values ('planted', now(), '42P01 no such table', 3)"
    )
    try:
        html = page((await client.get(PATH)).text)
    finally:
        await admin.execute(
            "alter table tags drop constraint planted;"
            " delete from app.upkeep_runs where name = 'planted'"
        )
    lines = [text(line) for line in html.css("#health .line-item")]
    planted = next(line for line in lines if "planted of tags" in line)
    assert "What to do: alter table tags validate constraint planted" in planted
    words = [line.split()[-1] for line in lines]
    assert words == sorted(words, key=["Error", "Warning", "Note", "OK"].index)
    assert "Failing 42P01 no such table" in text(html.css_first("#upkeep tbody tr"))


async def test_without_the_extension_the_page_says_how_to_turn_it_on(client: httpx.AsyncClient):
    said = text(page((await client.get(PATH)).text).css_first("#statements"))
    assert "They are not recorded yet" in said
    assert "create extension pg_stat_statements" in said


@pytest.mark.usefixtures("recorded")
async def test_slow_statements_are_of_this_database_and_without_values(
    client: httpx.AsyncClient, pool: Database, admin: asyncpg.Connection
):
    await admin.fetch("select count(*) as planted from contacts where first_name = 'Secret Name'")
    await admin.execute("do $$ begin perform 'Secret Block' as planted; end $$")
    await admin.execute("create role planted_role password 'Secret Word'; drop role planted_role")
    async with pool.session(ALICE) as connection:
        found = await stats.read(connection, 200)
    assert found.statements_state == "ready"
    statements = " ".join(row["statement"] for row in found.statements)
    assert "planted from contacts where first_name = $1" in statements
    assert "planted_role" not in statements
    assert "Secret" not in statements
    assert max(len(row["statement"]) for row in found.statements) <= 300
    shown = page((await client.get(PATH)).text).css("#statements tbody tr")
    assert len(shown) == stats.MOST_STATEMENTS


async def test_only_owners_and_admins_see_the_page(
    client_as, bob: Identity, vera: Identity, charlie: Identity
):
    for person in (bob, vera, charlie):
        browser = await client_as(person)
        assert (await browser.get(PATH)).status_code == 403
        assert f'href="{PATH}"' not in (await browser.get("/settings/profile")).text
    profile = page((await (await client_as(ALICE)).get("/settings/profile")).text)
    assert len(profile.css(f".sections [href='{PATH}']")) == 1
    assert len(profile.css(f"#palette [href='{PATH}']")) == 1
    assert (await (await client_as(None)).get(PATH)).headers["location"].startswith("/sign-in")


@pytest.mark.usefixtures("recorded")
async def test_the_functions_answer_nobody_else_whoever_calls_them(
    pool: Database, bob: Identity, vera: Identity, charlie: Identity
):
    for person in (bob, vera, charlie):
        async with pool.session(person) as connection:
            found = await stats.read(connection)
        assert found == stats.Statistics(None, [], [], [], None)
    async with pool.service() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from app.table_statistics()")
