"""Several processes that answer requests: one parent that listens and watches, N workers.

The parent owns the socket, PostgreSQL and this list; it answers no request. A worker is this module
run as a program: it gets the settings on its standard input, says on a pipe when it answers, and
ends when its input ends, so that a killed parent leaves nobody behind.
"""

import asyncio
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from crm import logs
from crm.config import Settings
from crm.embedded import ServerError

_STOP_SECONDS = 15  # a worker's own grace, and time to close
_TICK_SECONDS = 0.1
_DATABASE_SECONDS = 30
# A worker that ends at once would be started again and again, as fast as the machine can.
_SHORTEST_LIFE = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What a worker has to know."""

    dsn: str
    settings: Settings
    listener: int
    ready: int


@dataclass
class Worker:
    """A running process, when it was started, and the pipe on which it says that it answers."""

    process: subprocess.Popen[bytes]
    started: float
    ready: int | None

    def has_begun(self, within: float = 0.0) -> bool:
        """Whether it answers requests by now; waits that many seconds for it."""
        if self.ready is None:
            return True
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.ready, selectors.EVENT_READ)
            if not waiting.select(within):
                return False
        begun = os.read(self.ready, 1) == b"1"
        self.forget_pipe()
        return begun

    def forget_pipe(self) -> None:
        """Close our end."""
        if self.ready is not None:
            os.close(self.ready)
            self.ready = None


def run(dsn: str, settings: Settings, listener: socket.socket, say: Say, hello: str) -> None:
    """Keep `settings.workers` workers until a signal ends this process; says `hello` once.

    Raises ServerError when no worker can be started.
    """
    with tempfile.TemporaryDirectory(prefix="crm-metrics-") as numbers:
        workers = Workers(dsn, settings, listener, say, numbers)
        try:
            workers.start_all()
            say(hello)
            workers.watch()
        finally:
            workers.stop()


class Workers:
    """The list of workers; used by one thread."""

    def __init__(
        self, dsn: str, settings: Settings, listener: socket.socket, say: Say, numbers: str
    ) -> None:
        self._dsn = dsn
        self._settings = settings
        self._listener = listener
        self._say = say
        self._numbers = numbers
        self._workers: list[Worker] = []

    def start_all(self) -> None:
        """Start them side by side, and wait until each answers."""
        self._workers = [self._start() for _ in range(self._settings.workers)]
        for worker in self._workers:
            if not worker.has_begun(within=60):
                raise ServerError("a worker did not start; its reason is above")

    def watch(self) -> None:
        """Replace whoever ends; returns by the exception of a signal."""
        while True:
            time.sleep(_TICK_SECONDS)
            for place, worker in enumerate(self._workers):
                worker.has_begun()
                if worker.process.poll() is not None:
                    self._workers[place] = self._replaced(worker)

    def _replaced(self, worker: Worker) -> Worker:
        code = worker.process.returncode
        self._say(f"Worker {worker.process.pid} ended ({code}), another one takes its place")
        self._forget(worker)
        lived = time.monotonic() - worker.started
        if lived < _SHORTEST_LIFE:
            time.sleep(_SHORTEST_LIFE - lived)
        return self._start()

    def stop(self) -> None:
        """Let every worker finish its requests; a second Ctrl-C does not wait for that."""
        with _signals(self._pass_on):
            # Nobody new: the queue of the socket ends with the last of its copies, a worker's.
            self._listener.close()
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            for worker in self._workers:
                try:
                    worker.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    worker.process.kill()
                    worker.process.wait()
                self._forget(worker)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(number)

    def _start(self) -> Worker:
        ready, tell = os.pipe()
        order = Order(self._dsn, self._settings, self._listener.fileno(), tell)
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, *_warnings(), "-m", "crm.workers"],
            stdin=subprocess.PIPE,
            pass_fds=(order.listener, tell),
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": self._numbers, "PYTHONPATH": _path()},
            process_group=0,  # Ctrl-C in the terminal is for the parent, who then ends all in order
        )
        os.close(tell)
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it ended at once; whoever watches will see that
            pickle.dump(order, process.stdin)
            process.stdin.flush()
        return Worker(process, time.monotonic(), ready)

    def _forget(self, worker: Worker) -> None:
        worker.forget_pipe()
        if worker.process.stdin is not None:
            with suppress(BrokenPipeError):
                worker.process.stdin.close()
        # Its gauges go, its counters stay: the sum must not fall.
        for kind in ("live", "livesum", "liveall", "livemin", "livemax"):
            name = f"gauge_{kind}_{worker.process.pid}.db"
            (Path(self._numbers) / name).unlink(missing_ok=True)


def _warnings() -> list[str]:
    return [f"-W{option}" for option in sys.warnoptions]


def _path() -> str:
    here = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def main() -> None:
    """One worker: answers requests on the socket of its parent until SIGTERM or its end."""
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent, over a private pipe
    logs.configure(order.settings)
    signal.signal(signal.SIGTERM, _end_quietly)
    threading.Thread(target=_end_with_parent, name="watch-parent", daemon=True).start()

    from crm.app import create_app
    from crm.http_server import WebServer

    asyncio.run(_until_database_answers(order.dsn))

    def tell() -> None:
        os.write(order.ready, b"1")
        os.close(order.ready)

    app = create_app(order.dsn, order.settings)
    try:
        WebServer(app, tell).run([socket.socket(fileno=order.listener)])
    except SystemExit as end:
        _leave(int(end.code or 0))
    _leave(0)


async def _until_database_answers(dsn: str) -> None:
    """A worker that replaces another one may come while PostgreSQL is being started again."""
    import asyncpg

    gone = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError)
    deadline = time.monotonic() + _DATABASE_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=_DATABASE_SECONDS)
        except gone:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_TICK_SECONDS)
        else:
            await connection.close()
            return


def _end_quietly(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM before uvicorn listens to it, and once more after it has closed everything.

    An exception would unwind through imports and callbacks that may swallow it, and then the worker
    would stay. Nothing is left to be done in both cases.
    """
    _leave(0)


def _leave(code: int) -> NoReturn:
    # Without the end of the interpreter: the library of the numbers keeps its files open for ever.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
