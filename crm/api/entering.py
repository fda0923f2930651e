"""How a call gets its transaction, and how a POST is done once for each Idempotency-Key."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
from starlette.responses import Response

from crm import sql
from crm.api.call import Call, Caller, Route, credential_of
from crm.db import Connection
from crm.http import Problem

queries = sql.load("api")

TRIES = 3  # of a transaction that met a deadlock or a serialization failure
KEPT_HEADERS = ("content-type", "location", "etag")
BULK_TIMEOUT = 60.0  # seconds a statement of a bulk change may take
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@asynccontextmanager
async def enter(call: Call, *, batch: str = "") -> AsyncIterator[tuple[Connection, Caller]]:
    """A transaction of the caller, and who that is. For routes with `opens=False`."""
    client = call.headers.get("x-client-id", "")
    async with call.db.entered(credential_of(call), client=client, batch=batch) as connection:
        yield connection, await caller(connection)


async def caller(connection: Connection) -> Caller:
    """The person of this transaction, and their token's scopes; raises Problem 403 for nobody's."""
    row = await queries.caller(connection)
    if row is None:  # made inactive at this very moment
        raise Problem(403, "You may not do this")
    return Caller(
        row["user_id"], row["role"], row["name"], row["email"], tuple(row["scopes"]),
        row["credential"] or UUID(int=0),
    )  # fmt: skip


async def answer(call: Call, route: Route) -> Response:
    """Run the route's handler in a transaction, as often as it takes."""
    for turn in range(1, TRIES + 1):
        try:
            return await _once(call, route)
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            if turn == TRIES:
                raise
    raise AssertionError("unreachable")


async def _once(call: Call, route: Route) -> Response:
    bulk = "bulk" in route.name
    batch = f"bulk:{uuid4()}" if bulk else ""
    call.state.batch = batch
    async with call.db.entered(
        credential_of(call),
        client=call.headers.get("x-client-id", ""),
        batch=batch,
        statement_timeout=BULK_TIMEOUT if bulk else None,
        planned_for_values=route.planned and _asks_for_values(call, route),
    ) as connection:
        key = call.headers.get("idempotency-key") if route.method == "POST" else None
        if key is None:
            return await route.handler(call, connection)
        if replay := await claim(call, connection, key):
            return replay
        response = await route.handler(call, connection)
        await keep(connection, key, response)
        return response


def _asks_for_values(call: Call, route: Route) -> bool:
    # A list without filters has one plan, whatever its cursor; planning it anew costs 0.3 ms.
    query = call.scope["query_string"]
    filtered = b"f=" in query or b"where=" in query or b"q=" in query
    return filtered or bool(route.known and route.known.resource.default_filter)


async def claim(call: Call, connection: Connection, key: str) -> Response | None:
    """The answer that was given for the key before; None: it is ours, do the work.

    Raises Problem 422 when the key is none, or belongs to another request.
    """
    if not _KEY.fullmatch(key):
        raise Problem(422, "The Idempotency-Key is not right", "Use 1 to 200 visible characters.")
    target = f"{call.method} {call.url.path}\n".encode()
    found = await queries.claim_key(
        connection, key=key, request_sha256=hashlib.sha256(target + call.raw).digest()
    )
    if found["is_new"]:
        return None
    if found["is_other"]:
        raise Problem(
            422,
            "The Idempotency-Key was used for another request",
            "Use a new key for each request; the same key only to repeat the same request.",
        )
    headers = found["headers"] | {"Idempotency-Replayed": "true"}
    return Response(found["body"], found["status"], headers)


async def keep(connection: Connection, key: str, response: Response) -> None:
    """Store the answer for the key, in the transaction that did the work."""
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    await queries.keep_answer(
        connection, key=key, status=response.status_code, headers=headers,
        body=bytes(response.body),
    )  # fmt: skip
