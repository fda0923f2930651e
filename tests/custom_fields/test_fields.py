"""Fields that a workspace adds: named, ordered, archived; values checked, shown, asked for."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.custom_fields.pages import key_of
from crm.db import Identity
from tests.contacts.scene import PARTIAL, contact, names, page, text

PATH = "/settings/fields"
NEW = [
    {"label": "Gate code", "kind": "text"}, {"label": "Roof age", "kind": "number"},
    {"label": "Inspected", "kind": "date"}, {"label": "Vacant", "kind": "checkbox"},
    {"label": "Listing", "kind": "link"},
    {"label": "Motive", "kind": "choice", "choices": "Divorce\nProbate\n\nProbate"},
]  # fmt: skip


@pytest.fixture
async def fields(client: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
    """One field of each kind."""
    await admin.execute("delete from app.custom_fields")
    for one in NEW:
        assert (await client.post(PATH, data=one)).status_code == 303


async def labels(client: httpx.AsyncClient) -> list[str]:
    html = page((await client.get(PATH)).text)
    return [text(node) for node in html.css(".field-list b")]


@pytest.mark.usefixtures("fields")
async def test_fields_are_added_renamed_moved_and_archived(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    assert await labels(client) == [one["label"] for one in NEW]
    rows = {row["key"]: row for row in await admin.fetch("select * from app.custom_fields")}
    assert rows["motive"]["choices"] == ["Divorce", "Probate"]
    roof = rows["roof_age"]["id"]
    await client.post(f"{PATH}/{roof}/move", data={"step": "-1"})
    assert (await labels(client))[:2] == ["Roof age", "Gate code"]
    await client.post(f"{PATH}/{roof}/move", data={"step": "-1"})
    assert (await labels(client))[:2] == ["Roof age", "Gate code"]
    await client.post(f"{PATH}/{roof}", data={"label": "Age of the roof"})
    assert (await labels(client))[0] == "Age of the roof"
    await client.post(f"{PATH}/{roof}/archive", data={"archived": "true"})
    assert "Age of the roof" not in await labels(client)
    assert "cf.roof_age" not in (await client.get("/contacts")).text
    await client.post(f"{PATH}/{roof}/archive", data={"archived": "false"})
    assert "Age of the roof" in await labels(client)


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("sent", "field"),
    [({"label": " "}, "label"), ({"label": "x" * 61}, "label"), ({"label": "GATE CODE"}, "label"),
     ({"label": "A", "kind": "magic"}, "kind"), ({"label": "A", "kind": "choice"}, "choices")],
)  # fmt: skip
async def test_what_is_no_field_is_said_at_its_place(
    client: httpx.AsyncClient, sent: dict, field: str
) -> None:
    answer = await client.post(PATH, data=sent)
    assert answer.status_code == 422
    assert page(answer.text).css_first(f"#f-{field}").attributes["aria-invalid"] == "true"


def test_a_key_is_made_of_the_label() -> None:
    assert key_of("Roof age (years)", set()) == "roof_age_years"
    assert key_of("2nd", {"field_2nd"}) == "field_2nd_2"
    assert key_of("Größe", set()) == "gr_e"
    assert key_of("日本", set()) == "field"


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("gate_code", '"4711"', "4711"), ("roof_age", "12", '"12"'),
        ("inspected", '"2026-02-28"', '"2026-02-30"'), ("vacant", "true", '"true"'),
        ("listing", '"https://example.com/1"', '"javascript:alert(1)"'),
        ("motive", '"Probate"', '"Greed"'),
    ],
)  # fmt: skip
async def test_the_database_takes_a_value_of_the_kind_and_no_other_whoever_writes(
    admin: asyncpg.Connection, key: str, good: str, bad: str
) -> None:
    one = await contact(admin, "Field", "Of All")
    for table, row in (("contacts", one), ("deals", None)):
        if row is None:
            row = await admin.fetchval(
                "insert into deals (contact_id, name, stage) values ($1, 'D', 'lead') returning id",
                one,
            )
            await admin.execute(
                "insert into app.custom_fields (table_name, key, label, kind, choices)"
                " select 'deals', key, label, kind, choices from app.custom_fields where key = $1"
                " and table_name = 'contacts'",
                key,
            )  # fmt: skip
        change = f"update {table} set custom_fields = $1 where id = $2"
        await admin.execute(change, f'{{"{key}": {good}, "unknown": [1]}}', row)
        await admin.execute(change, f'{{"{key}": null}}', row)
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await admin.execute(change, f'{{"{key}": {bad}}}', row)
        assert getattr(error.value, "column_name", "") == f"custom_fields.{key}"


@pytest.mark.usefixtures("fields")
async def test_a_field_is_on_the_page_in_the_table_and_in_filters(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute("delete from contacts")
    one = await contact(
        admin, "Al", custom_fields='{"roof_age": 12, "vacant": true, "motive": "Probate",'
        ' "inspected": "2026-02-01", "gate_code": "4711", "listing": "https://example.com/1"}',
    )  # fmt: skip
    await contact(admin, "Bo", custom_fields='{"roof_age": 3}')
    aside = text(page((await client.get(f"/contacts/{one}")).text).css_first("#details"))
    for part in ("Roof age 12", "Vacant Yes", "Motive Probate", "Gate code 4711", "example.com/1"):
        assert part in aside
    row = page((await client.get("/contacts?columns=cf.roof_age,cf.listing,cf.vacant")).text)
    assert "12 example.com/1 Yes" in text(row.css_first(f"#c{one}"))
    for asked, found in (
        ("cf.roof_age:gt:5", ["Al"]), ("cf.roof_age:is-null:false", ["Bo", "Al"]),
        ("cf.vacant:eq:true", ["Al"]), ("cf.vacant:eq:false", ["Bo"]),
        ("cf.motive:in:Probate,Divorce", ["Al"]), ("cf.inspected:lt:2026-03-01", ["Al"]),
        ("cf.gate_code:starts:47", ["Al"]), ("cf.listing:contains:EXAMPLE", ["Al"]),
    ):  # fmt: skip
        assert names((await client.get(f"/contacts?f={asked}")).text) == found, asked
    chips = page((await client.get("/contacts?f=cf.roof_age:gt:5")).text).css("span.chip")
    assert text(chips[0]) == "Roof age over 5"


@pytest.mark.usefixtures("fields")
async def test_a_field_is_changed_in_place(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "In", "Place", custom_fields='{"unknown": 1}')
    for key, sent, kept in (("roof_age", "1,200", "1200"), ("vacant", "true", "true"),
                            ("motive", "Divorce", "Divorce"), ("roof_age", "", None)):  # fmt: skip
        form = await client.get(f"/contacts/{one}/field/cf.{key}", headers=PARTIAL)
        assert form.status_code == 200
        answer = await client.post(f"/contacts/{one}/field/cf.{key}", data={"value": sent})
        assert answer.status_code == 200, answer.text
        value = await admin.fetchval(
            "select custom_fields -> $1 #>> '{}' from contacts where id = $2", key, one
        )
        assert value == (kept)
    for key, sent, message in (("roof_age", "old", "This is not a number."),
                               ("motive", "Greed", "This is none of the choices."),
                               ("listing", "nowhere", "A link begins with")):  # fmt: skip
        answer = await client.post(f"/contacts/{one}/field/cf.{key}", data={"value": sent})
        assert answer.status_code == 422
        assert message in text(page(answer.text).css_first("[role=alert]"))
    assert await admin.fetchval("select custom_fields ? 'unknown' from contacts where id = $1", one)


@pytest.mark.usefixtures("fields")
async def test_only_owners_and_admins_change_fields(
    client_as, bob: Identity, vera: Identity, charlie: Identity, admin: asyncpg.Connection
) -> None:
    before = await admin.fetch("select * from app.custom_fields order by id")
    one: UUID = before[0]["id"]
    for person in (bob, vera, charlie):
        browser = await client_as(person)
        assert (await browser.post(PATH, data={"label": "Mine"})).status_code == 403
        for path, sent in (("", {"label": "x"}), ("/move", {"step": "1"}),
                           ("/archive", {"archived": "true"})):  # fmt: skip
            answer = await browser.post(f"{PATH}/{one}{path}", data=sent)
            assert answer.status_code == (404 if person == charlie else 403)
    assert await admin.fetch("select * from app.custom_fields order by id") == before
    assert "Gate code" not in (await (await client_as(charlie)).get(PATH)).text
    assert page((await (await client_as(bob)).get(PATH)).text).css("main form") == []
