"""One's own account: name, password, and where one is signed in."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.users.profile import browser_name
from tests.cast import ALICE, BOB, PASSWORD
from tests.conftest import signed_in

from .browser import NEW_PASSWORD, sign_in, stranger


@pytest.fixture(autouse=True)
async def bob_as_he_was(admin: asyncpg.Connection) -> AsyncIterator[None]:
    kept = await admin.fetchval("select hash from app.passwords where user_id = $1", BOB.user_id)
    await admin.execute("delete from app.attempts")
    yield
    await admin.execute("select app.set_password($1, $2)", BOB.user_id, kept)
    await admin.execute("update app.users set name = $2 where id = $1", BOB.user_id, BOB.name)


@pytest.fixture
async def bob(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    client = await signed_in(app, BOB)
    yield client
    await client.aclose()


async def test_a_new_name_is_on_the_next_page(bob: httpx.AsyncClient) -> None:
    assert (await bob.post("/settings/profile", data={"name": " "})).status_code == 422
    assert (await bob.post("/settings/profile", data={"name": "Bobby B"})).status_code == 303
    assert "Bobby B" in (await bob.get("/contacts")).text


async def test_a_new_password_needs_the_old_one_and_signs_the_others_out(
    app: FastAPI, bob: httpx.AsyncClient
) -> None:
    other = await signed_in(app, BOB)
    form = {"current": "wrong", "password": NEW_PASSWORD}
    wrong = await bob.post("/settings/profile/password", data=form)
    assert (wrong.status_code, "not your password" in wrong.text) == (422, True)
    weak = await bob.post(
        "/settings/profile/password", data={"current": PASSWORD, "password": "bobbrown1985"}
    )
    assert (weak.status_code, "little more than your name" in weak.text) == (422, True)
    done = await bob.post("/settings/profile/password", data=form | {"current": PASSWORD})
    assert done.status_code == 303
    assert (await bob.get("/contacts")).status_code == 200
    assert (await other.get("/contacts")).status_code == 303
    await other.aclose()
    async with stranger(app) as browser:
        assert (await sign_in(browser, BOB, NEW_PASSWORD)).status_code == 303


async def test_a_stolen_session_guesses_ten_passwords(bob: httpx.AsyncClient) -> None:
    form = {"current": "wrong", "password": NEW_PASSWORD}
    answers = [await bob.post("/settings/profile/password", data=form) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 800


async def test_a_browser_is_signed_out_from_another_one(
    app: FastAPI, bob: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    async with stranger(app, "198.51.100.4") as other:
        other.headers["User-Agent"] = agent
        await sign_in(other, BOB)
        page = await bob.get("/settings/profile")
        assert "Firefox on Windows" in page.text
        assert "198.51.100.4" in page.text
        number = await admin.fetchval("select id from app.sessions where user_agent = $1", agent)
        assert (await bob.post(f"/settings/sessions/{number}/end")).status_code == 303
        assert (await other.get("/contacts")).status_code == 303
        assert (await bob.get("/contacts")).status_code == 200
        await sign_in(other, BOB)
        await bob.post("/settings/sessions/end-others")
        assert (await other.get("/contacts")).status_code == 303
        assert (await bob.get("/contacts")).status_code == 200


async def test_nobody_ends_a_session_of_somebody_else(
    app: FastAPI, bob: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    alice = await signed_in(app, ALICE)
    number = await admin.fetchval(
        "select id from app.sessions where user_id = $1 limit 1", ALICE.user_id
    )
    assert (await bob.post(f"/settings/sessions/{number}/end")).status_code == 404
    await bob.post("/settings/sessions/end-others")
    assert (await alice.get("/contacts")).status_code == 200
    await alice.aclose()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537 Edg/140.0", "Edge on Linux"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown program"),
    ],
)  # fmt: skip
def test_a_browser_has_a_name_that_people_know(agent: str, name: str) -> None:
    assert browser_name(agent) == name
