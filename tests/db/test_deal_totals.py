"""Kept totals of deals equal a recount, whatever is done to deals; places on the board."""

import random
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from .deal_work import some_work, wrong
from .rows import contact, deal, insert, value


@pytest.fixture(autouse=True)
async def as_owner(conn: asyncpg.Connection) -> None:
    """Functions of the board answer to people; the owner of the workspace asks."""
    owner = await insert(conn, "app.users", email="o@example.test", name="O", role="owner")
    await conn.execute(
        "select set_config('request.jwt.claims', json_build_object('sub', $1::uuid)::text, true)",
        owner,
    )


async def test_random_work_leaves_the_totals_right(conn: asyncpg.Connection) -> None:
    dice = random.Random(12)
    people = [uuid4(), uuid4(), None]
    contacts = [await contact(conn) for _ in range(6)]
    await conn.execute("select app.add_pipeline('Rentals')")
    for turn in range(300):
        await some_work(conn, dice, contacts, people)
        if turn % 10 == 0:
            assert await wrong(conn) == 0, f"after turn {turn}"
    assert await value(conn, "select count(*) from deals") > 3
    await conn.execute("delete from contacts where id = $1", contacts[0])
    assert await wrong(conn) == 0
    await conn.execute("select app.recount_deal_totals()")
    assert await wrong(conn) == 0


async def test_an_edit_that_changes_no_sum_locks_no_total(conn: asyncpg.Connection) -> None:
    await deal(conn, await contact(conn), value=Decimal(5))
    before = await conn.fetch("select xmin::text, ctid::text from app.deal_totals")
    await conn.execute("update deals set notes = 'x', position = 7")
    assert await conn.fetch("select xmin::text, ctid::text from app.deal_totals") == before


async def test_emptying_the_table_empties_the_totals(conn: asyncpg.Connection) -> None:
    await deal(conn, await contact(conn))
    await conn.execute("truncate deals cascade")
    assert await wrong(conn) == 0


async def order(conn: asyncpg.Connection, stage: str = "lead") -> list[str]:
    rows = await conn.fetch("select name from deals where stage = $1 order by position, id", stage)
    return [row["name"] for row in rows]


async def drop(
    conn: asyncpg.Connection, card: UUID, before: UUID | None = None, after: UUID | None = None
) -> None:
    place = await value(
        conn, "select app.place_deal($1, 'default', 'lead', $2, $3)", card, before, after
    )
    await conn.execute("update deals set position = $2, stage = 'lead' where id = $1", card, place)


async def test_a_card_goes_before_after_or_on_top(conn: asyncpg.Connection) -> None:
    ann = await contact(conn)
    cards = {n: await deal(conn, ann, name=n, position=i * 1024.0) for i, n in enumerate("abc")}
    await drop(conn, cards["c"], before=cards["b"])
    assert await order(conn) == ["a", "c", "b"]
    await drop(conn, cards["a"], after=cards["b"])
    assert await order(conn) == ["c", "b", "a"]
    await drop(conn, cards["a"])
    assert await order(conn) == ["a", "c", "b"]
    other = await deal(conn, ann, name="x", stage="proposal")
    await drop(conn, other, before=cards["c"])
    assert await order(conn) == ["a", "x", "c", "b"]


async def test_cards_that_stand_on_one_spot_are_moved_apart_without_being_edited(
    conn: asyncpg.Connection,
) -> None:
    ann = await contact(conn)
    for name in "abcdefgh":
        await deal(conn, ann, name=name)
    await conn.execute("update deals set updated_at = updated_at")
    versions = dict(await conn.fetch("select name, updated_at from deals"))
    ids = dict(await conn.fetch("select name, id from deals"))
    names = await order(conn)
    await drop(conn, ids[names[7]], before=ids[names[3]])
    expected = [*names[:3], names[7], *names[3:7]]
    assert await order(conn) == expected
    after = dict(await conn.fetch("select name, updated_at from deals"))
    assert {n for n in after if after[n] != versions[n]} == {names[7]}


async def test_five_hundred_drops_into_one_gap_keep_the_order(conn: asyncpg.Connection) -> None:
    ann = await contact(conn)
    top, bottom = await deal(conn, ann, name="top"), await deal(conn, ann, name="end", position=1.0)
    made = []
    for n in range(500):
        made.append(await deal(conn, ann, name=f"{n}", stage="proposal"))
        await drop(conn, made[-1], before=bottom)
    assert await order(conn) == ["top", *map(str, range(500)), "end"]
    assert top


async def test_a_viewer_and_a_stranger_place_nothing(conn: asyncpg.Connection) -> None:
    one = await deal(conn, await contact(conn))
    await conn.execute("insert into app.users (email, role) values ('boss@crm.test', 'owner')")
    await conn.execute("update app.users set role = 'viewer' where email <> 'boss@crm.test'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await drop(conn, one)
