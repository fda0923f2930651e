"""Plans of the statements that the program's own pages run: `python -m bench.plans`.

Each page is asked for over the real application, its statements are caught on their way, and each
is run again as the same person with EXPLAIN (ANALYZE, BUFFERS): milliseconds in PostgreSQL (median
of five) and every scan of a big table from end to end. A second number is the whole call through
the driver once the statement is prepared and its plan may have become generic.
"""

import argparse
import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import asyncpg
import httpx
from asyncpg.connection import LoggedQuery

from bench.fill import DATA_DIR, PEOPLE, QUERIES, fill
from bench.results import write
from crm import embedded, filters, schema
from crm.app import create_app
from crm.config import Settings
from crm.db import Connection, Database, Identity
from crm.users import auth

RUNS = 5
TIMEOUT = 300.0  # seconds; a slow plan is to be shown, not cut off


@dataclass
class Measured:
    """One statement: milliseconds, pages read from cache and disk, and what it scanned whole."""

    name: str
    statement: str
    database_ms: float
    driver_ms: float
    buffers: int
    whole_scans: list[str] = field(default_factory=list)


class Recorded(Database):
    """A database that notes the statements of its sessions."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, pool_size=2, statement_timeout=TIMEOUT)
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    def note(self, query: LoggedQuery) -> None:
        """Keeps what reads; the frame of the transaction is not interesting."""
        if re.match(r"\s*(--[^\n]*\n\s*)*(select|with)\b", query.query, re.IGNORECASE):
            self.seen.append((query.query, tuple(query.args or ())))

    @asynccontextmanager
    async def session(self, identity: Identity) -> AsyncIterator[Connection]:
        """A session whose statements are noted."""
        async with super().session(identity) as connection:
            connection = cast(asyncpg.Connection, connection)
            connection.add_query_logger(self.note)
            try:
                yield connection
            finally:
                connection.remove_query_logger(self.note)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node and everything below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


class Bench:
    """Measures as one person on one database."""

    def __init__(self, db: Recorded, me: Identity, big: set[str]) -> None:
        self.db, self.me, self.big = db, me, big
        self.results: list[Measured] = []

    async def statement(self, name: str, text: str, values: tuple[Any, ...]) -> Measured:
        """Explain and time one statement, print it, keep it."""
        async with Database.session(self.db, self.me) as connection:
            explain = f"explain (analyze, buffers, format json) {text}"
            plans: list[Any] = [await connection.fetchval(explain, *values) for _ in range(RUNS)]
            spent = []
            for _ in range(RUNS + 6):
                started = time.perf_counter()
                await connection.fetch(text, *values)
                spent.append((time.perf_counter() - started) * 1000)
        plan: Any = plans[-1][0]["Plan"]
        scans = {
            node["Relation Name"]
            for node in nodes(plan)
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in self.big
        }
        found = Measured(
            name,
            " ".join(text.split())[:200],
            round(statistics.median(p[0]["Execution Time"] for p in plans), 3),
            round(statistics.median(spent[6:]), 3),
            plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            sorted(scans),
        )
        self.results.append(found)
        self.show(found)
        return found

    def show(self, one: Measured) -> None:
        """One line: where, how long, how much, and what should not be."""
        whole = f"  WHOLE SCAN of {', '.join(one.whole_scans)}" if one.whole_scans else ""
        print(
            f"{one.name:<46}{one.database_ms:>9.2f} ms{one.driver_ms:>9.2f} ms"
            f"{one.buffers:>8} pages{whole}"
        )

    async def page(self, client: httpx.AsyncClient, name: str, path: str) -> float:
        """Ask for a page, measure its statements; returns their sum in milliseconds."""
        self.db.seen.clear()
        answer = await client.get(path)
        answer.raise_for_status()
        caught = list(dict.fromkeys((text, repr(args)) for text, args in self.db.seen))
        by_text = {(text, repr(args)): args for text, args in self.db.seen}
        total = 0.0
        for number, key in enumerate(caught, 1):
            label = f"{name} {number}/{len(caught)}" if len(caught) > 1 else name
            total += (await self.statement(label, key[0], by_text[key])).database_ms
        print(f"{name + ' = page':<46}{total:>9.2f} ms")
        self.results.append(Measured(f"{name} = page", path, round(total, 3), 0, 0))
        return total


async def hundredth_page(db: Database, me: Identity) -> str:
    """The cursor of page 100 of the newest contacts (or of the last page, when there are fewer)."""
    query, after = filters.ContactFilter(), ""
    async with db.session(me) as connection:
        for _ in range(99):
            page = await filters.fetch_page(
                connection, query.model_copy(update={"after": after}), me
            )
            if not page.next:
                break
            after = page.next
    return after


def paths(contacts: dict[str, str], cursor: str) -> dict[str, str]:
    """The pages to measure, by name."""
    lists = {
        "list, newest": {},
        "list, status": {"status": "qualified"},
        "list, tag (common)": {"tag": "List 0"},
        "list, tag (rare)": {"tag": "Source 9"},
        "list, state + city": {"state": "TX", "city": "Houston"},
        "list, page 100": {"after": cursor},
        "list, by name": {"sort": "name"},
        "list, by value": {"sort": "-est_value"},
        "search, last name": {"q": "hernandez"},
        "search, two words": {"q": "maria lopez"},
        "search, phone digits": {"q": "713 200 12"},
        "search, nothing found": {"q": "zzyzxq"},
    }
    found = {name: f"/contacts?{urlencode(asked)}" for name, asked in lists.items()}
    found |= {f"contact, {name}": f"/contacts/{id_}" for name, id_ in contacts.items()}
    return found | {"palette": "/palette?q=garcia"}


async def views(bench: Bench, contact: str) -> None:
    """One page of 50 of each view, and contact_summary of one contact."""
    for name, query, values in (
        ("contact_summary, 50 newest", QUERIES.newest_summaries, ()),
        ("contact_summary, one busy contact", QUERIES.one_summary, (contact,)),
        ("deal_pipeline, 50 of a stage", QUERIES.open_deals, ("proposal",)),
        ("deal_pipeline, 50 newest", QUERIES.newest_deals, ()),
        ("activity_dashboard, 50 next due", QUERIES.due_activities, ()),
    ):
        await bench.statement(name, query.sql, values)


async def measure(server: embedded.Server, person: int, visibility: str) -> list[Measured]:
    """All pages and views as one of the bench's people (0 owner, 1… agents)."""
    me = Identity(PEOPLE[person][0], PEOPLE[person][1], PEOPLE[person][2], "bench@bench.example")
    owner = await asyncpg.connect(server.admin_dsn)
    await QUERIES.set_visibility(owner, visibility=visibility)
    big = {row["name"] for row in await QUERIES.big_tables(owner)}
    busiest = (await QUERIES.busiest_contact(owner))["id"]
    app = create_app(server.app_dsn, Settings(_env_file=None))  # pyright: ignore[reportCallIssue]
    app.state.db = Recorded(server.app_dsn)
    app.dependency_overrides[auth.current_user] = lambda: me
    async with app.router.lifespan_context(app):
        bench = Bench(app.state.db, me, big)
        cursor = await hundredth_page(app.state.db, me)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            for name, path in paths({"busy": str(busiest)}, cursor).items():
                await bench.page(client, name, path)
        await views(bench, busiest)
    await QUERIES.set_visibility(owner, visibility="team")
    await owner.close()
    return bench.results


async def run(server: embedded.Server, contacts: int, messages: int) -> list[str]:
    """Fill if needed, measure as owner and as an agent who sees his own; returns complaints."""
    await schema.upgrade(server.admin_dsn)
    await fill(server.admin_dsn, contacts, messages)
    complaints = []
    for title, person, visibility in (("owner", 0, "team"), ("agent", 1, "assigned")):
        print(f"\n{title}, visibility {visibility}: in PostgreSQL, through the driver")
        results = await measure(server, person, visibility)
        write(f"plans-{title}", contacts, messages, [asdict(one) for one in results])
        complaints += [f"{title}: {one.name} scans {one.whole_scans}" for one in results
                       if one.whole_scans]  # fmt: skip
        complaints += [f"{title}: {one.name} takes {one.database_ms} ms" for one in results
                       if one.database_ms > 20]  # fmt: skip
    print("\n" + ("\n".join(complaints) or "Every page under 20 ms, no big table read whole."))
    return complaints


def main() -> None:
    """Command line; fills var/bench first when it holds another book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    with embedded.running(DATA_DIR) as server:
        asyncio.run(run(server, given.contacts, given.messages))


if __name__ == "__main__":
    main()
