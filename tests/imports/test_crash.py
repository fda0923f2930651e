"""kill -9 of the program or of the server in the middle of an import: nothing of it is visible."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from crm import embedded, schema
from crm.db import Database
from crm.imports import running, storing
from tests.cast import ALICE
from tests.conftest import settings_for_tests
from tests.imports.conftest import counts, get_import
from tests.imports.propstream import Expected, write

ROWS = 12_000


@dataclass
class Own:
    """A cluster of this test's own, with one owner, and a file to import."""

    data_dir: Path
    server: embedded.Server
    file: Path
    expected: Expected

    async def value(self, query: str) -> object:
        connection = await asyncpg.connect(self.server.admin_dsn)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def until_rows_are_merged(self) -> None:
        """Wait until a running import has merged its first batch."""
        for _ in range(1200):
            if await self.value("select max(rows_read) from app.imports where status = 'running'"):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the import did not get going")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    data_dir = tmp_path / "var"
    file = tmp_path / "list.csv"
    with file.open("w", newline="") as output:
        expected = write(output, ROWS)
    with embedded.running(data_dir) as server:
        await schema.upgrade(server.admin_dsn)
        connection = await asyncpg.connect(server.admin_dsn)
        await connection.execute(
            "insert into app.users (id, email, name, role) values ($1, $2, $3, 'owner')",
            ALICE.user_id, ALICE.email, ALICE.name,
        )  # fmt: skip
        await connection.close()
        yield Own(data_dir, server, file, expected)


async def run_again(own: Own, import_id: UUID) -> None:
    """What was interrupted says so, and gives exact counts the second time."""
    settings = settings_for_tests(data_dir=own.data_dir)
    db = Database(own.server.app_dsn, pool_size=2)
    await db.open()
    try:
        async with db.service() as connection:
            await running.queries.mark_interrupted_imports(connection)
        assert (await get_import(db, ALICE, import_id))["status"] == "interrupted"
        assert await own.value("select count(*) from contacts") == 0
        assert await own.value("select count(*) from app.import_changes") == 0
        run = running.Run(db, ALICE, import_id, settings)
        await run.open()
        await run.work()
        done = await get_import(db, ALICE, import_id)
    finally:
        await db.close()
    expected = own.expected
    assert done["status"] == "done", done["message"]
    assert counts(done) == (expected.created, 0, expected.skipped, expected.failed)


async def test_a_killed_program_leaves_nothing_and_the_import_runs_again(own: Own) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from crm.cli import main; main()", "import", str(own.file), "--yes",
        env=os.environ | {"CRM_DATA_DIR": str(own.data_dir)},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    # Its batches are as in real life, so the first one is merged some time before the end.
    await own.until_rows_are_merged()
    program.send_signal(signal.SIGKILL)
    await program.wait()
    import_id = await own.value("select id from app.imports")
    assert isinstance(import_id, UUID)
    while await own.value(  # noqa: ASYNC110 - another process
        "select count(*) from pg_stat_activity where application_name = 'crm import'"
    ):
        await asyncio.sleep(0.05)
    await run_again(own, import_id)


async def test_a_killed_server_leaves_nothing_and_the_import_runs_again(own: Own) -> None:
    settings = settings_for_tests(data_dir=own.data_dir)
    db = Database(own.server.app_dsn, pool_size=2)
    await db.open()
    stored = storing.copy_in(own.file, settings)
    import_id = await storing.register(db, ALICE, stored, settings)
    run = running.Run(db, ALICE, import_id, settings, batch_records=500)
    await run.open()
    work = asyncio.create_task(run.work())
    await own.until_rows_are_merged()
    pid = int((own.data_dir / "pg" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    await work  # it does not raise
    await asyncio.to_thread(own.server.ensure_alive)
    await db.close()
    await run_again(own, import_id)
