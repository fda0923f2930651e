"""Who sees and moves which deals: a stranger none, a viewer moves none, an agent their own."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from tests.cast import ALICE, BOB

from .scene import PARTIAL, column, contact, deal, head, page, text, version

SECRET = "Zebediah"
PATHS = [
    "/deals", "/deals?q=zebediah", "/deals?owner=none", "/deals?view=list",
    "/deals?view=list&sort=-value", "/deals?as_of=2026-12-31", "/deals/contacts?q=zebediah",
]  # fmt: skip


@pytest.fixture(scope="module")
async def theirs(admin: asyncpg.Connection) -> dict[str, UUID]:
    """A deal of a contact of Alice's, of one of Bob's, and of one of nobody's."""
    found = {}
    for name, owner in (("alice", ALICE.user_id), ("bob", BOB.user_id), ("nobody", None)):
        person = await contact(admin, SECRET, last_name=name, assigned_to=owner)
        found[name] = await deal(
            admin, f"{SECRET} deal {name}", person, value=1000, next_step=f"{SECRET} step"
        )
    return found


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
async def test_a_stranger_sees_no_deal_and_no_sum(
    client_as, charlie: Identity, theirs: dict, path: str, headers: dict
) -> None:
    answer = await (await client_as(charlie)).get(path, headers=headers)
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert "$3,000" not in answer.text
    assert "Alice" not in answer.text
    assert page(answer.text).css(".deal, tbody tr") == []


@pytest.mark.parametrize("rest", ["", "/edit", "/fields/value", "/fields/value?edit=true"])
async def test_a_stranger_is_told_that_there_is_no_such_deal(
    client_as, charlie: Identity, theirs: dict, rest: str
) -> None:
    stranger = await client_as(charlie)
    for one in theirs.values():
        answer = await stranger.get(f"/deals/{one}{rest}")
        assert answer.status_code == 404
        assert SECRET not in answer.text


async def test_a_stranger_changes_nothing(
    client_as, charlie: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    stranger, one = await client_as(charlie), theirs["bob"]
    before = await admin.fetch("select * from deals order by id")
    sent = {"stage": "proposal", "version": await version(admin, one), "name": "x", "value": "1"}
    for path in ("move", "edit", "delete", "restore", "fields/value", "tags"):
        assert (await stranger.post(f"/deals/{one}/{path}", data=sent)).status_code == 404, path
    person = (await admin.fetchrow("select contact_id from deals where id = $1", one))["contact_id"]  # pyright: ignore[reportOptionalSubscript]
    made = await stranger.post("/deals/new", data={"contact_id": str(person), "name": "x"})
    assert made.status_code == 404
    assert await admin.fetch("select * from deals order by id") == before
    stages = await admin.fetch("select * from app.pipeline_stages order by id")
    for path in ("/settings/pipelines", "/settings/pipelines/order"):
        answer = await stranger.post(path, data={"name": "x", "ids": str(one)})
        assert answer.status_code == 403
    assert await admin.fetch("select * from app.pipeline_stages order by id") == stages


async def test_a_viewer_sees_the_board_and_moves_nothing(
    client_as, vera: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    viewer = await client_as(vera)
    html = (await viewer.get("/deals")).text
    assert len(column(html, "lead")) == 3
    assert page(html).css(".deal .more, [data-move], a[href^='/deals/new']") == []
    one = theirs["bob"]
    sent = {"stage": "proposal", "version": await version(admin, one)}
    answer = await viewer.post(f"/deals/{one}/move", data=sent, headers=PARTIAL)
    assert answer.status_code == 403
    for path in ("edit", "delete"):
        sent |= {"name": "x", "contact_id": str(one)}
        assert (await viewer.post(f"/deals/{one}/{path}", data=sent)).status_code == 403
    assert (await viewer.get("/settings/pipelines")).status_code == 403


@pytest.mark.usefixtures("assigned")
async def test_an_agent_sees_their_own_and_nobodys_and_only_their_sums(
    client_as, bob: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    agent: httpx.AsyncClient = await client_as(bob)
    visible = {f"{SECRET} deal bob", f"{SECRET} deal nobody"}
    html = (await agent.get("/deals")).text
    assert set(column(html, "lead")) == visible
    assert head(html, "lead").startswith("Lead 2 deals")
    assert "$2,000" in head(html, "lead")
    assert "$2,000 open" in text(page(html))
    past = (await agent.get("/deals?as_of=2099-01-01")).text
    assert set(column(past, "lead")) == visible
    assert "$2,000" in head(past, "lead")
    rows = page((await agent.get("/deals?view=list")).text).css("tbody .who")
    assert {text(one) for one in rows} == visible
    found = page((await agent.get("/deals?q=zebediah")).text)
    assert {text(one) for one in found.css(".deal .t a")} == visible
    assert (await agent.get(f"/deals/{theirs['bob']}")).status_code == 200
    hidden = theirs["alice"]
    assert (await agent.get(f"/deals/{hidden}")).status_code == 404
    sent = {"stage": "proposal", "version": await version(admin, hidden)}
    assert (await agent.post(f"/deals/{hidden}/move", data=sent)).status_code == 404
    more = await agent.get(f"/deals/column?column=lead&following={hidden}")
    assert SECRET not in more.text


@pytest.mark.usefixtures("assigned")
async def test_an_agent_reads_no_kept_totals_directly(pool, bob: Identity, theirs: dict) -> None:
    async with pool.session(bob) as connection:
        assert await connection.fetchval("select count(*) from app.deal_totals") == 0
        sums = await connection.fetch("select * from app.board_totals('default')")
        assert [(row["stage"], row["deals"]) for row in sums] == [("lead", 2)]


async def test_an_agent_may_not_change_pipelines(
    client_as, bob: Identity, admin: asyncpg.Connection
) -> None:
    agent = await client_as(bob)
    assert (await agent.post("/settings/pipelines", data={"name": "Mine"})).status_code == 403
    assert await admin.fetchval("select count(*) from app.pipelines") == 1


async def test_a_token_without_deals_gets_no_sums(pool, alice: Identity, theirs: dict) -> None:
    async with pool.session(alice) as connection:
        await connection.execute("select set_config('app.scopes', ' contacts:read ', true)")
        for call in ("board_totals('default')", "deal_pipelines()", "deal_stages('default')",
                     "search_deal_ids('zeb')"):  # fmt: skip
            assert await connection.fetch(f"select * from app.{call}") == []
        assert await connection.fetchval("select count(*) from app.deal_totals") == 0


async def test_nobody_signed_in_is_sent_to_sign_in(client_as, theirs: dict) -> None:
    visitor = await client_as(None)
    for path in ("/deals", "/deals/new", f"/deals/{theirs['bob']}", "/settings/pipelines"):
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
