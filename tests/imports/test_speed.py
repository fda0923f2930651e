"""How fast a big file is; the aim (12,000 rows/s on two free cores) is measured by hand."""

import sys
from pathlib import Path

import asyncpg
import pytest

from crm.db import Database
from crm.imports import running
from tests.cast import ALICE
from tests.imports.conftest import CHECKSUM, Import, counts
from tests.imports.propstream import write

ROWS = 20_000


@pytest.mark.slow
async def test_twenty_thousand_rows_are_exact_fast_and_undone_exactly(
    do_import: Import, admin: asyncpg.Connection, pool: Database, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "propstream.csv"
    with path.open("w", newline="") as file:
        expected = write(file, ROWS)
    before = await admin.fetchval(CHECKSUM)
    done = await do_import(path)
    assert done["status"] == "done", done["message"]
    assert done["rows_read"] == expected.rows
    assert counts(done) == (expected.created, 0, expected.skipped, expected.failed)
    rate = done["rows_read"] / done["seconds"]
    with capsys.disabled():
        sys.stdout.write(f"\nimport of {ROWS:,} PropStream rows: {rate:,.0f} rows/s\n")
    assert rate > 400
    await running.undo(pool, ALICE, done["id"])
    assert await admin.fetchval(CHECKSUM) == before
