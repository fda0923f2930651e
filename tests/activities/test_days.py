"""Days as the visitor counts them, and places in a week's grid."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.activities import days, grid

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def group_of(due: datetime, now: datetime) -> str:
    [name] = [
        one.name for one in days.agenda(now, NEW_YORK)[1:]
        if one.begin <= due < one.end and due >= now
    ]  # fmt: skip
    return name


def test_groups_follow_the_visitors_midnight():
    now = at("2026-11-25 15:00")  # a Wednesday
    assert group_of(at("2026-11-25 23:59"), now) == "today"
    assert group_of(at("2026-11-26 00:00"), now) == "tomorrow"
    assert group_of(at("2026-11-27 00:00"), now) == "week"
    assert group_of(at("2026-11-29 23:59"), now) == "week"
    assert group_of(at("2026-11-30 00:00"), now) == "later"


def test_on_sunday_tomorrow_is_in_next_week_and_this_week_is_over():
    now = at("2026-11-29 12:00")
    assert group_of(at("2026-11-30 12:00"), now) == "tomorrow"
    assert group_of(at("2026-12-01 00:00"), now) == "later"


def test_days_of_23_and_25_hours_are_whole_days():
    lengths = {}
    for text in ("2026-03-08", "2026-11-01", "2026-11-02"):
        day = date.fromisoformat(text)
        length = days.midnight(day + days.DAY, NEW_YORK) - days.midnight(day, NEW_YORK)
        lengths[text] = length / timedelta(hours=1)
    assert lengths == {"2026-03-08": 23, "2026-11-01": 25, "2026-11-02": 24}


@given(now=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001
def test_the_groups_touch_each_other_and_hold_everything(now: datetime):
    found = days.agenda(now.replace(tzinfo=UTC), NEW_YORK)
    later = found[1:]
    assert later[0].begin < found[0].end
    for one, following in pairwise(later):
        assert one.end == following.begin
        assert one.begin <= one.end
    assert later[-1].end == days.NEVER


def test_a_month_is_whole_weeks():
    weeks = days.month_of(date(2026, 2, 14))
    assert (weeks[0][0], weeks[-1][-1]) == (date(2026, 1, 26), date(2026, 3, 1))
    assert {len(week) for week in weeks} == {7}
    assert (days.month_before(date(2026, 1, 31)), days.month_after(date(2026, 1, 31))) == (
        date(2025, 12, 1), date(2026, 2, 1),
    )  # fmt: skip


def test_snoozes():
    now, due = at("2026-10-31 15:20"), at("2026-10-31 08:15")  # clocks change in the night
    assert days.snoozed("hour", due, now, NEW_YORK) == at("2026-10-31 16:20")
    assert days.snoozed("tomorrow", due, now, NEW_YORK) == at("2026-11-01 09:00")
    assert days.snoozed("week", due, now, NEW_YORK) == at("2026-11-07 08:15")
    later = at("2026-10-31 18:00")
    assert days.snoozed("hour", later, now, NEW_YORK) == at("2026-10-31 19:00")
    with pytest.raises(KeyError):
        days.snoozed("year", due, now, NEW_YORK)


def test_due_in_words():
    now = at("2026-11-25 15:00")
    assert days.due_words(at("2026-11-25 16:30"), False, now, NEW_YORK) == "today 16:30"
    assert days.due_words(at("2026-11-26 00:00"), True, now, NEW_YORK) == "tomorrow"
    assert days.due_words(at("2027-01-04 09:00"), False, now, NEW_YORK) == "Mon 4 Jan 2027 09:00"
    assert days.due_words(None, False, now, NEW_YORK) == "no date"


def block(clock: str, minutes: int) -> grid.Block:
    [(_, begin, height)] = grid.pieces(datetime.fromisoformat(f"2026-11-25 {clock}"), minutes)
    return grid.Block({}, begin, height)


def lanes(*times: tuple[str, int]) -> list[tuple[int, int]]:
    blocks = [block(*time) for time in times]
    grid.arrange(blocks)
    return [(one.lane, one.lanes) for one in blocks]


def test_what_overlaps_stands_side_by_side():
    assert lanes(("09:00", 60), ("09:30", 60), ("10:30", 30)) == [(1, 2), (2, 2), (1, 1)]
    assert lanes(("09:00", 90), ("09:00", 30), ("09:30", 30)) == [(1, 2), (2, 2), (2, 2)]
    assert lanes(("09:00", 60), ("10:00", 60)) == [(1, 1), (1, 1)]


def test_more_than_there_are_lanes_share_the_last():
    found = lanes(*[("09:00", 60)] * 9)
    assert {all_of for _, all_of in found} == {grid.LANES}
    assert max(lane for lane, _ in found) == grid.LANES


def test_what_passes_midnight_is_in_both_days():
    found = grid.pieces(datetime(2026, 11, 25, 23, 0), 120)  # noqa: DTZ001
    assert found == [(date(2026, 11, 25), 92, 4), (date(2026, 11, 26), 0, 4)]
    assert grid.pieces(datetime(2026, 11, 25, 23, 50), 5) == [(date(2026, 11, 25), 94, 2)]  # noqa: DTZ001


@given(
    clock=st.times(), minutes=st.integers(1, 4000)
)  # fmt: skip
def test_a_block_never_leaves_its_day(clock: datetime, minutes: int):
    for _, begin, height in grid.pieces(datetime.combine(date(2026, 3, 8), clock), minutes):  # pyright: ignore[reportArgumentType]
        assert 0 <= begin < grid.QUARTERS
        assert 0 < height <= grid.QUARTERS - begin
