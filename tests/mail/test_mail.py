"""A mail is sent once, later, never, or nobody knows: and then it is not sent again."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from crm import mail
from crm.config import ConfigurationError, load
from crm.db import Database
from crm.mail import sending as sending_module
from tests.cast import ALICE, BOB, CHARLIE, VERA
from tests.conftest import Copy, running_app, settings_for_tests

from .server import MailServer, mail_server


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with mail_server() as started:
        yield started


@pytest.fixture
async def sending(
    database: Copy, admin: asyncpg.Connection, post: MailServer
) -> AsyncIterator[FastAPI]:
    await admin.execute("delete from app.mails")
    async with running_app(database, **post.settings()) as app:
        yield app


async def queue(app: FastAPI, recipient: str = "mei@example.test") -> None:
    async with app.state.db.session(ALICE) as connection:
        await connection.execute(
            "select app.queue_mail($1, 'Grüße', $2)", recipient, "Schöne Grüße\n"
        )


async def state_of(admin: asyncpg.Connection) -> asyncpg.Record:
    row = await admin.fetchrow("select * from app.mails")
    assert row is not None
    return row


async def test_a_queued_mail_arrives_at_once_and_its_text_is_wiped(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    await queue(sending)
    mail.wake(sending)
    [message] = await post.wait_for(1)
    assert message["To"] == "mei@example.test"
    assert message["From"] == "Contact CRM <crm@northside.example>"
    assert message["Subject"] == "Grüße"
    assert message.get_content().strip() == "Schöne Grüße"  # pyright: ignore[reportAttributeAccessIssue]
    await mail.rest(sending)
    row = await state_of(admin)
    assert (row["state"], row["body"], row["created_by"]) == ("sent", "", ALICE.user_id)
    assert row["sent_at"] is not None


async def test_a_transaction_that_fails_sends_nothing(sending: FastAPI, post: MailServer) -> None:
    async def queue_and_fail() -> None:
        async with sending.state.db.session(ALICE) as connection:
            await connection.execute("select app.queue_mail('a@example.test', 'x', 'y')")
            await connection.execute("select 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await queue_and_fail()
    await mail.upkeep(sending)
    assert post.tries == 0


async def test_a_mail_that_is_refused_for_now_is_sent_later(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    post.rcpt = "450 greylisted, come again"
    await queue(sending)
    await mail.upkeep(sending)
    row = await state_of(admin)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert "450 greylisted" in row["last_error"]
    await mail.upkeep(sending)
    assert post.tries == 1  # not before the pause is over

    post.rcpt = ""
    await admin.execute("update app.mails set due_at = now()")
    await mail.upkeep(sending)
    assert (await state_of(admin))["state"] == "sent"


async def test_a_mail_that_is_always_put_off_is_given_up_after_eight_tries(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    post.data = "451 disk full"
    await queue(sending)
    for _ in range(9):
        await admin.execute("update app.mails set due_at = now()")
        await mail.upkeep(sending)
    row = await state_of(admin)
    assert (row["state"], row["attempts"], row["body"]) == ("failed", 8, "")


@pytest.mark.parametrize("command", ["rcpt", "data"])
async def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection, command: str
) -> None:
    setattr(post, command, "550 no such person")
    await queue(sending)
    await mail.upkeep(sending)
    await admin.execute("update app.mails set due_at = now()")
    await mail.upkeep(sending)
    row = await state_of(admin)
    assert (row["state"], row["body"], post.tries) == ("failed", "", 1)
    assert "550 no such person" in row["last_error"]


async def test_a_connection_that_breaks_after_the_text_is_unclear_and_never_sent_twice(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    post.hangs_up = True
    await queue(sending)
    await mail.upkeep(sending)
    post.hangs_up = False
    await admin.execute("update app.mails set due_at = now()")
    await mail.upkeep(sending)
    assert (await state_of(admin))["state"] == "unclear"
    assert len(post.received) == 1


async def test_a_mail_whose_sender_was_killed_is_unclear(
    sending: FastAPI, post: MailServer, admin: asyncpg.Connection
) -> None:
    await queue(sending)
    async with sending.state.db.service() as connection:
        await mail.queries.take_mail(connection)  # and then the power goes
    await mail.upkeep(sending)
    assert post.tries == 0
    await admin.execute("update app.mails set due_at = now() - interval '11 minutes'")
    assert await admin.fetchval("select app.upkeep_mails()") == 1
    assert (await state_of(admin))["state"] == "unclear"


async def test_no_server_means_later(
    database: Copy, admin: asyncpg.Connection, post: MailServer
) -> None:
    await admin.execute("delete from app.mails")
    nobody = post.settings() | {"smtp_url": "smtp://127.0.0.1:1"}
    async with running_app(database, **nobody) as app:
        await queue(app)
        await mail.upkeep(app)
    row = await state_of(admin)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    assert row["body"] != ""


async def test_many_senders_send_each_mail_once(
    sending: FastAPI, post: MailServer, database: Copy
) -> None:
    for number in range(12):
        await queue(sending, f"person{number}@example.test")
    async with running_app(database, **post.settings()) as second:
        await asyncio.gather(*(mail.upkeep(app) for app in (sending, second, sending, second)))
    assert sorted(str(one["To"]) for one in post.received) == sorted(
        f"person{number}@example.test" for number in range(12)
    )


async def test_without_a_mail_server_mails_wait_a_day_for_one(
    database: Copy, admin: asyncpg.Connection, post: MailServer
) -> None:
    await admin.execute("delete from app.mails")
    async with running_app(database) as app:
        await queue(app)
        await mail.upkeep(app)
        assert (await state_of(admin))["state"] == "not_configured"
    async with running_app(database, **post.settings()) as app:
        await mail.upkeep(app)
    assert len(post.received) == 1

    await admin.execute("delete from app.mails")
    async with running_app(database) as app:
        await queue(app)
        await mail.upkeep(app)
    await admin.execute("update app.mails set created_at = now() - interval '25 hours'")
    await admin.execute("select app.upkeep_mails()")
    row = await state_of(admin)
    assert (row["state"], row["body"]) == ("failed", "")


async def test_nobody_reads_the_text_of_a_mail_and_only_admins_see_that_there_is_one(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await admin.execute("delete from app.mails")
    async with pool.session(ALICE) as connection:
        await connection.execute("select app.queue_mail('a@example.test', 'x', 'a secret')")
        assert await connection.fetchval("select count(id) from app.mails") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select body from app.mails")
    for person in (BOB, VERA, CHARLIE):
        async with pool.session(person) as connection:
            assert await connection.fetchval("select count(id) from app.mails") == 0


async def test_charlie_sends_no_mail(pool: Database) -> None:
    for statement in ("select app.queue_mail('a@b', 'x', 'y')", "select app.take_mail()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(CHARLIE) as connection:
                await connection.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.service() as connection:  # the program itself goes through a person too
            await connection.execute("select app.queue_mail('a@b', 'x', 'y')")


async def test_a_subject_of_two_lines_cannot_add_a_header(
    sending: FastAPI, post: MailServer
) -> None:
    async with sending.state.db.session(ALICE) as connection:
        await connection.execute(
            "select app.queue_mail('a@example.test', E'Hello\\r\\nBcc: evil@example.test', 'x')"
        )
    await mail.upkeep(sending)
    [message] = post.received
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: evil@example.test"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"SMTP_URL": "http://mail.test", "PUBLIC_URL": "https://crm.test"}, "smtp://user"),
        ({"SMTP_URL": "smtp://mail.test"}, "needs CRM_PUBLIC_URL"),
        ({"SMTP_URL": "smtp://mail.test", "PUBLIC_URL": "https://crm.test"}, "CRM_MAIL_FROM"),
        ({"PUBLIC_URL": "crm.test"}, "must be an address"),
    ],
)
def test_wrong_settings_of_mail_say_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], words: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"CRM_{name}", value)
    with pytest.raises(ConfigurationError, match=words):
        load()


def test_mail_comes_from_the_user_of_the_mail_server_when_that_is_an_address() -> None:
    url = "smtps://crm%40northside.example:p%40ss@mail.test"
    settings = settings_for_tests(public_url="https://crm.test/", smtp_url=url)
    assert settings.mail_from == "crm@northside.example"
    assert settings.public_url == "https://crm.test"
    assert "p%40ss" not in repr(settings)


async def test_a_password_is_not_sent_in_the_clear_to_another_machine(
    post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This server offers no TLS; for once it is taken for one that is not on this machine.
    monkeypatch.setattr(sending_module, "_is_here", lambda _: False)
    settings = post.settings()
    settings["smtp_url"] = settings["smtp_url"].replace("//", "//me:secret@")
    letter = sending_module.Mail(uuid4(), "mei@example.test", "x", "y")
    with pytest.raises(mail.MailError, match="no encryption") as refused:
        await mail.deliver(settings_for_tests(**settings), letter)
    assert not refused.value.permanent
    assert post.tries == 0
