"""A big import into a book that is big already: `python -m bench.importing --rows 100000`.

Rows of a skip-traced PropStream export (5 % bad, 10 % repeated) go into the book of bench.fill, all
indexes live: rows a second from the file on disk to the last commit, the counts against what the
generator says they must be, and whether undoing gives the book the checksum it had before.
"""

import argparse
import asyncio
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from bench.fill import DATA_DIR, PEOPLE, QUERIES, fill
from bench.results import write
from crm import embedded, schema
from crm.config import Settings
from crm.db import Database, Identity
from crm.imports import storing
from crm.imports.running import Run, queries, undo
from tests.imports import propstream

COUNTED = ("created", "updated", "skipped", "failed")


async def checksum(dsn: str) -> str:
    """Of contacts, tags and their links: contents, not order."""
    connection = await asyncpg.connect(dsn)
    try:
        return await QUERIES.checksum(connection)
    finally:
        await connection.close()


async def import_file(
    db: Database, me: Identity, path: Path, settings: Settings
) -> tuple[asyncpg.Record, float]:
    """Import a file as the program does; the finished import's row, and seconds."""
    started = time.perf_counter()
    stored = storing.copy_in(path, settings)
    import_id = await storing.register(db, me, stored, settings)
    run = Run(db, me, import_id, settings)
    await run.open()
    await run.work()
    seconds = time.perf_counter() - started
    async with db.session(me) as connection:
        return await queries.get_import(connection, id=import_id), seconds


async def run(server: embedded.Server, rows: int) -> list[str]:
    """Import, compare, undo, compare; returns complaints."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    path = DATA_DIR / f"propstream-{rows}.csv"
    with path.open("w", newline="") as file:
        # House numbers from 50,100 on: bench.book has none of them, so nobody is there already.
        expected = asdict(propstream.write(file, rows, start=50_000))
    settings = Settings(_env_file=None, data_dir=DATA_DIR)  # pyright: ignore[reportCallIssue]
    me = Identity(*PEOPLE[0], email="bench@bench.example")
    before = await checksum(server.admin_dsn)
    db = Database(server.app_dsn)
    await db.open()
    try:
        done, seconds = await import_file(db, me, path, settings)
        started = time.perf_counter()
        taken_back = await undo(db, me, done["id"])
        undo_seconds = time.perf_counter() - started
    finally:
        await db.close()
    found = {name: done[f"{name}_count"] for name in COUNTED}
    result = {
        "rows": rows,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "status": done["status"],
        "message": done["message"],
        "found": found,
        "expected": {name: expected[name] for name in COUNTED},
        "undo_seconds": round(undo_seconds, 2),
        "undone": dict(taken_back),
        "same_checksum_after_undo": await checksum(server.admin_dsn) == before,
    }
    return report(result)


def report(result: dict[str, Any]) -> list[str]:
    """Print and keep the result; returns complaints."""
    speed = f"{result['seconds']} s, {result['rows_per_second']:,} rows/s"
    print(f"\nimport of {result['rows']:,} rows: {speed}, {result['status']} {result['message']}")
    print(f"counted  {result['found']}\nexpected {result['expected']}")
    print(f"undo in {result['undo_seconds']} s {result['undone']},"
          f" same checksum: {result['same_checksum_after_undo']}")  # fmt: skip
    write("importing", 0, 0, result)
    complaints = []
    if result["found"] != result["expected"]:
        complaints.append("import: the counts are not those expected")
    if not result["same_checksum_after_undo"]:
        complaints.append("import: undo did not restore the book")
    return complaints


async def _main(server: embedded.Server, contacts: int, rows: int) -> list[str]:
    await schema.upgrade(server.admin_dsn)
    if contacts:
        await fill(server.admin_dsn, contacts, contacts)
    return await run(server, rows)


def main() -> int:
    """Command line; with --contacts the book is filled first, else the one that is there serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--contacts", type=int, default=0)
    given = parser.parse_args()
    with embedded.running(DATA_DIR) as server:
        return 1 if asyncio.run(_main(server, given.contacts, given.rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
