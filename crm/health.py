"""Is it alive, may it get requests, how is it doing: /healthz, /readyz, /metrics."""

import asyncio
import hmac
from ipaddress import ip_address
from typing import Any

import asyncpg
from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from crm import schema, sql
from crm.db import Database

LIMIT_SECONDS = 2.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
# A proxy on this machine speaks for somebody elsewhere.
_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

queries = sql.load("upkeep")


async def healthz() -> Response:
    """200 while the process lives; asks nobody else."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """200 when requests can be answered, else 503 with the part that fails."""
    state = request.app.state
    parts = {"process": "stopping" if state.stopping.is_set() else "ok"}
    parts |= await _database_parts(state)
    is_ready = set(parts.values()) == {"ok"}
    status = "ready" if is_ready else "not ready"
    return JSONResponse({"status": status, **parts}, 200 if is_ready else 503)


async def _database_parts(state: Any) -> dict[str, str]:
    database: Database = state.db
    has_connection = False
    try:
        async with asyncio.timeout(LIMIT_SECONDS), database.service() as connection:
            has_connection = True
            # Once it fitted it fits: a newer version may update the schema under a running one.
            if not state.schema_fits:
                paths, checksums = await asyncio.to_thread(schema.wanted)
                found = queries.missing_files(connection, paths=paths, checksums=checksums)
                if missing := [row["path"] async for row in found]:
                    return {"database": "ok", "pool": "ok", "schema": f"lacks {missing[0]}"}
                state.schema_fits = True
            else:
                await sql.load("users").is_set_up(connection)
    except TimeoutError:
        load = database.load()
        if not has_connection and load.in_use >= load.most:
            return {"database": "unknown", "pool": "exhausted", "schema": "unknown"}
        return {"database": "does not answer", "pool": "ok", "schema": "unknown"}
    except _UNREACHABLE as error:
        return {"database": type(error).__name__, "pool": "ok", "schema": "unknown"}
    return {"database": "ok", "pool": "ok", "schema": "ok"}


async def metrics(request: Request) -> Response:
    """The numbers, to this machine or to whoever has CRM_METRICS_TOKEN."""
    state = request.app.state
    if not _may_ask(request, state.settings.metrics_token):
        advice = "Set CRM_METRICS_TOKEN and send it as a bearer token.\n"
        return PlainTextResponse(advice, 403, {"WWW-Authenticate": "Bearer"})
    state.metrics.sample(state.db)
    try:
        async with asyncio.timeout(LIMIT_SECONDS), state.db.service() as connection:
            counted = [row async for row in queries.metrics(connection)]
    except _UNREACHABLE:
        counted = None
    text = await asyncio.to_thread(state.metrics.text, counted)
    return Response(text, media_type=CONTENT_TYPE)


def _may_ask(request: Request, token: str | None) -> bool:
    if token:
        shown = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(shown, f"Bearer {token}".encode())
    if request.client is None or any(name in request.headers for name in _PROXIED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:  # a Unix socket, or a test's client
        return False
