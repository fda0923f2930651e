"""Thirty-two people write to five contacts at once: nobody waits in a circle, no number is lost."""

import asyncio
import os
import random
import time
from uuid import UUID

import asyncpg
import pytest

from .cluster import Cluster
from .conftest import MakeDatabase, Servers
from .rows import contact, miscounted

FULL = bool(os.environ.get("CRM_TEST_FULL"))
WRITERS = 32
SECONDS = 30 if FULL else 9
MAJORS = [12, 15, 18] if FULL else [18]
MESSAGES = """
    insert into messages (contact_id, direction, message_type, status, phone_number, content)
    select person, 'inbound', 'sms', 'received', '+1305555010' || (n % 3), 'w'
    from unnest($1::uuid[]) with ordinality as t (person, n)
"""
CALLS = """
    insert into calls (contact_id, direction, status, from_number, to_number)
    select person, 'inbound', 'missed', '+13055550100', '+13055550999'
    from unnest($1::uuid[]) as person
"""
EMAILS = """
    insert into emails (contact_id, direction, status, subject, from_email, to_email)
    select person, 'inbound', 'received', 'w', 'a@example.com', 'b@example.com'
    from unnest($1::uuid[]) as person
"""
READ_ONE = """
    update messages set read_at = clock_timestamp()
    where id = (select id from messages where contact_id = any($1::uuid[]) and read_at is null
                order by random() limit 1)
"""


async def deadlocks(cluster: Cluster, database: str) -> int:
    """As the server counted them; its statistics lag behind by up to a second."""
    await asyncio.sleep(1.2)
    sql = f"select deadlocks from pg_stat_database where datname = '{database}'"
    return int(cluster.psql("postgres", sql))


async def write(conn: asyncpg.Connection, people: list[UUID], until: float, seed: int) -> int:
    """Multi-row statements over the five in an order of one's own, until the time is up."""
    chance, done = random.Random(seed), 0
    while time.monotonic() < until:
        some = [chance.choice(people) for _ in range(chance.randrange(2, 12))]
        sql = chance.choice([MESSAGES, MESSAGES, CALLS, EMAILS, READ_ONE])
        await conn.execute(sql, some)
        done += 1
    return done


@pytest.mark.slow
@pytest.mark.parametrize("major", MAJORS, ids=lambda m: f"pg{m}")
async def test_thirty_two_writers_on_five_contacts_never_deadlock_nor_miscount(
    major: int, pg: Servers, fresh_db: MakeDatabase
) -> None:
    cluster, database = pg(major), fresh_db(major)
    conns = [await cluster.connect(database) for _ in range(WRITERS)]
    people = [await contact(conns[0]) for _ in range(5)]
    until = time.monotonic() + SECONDS
    work = (write(conn, people, until, seed) for seed, conn in enumerate(conns))
    done = await asyncio.gather(*work, return_exceptions=True)
    failed = [repr(one) for one in done if isinstance(one, BaseException)]
    assert not failed, f"{len(failed)} of {WRITERS} writers failed, the first by {failed[0]}"
    assert await deadlocks(cluster, database) == 0
    assert await miscounted(conns[0]) == []
    # Three numbers by text, one voice and one e-mail thread for each: no thread was made twice.
    assert await conns[0].fetchval("select count(*) from conversations") == 5 * 5
    for conn in conns:
        await conn.close()


@pytest.mark.parametrize("major", [12, 18], ids=lambda m: f"pg{m}")
async def test_threads_that_do_not_exist_yet_are_made_by_many_at_once_without_a_deadlock(
    major: int, pg: Servers, fresh_db: MakeDatabase
) -> None:
    cluster, database = pg(major), fresh_db(major)
    conns = [await cluster.connect(database) for _ in range(8)]
    chance, failed = random.Random(7), list[str]()
    for _ in range(15):
        people = [await contact(conns[0]) for _ in range(5)]
        orders = [chance.sample(people * 2, 10) for _ in conns]
        work = (conn.execute(MESSAGES, some) for conn, some in zip(conns, orders, strict=True))
        done = await asyncio.gather(*work, return_exceptions=True)
        failed += [repr(one) for one in done if isinstance(one, BaseException)]
    assert not failed, f"{len(failed)} of 120 statements failed, the first by {failed[0]}"
    assert await deadlocks(cluster, database) == 0
    assert await miscounted(conns[0]) == []
    for conn in conns:
        await conn.close()


@pytest.mark.parametrize("major", [12, 18], ids=lambda m: f"pg{m}")
async def test_a_thread_is_right_when_two_write_to_it_in_open_transactions(
    major: int, pg: Servers, fresh_db: MakeDatabase
) -> None:
    """The second one's snapshot is older than the first one's commit."""
    cluster, database = pg(major), fresh_db(major)
    one, two = [await cluster.connect(database) for _ in range(2)]
    people = [await contact(one) for _ in range(2)]
    await one.execute(EMAILS, people)
    first = one.transaction()
    await first.start()
    await one.execute(EMAILS, people)
    waiting = asyncio.create_task(two.execute(EMAILS, people[::-1]))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await first.commit()
    await waiting
    assert await one.fetchval("select sum(message_count) from conversations") == 6
    assert await miscounted(one) == []
    for conn in (one, two):
        await conn.close()


@pytest.mark.parametrize("has_thread", [True, False], ids=["old thread", "new thread"])
async def test_a_repeatable_read_that_came_too_late_is_told_to_try_again(
    pg: Servers, fresh_db: MakeDatabase, has_thread: bool
) -> None:
    """Counting with its old snapshot would lose the other one's message."""
    cluster, database = pg(18), fresh_db(18)
    one, two = [await cluster.connect(database) for _ in range(2)]
    person = await contact(one)
    if has_thread:
        await one.execute(EMAILS, [person])
    late = one.transaction(isolation="repeatable_read")
    await late.start()
    await one.fetchval("select count(*) from conversations")
    await two.execute(EMAILS, [person])
    with pytest.raises(asyncpg.SerializationError):
        await one.execute(EMAILS, [person])
    await late.rollback()
    await one.execute(EMAILS, [person])
    assert await miscounted(one) == []
    for conn in (one, two):
        await conn.close()


async def test_two_sweepers_share_the_work_and_wait_for_nobody(
    pg: Servers, fresh_db: MakeDatabase
) -> None:
    cluster, database = pg(18), fresh_db(18)
    one, two, three = [await cluster.connect(database) for _ in range(3)]
    await one.execute(
        """
        set session_replication_role = replica;
        insert into activities (type, title, due_date)
        select 'task', 'late', now() - interval '1 hour' from generate_series(1, 30);
        set session_replication_role = origin
        """
    )
    editing, sweeping = two.transaction(), three.transaction()
    await editing.start()
    await two.execute(
        "update activities set title = 'edited' where id = (select id from activities limit 1)"
    )
    await sweeping.start()
    assert await three.fetchval("select mark_overdue_activities(10)") == 10
    assert await one.fetchval("select mark_overdue_activities()") == 19
    await sweeping.commit()
    await editing.commit()  # the edit itself recomputed its activity
    assert await one.fetchval("select count(*) from activities where status = 'overdue'") == 30
    for conn in (one, two, three):
        await conn.close()
