"""Mixed load on a real `crm serve`, kill -9 in the middle: `python -m bench.chaos --minutes 30`.

A throw-away data directory (durable, as in earnest), two workers, a dozen clients over HTTP. At
fixed parts of the run a worker, PostgreSQL, another worker and PostgreSQL again are killed; only
processes that this program started are. At the end every write that was answered 2xx must be in the
database, nothing may be there twice, and all counters must be right. Writes
bench/results/chaos.json; exit code 1 when something was lost, doubled, wrong, or away for ten
seconds.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil

from bench import results
from bench.crowd import Ledger, Worker
from bench.fill import OWNER, QUERIES
from bench.wire import Client, Cut, Refused
from crm import embedded

BACK_WITHIN = 10.0
LOG = "serve.log"
RECOUNT = Path(__file__).parent.parent / "tests" / "db" / "recount.sql"
# When (parts of the run) and what is killed.
KILLS = ((0.25, "worker"), (0.5, "postgresql"), (0.6, "worker"), (0.75, "postgresql"))


@dataclass
class Kill:
    """One kill -9, and how long nobody was answered, in seconds."""

    what: str
    after: float
    pid: int
    back: float = 0.0


@dataclass
class Program:
    """The `crm serve` under test."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    host: str
    port: int
    kills: list[Kill] = field(default_factory=list)

    def client(self, token: str) -> Client:
        """A connection with a token."""
        return Client(self.host, self.port, {"Authorization": f"Bearer {token}"})

    def victim(self, what: str) -> int:
        """The process id to kill; raises LookupError when it is not one that we started."""
        ours = psutil.Process(self.process.pid).children(recursive=True)
        if what == "worker":
            return next(one.pid for one in ours if "crm.workers" in one.cmdline())
        line = (self.data_dir / "pg" / "postmaster.pid").read_text().split("\n")[0]
        if int(line) not in {one.pid for one in ours}:
            raise LookupError("this PostgreSQL is not ours")
        return int(line)


def start(place: Path, workers: int) -> Program:
    """Start `crm serve` on a new data directory and wait for its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    ours = {
        "CRM_DATA_DIR": str(place / "var"),
        "CRM_LOG_JSON": "true",
        "CRM_UPKEEP_SECONDS": "5",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    command = "from crm.cli import main; main()"
    with (place / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", command, "serve", "--port", "0", "--workers", str(workers)],
            cwd=place,
            env={**kept, **ours},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    said = place / LOG
    while not (found := re.search(r"http://[\d.:]+", said.read_text())):
        if process.poll() is not None:
            raise SystemExit(f"crm serve ended: {said.read_text()[-2000:]}")
        time.sleep(0.1)
    parts = urlsplit(found[0])
    return Program(process, place / "var", parts.hostname or "", parts.port or 0)


async def add_person(dsn: str, token: str) -> None:
    """An owner with a token for everything."""
    connection = await asyncpg.connect(dsn)
    try:
        email = "owner@bench.example"
        await QUERIES.add_user(connection, id=OWNER, email=email, name="Owner", role="owner")
        digest = hashlib.sha256(token.encode()).digest()
        await QUERIES.add_token(connection, user_id=OWNER, token_sha256=digest)
    finally:
        await connection.close()


async def run(program: Program, token: str, clients: int, seconds: float, think: float) -> Ledger:
    """The load, with its kills; ends when every write has an end."""
    ledger = Ledger()
    until = time.monotonic() + seconds
    crowd = [Worker(n, program.client(token), ledger, until, think) for n in range(clients)]
    killing = asyncio.create_task(_kill_all(program, seconds))
    await asyncio.gather(*(one.work() for one in crowd))
    await killing
    ledger.note_silence()
    return ledger


async def _kill_all(program: Program, seconds: float) -> None:
    began = time.monotonic()
    for part, what in KILLS:
        await asyncio.sleep(max(0.0, began + part * seconds - time.monotonic()))
        kill = Kill(what, round(time.monotonic() - began, 1), program.victim(what))
        program.kills.append(kill)
        print(f"{kill.after:7.1f} s  kill -9 {what} {kill.pid}", flush=True)
        os.kill(kill.pid, signal.SIGKILL)
        kill.back = round(await _until_back(program, kill), 2)
        print(f"         back after {kill.back} s", flush=True)


async def _until_back(program: Program, kill: Kill) -> float:
    """Seconds until the killed one is replaced, and ten fresh connections in a row are ready."""
    began = time.monotonic()
    good = 0
    while good < 10 or not _is_replaced(program, kill):
        client = Client(program.host, program.port)
        try:
            good = (
                good + 1 if (await client.request("GET", "/readyz", seconds=5)).status == 200 else 0
            )
        except (Refused, Cut, TimeoutError):
            good = 0
        client.close()
        if time.monotonic() - began > 120:
            break
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def _is_replaced(program: Program, kill: Kill) -> bool:
    try:
        return not psutil.pid_exists(kill.pid) and program.victim(kill.what) != kill.pid
    except (OSError, LookupError, StopIteration, ValueError, psutil.Error):
        return False


async def compare(dsn: str, ledger: Ledger) -> dict[str, Any]:
    """What the database has against what the clients were told."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = [row async for row in QUERIES.chaos_contacts(connection)]
        messages = {row["marker"]: row["times"] async for row in QUERIES.chaos_messages(connection)}
        wrong = len(await connection.fetch(RECOUNT.read_text()))
    finally:
        await connection.close()
    stored = {row["marker"]: row for row in rows}
    times = Counter(row["marker"] for row in rows)
    lost = [marker for marker in ledger.contacts if marker not in stored]
    lost += [marker for marker in ledger.messages if marker not in messages]
    known = set(ledger.contacts) | ledger.messages | ledger.unanswered
    return {
        "lost": lost,
        "doubled": [marker for marker, count in (times | Counter(messages)).items() if count > 1],
        "unknown": [marker for marker in (*stored, *messages) if marker not in known],
        "differs": [
            f"{entry}: {dict(stored[marker])}"
            for marker, entry in ledger.contacts.items()
            if marker in stored and marker not in ledger.unsure
            and (stored[marker]["notes"], stored[marker]["is_deleted"], stored[marker]["id"])
            != (str(entry.number), entry.is_deleted, entry.id)
        ],
        "wrong_counters": wrong,
        "contacts": len(rows),
        "messages": sum(messages.values()),
    }  # fmt: skip


def report(program: Program, ledger: Ledger, found: dict[str, Any], minutes: float) -> list[str]:
    """Print and write the results; returns the complaints."""
    complaints = [f"{name}: {found[name]}" for name in ("lost", "doubled", "unknown", "differs")
                  if found[name]]  # fmt: skip
    if found["wrong_counters"]:
        complaints.append(f"{found['wrong_counters']} conversations count wrong")
    complaints += [f"{kill.what}: back after {kill.back} s" for kill in program.kills
                   if kill.back >= BACK_WITHIN]  # fmt: skip
    complaints += ledger.surprises
    seconds = sorted(ledger.seconds) or [0.0]
    measured = {
        "minutes": minutes,
        "kills": [vars(kill) for kill in program.kills],
        "longest_time_without_a_write_s": round(ledger.longest_silence, 2),
        "answered": dict(ledger.done),
        "trouble": dict(ledger.trouble),
        "answers_replayed_by_key": ledger.replayed,
        "given_up": len(ledger.unanswered) + len(ledger.unsure),
        "p50_ms": round(1000 * seconds[len(seconds) // 2], 1),
        "p95_ms": round(1000 * seconds[int(len(seconds) * 0.95)], 1),
        "p99_ms": round(1000 * seconds[int(len(seconds) * 0.99)], 1),
        **{name: value for name, value in found.items() if not isinstance(value, list)},
        "complaints": complaints[:50],
    }
    results.write("chaos", found["contacts"], found["messages"], measured)
    for name, value in measured.items():
        print(f"{name:<32} {value}")
    return complaints


def faults(place: Path) -> list[str]:
    """The unexpected errors in the program's own log, each kind once."""
    kinds: Counter[str] = Counter()
    for line in (place / LOG).read_text().splitlines():
        told = json.loads(line) if line.startswith("{") else {"event": line}
        if told["event"] == "unexpected error":
            kinds[f"{told.get('exception')} at {(told.get('places') or ['?'])[-1]}"] += 1
    return [f"{count} x {kind}" for kind, count in kinds.items()]


def chaos(place: Path, given: argparse.Namespace) -> list[str]:
    """One run in an empty directory; gives the complaints."""
    place.chmod(0o755)  # PostgreSQL runs under an account of its own when we are root
    token = secrets.token_urlsafe(24)
    program = start(place, given.workers)
    try:
        with embedded.running(program.data_dir) as server:
            asyncio.run(add_person(server.admin_dsn, token))
            ledger = asyncio.run(
                run(program, token, given.clients, given.minutes * 60, given.think)
            )
            found = asyncio.run(compare(server.admin_dsn, ledger))
    finally:
        program.process.send_signal(signal.SIGTERM)
        code = program.process.wait(60)
    complaints = report(program, ledger, found, given.minutes) + faults(place)
    return complaints + ([f"crm serve ended with {code}"] if code else [])


def main() -> int:
    """Exit code 1 when a write was lost or doubled, a counter wrong, or service away too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--think", type=float, default=0.0, help="seconds between two requests")
    parser.add_argument("--keep", type=Path, help="an empty directory whose content stays")
    given = parser.parse_args()
    if given.keep:
        complaints = chaos(given.keep.absolute(), given)
    else:
        with tempfile.TemporaryDirectory(prefix="crm-chaos-") as name:
            complaints = chaos(Path(name), given)
    print("complaints:", *(complaints or ["none"]), sep="\n  ")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
