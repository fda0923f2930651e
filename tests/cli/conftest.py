"""The crm command as people start it: a process of its own, with a data directory of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm.embedded import process

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-W", "error", "-c", "from crm.cli import main; main()"]


def environment(place: Path, **variables: str) -> dict[str, str]:
    """Our environment with CRM_… variables of this test only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    return {**kept, "CRM_DATA_DIR": str(place / "var"), **variables}


class Serving:
    """`crm serve` or `crm demo`; `address` is where it answers, after `seconds`."""

    def __init__(self, place: Path, *arguments: str) -> None:
        started = time.monotonic()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--port", "0"],
            cwd=place,  # no .env of the project
            env=environment(place),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self.address = self.wait_for(r"http://\S+")
        self.seconds = time.monotonic() - started

    def wait_for(self, pattern: str) -> str:
        """What matches the first line that does; fails when the program ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := re.search(pattern, line):
                return found[0]
        raise AssertionError(f"it ended with {self.process.wait()}: {self.said}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process.stdout is not None
        self.process.send_signal(number)
        with self.process.stdout as rest:  # communicate() would lose what was read ahead
            self.said += rest.read()
        return self.process.wait()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the commands of a module run; its server is gone afterwards."""
    here = tmp_path_factory.mktemp("cli")
    yield here
    pg = here / "var" / "pg"
    if process.is_alive(pg):
        os.kill(int((pg / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
    shutil.rmtree(here, ignore_errors=True)


@pytest.fixture
def crm(place: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`crm("db", "status")`: run the command to its end; `variables` are CRM_… ones."""

    def run(*arguments: str, given: str = "", **variables: str):
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=place,
            env=environment(place, **variables),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def serving(place: Path) -> Iterator[Callable[..., Serving]]:
    """`serving("demo")` starts the program and waits for its address."""
    started: list[Serving] = []

    def start(*arguments: str) -> Serving:
        started.append(Serving(place, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
