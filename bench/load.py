"""A small load generator: keep-alive connections that send the next request when one is answered.

`python -m bench.load PORT SECONDS CONNECTIONS < requests`: each line of standard input is one
request as a JSON list [method, path, headers, body]; they are sent in turn. Prints JSON: requests,
errors (answers that are not 2xx), seconds, and the milliseconds p50, p95 and p99. Only 127.0.0.1,
and it stops by itself.
"""

import asyncio
import json
import re
import sys
import time
from itertools import cycle
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.buffer = b""
        self.started = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast(asyncio.Transport, transport)
        self.send()

    def send(self) -> None:
        """Send the next request, or end."""
        if time.perf_counter() >= self.load.until:
            self.transport.close()
            return
        self.started = time.perf_counter()
        self.transport.write(next(self.load.requests))

    def data_received(self, data: bytes) -> None:
        """Collect the answer; when it is whole, note it and go on."""
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self.buffer, 0, head)
        whole = head + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) < whole:
            return
        self.load.milliseconds.append((time.perf_counter() - self.started) * 1000)
        if self.buffer[9:10] != b"2":
            self.load.errors += 1
        self.buffer = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self.load.open -= 1
        if self.load.open == 0:
            self.load.done.set()


class Load:
    """A run over all connections."""

    def __init__(self, requests: list[bytes], seconds: float) -> None:
        self.requests = cycle(requests)
        self.until = time.perf_counter() + seconds
        self.milliseconds: list[float] = []
        self.errors = 0
        self.open = 0
        self.done = asyncio.Event()

    async def run(self, port: int, connections: int) -> dict[str, float]:
        """Send for the given time; gives the figures."""
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        for _ in range(connections):
            self.open += 1
            await loop.create_connection(lambda: Client(self), "127.0.0.1", port)
        await asyncio.wait_for(self.done.wait(), self.until - started + 30)
        seconds = time.perf_counter() - started
        taken = sorted(self.milliseconds) or [0.0]
        return {
            "requests": len(self.milliseconds),
            "errors": self.errors,
            "seconds": seconds,
            "per_second": len(self.milliseconds) / seconds,
            **{f"p{p}": taken[min(len(taken) - 1, len(taken) * p // 100)] for p in (50, 95, 99)},
        }


def written(method: str, path: str, headers: dict[str, str], body: str) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *map(": ".join, headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def main() -> None:
    """Command line."""
    port, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    requests = [written(*json.loads(line)) for line in sys.stdin if line.strip()]
    uvloop.install()
    print(json.dumps(asyncio.run(Load(requests, seconds).run(port, connections))))


if __name__ == "__main__":
    main()
