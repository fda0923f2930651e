"""Where things stand in the grid of a week: quarters of an hour and lanes, no pixels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

QUARTERS = 96
LEAST = 2  # quarters: what is shorter is drawn half an hour high, so that its words fit
LANES = 6  # side by side at most; more share the last lane

Row = Mapping[str, Any]


@dataclass
class Block:
    """An activity in a day's column: from a quarter, so many high, in a lane of lanes."""

    row: Row
    begin: int
    height: int
    lane: int = 1
    lanes: int = 1
    expected: bool = False  # what a series will bring, not there yet

    @property
    def end(self) -> int:
        """The first quarter after it."""
        return self.begin + self.height


@dataclass
class Day:
    """A day: what lasts all of it, the blocks of its hours, and how many there are."""

    date: date
    all_day: list[tuple[Row, bool]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    total: int = 0


def minutes_of(row: Row) -> int:
    """How long an activity takes; half an hour when nobody said."""
    return row["duration_minutes"] or 30


def fill(days: list[Day], rows: Iterable[tuple[Row, bool]], where: tzinfo) -> None:
    """Put activities (and whether they are only expected) into their days, and lay them out."""
    by_date = {day.date: day for day in days}
    for row, expected in rows:
        local = row["due_date"].astimezone(where)
        if row["is_all_day"]:
            if local.date() in by_date:
                by_date[local.date()].all_day.append((row, expected))
            continue
        for day, begin, height in pieces(local.replace(tzinfo=None), minutes_of(row)):
            if day in by_date:
                by_date[day].blocks.append(Block(row, begin, height, expected=expected))
    for day in days:
        arrange(day.blocks)


def pieces(wall: datetime, minutes: int) -> list[tuple[date, int, int]]:
    """The days something reaches into: (day, first quarter, quarters), cut at midnights."""
    found = []
    end = wall + timedelta(minutes=minutes)
    while wall < end and len(found) < 8:
        midnight = datetime.combine(wall.date() + timedelta(days=1), datetime.min.time())
        first = (wall.hour * 60 + wall.minute) // 15
        until = min(end, midnight)
        height = -(-round((until - wall).total_seconds() / 60) // 15)
        height = max(LEAST, min(height, QUARTERS - first))
        found.append((wall.date(), min(first, QUARTERS - height), height))
        wall = midnight
    return found


def arrange(blocks: list[Block]) -> None:
    """Give each block a lane, so that those of the same time stand side by side."""
    blocks.sort(key=lambda block: (block.begin, -block.height))
    together: list[Block] = []
    end = 0
    for block in blocks:
        if together and block.begin >= end:
            _share(together)
            together, end = [], 0
        together.append(block)
        end = max(end, block.end)
    _share(together)


def _share(blocks: list[Block]) -> None:
    """Lanes of blocks that hang together: the first that is free."""
    free_at: list[int] = []
    for block in blocks:
        lane = next((n for n, end in enumerate(free_at) if end <= block.begin), len(free_at))
        if lane == len(free_at) and lane < LANES:
            free_at.append(0)
        lane = min(lane, LANES - 1)
        free_at[lane] = block.end
        block.lane = lane + 1
    for block in blocks:
        block.lanes = len(free_at)
