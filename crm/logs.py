"""Logs: one line an event, for people or as JSON, and nothing in it that somebody typed in.

What a request carries (query, body, cookies, credentials, secrets in its path) is never logged: a
line names the route's template and the ids that are UUIDs or numbers. Exceptions may quote such
values, so their message is left out, except for developers at a terminal.
"""

import hashlib
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from structlog.typing import EventDict, WrappedLogger

from crm.config import Settings

SLOW_SECONDS = 1.0
_MOST_STATEMENTS = 20
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Parts of a path that open something, however they are typed.
_SECRET = frozenset({"token", "secret", "key", "code", "signature"})
# Errors of these classes speak of tables and servers; others quote the values that were sent.
_QUOTES_NOTHING = ("08", "25", "28", "40", "42", "53", "55", "57", "58", "XX")

# The named queries of a request so far; None outside of one.
_statements: ContextVar[list[str] | None] = ContextVar("statements", default=None)

log = structlog.get_logger()


def configure(settings: Settings) -> None:
    """Log for this process: JSON or lines for people on stdout; also what libraries log."""
    developer = settings.environment == "development" and not settings.log_json
    if settings.log_json:
        last: list[Any] = [_without_message, structlog.processors.JSONRenderer()]
    else:
        show = structlog.dev.plain_traceback
        colours = sys.stdout.isatty()
        renderer = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=show)
        last = [renderer] if developer else [_without_message, renderer]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if settings.log_json else "%H:%M:%S"),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


def _without_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Type and places of an exception instead of its text."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["places"] = _places(error.__traceback__)
    return event


def _places(where: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(where)[-8:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class _Forward(logging.Handler):
    """What uvicorn, asyncio and others say becomes a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        if text.startswith("Exception in ASGI") and isinstance(error, Exception):
            return  # the application has logged it
        # asyncio's further lines show the task, with the text of its exception.
        line = text.strip().split("\n", 1)[0]
        log.log(record.levelno, line, logger=record.name, exc_info=error)


def request_id(headers: list[tuple[bytes, bytes]]) -> str | None:
    """The X-Request-Id that came along, when it is 8 to 64 letters, digits, dots and dashes."""
    for name, value in headers:
        if name == b"x-request-id":
            return value.decode() if _WELL_FORMED.fullmatch(value) else None
    return None


def begin_request(identifier: str) -> None:
    """Lines of this task bear the request's id from now on, and its statements are noted."""
    structlog.contextvars.bind_contextvars(request_id=identifier)
    _statements.set([])


def note_statement(name: str) -> None:
    """Remember that a named query runs, for the line of a slow request."""
    names = _statements.get()
    if names is not None and len(names) < _MOST_STATEMENTS:
        names.append(name)


def log_request(scope: Any, route: str, status: int, seconds: float, *, stream: bool) -> None:
    """The one line of a request: method, route, ids, status, time, who; slow ones are warnings."""
    line: dict[str, Any] = {
        "method": scope["method"],
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
        **_ids(scope.get("path_params") or {}),
        **_who(scope),
    }
    if seconds > SLOW_SECONDS and not stream:
        log.warning("slow request", **line, statements=_statements.get() or [])
    else:
        log.info("request", **line)


def _ids(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value)
        for name, value in parameters.items()
        if isinstance(value, UUID | int) and name not in _SECRET
    }


def _who(scope: Any) -> dict[str, str]:
    if who := scope.get("state", {}).get("user"):
        return {"user_id": str(who.user_id)}
    for name, value in scope["headers"]:
        if name == b"authorization":
            token = value.partition(b" ")[2].strip()
            # The beginning of app.api_tokens.token_sha256: finds the token, opens nothing.
            return {"token": hashlib.sha256(token).hexdigest()[:12]}
    return {}


def database_error(error: asyncpg.PostgresError) -> dict[str, Any]:
    """What may be logged of an error of PostgreSQL: its code and names, never values."""
    state = getattr(error, "sqlstate", None) or ""
    said = {
        "sqlstate": state,
        "table": getattr(error, "table_name", None),
        "constraint": getattr(error, "constraint_name", None),
        "error": error.args[0] if state.startswith(_QUOTES_NOTHING) and error.args else None,
    }
    return {name: value for name, value in said.items() if value}
