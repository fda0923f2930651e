"""A backup is one complete file, and restore --verify proves every table of it."""

# ruff: noqa: ASYNC240 - a test has nobody to keep waiting

from pathlib import Path

import asyncpg
import pytest

from crm import schema
from crm.database import OperationError
from crm.database.backup import backup, restore, verify
from crm.database.contents import contents, manifest_path
from crm.database.programs import login, program
from crm.embedded import Server

Progress = list[tuple[int, int]]


@pytest.fixture
async def book(new_database, seeded_template: str) -> Server:
    """The demo book."""
    return await new_database(seeded_template)


@pytest.fixture
async def saved(book: Server, tmp_path: Path) -> Path:
    """A backup of it."""
    file = tmp_path / "book.dump"
    await backup(book, file, lambda done, total: None)
    return file


async def held(target: Server) -> dict:
    connection = await asyncpg.connect(target.admin_dsn, server_settings={"timezone": "UTC"})
    try:
        return await contents(connection)
    finally:
        await connection.close()


async def names(target: Server) -> set[str]:
    """Every relation, and every schema with its owner and rights."""
    connection = await asyncpg.connect(target.admin_dsn)
    try:
        found = await connection.fetch(
            "select oid::regclass::text from pg_class"
            " where relkind in ('r', 'v', 'i', 'S') and relnamespace::regnamespace::text !~ '^pg_'"
            " union all select concat_ws(' ', nspname, nspowner::regrole, acl) from pg_namespace,"
            " lateral (select string_agg(item::text, ' ' order by item::text) as acl"
            "          from unnest(nspacl) item) rights where nspname !~ '^pg_'"
        )
        return {row[0] for row in found}
    finally:
        await connection.close()


async def test_a_backup_can_be_restored_and_equals_what_was_saved(book: Server, tmp_path: Path):
    seen: Progress = []
    file = tmp_path / "book.dump"
    manifest = await backup(book, file, lambda done, total: seen.append((done, total)))
    assert manifest["public.contacts"].rows > 30
    assert len(seen) >= 15
    assert seen == sorted(seen)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.dump", "book.dump.json"]
    with_what, differences = await verify(book, file, lambda done, total: None)
    assert (with_what, differences) == ("the manifest written with it", [])
    manifest_path(file).unlink()
    # The note that the backup left in the live database is no difference.
    with_what, differences = await verify(book, file, lambda done, total: None)
    assert (with_what, differences) == ("the live database", [])


async def test_a_backup_is_noted_in_the_database(book: Server, saved: Path):
    connection = await asyncpg.connect(book.admin_dsn)
    [noted] = await connection.fetch("select * from app.backups")
    await connection.close()
    assert (noted["file"], noted["bytes"]) == (str(saved), saved.stat().st_size)
    assert noted["rows_saved"] == sum(item.rows for item in (await held(book)).values())


async def test_a_database_without_a_place_for_the_note_is_backed_up_all_the_same(
    book: Server, tmp_path: Path, on
):
    await on(book, "drop table app.backups")
    await backup(book, tmp_path / "old.dump", lambda done, total: None)
    assert (tmp_path / "old.dump").exists()


async def test_verify_finds_one_changed_character_in_one_row(book: Server, saved: Path, on):
    manifest_path(saved).unlink()
    await on(
        book,
        "update contacts set city = city || '.'"
        " where id = (select min(id::text)::uuid from contacts)",
    )
    with_what, differences = await verify(book, saved, lambda done, total: None)
    assert with_what == "the live database"
    expected = "public.contacts: same number of rows, but their contents differ"
    assert expected in differences


async def test_verify_finds_a_missing_row_and_a_missing_table(book: Server, saved: Path, on):
    manifest_path(saved).unlink()
    await on(book, "insert into tags (name) values ('made after the backup'); create table more ()")
    _, differences = await verify(book, saved, lambda done, total: None)
    assert any(line.startswith("public.tags: ") and " instead of " in line for line in differences)
    assert "public.more: missing" in differences


async def test_verify_leaves_no_database_behind(book: Server, saved: Path):
    await verify(book, saved, lambda done, total: None)
    connection = await asyncpg.connect(book.admin_dsn)
    left = await connection.fetch("select datname from pg_database where datname ~ 'scratch'")
    await connection.close()
    assert left == []


async def test_restore_brings_back_what_was_deleted_but_never_by_surprise(book, saved, on):
    before = await held(book)
    await on(book, "delete from contacts where first_name > 'M'; delete from tags")
    with pytest.raises(OperationError, match=r"holds \d+ contacts; --yes replaces them"):
        await restore(book, saved, lambda done, total: None, into=None, replace=False)
    await restore(book, saved, lambda done, total: None, into=None, replace=True)
    assert await held(book) == before


async def test_a_backup_replaces_a_database_that_has_more_than_it(book, saved, new_database, on):
    target = await new_database()
    await schema.upgrade(target.admin_dsn)
    await on(target, "create table app.newer (contact uuid references contacts)")
    await on(target, "create schema later; create view later.ids as select id from contacts")
    await restore(target, saved, lambda done, total: None, into=None, replace=False)
    assert await held(target) == await held(book)
    assert await names(target) == await names(book)


async def test_restore_into_another_name_makes_that_database(book: Server, saved: Path, on):
    await restore(book, saved, lambda done, total: None, into="cli_elsewhere", replace=False)
    await on(book, "drop database cli_elsewhere")
    with pytest.raises(OperationError, match="not a plain database name"):
        await restore(book, saved, lambda done, total: None, into="a; b", replace=False)


async def test_a_broken_backup_changes_nothing(book: Server, saved: Path):
    before = await held(book)
    data = saved.read_bytes()
    saved.write_bytes(data[: len(data) // 2])
    with pytest.raises(OperationError, match=r"psql failed|pg_restore failed"):
        await restore(book, saved, lambda done, total: None, into=None, replace=True)
    assert await held(book) == before
    saved.write_text("name,phone\n")
    with pytest.raises(OperationError, match="is not a backup"):
        await restore(book, saved, lambda done, total: None, into=None, replace=True)


async def test_a_backup_that_cannot_be_written_leaves_the_old_one(book: Server, saved: Path):
    with pytest.raises(OperationError, match=r"cannot write|failed"):
        await backup(book, saved.parent / "nowhere" / "x.dump", lambda done, total: None)
    old = saved.read_bytes()
    gone = Server("postgresql://postgres@/none?host=/nowhere", "", book.bin)
    with pytest.raises(OSError, match="No such file"):
        await backup(gone, saved, lambda done, total: None)
    assert saved.read_bytes() == old


def test_a_password_is_not_among_the_arguments_that_ps_shows():
    url, environment = login("postgresql://crm:s%40fe@db.example:5433/crm?sslmode=require")
    assert url == "postgresql://crm@db.example:5433/crm?sslmode=require"
    assert environment["PGPASSWORD"] == "s@fe"


def test_a_client_that_is_too_old_or_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    external = Server("", "", None)
    with pytest.raises(OperationError, match="install the client programs of PostgreSQL 99"):
        program(external, "pg_dump", 99)
