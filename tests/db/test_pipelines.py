"""Pipelines and their stages: fixed keys, ends, probabilities, and removal with a place to go."""

from uuid import UUID

import asyncpg
import pytest

from .rows import change, contact, deal, insert, read, value

NEW = "select app.add_pipeline($1)"


async def pipeline(conn: asyncpg.Connection, name: str = "Rentals") -> UUID:
    return await value(conn, NEW, name)


async def keys(conn: asyncpg.Connection, of: str) -> list[str]:
    return [row["key"] for row in await conn.fetch("select key from app.deal_stages($1)", of)]


@pytest.fixture(autouse=True)
async def as_owner(conn: asyncpg.Connection) -> None:
    """app.deal_stages() answers to people; the owner of the workspace asks."""
    owner = await insert(conn, "app.users", email="o@example.test", name="O", role="owner")
    await conn.execute(
        "select set_config('request.jwt.claims', json_build_object('sub', $1::uuid)::text, true)",
        owner,
    )


async def test_the_default_pipeline_has_the_eight_stages(conn: asyncpg.Connection) -> None:
    assert await keys(conn, "default") == [
        "lead", "qualified", "proposal", "negotiation", "contract", "closing", "closed_won",
        "closed_lost",
    ]  # fmt: skip


async def test_a_new_pipeline_has_stages_and_both_ends(conn: asyncpg.Connection) -> None:
    await pipeline(conn, "Site visits 2027")
    assert await keys(conn, "site_visits_2027") == [
        "new", "in_progress", "closed_won", "closed_lost",
    ]  # fmt: skip
    await pipeline(conn, "Site visits 2027")
    assert "new" in await keys(conn, "site_visits_2027_2")


async def test_a_deal_takes_the_probability_of_its_stage_when_nobody_gave_one(
    conn: asyncpg.Connection,
) -> None:
    ann = await contact(conn)
    row = await deal(conn, ann, stage="proposal")
    assert (await read(conn, "deals", row))["probability"] == 40
    await change(conn, "deals", row, stage="contract")
    assert (await read(conn, "deals", row))["probability"] == 80
    await change(conn, "deals", row, stage="closing", probability=55)
    assert (await read(conn, "deals", row))["probability"] == 55
    given = await deal(conn, ann, stage="proposal", probability=5)
    assert (await read(conn, "deals", given))["probability"] == 5


async def test_a_known_pipeline_takes_only_its_stages(conn: asyncpg.Connection) -> None:
    await pipeline(conn)
    ann = await contact(conn)
    await deal(conn, ann, pipeline="rentals", stage="new")
    with pytest.raises(asyncpg.CheckViolationError, match='has no stage "viewing"'):
        await deal(conn, ann, pipeline="rentals", stage="viewing")


async def test_a_pipeline_that_only_deals_know_is_shown_with_its_stages(
    conn: asyncpg.Connection,
) -> None:
    await deal(conn, await contact(conn), pipeline="Legacy", stage="first_call")
    known = await conn.fetch("select key, id from app.deal_pipelines()")
    assert ("Legacy", None) in [(row["key"], row["id"]) for row in known]
    assert await keys(conn, "Legacy") == ["first_call", "closed_won", "closed_lost"]
    await conn.execute("select app.add_pipeline('Old deals', 'Legacy')")
    assert await keys(conn, "Legacy") == ["first_call", "closed_won", "closed_lost"]


async def test_keys_never_change(conn: asyncpg.Connection) -> None:
    for table in ("app.pipelines", "app.pipeline_stages"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with conn.transaction():
                await conn.execute(f"update {table} set key = 'other' where key like '%e%'")


async def test_a_stage_goes_when_its_deals_have_a_place(conn: asyncpg.Connection) -> None:
    await pipeline(conn)
    row = await deal(conn, await contact(conn), pipeline="rentals", stage="in_progress")
    stage = await value(
        conn,
        "select id from app.pipeline_stages where pipeline = 'rentals' and key = 'in_progress'",
    )
    with pytest.raises(asyncpg.CheckViolationError, match="move them first"):
        async with conn.transaction():
            await conn.execute("delete from app.pipeline_stages where id = $1", stage)
    assert await value(conn, "select app.remove_stage($1, 'new')", stage) == 1
    assert (await read(conn, "deals", row))["stage"] == "new"
    assert "in_progress" not in await keys(conn, "rentals")
    reason = await value(
        conn,
        "select change_reason from deal_stage_history where deal_id = $1 and old_stage is not null",
        row,
    )  # fmt: skip
    assert reason == 'Stage "In progress" was removed'


@pytest.mark.parametrize(
    "what",
    ["pipeline = 'default' and key = 'lead'", "pipeline = 'rentals' and key = 'closed_won'"],
)
async def test_stages_that_every_such_pipeline_has_stay(
    conn: asyncpg.Connection, what: str
) -> None:
    await pipeline(conn)
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(f"delete from app.pipeline_stages where {what}")


async def test_a_pipeline_with_deals_is_not_deleted_one_without_is(
    conn: asyncpg.Connection,
) -> None:
    await pipeline(conn)
    row = await deal(conn, await contact(conn), pipeline="rentals", stage="new")
    with pytest.raises(asyncpg.CheckViolationError, match="archive it"):
        async with conn.transaction():
            await conn.execute("delete from app.pipelines where key = 'rentals'")
    await conn.execute("delete from deals where id = $1", row)
    await conn.execute("delete from app.pipelines where key = 'rentals'")
    assert (
        await value(conn, "select count(*) from app.pipeline_stages where pipeline = 'rentals'")
        == 0
    )


async def test_deals_go_into_the_bin_with_their_contact_and_come_back(
    conn: asyncpg.Connection,
) -> None:
    ann = await contact(conn)
    live, binned = await deal(conn, ann), await deal(conn, ann)
    await conn.execute("update deals set deleted_at = '2026-01-01' where id = $1", binned)
    await conn.execute("update contacts set deleted_at = now() where id = $1", ann)
    assert await value(conn, "select count(*) from deals where deleted_at is null") == 0
    await conn.execute("update contacts set deleted_at = null where id = $1", ann)
    left = await conn.fetch("select id from deals where deleted_at is null")
    assert [row["id"] for row in left] == [live]
