"""Invitations: who may send them, and that each opens one door once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from fastapi import FastAPI

from crm import mail
from crm.db import Database
from tests.cast import ALICE, BOB, CHARLIE, VERA
from tests.conftest import Copy, running_app, signed_in
from tests.mail.server import mail_server

from .browser import NEW_PASSWORD, path_of, stranger, value_of

MEI = "mei@example.test"


@pytest.fixture(autouse=True)
async def nobody_invited(admin: asyncpg.Connection) -> AsyncIterator[None]:
    await admin.execute("delete from app.attempts")
    await admin.execute("delete from app.mails")
    yield
    await admin.execute("delete from app.invitations")
    await admin.execute("delete from app.users where email = $1", MEI)


@pytest.fixture
async def path(client_as: Callable) -> str:
    """Alice has invited Mei; no mail is set up, so she got the link."""
    return await invite(client_as)


async def invite(client_as: Callable, role: str = "manager") -> str:
    alice = await client_as(ALICE)
    page = await alice.post("/settings/people/invitations", data={"email": MEI, "role": role})
    assert page.status_code == 200, page.text
    return path_of(value_of(page, "#invitation-link"))


async def join(app: FastAPI, path: str, name: str = "Mei Lin"):
    async with stranger(app) as browser:
        return await browser.post(path, data={"name": name, "password": NEW_PASSWORD})


async def test_the_invited_person_names_herself_and_is_in(app: FastAPI, path: str) -> None:
    async with stranger(app) as browser:
        page = await browser.get(path)
        assert "Alice Adams invites you, mei@example.test, as manager" in page.text
        done = await browser.post(path, data={"name": " Mei Lin ", "password": NEW_PASSWORD})
        assert done.headers["location"] == "/"
        profile = await browser.get("/settings/profile")
        assert "Mei Lin" in profile.text
        assert "Manager" in profile.text


async def test_a_link_opens_one_door_once_also_for_two_at_the_same_moment(
    app: FastAPI, path: str, admin: asyncpg.Connection
) -> None:
    answers = await asyncio.gather(*(join(app, path, f"Mei {n}") for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404]
    assert (await join(app, path)).status_code == 404
    assert await admin.fetchval("select count(*) from app.users where email = $1", MEI) == 1


async def test_a_form_that_is_not_right_says_so_and_keeps_the_link(app: FastAPI, path: str) -> None:
    async with stranger(app) as browser:
        for name, password in (("", NEW_PASSWORD), ("Mei", "short"), ("Mei", MEI)):
            answer = await browser.post(path, data={"name": name, "password": password})
            assert answer.status_code == 422
    assert (await join(app, path)).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        "update app.invitations set expires_at = now()",
        "update app.invitations set revoked_at = now()",
        "update app.invitations set token_sha256 = '\\x00'",
    ],
)
async def test_a_link_that_is_over_opens_nothing(
    app: FastAPI, path: str, admin: asyncpg.Connection, change: str
) -> None:
    await admin.execute(change)
    async with stranger(app) as browser:
        assert (await browser.get(path)).status_code == 404
    assert (await join(app, path)).status_code == 404


async def test_sending_again_gives_a_new_link_and_ends_the_old_one(
    app: FastAPI, path: str, client_as: Callable, admin: asyncpg.Connection
) -> None:
    alice = await client_as(ALICE)
    number = await admin.fetchval("select id from app.invitations")
    await admin.execute("update app.invitations set expires_at = now() - interval '1 day'")
    page = await alice.post(f"/settings/people/invitations/{number}/again")
    fresh = path_of(value_of(page, "#invitation-link"))
    assert (await join(app, path)).status_code == 404
    assert (await join(app, fresh)).status_code == 303


async def test_revoking_ends_it_and_the_address_can_be_invited_anew(
    app: FastAPI, path: str, client_as: Callable, admin: asyncpg.Connection
) -> None:
    alice = await client_as(ALICE)
    again = await alice.post("/settings/people/invitations", data={"email": MEI.upper()})
    assert again.status_code == 422
    assert "invited already" in again.text
    number = await admin.fetchval("select id from app.invitations")
    await alice.post(f"/settings/people/invitations/{number}/revoke")
    assert (await join(app, path)).status_code == 404
    assert (await join(app, await invite(client_as))).status_code == 303


async def test_who_is_here_already_is_not_invited(client_as: Callable) -> None:
    alice = await client_as(ALICE)
    for email, words in ((BOB.email.upper(), "here already"), ("mei", "not an email address")):
        answer = await alice.post("/settings/people/invitations", data={"email": email})
        assert answer.status_code == 422
        assert words in answer.text


async def test_the_invitation_of_somebody_who_may_not_invite_any_more_is_worth_nothing(
    app: FastAPI, path: str, admin: asyncpg.Connection
) -> None:
    await admin.execute("update app.users set role = 'owner' where id = $1", BOB.user_id)
    await admin.execute("update app.users set role = 'agent' where id = $1", ALICE.user_id)
    try:
        assert (await join(app, path)).status_code == 404
    finally:
        await admin.execute("update app.users set role = 'owner' where id = $1", ALICE.user_id)
        await admin.execute("update app.users set role = 'agent' where id = $1", BOB.user_id)


async def test_with_mail_the_link_goes_to_the_invited_person_alone(
    database: Copy, admin: asyncpg.Connection
) -> None:
    async with mail_server() as post, running_app(database, **post.settings()) as app:
        alice = await signed_in(app, ALICE)
        done = await alice.post(
            "/settings/people/invitations", data={"email": MEI, "role": "agent"}
        )
        assert done.headers["location"] == "/settings/people?done=invited"
        [message] = await post.wait_for(1)
        assert (message["To"], message["Subject"]) == (
            MEI, "Alice Adams invites you to Contact CRM",
        )  # fmt: skip
        path = path_of(message.get_content())  # pyright: ignore[reportAttributeAccessIssue]
        page = await alice.get("/settings/people")
        assert path not in page.text
        assert MEI in page.text
        assert (await join(app, path)).status_code == 303
        await alice.aclose()


async def test_a_mail_that_bounced_is_shown_beside_the_invitation(
    database: Copy, admin: asyncpg.Connection
) -> None:
    async with mail_server() as post, running_app(database, **post.settings()) as app:
        post.rcpt = "550 no such mailbox"
        alice = await signed_in(app, ALICE)
        await alice.post("/settings/people/invitations", data={"email": MEI, "role": "agent"})
        await mail.upkeep(app)  # beside the one that was woken
        await mail.rest(app)
        assert "550 no such mailbox" in (await alice.get("/settings/people")).text
        await alice.aclose()


@pytest.mark.parametrize("person", [BOB, VERA, CHARLIE])
async def test_nobody_but_owners_and_admins_invites_or_sees_invitations(
    pool: Database, path: str, person
) -> None:
    async with pool.session(person) as connection:
        assert await connection.fetch("select id from app.invitations") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(person) as connection:
            await connection.execute("select app.invite('x@example.test', 'viewer', 'x', 's', 'b')")
    with pytest.raises(asyncpg.NoDataFoundError):
        async with pool.session(person) as connection:
            await connection.execute(
                "select app.revoke_invitation($1)", ALICE.user_id
            )  # whichever it is


async def test_an_admin_invites_no_owner(pool: Database, admin: asyncpg.Connection) -> None:
    await admin.execute("update app.users set role = 'admin' where id = $1", BOB.user_id)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(BOB) as connection:
                await connection.execute(
                    "select app.invite('x@example.test', 'owner', 'x', 's', 'b')"
                )
    finally:
        await admin.execute("update app.users set role = 'agent' where id = $1", BOB.user_id)


async def test_nobody_reads_the_hash_of_a_link(pool: Database, path: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(ALICE) as connection:
            await connection.fetch("select token_sha256 from app.invitations")
