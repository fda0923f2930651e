"""`crm serve`: the web server, its PostgreSQL, and the watch over both."""

import asyncio
import importlib
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog

from crm import logs, schema, workers
from crm.config import ConfigurationError, Settings
from crm.embedded import Server, ServerError, connection_urls

_WATCH_SECONDS = 0.25
_BACKLOG = 2048

Say = Callable[[str], None]
Prepare = Callable[[Server], Coroutine[Any, Any, None]]


def serve(settings: Settings, say: Say, prepare: Prepare | None = None) -> None:
    """Serve the web application until Ctrl-C or SIGTERM; running requests are finished first.

    Takes the port, starts or joins PostgreSQL, brings the schema up to date, then calls `prepare`.
    `say` gets one line at a time, the address once requests are answered. Raises
    ConfigurationError, ServerError or SchemaError with one line.
    """
    logs.configure(settings)
    say = structlog.get_logger().info if settings.log_json else say
    _end_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with _listening(settings) as listener:
        # Importing the application takes as long as starting PostgreSQL: do both at once. A parent
        # of workers does without it.
        modules = ("crm.app", "crm.http_server") if settings.workers == 1 else ()
        importing = threading.Thread(target=_import, args=modules)
        importing.start()
        with connection_urls(settings) as server:
            asyncio.run(_upgrade(server, say))
            if prepare:
                asyncio.run(prepare(server))
            importing.join()
            with _watched(server, say):
                _run(server, settings, listener, say)


async def _upgrade(server: Server, say: Say) -> None:
    if applied := await schema.upgrade(server.admin_dsn):
        say(f"Database brought up to date ({len(applied)} files)")


def _run(server: Server, settings: Settings, listener: socket.socket, say: Say) -> None:
    hello = f"Contact CRM is on {address(settings, listener)}  (Ctrl-C stops it)"
    if settings.workers > 1:
        workers.run(server.app_dsn, settings, listener, say, hello)
        return
    from crm.app import create_app
    from crm.http_server import WebServer

    WebServer(create_app(server.app_dsn, settings), lambda: say(hello)).run([listener])


def _import(*modules: str) -> None:
    for module in modules:
        importlib.import_module(module)


def address(settings: Settings, listener: socket.socket) -> str:
    """The URL to open in a browser on this machine."""
    every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
    host = every.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror};"
                " choose another port with --port or CRM_PORT"
            ) from error
        listener.listen(_BACKLOG)
        yield listener


@contextmanager
def _watched(server: Server, say: Say) -> Iterator[None]:
    """Bring a killed embedded PostgreSQL back; the pool then connects anew by itself."""
    done = threading.Event()

    def watch() -> None:
        last = ""
        while not done.wait(_WATCH_SECONDS):
            try:
                if server.ensure_alive():
                    say("PostgreSQL had ended and was started again")
                last = ""
            except (ServerError, OSError) as error:
                if str(error) != last:  # a full disk stays full for a while: say it once
                    say(f"PostgreSQL has ended and does not start: {error}")
                last = str(error)

    watcher = threading.Thread(target=watch, name="watch-postgresql", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _end_on(*signals: signal.Signals) -> None:
    # uvicorn repeats the signal that stopped it once it has finished, and SIGTERM would then end us
    # before PostgreSQL is given up. As an exception it unwinds everything in order, and to stop a
    # server is no failure.
    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in signals:
        signal.signal(number, end)
