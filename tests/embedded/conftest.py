"""A data directory, programs that use it, and the certainty that no server outlives its test."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from crm.embedded import process, running

PROJECT = Path(__file__).resolve().parents[2]


class Program:
    """A process that uses the server on `data_dir`; `line` is the first thing it said."""

    def __init__(self, data_dir: Path, prefix: list[str]) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-W", "error", "-m", "tests.embedded.program", str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    @property
    def line(self) -> str:
        assert self.process.stdout is not None
        if not hasattr(self, "_line"):
            self._line = self.process.stdout.readline().strip()
        return self._line

    def end(self) -> None:
        """Let it leave in order."""
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def postmaster(data_dir: Path) -> int:
    """The process id of the running server."""
    assert process.is_alive(data_dir / "pg")
    return int((data_dir / "pg" / "postmaster.pid").read_text().split("\n")[0])


def kill_server(data_dir: Path) -> int:
    """kill -9, and wait until it is gone; returns the process id it had."""
    pid = postmaster(data_dir)
    os.kill(pid, signal.SIGKILL)
    while process.is_alive(data_dir / "pg"):
        pass
    return pid


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with a cluster, for all tests: making one costs more than most of them."""
    place = tmp_path_factory.mktemp("made") / "var"
    with running(place, durable=False):
        pass
    yield from cleared(place)


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    """A data directory with a cluster that does not run; each test leaves it so."""
    assert not process.is_alive(made / "pg")
    yield made
    if process.is_alive(made / "pg"):
        kill_server(made)


@pytest.fixture
def new_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory that does not exist yet."""
    yield from cleared(tmp_path / "new")


def cleared(place: Path) -> Iterator[Path]:
    yield place
    if process.is_alive(place / "pg"):
        kill_server(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def program(data_dir: Path) -> Iterator[Callable[..., Program]]:
    """`program()` starts one that uses `data_dir`; `prefix` goes before its command."""
    started: list[Program] = []

    def start(place: Path = data_dir, prefix: list[str] | None = None) -> Program:
        started.append(Program(place, prefix or []))
        return started[-1]

    yield start
    for one in started:
        with one.process:  # closes its pipes, also when it has ended by itself
            one.process.kill()


async def fetchval(dsn: str, query: str) -> object:
    """One value, over a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def user_of(pid: int) -> str:
    return psutil.Process(pid).username()
