"""Roles: who changes whom, that an owner stays, and that inactive means out, at once."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser

from crm.db import Database, Identity
from tests.cast import ALICE, BOB, CHARLIE, VERA
from tests.conftest import signed_in

ROLES = {ALICE: "owner", BOB: "agent", VERA: "viewer"}


@pytest.fixture(autouse=True)
async def everybody_as_they_were(admin: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    for person, role in ROLES.items():
        await make(admin, person, role)


async def make(admin: asyncpg.Connection, person: Identity, role: str) -> None:
    await admin.execute(
        "update app.users set role = $2, is_active = true, name = $3 where id = $1",
        person.user_id, role, person.name,
    )  # fmt: skip


async def change(pool: Database, caller: Identity, whom: Identity, what: str) -> int:
    """How many people the caller changed; refused is none."""
    try:
        async with pool.session(caller) as connection:
            done = await connection.execute(
                f"update app.users set {what} where id = $1", whom.user_id
            )
    except asyncpg.InsufficientPrivilegeError:
        return 0
    return int(done.split()[-1])


@pytest.mark.parametrize("role", ["manager", "agent", "viewer"])
async def test_nobody_below_an_admin_changes_anybody_not_even_themselves(
    pool: Database, admin: asyncpg.Connection, role: str
) -> None:
    await make(admin, BOB, role)
    for whom in (ALICE, BOB, VERA):
        for what in ("role = 'owner'", "role = 'viewer'", "is_active = false", "name = 'x'"):
            assert await change(pool, BOB, whom, what) == 0


async def test_an_admin_manages_everybody_but_owners_and_makes_none(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await make(admin, BOB, "admin")
    assert await change(pool, BOB, VERA, "role = 'manager'") == 1
    assert await change(pool, BOB, VERA, "role = 'owner'") == 0
    assert await change(pool, BOB, BOB, "role = 'owner'") == 0
    for what in ("role = 'viewer'", "is_active = false", "name = 'x'", "email = 'x@example.test'"):
        assert await change(pool, BOB, ALICE, what) == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(BOB) as connection:
            await connection.execute("insert into app.users (email, role) values ('a@b', 'owner')")
    for call in ("make_reset($1, 'x')", "reset_second_factor($1)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(BOB) as connection:
                await connection.execute(f"select app.{call}", ALICE.user_id)


@pytest.mark.parametrize("what", ["role = 'admin'", "is_active = false"])
async def test_the_last_owner_stays_whoever_asks(
    pool: Database, admin: asyncpg.Connection, what: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="needs an active owner"):
        await change(pool, ALICE, ALICE, what)
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(f"update app.users set {what}")
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute("delete from app.users where id = $1", ALICE.user_id)
    await make(admin, BOB, "owner")
    assert await change(pool, ALICE, ALICE, what) == 1
    with pytest.raises(asyncpg.CheckViolationError):  # now Bob is the last one
        await change(pool, BOB, BOB, what)


async def test_two_owners_cannot_demote_each_other_at_the_same_moment(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await make(admin, BOB, "owner")
    for _ in range(5):
        outcome = await asyncio.gather(
            change(pool, ALICE, BOB, "role = 'agent'"),
            change(pool, BOB, ALICE, "role = 'agent'"),
            return_exceptions=True,
        )
        owners = "select count(*) from app.users where role = 'owner' and is_active"
        assert await admin.fetchval(owners) == 1, outcome
        await make(admin, ALICE, "owner")
        await make(admin, BOB, "owner")


async def test_making_somebody_inactive_ends_all_they_hold(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection, pool: Database
) -> None:
    await make(admin, BOB, "admin")
    bob = await signed_in(app, BOB)
    async with pool.session(BOB) as connection:
        await connection.execute(
            "select app.create_token('t', 'hash of a token', 'oken', '{contacts:read}', null)"
        )
        await connection.execute("select app.invite('x@example.test', 'admin', 'x', 's', 'b')")
    async with pool.service() as connection:
        await connection.execute("select app.start_challenge($1, 'c')", BOB.user_id)

    alice = await client_as(ALICE)
    done = await alice.post(f"/settings/people/{BOB.user_id}/deactivate")
    assert done.headers["location"].endswith("done=inactive")
    assert (await bob.get("/contacts")).status_code == 303
    await bob.aclose()
    for left in (
        "app.sessions where user_id = $1",
        "app.api_tokens where user_id = $1 and revoked_at is null",
        "app.invitations where invited_by = $1 and revoked_at is null",
        "app.sign_in_challenges where user_id = $1",
    ):
        assert await admin.fetchval(f"select count(*) from {left}", BOB.user_id) == 0

    page = await alice.get(done.headers["location"])
    assert f"/settings/people/{BOB.user_id}/activate" in page.text  # the undo of the toast
    await alice.post(f"/settings/people/{BOB.user_id}/activate")
    assert await admin.fetchval("select is_active from app.users where id = $1", BOB.user_id)


async def test_an_owner_changes_name_and_role_on_a_page(
    client_as: Callable, admin: asyncpg.Connection
) -> None:
    alice = await client_as(ALICE)
    path = f"/settings/people/{VERA.user_id}"
    done = await alice.post(path, data={"name": "Vera V", "role": "manager"})
    assert done.status_code == 303
    row = await admin.fetchrow("select name, role from app.users where id = $1", VERA.user_id)
    assert row is not None
    assert tuple(row) == ("Vera V", "manager")
    for wrong in ({"name": "", "role": "agent"}, {"name": "V", "role": "king"}):
        assert (await alice.post(path, data=wrong)).status_code == 422
    own = await alice.post(
        f"/settings/people/{ALICE.user_id}", data={"name": "A", "role": "viewer"}
    )
    assert own.status_code == 422
    assert "needs an active owner" in own.text


async def test_members_see_who_is_here_and_change_nothing(client_as: Callable) -> None:
    for person in (BOB, VERA):
        browser = await client_as(person)
        page = await browser.get("/settings/people")
        assert ALICE.email in page.text
        assert "Invite somebody" not in page.text
        assert f"/settings/people/{ALICE.user_id}" not in page.text
        assert (await browser.get(f"/settings/people/{ALICE.user_id}")).status_code == 403
        form = {"name": "x", "role": "owner"}
        for path in ("", "/deactivate", "/reset-link", "/reset-second-factor"):
            answer = await browser.post(f"/settings/people/{person.user_id}{path}", data=form)
            assert answer.status_code in (403, 404), path
        assert (await browser.get("/settings")).headers["location"] == "/settings/profile"
        kept = {"workspace": "Mine", "visibility": "team"}
        assert (await browser.post("/settings", data=kept)).status_code == 403


async def test_charlie_sees_nobody_and_changes_nothing(
    client_as: Callable, admin: asyncpg.Connection
) -> None:
    charlie = await client_as(CHARLIE)
    before = await admin.fetch("select * from app.users order by id")
    page = await charlie.get("/settings/people")
    assert ALICE.email not in page.text
    assert (await charlie.get("/settings/profile")).status_code == 403
    form = {"name": "x", "role": "owner", "email": "x@example.test", "workspace": "Mine"}
    refused = [
        "/settings", "/settings/profile", "/settings/profile/password", "/settings/second-factor",
        "/settings/people/invitations", f"/settings/people/{ALICE.user_id}",
        f"/settings/people/{ALICE.user_id}/deactivate",
        f"/settings/people/{ALICE.user_id}/reset-link", "/settings/tokens",
        f"/settings/sessions/{ALICE.user_id}/end",
    ]  # fmt: skip
    for path in refused:
        assert (await charlie.post(path, data=form)).status_code in (403, 404, 422), path
    assert await admin.fetch("select * from app.users order by id") == before
    assert await admin.fetchval("select count(*) from app.settings") == 0


async def test_an_owner_names_the_workspace_and_says_who_sees_what(
    client_as: Callable, admin: asyncpg.Connection
) -> None:
    alice = await client_as(ALICE)
    assert (await alice.post("/settings", data={"workspace": " "})).status_code == 422
    form = {"workspace": "Northside", "visibility": "assigned", "timezone": "Mars/Base"}
    refused = await alice.post("/settings", data=form)
    assert refused.status_code == 422
    assert 'id="e-timezone"' in refused.text
    form["timezone"] = "America/New_York"
    assert (await alice.post("/settings", data=form)).headers["location"] == "/settings?done=saved"
    assert "Northside" in (await alice.get("/contacts")).text
    stored = await admin.fetch("select value from app.settings order by key")
    assert [row["value"] for row in stored] == ['"America/New_York"', '"assigned"', '"Northside"']
    # Whoever has told no zone of their own is in that of the workspace, in mails and feeds too.
    calendar = LexborHTMLParser((await alice.get("/settings/calendar")).text)
    chosen = calendar.css_first("#f-time_zone option[selected]")
    assert chosen
    assert chosen.attributes["value"] == "America/New_York"
    due = "2026-07-01 16:00+00"
    task = await admin.fetchval(
        "insert into activities (type, title, due_date)"
        " values ('task', 'Call', $1::text::timestamptz) returning id", due,
    )  # fmt: skip
    mail = await admin.fetchval("select app.reminder_mail($1, $2)", task, ALICE.user_id)
    assert "12:00 (America/New_York)" in (mail or "")
    assert ">12:00<" in (await alice.get("/activities?view=month&date=2026-07-01&owner=all")).text
    alice.cookies.set("tz", "Europe/Berlin")
    assert ">18:00<" in (await alice.get("/activities?view=month&date=2026-07-01&owner=all")).text
    await admin.execute("delete from activities")
    await admin.execute("delete from app.settings")


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("passwords", "hash"),
        ("sessions", "token_sha256"),
        ("api_tokens", "token_sha256"),
        ("attempts", "subject"),
    ],
)
async def test_nobody_reads_hashes(pool: Database, table: str, column: str) -> None:
    for person in (ALICE, BOB, CHARLIE):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(person) as connection:
                await connection.fetch(f"select {column} from app.{table}")
