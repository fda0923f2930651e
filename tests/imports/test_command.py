"""`crm import`: the same engine in a terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Copy
from tests.imports.conftest import CHECKSUM, FILES


@pytest.fixture
def crm(database: Copy, tmp_path: Path):
    """Run `crm import …` on the test's database."""
    environment = os.environ | {
        "CRM_DATABASE_URL": database.app_dsn,
        "CRM_ADMIN_DATABASE_URL": database.admin_dsn,
        "CRM_DATA_DIR": str(tmp_path / "var"),
        "COLUMNS": "200",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from crm.cli import main; main()", "import", *arguments],
            env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False,
        )  # fmt: skip

    return run


async def test_a_file_is_shown_imported_and_taken_back(
    crm, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    before = await admin.fetchval(CHECKSUM)
    file, bad = str(FILES / "propstream.csv"), tmp_path / "bad.csv"

    dry = crm(file, "--dry-run")
    assert "3 rows, 3 people and companies, 1 rows that cannot be imported" in dry.stdout
    assert await admin.fetchval(CHECKSUM) == before

    done = crm(file, "--yes", "--tag", "Spring", "--bad-rows", str(bad))
    assert done.returncode == 0, done.stderr
    assert "PropStream, utf-8, separated by comma" in done.stdout
    assert "3 created, 0 updated, 0 skipped, 1 failed" in done.stdout
    assert "no name, company, phone or email" in bad.read_text(encoding="utf-8-sig")
    assert await admin.fetchval("select count(*) from contacts") == 3

    import_id = re.search(r"--undo ([0-9a-f-]{36})", done.stdout)
    assert import_id is not None
    undone = crm("--undo", import_id[1])
    assert "3 contacts removed, 0 restored" in undone.stdout
    assert await admin.fetchval(CHECKSUM) == before


async def test_a_column_can_be_matched_by_hand(crm, admin: asyncpg.Connection) -> None:
    done = crm(str(FILES / "generic.csv"), "--yes", "--mapping", "ARV=custom", "--mapping", "Tag=")
    assert done.returncode == 0, done.stderr
    row = await admin.fetchrow("select * from contacts where last_name = 'Smith'")
    assert row is not None
    assert (row["est_value"], '"ARV": "350K"' in row["custom_fields"]) == (None, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "there is no file nowhere.csv"),
        ([], "name a CSV file"),
        ([str(FILES / "generic.csv"), "--mapping", "Nope=phone"], "no column Nope"),
        ([str(FILES / "generic.csv"), "--mapping", "ARV=nope"], "no field nope"),
        ([str(FILES / "generic.csv"), "--user", "x@y.z", "--yes"], "nobody with the email x@y.z"),
        (["--undo", "x"], "x is no id"),
    ],
)
def test_a_mistake_is_one_line(crm, arguments: list[str], words: str) -> None:
    result = crm(*arguments)
    assert result.returncode == 1
    assert words in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr
