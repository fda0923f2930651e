"""The way to PostgreSQL: one request or job is one transaction, and identity is set inside it."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
# How the driver says that a connection is gone.
LOST = (
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    ConnectionError,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a row of app.users."""

    user_id: UUID
    role: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows for itself: the SHA-256 of a token, or of a session cookie."""

    sha256: bytes
    kind: Literal["token", "session"]


# The browser tab of the request that is being answered (X-Client-Id): it ignores its own echo.
asking_tab: ContextVar[str] = ContextVar("asking_tab", default="")

# What may stand in a batch or the id of a browser tab: it travels inside the first message as text.
_NAME = re.compile(r"[A-Za-z0-9:._-]{1,100}")


def _name(text: str) -> str:
    return text if _NAME.fullmatch(text) else ""


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """Connections that may be open at most, are open, are at work, and requests that wait."""

    most: int
    open: int
    in_use: int
    waiting: int


async def _decode_json(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads
        )


async def _leave_no_transaction(connection: asyncpg.Connection) -> None:
    # Cheaper than the pool's own reset (a round trip of RESET ALL): everything we set is local.
    if connection.is_in_transaction():
        await _roll_back(connection)


async def _roll_back(connection: Connection) -> None:
    """Undo the transaction; a connection that cannot is closed, which undoes it as well."""
    if connection.is_closed():
        return
    try:
        await connection.execute("rollback")
    except LOST:
        connection.terminate()


class Database:
    """A pool of connections to one database.

    `dsn` is a PostgreSQL URL; `statement_timeout` is in seconds and holds for each statement.
    """

    def __init__(self, dsn: str, *, pool_size: int = 8, statement_timeout: float = 10.0) -> None:
        self.dsn = dsn
        self._pool_size = pool_size
        self._timeout_ms = int(statement_timeout * 1000)
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Connect; raises OSError or asyncpg.PostgresError when the server cannot be reached."""
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=1,
            max_size=self._pool_size,
            init=_decode_json,
            reset=_leave_no_transaction,
            server_settings={"application_name": "crm", "jit": "off"},
        )

    async def close(self) -> None:
        """Wait for running transactions, then disconnect."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    def load(self) -> PoolLoad:
        """How busy the pool is at this moment; all 0 while it is closed."""
        pool = self._pool
        if pool is None:
            return PoolLoad(self._pool_size, 0, 0, 0)
        waiting = len(pool._queue._getters)  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess] # asyncpg tells it to nobody
        size = pool.get_size()
        return PoolLoad(self._pool_size, size, size - pool.get_idle_size(), waiting)

    @asynccontextmanager
    async def session(
        self, identity: Identity, *, source: str = "web", client: str | None = None, batch: str = ""
    ) -> AsyncIterator[Connection]:
        """A transaction that runs as `identity`: row level security decides what it sees.

        `source`, `client` and `batch` are for the change log, as in `entered`; the browser tab is
        the one that made the request, if not given.
        """
        client = asking_tab.get() if client is None else client
        claims = json.dumps({"sub": str(identity.user_id), "role": "authenticated"})
        # A UUID and a fixed word hold no quote, so the claims can travel in the same message.
        begin = (
            f"begin; set local role authenticated;"
            f" set local statement_timeout = {self._timeout_ms};"
            f" select set_config('request.jwt.claims', '{claims}', true),"
            f" set_config('app.source', '{_name(source)}', true),"
            f" set_config('app.client', '{_name(client)}', true),"
            f" set_config('app.batch', '{_name(batch)}', true)"
        )
        async with self._transaction(begin) as connection:
            yield connection

    @asynccontextmanager
    async def entered(
        self,
        credential: Credential,
        *,
        source: str = "api",
        client: str = "",
        batch: str = "",
        statement_timeout: float | None = None,
        planned_for_values: bool = False,
    ) -> AsyncIterator[Connection]:
        """A transaction of whoever holds `credential`, with the rights and scopes it has now.

        Raises asyncpg.InvalidAuthorizationSpecificationError (28000) when it is not valid. `client`
        is the browser tab, `batch` what an undo takes back together;
        `planned_for_values`: each statement gets a plan for its values.
        """
        milliseconds = (
            self._timeout_ms if statement_timeout is None else int(statement_timeout * 1000)
        )
        begin = (
            f"begin; select app.enter('\\x{credential.sha256.hex()}', '{credential.kind}',"
            f" '{_name(source)}', '{_name(client)}', '{_name(batch)}', {milliseconds});"
            " set local role authenticated"
        )
        if planned_for_values:
            begin += "; set local plan_cache_mode = force_custom_plan"
        async with self._transaction(begin) as connection:
            yield connection

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Connection]:
        """A transaction without identity: only functions granted to the login itself answer."""
        begin = f"begin; set local statement_timeout = {self._timeout_ms}"
        async with self._transaction(begin) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Connection]:
        pool = self._pool
        if pool is None:
            raise RuntimeError("Database.open() was not called")
        connection = await self._begun(pool, begin)
        try:
            try:
                yield cast(Connection, connection)
            except BaseException:
                await _roll_back(connection)
                raise
            await connection.execute("commit")
        except asyncpg.InternalClientError as error:
            # The server died under a statement, and the driver noticed in the middle of its work.
            connection.terminate()
            raise ConnectionResetError("the connection to PostgreSQL was lost") from error
        finally:
            await pool.release(connection)

    async def _begun(self, pool: asyncpg.Pool, begin: str) -> PoolConnectionProxy:
        """A connection on which `begin` was run.

        After PostgreSQL was restarted the pool still holds connections that are dead and look
        alive: they are thrown away, one after the other, because nothing was done on them yet.
        """
        for turn in range(self._pool_size + 1):
            connection = await pool.acquire()
            try:
                await connection.execute(begin)
            except LOST as error:
                connection.terminate()
                await pool.release(connection)
                if turn == self._pool_size:
                    raise ConnectionResetError("PostgreSQL does not answer") from error
            except BaseException:
                await _roll_back(connection)
                await pool.release(connection)
                raise
            else:
                return connection
        raise AssertionError("unreachable")
