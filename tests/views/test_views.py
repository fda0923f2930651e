"""Saved views: kept whole, opened by one link, changed by who may, seen by who should."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from tests.contacts.scene import contact, link, names, page, text

STATE = '{"f": ["city:eq:Austin"], "sort": "name", "columns": ["name", "city"], "density": "roomy"}'


@pytest.fixture(scope="module")
async def book(admin: asyncpg.Connection) -> None:
    """Three contacts, two in Austin."""
    for first, city in (("Bo", "Austin"), ("Al", "Austin"), ("Cy", "Waco")):
        await contact(admin, first, city=city)


@pytest.fixture(autouse=True)
async def none(admin: asyncpg.Connection, book: None) -> None:
    """No views yet."""
    await admin.execute("delete from app.saved_views")
    await admin.execute("delete from app.list_preferences")


async def save(browser: httpx.AsyncClient, name: str = "Austin", **more: Any) -> str:
    sent = {"list": "contacts", "name": name, "state": STATE} | more
    answer = await browser.post("/views", data=sent)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("view=")[2]


async def test_a_view_keeps_filters_order_columns_and_density(client: httpx.AsyncClient) -> None:
    view = await save(client)
    html = page((await client.get(f"/contacts?view={view}")).text)
    assert [text(node) for node in html.css("tbody .who .truncate")] == ["Al", "Bo"]
    assert [text(node) for node in html.css("thead th:not(.ck, .row-tools)")] == ["Name", "City"]
    assert html.css_first("table").attributes["data-density"] == "roomy"
    assert text(html.css_first(".views a[aria-current]")) == "Austin , private"
    assert [text(chip) for chip in html.css("span.chip")] == ["City is Austin"]
    assert html.css(".view-bar .changes") == []


async def test_a_changed_view_offers_save_save_as_and_reset(client: httpx.AsyncClient) -> None:
    view = await save(client)
    html = (await client.get(f"/contacts?view={view}")).text
    cleared = link(html, "span.chip a.x")
    changed = page((await client.get(cleared)).text)
    assert len(changed.css("tbody tr")) == 3
    bar = changed.css_first(".view-bar .changes")
    assert text(bar) == "Save Save as… Reset"
    assert bar.css_first("a").attributes["href"] == f"/contacts?view={view}"
    form = bar.css_first("form")
    state = form.css_first("input[name=state]").attributes["value"] or ""
    await client.post(form.attributes["action"] or "", data={"state": state})
    assert len(names((await client.get(f"/contacts?view={view}")).text)) == 3


async def test_a_page_of_a_view_is_no_change_of_it(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into contacts (first_name, city) select 'P' || n, 'Austin'"
        " from generate_series(1, 60) n"
    )
    try:
        view = await save(client)
        following = link((await client.get(f"/contacts?view={view}")).text, "#page-next")
        html = page((await client.get(following)).text)
        assert len(html.css("tbody tr")) == 12
        assert html.css(".view-bar .changes") == []
    finally:
        await admin.execute("delete from contacts where first_name like 'P%'")


async def test_a_private_view_is_its_makers_alone(
    client: httpx.AsyncClient, client_as, bob: Identity
) -> None:
    view = await save(client)
    agent = await client_as(bob)
    assert "Austin" not in text(page((await agent.get("/contacts")).text).css_first(".views"))
    assert (await agent.get(f"/contacts?view={view}")).status_code == 422
    for path in ("", "/rename", "/share", "/unshare", "/delete"):
        answer = await agent.post(f"/views/{view}{path}", data={"name": "x", "state": "{}"})
        assert answer.status_code == 404, path


async def test_a_shared_view_is_seen_by_all_and_changed_by_its_maker_and_admins(
    client: httpx.AsyncClient, client_as, bob: Identity, vera: Identity, admin: asyncpg.Connection
) -> None:
    owners = await save(client, shared="true")
    agent, viewer = await client_as(bob), await client_as(vera)
    for browser in (agent, viewer):
        assert len(names((await browser.get(f"/contacts?view={owners}")).text)) == 2
        for path in ("", "/rename", "/unshare", "/delete"):
            answer = await browser.post(f"/views/{owners}{path}", data={"name": "x", "state": "{}"})
            assert answer.status_code == 403, path
    agents = await save(agent, name="Bob's", shared="true")
    assert (await client.post(f"/views/{agents}/rename", data={"name": "Team"})).status_code == 303
    assert (await client.post(f"/views/{agents}/unshare")).status_code == 403
    name = await admin.fetchval("select name from app.saved_views where id = $1", UUID(agents))
    assert name == "Team"
    assert (await agent.post(f"/views/{agents}/unshare")).status_code == 303
    assert (await client.get(f"/contacts?view={agents}")).status_code == 422


async def test_a_viewer_keeps_views_but_shares_none(client_as, vera: Identity) -> None:
    viewer = await client_as(vera)
    view = await save(viewer)
    assert (await viewer.post(f"/views/{view}/share")).status_code == 403
    sent = {"list": "contacts", "name": "x", "state": "{}", "shared": "true"}
    assert (await viewer.post("/views", data=sent)).status_code == 403
    assert (await viewer.post(f"/views/{view}/delete")).status_code == 303


async def test_a_stranger_has_no_views(
    client: httpx.AsyncClient, client_as, charlie: Identity, admin: asyncpg.Connection
) -> None:
    view = await save(client, shared="true")
    before = await admin.fetch("select * from app.saved_views")
    stranger = await client_as(charlie)
    assert "Austin" not in (await stranger.get("/contacts")).text
    sent = {"list": "contacts", "name": "x", "state": "{}"}
    assert (await stranger.post("/views", data=sent)).status_code == 403
    for path in ("", "/rename", "/share", "/unshare", "/delete"):
        assert (await stranger.post(f"/views/{view}{path}", data=sent)).status_code == 404
    await stranger.post("/contacts/look", data={"density": "compact"})
    assert await admin.fetch("select * from app.saved_views") == before
    assert await admin.fetchval("select count(*) from app.list_preferences") == 0


@pytest.mark.parametrize(
    "sent",
    [{"name": " "}, {"state": "nothing"}, {"state": "[]"}, {"state": '{"f": "x"}'},
     {"state": '{"colour": "red"}'}, {"list": "secrets"}, {"name": "x" * 61}],
)  # fmt: skip
async def test_what_is_no_view_is_refused(client: httpx.AsyncClient, sent: dict) -> None:
    good = {"list": "contacts", "name": "A", "state": "{}"}
    answer = await client.post("/views", data=good | sent)
    assert answer.status_code == 422


async def test_the_first_five_are_tabs_and_the_rest_is_in_more(client: httpx.AsyncClient) -> None:
    ids = [await save(client, name=f"View {n}") for n in range(7)]
    html = page((await client.get("/contacts")).text)
    assert len(html.css(".views a")) == 6
    assert [text(node) for node in html.css("#more-views a")] == ["View 5", "View 6"]
    last = page((await client.get(f"/contacts?view={ids[6]}")).text)
    assert "View 6" in text(last.css_first(".views a[aria-current]"))


async def test_columns_and_density_are_kept_per_person(
    client: httpx.AsyncClient, client_as, bob: Identity
) -> None:
    sent = [("columns_sent", "1"), *(("order", key) for key in ("tags", "status", "city")),
            ("columns", "status"), ("columns", "tags")]  # fmt: skip
    body = "&".join(f"{key}={value}" for key, value in sent)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    await client.post("/contacts/look", content=body, headers=kind)
    await client.post("/contacts/look", data={"density": "compact"})
    html = page((await client.get("/contacts")).text)
    assert [text(node) for node in html.css("thead th:not(.ck, .row-tools)")] == [
        "Name",
        "Tags",
        "Stage",
    ]
    assert html.css_first("table").attributes["data-density"] == "compact"
    other = page((await (await client_as(bob)).get("/contacts")).text)
    assert other.css_first("table").attributes["data-density"] == "comfortable"
    assert len(other.css("thead th")) == 12
    await client.post("/contacts/look", data={"columns_sent": "1", "usual": "1"})
    assert len(page((await client.get("/contacts")).text).css("thead th")) == 12


async def test_columns_travel_in_a_link(client: httpx.AsyncClient) -> None:
    html = page((await client.get("/contacts?columns=state,created&density=compact")).text)
    assert [text(node) for node in html.css("thead th:not(.ck, .row-tools)")] == [
        "Name",
        "State",
        "Created",
    ]
    for asked in ("columns=password", "density=tiny", "view=7"):
        assert (await client.get(f"/contacts?{asked}")).status_code == 422


async def test_the_tabs_say_how_many_their_views_have_after_the_page(
    client: httpx.AsyncClient, client_as, charlie: Identity, admin: asyncpg.Connection
) -> None:
    assert "view-counts" not in (await client.get("/contacts")).text
    austin = await save(client)
    many = await save(client, "Many", state='{"f": ["state:eq:TX"]}')
    broken = await save(client, "Broken", state='{"f": ["city:eq:Waco"]}')
    await admin.execute(
        """update app.saved_views set state = '{"f": ["cf.gone:eq:1"]}' where id = $1""",
        UUID(broken),
    )
    await admin.execute(
        "insert into contacts (first_name, state) select 'M', 'TX' from generate_series(1, 1001)"
    )
    html = page((await client.get(f"/contacts?view={austin}")).text)
    asked = html.css_first("#view-counts").attributes
    assert html.css_first(f"#n{austin}") is not None
    counts = (await client.get(asked["hx-get"])).text
    found = {one.attributes["hx-target"]: text(one) for one in page(counts).css("hx-partial")}
    assert found == {f"#n{austin}": "2 contacts", f"#n{many}": "1,000+ contacts"}
    stranger = await client_as(charlie)
    assert text(page((await stranger.get("/contacts/view-counts")).text)) == ""
    await admin.execute("delete from contacts where first_name = 'M'")
