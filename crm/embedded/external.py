"""The server of CRM_DATABASE_URL: reached, checked, and nothing started."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

from crm.config import Settings
from crm.embedded.cluster import Server, running
from crm.embedded.failure import ServerError

OLDEST = 12
_CONNECT_SECONDS = 10


@contextmanager
def connection_urls(settings: Settings) -> Iterator[Server]:
    """The server of the settings: the external one when its URL is set, else the embedded one.

    Raises ServerError with one line when it cannot be reached or is too old.
    """
    if settings.database_url is None:
        if settings.admin_database_url is not None:
            raise ServerError(
                "CRM_ADMIN_DATABASE_URL is set but CRM_DATABASE_URL is not: set both, or neither"
                " to use the embedded PostgreSQL"
            )
        with running(settings.data_dir) as server:
            yield server
        return
    admin = settings.admin_database_url or settings.database_url
    # In a thread of its own: the caller may already run an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, check(admin)).result()
    yield Server(admin, settings.database_url, None)


async def check(dsn: str) -> None:
    """Connect once; raises ServerError when that fails or the server is older than 12."""
    import asyncpg

    place = address(dsn)
    try:
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
    except TimeoutError:
        raise ServerError(
            f"PostgreSQL at {place} does not answer within {_CONNECT_SECONDS} seconds"
        ) from None
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ServerError(f"cannot use PostgreSQL at {place}: {_said(error)}") from error
    try:
        check_version(connection.get_server_version().major, place)
    finally:
        await connection.close()


def check_version(major: int, place: str) -> None:
    """Raises ServerError when a server of that major version is too old."""
    if major < OLDEST:
        raise ServerError(
            f"PostgreSQL {major} at {place} is too old: Contact CRM needs {OLDEST} or newer"
        )


def address(dsn: str) -> str:
    """Host, port and database of a URL, without the password."""
    parts = urlsplit(dsn)
    return f"{parts.netloc.rpartition('@')[2] or 'the local socket'}{parts.path}"


def _said(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
