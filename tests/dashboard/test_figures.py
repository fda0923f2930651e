"""Every figure against a plain recount: of random books, before and after the days are kept."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from crm.db import Connection, Database, Identity
from tests.cast import ALICE, BOB, VERA

from .scene import Book, Recount, write

NOBODY = "00000000-0000-0000-0000-000000000000"
ZONES = ("UTC", "America/Los_Angeles", "Pacific/Auckland")


async def counted(
    connection: Connection, begin: Any, end: Any, owner: Any = None
) -> tuple[Counter[tuple[Any, ...]], dict[str, Decimal]]:
    """What the database says, as a recount says it."""
    starts = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    rows = await connection.fetch("select * from app.dashboard($1, $2, $3)", starts, end, owner)
    found: Counter[tuple[Any, ...]] = Counter()
    sums: dict[str, Decimal] = Counter()  # pyright: ignore[reportAssignmentType]
    for row in rows:
        found[row["kind"], row["begins"], row["what"], row["detail"]] += row["entries"]
        if row["kind"] == "open":
            sums["open"] += row["amount"]
            sums["weighted"] += row["weighted"]
        elif row["kind"] == "closed":
            sums[row["what"]] += row["amount"]
        elif row["kind"] == "calls":
            sums["answered"] += row["amount"]
            sums["seconds"] += row["weighted"]
    return found, sums


async def compare(pool: Database, who: Identity, recount: Recount, owner: Any = None) -> None:
    """The database as `who` sees it is what was counted plainly."""
    async with pool.session(who) as connection:
        found, sums = await counted(connection, recount.begin, recount.end, owner)
        response = await connection.fetchrow(
            "select * from app.dashboard_response($1, $2, $3)", recount.begin, recount.end, owner
        )
    assert found == recount.counter()
    expected = {name: number for name, number in recount.sums().items() if number}
    assert {name: number for name, number in sums.items() if number} == expected
    assert response is not None
    replies, median = recount.responses()
    assert response["replies"] == replies
    assert response["median"] == (pytest.approx(median, abs=1) if median is not None else None)


@pytest.fixture(scope="module", params=ZONES)
async def scene(request: pytest.FixtureRequest, admin: asyncpg.Connection) -> Any:
    """A book in a time zone; not a day of it is kept yet."""
    zone = ZoneInfo(request.param)
    await admin.execute("delete from contacts")
    await admin.execute(
        "insert into app.settings (key, value) values ('timezone', to_jsonb($1::text))"
        " on conflict (key) do update set value = excluded.value",
        request.param,
    )
    now = datetime.now(UTC)
    book = await write(admin, ZONES.index(request.param), now)
    end = now.astimezone(zone).date()
    return book, Recount(book, end - timedelta(days=30), end, zone)


def changed(recount: Recount, **values: Any) -> Recount:
    """The same for another owner or reader."""
    return Recount(recount.book, recount.begin, recount.end, recount.zone, **values)


async def test_figures_that_are_not_kept_yet_are_counted_live(pool: Database, scene: Any) -> None:
    await compare(pool, ALICE, scene[1])


async def test_kept_figures_are_those_of_a_recount(
    pool: Database, admin: asyncpg.Connection, scene: Any
) -> None:
    await admin.fetchval("select app.upkeep_dashboard()")
    assert await admin.fetchval("select count(*) > 100 from app.dashboard_counts")
    await compare(pool, ALICE, scene[1])
    await compare(pool, VERA, scene[1])
    assert await admin.fetchval("select app.upkeep_dashboard()") == 0


async def test_figures_of_one_owner_are_those_of_a_recount(pool: Database, scene: Any) -> None:
    await compare(pool, ALICE, changed(scene[1], owner=BOB.user_id), BOB.user_id)
    await compare(pool, ALICE, changed(scene[1], owner=None), NOBODY)


async def test_an_agent_under_assigned_counts_what_they_see(
    pool: Database, admin: asyncpg.Connection, scene: Any
) -> None:
    await admin.execute("insert into app.settings values ('visibility', '\"assigned\"')")
    try:
        seen = changed(scene[1], sees=(BOB.user_id, None))
        await compare(pool, BOB, seen)
        await compare(pool, ALICE, scene[1])
        theirs = changed(scene[1], sees=(BOB.user_id, None), owner=ALICE.user_id)
        await compare(pool, BOB, theirs, ALICE.user_id)
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")


async def test_a_change_of_a_kept_day_shows_at_once_and_after_the_upkeep(
    pool: Database, admin: asyncpg.Connection, scene: Any
) -> None:
    book, recount = scene
    await change_a_little(admin, book)
    await compare(pool, ALICE, recount)
    assert await admin.fetchval("select app.upkeep_dashboard() > 0")
    await compare(pool, ALICE, recount)


async def change_a_little(admin: asyncpg.Connection, book: Book) -> None:
    """A message is filed late, one moves, a call goes, a deal is lost, a source turns out."""
    early = datetime.now(UTC) - timedelta(days=3)
    message, moved = [m for m in book.rows["messages"] if m["occurred_at"] < early][:2]
    extra = {**message, "occurred_at": message["occurred_at"] - timedelta(hours=30)}
    book.rows["messages"].append(extra)
    columns = ", ".join(extra)
    await admin.execute(f"insert into messages ({columns}) values ($1, $2, $3)", *extra.values())
    await admin.execute(
        "update messages set occurred_at = $1 where contact_id = $2 and occurred_at = $3",
        moved["occurred_at"] - timedelta(days=1), moved["contact_id"], moved["occurred_at"],
    )  # fmt: skip
    moved["occurred_at"] -= timedelta(days=1)
    gone = next(call for call in book.rows["calls"] if call["occurred_at"] < early)
    book.rows["calls"].remove(gone)
    await admin.execute(
        "delete from calls where contact_id = $1 and occurred_at = $2",
        gone["contact_id"], gone["occurred_at"],
    )  # fmt: skip
    deal = next(row for row in book.rows["deals"] if "actual_close_date" not in row)
    deal |= {"stage": "closed_lost", "lost_reason": "Price"}
    await admin.execute(
        "update deals set stage = 'closed_lost', lost_reason = 'Price' where id = $1", deal["id"]
    )
    deal["actual_close_date"] = await admin.fetchval(
        "select actual_close_date from deals where id = $1", deal["id"]
    )
    one, contact = next(
        (k, c) for k, c in book.contacts.items() if not c["deleted_at"] and c["created_at"] < early
    )
    contact["lead_source"] = "Fair"
    await admin.execute("update contacts set lead_source = 'Fair' where id = $1", one)


async def test_a_new_owner_takes_the_past_along_with_the_next_upkeep(
    pool: Database, admin: asyncpg.Connection, scene: Any
) -> None:
    book, recount = scene
    for one, contact in list(book.contacts.items())[:10]:
        contact["assigned_to"] = BOB.user_id
        await admin.execute("update contacts set assigned_to = $1 where id = $2", BOB.user_id, one)
    await admin.fetchval("select app.upkeep_dashboard()")
    await compare(pool, ALICE, changed(recount, owner=BOB.user_id), BOB.user_id)
    await compare(pool, ALICE, recount)


async def test_an_erased_contact_leaves_no_trace_in_the_figures(
    pool: Database, admin: asyncpg.Connection, scene: Any
) -> None:
    book, recount = scene
    one = next(iter(book.contacts))
    await admin.execute("delete from contacts where id = $1", one)
    del book.contacts[one]
    for rows in book.rows.values():
        rows[:] = [row for row in rows if row["contact_id"] != one]
    await admin.fetchval("select app.upkeep_dashboard()")
    await compare(pool, ALICE, recount)
