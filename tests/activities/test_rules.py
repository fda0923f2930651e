"""What follows by an RRULE: clocks that change, months that end early, counts, words, the form."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.activities import rules

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, where: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=where)


def chain(rule: str, start: str, times: int, where: ZoneInfo = NEW_YORK) -> list[str]:
    """The local moments that follow when each occurrence is done in time."""
    found, due = [], at(start, where)
    for _ in range(times):
        step = rules.following(rule, due, where, due)
        if step is None:
            break
        due, rule = step
        found.append(f"{due.astimezone(where):%Y-%m-%d %H:%M}")
    return found


def test_nine_stays_nine_when_clocks_change():
    assert chain("FREQ=DAILY", "2026-03-07 09:00", 2) == ["2026-03-08 09:00", "2026-03-09 09:00"]
    assert chain("FREQ=WEEKLY", "2026-10-25 09:00", 2) == ["2026-11-01 09:00", "2026-11-08 09:00"]
    first = rules.following("FREQ=DAILY", at("2026-03-07 09:00"), NEW_YORK, at("2026-03-07 09:00"))
    assert first
    assert first[0] - at("2026-03-07 09:00").astimezone(UTC) == timedelta(hours=23)


def test_a_time_that_does_not_exist_comes_an_hour_later_and_only_that_night():
    assert chain("FREQ=DAILY", "2026-03-07 02:30", 3) == [
        "2026-03-08 03:30", "2026-03-09 02:30", "2026-03-10 02:30",
    ]  # fmt: skip


def test_a_time_that_comes_twice_is_taken_once():
    assert chain("FREQ=DAILY", "2026-10-31 01:30", 2) == ["2026-11-01 01:30", "2026-11-02 01:30"]


def test_months_without_that_day_are_left_out():
    assert chain("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31 10:00", 3) == [
        "2026-03-31 10:00", "2026-05-31 10:00", "2026-07-31 10:00",
    ]  # fmt: skip
    assert chain("FREQ=MONTHLY", "2026-01-30 10:00", 2) == ["2026-03-30 10:00", "2026-04-30 10:00"]


def test_the_last_day_is_the_last_day_of_every_month():
    assert chain("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-12-31 10:00", 3) == [
        "2028-01-31 10:00", "2028-02-29 10:00", "2028-03-31 10:00",
    ]  # fmt: skip


def test_the_nth_weekday_and_the_last_friday():
    assert chain("FREQ=MONTHLY;BYDAY=2TU", "2026-11-10 10:00", 2) == [
        "2026-12-08 10:00", "2027-01-12 10:00",
    ]  # fmt: skip
    assert chain("FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27 10:00", 1) == ["2026-12-25 10:00"]


def test_the_29th_of_february_comes_in_leap_years():
    assert chain("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29 08:00", 2) == [
        "2028-02-29 08:00", "2032-02-29 08:00",
    ]  # fmt: skip


def test_every_second_week_keeps_its_rhythm_over_several_days():
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"
    assert chain(rule, "2026-11-02 09:00", 4) == [
        "2026-11-04 09:00", "2026-11-16 09:00", "2026-11-18 09:00", "2026-11-30 09:00",
    ]  # fmt: skip


def test_a_count_goes_down_and_ends_the_series():
    assert len(chain("FREQ=DAILY;COUNT=4", "2026-11-02 09:00", 9)) == 3
    assert chain("FREQ=DAILY;COUNT=1", "2026-11-02 09:00", 9) == []


def test_a_last_day_is_included():
    assert chain("FREQ=DAILY;UNTIL=20261104", "2026-11-02 21:00", 9) == [
        "2026-11-03 21:00", "2026-11-04 21:00",
    ]  # fmt: skip
    utc = "FREQ=DAILY;UNTIL=20261104T020000Z"  # 21:00 of the third in New York
    assert chain(utc, "2026-11-02 21:00", 9) == ["2026-11-03 21:00"]


def test_missed_days_are_left_out_and_today_is_not():
    now = at("2026-11-20 15:00")
    found = rules.following("FREQ=DAILY;COUNT=30", at("2026-11-02 09:00"), NEW_YORK, now)
    assert found == (at("2026-11-20 09:00").astimezone(UTC), "FREQ=DAILY;COUNT=12")


def test_what_a_week_holds_of_a_series():
    week = at("2026-11-23 00:00"), at("2026-11-30 00:00")
    found = rules.occurrences("FREQ=WEEKLY;BYDAY=MO,FR", at("2026-11-23 09:00"), NEW_YORK, *week, 9)
    assert [f"{one:%a %H:%M}" for one in found] == ["Fri 09:00"]
    assert rules.occurrences("nonsense", at("2026-11-23 09:00"), NEW_YORK, *week, 9) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "Every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "Every 2 weeks on Monday and Friday"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Every day on weekdays"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Every month on the last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=2,22", "Every month on the 2nd and 22nd"),
        ("FREQ=MONTHLY;BYDAY=2TU;COUNT=5", "Every month on the second Tuesday, 5 times"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "Every month on the last weekday"),
        ("FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4", "Every year in July on the 4th"),
        ("FREQ=DAILY;UNTIL=20270303", "Every day, until 3 Mar 2027"),
        ("FREQ=DAILY;COUNT=1", "Every day, once more"),
        ("whatever", "Repeats"),
    ],
)
def test_a_rule_in_words(rule: str, words: str):
    assert rules.words(rule) == words


@pytest.mark.parametrize(
    "bad",
    ["", "x", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;COUNT=0",
     "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=a", "FREQ=DAILY;UNTIL=soon", "FREQ=DAILY;X=1",
     "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;BYMONTH=13",
     "FREQ=DAILY\nDTSTART:20200101T000000", "BYDAY=MO"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(bad: str):
    with pytest.raises(rules.BadRuleError):
        rules.read(bad)


def test_the_word_rrule_is_understood():
    assert rules.write(rules.read("rrule:freq=weekly;byday=mo")) == "FREQ=WEEKLY;BYDAY=MO"


def test_a_rule_that_never_comes_is_noticed_soon():
    due = at("2026-11-02 09:00")
    for rule in ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"):
        assert rules.following(rule, due, NEW_YORK, due) is None


DUE = at("2026-11-10 09:00")  # the second Tuesday


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"repeat": "none"}, None),
        ({"repeat": "daily", "interval": "3"}, "FREQ=DAILY;INTERVAL=3"),
        ({"repeat": "weekly", "weekday": "MO,TH"}, "FREQ=WEEKLY;BYDAY=MO,TH"),
        ({"repeat": "weekly", "weekday": ""}, "FREQ=WEEKLY;BYDAY=TU"),
        ({"repeat": "monthly"}, "FREQ=MONTHLY;BYMONTHDAY=10"),
        ({"repeat": "monthly", "monthly": "weekday"}, "FREQ=MONTHLY;BYDAY=2TU"),
        ({"repeat": "monthly", "monthly": "last"}, "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ({"repeat": "yearly", "ends": "count", "count": "4"},
         "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=10;COUNT=4"),
        ({"repeat": "daily", "ends": "until", "until": "2027-01-31"},
         "FREQ=DAILY;UNTIL=20270131"),
        ({"repeat": "custom", "rule": "FREQ=WEEKLY;WKST=SU"}, "FREQ=WEEKLY;WKST=SU"),
    ],
)  # fmt: skip
def test_the_form_says_a_rule_and_shows_it_again(fields: dict[str, str], rule: str | None):
    assert rules.from_form(fields, DUE) == rule
    shown = rules.to_form(rule, DUE)
    assert shown["repeat"] == fields["repeat"]
    assert rules.from_form(shown, DUE) == rule


def test_what_the_form_cannot_say_is_shown_as_a_rule():
    shown = rules.to_form("FREQ=MONTHLY;BYMONTHDAY=1,15", DUE)
    assert (shown["repeat"], shown["rule"]) == ("custom", "FREQ=MONTHLY;BYMONTHDAY=1,15")


DAYS_OF_2026 = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31))  # noqa: DTZ001
RULES = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO,SU",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=-1MO",
    ]
)


@given(wall=DAYS_OF_2026, rule=RULES, where=st.sampled_from([NEW_YORK, BERLIN, ZoneInfo("UTC")]))
def test_what_follows_is_later_and_shows_the_same_clock(
    wall: datetime, rule: str, where: ZoneInfo
) -> None:
    wall = wall.replace(second=0, microsecond=0)
    due = wall.replace(tzinfo=where)
    found = rules.following(rule, due, where, due)
    assert found
    assert found[0] > due.astimezone(UTC)
    local = found[0].astimezone(where)
    if "BYHOUR" not in found[1] and due.astimezone(UTC).astimezone(where).hour == wall.hour:
        assert (local.hour, local.minute) == (wall.hour, wall.minute)
