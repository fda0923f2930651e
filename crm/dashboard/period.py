"""Which days the dashboard shows, which days come before, and into which columns they fall."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from crm.http import Problem

MOST_DAYS = 366
USUAL_DAYS = 30
MOST_COLUMNS = 31
LABELS = 6  # under the columns of a chart
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last."""

    begin: date
    end: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.begin).days + 1

    @property
    def before(self) -> "Span":
        """As many days, right before."""
        return Span(self.begin - timedelta(days=self.days), self.begin - DAY)

    @property
    def words(self) -> str:
        """`1 Nov 2026`, `November 2026`, `2 to 30 Nov 2026`, `28 Oct to 25 Nov 2026`."""
        end = f"{self.end.day} {self.end:%b %Y}"
        if self.begin == self.end:
            return end
        if self.begin.day == 1 and self.end + DAY == month_after(self.begin):
            return f"{self.begin:%B %Y}"
        if self.begin.year != self.end.year:
            return f"{self.begin.day} {self.begin:%b %Y} to {end}"
        month = "" if self.begin.month == self.end.month else f" {self.begin:%b}"
        return f"{self.begin.day}{month} to {end}"

    def columns(self) -> list["Span"]:
        """The days, else weeks, else months of it: no more than a chart can show."""
        if self.days <= MOST_COLUMNS:
            return [Span(day, day) for day in self._every(1)]
        if self.days <= MOST_COLUMNS * 7:
            return [Span(day, min(day + 6 * DAY, self.end)) for day in self._every(7)]
        return list(self._months())

    def _every(self, step: int) -> Iterator[date]:
        for number in range(0, self.days, step):
            yield self.begin + timedelta(days=number)

    def _months(self) -> Iterator["Span"]:
        begin = self.begin
        while begin <= self.end:
            following = month_after(begin)
            yield Span(begin, min(following - DAY, self.end))
            begin = following

    @property
    def unit(self) -> str:
        """What a column is: day, week or month."""
        if self.days <= MOST_COLUMNS:
            return "day"
        return "week" if self.days <= MOST_COLUMNS * 7 else "month"


def month_after(day: date, months: int = 1) -> date:
    """The first day of the month that many months later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def presets(today: date) -> list[tuple[str, Span]]:
    """The ranges that are one click away."""
    last = [(f"{days} days", Span(today - timedelta(days=days - 1), today)) for days in (7, 30, 90)]
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return [
        *last,
        ("This month", Span(today.replace(day=1), today)),
        ("This quarter", Span(quarter, today)),
    ]


def read(begin: str, end: str, today: date) -> Span:
    """The range of an address; the last 30 days without one. Raises Problem 422."""
    last = _day("to", end) or today
    usual = last - timedelta(days=USUAL_DAYS - 1)
    span = Span(_day("from", begin) or usual, last)
    if span.begin > span.end:
        raise _wrong("from", "The range ends before it begins.")
    if span.days > MOST_DAYS:
        raise _wrong("from", f"A range has {MOST_DAYS} days at most.")
    return span


def _day(name: str, text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        raise _wrong(name, "This is not a day (2026-11-25).") from None
    if found and not 1900 < found.year < 2200:
        raise _wrong(name, "This day is too far away.")
    return found


def _wrong(name: str, message: str) -> Problem:
    return Problem(
        422, "This range cannot be shown", message, [{"field": name, "message": message}]
    )
