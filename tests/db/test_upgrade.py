"""`crm db upgrade` and psql lead to the same database, and each takes over from the other."""

import asyncio
import os

import pytest

from crm import schema

from . import versions
from .conftest import MakeDatabase, Servers
from .files import INSTALL, SEED
from .test_install import counts

MAJORS = versions.ALL if os.environ.get("CRM_TEST_FULL") else (12, 15, 18)
VERSIONS = pytest.mark.parametrize("major", MAJORS, ids=lambda m: f"pg{m}")


@VERSIONS
async def test_both_ways_of_installing_give_the_same_schema(
    major: int, pg: Servers, empty_db: MakeDatabase
) -> None:
    cluster, by_psql, by_program = pg(major), empty_db(major), empty_db(major)
    cluster.run_files(by_psql, INSTALL)
    await schema.upgrade(cluster.dsn(by_program), seed=True)
    assert cluster.schema_of(by_program) == cluster.schema_of(by_psql)
    assert counts(cluster, by_program) == counts(cluster, by_psql)


@VERSIONS
async def test_an_upgrade_adopts_a_database_made_with_psql_and_then_rests(
    major: int, pg: Servers, empty_db: MakeDatabase
) -> None:
    cluster, database = pg(major), empty_db(major)
    cluster.run_files(database, [file for file in INSTALL if file != SEED])
    before = cluster.schema_of(database)
    assert await schema.upgrade(cluster.dsn(database))
    assert cluster.schema_of(database) == before
    assert await schema.upgrade(cluster.dsn(database)) == []
    states = {file.state for file in await schema.status(cluster.dsn(database))}
    assert states <= {"applied", "pending"}  # the seed was not asked for


async def test_many_programs_that_start_together_install_once(
    pg: Servers, empty_db: MakeDatabase
) -> None:
    cluster, database = pg(18), empty_db(18)
    starts = (schema.upgrade(cluster.dsn(database)) for _ in range(12))
    applied = await asyncio.gather(*starts)
    assert len([files for files in applied if files]) == 1
