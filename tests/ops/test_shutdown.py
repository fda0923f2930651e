"""SIGTERM loses nothing: what was accepted is answered, and what was answered is stored."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from bench.wire import Client, Refused
from tests.conftest import Copy

from .program import PATIENCE, Program

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@asynccontextmanager
async def nobody_writes(database: Copy) -> AsyncIterator[None]:
    """Requests that write a contact wait inside PostgreSQL until this ends."""
    holder = await asyncpg.connect(database.admin_dsn)
    await holder.execute("begin; lock table contacts in share mode")
    try:
        yield
    finally:
        await holder.close()


async def waiting(admin: asyncpg.Connection, least: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            found: Any = await admin.fetchval(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'"
            )
            if found >= least:
                return
            await asyncio.sleep(0.02)


async def create(client: Client, name: str, cookie: str) -> str | None:
    """Make a contact; its name when that was answered, None when nobody listened."""
    try:
        answer = await client.request(
            "POST", "/contacts/new", body=f"first_name={name}".encode(),
            headers={**FORM, "Cookie": cookie}, seconds=PATIENCE,
        )  # fmt: skip
    except Refused:
        return None
    finally:
        client.close()
    assert answer.status == 303, answer.body
    return name


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_requests_in_flight_are_all_answered_and_their_writes_are_there(
    program: Callable[..., Program], database: Copy, admin: asyncpg.Connection, cookie: str,
    workers: str,
) -> None:  # fmt: skip
    running = program("--workers", workers, CRM_UPKEEP_SECONDS="0")
    tasks = []

    def send(kind: str, count: int) -> None:
        for number in range(count):
            name = f"{kind}{workers}n{number}"
            tasks.append(asyncio.create_task(create(running.client(), name, cookie)))

    async with nobody_writes(database):
        send("before", 25)  # more than the pool has connections: some wait for one
        await waiting(admin, 8)
        running.process.send_signal(signal.SIGTERM)
        for burst in range(5):  # before, while and after it stops listening
            send(f"during{burst}", 5)
            await asyncio.sleep(0.05)
    made = await asyncio.gather(*tasks)
    assert await asyncio.to_thread(running.end) == 0, running.said
    assert len(made) == 50
    assert [name for name in made[:25] if name is None] == [], "those were in flight"
    stored = await admin.fetch("select first_name from contacts where first_name = any($1)", made)
    assert sorted(row["first_name"] for row in stored) == sorted(filter(None, made))


async def test_a_stopped_program_answers_nobody(
    program: Callable[..., Program], cookie: str
) -> None:
    running = program()
    client = running.client()
    assert (await client.request("GET", "/healthz")).status == 200
    assert await asyncio.to_thread(running.end) == 0
    with pytest.raises(Refused):
        await running.client().request("GET", "/healthz")
    client.close()


async def test_a_kept_connection_is_told_to_close_and_loses_no_request(
    program: Callable[..., Program], database: Copy, admin: asyncpg.Connection, cookie: str
) -> None:
    running = program(CRM_UPKEEP_SECONDS="0")
    kept = running.client()
    assert (await kept.request("GET", "/healthz")).status == 200
    async with nobody_writes(database):
        slow = asyncio.create_task(create(running.client(), "slowly", cookie))
        await waiting(admin, 1)
        running.process.send_signal(signal.SIGTERM)
        ended = False
        async with asyncio.timeout(PATIENCE):
            while not ended:  # uvicorn looks ten times a second
                answer = await kept.request("GET", "/healthz")
                assert answer.status == 200
                ended = answer.headers.get("connection") == "close"
                await asyncio.sleep(0.01)
    assert await slow == "slowly"
    assert await asyncio.to_thread(running.end) == 0
