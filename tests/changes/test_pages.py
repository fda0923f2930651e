"""Undo buttons of pages: a toast that leads back again, and what a refusal says."""

from collections.abc import Callable
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Database
from tests.cast import BOB, CHARLIE, VERA
from tests.contacts.scene import PARTIAL, page, text

from .scene import add, last


@pytest.fixture
async def person(admin: asyncpg.Connection) -> UUID:
    """A contact that moved from Miami to Tampa."""
    made = await add(admin, "contacts", first_name="Nora", city="Miami")
    await admin.execute("update contacts set city = 'Tampa' where id = $1", made)
    return made


async def city(admin: asyncpg.Connection, person: UUID) -> str | None:
    return await admin.fetchval("select city from contacts where id = $1", person)


async def test_an_undo_answers_with_a_toast_that_does_it_again(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    answer = await client.post(f"/changes/{(await last(admin))['id']}/undo", headers=PARTIAL)
    assert answer.status_code == 200
    assert await city(admin, person) == "Miami"
    redo = page(answer.text).css_first("crm-toast form")
    assert text(redo) == "Redo"
    await client.post(redo.attributes["action"], headers=PARTIAL)
    assert await city(admin, person) == "Tampa"


async def test_without_javascript_undo_returns_to_the_page_it_came_from(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    path = f"/changes/{(await last(admin))['id']}/undo"
    answer = await client.post(path, headers={"Referer": "http://crm.test/contacts?q=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/contacts?q=x")
    answer = await client.post("/changes/batches/bulk:none/undo")
    assert answer.status_code == 404


async def test_a_page_of_another_site_is_not_returned_to(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    path = f"/changes/{(await last(admin))['id']}/undo"
    answer = await client.post(path, headers={"Referer": "http://evil.test//x"})
    assert answer.headers["location"] == "/"


async def test_a_refused_undo_says_who_changed_what_since(
    client: httpx.AsyncClient, admin: asyncpg.Connection, pool: Database, person: UUID
):
    change = (await last(admin))["id"]
    async with pool.session(BOB) as connection:
        await connection.execute("update contacts set city = 'Naples' where id = $1", person)
    answer = await client.post(f"/changes/{change}/undo", headers=PARTIAL)
    assert answer.status_code == 409
    assert "City is now “Naples”: changed since by Bob Brown, just now." in text(page(answer.text))
    assert await city(admin, person) == "Naples"


async def test_several_changes_go_back_together(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    await admin.execute("update contacts set city = 'Naples' where id = $1", person)
    ids = [
        row["id"]
        for row in await admin.fetch(
            "select id from app.changes where row_id = $1 and operation = 'update'", person
        )
    ]
    answer = await client.post("/changes/undo", data={"change": ids}, headers=PARTIAL)
    assert answer.status_code == 200
    assert await city(admin, person) == "Miami"


@pytest.mark.parametrize("who", [VERA, CHARLIE])
async def test_who_may_not_write_undoes_nothing(
    client_as: Callable, admin: asyncpg.Connection, person: UUID, who: object
):
    change = await last(admin)
    browser = await client_as(who)
    for path in (f"/changes/{change['id']}/undo", f"/changes/batches/tx:{change['tx']}/undo"):
        answer = await browser.post(path, headers=PARTIAL)
        assert answer.status_code == (403 if who == VERA else 404)
    answer = await browser.post("/changes/undo", data={"change": [change["id"]]}, headers=PARTIAL)
    assert answer.status_code == (403 if who == VERA else 404)
    assert await city(admin, person) == "Tampa"


async def test_nobody_is_sent_to_the_sign_in_page(client_as: Callable):
    answer = await (await client_as(None)).post("/changes/1/undo")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
