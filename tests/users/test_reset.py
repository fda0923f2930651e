"""A forgotten password: one link, one use, one hour, and no word about who exists."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from fastapi import FastAPI

from crm.db import Database
from tests.cast import ALICE, BOB, CHARLIE, PASSWORD, VERA
from tests.conftest import Copy, running_app, signed_in
from tests.mail.server import MailServer, mail_server

from .browser import NEW_PASSWORD, path_of, sign_in, stranger, value_of


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with mail_server() as started:
        yield started


@pytest.fixture
async def mailing(
    database: Copy, admin: asyncpg.Connection, post: MailServer
) -> AsyncIterator[FastAPI]:
    await admin.execute("delete from app.attempts")
    kept = await admin.fetchval("select hash from app.passwords where user_id = $1", BOB.user_id)
    async with running_app(database, **post.settings()) as app:
        yield app
    await admin.execute("select app.set_password($1, $2)", BOB.user_id, kept)
    await admin.execute("delete from app.password_resets")


async def ask(app: FastAPI, post: MailServer, email: str = BOB.email) -> str:
    """The path of the link that came by mail."""
    before = len(post.received)
    async with stranger(app) as browser:
        assert (await browser.post("/forgot", data={"email": email})).status_code == 200
    messages = await post.wait_for(before + 1)
    assert "https://crm.example.test/reset/" in messages[-1].get_content()  # pyright: ignore[reportAttributeAccessIssue]
    return path_of(messages[-1].get_content())  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_link_sets_the_password_once_and_ends_every_session(
    mailing: FastAPI, post: MailServer
) -> None:
    bob = await signed_in(mailing, BOB)
    path = await ask(mailing, post, BOB.email.upper())
    async with stranger(mailing) as browser:
        assert BOB.email in (await browser.get(path)).text
        assert (await browser.get(path)).status_code == 200  # looking uses nothing up
        done = await browser.post(path, data={"password": NEW_PASSWORD})
        assert done.headers["location"] == "/sign-in?done=password"
        assert "Your new password is set" in (await browser.get(done.headers["location"])).text
        again = await browser.post(path, data={"password": "another purple walnut"})
        assert again.status_code == 404
        assert "leads nowhere" in again.text
        assert (await sign_in(browser, BOB, PASSWORD)).status_code == 422
        assert (await sign_in(browser, BOB, NEW_PASSWORD)).status_code == 303
    assert (await bob.get("/contacts")).status_code == 303
    await bob.aclose()


async def test_two_browsers_with_one_link_set_one_password(
    mailing: FastAPI, post: MailServer
) -> None:
    path = await ask(mailing, post)
    async with stranger(mailing) as one, stranger(mailing) as two:
        answers = await asyncio.gather(
            one.post(path, data={"password": NEW_PASSWORD}),
            two.post(path, data={"password": f"{NEW_PASSWORD} too"}),
        )
    assert sorted(answer.status_code for answer in answers) == [303, 404]


async def test_the_answer_is_the_same_for_an_address_that_nobody_has(
    mailing: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    async with stranger(mailing) as browser:
        known = await browser.post("/forgot", data={"email": VERA.email})
        unknown = await browser.post("/forgot", data={"email": "nora@example.test"})
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(VERA.email, "") == unknown.text.replace("nora@example.test", "")
    await post.wait_for(1)
    assert [str(one["To"]) for one in post.received] == [VERA.email]


async def test_an_inactive_person_gets_no_link(
    mailing: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    path = await ask(mailing, post)
    await admin.execute("update app.users set is_active = false where id = $1", BOB.user_id)
    async with stranger(mailing) as browser:
        await browser.post("/forgot", data={"email": BOB.email})
        assert (await browser.get(path)).status_code == 404  # nor does the old one work
    await admin.execute("update app.users set is_active = true where id = $1", BOB.user_id)
    assert len(post.received) == 1


async def test_a_link_ends_after_an_hour_and_when_another_one_was_used(
    mailing: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    first, second = await ask(mailing, post), await ask(mailing, post)
    async with stranger(mailing) as browser:
        assert (await browser.post(second, data={"password": NEW_PASSWORD})).status_code == 303
        assert (await browser.get(first)).status_code == 404
    third = await ask(mailing, post)
    await admin.execute("update app.password_resets set expires_at = now()")
    async with stranger(mailing) as browser:
        assert (await browser.post(third, data={"password": NEW_PASSWORD})).status_code == 404


async def test_a_weak_password_keeps_the_link_open(mailing: FastAPI, post: MailServer) -> None:
    path = await ask(mailing, post)
    async with stranger(mailing) as browser:
        for weak in ("short", "bob@example.test", "Bob Brown Bob Brown", "qwertyuiop"):
            assert (await browser.post(path, data={"password": weak})).status_code == 422
        assert (await browser.post(path, data={"password": NEW_PASSWORD})).status_code == 303


async def test_three_links_an_hour_for_one_address(mailing: FastAPI, post: MailServer) -> None:
    async with stranger(mailing) as browser:
        answers = [await browser.post("/forgot", data={"email": BOB.email}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 3000
    await post.wait_for(3)


async def test_a_link_follows_the_setting_and_not_a_forged_host(
    mailing: FastAPI, post: MailServer
) -> None:
    async with stranger(mailing) as browser:
        await browser.post("/forgot", data={"email": BOB.email}, headers={"Host": "evil.test"})
    [message] = await post.wait_for(1)
    assert "evil" not in message.as_string()


async def test_made_up_links_lead_nowhere_and_are_counted(mailing: FastAPI) -> None:
    async with stranger(mailing, "203.0.113.50") as thief:
        answers = [
            await thief.post(f"/reset/guess{number}", data={"password": NEW_PASSWORD})
            for number in range(51)
        ]
    assert {answer.status_code for answer in answers} == {404}
    assert "retry-after" in answers[-1].headers


async def test_a_link_in_the_log_is_not_a_key(
    mailing: FastAPI, capsys: pytest.CaptureFixture
) -> None:
    async with stranger(mailing) as browser:
        await browser.get("/reset/very-secret-token")
        await browser.get("/invite/very-secret-token")
    said = capsys.readouterr().out
    assert "/reset/…" in said
    assert "very-secret" not in said


async def test_without_mail_the_page_says_who_can_help_and_an_owner_can(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection
) -> None:
    async with stranger(app) as browser:
        page = await browser.get("/forgot")
        assert "cannot send mail yet" in page.text
        await browser.post("/forgot", data={"email": BOB.email})
    assert await admin.fetchval("select count(*) from app.password_resets") == 0

    alice = await client_as(ALICE)
    page = await alice.post(f"/settings/people/{BOB.user_id}/reset-link")
    path = path_of(value_of(page, "#reset-link"))
    kept = await admin.fetchval("select hash from app.passwords where user_id = $1", BOB.user_id)
    async with stranger(app) as browser:
        assert (await browser.post(path, data={"password": NEW_PASSWORD})).status_code == 303
    await admin.execute("select app.set_password($1, $2)", BOB.user_id, kept)


@pytest.mark.parametrize("person", [BOB, VERA, CHARLIE])
async def test_nobody_else_makes_a_link_or_reads_one(pool: Database, person) -> None:
    statements = [
        f"select app.make_reset('{ALICE.user_id}', 'x')",
        "select app.request_reset('alice@example.test', 'x', 'y', 'z')",
        "select app.finish_reset('x', 'y')",
        "select * from app.password_resets",
    ]
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(person) as connection:
                await connection.fetch(statement)
