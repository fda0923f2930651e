"""The tags of the settings: used how often, made, renamed, merged, deleted, and each way back."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from crm.db import Database
from tests.cast import ALICE, BOB, CHARLIE, VERA
from tests.contacts.scene import add, contact, names, page, text

HERE = "/settings/tags"
GREEN = "#10B981"
Scene = dict[str, UUID]


@pytest.fixture
async def scene(admin: asyncpg.Connection) -> Scene:
    """Cash and Money, tags of Ana (both), Ben (Cash) and a deal of Ben's (Cash)."""
    await admin.execute("delete from contacts")
    await admin.execute("delete from tags")
    ids = {name: await add(admin, "tags", name=name) for name in ("Cash", "Money", "Idle")}
    ids |= {name: await contact(admin, name) for name in ("Ana", "Ben")}
    ids["deal"] = await add(admin, "deals", contact_id=ids["Ben"], name="House")
    for person, tag in (("Ana", "Cash"), ("Ana", "Money"), ("Ben", "Cash")):
        await add(admin, "contact_tags", contact_id=ids[person], tag_id=ids[tag])
    await add(admin, "deal_tags", deal_id=ids["deal"], tag_id=ids["Cash"])
    return ids


async def lines(client: httpx.AsyncClient, query: str = "") -> dict[str, str]:
    """The list: what stands beside each tag, by its name."""
    html = page((await client.get(f"{HERE}{query}")).text)
    return {text(one.css_first(".tag")): " ".join(text(link) for link in one.css("a.num, .none"))
            for one in html.css(".tag-lines > li")}  # fmt: skip


async def worn(admin: asyncpg.Connection) -> set[tuple[str, str]]:
    """Who wears what: (contact or deal, tag)."""
    rows = await admin.fetch(
        """select c.first_name as who, t.name as tag from contact_tags x
           join contacts c on c.id = x.contact_id join tags t on t.id = x.tag_id
           union all
           select d.name, t.name from deal_tags x
           join deals d on d.id = x.deal_id join tags t on t.id = x.tag_id"""
    )
    found = [(row["who"], row["tag"]) for row in rows]
    assert len(found) == len(set(found))
    return set(found)


BEFORE = {("Ana", "Cash"), ("Ana", "Money"), ("Ben", "Cash"), ("House", "Cash")}
MERGED = {("Ana", "Money"), ("Ben", "Money"), ("House", "Money")}


async def undo_of(client: httpx.AsyncClient, answer: httpx.Response) -> tuple[str, str]:
    """The toast after a redirect: its words, and where its undo is sent."""
    assert answer.status_code == 303, answer.text[:300]
    html = page((await client.get(answer.headers["location"])).text)
    toast = html.css_first("#toasts crm-toast")
    return text(toast.css_first("span")), toast.css_first("form").attributes["action"]


async def test_the_list_says_how_many_wear_a_tag_and_links_to_exactly_them(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    gone = await contact(admin, "Gone")
    await add(admin, "contact_tags", contact_id=gone, tag_id=scene["Cash"])
    await admin.execute("update contacts set deleted_at = now() where id = $1", gone)
    assert await lines(client) == {
        "Cash": "2 contacts 1 deal", "Idle": "Not used", "Money": "1 contact"}  # fmt: skip
    assert list(await lines(client, "?sort=use")) == ["Cash", "Money", "Idle"]
    assert list(await lines(client, "?q=MON")) == ["Money"]
    assert "No tag holds" in (await client.get(f"{HERE}?q=zzz")).text
    html = page((await client.get(HERE)).text)
    links = [one.attributes["href"] for one in html.css(f"#tag-{scene['Cash']} a.num")]
    assert sorted(names((await client.get(links[0])).text)) == ["Ana", "Ben"]
    assert "House" in (await client.get(links[1])).text


async def test_a_tag_is_made_renamed_and_recoloured_and_views_follow(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    view = await add(
        admin, "app.saved_views", user_id=BOB.user_id, list="contacts", name="Payers",
        state='{"f": ["tag:has-tag:Cash"]}',
    )  # fmt: skip
    made = await client.post(HERE, data={"name": "  New   one ", "color": GREEN})
    assert made.status_code == 303
    assert await admin.fetchval("select color from tags where name = 'New one'") == GREEN
    sent = {"name": "Ready money", "color": GREEN}
    assert (await client.post(f"{HERE}/{scene['Cash']}", data=sent)).status_code == 303
    assert (await lines(client))["Ready money"] == "2 contacts 1 deal"
    state = await admin.fetchval("select state::text from app.saved_views where id = $1", view)
    assert "tag:has-tag:Ready money" in (state or "")


async def test_a_taken_name_is_said_at_the_field_and_offers_to_merge(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    sent = {"name": "MONEY", "color": GREEN}
    for path in (HERE, f"{HERE}/{scene['Cash']}"):
        answer = await client.post(path, data=sent)
        assert answer.status_code == 409
        html = page(answer.text)
        assert html.css_first("#f-name").attributes["aria-invalid"] == "true"
        assert "“M" in text(html.css_first("#e-name"))
    form = html.css_first("#merge-with-twin")
    fields = {one.attributes["name"]: one.attributes["value"] for one in form.css("input")}
    words, _ = await undo_of(client, await client.post(form.attributes["action"], data=fields))
    assert words == "Merged Cash into Money."
    assert await worn(admin) == MERGED


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"name": " ", "color": GREEN}, "name"), ({"name": "x" * 101, "color": GREEN}, "name"),
     ({"name": "Red", "color": "#FF0000"}, "color")],
)  # fmt: skip
async def test_what_is_no_tag_is_said_at_its_place(
    client: httpx.AsyncClient, scene: Scene, sent: dict, field: str
) -> None:
    for path in (HERE, f"{HERE}/{scene['Cash']}"):
        answer = await client.post(path, data=sent)
        assert answer.status_code == 422
        assert page(answer.text).css_first(f"#e-{field}") is not None


async def test_a_merge_keeps_one_link_each_and_is_undone_and_redone(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    ticked = {"merged": [str(scene["Cash"]), str(scene["Idle"])], "into": str(scene["Money"])}
    words, undo = await undo_of(client, await client.post(f"{HERE}/merge", data=ticked))
    assert words in ("Merged Cash, Idle into Money.", "Merged Idle, Cash into Money.")
    assert await worn(admin) == MERGED
    assert list(await lines(client)) == ["Money"]
    assert (await client.post(undo)).status_code == 303
    assert await worn(admin) == BEFORE
    assert list(await lines(client)) == ["Cash", "Idle", "Money"]
    redo = undo.replace("/bulk:", "/undo:bulk:")
    assert (await client.post(redo)).status_code == 303
    assert await worn(admin) == MERGED
    nothing = [{"merged": str(scene["Money"])}, {"into": str(scene["Money"])}, ticked]
    assert [(await client.post(f"{HERE}/merge", data=one)).status_code for one in nothing] == [
        422, 422, 404]  # fmt: skip


async def test_a_big_merge_goes_back_in_runs(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    await admin.execute(
        """with people as (insert into contacts (first_name)
               select 'P' || g from generate_series(1, 100) g returning id, first_name)
           insert into contact_tags (contact_id, tag_id)
           select id, t from people, unnest($1::uuid[]) with ordinality as x (t, n)
           where n = 1 or first_name like '%5%' or first_name like '%7%'""",
        [scene["Cash"], scene["Money"]],
    )
    before = await worn(admin)
    merge = {"merged": str(scene["Cash"]), "into": str(scene["Money"])}
    _, undo = await undo_of(client, await client.post(f"{HERE}/merge", data=merge))
    assert {tag for _, tag in await worn(admin)} == {"Money"}
    assert (await client.post(undo)).status_code == 303
    assert await worn(admin) == before
    batch = undo.split("/")[-2]
    left = await admin.fetchval(
        "select count(*) from app.changes where batch = $1 and undone_at is null", batch
    )
    assert left == 0
    _, undo = await undo_of(client, await client.post(f"{HERE}/{scene['Cash']}/delete"))
    assert {tag for _, tag in await worn(admin)} == {"Money"}
    assert (await client.post(undo)).status_code == 303
    assert await worn(admin) == before


async def test_tagging_at_the_same_moment_loses_nothing(
    admin: asyncpg.Connection, pool: Database, scene: Scene
) -> None:
    link = "insert into contact_tags (contact_id, tag_id) values ($1, $2)"
    merge = "select * from app.merge_tags($1, $2)"

    async def merging() -> None:
        async with pool.session(ALICE, batch="bulk:race") as connection:
            await connection.execute(merge, [scene["Cash"]], scene["Money"])

    # Ben gets Money, and somebody new Cash, in transactions that end while the merge waits.
    late = await contact(admin, "Late")
    async with pool.session(BOB) as connection:
        await connection.execute(link, scene["Ben"], scene["Money"])
        await connection.execute(link, late, scene["Cash"])
        task = asyncio.create_task(merging())
        await asyncio.sleep(0.2)
        assert not task.done()
    await asyncio.wait_for(task, 5)
    assert await worn(admin) == MERGED | {("Late", "Money")}
    # Whoever comes later with the tag that went is told so.
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with pool.session(BOB) as connection:
            await connection.execute(link, late, scene["Cash"])


async def test_two_merges_against_each_other_end_with_one_tag(
    admin: asyncpg.Connection, pool: Database, scene: Scene
) -> None:
    async def merge(one: str, other: str) -> None:
        async with pool.session(ALICE) as connection:
            await connection.execute(
                "select * from app.merge_tags($1, $2)", [scene[one]], scene[other]
            )

    done = await asyncio.gather(
        merge("Cash", "Money"), merge("Money", "Cash"), return_exceptions=True
    )
    assert [one for one in done if one is None] == [None]
    assert len(await worn(admin)) == 3


async def test_the_program_keeps_its_own_tags(
    client: httpx.AsyncClient, admin: asyncpg.Connection, scene: Scene
) -> None:
    kept = await add(admin, "tags", name="Kept", is_system=True)
    sent = {"name": "Other", "color": GREEN}
    assert (await client.post(f"{HERE}/{kept}", data=sent)).status_code == 422
    assert (await client.post(f"{HERE}/{kept}/delete")).status_code == 403
    merge = {"merged": str(kept), "into": str(scene["Cash"])}
    assert (await client.post(f"{HERE}/merge", data=merge)).status_code == 403
    assert (await client.post(f"{HERE}/{kept}", data=sent | {"name": "Kept"})).status_code == 303


async def test_who_may_not_manage_settings_finds_no_way_in(
    client_as: Callable, admin: asyncpg.Connection, pool: Database, scene: Scene
) -> None:
    sent = {
        "name": "Mine",
        "color": GREEN,
        "merged": str(scene["Cash"]),
        "into": str(scene["Idle"]),
    }
    for person in (VERA, BOB, CHARLIE):
        browser = await client_as(person)
        assert HERE not in (await browser.get("/settings/profile")).text
        one = f"{HERE}/{scene['Cash']}"
        answers = [await browser.get(path) for path in (HERE, one)]
        for path in (HERE, one, f"{one}/delete", f"{HERE}/merge"):
            answers.append(await browser.post(path, data=sent))
        assert {answer.status_code for answer in answers} == {403}
        assert not any("Money" in answer.text for answer in answers)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with pool.session(person) as connection:
                await connection.execute(
                    "select * from app.merge_tags($1, $2)", [scene["Cash"]], scene["Idle"]
                )
    assert await worn(admin) == BEFORE


async def test_the_toast_of_a_batch_that_is_none_is_not_shown(
    client: httpx.AsyncClient, scene: Scene
) -> None:
    for query in (f"?gone=bulk:{uuid4()}", f"?gone=x&into={scene['Cash']}"):
        assert (
            page((await client.get(f"{HERE}{query}")).text).css_first("#toasts crm-toast") is None
        )
