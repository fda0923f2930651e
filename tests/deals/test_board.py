"""The board and the list: columns, true sums, pages of a column, filters, and past days."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import httpx
import pytest

from tests.cast import ALICE, BOB

from .scene import PARTIAL, add, column, contact, deal, head, now, page, text


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> None:
    """Every test makes its own deals."""
    await admin.execute("truncate deals cascade")
    await admin.execute("delete from app.pipelines where key <> 'default'")


async def test_a_column_shows_its_deals_in_order_with_their_sum(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin, "Rosa", last_name="Delgado")
    await deal(admin, "Second", ann, position=2.0, value=Decimal(250))
    await deal(admin, "First", ann, position=1.0, value=Decimal(1000))
    html = (await client.get("/deals")).text
    assert column(html, "lead") == ["First", "Second"]
    assert head(html, "lead") == "Lead 2 deals $1,250"
    assert "$1,250 open" in text(page(html))
    assert "$125 weighted" in page(html).css_first("#head-lead .sum").attributes["data-tip"]
    assert "Rosa Delgado" in text(page(html).css_first(".deal"))


async def test_an_empty_board_shows_every_stage_and_what_to_do(client: httpx.AsyncClient) -> None:
    html = page((await client.get("/deals")).text)
    assert [text(one) for one in html.css(".empty")] == ["No deals yet. New deal"]
    searched = page((await client.get("/deals?q=nothing")).text)
    assert text(searched.css_first(".empty")) == "No deals match “nothing”. Clear search"
    heads = [text(one) for one in html.css(".col h2")]
    assert heads == [
        "Lead", "Qualified", "Proposal", "Negotiation", "Contract", "Closing", "Won", "Lost",
    ]  # fmt: skip


async def test_a_column_begins_with_thirty_cards_and_shows_twelve_more_at_a_time(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    for n in range(50):
        await deal(admin, f"d{n}", ann, position=float(n))
    html = (await client.get("/deals?pipeline=default")).text
    assert column(html, "lead") == [f"d{n}" for n in range(30)]
    assert head(html, "lead").startswith("Lead 50 deals")
    more = page(html).css_first("#more-lead button").attributes["hx-get"]
    seen = []
    while more:
        part = page((await client.get(more, headers=PARTIAL)).text)
        seen += [text(one) for one in part.css(".deal .t a")]
        button = part.css_first("#more-lead button")
        more = button.attributes["hx-get"] if button else None
    assert seen == [f"d{n}" for n in range(30, 50)]
    again = (await client.get("/deals?shown=lead:42", headers=PARTIAL)).text
    assert len(column(again, "lead")) == 42


async def test_cards_say_what_is_next_and_what_stands_still(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    late = await deal(admin, "Late", ann, position=1.0)
    clock = await now(admin)
    await add(admin, "activities", contact_id=ann, deal_id=late, type="call", title="Call her",
              due_date=clock - timedelta(days=3))  # fmt: skip
    await deal(admin, "Planned", ann, next_step="Send the offer", position=2.0)
    await deal(admin, "Still", ann, stage_changed_at=clock - timedelta(days=20), position=3.0)
    cards = [text(one) for one in page((await client.get("/deals")).text).css(".deal")]
    assert "Call her · 3d late" in cards[0]
    assert "Send the offer" in cards[1]
    assert "No next step" in cards[2]
    assert "Stalled 20d" in cards[2]


async def test_the_board_shows_closed_deals_of_thirty_days_only(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann, today = await contact(admin), (await now(admin)).date()
    for name, days in (("New", 2), ("Old", 40)):
        await deal(admin, name, ann, stage="closed_won", value=Decimal(500),
                   actual_close_date=today - timedelta(days=days))  # fmt: skip
    html = (await client.get("/deals")).text
    assert column(html, "closed_won") == ["New"]
    assert head(html, "closed_won").startswith("Won 1 deal")
    assert "$0 open" in text(page(html))


async def test_the_board_can_be_narrowed_to_an_owner_and_to_words(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rosa = await contact(admin, "Rosa")
    await deal(admin, "Roof on Elm", rosa, assigned_to=ALICE.user_id, value=Decimal(10))
    await deal(admin, "Cellar", rosa, assigned_to=BOB.user_id, value=Decimal(20))
    await deal(admin, "Attic", value=Decimal(40))
    for query, names, total in (
        ("owner=me", {"Roof on Elm"}, "$10"),
        (f"owner={BOB.user_id}", {"Cellar"}, "$20"),
        ("owner=none", {"Attic"}, "$40"),
        ("q=roof elm", {"Roof on Elm"}, "$10"),
        ("q=rosa", {"Roof on Elm", "Cellar"}, "$30"),
        ("q=rosa&owner=me", {"Roof on Elm"}, "$10"),
        ("q=100%25", set(), "$0"),
    ):
        html = (await client.get(f"/deals?{query}")).text
        assert set(column(html, "lead")) == names, query
        assert f"{total} open" in text(page(html)), query
        rows = page((await client.get(f"/deals?view=list&{query}")).text).css("tbody .who")
        assert {text(one) for one in rows} == names, query


async def test_currencies_are_not_added_up(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    await deal(admin, "a", ann, value=Decimal(100))
    await deal(admin, "b", ann, value=Decimal(70), currency="EUR")
    shown = text(page((await client.get("/deals")).text).css_first("#open-total"))
    assert shown == "$100 + EUR 70 open"


async def test_pipelines_are_tabs_also_those_that_only_deals_know(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute("select app.add_pipeline('Rentals')")
    ann = await contact(admin)
    await deal(admin, "Flat", ann, pipeline="rentals", stage="new")
    await deal(admin, "By psql", ann, pipeline="Old book", stage="first_call")
    html = (await client.get("/deals")).text
    tabs = {text(one): one.attributes["href"] for one in page(html).css(".views a")}
    assert list(tabs) == ["Sales pipeline", "Rentals", "Old book"]
    assert column((await client.get(tabs["Rentals"])).text, "new") == ["Flat"]
    old = (await client.get(tabs["Old book"])).text
    assert column(old, "first_call") == ["By psql"]
    assert head(old, "first_call").startswith("First Call 1 deal")


async def test_the_board_as_of_a_past_day_shows_stage_and_value_of_then(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    then = await now(admin) - timedelta(days=20)
    one = await deal(admin, "Roof", value=Decimal(100), stage_changed_at=then)
    await admin.execute("update deals set value = 900, stage = 'proposal' where id = $1", one)
    await deal(admin, "Later")
    day = (then + timedelta(days=5)).date()
    html = (await client.get(f"/deals?as_of={day}")).text
    assert column(html, "lead") == ["Roof"]
    assert head(html, "lead").startswith("Lead 1 deal $100")
    assert column(html, "proposal") == []
    assert "cannot be changed" in text(page(html).css_first(".banner"))
    assert page(html).css("[data-move], .deal .more") == []
    before = (then - timedelta(days=5)).date()
    assert column((await client.get(f"/deals?as_of={before}")).text, "lead") == []
    assert (await client.get("/deals?as_of=yesterday")).status_code == 422


async def test_the_list_sorts_and_pages_through_every_deal_once(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann, today = await contact(admin), (await now(admin)).date()
    for n in range(120):
        day = today + timedelta(days=n % 5) if n % 3 else None
        await deal(admin, f"d{n}", ann, value=Decimal(n % 7), stage=("lead", "proposal")[n % 2],
                   expected_close_date=day)  # fmt: skip
    for sort in ("value", "-value", "close", "-close", "stage", "-stage", "updated", "name"):
        seen: list[str] = []
        address = f"/deals?view=list&sort={sort}"
        while address:
            html = page((await client.get(address)).text)
            seen += [text(one) for one in html.css("tbody .who")]
            link = html.css_first("a#page-next")
            address = link.attributes["href"] if link else ""
        assert sorted(seen) == sorted(f"d{n}" for n in range(120)), sort
    values = await client.get("/deals?view=list&sort=-value&stage=lead")
    assert "60 deals" in text(page(values.text))


async def test_a_filter_of_the_list_is_a_chip_and_stays_in_the_address(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await deal(admin, "Big", value=Decimal(500))
    await deal(admin, "Small", value=Decimal(5))
    html = page((await client.get("/deals?view=list&f=value:gte:100&sort=value")).text)
    assert [text(one) for one in html.css("tbody .who")] == ["Big"]
    chip = html.css_first(".chip:has(.x)")
    assert "Value at least 100" in text(chip)
    assert chip.css_first("a").attributes["href"] == "/deals?view=list&pipeline=default&sort=value"
    assert (await client.get("/deals?view=list&sort=colour")).status_code == 422
