"""Kept totals of deals stay right when several people change deals and their contacts at once."""

import asyncio
import random
import time
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from .conftest import MakeDatabase, Servers
from .deal_work import some_work, wrong
from .rows import contact, deal

TAKE_OVER = "update contacts set assigned_to = gen_random_uuid()"
MOVE = "update deals set stage = 'qualified', value = value + 1"
ADD = "insert into deals (contact_id, name, value) select id, 'new', 7 from contacts"
MEANWHILE = [(TAKE_OVER, MOVE), (MOVE, TAKE_OVER), (TAKE_OVER, ADD), (ADD, TAKE_OVER)]


@pytest.mark.parametrize(("first", "second"), MEANWHILE)
async def test_a_contact_that_changes_hands_while_a_deal_changes_takes_it_along(
    pg: Servers, fresh_db: MakeDatabase, first: str, second: str
) -> None:
    cluster, database = pg(18), fresh_db(18)
    one, two = [await cluster.connect(database) for _ in range(2)]
    await deal(one, await contact(one), value=Decimal(5))
    writing = one.transaction()
    await writing.start()
    await one.execute(first)
    waiting = asyncio.create_task(two.execute(second))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await writing.commit()
    await waiting
    assert await wrong(one) == 0
    for conn in (one, two):
        await conn.close()


@pytest.mark.parametrize("anew", ["select app.recount_deal_totals()", "truncate deals cascade"])
async def test_counting_anew_waits_for_who_joins_the_rows(
    pg: Servers, fresh_db: MakeDatabase, anew: str
) -> None:
    """What is joined meanwhile must not stay beside what is counted anew."""
    cluster, database = pg(18), fresh_db(18)
    one, two = [await cluster.connect(database) for _ in range(2)]
    await deal(one, await contact(one), value=Decimal(5))
    joining = one.transaction()
    await joining.start()
    assert await one.fetchval("select app.upkeep_deal_totals()") == 1
    waiting = asyncio.create_task(two.execute(anew))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await joining.commit()
    await waiting
    assert await wrong(one) == 0
    for conn in (one, two):
        await conn.close()


@pytest.mark.slow
async def test_eight_people_at_once_leave_the_totals_right(
    pg: Servers, fresh_db: MakeDatabase
) -> None:
    cluster, database = pg(18), fresh_db(18)
    conns = [await cluster.connect(database) for _ in range(8)]
    for conn in conns:
        await conn.execute("set deadlock_timeout = '10ms'")
    await conns[0].execute("select app.add_pipeline('Rentals')")
    contacts = [await contact(conns[0]) for _ in range(5)]
    people, until = [uuid4(), uuid4(), None], time.monotonic() + 5

    async def work(conn: asyncpg.Connection, seed: int) -> int:
        dice, done = random.Random(seed), 0
        while time.monotonic() < until:
            try:
                await some_work(conn, dice, contacts, people)
                done += 1
            except asyncpg.DeadlockDetectedError:  # statements lock deals in any order
                pass
        return done

    done = await asyncio.gather(*(work(conn, seed) for seed, conn in enumerate(conns)))
    assert min(done) > 20, done
    assert await wrong(conns[0]) == 0
    for conn in conns:
        await conn.close()
