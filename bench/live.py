"""Live events: 500 open streams on one worker, 20 changes a second, for 20 seconds, over loopback.

`python -m bench.live`: PostgreSQL and the worker as they are served, the clients in this process
(bare asyncio protocols). A delivery's time runs from before the statement that changes a contact
until a client has read the signal. Writes bench/results/live.json.
"""

import argparse
import asyncio
import hashlib
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from bench.fill import QUERIES
from bench.results import write
from crm import embedded, schema

PERSON = UUID("0a000000-0000-4000-8000-0000000000ff")
MOST_MS, MOST_MB = 50.0, 80.0
_SIGNAL = re.compile(rb"event: contact-([0-9a-f-]{36})\n")


class Client(asyncio.Protocol):
    """One stream: notes when it has read each signal."""

    sent: dict[bytes, float] = {}  # noqa: RUF012 - shared by all of them
    delays: list[float] = []  # noqa: RUF012
    opened = 0

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.is_open = False

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Signals; the first bytes are the answer's head."""
        now = time.perf_counter()
        if not self.is_open:
            self.is_open = data.startswith(b"HTTP/1.1 200")
            Client.opened += self.is_open
        for signal in _SIGNAL.findall(data):
            if signal in self.sent:
                self.delays.append(now - self.sent[signal])


def serve(dsn: str, descriptor: int) -> None:
    """The worker: the program itself on a listening socket."""
    import structlog

    from crm.app import create_app
    from crm.config import Settings
    from crm.http_server import WebServer

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    settings = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
    server = WebServer(create_app(dsn, settings), lambda: None)
    server.run(sockets=[socket.socket(fileno=descriptor)])


def start_worker(dsn: str, listener: socket.socket) -> subprocess.Popen[bytes]:
    """The worker as a process of its own, on this socket."""
    number = listener.fileno()
    command = [sys.executable, "-m", "bench.live", "--serve", dsn, str(number)]
    return subprocess.Popen(command, pass_fds=[number])


async def measure(
    server: embedded.Server, clients: int, rate: int, seconds: int
) -> dict[str, float]:
    """Deliveries, their times in milliseconds, and what the worker used."""
    await schema.upgrade(server.admin_dsn)
    owner = await asyncpg.connect(server.admin_dsn)
    token = secrets.token_urlsafe(16)
    await QUERIES.live_person(owner, id=PERSON)
    await QUERIES.live_session(owner, id=PERSON, sha256=hashlib.sha256(token.encode()).digest())
    contacts = [row["id"] async for row in QUERIES.live_contacts(owner, count=rate * seconds)]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        worker = start_worker(server.app_dsn, listener)
        try:
            await _connect(listener.getsockname()[1], token, clients)
            process = psutil.Process(worker.pid)
            before = process.cpu_times()
            await _write_at(owner, contacts, rate)
            after = process.cpu_times()
            used = after.user + after.system - before.user - before.system
            return _summary(clients, rate, seconds) | {
                "worker_cpu_percent": round(100 * used / seconds, 1),
                "worker_rss_mb": round(process.memory_info().rss / 2**20, 1),
            }
        finally:
            await owner.close()
            worker.kill()
            worker.wait()


async def _connect(port: int, token: str, clients: int) -> None:
    request = f"GET /events HTTP/1.1\r\nHost: bench\r\nCookie: crm_session={token}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    for number in range(clients):
        await loop.create_connection(lambda: Client(request), "127.0.0.1", port)
        if number % 50 == 49:
            await asyncio.sleep(0.05)
    for _ in range(600):
        if Client.opened == clients:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{Client.opened} of {clients} streams are open")


async def _write_at(owner: asyncpg.Connection, contacts: list[UUID], rate: int) -> None:
    began = time.perf_counter()
    for number, contact in enumerate(contacts):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        Client.sent[str(contact).encode()] = time.perf_counter()
        await QUERIES.live_touch(owner, id=contact)
    await asyncio.sleep(1.0)


def _summary(clients: int, rate: int, seconds: int) -> dict[str, float]:
    delays = sorted(Client.delays)

    def at(share: float) -> float:
        return round(1000 * delays[min(int(share * len(delays)), len(delays) - 1)], 1)

    return {
        "clients": clients,
        "changes_per_second": rate,
        "seconds": seconds,
        "deliveries": len(delays),
        "lost": clients * rate * seconds - len(delays),
        "p50_ms": at(0.5),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "most_ms": round(1000 * delays[-1], 1),
    }


def run(
    server: embedded.Server, clients: int = 500, rate: int = 20, seconds: int = 20
) -> list[str]:
    """Measure, print and write; gives what was lost, and which aims were missed."""
    found = asyncio.run(measure(server, clients, rate, seconds))
    print("\n".join(f"{name:<20} {value:>12,}" for name, value in found.items()))
    print(f"{'load':<20} {os.getloadavg()[0]:>12}")
    write("live", rate * seconds, 0, found)
    aims = {"lost": 0, "p99_ms": MOST_MS, "worker_rss_mb": MOST_MB}
    return [f"live: {name} is {found[name]}" for name, most in aims.items() if found[name] > most]


def main() -> int:
    """Exit code 1 when a signal was lost, or the aims of time and memory were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--rate", type=int, default=20, help="changes a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--serve", nargs=2, metavar=("DSN", "FD"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.running(Path(folder), durable=False) as server,
    ):
        return 1 if run(server, given.clients, given.rate, given.seconds) else 0


if __name__ == "__main__":
    sys.exit(main())
