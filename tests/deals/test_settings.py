"""Settings of pipelines: names, stages, their order, and where deals go from a removed stage."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from .scene import contact, deal, page, row, text

PAGE = "/settings/pipelines"


@pytest.fixture
async def rentals(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> AsyncIterator[dict[str, Any]]:
    """A pipeline of two open stages."""
    answer = await client.post(PAGE, data={"name": " Rentals  2027 "})
    assert answer.headers["location"] == f"{PAGE}?pipeline=rentals_2027"
    found = await admin.fetchrow("select * from app.pipelines where key = 'rentals_2027'")
    assert found is not None
    yield dict(found)
    await admin.execute("delete from deals where pipeline = 'rentals_2027'")
    await admin.execute("delete from app.pipelines where key = 'rentals_2027'")


async def stages(admin: asyncpg.Connection, key: str = "rentals_2027") -> list[asyncpg.Record]:
    return await admin.fetch(
        "select * from app.pipeline_stages where pipeline = $1 order by position", key
    )


async def test_the_page_shows_the_stages_of_a_pipeline(client: httpx.AsyncClient) -> None:
    html = page((await client.get(PAGE)).text)
    labels = [one.attributes["value"] for one in html.css(".stage-form [name=label]")]
    assert labels[:3] == ["Lead", "Qualified", "Proposal"]
    assert labels[-2:] == ["Won", "Lost"]
    assert html.css("[popovertarget^=remove-]") == []


async def test_a_stage_is_renamed_recoloured_and_weighed(
    client: httpx.AsyncClient, admin: asyncpg.Connection, rentals: dict
) -> None:
    first = (await stages(admin))[0]
    sent = {"label": "Enquiry", "hue": "pink", "probability": "15", "stalled_after_days": ""}
    answer = await client.post(f"{PAGE}/{rentals['id']}/stages/{first['id']}", data=sent)
    assert answer.status_code == 303
    saved = (await stages(admin))[0]
    assert (saved["key"], saved["label"], saved["hue"]) == ("new", "Enquiry", "pink")
    assert (saved["probability"], saved["stalled_after_days"]) == (15, None)
    board = (await client.get("/deals?pipeline=rentals_2027")).text
    assert text(page(board).css_first("#head-new h2")) == "Enquiry"


@pytest.mark.parametrize(
    "sent",
    [
        {"label": ""},
        {"label": "x", "probability": "101"},
        {"label": "x", "stalled_after_days": "0"},
    ],
)
async def test_a_wrong_stage_is_refused_with_what_was_sent(
    client: httpx.AsyncClient, admin: asyncpg.Connection, rentals: dict, sent: dict[str, str]
) -> None:
    first = (await stages(admin))[0]
    answer = await client.post(f"{PAGE}/{rentals['id']}/stages/{first['id']}", data=sent)
    assert answer.status_code == 422
    assert page(answer.text).css(".notice.error")
    assert (await stages(admin))[0] == first


async def test_stages_are_added_ordered_and_removed_with_a_place_for_their_deals(
    client: httpx.AsyncClient, admin: asyncpg.Connection, rentals: dict
) -> None:
    base = f"{PAGE}/{rentals['id']}/stages"
    await client.post(base, data={"label": "Viewing"})
    labels = [one["label"] for one in await stages(admin)]
    assert labels == ["New", "In progress", "Viewing", "Won", "Lost"]
    a, b, c = [one["id"] for one in await stages(admin)][:3]
    await client.post(f"{base}/order", data={"ids": [str(c), str(a), str(b)]})
    assert [one["label"] for one in await stages(admin)][:3] == ["Viewing", "New", "In progress"]
    flat = await deal(admin, "Flat", await contact(admin), pipeline="rentals_2027", stage="viewing")
    html = (await client.get(f"{PAGE}?pipeline=rentals_2027")).text
    assert "Where do its 1 deal go?" in text(page(html))
    await client.post(f"{base}/{c}/remove", data={"move_to": "new"})
    assert (await row(admin, flat))["stage"] == "new"
    assert [one["key"] for one in await stages(admin)][:2] == ["new", "in_progress"]


async def test_a_pipeline_is_renamed_archived_and_ordered(
    client: httpx.AsyncClient, admin: asyncpg.Connection, rentals: dict
) -> None:
    address = f"{PAGE}/{rentals['id']}"
    await client.post(address, data={"name": "Flats", "archived": "true"})
    tabs = [text(one) for one in page((await client.get("/deals")).text).css(".views a")]
    assert tabs == ["Sales pipeline"]
    await client.post(address, data={"name": "Flats", "archived": "false"})
    default = await admin.fetchval("select id from app.pipelines where key = 'default'")
    await client.post(f"{PAGE}/order", data={"ids": [str(rentals["id"]), str(default)]})
    tabs = [text(one) for one in page((await client.get("/deals")).text).css(".views a")]
    assert tabs == ["Flats", "Sales pipeline"]
    await client.post(f"{PAGE}/order", data={"ids": [str(default), str(rentals["id"])]})


async def test_a_pipeline_that_only_deals_know_can_be_set_up(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await deal(admin, "By psql", pipeline="Old book", stage="first_call")
    html = page((await client.get(f"{PAGE}?pipeline=Old book")).text)
    assert "by a program" in text(html)
    await client.post(PAGE, data={"name": "Old deals", "key": "Old book"})
    assert [one["key"] for one in await stages(admin, "Old book")] == [
        "first_call", "closed_won", "closed_lost",
    ]  # fmt: skip
