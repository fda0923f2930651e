"""One embedded PostgreSQL for the run; a fresh copy of a template database for each module."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request

from crm import demo, embedded, schema
from crm.app import create_app
from crm.config import Settings
from crm.db import Connection, Database, Identity
from crm.users import auth
from crm.users.passwords import hash_password
from tests.cast import ALICE, BOB, CHARLIE, MEMBERS, PASSWORD, VERA


@dataclass(frozen=True)
class Copy:
    """A database of one test module: the owner's and the application's way in."""

    admin_dsn: str
    app_dsn: str


def named(dsn: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """The embedded PostgreSQL of this test run."""
    with embedded.running(tmp_path_factory.mktemp("data"), durable=False) as running:
        yield running


@asynccontextmanager
async def _new_database(
    server: embedded.Server, template: str, *, prefix: str = "t"
) -> AsyncIterator[str]:
    name = f"{prefix}_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(server.admin_dsn)
    try:
        await admin.execute(f'create database {name} template "{template}"')
        yield name
        await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
async def template(server: embedded.Server) -> AsyncIterator[str]:
    """A database with every schema file, and the members of the cast."""
    async with _new_database(server, "template0", prefix="template") as name:
        dsn = named(server.admin_dsn, name)
        await schema.upgrade(dsn)
        admin = await asyncpg.connect(dsn)
        for person in MEMBERS:
            await admin.execute(
                "insert into app.users (id, email, name, role) values ($1, $2, $3, $4)",
                person.user_id, person.email, person.name, person.role,
            )  # fmt: skip
            await admin.execute(
                "select app.set_password($1, $2)", person.user_id, hash_password(PASSWORD)
            )
        await admin.close()
        yield name


@pytest.fixture(scope="session")
async def seeded_template(server: embedded.Server, template: str) -> AsyncIterator[str]:
    """The template with the demo book and the demo's people."""
    async with _new_database(server, template, prefix="seeded") as name:
        dsn = named(server.admin_dsn, name)
        await schema.upgrade(dsn, seed=True)
        await demo.add_people(dsn)
        yield name


@pytest.fixture(scope="module")
async def database(server: embedded.Server, template: str) -> AsyncIterator[Copy]:
    """An empty book, for this module alone."""
    async with _new_database(server, template) as name:
        yield Copy(named(server.admin_dsn, name), named(server.app_dsn, name))


@pytest.fixture(scope="module")
async def seeded(server: embedded.Server, seeded_template: str) -> AsyncIterator[Copy]:
    """The demo book, for this module alone."""
    async with _new_database(server, seeded_template) as name:
        yield Copy(named(server.admin_dsn, name), named(server.app_dsn, name))


@pytest.fixture(scope="module")
async def admin(database: Copy) -> AsyncIterator[asyncpg.Connection]:
    """The owner of `database`: sets scenes and looks behind row level security."""
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
async def pool(database: Copy) -> AsyncIterator[Database]:
    """`database` as the application sees it."""
    opened = Database(database.app_dsn, pool_size=4)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def as_alice(pool: Database) -> AsyncIterator[Connection]:
    """A transaction of Alice's."""
    async with pool.session(ALICE) as connection:
        yield connection


def settings_for_tests(**changes: object) -> Settings:
    """Settings that no variable or .env of the machine can change."""
    # Nothing happens by itself while a test looks.
    changes = {"upkeep_seconds": 0, **changes}
    return Settings(_env_file=None, **changes)  # pyright: ignore[reportCallIssue, reportArgumentType]


@asynccontextmanager
async def running_app(copy: Copy, **changes: object) -> AsyncIterator[FastAPI]:
    """The application on a database, between start and shutdown."""
    app = create_app(copy.app_dsn, settings_for_tests(pool_size=4, **changes))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="module")
async def app(database: Copy, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    """The application on `database`."""
    async with running_app(database, data_dir=tmp_path_factory.mktemp("var")) as running:
        yield running


@pytest.fixture(scope="module")
async def seeded_app(
    seeded: Copy, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FastAPI]:
    """The application on the demo book."""
    async with running_app(seeded, data_dir=tmp_path_factory.mktemp("var"), demo=True) as running:
        yield running


async def signed_in(app: FastAPI, person: Identity | None) -> httpx.AsyncClient:
    """A browser: nobody's, a member's with a real session, or Charlie's with a forged identity."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://crm.test")
    if person is None:
        return client
    if person == CHARLIE:
        # He has no session here; give him the identity directly, so that only the database is left.
        app.dependency_overrides[auth.current_user] = _charlie_asks
        return client
    app.dependency_overrides.pop(auth.current_user, None)
    token = secrets.token_urlsafe(16)
    async with app.state.db.service() as connection:
        await auth.queries.start_session(
            connection, user_id=person.user_id, token_sha256=auth.token_sha256(token),
            user_agent="tests", ip=None, days=1,
        )  # fmt: skip
    client.cookies.set(auth.COOKIE, token)
    return client


async def _charlie_asks(request: Request) -> Identity:
    request.state.user = CHARLIE
    return CHARLIE


@pytest.fixture
async def client_as(app: FastAPI) -> AsyncIterator[Callable]:
    """`await client_as(person)`: a browser in which that person is signed in."""
    async with AsyncExitStack() as stack:

        async def sign_in(person: Identity | None) -> httpx.AsyncClient:
            return await stack.enter_async_context(await signed_in(app, person))

        yield sign_in
    app.dependency_overrides.clear()


@pytest.fixture
async def client(client_as: Callable) -> httpx.AsyncClient:
    """Alice's browser."""
    return await client_as(ALICE)


@pytest.fixture
def alice() -> Identity:
    """The owner."""
    return ALICE


@pytest.fixture
def bob() -> Identity:
    """An agent on Alice's team."""
    return BOB


@pytest.fixture
def vera() -> Identity:
    """A viewer."""
    return VERA


@pytest.fixture
def charlie() -> Identity:
    """A stranger."""
    return CHARLIE
