"""Fills a database with a big book of business: `python -m bench.fill --contacts 200000`.

Besides `--contacts` and `--messages` it makes a fifth of the messages as calls, emails and
activities each, half as many deals as contacts, 40 tags and about two tags a contact.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from bench.book import Book, Row
from crm import embedded, schema

BATCH = 50_000  # rows a COPY: a statement locks the conversations it touches until it commits
DATA_DIR = Path("var/bench")
QUERIES: Any = aiosql.from_path(
    Path(__file__).parent / "queries.sql", "asyncpg", mandatory_parameters=False
)
OWNER = UUID("0a000000-0000-4000-8000-000000000001")
PEOPLE = [(OWNER, "owner", "Ana Ruiz")] + [
    (UUID(f"0a000000-0000-4000-8000-00000000000{n}"), "agent", f"Agent {n}") for n in range(2, 5)
]


async def copy(
    connection: asyncpg.Connection, table: str, columns: str, rows: Iterator[Row]
) -> int:
    """COPY in batches, one transaction each; prints and returns the number of rows."""
    started, done = time.perf_counter(), 0
    while batch := list(islice(rows, BATCH)):
        await connection.copy_records_to_table(table, records=batch, columns=columns.split())
        done += len(batch)
    seconds = time.perf_counter() - started
    print(f"{table:<14} {done:>9,} rows {seconds:7.1f} s  {done / max(seconds, 0.001):>9,.0f}/s")
    return done


async def fill(dsn: str, contacts: int, messages: int) -> dict[str, float]:
    """Fill the database behind `dsn` (its owner's login), unless it holds that book already.

    Messages that a bench has added since (a tenth more, at most) do no harm.
    Returns rows a second by table, and the number of conversations with wrong counters.
    """
    connection = await asyncpg.connect(dsn)
    try:
        sizes = await QUERIES.sizes(connection)
        is_whole = sizes["contacts"] == contacts and sizes["activities"] >= messages // 5
        if is_whole and messages <= sizes["messages"] <= messages * 1.1:
            return {}
        return await _fill(connection, contacts, messages)
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, contacts: int, messages: int) -> dict[str, float]:
    await QUERIES.empty_book(connection)
    for person, role, name in PEOPLE:
        email = f"{name.replace(' ', '.').lower()}@bench.example"
        await QUERIES.add_user(connection, id=person, email=email, name=name, role=role)
    book = Book(contacts, [person for person, _, _ in PEOPLE])
    fifth = messages // 5
    steps = [
        ("contacts", book.CONTACTS, book.contacts()),
        ("tags", book.TAG_COLUMNS, book.tags()),
        ("contact_tags", book.CONTACT_TAGS, book.contact_tags()),
        ("messages", book.MESSAGES, book.messages(messages)),
        ("calls", book.CALLS, book.calls(fifth)),
        ("emails", book.EMAILS, book.emails(fifth)),
        ("deals", book.DEALS, book.deals(contacts // 2)),
        ("deal_tags", book.DEAL_TAGS, book.deal_tags()),
        ("activities", book.ACTIVITIES, book.activities(fifth)),
    ]
    speed: dict[str, float] = {}
    for table, columns, rows in steps:
        started = time.perf_counter()
        speed[table] = await copy(connection, table, columns, rows) / (
            time.perf_counter() - started
        )
    await connection.execute("vacuum analyze")
    speed["wrong_conversations"] = await QUERIES.mismatches(connection)
    print(f"conversations with a wrong count: {speed['wrong_conversations']:.0f}")
    return speed


async def _main(dsn: str, contacts: int, messages: int) -> None:
    await schema.upgrade(dsn)
    await fill(dsn, contacts, messages)


def main() -> None:
    """Command line; without --dsn the embedded PostgreSQL in var/bench is used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--dsn", help="the owner's login of another server")
    given = parser.parse_args()
    if given.dsn:
        asyncio.run(_main(given.dsn, given.contacts, given.messages))
        return
    with embedded.running(DATA_DIR) as server:
        asyncio.run(_main(server.admin_dsn, given.contacts, given.messages))


if __name__ == "__main__":
    main()
