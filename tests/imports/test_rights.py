"""Only owner, admin, manager and agent import; each sees their own, the first three all."""

from collections.abc import Callable

import asyncpg
import pytest

from crm.db import Database
from tests.cast import ALICE, BOB, CHARLIE, VERA
from tests.imports.conftest import Import

pytestmark = pytest.mark.usefixtures("empty")

FILE = "First Name,Phone\nAnn,4155550132\n,\nBad row,,with too many cells\n"
PATHS = ("/imports", "/imports/new", "/imports/sample.csv")


@pytest.mark.parametrize("person", [CHARLIE, VERA], ids=["Charlie", "a viewer"])
async def test_who_may_not_import_gets_nowhere(
    person: object, client_as: Callable, do_import: Import
) -> None:
    done = await do_import(FILE)
    browser = await client_as(person)
    inside = f"/imports/{done['id']}"
    for path in (*PATHS, inside, f"{inside}/bad-rows.csv"):
        assert (await browser.get(path)).status_code == 403, path
    files = {"file": ("a.csv", FILE)}
    assert (await browser.post("/imports", files=files)).status_code == 403
    for action in ("", "/run", "/undo", "/cancel", "/layout"):
        assert (await browser.post(inside + action)).status_code == 403, action


async def test_nobody_signed_in_is_sent_to_sign_in(client_as: Callable) -> None:
    browser = await client_as(None)
    for path in PATHS:
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?"), path


async def test_an_agent_sees_their_own_imports_and_an_owner_all(
    client_as: Callable, do_import: Import
) -> None:
    hers, his = await do_import(FILE), await do_import(FILE, person=BOB)
    bob, alice = await client_as(BOB), await client_as(ALICE)
    assert (await bob.get(f"/imports/{hers['id']}")).status_code == 404
    assert (await bob.post(f"/imports/{hers['id']}/undo")).status_code == 404
    assert (await bob.get(f"/imports/{his['id']}")).status_code == 200
    assert (await alice.get(f"/imports/{his['id']}")).status_code == 200
    assert str(hers["id"]) not in (await bob.get("/imports")).text


@pytest.mark.parametrize("person", [CHARLIE, VERA, BOB], ids=["Charlie", "a viewer", "an agent"])
async def test_the_database_itself_keeps_imports_of_others_shut(
    person: object, do_import: Import, pool: Database
) -> None:
    done = await do_import(FILE)
    async with pool.session(person) as connection:  # pyright: ignore[reportArgumentType]
        for table in ("imports", "import_bad_rows", "import_changes", "import_tags"):
            assert await connection.fetch(f"select * from app.{table}") == [], table
    for call in ("undo_import", "cancel_import"):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.NoDataFoundError)):
            async with pool.session(person) as connection:  # pyright: ignore[reportArgumentType]
                await connection.execute(f"select app.{call}($1)", done["id"])


@pytest.mark.parametrize("person", [CHARLIE, VERA], ids=["Charlie", "a viewer"])
async def test_the_database_takes_no_import_from_who_may_not(
    person: object, pool: Database, admin: asyncpg.Connection
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(person) as connection:  # pyright: ignore[reportArgumentType]
            await connection.execute(
                "insert into app.imports (filename, stored_name, file_size, sha256)"
                " values ('a', 'b', 1, 'c')"
            )


@pytest.mark.parametrize(
    "statement",
    [
        "select app.merge_import_records(gen_random_uuid())",
        "select app.finish_import(gen_random_uuid(), 1, 1, 1)",
        "select app.import_bulk_mode(true)",
        "select app.create_imported_contacts(gen_random_uuid())",
        "select * from app_staging.import_records",
        "insert into app_staging.import_records (rec, line) values (1, 1)",
        "update app.imports set status = 'done'",
        "update app.imports set created_count = 5",
        "delete from app.imports",
        "insert into app.import_changes (import_id, contact_id, operation, left_updated_at)"
        " values (gen_random_uuid(), gen_random_uuid(), 'created', now())",
    ],
)
async def test_even_the_owner_reaches_the_machinery_only_through_the_program(
    statement: str, pool: Database
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(ALICE) as connection:
            await connection.execute(statement)
