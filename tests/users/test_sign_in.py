"""Signing in and out, as a browser sees it."""

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.users.auth import COOKIE
from tests.cast import ALICE, BOB, PASSWORD
from tests.conftest import Copy, running_app, signed_in


@pytest.fixture
async def stranger(client_as: Callable) -> httpx.AsyncClient:
    return await client_as(None)


async def sign_in(client: httpx.AsyncClient, password: str, next_path: str = "/") -> httpx.Response:
    form = {"email": BOB.email, "password": password, "next": next_path}
    return await client.post("/sign-in", data=form)


async def test_a_stranger_is_sent_to_sign_in_and_back_to_where_they_wanted(
    stranger: httpx.AsyncClient,
) -> None:
    answer = await stranger.get("/contacts?q=ruiz")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/contacts%3Fq%3Druiz"


async def test_an_ended_session_comes_back_to_the_page_not_to_the_region_it_asked_for(
    stranger: httpx.AsyncClient,
) -> None:
    headers = {"HX-Request-Type": "partial", "HX-Current-URL": "http://crm.test/deals?view=list"}
    answer = await stranger.get("/reminders/counts", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=/deals%3Fview%3Dlist"


async def test_the_right_password_signs_in_and_sign_out_ends_the_session(
    stranger: httpx.AsyncClient,
) -> None:
    answer = await sign_in(stranger, PASSWORD, "/contacts")
    assert (answer.status_code, answer.headers["location"]) == (303, "/contacts")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert (await stranger.get("/contacts")).status_code == 200

    token = stranger.cookies[COOKIE]
    await stranger.post("/sign-out")
    stranger.cookies.set(COOKIE, token)  # whoever kept the token gains nothing
    assert (await stranger.get("/contacts")).status_code == 303


async def test_a_wrong_password_says_so_and_keeps_the_address(stranger: httpx.AsyncClient) -> None:
    answer = await sign_in(stranger, "wrong")
    assert answer.status_code == 422
    assert "Email or password is not right" in answer.text
    assert BOB.email in answer.text
    assert COOKIE not in stranger.cookies


@pytest.mark.parametrize("elsewhere", ["//evil.test", "/\\evil.test", "https://evil.test", "x"])
async def test_sign_in_never_leads_to_another_site(
    stranger: httpx.AsyncClient, elsewhere: str
) -> None:
    answer = await sign_in(stranger, PASSWORD, elsewhere)
    assert answer.headers["location"] == "/"


async def test_a_form_from_another_site_is_refused(client: httpx.AsyncClient) -> None:
    forged = await client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    old_browser = await client.post("/sign-out", headers={"Origin": "https://evil.test"})
    assert old_browser.status_code == 403
    assert (await client.get("/contacts")).status_code == 200


async def test_an_inactive_person_is_out_at_once(app: FastAPI, admin: asyncpg.Connection) -> None:
    bob = await signed_in(app, BOB)
    assert (await bob.get("/contacts")).status_code == 200
    await admin.execute("update app.users set is_active = false where id = $1", BOB.user_id)
    assert (await bob.get("/contacts")).status_code == 303
    await admin.execute("update app.users set is_active = true where id = $1", BOB.user_id)
    await bob.aclose()


async def test_a_session_of_another_person_or_a_made_up_one_opens_nothing(
    stranger: httpx.AsyncClient,
) -> None:
    for forged in ("", "x" * 43, "' or true --"):
        stranger.cookies.set(COOKIE, forged)
        answer = await stranger.get("/contacts")
        assert answer.headers["location"] == "/sign-in?next=/contacts"
        stranger.cookies.clear()


async def test_a_session_ends_after_its_days_of_silence(
    app: FastAPI, admin: asyncpg.Connection
) -> None:
    bob = await signed_in(app, BOB)
    assert (await bob.get("/contacts")).status_code == 200
    await admin.execute("update app.sessions set expires_at = now()")
    assert (await bob.get("/contacts")).status_code == 303
    await bob.aclose()


async def test_setup_is_closed_once_there_is_an_owner(stranger: httpx.AsyncClient) -> None:
    form = {"workspace": "Evil", "name": "Eve", "email": "eve@evil.test", "password": "x" * 12}
    answer = await stranger.post("/setup", data=form)
    assert answer.headers["location"] == "/sign-in"
    assert COOKIE not in stranger.cookies


async def test_the_demo_door_exists_only_in_the_demo(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.post("/sign-in/demo")).status_code == 404


async def test_the_demo_door_is_shut_where_other_machines_can_reach_it(seeded: Copy) -> None:
    for host, status in (("0.0.0.0", 404), ("127.0.0.1", 303)):
        async with running_app(seeded, demo=True, host=host) as app:
            browser = await signed_in(app, None)
            page = await browser.get("/sign-in")
            assert ("Explore the demo" in page.text) == (status == 303)
            assert (await browser.post("/sign-in/demo")).status_code == status
            await browser.aclose()


async def test_every_page_carries_the_strict_security_headers(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/contacts")).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "HX-Request-Type" in headers["vary"]


async def test_the_application_cannot_read_passwords_or_sessions(app: FastAPI) -> None:
    db = app.state.db
    for table in ("app.passwords", "app.sessions", "app.attempts", "app.users"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.service() as connection:
                await connection.fetch(f"select * from {table}")
    for table in ("app.passwords", "app.attempts"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.session(ALICE) as connection:
                await connection.fetch(f"select * from {table}")
