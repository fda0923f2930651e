"""A small HTTP/1.1 client on asyncio streams: cheap, and honest about how a request ended."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


class Refused(Exception):  # noqa: N818 - what happened, as the caller tells it
    """No connection was made: the request was never sent."""


class Cut(Exception):  # noqa: N818
    """The connection ended before the answer did: nobody knows whether the work was done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """One kept connection to `host`:`port`; made anew when the server ended it between requests."""

    def __init__(self, host: str, port: int, headers: dict[str, str] | None = None) -> None:
        self._place = (host, port)
        self._always = {"Host": f"{host}:{port}", **(headers or {})}
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        seconds: float = 30.0,
    ) -> Answer:
        """Send one request and read its answer; raises Refused, Cut or TimeoutError."""
        head = self._always | (headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            head = {"Content-Type": "application/json", **head}
        head["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        try:
            async with asyncio.timeout(seconds):
                return await self._ask("\r\n".join([*lines, "", ""]).encode() + body)
        except BaseException:
            self.close()  # whatever still comes belongs to no later request
            raise

    async def _ask(self, message: bytes) -> Answer:
        reader, writer = await self._connected()
        try:
            writer.write(message)
            await writer.drain()
            answer = await _read(reader)
        except (OSError, EOFError, ValueError) as error:
            raise Cut(type(error).__name__) from error
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is not None and self._writer is not None and not self._reader.at_eof():
            return self._reader, self._writer
        self.close()
        try:
            self._reader, self._writer = await asyncio.open_connection(*self._place)
        except OSError as error:
            raise Refused(type(error).__name__) from error
        return self._reader, self._writer

    def close(self) -> None:
        """End the connection; the next request makes another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    headers = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _chunks(reader))
    length = int(headers.get("content-length", 0))
    return Answer(status, headers, await reader.readexactly(length))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
