"""The API beside its limit and beside a yardstick: `python -m bench.endpoints`.

The limit is pgbench on the very statements of our API, with signing in and row level security; the
yardstick is the same endpoints with an ORM and response models (bench/yardstick.py), with neither.
Machines are noisy: read the ratios within a round, then the CPU a request, and requests a second
last. Traffic goes to 127.0.0.1 only, and every run ends by itself.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import psutil

from bench.fill import DATA_DIR, OWNER, QUERIES, fill
from bench.results import write
from bench.statements import Request, statements_of
from crm import embedded, schema
from crm.embedded import binaries

CONNECTIONS, CLIENTS, SECONDS, ROUNDS = 16, 8, 4.0, 3
SCOPES = ["contacts:read", "tags:read", "messages:write", "calls:read", "emails:read", "deals:read",
          "activities:read", "vapi-calls:read"]  # fmt: skip


@dataclass
class Case:
    """One endpoint: our requests, the yardstick's, and the ratio to pgbench that is the aim."""

    name: str
    ours: list[Request]
    theirs: list[Request]
    aim: float
    rounds: list[dict[str, Any]] = field(default_factory=list)


async def cases(connection: asyncpg.Connection) -> list[Case]:
    """The endpoints, each with twenty different requests."""
    busy = [str(row["id"]) async for row in QUERIES.busy_contacts(connection, most=20)]
    names = [row["last_name"] async for row in QUERIES.last_names(connection, most=20)]
    bodies = [
        json.dumps({"contact_id": one, "direction": "inbound", "content": "Is it still available?",
                    "phone_number": "+14155550132", "status": "received"}) for one in busy
    ]  # fmt: skip
    list_path = "/api/v1/contacts?include=tags&limit=50"
    slim = "/api/v1/contacts?limit=50&fields=id,first_name,last_name,llc_name,phone1,email1,city,"
    found = [("GET", f"/api/v1/search?q={quote(name)}&kinds=contacts", "") for name in names]
    return [
        Case("list 50 with tags", [("GET", list_path, "")],
             [("GET", "/contacts?limit=50", "")], 60),
        Case("list 50, ten columns", [("GET", f"{slim}state,deal_status,created_at", "")], [], 60),
        Case("timeline 50",
             [("GET", f"/api/v1/contacts/{one}/timeline?limit=50", "") for one in busy],
             [("GET", f"/contacts/{one}/timeline", "") for one in busy], 55),
        Case("search", found, [("GET", f"/search?q={quote(name)}", "") for name in names], 50),
        Case("one contact", [("GET", f"/api/v1/contacts/{one}", "") for one in busy], [], 50),
        Case("inbound message", [("POST", "/api/v1/messages", one) for one in bodies],
             [("POST", "/messages", one) for one in bodies], 50),
    ]  # fmt: skip


@contextmanager
def running(command: list[str], port: int, path: str, **variables: str) -> Iterator[psutil.Process]:
    """A server in a process of its own, from its first answer on; ended afterwards."""
    environment = {**os.environ, "CRM_LOG_JSON": "true", **variables}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.perf_counter() + 60
            while time.perf_counter() < deadline and process.poll() is None:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").close()
                    break
                except OSError:
                    time.sleep(0.02)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


def load(
    port: int,
    requests: list[Request],
    headers: dict[str, str],
    seconds: float = SECONDS,
    connections: int = CONNECTIONS,
) -> dict[str, Any]:
    """Run the load generator in a process of its own."""
    lines = "\n".join(json.dumps([method, path, headers, body]) for method, path, body in requests)
    command = [sys.executable, "-m", "bench.load", str(port), str(seconds), str(connections)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def pgbench(dsn: str, scripts: list[Path]) -> dict[str, float]:
    """Transactions a second of pgbench over the scripts, in turn."""
    files = [part for script in scripts for part in ("-f", str(script))]
    program = str(binaries.bin_dir() / "pgbench")
    command = [program, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T",
               str(int(SECONDS)), *files, dsn]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=binaries.environment()
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    return {"per_second": float(found[1]), "errors": float(failed[1] if failed else 0)}


@dataclass
class Servers:
    """Both servers, on their ports, and what signs in."""

    dsn: str
    ours: tuple[psutil.Process, int]
    theirs: tuple[psutil.Process, int]
    token: str

    def round(self, case: Case, scripts: list[Path]) -> dict[str, Any]:
        """One interleaved round of a case."""
        result: dict[str, Any] = {"pgbench": pgbench(self.dsn, scripts)}
        headers = {"Authorization": f"Bearer {self.token}"}
        for name, (process, port), requests in (
            ("ours", self.ours, case.ours),
            ("yardstick", self.theirs, case.theirs),
        ):
            if requests:
                before = sum(process.cpu_times()[:2])
                result[name] = load(port, requests, headers if name == "ours" else {})
                cpu = sum(process.cpu_times()[:2]) - before
                result[name]["cpu_ms"] = cpu * 1000 / max(result[name]["requests"], 1)
        ours = result["ours"]["per_second"]
        result["percent_of_pgbench"] = ours * 100 / result["pgbench"]["per_second"]
        if "yardstick" in result:
            result["times_yardstick"] = ours / max(result["yardstick"]["per_second"], 0.001)
        return result


def median(case: Case, *path: str) -> float:
    """The middle of a figure over the rounds."""
    values = []
    for one in case.rounds:
        for part in path:
            one = one.get(part, {}) if isinstance(one, dict) else {}
        if isinstance(one, int | float):
            values.append(float(one))
    return statistics.median(values) if values else float("nan")


def show(found: list[Case]) -> None:
    """The table of medians."""
    head = ("", "req/s", "% of pgbench", "aim", "p50 ms", "p95", "p99", "CPU ms", "x yardstick")
    print(f"\n{head[0]:<22}" + "".join(f"{word:>13}" for word in head[1:]))
    for case in found:
        figures = [
            median(case, "ours", "per_second"), median(case, "percent_of_pgbench"), case.aim,
            *(median(case, "ours", f"p{p}") for p in (50, 95, 99)), median(case, "ours", "cpu_ms"),
            median(case, "times_yardstick"),
        ]  # fmt: skip
        print(f"{case.name:<22}" + "".join(f"{figure:>13.2f}" for figure in figures))


async def prepare(server: embedded.Server, contacts: int, messages: int, folder: Path) -> tuple:
    """Fill, make a token, and write pgbench's scripts: the statements of each request."""
    await schema.upgrade(server.admin_dsn)
    await fill(server.admin_dsn, contacts, messages)
    token = f"crm_{secrets.token_urlsafe(24)}"
    sha256 = hashlib.sha256(token.encode()).digest()
    connection = await asyncpg.connect(server.admin_dsn)
    await QUERIES.make_token(connection, user_id=OWNER, token_sha256=sha256, scopes=SCOPES)
    found = await cases(connection)
    await connection.close()
    scripts: dict[str, list[Path]] = {}
    for number, case in enumerate(found):
        scripts[case.name] = []
        for position, request in enumerate(case.ours):
            path = folder / f"{number}_{position}.sql"
            path.write_text(await statements_of(server.app_dsn, token, request))
            scripts[case.name].append(path)
    return found, scripts, token


def run(server: embedded.Server, contacts: int, messages: int, rounds: int = ROUNDS) -> list[str]:
    """Measure, print and write; gives what missed its aim."""
    with tempfile.TemporaryDirectory() as folder:
        found, scripts, token = asyncio.run(prepare(server, contacts, messages, Path(folder)))
        started = time.perf_counter()
        with running([sys.executable, "-m", "bench.serve", server.app_dsn, "8491"], 8491,
                     "/healthz") as ours:  # fmt: skip
            start_up = time.perf_counter() - started
            yardstick = [sys.executable, "-m", "bench.yardstick", server.admin_dsn, "8492"]
            with running(yardstick, 8492, "/docs") as theirs:
                servers = Servers(server.app_dsn, (ours, 8491), (theirs, 8492), token)
                for number in range(rounds):
                    for case in found:
                        case.rounds.append(servers.round(case, scripts[case.name]))
                    print(f"round {number + 1} of {rounds}")
                memory = ours.memory_info().rss / 1024**2
    show(found)
    print(f"start-up {start_up:.2f} s, memory after load {memory:.0f} MB")
    results = {case.name: case.rounds for case in found}
    about = {"start_up_s": start_up, "memory_mb": memory}
    write("api", contacts, messages, {**about, "cases": results})
    missed = [case.name for case in found if median(case, "percent_of_pgbench") < case.aim]
    return [f"{name} is below its aim" for name in missed]


def main() -> None:
    """Command line; fills var/bench first when it holds another book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with embedded.running(DATA_DIR) as server:
        run(server, given.contacts, given.messages, given.rounds)


if __name__ == "__main__":
    main()
