"""Servers for tests/db: started when first asked for, kept for the run, one template each."""

from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest
import pytest_asyncio

from . import versions
from .cluster import Cluster
from .files import APP, SCHEMA, SEED

Servers = Callable[[int], Cluster]
MakeDatabase = Callable[..., str]


@pytest.fixture(scope="session")
def pg() -> Iterator[Servers]:
    """`pg(15)` is the running server of that major version, still without any database of ours."""
    running: dict[int, Cluster] = {}

    def server(major: int) -> Cluster:
        if major not in running:
            try:
                running[major] = Cluster(major)
            except versions.UnavailableError as reason:
                pytest.skip(str(reason))
            running[major].start()
        return running[major]

    yield server
    for cluster in running.values():
        cluster.stop()


@pytest.fixture(scope="session")
def pg18(pg: Servers) -> Cluster:
    return pg(18)


def template(cluster: Cluster) -> str:
    """A database with every file but the seed; made once per server, copied by the tests."""
    if not cluster.has("installed"):
        cluster.drop("installing")
        cluster.create("installing")
        cluster.run_files("installing", [file for file in SCHEMA if file != SEED] + APP)
        cluster.psql("postgres", "alter database installing rename to installed")
    return "installed"


@pytest.fixture
def fresh_db(pg: Servers) -> Iterator[MakeDatabase]:
    """`fresh_db(15)` makes a database with the whole schema and no rows; dropped afterwards."""
    made: list[tuple[Cluster, str]] = []

    def make(major: int) -> str:
        cluster = pg(major)
        name = f"fresh_{len(made)}"
        cluster.drop(name)
        made.append((cluster, name))
        return cluster.create(name, template(cluster))

    yield make
    for cluster, name in made:
        cluster.drop(name)


@pytest.fixture
def empty_db(pg: Servers) -> Iterator[MakeDatabase]:
    """`empty_db(15)` makes a database as `create database` leaves it; dropped afterwards."""
    made: list[tuple[Cluster, str]] = []

    def make(major: int, owner: str = "postgres") -> str:
        cluster = pg(major)
        name = f"empty_{len(made)}"
        cluster.drop(name)
        made.append((cluster, name))
        return cluster.create(name, "template0", owner)

    yield make
    for cluster, name in made:
        cluster.drop(name)


@pytest_asyncio.fixture(scope="session", params=[12, 18], ids=["pg12", "pg18"])
async def shared(request: pytest.FixtureRequest, pg: Servers) -> AsyncIterator[asyncpg.Connection]:
    cluster = pg(request.param)
    cluster.drop("shared")
    cluster.create("shared", template(cluster))
    connection = await cluster.connect("shared")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def conn(shared: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection inside a transaction that is rolled back after the test."""
    transaction = shared.transaction()
    await transaction.start()
    yield shared
    await transaction.rollback()
