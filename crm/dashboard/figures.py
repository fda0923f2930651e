"""The figures on top of the dashboard: a number each, and how it changed since the days before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from crm.dashboard.links import Links
from crm.dashboard.period import Span
from crm.web import money

MOST_OVERDUE = 500  # counted; above, the figure says so


@dataclass(frozen=True)
class Counts:
    """The rows that were counted, of the range and of the days before."""

    span: Span
    rows: list[dict[str, Any]]

    def of_pipeline(self, pipeline: str) -> "Counts":
        """The same, with the deals of one pipeline."""
        kept = [row for row in self.rows if row["pipeline"] in ("", pipeline)]
        return replace(self, rows=kept)

    def now(self, *kinds: str) -> list[dict[str, Any]]:
        """Rows of the range; open deals are those of today."""
        return [
            row
            for row in self.rows
            if row["kind"] in kinds and (row["kind"] == "open" or row["begins"] >= self.span.begin)
        ]

    def before(self, *kinds: str) -> list[dict[str, Any]]:
        """Rows of the days before the range."""
        return [
            row
            for row in self.rows
            if row["kind"] in kinds and row["kind"] != "open" and row["begins"] < self.span.begin
        ]

    @cached_property
    def currency(self) -> str:
        """The currency of most deals: sums are of this one."""
        deals: Counter[str] = Counter()
        for row in self.now("open", "closed"):
            deals[row["currency"]] += row["entries"]
        return min(deals, key=lambda code: (-deals[code], code)) if deals else "USD"

    @property
    def elsewhere(self) -> int:
        """Deals in other currencies; they are counted, and in no sum."""
        return total(
            [row for row in self.now("open", "closed") if row["currency"] != self.currency]
        )

    @property
    def is_empty(self) -> bool:
        """Nothing happened, and nothing is open."""
        return not self.now("messages", "calls", "emails", "contacts", "closed", "open")


def total(rows: list[dict[str, Any]]) -> int:
    """How many entries."""
    return sum(row["entries"] for row in rows)


def value(rows: list[dict[str, Any]], currency: str, column: str = "amount") -> Decimal:
    """The sum of what is in one currency."""
    return sum((row[column] for row in rows if row["currency"] == currency), Decimal(0))


def amount(number: Decimal | float, currency: str) -> str:
    """`$8,800`, `8,800 EUR`; whole units."""
    whole = Decimal(number).quantize(Decimal(1))
    return money(whole) if currency == "USD" else f"{whole:,} {currency}"


def duration(seconds: float | None) -> str:
    """`45 s`, `12 min`, `3.4 h`, `2.1 days`; a dash for nothing."""
    if seconds is None:
        return "—"
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            shown = f"{seconds / size:.1f}" if unit == "h" else f"{seconds / size:.0f}"
            return f"{shown.removesuffix('.0')} {unit}"
    return f"{seconds / 86_400:.1f}".removesuffix(".0") + " days"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name, what stands below it, where it leads, and its change in percent.

    `change` is None when there is nothing to compare with; `good` says whether more is better.
    """

    label: str
    shown: str
    detail: str
    href: str
    change: int | None = None
    good: bool = True


def change(now: float | Decimal | None, before: float | Decimal | None) -> int | None:
    """Percent more (or less, below zero) than before."""
    if now is None or not before:
        return None
    return round(100 * (float(now) - float(before)) / float(before))


def figures(counts: Counts, found: Mapping[str, Any], links: Links) -> list[Figure]:
    """The six figures."""
    return [
        _contacts(counts, links),
        _messages(counts),
        _calls(counts),
        _response(found),
        _won(counts, links),
        _overdue(found["overdue"], links),
    ]


def _contacts(counts: Counts, links: Links) -> Figure:
    now, before = total(counts.now("contacts")), total(counts.before("contacts"))
    return Figure("New contacts", f"{now:,}", f"{before:,} before", links.contacts(),
                  change(now, before))  # fmt: skip


def _in(rows: list[dict[str, Any]]) -> int:
    return total([row for row in rows if row["what"] == "inbound"])


def _messages(counts: Counts) -> Figure:
    rows = counts.now("messages")
    now, came = total(rows), _in(rows)
    detail = f"{came:,} in, {now - came:,} out"
    return Figure("Messages", f"{now:,}", detail, "#activity",
                  change(now, total(counts.before("messages"))))  # fmt: skip


def _calls(counts: Counts) -> Figure:
    rows = counts.now("calls")
    now = total(rows)
    answered = int(sum(row["amount"] for row in rows))
    minutes = int(sum(row["weighted"] for row in rows)) // 60
    detail = f"{100 * answered / now:.0f}% answered, {minutes:,} min" if now else "none"
    return Figure("Calls", f"{now:,}", detail, "#activity",
                  change(now, total(counts.before("calls"))))  # fmt: skip


def _response(found: Mapping[str, Any]) -> Figure:
    now, before = found["response"], found["response_before"]
    detail = f"median of {now['replies']:,} repl{'y' if now['replies'] == 1 else 'ies'}"
    return Figure("Response time", duration(now["median"]), detail, "#activity",
                  change(now["median"], before["median"]), good=False)  # fmt: skip


def _won(counts: Counts, links: Links) -> Figure:
    rows = [row for row in counts.now("closed") if row["what"] == "closed_won"]
    earlier = [row for row in counts.before("closed") if row["what"] == "closed_won"]
    now, before = value(rows, counts.currency), value(earlier, counts.currency)
    deals = total(rows)
    return Figure("Deals won", amount(now, counts.currency),
                  f"{deals:,} deal{'' if deals == 1 else 's'}", links.closed("closed_won"),
                  change(now, before))  # fmt: skip


def _overdue(late: int, links: Links) -> Figure:
    shown = f"{MOST_OVERDUE:,}+" if late > MOST_OVERDUE else f"{late:,}"
    return Figure("Overdue tasks", shown, "now", links.overdue(), good=False)
