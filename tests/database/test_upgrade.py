"""crm.schema: applied once, in order, whoever asks and however many; psql's work is adopted."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from crm import schema
from crm.embedded import Server

SCRIPT = """
import asyncio, sys
from crm import schema
print(len(asyncio.run(schema.upgrade(sys.argv[1]))))
"""


async def fetchval(target: Server, query: str) -> object:
    connection = await asyncpg.connect(target.admin_dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def rows(target: Server, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(target.admin_dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


def dump(target: Server) -> str:
    """The schema as pg_dump writes it, without the random key of each dump."""
    assert target.bin is not None
    command = [str(target.bin / "pg_dump"), "--schema-only", "--dbname", target.admin_dsn]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in text.splitlines() if "restrict " not in line)


def install_with_psql(target: Server) -> None:
    assert target.bin is not None
    files = sorted((schema.DB / "schema").glob("*.sql")) + sorted((schema.DB / "app").glob("*.sql"))
    arguments = [
        word for file in files if schema.SEED not in str(file) for word in ("-f", str(file))
    ]
    psql = [str(target.bin / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", target.admin_dsn]
    subprocess.run([*psql, *arguments], check=True, capture_output=True)


async def test_twenty_processes_that_start_together_do_it_once(new_database):
    target = await new_database()
    command = [sys.executable, "-W", "error", "-c", SCRIPT, target.admin_dsn]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        for _ in range(20)
    ]
    said = await asyncio.gather(*(process.communicate() for process in processes))
    applied = sorted(int(output) for output, _ in said)
    everything = len(schema.files("schema", "app")) - 1  # without the seed
    assert applied == [0] * 19 + [everything]
    assert await fetchval(target, "select count(*) from app.schema_files") == everything


async def test_psql_and_upgrade_end_in_the_same_schema_and_psqls_is_adopted(new_database):
    by_psql, by_upgrade = await new_database(), await new_database()
    install_with_psql(by_psql)
    await schema.upgrade(by_upgrade.admin_dsn)
    before = dump(by_psql)
    assert before == dump(by_upgrade)
    assert {state.state for state in await schema.status(by_psql.admin_dsn)} == {"pending"}
    assert len(await schema.upgrade(by_psql.admin_dsn)) == len(schema.files("schema", "app")) - 1
    assert dump(by_psql) == before
    assert await schema.upgrade(by_psql.admin_dsn) == []


async def test_the_seed_is_loaded_when_asked_for_and_once(new_database):
    target = await new_database()
    await schema.upgrade(target.admin_dsn)
    assert await fetchval(target, "select count(*) from contacts") == 0
    assert await schema.upgrade(target.admin_dsn, seed=True) == [schema.SEED]
    assert await schema.upgrade(target.admin_dsn, seed=True) == []
    assert await schema.upgrade(target.admin_dsn) == []


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small db/ of our own instead of the project's."""
    for folder in ("schema", "app", "changes"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(schema, "DB", tmp_path)
    bookkeeping = Path(__file__).parents[2] / "db" / "app" / "100_schema_files.sql"
    (tmp_path / "app" / "100_schema_files.sql").write_text(bookkeeping.read_text())
    for number in (1, 2):
        write(
            tmp_path, f"schema/00{number}_t.sql", f"create table if not exists t{number} (n int);"
        )
    return tmp_path


def write(place: Path, name: str, statement: str) -> None:
    (place / name).write_text(f"-- A file of a test.\nbegin;\n{statement}\ncommit;\n")


async def test_a_changed_file_is_applied_again_with_all_the_others(new_database, files: Path):
    target = await new_database()
    seen: list[str] = []
    first = await schema.upgrade(target.admin_dsn, on_file=seen.append)
    assert first == seen == ["schema/001_t.sql", "schema/002_t.sql", "app/100_schema_files.sql"]
    write(files, "schema/002_t.sql", "alter table t2 add column if not exists more text;")
    states = {state.path: state.state for state in await schema.status(target.admin_dsn)}
    assert states["schema/002_t.sql"] == "changed"
    assert await schema.upgrade(target.admin_dsn) == first
    await fetchval(target, "select more from t2")


async def test_a_wrong_file_is_named_with_its_line_and_nothing_of_it_stays(new_database, files):
    target = await new_database()
    await schema.upgrade(target.admin_dsn)
    write(files, "schema/002_t.sql", "insert into t2 values (1);\nselect nonsense from t2;")
    with pytest.raises(schema.SchemaError, match=r"db/schema/002_t.sql, line 4: .*nonsense"):
        await schema.upgrade(target.admin_dsn)
    assert await fetchval(target, "select count(*) from t2") == 0
    # Taking the mistake back must apply the files again: the first one may have been changed.
    write(files, "schema/002_t.sql", "create table if not exists t2 (n int);")
    assert len(await schema.upgrade(target.admin_dsn)) == 3


async def test_a_change_runs_once_and_its_record_is_part_of_it(new_database, files: Path):
    target = await new_database()
    write(files, "changes/0001_one.sql", "insert into t1 values (1);")
    assert (await schema.upgrade(target.admin_dsn))[-1] == "changes/0001_one.sql"
    write(files, "changes/0001_one.sql", "insert into t1 values (2);")
    write(files, "changes/0002_bad.sql", "insert into t1 values (3); select 1/0;")
    with pytest.raises(schema.SchemaError, match="0002_bad"):
        await schema.upgrade(target.admin_dsn)
    assert [row["n"] for row in await rows(target, "select n from t1")] == [1]


async def test_a_file_waits_for_a_reader_that_is_in_the_way(new_database, files: Path, monkeypatch):
    monkeypatch.setattr(schema, "_LOCK_TIMEOUT", "100ms")
    target = await new_database()
    await schema.upgrade(target.admin_dsn)
    write(files, "schema/002_t.sql", "alter table t1 add column if not exists more text;")
    reader = await asyncpg.connect(target.admin_dsn)
    await reader.execute("begin; select from t1")
    upgrading = asyncio.create_task(schema.upgrade(target.admin_dsn))
    await asyncio.sleep(0.5)
    assert not upgrading.done()
    await reader.execute("rollback")
    await reader.close()
    assert len(await upgrading) == 3
