"""The trash: who sees what in it, restore, delete for ever, and what goes by itself."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Database, Identity
from tests.cast import ALICE, BOB, VERA
from tests.contacts.scene import PARTIAL, add, contact, link, names, page, text

LONG_AGO = timedelta(days=31)


@pytest.fixture
async def trashed(admin: asyncpg.Connection) -> AsyncIterator[dict[str, UUID]]:
    """Contacts of Alice, Bob and nobody, and a deal of Alice's, all deleted today."""
    now = datetime.now(UTC)
    found = {}
    for name, owner in (("alice", ALICE.user_id), ("bob", BOB.user_id), ("nobody", None)):
        found[name] = await contact(admin, "Gone", name, assigned_to=owner, deleted_at=now)
    kept = await contact(admin, "Kept", "here", assigned_to=ALICE.user_id)
    found["deal"] = await add(
        admin, "deals", contact_id=kept, name="Lost house", value=5, deleted_at=now
    )
    yield found
    await admin.execute("delete from contacts")
    await admin.execute("delete from app.settings where key in ('trash_days', 'visibility')")


async def exists(admin: asyncpg.Connection, table: str, item: UUID) -> bool:
    return await admin.fetchval(f"select count(*) from {table} where id = $1", item) == 1


async def test_the_trash_shows_what_was_deleted_and_for_how_long(
    client: httpx.AsyncClient, trashed: dict
) -> None:
    html = (await client.get("/settings/trash")).text
    assert set(names(html)) == {"Gone alice", "Gone bob", "Gone nobody"}
    assert "in 30 days" in text(page(html))
    deals = (await client.get("/settings/trash/deals")).text
    assert "Lost house" in text(page(deals))
    assert "Kept here" in text(page(deals))


async def test_a_restored_contact_is_back_in_the_list(
    client: httpx.AsyncClient, trashed: dict
) -> None:
    answer = await client.post(f"/settings/trash/contacts/{trashed['alice']}/restore")
    assert answer.status_code == 303
    html = (await client.get(answer.headers["location"])).text
    assert "Gone alice is back." in text(page(html))
    assert "Gone alice" not in names(html)
    assert "Gone alice" in names((await client.get("/contacts")).text)
    again = await client.post(f"/settings/trash/contacts/{trashed['alice']}/restore")
    assert again.status_code == 404


async def test_a_restored_deal_is_a_deal_again(
    client: httpx.AsyncClient, admin: asyncpg.Connection, trashed: dict
) -> None:
    await client.post(f"/settings/trash/deals/{trashed['deal']}/restore")
    assert (
        await admin.fetchval("select deleted_at from deals where id = $1", trashed["deal"]) is None
    )


async def test_delete_for_ever_asks_first_names_what_goes_and_deletes(
    client: httpx.AsyncClient, admin: asyncpg.Connection, trashed: dict
) -> None:
    one = trashed["bob"]
    await add(
        admin, "messages", contact_id=one, direction="inbound", content="hello",
    )  # fmt: skip
    document = await add(
        admin,
        "documents",
        contact_id=one,
        name="Deed",
        file_path="/deed.pdf",
        document_type="other",
    )
    address = f"/settings/trash/contacts/{one}/delete"
    asked = text(page((await client.get(address)).text))
    assert "Delete Gone bob for ever?" in asked
    assert "Gone with it: 1 message." in asked
    assert await exists(admin, "contacts", one)
    answer = await client.post(address)
    assert answer.headers["location"] == "/settings/trash?deleted=1"
    assert not await exists(admin, "contacts", one)
    assert await exists(admin, "documents", document), "documents stay, without their link"


async def test_only_what_is_in_the_trash_can_be_deleted_for_ever(
    client: httpx.AsyncClient, admin: asyncpg.Connection, trashed: dict
) -> None:
    kept: Any = await admin.fetchval("select id from contacts where first_name = 'Kept'")
    for answer in (
        await client.get(f"/settings/trash/contacts/{kept}/delete"),
        await client.post(f"/settings/trash/contacts/{kept}/delete"),
    ):
        assert answer.status_code == 404
    async with client._transport.app.state.db.session(ALICE) as connection:  # pyright: ignore[reportAttributeAccessIssue]
        assert await connection.fetchval("select app.delete_forever('contacts', $1)", kept) is False
    assert await exists(admin, "contacts", kept)


async def test_the_trash_has_pages(
    client: httpx.AsyncClient, admin: asyncpg.Connection, trashed: dict
) -> None:
    await admin.execute(
        "insert into contacts (first_name, deleted_at)"
        " select 'Older ' || n, now() - interval '1 day' - n * interval '1 minute'"
        " from generate_series(1, 60) n"
    )
    first = (await client.get("/settings/trash")).text
    seen = names(first)
    older = link(first, "#page-older")
    second = (await client.get(older, headers=PARTIAL)).text
    assert "<html" not in second
    seen += names(second)
    assert len(seen) == len(set(seen)) == 63
    assert link(second, "#page-newest") == "/settings/trash"
    assert (await client.get("/settings/trash?before=nonsense")).status_code == 422


async def test_an_empty_trash_says_how_long_things_stay(client: httpx.AsyncClient) -> None:
    html = text(page((await client.get("/settings/trash")).text))
    assert "No contacts in the trash. What is deleted stays here for 30 days." in html


async def test_a_stranger_sees_and_changes_nothing(
    client_as, charlie: Identity, trashed: dict, admin: asyncpg.Connection
) -> None:
    stranger = await client_as(charlie)
    before = await admin.fetch("select * from contacts order by id")
    for path in ("", "/deals"):
        html = (await stranger.get(f"/settings/trash{path}")).text
        assert names(html) == []
        assert "Lost house" not in html
    for kind, one in (("contacts", trashed["bob"]), ("deals", trashed["deal"])):
        for verb in ("restore", "delete"):
            answer = await stranger.post(f"/settings/trash/{kind}/{one}/{verb}")
            assert answer.status_code == 404
        assert (await stranger.get(f"/settings/trash/{kind}/{one}/delete")).status_code == 404
        toast = await stranger.get(f"/settings/trash?restored={one}")
        assert "Gone" not in toast.text
    assert (await stranger.post("/settings/trash/days", data={"days": 1})).status_code == 403
    assert await admin.fetch("select * from contacts order by id") == before


async def test_a_viewer_looks_and_an_agent_restores_and_neither_deletes(
    client_as, admin: asyncpg.Connection, trashed: dict
) -> None:
    for person, may_restore in ((VERA, False), (BOB, True)):
        browser = await client_as(person)
        html = (await browser.get("/settings/trash")).text
        assert len(names(html)) == 3
        assert ("/restore" in html) is may_restore
        assert "/delete" not in html
        one = trashed["nobody"]
        assert (await browser.get(f"/settings/trash/contacts/{one}/delete")).status_code == 403
        assert (await browser.post(f"/settings/trash/contacts/{one}/delete")).status_code == 403
        assert (await browser.post("/settings/trash/days", data={"days": 1})).status_code == 403
        answer = await browser.post(f"/settings/trash/contacts/{one}/restore")
        assert answer.status_code == (303 if may_restore else 403)
    assert await exists(admin, "contacts", trashed["nobody"])


async def test_an_agent_under_assigned_sees_only_their_own_and_nobodys(
    client_as, admin: asyncpg.Connection, trashed: dict
) -> None:
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    agent = await client_as(BOB)
    assert set(names((await agent.get("/settings/trash")).text)) == {"Gone bob", "Gone nobody"}
    assert "Lost house" not in (await agent.get("/settings/trash/deals")).text
    for kind, one in (("contacts", trashed["alice"]), ("deals", trashed["deal"])):
        answer = await agent.post(f"/settings/trash/{kind}/{one}/restore")
        assert answer.status_code == 404


async def test_an_owner_sets_how_long_things_stay(client: httpx.AsyncClient, trashed: dict) -> None:
    assert (await client.post("/settings/trash/days", data={"days": 7})).status_code == 303
    assert "in 7 days" in text(page((await client.get("/settings/trash")).text))
    for wrong in (0, -1, 10_000, "x"):
        answer = await client.post("/settings/trash/days", data={"days": wrong})
        assert answer.status_code == 422


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "12345", '"30"', "null", "[30]", "true"])
async def test_the_database_takes_only_a_sensible_number_of_days(
    admin: asyncpg.Connection, value: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await admin.execute(
            f"insert into app.settings (key, value) values ('trash_days', '{value}')"
        )


async def test_old_trash_goes_and_takes_along_what_the_schema_says(
    pool: Database, admin: asyncpg.Connection, trashed: dict
) -> None:
    old = datetime.now(UTC) - LONG_AGO
    one = await contact(admin, "Old", "trash", deleted_at=old)
    kept: Any = await admin.fetchval("select id from contacts where first_name = 'Kept'")
    deal = await add(admin, "deals", contact_id=kept, name="Old deal", deleted_at=old)
    document = await add(
        admin,
        "documents",
        contact_id=one,
        name="Deed",
        file_path="/deed.pdf",
        document_type="other",
    )
    note = await add(
        admin, "activities", contact_id=one, type="note", title="x", status="completed"
    )
    async with pool.service() as connection:
        row = await connection.fetchrow("select * from app.run_upkeep('trash', 0)")
    assert row is not None
    assert (row["touched"], row["failure"]) == (2, "")
    assert not await exists(admin, "contacts", one)
    assert not await exists(admin, "deals", deal)
    assert not await exists(admin, "activities", note)
    assert await exists(admin, "documents", document)
    assert await admin.fetchval("select count(*) from contacts") == 4
    await admin.execute("delete from documents")


async def test_a_purge_takes_five_hundred_and_leaves_what_somebody_changes(
    database: Any, admin: asyncpg.Connection, trashed: dict
) -> None:
    await admin.execute(
        "insert into contacts (first_name, deleted_at)"
        " select 'Old', now() - interval '40 days' from generate_series(1, 520)"
    )
    busy: Any = await admin.fetchval(
        "select id from contacts where first_name = 'Old' order by id limit 1"
    )
    somebody = await asyncpg.connect(database.admin_dsn)
    try:
        await somebody.execute("begin")
        await somebody.execute("update contacts set deleted_at = null where id = $1", busy)
        assert await admin.fetchval("select app.upkeep_trash()") == 500
        await somebody.execute("commit")
    finally:
        await somebody.close()
    assert await admin.fetchval("select app.upkeep_trash()") == 19
    assert await exists(admin, "contacts", busy), "it was restored at that moment"
