"""Guessing is slow, whoever guesses, from wherever, and however many at once."""

import asyncio
import statistics
import time

import asyncpg
import pytest
from fastapi import FastAPI

from crm.db import Database
from crm.users import passwords
from tests.cast import ALICE, BOB, PASSWORD, VERA
from tests.conftest import Copy, running_app

from .browser import sign_in, stranger


@pytest.fixture(autouse=True)
async def nothing_counted(admin: asyncpg.Connection) -> None:
    await admin.execute("delete from app.attempts")


async def test_two_hundred_parallel_guesses_check_ten_passwords(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = 0

    async def counting(stored: str | None, plain: str) -> bool:
        nonlocal checked
        checked += 1
        await asyncio.sleep(0.05)
        return False

    monkeypatch.setattr(passwords, "check", counting)
    async with stranger(app) as browser:
        answers = await asyncio.gather(*(sign_in(browser, BOB, f"no {n}") for n in range(200)))
    assert checked == 10
    assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429] * 190


async def test_a_closed_address_stays_closed_after_a_restart_and_says_for_how_long(
    app: FastAPI, database: Copy
) -> None:
    async with stranger(app) as browser:
        for _ in range(10):
            assert (await sign_in(browser, BOB, "wrong")).status_code == 422
    async with running_app(database) as again, stranger(again, "198.51.100.9") as browser:
        answer = await sign_in(browser, BOB, PASSWORD)
        assert answer.status_code == 429
        assert "Wait 15 minutes" in answer.text
        assert 880 < int(answer.headers["retry-after"]) <= 900
        assert (await sign_in(browser, VERA, PASSWORD)).status_code == 303  # nobody else waits


async def test_an_address_that_nobody_has_is_closed_just_the_same(app: FastAPI) -> None:
    async with stranger(app) as browser:
        answers = [await sign_in(browser, "nobody@example.test", "wrong") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


async def test_one_network_may_not_try_everybody(app: FastAPI, admin: asyncpg.Connection) -> None:
    async with stranger(app, "203.0.113.7") as thief:
        for number in range(50):
            assert (await sign_in(thief, f"p{number}@example.test", "wrong")).status_code == 422
        assert (await sign_in(thief, ALICE, "wrong")).status_code == 429
    async with stranger(app, "203.0.113.8") as other:
        assert (await sign_in(other, ALICE, PASSWORD)).status_code == 303
    tries = "select count(*) from app.attempts where subject = 'from 203.0.113.7'"
    assert await admin.fetchval(tries) == 50


async def test_an_own_account_does_not_pay_for_guesses_at_others(app: FastAPI) -> None:
    async with stranger(app, "203.0.113.9") as thief:
        for number in range(50):
            if number % 5 == 0:
                assert (await sign_in(thief, VERA, PASSWORD)).status_code == 303
                thief.cookies.clear()
            await sign_in(thief, f"q{number}@example.test", "wrong")
        assert (await sign_in(thief, ALICE, "wrong")).status_code == 429


async def test_all_addresses_of_an_ipv6_network_count_as_one(pool: Database) -> None:
    async with pool.service() as connection:
        for number in range(50):
            taken = await connection.fetchval(
                "select app.take_attempt('link', null, $1)", f"2001:db8:1:2::{number:x}"
            )
            assert taken == 0
        near = "select app.take_attempt('link', null, '2001:db8:1:2:ffff::1')"
        assert await connection.fetchval(near) in range(1, 901)
        far = "select app.take_attempt('link', null, '2001:db8:1:3::1')"
        assert await connection.fetchval(far) == 0


async def test_the_right_password_opens_the_way_again(app: FastAPI) -> None:
    async with stranger(app) as browser:
        for _ in range(3):
            for _ in range(9):
                assert (await sign_in(browser, BOB, "wrong")).status_code == 422
            assert (await sign_in(browser, BOB, PASSWORD)).status_code == 303
            browser.cookies.clear()


async def test_it_takes_as_long_to_refuse_a_stranger_as_a_member(app: FastAPI) -> None:
    async def seconds(email: str, browser) -> float:
        started = time.perf_counter()
        await sign_in(browser, email, "wrong")
        return time.perf_counter() - started

    async with stranger(app) as browser:
        await seconds("first@example.test", browser)  # makes the hash that nobody has
        known = [await seconds(BOB.email, browser) for _ in range(7)]
        unknown = [await seconds("nobody@example.test", browser) for _ in range(7)]
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.5 < ratio < 2


async def test_attempts_are_forgotten_after_a_day(admin: asyncpg.Connection) -> None:
    await admin.execute(
        "insert into app.attempts (kind, subject, at) values"
        " ('sign-in', 'old', now() - interval '25 hours'), ('sign-in', 'new', now())"
    )
    await admin.execute("select app.upkeep_sign_in()")
    rows = await admin.fetch("select subject from app.attempts")
    assert [row["subject"] for row in rows] == ["new"]
