"""What is heard on /events: by whom, after a break, and until when."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm import live
from crm.db import Database, Identity
from crm.users import auth
from tests.browser.site import serving
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .scene import add, visibility


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits for it; fails when it does not come."""
    for _ in range(int(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in time")


@dataclass
class Ear:
    """One stream, and what was heard on it."""

    response: httpx.Response
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    last_id: str = ""
    is_over: bool = False

    async def listen(self) -> None:
        name = ""
        async for line in self.response.aiter_lines():
            key, _, value = line.partition(": ")
            if key == "id":
                self.last_id = value
            elif key == "event":
                name = value
            elif key == "data":
                self.heard.append((name, json.loads(value)))
        self.is_over = True

    def names(self) -> set[str]:
        return {name for name, _ in self.heard}

    async def hears(self, name: str, seconds: float = 5.0) -> dict[str, Any]:
        """The data of this event; fails when it does not come."""
        await until(lambda: name in self.names(), seconds)
        return next(data for one, data in self.heard if one == name)

    async def ends(self, seconds: float = 5.0) -> None:
        """Fails when the stream stays open."""
        await until(lambda: self.is_over, seconds)


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    app.state.live.is_closed = False
    async with serving(app) as found:
        yield found


Open = Callable[..., Awaitable[Ear]]


@pytest.fixture
async def ear(address: str) -> AsyncIterator[Open]:
    """`await ear(headers)`: an open stream that is being listened to."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=None))

        async def listen(headers: dict[str, str], last_id: str = "") -> Ear:
            more = {"Last-Event-ID": last_id} if last_id else {}
            response = await stack.enter_async_context(
                client.stream("GET", "/events", headers=headers | more)
            )
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            opened = Ear(response)
            task = asyncio.create_task(opened.listen())
            stack.callback(task.cancel)
            await until(lambda: bool(opened.last_id))
            return opened

        yield listen


async def session(pool: Database, person: Identity) -> dict[str, str]:
    """The headers of a browser in which somebody is signed in."""
    token = secrets.token_urlsafe(16)
    async with pool.service() as connection:
        await auth.queries.start_session(
            connection, user_id=person.user_id, token_sha256=auth.token_sha256(token),
            user_agent="tests", ip=None, days=1,
        )  # fmt: skip
    return {"Cookie": f"{auth.COOKIE}={token}"}


async def token(admin: asyncpg.Connection, person: Identity, *scopes: str) -> dict[str, str]:
    """The headers of a program that acts for somebody."""
    text = secrets.token_urlsafe(16)
    await add(
        admin, "app.api_tokens", user_id=person.user_id, name="t",
        token_sha256=auth.token_sha256(text), scopes=list(scopes),
    )  # fmt: skip
    return {"Authorization": f"Bearer {text}"}


async def test_a_change_is_heard_with_the_tab_that_made_it(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    heard = await ear(await session(pool, VERA))
    async with pool.session(ALICE, client="tab-7") as connection:
        person = await add(connection, "contacts", first_name="Nora")
        deal = await add(connection, "deals", contact_id=person, name="House")
        message = await add(
            connection, "messages", contact_id=person, direction="inbound", content="secret"
        )
    thread = await admin.fetchval("select conversation_id from messages where id = $1", message)
    assert await heard.hears("contacts") == {"client": "tab-7", "ids": [str(person)]}
    for name in ("deals", f"deal-{deal}", f"contact-{person}", f"conversation-{thread}"):
        await heard.hears(name)
    assert "secret" not in json.dumps(heard.heard)


async def test_a_hyphen_stands_for_the_underscore(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    heard = await ear(await session(pool, BOB))
    person = await add(admin, "contacts", first_name="Nora")
    tag = await add(admin, "tags", name="live")
    await add(admin, "contact_tags", contact_id=person, tag_id=tag)
    await heard.hears("contact-tags")


async def test_a_transaction_that_commits_late_is_heard(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    heard = await ear(await session(pool, ALICE))
    async with pool.session(BOB) as connection:
        await add(connection, "tags", name="late")
        await add(admin, "contacts", first_name="Early")
        await heard.hears("contacts")
        await asyncio.sleep(0.1)
        assert "tags" not in heard.names()
    await heard.hears("tags")


async def test_after_a_break_exactly_what_was_missed_is_heard(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    browser = await session(pool, ALICE)
    first = await ear(browser)
    async with pool.session(BOB) as late:
        await add(late, "tags", name="over the break")
        await add(admin, "contacts", first_name="Heard")
        await first.hears("contacts")
        place = first.last_id
    await add(admin, "activities", type="task", title="Missed")
    again = await ear(browser, place)
    await again.hears("tags")
    await again.hears("activities")
    assert "contacts" not in again.names()


@pytest.mark.parametrize(
    "last_id", ["nonsense", "1:2:3", "9:1:", "999999999:999999999:", "99999999999999999999:1:"]
)
async def test_a_place_that_is_none_means_look_at_everything(
    admin: asyncpg.Connection, pool: Database, ear: Open, last_id: str
):
    await admin.execute("insert into tags (name) select 'x' || g from generate_series(1, 210) g")
    await admin.execute("delete from tags where name like 'x%'")
    heard = await ear(await session(pool, ALICE), last_id)
    assert await heard.hears("refresh") == {"client": "", "ids": []}


async def test_a_bulk_change_is_one_refresh(admin: asyncpg.Connection, pool: Database, ear: Open):
    heard = await ear(await session(pool, ALICE))
    await admin.execute("insert into contacts (first_name) select 'B' from generate_series(1, 500)")
    await heard.hears("refresh")
    assert heard.names() == {"refresh"}


async def test_charlie_and_nobody_hear_nothing(
    admin: asyncpg.Connection, pool: Database, address: str
):
    await admin.execute(
        "insert into app.users (id, email, name, role, is_active)"
        " values ($1, $2, 'C', 'agent', false) on conflict do nothing",
        CHARLIE.user_id, CHARLIE.email,
    )  # fmt: skip
    async with httpx.AsyncClient(base_url=address) as client:
        for headers in (
            {}, {"Cookie": "crm_session=forged"}, {"Authorization": "Bearer forged"},
            {"Authorization": "Basic x"}, await session(pool, CHARLIE),
            await token(admin, CHARLIE, "contacts:read"),
        ):  # fmt: skip
            answer = await client.get("/events", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_hears_its_scopes_only(admin: asyncpg.Connection, pool: Database, ear: Open):
    program = await ear(await token(admin, ALICE, "deals:write"))
    person = await add(admin, "contacts", first_name="Nora")
    await add(admin, "deals", contact_id=person, name="House")
    await program.hears("deals")
    assert program.names() >= {"deals", f"contact-{person}"}
    assert "contacts" not in program.names()


async def test_people_and_settings_are_heard_by_owners_and_admins(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    owner, agent = await ear(await session(pool, ALICE)), await ear(await session(pool, BOB))
    await add(admin, "app.users", email="live@x.test", name="New", role="viewer")
    await add(admin, "tags", name="then")
    await owner.hears("users")
    await agent.hears("tags")
    assert "users" not in agent.names()


async def test_an_agent_hears_of_their_contacts_only(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    async with visibility(admin, "assigned"):
        agent, owner = await ear(await session(pool, BOB)), await ear(await session(pool, ALICE))
        others = await add(admin, "contacts", first_name="Alice's", assigned_to=ALICE.user_id)
        await add(admin, "deals", contact_id=others, name="House")
        theirs = await add(admin, "contacts", first_name="Bob's", assigned_to=BOB.user_id)
        assert await agent.hears("contacts") == {"client": "", "ids": [str(theirs)]}
        await owner.hears(f"contact-{others}")
        assert agent.names() == {"contacts", f"contact-{theirs}"}
        # It is taken from him: his list is to forget it.
        await admin.execute(
            "update contacts set assigned_to = $2 where id = $1", theirs, ALICE.user_id
        )
        await until(lambda: [name for name, _ in agent.heard].count("contacts") == 2)


async def test_a_stream_ends_when_its_session_token_person_or_rights_end(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    browser, program = await session(pool, BOB), await token(admin, BOB, "contacts:read")
    sessions, tokens = await ear(browser), await ear(program)
    await admin.execute("update app.api_tokens set revoked_at = now()")
    await tokens.ends()
    assert not sessions.is_over
    async with visibility(admin, "assigned"):
        await sessions.ends()
    again = await ear(await session(pool, BOB))
    alice = await ear(await session(pool, ALICE))
    await admin.execute("update app.users set role = 'admin' where id = $1", BOB.user_id)
    await again.ends()
    again = await ear(await session(pool, BOB))
    await admin.execute("update app.users set is_active = false where id = $1", BOB.user_id)
    await again.ends()
    assert not alice.is_over
    await admin.execute("delete from app.sessions")
    await alice.ends()
    await admin.execute(
        "update app.users set role = 'agent', is_active = true where id = $1", BOB.user_id
    )


async def test_streams_end_at_once_when_the_program_stops(app: FastAPI, pool: Database, ear: Open):
    heard = await ear(await session(pool, ALICE))
    app.state.live.close()
    await heard.ends(seconds=1)


async def test_nobody_asks_the_database_while_nobody_listens(
    app: FastAPI, admin: asyncpg.Connection, pool: Database, ear: Open
):
    asking = "select count(*) from pg_stat_activity where application_name = 'crm live'"
    heard = await ear(await session(pool, ALICE))
    assert await admin.fetchval(asking) == 1
    app.state.live.close()
    await heard.ends()
    for _ in range(100):
        if not await admin.fetchval(asking):
            break
        await asyncio.sleep(0.05)
    assert await admin.fetchval(asking) == 0


async def test_who_does_not_read_is_dropped():
    async def never(_: Any) -> None:
        await asyncio.sleep(60)

    rights = live.Rights(ALICE.user_id, frozenset(), is_limited=False)
    ended = asyncio.get_running_loop().create_future()
    slow = live.Listener(b"", is_token=False, rights=rights, send=never, ended=ended)
    for _ in range(live.MOST_WAITING // 1000 + 2):
        slow.push(b"x" * 1000)
        await asyncio.sleep(0)
    assert ended.done()
    assert slow.writer
    slow.writer.cancel()


async def test_streams_outlive_a_restart_of_the_connection(
    admin: asyncpg.Connection, pool: Database, ear: Open
):
    heard = await ear(await session(pool, ALICE))
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crm live'"
    )
    await add(admin, "tags", name="after")
    await heard.hears("tags")
