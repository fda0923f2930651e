"""The second factor: no session before the code, no code twice, and a way back for who lost it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from crm.db import Database
from crm.users.auth import COOKIE
from crm.users.signing import CHALLENGE_COOKIE
from tests.cast import ALICE, BOB, CHARLIE, PASSWORD, VERA

from .browser import code_at, sign_in, stranger


@pytest.fixture
async def bobs_codes(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection
) -> AsyncIterator[tuple[str, list[str]]]:
    """Bob has switched it on: his app's secret, and his recovery codes."""
    await admin.execute("delete from app.attempts")
    yield await switch_on(await client_as(BOB), admin)
    await admin.execute("select app.remove_second_factor($1)", BOB.user_id)


async def switch_on(browser: httpx.AsyncClient, admin: asyncpg.Connection) -> tuple[str, list[str]]:
    assert (await browser.post("/settings/second-factor")).status_code == 303
    page = await browser.get("/settings/second-factor")
    shown = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.text)
    assert shown
    secret = shown[0].replace(" ", "")
    done = await browser.post(
        "/settings/second-factor/confirm", data={"code": code_at(secret, time.time())}
    )
    assert done.status_code == 200
    codes = [item.text() for item in HTMLParser(done.text).css(".codes li")]
    assert len(codes) == 10
    # Codes of this test's own minute: the one that switched it on is used up.
    await admin.execute("update app.second_factors set last_step = last_step - 2")
    return secret, codes


async def half_way(browser: httpx.AsyncClient) -> httpx.Response:
    return await sign_in(browser, BOB, next="/imports")


async def send(browser: httpx.AsyncClient, code: str) -> httpx.Response:
    return await browser.post("/sign-in/code", data={"code": code, "next": "/contacts"})


async def test_the_right_password_alone_opens_nothing(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    async with stranger(app) as browser:
        answer = await half_way(browser)
        assert answer.headers["location"] == "/sign-in/code?next=/imports"
        assert COOKIE not in browser.cookies
        assert (await browser.get("/contacts")).status_code == 303
        browser.cookies.set(COOKIE, browser.cookies[CHALLENGE_COOKIE])  # a challenge is no session
        assert (await browser.get("/contacts")).status_code == 303


async def test_the_code_finishes_the_sign_in_where_it_was_going(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    secret, _ = bobs_codes
    async with stranger(app) as browser:
        await half_way(browser)
        page = await browser.get("/sign-in/code?next=/contacts")
        assert "Enter your code" in page.text
        answer = await send(browser, code_at(secret, time.time()))
        assert (answer.status_code, answer.headers["location"]) == (303, "/contacts")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert (await browser.get("/contacts")).status_code == 200
        assert CHALLENGE_COOKIE not in browser.cookies


async def test_a_code_works_once_also_in_a_second_browser_at_the_same_moment(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    code = code_at(bobs_codes[0], time.time())
    async with stranger(app) as one, stranger(app) as two:
        await half_way(one)
        await half_way(two)
        answers = await asyncio.gather(send(one, code), send(two, code))
        assert sorted(answer.status_code for answer in answers) == [303, 422]
    async with stranger(app) as later:
        await half_way(later)
        assert (await send(later, code)).status_code == 422
        assert COOKIE not in later.cookies


async def test_an_older_code_is_refused_after_a_newer_one(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    secret, now = bobs_codes[0], time.time()
    async with stranger(app) as browser:
        await half_way(browser)
        assert (await send(browser, code_at(secret, now))).status_code == 303
    async with stranger(app) as browser:
        await half_way(browser)
        assert (await send(browser, code_at(secret, now, -1))).status_code == 422


async def test_codes_of_other_times_and_other_people_are_wrong(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    secret, now = bobs_codes[0], time.time()
    async with stranger(app) as browser:
        await half_way(browser)
        for code in (code_at(secret, now, 5), code_at("JBSWY3DPEHPK3PXP" * 2, now), "", "١٢٣٤٥٦"):
            answer = await send(browser, code)
            assert answer.status_code == 422
            assert "not right" in answer.text


async def test_a_recovery_code_works_once_however_it_is_typed(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    code = bobs_codes[1][0]
    async with stranger(app) as browser:
        await half_way(browser)
        typed = f" {code.lower().replace('-', ' ')} "
        assert (await send(browser, typed)).status_code == 303
    async with stranger(app) as browser:
        await half_way(browser)
        assert (await send(browser, code)).status_code == 422
        assert (await send(browser, bobs_codes[1][1])).status_code == 303
        page = await browser.get("/settings/profile")
        assert "8 of 10 recovery codes are left" in page.text


async def test_five_wrong_codes_close_the_door_also_for_a_new_challenge(
    app: FastAPI, bobs_codes: tuple[str, list[str]]
) -> None:
    async with stranger(app) as browser:
        await half_way(browser)
        answers = await asyncio.gather(*(send(browser, f"{n:06}") for n in range(40)))
        assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429] * 35
        await half_way(browser)  # the password is right again, and opens no new five tries
        answer = await send(browser, code_at(bobs_codes[0], time.time()))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 800


async def test_a_challenge_ends_after_ten_minutes_and_with_its_session(
    app: FastAPI, bobs_codes: tuple[str, list[str]], admin: asyncpg.Connection
) -> None:
    async with stranger(app) as browser:
        await half_way(browser)
        await admin.execute("update app.sign_in_challenges set expires_at = now()")
        answer = await send(browser, code_at(bobs_codes[0], time.time()))
        assert answer.headers["location"] == "/sign-in?next=/contacts"
        await half_way(browser)
        kept = browser.cookies[CHALLENGE_COOKIE]
        assert (await send(browser, code_at(bobs_codes[0], time.time()))).status_code == 303
    async with stranger(app) as thief:
        thief.cookies.set(CHALLENGE_COOKIE, kept)
        answer = await send(thief, bobs_codes[1][0])
        assert answer.headers["location"] == "/sign-in?next=/contacts"


async def test_switching_off_and_new_codes_need_the_password(
    app: FastAPI, client_as: Callable, bobs_codes: tuple[str, list[str]]
) -> None:
    async with stranger(app) as browser:
        await half_way(browser)
        await send(browser, code_at(bobs_codes[0], time.time()))
        for path in ("off", "codes"):
            wrong = await browser.post(
                f"/settings/second-factor/{path}", data={"factor_password": "wrong"}
            )
            assert wrong.status_code == 422
            assert "not your password" in wrong.text
        fresh = await browser.post(
            "/settings/second-factor/codes", data={"factor_password": PASSWORD}
        )
        assert bobs_codes[1][5] not in fresh.text
        off = await browser.post("/settings/second-factor/off", data={"factor_password": PASSWORD})
        assert off.status_code == 303
    async with stranger(app) as browser:
        assert (await half_way(browser)).headers["location"] == "/imports"


async def test_the_secret_is_shown_until_the_first_code_and_never_again(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection
) -> None:
    vera = await client_as(VERA)
    await vera.post("/settings/second-factor")
    picture = await vera.get("/settings/second-factor/qr.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.text.startswith("<svg")
    wrong = await vera.post("/settings/second-factor/confirm", data={"code": "000000"})
    assert wrong.status_code == 422
    secret = await admin.fetchval(
        "select secret from app.second_factors where user_id = $1", VERA.user_id
    )
    done = await vera.post(
        "/settings/second-factor/confirm", data={"code": code_at(str(secret), time.time())}
    )
    assert done.status_code == 200
    assert (await vera.get("/settings/second-factor")).status_code == 303
    assert (await vera.get("/settings/second-factor/qr.svg")).status_code == 404
    assert (await vera.post("/settings/second-factor")).status_code == 409
    await admin.execute("select app.remove_second_factor($1)", VERA.user_id)


async def test_no_function_of_the_program_starts_a_session_around_the_second_factor(
    pool: Database, bobs_codes: tuple[str, list[str]]
) -> None:
    start = "select app.{}($1, 'x', '', null, 1)"
    for function in ("start_session", "write_session"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.service() as connection:
                await connection.execute(start.format(function), BOB.user_id)


async def test_an_owner_takes_it_off_somebody_and_a_member_does_not(
    app: FastAPI, client_as: Callable, bobs_codes: tuple[str, list[str]]
) -> None:
    path = f"/settings/people/{BOB.user_id}/reset-second-factor"
    for person, status in ((VERA, 403), (ALICE, 303)):
        browser = await client_as(person)
        assert (await browser.post(path)).status_code == status
    async with stranger(app) as browser:
        assert (await half_way(browser)).headers["location"] == "/imports"


@pytest.mark.parametrize("table", ["second_factors", "recovery_codes", "sign_in_challenges"])
async def test_nobody_reads_secrets(
    pool: Database, bobs_codes: tuple[str, list[str]], table: str
) -> None:
    for person in (ALICE, BOB, VERA, CHARLIE):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(person) as connection:
                await connection.fetch(f"select * from app.{table}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.service() as connection:
            await connection.fetch(f"select * from app.{table}")


async def test_charlie_has_no_second_factor_and_learns_of_nobodys(
    pool: Database, bobs_codes: tuple[str, list[str]]
) -> None:
    statements = [
        "select * from app.my_second_factor()",
        "select app.begin_second_factor('JBSWY3DPEHPK3PXP')",
        "select app.end_second_factor()",
        f"select app.reset_second_factor('{BOB.user_id}')",
        "select * from app.find_challenge('x')",
    ]
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(CHARLIE) as connection:
                await connection.fetch(statement)
    async with pool.session(CHARLIE) as connection:
        assert await connection.fetch("select * from app.people_with_second_factor()") == []
