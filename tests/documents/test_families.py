"""Versions in the database: their numbers, their links, and what a delete leaves."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from crm.db import Database, Identity
from tests.conftest import Copy

from .scene import add, document, row_of

FILE = Path(__file__).parents[2] / "db/app/122_documents.sql"


async def family(admin: asyncpg.Connection, count: int = 3) -> list[UUID]:
    first = await document(admin)
    return [first] + [await document(admin, parent_document_id=first) for _ in range(count - 1)]


async def test_a_version_gets_the_next_number(admin: asyncpg.Connection) -> None:
    versions = [(await row_of(admin, one))["version"] for one in await family(admin)]
    assert versions == [1, 2, 3]


async def test_a_version_of_a_version_belongs_to_the_first(admin: asyncpg.Connection) -> None:
    first, second, _ = await family(admin)
    fourth = await row_of(admin, await document(admin, parent_document_id=second))
    assert (fourth["parent_document_id"], fourth["version"]) == (first, 4)


async def test_two_versions_at_once_get_two_numbers(
    admin: asyncpg.Connection, database: Copy
) -> None:
    first = await document(admin)
    connections = [await asyncpg.connect(database.admin_dsn) for _ in range(8)]
    made = await asyncio.gather(*(document(one, parent_document_id=first) for one in connections))
    for one in connections:
        await one.close()
    assert sorted([(await row_of(admin, one))["version"] for one in made]) == list(range(2, 10))


async def test_a_number_is_given_once(admin: asyncpg.Connection) -> None:
    first, second, third = await family(admin)
    with pytest.raises(asyncpg.UniqueViolationError):
        await admin.execute("update documents set version = 2 where id = $1", third)
    assert {first, second}


async def test_all_versions_move_to_another_contact_together(admin: asyncpg.Connection) -> None:
    versions = await family(admin)
    person = await add(admin, "contacts", first_name="Ann")
    await admin.execute("update documents set contact_id = $1 where id = $2", person, versions[1])
    assert {(await row_of(admin, one))["contact_id"] for one in versions} == {person}
    await admin.execute("delete from contacts where id = $1", person)
    assert {(await row_of(admin, one))["contact_id"] for one in versions} == {None}


async def test_a_contact_with_deals_and_tasks_is_erased_and_its_families_stay(
    admin: asyncpg.Connection,
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    deal = await add(admin, "deals", contact_id=person, name="House", value=1)
    task = await add(admin, "activities", contact_id=person, deal_id=deal, type="task", title="x")
    links: Any = {"contact_id": person, "deal_id": deal, "activity_id": task}
    first = await document(admin, **links)
    versions = [first, *[await document(admin, parent_document_id=first, **links) for _ in "ab"]]
    await admin.execute("delete from contacts where id = $1", person)
    for one in versions:
        row = await row_of(admin, one)
        assert {row[name] for name in links} == {None}


async def test_when_the_first_version_is_deleted_the_oldest_left_takes_its_place(
    admin: asyncpg.Connection,
) -> None:
    first, second, third = await family(admin)
    fourth = await document(admin, parent_document_id=first)
    await admin.execute("delete from documents where id = $1", first)
    heirs = [(await row_of(admin, one))["parent_document_id"] for one in (second, third, fourth)]
    assert heirs == [None, second, second]
    fifth = await row_of(admin, await document(admin, parent_document_id=fourth))
    assert (fifth["version"], fifth["parent_document_id"]) == (5, second)


async def test_a_whole_family_is_deleted_in_one_statement(admin: asyncpg.Connection) -> None:
    first, *_ = await family(admin)
    deleted = await admin.fetch(
        "delete from documents where coalesce(parent_document_id, id) = $1 returning id", first
    )
    assert len(deleted) == 3


async def test_the_seed_can_be_run_again(admin: asyncpg.Connection) -> None:
    first, second, _ = await family(admin)
    for _ in range(2):
        await admin.execute(
            "insert into documents (id, name, file_path, parent_document_id, version)"
            " values ($1, 'x', 'x', $2, 2) on conflict do nothing", second, first,
        )  # fmt: skip
    assert (await row_of(admin, second))["version"] == 2


@pytest.mark.parametrize("column", ["contact_id", "deal_id", "activity_id", "parent_document_id"])
async def test_a_link_to_nothing_names_the_link(
    pool: Database, alice: Identity, column: str
) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        async with pool.session(alice) as connection:
            await connection.execute(
                f"insert into documents (name, file_path, {column}) values ('x', 'x', $1)", uuid4()
            )
    assert getattr(refused.value, "constraint_name", "") == f"documents_{column}_fkey"


@pytest.mark.parametrize(
    "change",
    ["file_path = 'other'", "file_size = 1", "checksum = 'ab'", "version = 9",
     "mime_type = 'text/html'", "parent_document_id = null", "uploaded_by = null"],
)  # fmt: skip
async def test_what_was_stored_does_not_change(
    pool: Database, alice: Identity, admin: asyncpg.Connection, change: str
) -> None:
    first = await document(admin)
    second = await document(
        admin, parent_document_id=first, checksum="cd", file_size=3, uploaded_by=alice.user_id
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(alice) as connection:
            await connection.execute(f"update documents set {change} where id = $1", second)


async def test_the_upgrade_puts_older_families_in_order(
    admin: asyncpg.Connection, database: Copy
) -> None:
    """As they could be made before: chains, and the same number twice."""
    await admin.execute("drop index documents_family_version_key")
    await admin.execute("alter table documents disable trigger user")
    first = await document(admin)
    second = await document(admin, parent_document_id=first)
    third = await document(admin, parent_document_id=second)
    await admin.execute("alter table documents enable trigger user")
    await admin.execute(FILE.read_text())
    rows = [await row_of(admin, one) for one in (first, second, third)]
    assert [row["parent_document_id"] for row in rows] == [None, first, first]
    assert sorted(row["version"] for row in rows) == [1, 2, 3]
    assert rows[0]["version"] == 1
