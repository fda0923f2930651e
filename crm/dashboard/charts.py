"""Charts as numbers that templates draw: rows with a bar, and columns of stacked parts.

A drawing is 100 high; a column of a chart is 10 wide (dashboard/_charts.html).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from crm.dashboard.figures import Counts, amount, total, value
from crm.dashboard.links import Links, is_value, none_of
from crm.dashboard.period import DAY, LABELS, Span, month_after

NO_MONTH = date(1, 1, 1)
MONTHS_AHEAD = 6
MOST_BARS = 8
CHANNELS = (("messages", "Messages"), ("calls", "Calls"), ("emails", "Emails"))


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: its name, how many, the sum, the width of 100, and a colour of its own."""

    name: str
    entries: int
    shown: str
    width: float
    href: str
    hue: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a column, from the top: where it begins, how high it is, what it is worth."""

    y: float
    height: float
    shown: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its whole name, the short one under it (or ''), and its parts from the bottom."""

    name: str
    tick: str
    href: str
    parts: list[Part]
    shown: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns of the same parts, and the number at the top of the drawing."""

    series: list[str]
    columns: list[Column]
    top: str

    @property
    def is_empty(self) -> bool:
        """Nothing to draw."""
        return not any(part.height for column in self.columns for part in column.parts)


def funnel(counts: Counts, links: Links, stages: list[Any]) -> list[Bar]:
    """Open deals by stage, in the order of the pipeline; the width is how many."""
    rows = counts.now("open")
    keys = [stage["key"] for stage in stages] if rows else []
    bars = _bars(counts, [(key, links.deals([key]), _of(rows, "what", key)) for key in keys])
    return [
        replace(bar, name=stage["label"], hue=f"hue-{stage['hue']}")
        for bar, stage in zip(bars, stages, strict=False)
    ]


def reasons(counts: Counts, links: Links, stage: str) -> list[Bar]:
    """Deals that were won or lost in the range, by their reason."""
    rows = [row for row in counts.now("closed") if row["what"] == stage]
    column = "won_reason" if stage == "closed_won" else "lost_reason"
    bars = [
        (reason, links.closed(stage, is_value(column, reason)), _of(rows, "detail", reason))
        for reason in {row["detail"] for row in rows}
    ]
    return _most(_bars(counts, bars), lambda names: links.closed(stage, *none_of(column, names)))


def sources(counts: Counts, links: Links) -> list[Bar]:
    """New contacts of the range by where they came from."""
    rows = counts.now("contacts")
    bars = _bars(
        counts,
        [(s, links.source(s), _of(rows, "what", s)) for s in {row["what"] for row in rows}],
    )
    return _most(bars, lambda names: links.contacts(*none_of("source", names)))


def _of(rows: list[dict[str, Any]], column: str, wanted: str) -> list[dict[str, Any]]:
    return [row for row in rows if row[column] == wanted]


def _bars(counts: Counts, found: list[tuple[str, str, list[dict[str, Any]]]]) -> list[Bar]:
    most = max((total(rows) for _, _, rows in found), default=0)
    return [
        Bar(name, total(rows), amount(value(rows, counts.currency), counts.currency),
            round(100 * total(rows) / max(most, 1), 1), href)
        for name, href, rows in found
    ]  # fmt: skip


def _most(bars: list[Bar], others: Callable[[list[str]], str]) -> list[Bar]:
    """The longest bars, and one for the rest; `others` is where all but some names are listed."""
    bars = sorted(bars, key=lambda bar: (-bar.entries, bar.name))
    if len(bars) <= MOST_BARS:
        return bars
    rest = bars[MOST_BARS - 1 :]
    entries = sum(bar.entries for bar in rest)
    width = min(100.0, round(100 * entries / bars[0].entries, 1))
    first = bars[: MOST_BARS - 1]
    href = others([bar.name for bar in first])
    return [*first, Bar(f"{len(rest)} others", entries, "", width, href)]


def activity(counts: Counts, links: Links) -> Chart:
    """Messages, calls and emails by day, week or month; a column leads to its days."""
    rows = counts.now("messages", "calls", "emails")
    spans = counts.span.columns()
    numbers = [
        [total([r for r in rows if r["kind"] == kind and r["begins"] == span.begin])
         for kind, _ in CHANNELS]
        for span in spans
    ]  # fmt: skip
    ticks = _ticks(spans, counts.span.unit)
    heads = [
        (span.words, tick, links.dashboard(span)) for span, tick in zip(spans, ticks, strict=True)
    ]
    return _chart([label for _, label in CHANNELS], heads, numbers, lambda n: f"{n:,.0f}")


def forecast(counts: Counts, links: Links, today: date) -> Chart:
    """Open deals by the month of their expected close: weighted by probability, and the rest."""
    rows = counts.now("open")
    this = today.replace(day=1)
    stages = sorted({row["what"] for row in rows})
    edges = [month_after(this, n) for n in range(MONTHS_AHEAD + 1)]
    groups = [("Earlier", "Earlier", [f"close:lt:{this}"], NO_MONTH + DAY, this)]
    for begin, end in pairwise(edges):
        fits = [f"close:gte:{begin}", f"close:lt:{end}"]
        groups.append((f"{begin:%B %Y}", f"{begin:%b}", fits, begin, end))
    groups.append(("Later", "Later", [f"close:gte:{edges[-1]}"], edges[-1], date.max))
    groups.append(("No date", "None", ["close:is-null:true"], NO_MONTH, NO_MONTH + DAY))
    heads, numbers = [], []
    for name, tick, filters, begin, end in groups:
        among = [row for row in rows if begin <= row["begins"] < end]
        if not among and name in ("Earlier", "Later", "No date"):
            continue
        whole = value(among, counts.currency)
        weighted = value(among, counts.currency, "weighted")
        heads.append((name, tick, links.deals(stages, *filters)))
        numbers.append([weighted, whole - weighted])
    return _chart(
        ["Weighted", "Rest of the value"], heads, numbers, lambda n: amount(n, counts.currency)
    )


def _chart(series: list[str], heads: list[tuple[str, str, str]], numbers: list[list[Any]],
           words: Any) -> Chart:  # fmt: skip
    top = _above(max((sum(parts) for parts in numbers), default=0))
    columns = []
    for (name, tick, href), values in zip(heads, numbers, strict=True):
        parts, y = [], 100.0
        for number in values:
            height = 100 * float(number) / top
            y -= height
            parts.append(Part(round(y, 2), round(height, 2), words(number)))
        columns.append(Column(name, tick, href, parts, words(sum(values))))
    return Chart(series, columns, words(top))


def _above(number: float | Decimal) -> int:
    """The next number with one digit and zeros that is not below; one a grid can halve."""
    size = 1
    while True:
        for step in (1, 2, 4, 6, 8):
            if step * size >= number:
                return step * size
        size *= 10


def _ticks(spans: list[Span], unit: str) -> list[str]:
    """The words under the columns; '' where there is no room for more."""
    every = -(-len(spans) // LABELS)
    return [
        "" if n % every else f"{s.begin:%b}" if unit == "month" else f"{s.begin.day} {s.begin:%b}"
        for n, s in enumerate(spans)
    ]
