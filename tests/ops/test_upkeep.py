"""Upkeep: every task is found and run, one that fails stops no other, many processes do it once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from crm import upkeep
from crm.database.doctor import upkeep as examine
from crm.db import Database
from tests.conftest import Copy, running_app

from .program import PATIENCE


@pytest.fixture(autouse=True)
async def _clean(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """No test sees what another one's tasks left."""
    yield
    for name in ("test_fails", "test_counts"):
        await admin.execute(f"drop function if exists app.upkeep_{name}()")
    await admin.execute("delete from app.upkeep_runs")


async def add_task(admin: asyncpg.Connection, name: str, body: str) -> None:
    await admin.execute(
        f"create function app.upkeep_{name}() returns integer language plpgsql security definer"
        f" as $$ begin {body} end $$"
    )


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


async def test_every_task_in_sql_runs_and_is_noted(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await add_task(admin, "test_counts", "return 7;")
    runs = {run.task: run for run in await upkeep.once(pool, 0)}
    assert {"overdue", "sessions", "idempotency", "trash", "test_counts"} <= set(runs)
    assert (runs["test_counts"].touched, runs["test_counts"].failure) == (7, "")
    assert [run.task for run in runs.values() if run.failure] == []
    row = await admin.fetchrow("select * from app.upkeep_runs where name = 'test_counts'")
    assert row is not None
    assert (row["runs"], row["failures"], row["rows_touched"], row["rows_total"]) == (1, 0, 7, 7)
    assert row["succeeded_at"] is not None


async def test_a_task_that_fails_is_undone_alone_and_seen(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await add_task(
        admin,
        "test_fails",
        "insert into app.settings (key, value) values ('half', '1'); perform 1 / 0; return 1;",
    )
    await add_task(admin, "test_counts", "return 1;")
    runs = {run.task: run for run in await upkeep.once(pool, 0)}
    assert runs["test_fails"].failure == "22012 division by zero"
    assert runs["test_counts"].failure == ""
    assert await admin.fetchval("select count(*) from app.settings where key = 'half'") == 0
    async with pool.service() as connection:
        counted = {
            (row["name"], row["label"]): row["value"]
            for row in await connection.fetch("select * from app.metrics()")
        }
    assert counted["upkeep_failures", "test_fails"] == 1
    assert counted["upkeep_failing", "test_fails"] == 1
    assert counted["upkeep_failing", "test_counts"] == 0
    assert ("upkeep_last_success", "test_fails") not in counted
    found = await examine(admin)
    assert [(one.severity, one.text) for one in found] == [
        ("warning", "test_fails fails since the beginning: 22012 division by zero")
    ]


async def test_a_task_that_works_again_is_well_again(
    pool: Database, admin: asyncpg.Connection
) -> None:
    await add_task(admin, "test_fails", "perform 1 / 0; return 1;")
    await upkeep.once(pool, 0)
    await admin.execute("drop function app.upkeep_test_fails()")
    await add_task(admin, "test_fails", "return 2;")
    await upkeep.once(pool, 0)
    assert [one.severity for one in await examine(admin)] == ["ok"]
    row = await admin.fetchrow("select * from app.upkeep_runs where name = 'test_fails'")
    assert row is not None
    assert (row["runs"], row["failures"], row["error"]) == (2, 1, "")


async def test_a_task_that_takes_too_long_is_ended_and_noted(
    pool: Database, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(upkeep.queries, "upkeep_names", _only("test_fails"))
    await add_task(admin, "test_fails", "perform pg_sleep(30); return 1;")
    (run,) = await upkeep.once(pool, 0)
    assert run.failure.startswith("57014 ")
    assert (
        await admin.fetchval("select failures from app.upkeep_runs where name = 'test_fails'") == 1
    )


def _only(name: str) -> Any:
    async def names(_connection: object) -> AsyncIterator[dict[str, str]]:
        yield {"name": name}

    return names


async def test_many_processes_do_it_once(
    database: Copy, pool: Database, admin: asyncpg.Connection
) -> None:
    await add_task(admin, "test_counts", "perform pg_sleep(0.2); return 1;")
    others = [Database(database.app_dsn, pool_size=1) for _ in range(4)]
    for other in others:
        await other.open()
    try:
        runs = await asyncio.gather(*(upkeep.once(one, 60) for one in (pool, *others)))
    finally:
        for other in others:
            await other.close()
    done = [run.task for each in runs for run in each]
    assert sorted(done) == sorted(set(done))
    assert await admin.fetchval("select runs from app.upkeep_runs where name = 'test_counts'") == 1
    assert await upkeep.once(pool, 60) == [], "nothing is due before half a minute has passed"


async def test_the_whole_upkeep_is_one_statement_for_pg_cron(admin: asyncpg.Connection) -> None:
    await add_task(admin, "test_counts", "return 5;")
    assert (await admin.fetchval("select app.upkeep()") or 0) >= 5


async def test_only_the_program_may_run_tasks(pool: Database, alice) -> None:
    async with pool.service() as connection:
        await connection.fetch("select * from app.run_upkeep('overdue', 0)")
    for statement in (
        "select app.upkeep()", "select app.upkeep_trash()", "select app.upkeep_sessions()",
        "select * from app.run_upkeep('trash', 0)", "select * from app.metrics()",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(alice) as connection:
                await connection.fetch(statement)
    with pytest.raises(asyncpg.UndefinedFunctionError):
        async with pool.service() as connection:
            await connection.fetch("select * from app.run_upkeep('trash(); drop', 0)")


async def test_activities_sessions_failures_and_keys_are_swept(
    pool: Database, admin: asyncpg.Connection, alice
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    task = await admin.fetchval(
        "insert into activities (type, title, due_date, created_by)"
        " values ('task', 'late', $1, $2) returning id", yesterday, alice.user_id,
    )  # fmt: skip
    await admin.execute(
        "insert into app.sessions (user_id, token_sha256, expires_at) values ($1, 'old', $2)",
        alice.user_id, yesterday,
    )  # fmt: skip
    await admin.execute(
        "insert into app.sign_in_failures (email, at) values ('x@y.z', $1)", yesterday
    )
    await upkeep.once(pool, 0)
    assert await admin.fetchval("select status from activities where id = $1", task) == "overdue"
    assert await admin.fetchval("select count(*) from app.sessions where token_sha256 = 'old'") == 0
    assert await admin.fetchval("select count(*) from app.sign_in_failures") == 0


async def test_a_task_in_python_takes_its_turn_and_its_failure_is_noted(
    database: Copy, admin: asyncpg.Connection
) -> None:
    called = []

    async def letters(app: Any) -> int:
        called.append(app)
        if len(called) == 1:
            raise RuntimeError("no mail server")
        return 3

    letters.__module__ = "crm.mail"
    async with running_app(database) as app:
        first = await upkeep.run_hook(app, letters, 0)
        again = await upkeep.run_hook(app, letters, 60)
        second = await upkeep.run_hook(app, letters, 0)
    assert first is not None
    assert second is not None
    assert (first.task, first.failure) == ("mail", "RuntimeError")
    assert again is None
    assert (second.touched, second.failure) == (3, "")
    row = await admin.fetchrow("select * from app.upkeep_runs where name = 'mail'")
    assert row is not None
    assert (row["runs"], row["failures"], row["rows_total"]) == (2, 1, 3)


async def test_the_program_does_it_by_itself_and_goes_on_after_the_database_was_away(
    database: Copy, admin: asyncpg.Connection
) -> None:
    async def runs(least: int) -> bool:
        found = await admin.fetchval("select runs from app.upkeep_runs where name = 'overdue'")
        return (found or 0) >= least

    async with running_app(database, upkeep_seconds=0.1):
        await until(lambda: runs(1))
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and usename = 'crm_app'"
        )
        so_far: Any = await admin.fetchval(
            "select runs from app.upkeep_runs where name = 'overdue'"
        )
        await until(lambda: runs(so_far + 2))
