"""What the hot requests cost at 10,000, 100,000 and 1,000,000 contacts: `python -m bench.growth`.

One client, one request after the other, each figure the p95 of many different requests over HTTP,
with signing in and row level security; messages are as many as contacts. The three sizes are
measured in turn, several times, so that a noisy minute hits all of them.
"""

import argparse
import asyncio
import hashlib
import secrets
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from bench import endpoints
from bench.fill import OWNER, QUERIES, fill
from bench.results import write
from bench.statements import Request
from crm import embedded, schema

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, SECONDS = 3, 4.0
LIMITS = {"list": 2.0, "search": 4.0, "contact": 2.0, "board": 2.0}


async def prepare(server: embedded.Server, contacts: int) -> tuple[dict[str, list[Request]], dict]:
    """Fill, sign in, and pick requests: by name, with the headers that sign them."""
    await schema.upgrade(server.admin_dsn)
    await fill(server.admin_dsn, contacts, contacts)
    token, cookie = f"crm_{secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
    connection = await asyncpg.connect(server.admin_dsn)
    await QUERIES.make_token(
        connection, user_id=OWNER, token_sha256=hashlib.sha256(token.encode()).digest(),
        scopes=[*endpoints.SCOPES, "messages:read"],
    )  # fmt: skip
    sha256 = hashlib.sha256(cookie.encode()).digest()
    await QUERIES.live_session(connection, id=OWNER, sha256=sha256)
    busy = [str(row["id"]) async for row in QUERIES.busy_contacts(connection, most=40)]
    names = [row["last_name"] async for row in QUERIES.last_names(connection, most=40)]
    await connection.close()
    lists = ["", "&f=status:eq:qualified", "&sort=name", "&f=state:eq:TX&sort=-created_at"]
    requests: dict[str, list[Request]] = {
        "list": [("GET", f"/api/v1/contacts?limit=50&include=tags{more}", "") for more in lists],
        "search": [("GET", f"/api/v1/search?q={quote(name)}", "") for name in names],
        "contact": [
            request
            for one in busy
            for request in (
                ("GET", f"/api/v1/contacts/{one}?include=tags,summary,score", ""),
                ("GET", f"/api/v1/contacts/{one}/timeline?limit=50", ""),
            )
        ],
        "board": [("GET", "/deals", "")],
    }
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"crm_session={cookie}"}
    return requests, headers


def measure(port: int, requests: dict[str, list[Request]], headers: dict[str, str]) -> Iterator:
    """The figures of each kind of request."""
    for name, some in requests.items():
        # Pages look at the cookie; the API takes the token first.
        signed = {"Cookie": headers["Cookie"]} if name == "board" else headers
        yield name, endpoints.load(port, some, signed, SECONDS, 1)


def show(found: dict[int, dict[str, list[dict[str, Any]]]]) -> list[str]:
    """The medians of p95 by size, and how they grow; gives what grows too fast."""
    sizes = list(found)
    print(f"\n{'p95 ms':<10}" + "".join(f"{size:>12,}" for size in sizes) + f"{'growth':>10}")
    complaints = []
    for name, limit in LIMITS.items():
        figures = [statistics.median(one["p95"] for one in found[size][name]) for size in sizes]
        growth = figures[-1] / figures[0]
        errors = sum(one["errors"] for size in sizes for one in found[size][name])
        print(f"{name:<10}" + "".join(f"{one:>12.1f}" for one in figures) + f"{growth:>9.1f}x")
        if growth > limit or errors:
            complaints.append(f"{name} grows {growth:.1f} times, {errors} errors")
    return complaints


def run(folder: Path, sizes: tuple[int, ...]) -> list[str]:
    """Fill what is missing below `folder`, measure all sizes, print and write."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {size: {} for size in sizes}
    with ExitStack() as stack:
        ready = {}
        for number, size in enumerate(sizes):
            server = stack.enter_context(embedded.running(folder / f"bench-{size}"))
            requests, headers = asyncio.run(prepare(server, size))
            port = 8501 + number
            command = [sys.executable, "-m", "bench.serve", server.app_dsn, str(port)]
            stack.enter_context(endpoints.running(command, port, "/healthz"))
            ready[size] = (port, requests, headers)
        for _ in range(ROUNDS):
            for size, (port, requests, headers) in ready.items():
                for name, figures in measure(port, requests, headers):
                    found[size].setdefault(name, []).append(figures)
    complaints = show(found)
    write("growth", max(sizes), max(sizes), found)
    return complaints


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var"))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    given = parser.parse_args()
    for complaint in run(given.folder, tuple(given.sizes)):
        print(complaint)


if __name__ == "__main__":
    main()
