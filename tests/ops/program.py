"""`crm serve` as a process of its own, on the test run's PostgreSQL or with one of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.wire import Client
from crm.embedded import process

COMMAND = [sys.executable, "-W", "error", "-c", "from crm.cli import main; main()"]
PATIENCE = 60.0  # how long a busy machine may take for what should take a second


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Program:
    """A running `crm serve`; `said` grows with what it prints."""

    def __init__(self, place: Path, *arguments: str, **variables: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
        place.mkdir(exist_ok=True)
        self.place = place
        self.said = ""
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", *arguments],
            cwd=place,
            env={**kept, "CRM_DATA_DIR": str(place / "var"), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        try:
            self.address = self._wait_for(r"http://[\d.:]+")
        except BaseException:
            self.clear()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def _wait_for(self, pattern: str) -> str:
        eventually(
            lambda: re.search(pattern, self.said) or self.process.poll() is not None, self.said
        )
        found = re.search(pattern, self.said)
        assert found, f"it ended with {self.process.poll()}: {self.said}"
        return found[0]

    def client(self, **headers: str) -> Client:
        """One connection to it."""
        parts = urlsplit(self.address)
        return Client(parts.hostname or "", parts.port or 0, headers)

    def workers(self) -> list[int]:
        """The process ids of its workers, oldest first."""
        children = psutil.Process(self.process.pid).children()
        found = [child for child in children if "crm.workers" in _command(child)]
        return [child.pid for child in sorted(found, key=lambda child: child.create_time())]

    def postmaster(self) -> int:
        """The process id of its own PostgreSQL."""
        return int((self.place / "var" / "pg" / "postmaster.pid").read_text().split("\n")[0])

    def end(self) -> int:
        """SIGTERM, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        return code

    def clear(self) -> None:
        """Leave nothing running, however the test went."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reading.join(PATIENCE)
        assert not self._reading.is_alive(), f"somebody stayed behind: {self.said[-2000:]}"
        assert self.process.stdout is not None
        self.process.stdout.close()
        pg = self.place / "var" / "pg"
        if process.is_alive(pg):
            os.kill(self.postmaster(), signal.SIGKILL)


def _command(child: psutil.Process) -> list[str]:
    try:
        return child.cmdline()
    except psutil.Error:
        return []
