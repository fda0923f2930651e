"""Deals: the dates and probabilities that follow the stage, and the history that is written."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from .rows import change, contact, deal, insert, read, refused, value

ANA = UUID("0a000000-0000-4000-8000-000000000001")
BEN = UUID("0a000000-0000-4000-8000-000000000002")


async def history(conn: asyncpg.Connection, row: UUID) -> list[asyncpg.Record]:
    # Inside one transaction every changed_at is the same moment: order by what happened.
    sql = "select * from deal_stage_history where deal_id = $1 order by cmin::text::bigint"
    return await conn.fetch(sql, row)


async def today(conn: asyncpg.Connection) -> date:
    return await value(conn, "select current_date")


async def test_a_new_deal_writes_its_first_stage_into_the_history(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn), stage="qualified", value=Decimal(5000))
    (first,) = await history(conn, row)
    assert (first["old_stage"], first["new_stage"]) == (None, "qualified")
    assert first["new_value"] == Decimal(5000)
    assert first["duration_in_stage"] is None


async def test_a_move_is_logged_with_the_time_spent_in_the_stage(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn))
    since = datetime.now(UTC) - timedelta(days=3)
    await change(conn, "deals", row, stage_changed_at=since)
    await change(conn, "deals", row, stage="proposal")
    move = (await history(conn, row))[-1]
    assert (move["old_stage"], move["new_stage"]) == ("lead", "proposal")
    assert timedelta(days=2, hours=23) < move["duration_in_stage"] < timedelta(days=3, hours=1)
    assert (await read(conn, "deals", row))["stage_changed_at"] > since + timedelta(days=2)


async def test_an_edit_does_not_restart_the_time_in_the_stage(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn))
    since = datetime.now(UTC) - timedelta(days=10)
    await change(conn, "deals", row, stage_changed_at=since)
    await change(conn, "deals", row, notes="spoke to the lawyer", value=Decimal(7))
    await change(conn, "deals", row, stage="lead")
    assert (await read(conn, "deals", row))["stage_changed_at"] == since


async def test_a_new_value_or_probability_is_logged_without_a_duration(
    conn: asyncpg.Connection,
) -> None:
    row = await deal(conn, await contact(conn), value=Decimal(100), probability=10)
    await change(conn, "deals", row, value=Decimal(250))
    await change(conn, "deals", row, probability=40)
    _, value, probability = await history(conn, row)
    assert (value["old_value"], value["new_value"]) == (Decimal(100), Decimal(250))
    assert (value["old_stage"], value["new_stage"]) == ("lead", "lead")
    assert (probability["old_probability"], probability["new_probability"]) == (10, 40)
    assert value["duration_in_stage"] is probability["duration_in_stage"] is None


async def test_an_edit_of_anything_else_is_not_history(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn))
    await change(conn, "deals", row, name="14 Oak Street", notes="x", stage="lead")
    assert len(await history(conn, row)) == 1


async def test_the_history_says_who_and_why(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn), created_by=BEN)
    await conn.execute(f'set local request.jwt.claims = \'{{"sub": "{ANA}"}}\'')
    await conn.execute("set local app.change_reason = 'the bank said yes'")
    await change(conn, "deals", row, stage="contract")
    first, move = await history(conn, row)
    assert first["changed_by"] == BEN  # nobody signed in: whoever made the deal
    assert (move["changed_by"], move["change_reason"]) == (ANA, "the bank said yes")


@pytest.mark.parametrize(("stage", "probability"), [("closed_won", 100), ("closed_lost", 0)])
async def test_closing_fills_the_close_date_and_the_probability(
    conn: asyncpg.Connection, stage: str, probability: int
) -> None:
    row = await deal(conn, await contact(conn), probability=60)
    await change(conn, "deals", row, stage=stage)
    closed = await read(conn, "deals", row)
    assert (closed["actual_close_date"], closed["probability"]) == (await today(conn), probability)


@pytest.mark.parametrize(("stage", "probability"), [("closed_won", 100), ("closed_lost", 0)])
async def test_a_deal_may_arrive_closed(
    conn: asyncpg.Connection, stage: str, probability: int
) -> None:
    day = date(2025, 5, 4)
    person = await contact(conn)
    row = await deal(conn, person, stage=stage, actual_close_date=day)
    assert (await read(conn, "deals", row))["actual_close_date"] == day
    other = await read(conn, "deals", await deal(conn, person, stage=stage))
    assert (other["actual_close_date"], other["probability"]) == (await today(conn), probability)


async def test_a_deal_may_close_before_it_was_expected_to(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn), expected_close_date=date(2099, 1, 1))
    await change(conn, "deals", row, stage="closed_won")
    assert (await read(conn, "deals", row))["actual_close_date"] == await today(conn)


async def test_reopening_a_deal_clears_the_close_date(conn: asyncpg.Connection) -> None:
    row = await deal(conn, await contact(conn), stage="closed_lost")
    await change(conn, "deals", row, stage="negotiation")
    assert (await read(conn, "deals", row))["actual_close_date"] is None


async def test_an_open_deal_has_no_close_date(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await deal(conn, person, stage="lead", actual_close_date=date(2025, 5, 4))
    assert (await read(conn, "deals", row))["actual_close_date"] is None
    await change(conn, "deals", row, actual_close_date=date(2025, 5, 4))
    assert (await read(conn, "deals", row))["actual_close_date"] is None


async def test_the_default_pipeline_has_eight_stages(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for stage in [
        "lead",
        "qualified",
        "proposal",
        "negotiation",
        "contract",
        "closing",
        "closed_won",
        "closed_lost",
    ]:
        assert await deal(conn, person, stage=stage)
    async with refused(conn):
        await deal(conn, person, stage="inspection")


@pytest.mark.parametrize("column", ["value", "probability"])
async def test_a_deals_numbers_stay_within_reason(conn: asyncpg.Connection, column: str) -> None:
    person = await contact(conn)
    for wrong in (-1, 101) if column == "probability" else (-1,):
        async with refused(conn):
            await deal(conn, person, **{column: wrong})


async def test_a_deal_wears_a_tag_once(conn: asyncpg.Connection) -> None:
    row, tag = await deal(conn, await contact(conn)), await insert(conn, "tags", name="cash")
    await insert(conn, "deal_tags", deal_id=row, tag_id=tag)
    async with refused(conn, asyncpg.UniqueViolationError):
        await insert(conn, "deal_tags", deal_id=row, tag_id=tag)


async def test_many_moves_in_one_statement_each_get_their_line(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    rows = [await deal(conn, person) for _ in range(5)]
    await conn.execute("update deals set stage = 'closing' where id = any($1)", rows)
    for row in rows:
        assert [line["new_stage"] for line in await history(conn, row)] == ["lead", "closing"]


async def test_another_pipeline_names_its_own_stages(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await deal(conn, person, pipeline="rentals", stage="key_handover")
    async with refused(conn):
        await deal(conn, person, pipeline="rentals", stage="Key Handover!")
    await change(conn, "deals", row, stage="closed_won")
    assert (await read(conn, "deals", row))["actual_close_date"] == await today(conn)
