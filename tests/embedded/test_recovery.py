"""kill -9 of the server, and everything it can leave behind."""

import asyncio
import os
import threading
import time
from pathlib import Path

import asyncpg
import psutil

from crm.db import Database
from crm.embedded import process, running

from .conftest import fetchval, kill_server, postmaster


async def test_a_killed_server_is_back_at_once_with_every_committed_row(data_dir: Path):
    with running(data_dir) as server:
        pool = Database(server.admin_dsn, pool_size=2)
        await pool.open()
        async with pool.service() as connection:
            await connection.execute("create table kept (n int); insert into kept values (7)")
        killed = kill_server(data_dir)
        before = time.monotonic()
        assert server.ensure_alive()
        assert time.monotonic() - before < 10
        assert postmaster(data_dir) != killed
        assert not server.ensure_alive(), "it lives, so there is nothing to do"
        assert await _answer_of(pool, "select n from kept") == 7
        await pool.close()


async def _answer_of(pool: Database, query: str) -> object:
    """Connections of before are dead; each is replaced when its turn comes."""
    for _ in range(3):
        try:
            async with pool.service() as connection:
                return await connection.fetchval(query)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await asyncio.sleep(0.05)
    raise AssertionError("the pool does not connect anew")


async def test_a_busy_process_of_a_killed_server_does_not_block_the_next(data_dir: Path):
    with running(data_dir, durable=False) as server:
        connection = await asyncpg.connect(server.admin_dsn)
        endless = "select count(*) from generate_series(1, 1e12::bigint)"
        busy = asyncio.create_task(connection.execute(endless))
        title = "postgres: " + server.cluster.name  # pyright: ignore[reportOptionalMemberAccess]
        await asyncio.sleep(0.3)
        kill_server(data_dir)
        await asyncio.to_thread(server.ensure_alive)
        assert await fetchval(server.admin_dsn, "select 1") == 1
        parents = {
            found.ppid()
            for found in psutil.process_iter(["cmdline"])
            if (found.info["cmdline"] or [""])[0].startswith(title)
        }
        assert parents == {postmaster(data_dir)}
        await asyncio.gather(busy, return_exceptions=True)
        connection.terminate()


def test_the_next_program_starts_after_server_and_program_were_killed(data_dir: Path, program):
    killed = program()
    assert killed.line.startswith("up ")
    kill_server(data_dir)
    killed.kill()
    following = program()
    assert following.line == killed.line
    following.end()


def test_two_watchers_bring_one_server_back(data_dir: Path):
    with running(data_dir, durable=False) as one, running(data_dir) as two:
        kill_server(data_dir)
        started: list[bool] = []
        watchers = [
            threading.Thread(target=lambda s=server: started.append(s.ensure_alive()))
            for server in (one, two)
        ]
        for watcher in watchers:
            watcher.start()
        for watcher in watchers:
            watcher.join()
        assert sorted(started) == [False, True]


async def test_a_pid_file_with_the_number_of_another_program_does_not_block(data_dir: Path):
    with running(data_dir, durable=False) as server:
        kill_server(data_dir)
        pid_file = data_dir / "pg" / "postmaster.pid"
        lines = pid_file.read_text().split("\n")
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
        assert server.ensure_alive()
        assert await fetchval(server.admin_dsn, "select 1") == 1


def test_half_a_cluster_of_an_interrupted_start_is_made_anew(new_dir: Path):
    (new_dir / "pg.new" / "base").mkdir(parents=True)
    with running(new_dir, durable=False):
        assert process.is_alive(new_dir / "pg")
    assert not (new_dir / "pg.new").exists()
