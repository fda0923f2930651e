"""What the pages of a big team cost over HTTP, and moving cards: `python -m bench.pages`.

One browser after the other, as the owner and as an agent who sees their own; signed in, with row
level security. Cards are moved from column to column and stay there.
"""

import argparse
import asyncio
import hashlib
import secrets
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import psutil

from bench import endpoints
from bench.book import OPEN
from bench.fill import DATA_DIR, PEOPLE, QUERIES, fill
from bench.plans import visibility
from bench.results import write
from bench.search import percentile
from bench.wire import Client
from crm import embedded, schema, upkeep
from crm.db import Database

PORT = 8493
PAGE_MS, MOVE_MS = 100, 50  # what 95 of 100 answers may take
ROUNDS, MOVES = 30, 60
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
PAGES = ("/contacts", "/contacts?f=status:eq:qualified&sort=name", "/deals", "/deals?view=list",
         "/dashboard", "/activities", "/activities?view=month")  # fmt: skip


@dataclass
class Measured:
    """One page, or the moves, as one person; milliseconds until the whole answer is there."""

    person: str
    what: str
    p50: float
    p95: float
    most: float
    cpu: float  # of the worker
    limit: int


def measured(person: str, what: str, times: list[float], cpu: float, limit: int) -> Measured:
    """Print and give what was measured."""
    p50, p95, most = (round(percentile(times, share), 1) for share in (0.5, 0.95, 1))
    one = Measured(person, what, p50, p95, most, round(cpu, 1), limit)
    print(
        f"{person:<7}{what:<46}{one.p50:>8.1f}{one.p95:>8.1f}{one.most:>8.1f} ms{cpu:>7.1f} ms CPU"
    )
    return one


async def timed(client: Client, method: str, path: str, **more: dict[str, str]) -> float:
    """Milliseconds of one request that must succeed."""
    started = time.perf_counter()
    answer = await client.request(method, path, **more)  # pyright: ignore[reportArgumentType]
    assert answer.status == 200, (path, answer.status, answer.body[:300])
    return (time.perf_counter() - started) * 1000


def move_of(deal: asyncpg.Record) -> str:
    """The address whose POST moves a card on top of the next column."""
    stage = OPEN[(OPEN.index(deal["stage"]) + 1) % len(OPEN)]
    seen = deal["updated_at"].isoformat()
    return f"/deals/{deal['id']}/move?{urlencode({'stage': stage, 'version': seen})}"


def cpu_ms(worker: psutil.Process) -> float:
    """Milliseconds of CPU that the worker has used so far; the system counts in steps of ten."""
    return sum(worker.cpu_times()[:2]) * 1000


async def look(
    client: Client, worker: psutil.Process, title: str, owner: asyncpg.Connection, me: UUID
) -> list[Measured]:
    """All pages, in turn, then each for its CPU time, and then the moves."""
    busy = [row["id"] async for row in QUERIES.busy_contacts_of(owner, user_id=me, most=ROUNDS)]
    pages = {path: [path] * ROUNDS for path in PAGES}
    pages["a contact's page"] = [f"/contacts/{one}" for one in busy]
    times: dict[str, list[float]] = {name: [] for name in pages}
    for turn in range(ROUNDS + 1):
        for name, paths in pages.items():
            ms = await timed(client, "GET", paths[turn % len(paths)])
            if turn:  # the first round warms caches and plans
                times[name].append(ms)
    found = []
    for name, paths in pages.items():
        before = cpu_ms(worker)
        for path in paths:
            await timed(client, "GET", path)
        cpu = (cpu_ms(worker) - before) / len(paths)
        found.append(measured(title, name, times[name], cpu, PAGE_MS))
    deals = [deal async for deal in QUERIES.cards_of(owner, user_id=me, most=MOVES)]
    before = cpu_ms(worker)
    moves = [await timed(client, "POST", move_of(deal), headers=PARTIAL) for deal in deals]
    cpu = (cpu_ms(worker) - before) / len(moves)
    return [*found, measured(title, "moving a card", moves, cpu, MOVE_MS)]


async def keep(dsn: str) -> None:
    """What the program does each minute, so that nobody's first page does it."""
    database = Database(dsn, pool_size=1)
    await database.open()
    runs = await upkeep.once(database, 0)
    await database.close()
    assert not any(one.failure for one in runs), runs


async def run(server: embedded.Server, contacts: int, messages: int) -> list[str]:
    """Fill if needed, measure, print and write; gives what missed its aim."""
    await schema.upgrade(server.admin_dsn)
    await fill(server.admin_dsn, contacts, messages)
    await keep(server.app_dsn)
    owner = await asyncpg.connect(server.admin_dsn)
    found: list[Measured] = []
    try:
        deals = await QUERIES.count_open_deals(owner)
        print(
            f"\n{contacts:,} contacts, {deals:,} open deals: p50, p95, slowest; CPU of the worker"
        )
        command = [sys.executable, "-m", "bench.serve", server.app_dsn, str(PORT)]
        for (person, title, _), sees in ((PEOPLE[0], "team"), (PEOPLE[1], "assigned")):
            cookie = secrets.token_urlsafe(24)
            sha256 = hashlib.sha256(cookie.encode()).digest()
            await QUERIES.live_session(owner, id=person, sha256=sha256)
            signed = {"Cookie": f"crm_session={cookie}"}
            async with visibility(server.admin_dsn, sees):
                with endpoints.running(command, PORT, "/healthz") as worker:
                    client = Client("127.0.0.1", PORT, signed)
                    found += await look(client, worker, title, owner, person)
    finally:
        await owner.close()
    write("pages", contacts, messages, {"open_deals": deals, "pages": [asdict(m) for m in found]})
    return [f"{m.what} takes the {m.person} {m.p95} ms" for m in found if m.p95 > m.limit]


def main() -> None:
    """Command line; fills var/bench first when it holds another book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    with embedded.running(DATA_DIR) as server:
        for complaint in asyncio.run(run(server, given.contacts, given.messages)):
            print(complaint)


if __name__ == "__main__":
    main()
