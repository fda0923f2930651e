"""Work that returns each minute: the tasks in SQL (db/app/120_upkeep.sql) and those in Python.

Every process tries; the database lets one of them run a task. A task that fails is noted in
app.upkeep_runs, shown by /metrics and `crm db doctor`, and tried again the next time.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from crm import sql
from crm.db import Database

log = structlog.get_logger()
queries = sql.load("upkeep")

LIMIT_SECONDS = 120
_FIRST_SECONDS = 5.0
# No database, no connection in time: the next round finds it again.
_GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, TimeoutError)

# `async def upkeep(app)` of a room; gives how many rows or letters it dealt with, or None.
Hook = Callable[[Any], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Run:
    """How one task went; `failure` is empty when well, `ms` what it took."""

    task: str
    touched: int
    ms: int
    failure: str


@asynccontextmanager
async def running(app: Any, hooks: Sequence[Hook]) -> AsyncIterator[None]:
    """Keep the application's database in order until the block ends; a running task is ended."""
    every = app.state.settings.upkeep_seconds
    if not every:
        yield
        return
    task = asyncio.create_task(_forever(app, hooks, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _forever(app: Any, hooks: Sequence[Hook], every: float) -> None:
    # At different moments, so that processes that were started together do not come together.
    await asyncio.sleep(random.uniform(0, min(_FIRST_SECONDS, every)))  # noqa: S311
    while True:
        try:
            await once(app.state.db, every)
            for hook in hooks:
                await run_hook(app, hook, every)
        except _GONE as error:
            log.warning("upkeep: the database is not available", error=type(error).__name__)
        except Exception as error:  # a fault in a room must not end the upkeep of all others
            log.error("upkeep failed", exc_info=error)
        await asyncio.sleep(every * random.uniform(0.9, 1.1))  # noqa: S311


async def once(database: Database, every: float) -> list[Run]:
    """Run each task in SQL that is due, in a transaction of its own; `every` 0 means all now."""
    async with database.service() as connection:
        names = [row["name"] async for row in queries.upkeep_names(connection)]
    runs = [await _run(database, name, every) for name in names]
    return [_told(run) for run in runs if run is not None]


async def _run(database: Database, task: str, every: float) -> Run | None:
    began = time.monotonic()
    try:
        async with database.service() as connection:
            await queries.be_patient(connection, milliseconds=str(LIMIT_SECONDS * 1000))
            row = await queries.run_upkeep(connection, task=task, every_seconds=every)
    except asyncpg.QueryCanceledError:
        # The function cannot note this by itself: its whole transaction is gone, turn and all.
        async with database.service() as connection:
            await queries.start_upkeep(connection, task=task, every_seconds=0)
        return await _note(database, task, began, 0, f"57014 took longer than {LIMIT_SECONDS} s")
    return Run(task, row["touched"], row["took"], row["failure"]) if row["ran"] else None


async def run_hook(app: Any, hook: Hook, every: float) -> Run | None:
    """Run a room's task in Python when it is due; None when it is not."""
    task = hook.__module__.removeprefix("crm.").replace(".", "_")
    began = time.monotonic()
    async with app.state.db.service() as connection:
        if not await queries.start_upkeep(connection, task=task, every_seconds=every):
            return None
    touched, failure = 0, ""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            touched = await hook(app) or 0
    except Exception as error:
        log.error("upkeep failed", task=task, exc_info=error)
        failure = type(error).__name__
    return _told(await _note(app.state.db, task, began, touched, failure))


async def _note(database: Database, task: str, began: float, touched: int, failure: str) -> Run:
    run = Run(task, touched, int((time.monotonic() - began) * 1000), failure)
    async with database.service() as connection:
        await queries.finish_upkeep(
            connection, task=task, touched=touched, took=run.ms, failure=failure
        )
    return run


def _told(run: Run) -> Run:
    if run.failure:
        # The first word is a SQLSTATE or a type; what follows may quote a row, and is in the table.
        log.error("upkeep failed", task=run.task, error=run.failure.split()[0], ms=run.ms)
    elif run.touched:
        log.info("upkeep", task=run.task, rows=run.touched, ms=run.ms)
    return run
