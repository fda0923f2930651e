"""Imports a text as a person does, without the browser."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from crm import sql
from crm.config import Settings
from crm.db import Database, Identity
from crm.imports import running, storing
from tests.cast import ALICE
from tests.conftest import settings_for_tests

FILES = Path(__file__).parent / "files"
queries = sql.load("imports")
Import = Callable[..., Awaitable[Any]]


@pytest.fixture
def import_settings(tmp_path: Path) -> Settings:
    """Uploads go to a folder of this test."""
    return settings_for_tests(data_dir=tmp_path)


@pytest.fixture
def do_import(pool: Database, tmp_path: Path, import_settings: Settings) -> Import:
    """`await do_import(text_or_path, person=…, duplicates=…, …)` gives the row of app.imports."""

    async def run(
        content: str | Path, *, person: Identity = ALICE, duplicates: str = "update",
        tags: tuple[str, ...] = (), batch: int = 10_000, mapping: dict[str, str] | None = None,
    ) -> asyncpg.Record:  # fmt: skip
        path = content if isinstance(content, Path) else tmp_path / "list.csv"
        if isinstance(content, str):
            path.write_text(content)
        stored = storing.copy_in(path, import_settings)
        import_id = await storing.register(pool, person, stored, import_settings)
        await choose(pool, person, import_id, duplicates, tags, mapping or {})
        work = running.Run(pool, person, import_id, import_settings, batch_records=batch)
        await work.open()
        await work.work()
        return await get_import(pool, person, import_id)

    return run


async def choose(
    pool: Database, person: Identity, import_id: UUID, duplicates: str,
    tags: tuple[str, ...], mapping: dict[str, str],
) -> None:  # fmt: skip
    """Keep the proposed mapping but for `mapping` (header -> field)."""
    row = await get_import(pool, person, import_id)
    chosen = [
        mapping.get(header, key)
        for header, key in zip(row["layout"]["headers"], row["mapping"], strict=True)
    ]
    async with pool.session(person) as connection:
        await queries.choose_import_options(
            connection, id=import_id, mapping=chosen, duplicates=duplicates, add_tags=list(tags)
        )


async def get_import(pool: Database, person: Identity, import_id: UUID) -> Any:
    """The import as the person sees it."""
    async with pool.session(person) as connection:
        return await queries.get_import(connection, id=import_id)


def counts(row: Any) -> tuple[int, int, int, int]:
    """Created, updated, skipped, failed."""
    return tuple(row[f"{name}_count"] for name in ("created", "updated", "skipped", "failed"))


CHECKSUM = """
    select md5(string_agg(line, e'\\n' order by line)) from (
        select 'c' || c::text from contacts c
        union all select 't' || t::text from tags t
        union all select 'x' || x::text from contact_tags x
    ) as all_rows (line)
"""


@pytest.fixture
async def empty(admin: asyncpg.Connection) -> None:
    """A book without contacts and imports."""
    await admin.execute(
        "delete from contacts; delete from tags; delete from app.import_changes;"
        " delete from app.imports"
    )
