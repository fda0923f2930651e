"""A small random book, written as the owner, and the same figures counted again in Python."""

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from tests.cast import ALICE, BOB
from tests.contacts.scene import add

OWNERS = (ALICE.user_id, BOB.user_id, None)
SOURCES = ("Website", "Referral", None)
OPEN = ("lead", "proposal", "closing")
REASONS = ("Price", "Timing", None)
DAYS = 40


@dataclass
class Book:
    """What was written: rows by table, and the owner of each contact."""

    contacts: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


async def write(admin: asyncpg.Connection, seed: int, now: datetime) -> Book:
    """Thirty contacts with what happened in the last forty days."""
    chance, book = random.Random(seed), Book()
    moment = lambda: now - timedelta(minutes=chance.randrange(1, DAYS * 24 * 60))  # noqa: E731
    for _ in range(30):
        made = {
            "first_name": "Some", "last_name": "One", "assigned_to": chance.choice(OWNERS),
            "lead_source": chance.choice(SOURCES), "created_at": moment(),
            "deleted_at": now if chance.random() < 0.1 else None,
        }  # fmt: skip
        book.contacts[await add(admin, "contacts", **made)] = made
    for table, rows in _entries(chance, list(book.contacts), moment).items():
        for row in rows:
            book.rows[table].append(row)
            await add(admin, table, **row)
    for contact in book.contacts:
        for deal in _deals(chance, contact, now.date()):
            book.rows["deals"].append(deal)
            await add(admin, "deals", **deal)
    return book


def _entries(
    chance: random.Random, contacts: list[UUID], moment: Any
) -> dict[str, list[dict[str, Any]]]:
    def entry(**more: Any) -> dict[str, Any]:
        return {"contact_id": chance.choice(contacts), "occurred_at": moment(),
                "direction": chance.choice(("inbound", "outbound")), **more}  # fmt: skip

    calls = [
        entry(status=chance.choice(("completed", "missed", "no-answer")),
              duration=chance.randrange(400), call_type=chance.choice(("voice", "voicemail")))
        for _ in range(80)
    ]  # fmt: skip
    emails = [entry(status=chance.choice(("sent", "received", "draft"))) for _ in range(80)]
    return {"messages": [entry() for _ in range(400)], "calls": calls, "emails": emails}


def _deals(chance: random.Random, contact: UUID, today: date) -> list[dict[str, Any]]:
    deals = []
    for _ in range(chance.randrange(3)):
        deal = {
            "contact_id": contact, "name": "Roof", "value": Decimal(chance.randrange(1, 9000)),
            "assigned_to": chance.choice(OWNERS), "probability": chance.randrange(10, 101, 10),
            "stage": chance.choice((*OPEN, "closed_won", "closed_lost")),
            "expected_close_date": chance.choice(
                (None, today + timedelta(days=chance.randrange(-60, 200)))
            ),
            "id": uuid4(),
        }  # fmt: skip
        if deal["stage"] not in OPEN:
            deal["actual_close_date"] = today - timedelta(days=chance.randrange(DAYS))
            word = "won_reason" if deal["stage"] == "closed_won" else "lost_reason"
            deal[word] = chance.choice(REASONS)
        deals.append(deal)
    return deals


@dataclass
class Recount:
    """The figures of a book, counted the plain way, for whoever sees `visible` contacts' owners."""

    book: Book
    begin: date
    end: date
    zone: tzinfo = UTC
    owner: Any = "all"
    sees: tuple[Any, ...] | None = None

    def _of(self, contact: UUID) -> Any:
        return self.book.contacts[contact]["assigned_to"]

    def _counts(self, contact: UUID, owner: Any) -> bool:
        return (self.owner == "all" or owner == self.owner) and (
            self.sees is None or self._of(contact) in self.sees
        )

    def day(self, moment: datetime) -> date:
        """Its day in the time zone."""
        return moment.astimezone(self.zone).date()

    def _in(self, moment: datetime) -> bool:
        return self.begin <= self.day(moment) <= self.end

    def counter(self) -> Counter[tuple[Any, ...]]:
        """Entries by kind, day, what and detail; of deals also their value."""
        found: Counter[tuple[Any, ...]] = Counter()
        for one, row in self.book.contacts.items():
            here = row["deleted_at"] is None and self._in(row["created_at"])
            if here and self._counts(one, row["assigned_to"]):
                found["contacts", self.day(row["created_at"]), row["lead_source"] or "", ""] += 1
        self._add_entries(found)
        for row in self.book.rows["deals"]:
            if self._counts(row["contact_id"], row["assigned_to"]):
                self._add_deal(found, row)
        return found

    def _add_entries(self, found: Counter[tuple[Any, ...]]) -> None:
        for kind in ("messages", "calls", "emails"):
            for row in self.book.rows[kind]:
                if row.get("status") == "draft" or not self._in(row["occurred_at"]):
                    continue
                if self._counts(row["contact_id"], self._of(row["contact_id"])):
                    found[kind, self.day(row["occurred_at"]), row["direction"], ""] += 1

    def _add_deal(self, found: Counter[tuple[Any, ...]], row: Mapping[str, Any]) -> None:
        closed = row.get("actual_close_date")
        if closed is None:
            expected = row["expected_close_date"]
            month = expected.replace(day=1) if expected else date(1, 1, 1)
            found["open", month, row["stage"], ""] += 1
        elif self.begin <= closed <= self.end:
            reason = row.get("won_reason") or row.get("lost_reason") or ""
            found["closed", closed, row["stage"], reason] += 1

    def sums(self) -> dict[str, Decimal]:
        """Won value, open value, weighted value, answered calls and their seconds."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.book.rows["deals"]:
            if not self._counts(row["contact_id"], row["assigned_to"]):
                continue
            closed = row.get("actual_close_date")
            if closed is None:
                found["open"] += row["value"]
                found["weighted"] += row["value"] * row["probability"] / 100
            elif self.begin <= closed <= self.end:
                found[row["stage"]] += row["value"]
        for row in self.book.rows["calls"]:
            owner = self._of(row["contact_id"])
            if self._in(row["occurred_at"]) and self._counts(row["contact_id"], owner):
                found["seconds"] += row["duration"]
                answered = row["status"] == "completed" and row["call_type"] != "voicemail"
                found["answered"] += answered
        return found

    def responses(self) -> tuple[int, float | None]:
        """How many replies, and the median of their seconds."""
        threads: dict[UUID, list[tuple[datetime, str]]] = defaultdict(list)
        for row in self.book.rows["messages"]:
            threads[row["contact_id"]].append((row["occurred_at"], row["direction"]))
        seconds = []
        for contact, messages in threads.items():
            if self._counts(contact, self._of(contact)):
                seconds += [took for at, took in _replies(sorted(messages)) if self._in(at)]
        return len(seconds), statistics.median(seconds) if seconds else None


def _replies(messages: list[tuple[datetime, str]]) -> list[tuple[datetime, float]]:
    found = []
    for place, (at, direction) in enumerate(messages):
        earlier = [m for m in messages[:place] if at - m[0] <= timedelta(days=7)]
        if direction == "outbound" and earlier and earlier[-1][1] == "inbound":
            last_out = max((m[0] for m in earlier if m[1] == "outbound"), default=None)
            first = min(m[0] for m in earlier if last_out is None or m[0] > last_out)
            found.append((at, (at - first).total_seconds()))
    return found


def start_of(day: date, zone: tzinfo) -> datetime:
    """The moment a day begins."""
    return datetime.combine(day, time(), zone)
