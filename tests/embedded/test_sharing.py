"""One server, several programs: the first starts it, the last stops it."""

import os
from pathlib import Path

import asyncpg
import psutil
import pytest

from crm.embedded import process, running

from .conftest import fetchval, postmaster, user_of


async def test_the_server_speaks_utf8_and_carries_the_extensions(new_dir: Path):
    with running(new_dir, durable=False) as server:
        encoding = await fetchval(server.admin_dsn, "show server_encoding")
        assert encoding == "UTF8"
        assert (
            await fetchval(server.admin_dsn, "select lower('ÄÉØ') || initcap('łódź')") == "äéøŁódź"
        )
        assert await fetchval(server.admin_dsn, "show data_checksums") == "on"
        assert await fetchval(server.admin_dsn, "show jit") == "off"
        known = "select array_agg(extname::text order by extname) from pg_extension"
        expected = ["pg_stat_statements", "pg_trgm", "plpgsql"]
        assert await fetchval(server.admin_dsn, known) == expected
        in_public = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
        assert await fetchval(server.admin_dsn, in_public) == 0
    assert not process.is_alive(new_dir / "pg")


async def test_the_loopback_port_asks_for_the_password_of_the_data_directory(data_dir: Path):
    with running(data_dir, durable=False) as server:
        assert server.cluster is not None
        place = {"host": "127.0.0.1", "port": server.cluster.port, "user": "postgres"}
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(**place, password="guess", database="contact_crm")
        password = server.cluster.password_file.read_text().strip()
        connection = await asyncpg.connect(**place, password=password, database="contact_crm")
        await connection.close()
        assert server.cluster.password_file.stat().st_mode & 0o77 == 0
        assert server.cluster.sockets.stat().st_mode & 0o77 == 0


def test_a_second_program_joins_and_the_last_one_stops_the_server(data_dir: Path, program):
    first = program()
    assert first.line.startswith("up ")
    pid = postmaster(data_dir)
    second = program()
    assert second.line == first.line
    assert postmaster(data_dir) == pid
    first.end()
    assert postmaster(data_dir) == pid
    second.end()
    assert not process.is_alive(data_dir / "pg")


def test_programs_that_start_together_make_one_cluster_and_one_server(new_dir: Path, program):
    several = [program(new_dir) for _ in range(4)]
    assert {one.line for one in several} == {several[0].line}
    assert several[0].line.startswith("up ")
    servers = [
        found
        for found in psutil.process_iter(["cmdline"])
        if str(new_dir / "pg") in (found.info["cmdline"] or [])
    ]
    assert [found.pid for found in servers] == [postmaster(new_dir)]


def test_a_killed_program_leaves_its_server_to_the_next_one(data_dir: Path, program):
    killed = program()
    assert killed.line.startswith("up ")
    pid = postmaster(data_dir)
    killed.kill()
    assert postmaster(data_dir) == pid
    following = program()
    assert following.line.startswith("up ")
    assert postmaster(data_dir) == pid
    following.end()
    assert not process.is_alive(data_dir / "pg")


async def test_a_program_can_use_the_server_twice_and_inside_an_event_loop(data_dir: Path):
    with running(data_dir, durable=False) as outer:
        with running(data_dir) as inner:
            assert inner.admin_dsn == outer.admin_dsn
        assert await fetchval(outer.admin_dsn, "select 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to lend the server another user")
def test_started_by_root_the_server_is_not_root_and_reaches_a_closed_directory(data_dir: Path):
    data_dir.parent.chmod(0o700)
    with running(data_dir, durable=False):
        assert user_of(postmaster(data_dir)) in ("postgres", "nobody")
        assert data_dir.parent.stat().st_mode & 0o777 == 0o700
        assert data_dir.parent.stat().st_uid == 0
