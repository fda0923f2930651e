"""Live pages: GET /events tells browsers and programs what changed, as Server-Sent Events.

Signals, not contents: `event: contacts` (each table's name, `-` for `_`), `contact-<id>`,
`conversation-<id>`, `deal-<id>`, with data {"client": tab that wrote, "ids": […]}; `refresh` when
there was too much to tell. The id of an event is a snapshot of transactions: from there a listener
goes on after a break. One poller a process asks the database while anybody listens.
"""

import asyncio
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from crm import sql
from crm.http import Problem

log = structlog.get_logger()
queries = sql.load("changes")

POLL_SECONDS = 0.02
CHECK_SECONDS = 1.0  # how long a revoked credential may still hear
HEARTBEAT_SECONDS = 15.0
RETRY_MS = 1000
MOST_ROWS = 200  # in one go; beyond, one `refresh` is cheaper for everybody
MOST_IDS = 50
MOST_WAITING = 256 * 1024  # bytes that a slow listener may leave unread before it is dropped

_SNAPSHOT = re.compile(r"\d{1,18}:\d{1,18}:[\d,]{0,4000}")
# What a row hangs on has an event of its own; by table, the name of its parent.
_PARENT = {
    "messages": "conversation", "calls": "conversation", "emails": "conversation",
    "activities": "deal", "documents": "deal", "deal_tags": "deal",
}  # fmt: skip
_ITSELF = {"deals": "deal", "conversations": "conversation"}

Lost = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a credential may hear: tables, and whether only of contacts its person sees."""

    user_id: UUID
    tables: frozenset[str]
    is_limited: bool


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream."""

    credential: bytes
    is_token: bool
    rights: Rights
    send: Send
    ended: asyncio.Future[None]
    waiting: list[bytes] = field(default_factory=list)
    size: int = 0
    writer: asyncio.Task[None] | None = None

    def push(self, data: bytes) -> None:
        """Send without waiting; who does not read is dropped, and goes on from its last event."""
        if self.ended.done():
            return
        self.waiting.append(data)
        self.size += len(data)
        if self.size > MOST_WAITING:
            self.end()
        elif self.writer is None:
            self.writer = asyncio.get_running_loop().create_task(self._write())

    def end(self) -> None:
        """Close the stream; its browser comes again and is asked anew who it is."""
        if not self.ended.done():
            self.ended.set_result(None)

    async def _write(self) -> None:
        try:
            while self.waiting and not self.ended.done():
                data = b"".join(self.waiting)
                self.waiting.clear()
                await self.send({"type": "http.response.body", "body": data, "more_body": True})
                self.size = sum(map(len, self.waiting))
        except OSError:
            self.end()
        finally:
            self.writer = None


@dataclass(slots=True)
class Change:
    """What became visible, in one poll: signals for one kind of listener are made once."""

    snapshot: str
    rows: Sequence[Any]
    made: dict[tuple[frozenset[str], UUID | None], bytes] = field(default_factory=dict)

    def told_to(self, rights: Rights) -> bytes:
        """The events that these rights may hear, encoded; empty for none."""
        kind = (rights.tables, rights.user_id if rights.is_limited else None)
        if kind not in self.made:
            self.made[kind] = self._encode(*kind)
        return self.made[kind]

    def _encode(self, tables: frozenset[str], limited_to: UUID | None) -> bytes:
        if len(self.rows) >= MOST_ROWS:
            return event("refresh", "", [], self.snapshot)
        told: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in self.rows:
            if row["table_name"] in tables and limited_to not in row["deaf"]:
                for name in names_of(row):
                    told[name, row["client"] or ""].append(str(row["row_id"] or ""))
        return b"".join(
            event(name, client, ids, self.snapshot) for (name, client), ids in told.items()
        )


def names_of(row: Any) -> Iterable[str]:
    """The events of a change: its table, and the records whose pages show it."""
    table = row["table_name"]
    yield table.replace("_", "-")
    if row["contact_id"]:
        yield f"contact-{row['contact_id']}"
    if table in _ITSELF and row["row_id"]:
        yield f"{_ITSELF[table]}-{row['row_id']}"
    elif table in _PARENT and row["parent_id"]:
        yield f"{_PARENT[table]}-{row['parent_id']}"


def event(name: str, client: str, ids: list[str], snapshot: str) -> bytes:
    """One event as it travels. More than 50 ids are left out: the listener looks at everything."""
    few = [one for one in ids if one] if len(ids) <= MOST_IDS else []
    data = json.dumps({"client": client, "ids": few}, separators=(",", ":"))
    return f"event: {name}\nid: {snapshot}\ndata: {data}\n\n".encode()


def place(snapshot: str) -> bytes:
    """An event that nobody hears: it only moves the place from which the listener goes on."""
    return f"id: {snapshot}\n\n".encode()


class Live:
    """Who listens, and the one poller of this process."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.listeners: set[Listener] = set()
        self.snapshot = ""
        self.is_closed = False
        self._connection: asyncpg.Connection | None = None
        self._poller: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()

    async def rights(self, sessions: list[bytes], tokens: list[bytes]) -> dict[bytes, Rights]:
        """What each valid one of these credentials may hear."""
        found = await self._ask("live_rights", sessions=sessions, tokens=tokens)
        return {
            row["credential"]: Rights(row["user_id"], frozenset(row["tables"]), row["is_limited"])
            for row in found
        }

    async def join(self, listener: Listener, last_seen: str) -> None:
        """Tell a listener what it missed since `last_seen` (or nothing), then everything new."""
        if not self.snapshot:
            self.snapshot = (await self._ask("live_snapshot"))[0]["snapshot"]
        listener.push(f"retry: {RETRY_MS}\n".encode() + place(self.snapshot))
        self.listeners.add(listener)
        if self._poller is None:
            self._poller = asyncio.get_running_loop().create_task(self._poll())
        if last_seen and (missed := await self._since(last_seen, listener)):
            listener.push(missed)

    def leave(self, listener: Listener) -> None:
        """A stream has ended."""
        self.listeners.discard(listener)

    def close(self) -> None:
        """End all streams at once: the program stops, and must not wait for them."""
        self.is_closed = True
        for listener in list(self.listeners):
            listener.end()
        if self._poller is None:
            self._disconnect()

    async def _since(self, last_seen: str, listener: Listener) -> bytes:
        """What a listener missed, as events; one `refresh` when that cannot be said any more."""
        limited = [listener.rights.user_id] if listener.rights.is_limited else []
        refresh = event("refresh", "", [], self.snapshot)
        newest = int(self.snapshot.split(":")[1])
        if not _SNAPSHOT.fullmatch(last_seen) or int(last_seen.split(":")[1]) > newest:
            return refresh
        try:
            found = await self._changes(last_seen, limited)
        except asyncpg.DataError:
            return refresh
        return found.told_to(listener.rights)

    async def _changes(self, since: str, limited: list[UUID]) -> Change:
        rows = await self._ask("live_changes", seen_before=since, listeners=limited, most=MOST_ROWS)
        return Change(rows[0]["snapshot"], [row for row in rows if row["table_name"]])

    async def _poll(self) -> None:
        clock = asyncio.get_running_loop().time
        checked = beaten = clock()
        try:
            while self.listeners:
                began = clock()
                try:
                    await self._poll_once()
                    if began - checked >= CHECK_SECONDS:
                        checked = began
                        await self._check()
                except Lost as error:
                    log.warning("live events wait for the database", error=str(error))
                    await asyncio.sleep(CHECK_SECONDS)
                if began - beaten >= HEARTBEAT_SECONDS:
                    beaten = began
                    self._tell_all(b": alive\n" + place(self.snapshot))
                await asyncio.sleep(max(POLL_SECONDS - (clock() - began), 0.002))
        finally:
            self._poller, self.snapshot = None, ""
            if not self._asking.locked():  # else somebody comes just now, and goes on with it
                self._disconnect()

    async def _poll_once(self) -> None:
        limited = list({one.rights.user_id for one in self.listeners if one.rights.is_limited})
        change = await self._changes(self.snapshot, limited)
        self.snapshot = change.snapshot
        if not change.rows:
            return
        for listener in list(self.listeners):
            if told := change.told_to(listener.rights):
                listener.push(told)

    def _tell_all(self, data: bytes) -> None:
        for listener in list(self.listeners):
            listener.push(data)

    async def _check(self) -> None:
        sessions = {one.credential for one in self.listeners if not one.is_token}
        tokens = {one.credential for one in self.listeners if one.is_token}
        rights = await self.rights(list(sessions), list(tokens))
        for listener in list(self.listeners):
            if rights.get(listener.credential) != listener.rights:
                listener.end()

    async def _ask(self, query: str, **values: Any) -> list[Any]:
        async with self._asking:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(
                    self.dsn, server_settings={"application_name": "crm live", "jit": "off"},
                    timeout=5, command_timeout=5,
                )  # fmt: skip
            try:
                return [row async for row in getattr(queries, query)(self._connection, **values)]
            except (asyncpg.InterfaceError, TimeoutError, OSError):
                self._disconnect()
                raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.terminate()


class Events:
    """ASGI middleware that answers GET /events and lets everything else pass."""

    def __init__(self, app: ASGIApp, live: Live, cookie: str) -> None:
        self.app = app
        self.live = live
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the stream open until its listener goes or loses the right to hear."""
        is_ours = (
            scope["type"] == "http" and scope["path"] == "/events" and scope["method"] == "GET"
        )
        if not is_ours:
            # Pages name the moment at which they were asked for: their stream begins there.
            scope.setdefault("state", {})["place"] = self.live.snapshot
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        credential, is_token = credential_of(headers, self.cookie)
        try:
            rights = await self._rights(credential, is_token)
        except Lost:
            await _refuse(503, "The database is not available", scope, receive, send)
            return
        if self.live.is_closed:
            await _refuse(503, "The program is stopping", scope, receive, send)
        elif rights is None:
            await _refuse(401, "Please sign in", scope, receive, send)
        else:
            ended = asyncio.get_running_loop().create_future()
            listener = Listener(credential, is_token, rights, send, ended)
            await self._stream(listener, headers.get("last-event-id", ""), receive)

    async def _rights(self, credential: bytes, is_token: bool) -> Rights | None:
        if not credential:
            return None
        sessions, tokens = ([], [credential]) if is_token else ([credential], [])
        return (await self.live.rights(sessions, tokens)).get(credential)

    async def _stream(self, listener: Listener, last_seen: str, receive: Receive) -> None:
        head = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # or nginx keeps events until a page of them is full
        ]
        await listener.send({"type": "http.response.start", "status": 200, "headers": head})
        gone = asyncio.create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: listener.end())
        try:
            await self.live.join(listener, last_seen)
            await listener.ended
        except Lost:
            listener.end()
        finally:
            self.live.leave(listener)
            gone.cancel()
            if listener.writer is not None:
                listener.writer.cancel()
        await listener.send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def credential_of(headers: Headers, cookie: str) -> tuple[bytes, bool]:
    """SHA-256 of the token or session of a request, and whether it is a token; b"" for none."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind:
        is_bearer = kind.lower() == "bearer" and token.strip()
        return (hashlib.sha256(token.strip().encode()).digest() if is_bearer else b""), True
    session = cookie_parser(headers.get("cookie", "")).get(cookie, "")
    return (hashlib.sha256(session.encode()).digest() if session else b""), False


async def _refuse(status: int, title: str, scope: Scope, receive: Receive, send: Send) -> None:
    body = Problem(status, title).body(scope.get("state", {}).get("request_id", ""))
    answer = JSONResponse(body, status, media_type="application/problem+json")
    await answer(scope, receive, send)
