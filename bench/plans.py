"""Plans of the statements that the program's own pages run: `python -m bench.plans`.

Each page is asked for over the real application, its statements are caught on their way, and each
is run again as the same person with EXPLAIN (ANALYZE, BUFFERS): milliseconds in PostgreSQL (median
of five) and every scan of a big table from end to end. A second number is what the statement took
inside the page, with planning and transport, once it is prepared and its plan may be generic.
"""

import argparse
import asyncio
import logging
import math
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import httpx
import structlog
from asyncpg.connection import LoggedQuery
from fastapi import Request

from bench.fill import DATA_DIR, PEOPLE, QUERIES, fill
from bench.results import write
from crm import embedded, filters, schema
from crm.app import create_app
from crm.config import Settings
from crm.contacts.listing import ContactFilter
from crm.db import Connection, Database, Identity
from crm.users import auth

LIMIT_MS = 20  # what a page may take in PostgreSQL
RUNS = 5
WARM = 6  # runs before: statements get prepared, and may get a plan for any value from the sixth on
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


@dataclass
class Seen:
    """A statement of a page: its values, and the milliseconds of each time it ran."""

    text: str
    values: tuple[Any, ...]
    ms: list[float] = field(default_factory=list)


class Recorded(Database):
    """A database that notes the statements of its sessions."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, pool_size=1, statement_timeout=TIMEOUT)
        self.seen: dict[tuple[str, str], Seen] = {}

    def note(self, query: LoggedQuery) -> None:
        """Keeps what reads; the frame of the transaction is not interesting."""
        if not re.match(r"\s*(--[^\n]*\n\s*)*(select|with)\b", query.query, re.IGNORECASE):
            return
        values = tuple(query.args or ())
        seen = self.seen.setdefault((query.query, repr(values)), Seen(query.query, values))
        seen.ms.append(query.elapsed * 1000)

    @asynccontextmanager
    async def session(self, identity: Identity, **how: Any) -> AsyncIterator[Connection]:
        """A session whose statements are noted."""
        async with super().session(identity, **how) as connection:
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

    def __init__(self, db: Recorded, me: Identity, big: dict[str, float]) -> None:
        self.db, self.me, self.big = db, me, big
        self.results: list[Measured] = []

    async def explain(self, name: str, seen: Seen) -> Measured:
        """Explain one statement, print it, keep it."""
        async with Database.session(self.db, self.me) as connection:
            explain = f"explain (analyze, buffers, format json) {seen.text}"
            plans: list[Any] = [
                await connection.fetchval(explain, *seen.values) for _ in range(RUNS)
            ]
        plan = plans[-1][0]["Plan"]
        scans = {node["Relation Name"] for node in nodes(plan) if self.reads_most(node)}
        found = Measured(
            name,
            " ".join(seen.text.split())[:200],
            round(statistics.median(p[0]["Execution Time"] for p in plans), 3),
            round(statistics.median(seen.ms[-RUNS:]), 3),
            plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            sorted(scans),
        )
        self.results.append(found)
        self.show(found)
        return found

    async def statement(self, name: str, text: str, values: tuple[Any, ...]) -> None:
        """Measure a statement that no page runs."""
        seen = Seen(text, values)
        async with Database.session(self.db, self.me) as connection:
            for _ in range(WARM + RUNS):
                started = time.perf_counter()
                await connection.fetch(text, *values)
                seen.ms.append((time.perf_counter() - started) * 1000)
        await self.explain(name, seen)

    def reads_most(self, node: dict[str, Any]) -> bool:
        """Whether a node walks over at least half of a big table (a limit may end it early)."""
        if node["Node Type"] != "Seq Scan":
            return False
        seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        return seen * node["Actual Loops"] > self.big.get(node["Relation Name"], math.inf) / 2

    def show(self, one: Measured) -> None:
        """One line: where, how long, how much, and what should not be."""
        whole = f"  WHOLE SCAN of {', '.join(one.whole_scans)}" if one.whole_scans else ""
        print(
            f"{one.name:<46}{one.database_ms:>9.2f} ms{one.driver_ms:>9.2f} ms"
            f"{one.buffers:>8} pages{whole}"
        )

    async def page(self, client: httpx.AsyncClient, name: str, path: str) -> None:
        """Ask for a page some times, then explain each of its statements."""
        self.db.seen.clear()
        for _ in range(WARM + RUNS):
            answer = await client.get(path)
            answer.raise_for_status()
        # What ran once only is the driver asking for types.
        seen = [one for one in self.db.seen.values() if len(one.ms) > 1]
        database = driver = 0.0
        for number, one in enumerate(seen, 1):
            found = await self.explain(f"{name} {number}/{len(seen)}", one)
            database += found.database_ms
            driver += found.driver_ms
        whole = Measured(f"{name} = PAGE", path, round(database, 3), round(driver, 3), 0)
        self.results.append(whole)
        self.show(whole)


async def hundredth_page(db: Database, me: Identity) -> str:
    """The cursor of page 100 of the newest contacts (or of the last page, when there are fewer)."""
    query, after = ContactFilter(), ""
    async with db.session(me) as connection:
        for _ in range(99):
            page = await filters.fetch_page(
                connection, query.model_copy(update={"after": after}), 1
            )
            if not page.next:
                break
            after = page.next
    return after


# Pages without parameters, for everybody; settings are for administrators.
REST = {
    "activities, one type": "/activities?type=meeting",
    "counts": "/reminders/counts",
    "board": "/deals",
    "board, mine": "/deals?owner=me",
    "deals": "/deals?view=list",
    "deals, by value": "/deals?view=list&sort=-value",
    "deals, search": "/deals?view=list&q=oak",
    "documents": "/documents",
    "dashboard": "/dashboard",
    "dashboard, mine": "/dashboard?owner=me",
    "palette": "/palette?q=garcia",
}


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
    day = datetime.now(UTC).date() - timedelta(days=200)
    asked = {
        "": "",
        ", search": "?q=offer+price",
        ", search, nothing": "?q=zzyzxq",
        ", date": f"?at={day}",
        ", after a date": f"/timeline?after={day}T00:00:00Z,{UUID(int=0)}",
    }
    for name, id_ in contacts.items():
        found |= {
            f"contact, {name}{more}": f"/contacts/{id_}{rest}" for more, rest in asked.items()
        }
    activities = {"agenda": "", "week": "view=week", "month": "view=month", "group": "group=later"}
    for name, query in activities.items():
        found[f"activities, {name}, mine"] = f"/activities?{query}"
        found[f"activities, {name}, all"] = f"/activities?owner=all&{query}"
    return found | REST


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


def signed_in(me: Identity) -> Callable[[Request], Identity]:
    """What answers "who asks?" without a session."""

    def answer(request: Request) -> Identity:
        request.state.user = me
        return me

    return answer


@asynccontextmanager
async def visibility(dsn: str, value: str) -> AsyncIterator[dict[str, float]]:
    """The workspace's setting for as long as this lasts; gives the big tables and their rows."""
    owner = await asyncpg.connect(dsn)
    try:
        await QUERIES.set_visibility(owner, visibility=value)
        yield {row["name"]: row["rows"] async for row in QUERIES.big_tables(owner)}
    finally:
        await QUERIES.set_visibility(owner, visibility="team")
        await owner.close()


async def measure(server: embedded.Server, me: Identity, big: dict[str, float]) -> list[Measured]:
    """All pages and views as one person."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    app = create_app(server.app_dsn, Settings(_env_file=None))  # pyright: ignore[reportCallIssue]
    db = app.state.db = Recorded(server.app_dsn)
    app.dependency_overrides[auth.current_user] = signed_in(me)
    async with app.router.lifespan_context(app):
        bench = Bench(db, me, big)
        async with Database.session(db, me) as connection:
            busy = str((await QUERIES.busiest_contact(connection))["id"])
        asked = paths({"busy": busy}, await hundredth_page(db, me))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench", follow_redirects=True
        ) as client:
            for name, path in asked.items():
                await bench.page(client, name, path)
        await views(bench, busy)
    return bench.results


async def run(server: embedded.Server, contacts: int, messages: int) -> list[str]:
    """Fill if needed, measure as owner and as an agent who sees his own; returns complaints."""
    await schema.upgrade(server.admin_dsn)
    await fill(server.admin_dsn, contacts, messages)
    complaints = []
    for (person, title, name), sees in ((PEOPLE[0], "team"), (PEOPLE[1], "assigned")):
        print(f"\n{title}, visibility {sees}: in PostgreSQL, and in the page")
        me = Identity(person, title, name, "bench@bench.example")
        async with visibility(server.admin_dsn, sees) as big:
            results = await measure(server, me, big)
        write(f"plans-{title}", contacts, messages, [asdict(one) for one in results])
        complaints += [f"{title}: {one.name} scans {one.whole_scans}" for one in results
                       if one.whole_scans]  # fmt: skip
        complaints += [f"{title}: {one.name} takes {one.database_ms} ms" for one in results
                       if one.database_ms > LIMIT_MS]  # fmt: skip
    print(
        "\n"
        + ("\n".join(complaints) or f"Every page under {LIMIT_MS} ms, no big table read whole.")
    )
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
