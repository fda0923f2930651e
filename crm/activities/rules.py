"""Recurrence rules (RFC 5545 RRULE): what follows an occurrence, what falls into a week, in words.

Rules are reckoned on the clock of the owner's wall: 9:00 stays 9:00 when summer time begins.
They are rules of days: FREQ is DAILY, WEEKLY, MONTHLY or YEARLY, with any BY… part. A day that a
month does not have (the 31st of June) is left out, as the RFC says; BYMONTHDAY=-1 is the last one.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice

from dateutil.rrule import rrule, rrulestr

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY_WORDS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLACES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
MONTHS = "January February March April May June July August September October November December"
# A rule that finds no day for so many years never will; looking at single days takes longest.
HORIZON = {"DAILY": 4, "WEEKLY": 8, "MONTHLY": 30, "YEARLY": 60}
MOST = 20_000  # occurrences looked at before giving up

Parts = dict[str, str]


class BadRuleError(ValueError):
    """A text that is no rule, or none of days; the message says what is wrong, for people."""


def read(text: str) -> Parts:
    """The parts of a rule by name, upper case, checked. Raises BadRuleError."""
    parts: Parts = {}
    for part in text.strip().upper().removeprefix("RRULE:").strip(";").split(";"):
        name, _, value = part.partition("=")
        if not re.fullmatch(r"[A-Z-]+", name) or not value or name in parts:
            raise BadRuleError("This is not a recurrence rule, such as FREQ=WEEKLY;BYDAY=MO.")
        parts[name.strip()] = value.strip()
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRuleError("A rule repeats daily, weekly, monthly or yearly.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRuleError("A rule ends after a number of times or on a day, not both.")
    try:
        _days(parts, datetime(2026, 1, 1))  # noqa: DTZ001 - the clock on the wall
        last_moment(parts, None)
        numbers = [int(parts.get(name, "1")) for name in ("INTERVAL", "COUNT")]
        _month_words({"BYMONTH": parts.get("BYMONTH", "1")})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise BadRuleError("This rule has a part that cannot be read.") from None
    if any(not 1 <= number <= 999 for number in numbers):
        raise BadRuleError("Numbers of a rule run from 1 to 999.")
    return parts


def write(parts: Parts) -> str:
    """The text of a rule, FREQ first."""
    first = sorted(parts, key=lambda name: name != "FREQ")
    return ";".join(f"{name}={parts[name]}" for name in first)


def _days(parts: Parts, start: datetime) -> rrule:
    """The rule from `start` (naive, local) on, without its end."""
    kept = {name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL")}
    found = rrulestr(write(kept), dtstart=start)
    if not isinstance(found, rrule):
        raise BadRuleError("This is not one rule.")
    return found.replace(until=start + timedelta(days=366 * HORIZON[parts["FREQ"]]))


def last_moment(parts: Parts, where: tzinfo | None) -> datetime | None:
    """The last moment of a rule on the wall clock; a day alone means its end."""
    text = parts.get("UNTIL")
    if text is None:
        return None
    if "T" not in text:
        day = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007
        return datetime.combine(day, time(23, 59, 59))
    if not text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S%z")
    return moment.astimezone(where).replace(tzinfo=None) if where else moment.replace(tzinfo=None)


def _after(parts: Parts, due: datetime, where: tzinfo) -> Iterator[tuple[int, datetime]]:
    """What follows the occurrence at `due`: (1, the next), (2, the one after), …; local, naive."""
    start = due.astimezone(where).replace(tzinfo=None)
    until, count = last_moment(parts, where), int(parts.get("COUNT", MOST))
    following = (moment for moment in _days(parts, start) if moment > start)
    for number, moment in enumerate(islice(following, min(count - 1, MOST)), 1):
        if until is not None and moment > until:
            return
        yield number, moment


def following(
    text: str, due: datetime, where: tzinfo, now: datetime
) -> tuple[datetime, str] | None:
    """When the occurrence after the one at `due` is, and its rule; None when the series ends.

    Whole days that passed meanwhile are left out: a daily task that was ten days late comes back
    today. COUNT goes down by what went by. Raises BadRuleError.
    """
    parts = read(text)
    today = datetime.combine(now.astimezone(where).date(), time())
    for number, wall in _after(parts, due, where):
        if wall < today:
            continue
        if "COUNT" in parts:
            parts["COUNT"] = str(int(parts["COUNT"]) - number)
        moment = wall.replace(tzinfo=where).astimezone(UTC)
        if moment.astimezone(where).replace(tzinfo=None) != wall:
            # 2:30 does not exist that night; the rule remembers it, so the next is at 2:30 again.
            parts |= {"BYHOUR": str(wall.hour), "BYMINUTE": str(wall.minute)}
        return moment, write(parts)
    return None


def occurrences(
    text: str, due: datetime, where: tzinfo, begin: datetime, end: datetime, most: int
) -> list[datetime]:
    """Occurrences after the one at `due` that fall into [begin, end), at most `most`."""
    try:
        parts = read(text)
    except BadRuleError:
        return []
    found: list[datetime] = []
    for _, wall in _after(parts, due, where):
        moment = wall.replace(tzinfo=where)
        if moment >= end or len(found) == most:
            break
        if moment >= begin:
            found.append(moment)
    return found


def words(text: str) -> str:
    """The rule as people say it: `Every 2 weeks on Monday and Friday, until 3 Mar 2027`."""
    try:
        parts = read(text)
    except BadRuleError:
        return "Repeats"
    interval, unit = int(parts.get("INTERVAL", "1")), UNITS[parts["FREQ"]]
    said = f"Every {unit}" if interval == 1 else f"Every {interval} {unit}s"
    for name, say in SAYINGS.items():
        if name in parts:
            said += say(parts)
    return said + _end_words(parts)


def _list(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _month_words(parts: Parts) -> str:
    names = MONTHS.split()
    return f" in {_list([names[int(number) - 1] for number in parts['BYMONTH'].split(',')])}"


def _ordinal(number: int) -> str:
    if number < 0:
        return "last day" if number == -1 else f"{_ordinal(-number)} day from the end"
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _day_words(parts: Parts) -> str:
    days, place = parts["BYDAY"].split(","), parts.get("BYSETPOS", "")
    if set(days) == set(DAYS[:5]):
        return f" on the {_place(place)} weekday" if place else " on weekdays"
    return f" on {_list([_one_day(day, place) for day in days])}"


def _one_day(item: str, place: str) -> str:
    number, day = item[:-2].strip("+") or place, DAY_WORDS[DAYS.index(item[-2:])]
    return f"the {_place(number)} {day}" if number else day


def _place(number: str) -> str:
    return PLACES.get(int(number), number) if number.strip("-").isdigit() else number


def _monthday_words(parts: Parts) -> str:
    return f" on the {_list([_ordinal(int(day)) for day in parts['BYMONTHDAY'].split(',')])}"


SAYINGS = {"BYMONTH": _month_words, "BYMONTHDAY": _monthday_words, "BYDAY": _day_words}


def _end_words(parts: Parts) -> str:
    if "COUNT" in parts:
        left = int(parts["COUNT"])
        return f", {left} times" if left > 1 else ", once more"
    until = last_moment(parts, None)
    return f", until {until.day} {until:%b %Y}" if until else ""


def from_form(form: dict[str, str], due: datetime) -> str | None:
    """The rule that the form's fields describe; `due` is local. Raises BadRuleError.

    Fields: repeat (none, daily, weekly, monthly, yearly, custom), interval, weekday (joined by
    commas), monthly (day, last, weekday), ends (never, until, count), until, count, rule.
    """
    kind = form.get("repeat") or "none"
    if kind == "none":
        return None
    if kind == "custom":
        return write(read(form.get("rule", "")))
    parts = {"FREQ": kind.upper()}
    if (interval := form.get("interval") or "1") != "1":
        parts["INTERVAL"] = interval
    parts |= _choice(kind, form, due)
    if form.get("ends") == "until":
        parts["UNTIL"] = _last_day(form.get("until", ""))
    elif form.get("ends") == "count":
        parts["COUNT"] = form.get("count", "")
    return write(read(write(parts)))


def _choice(kind: str, form: dict[str, str], due: datetime) -> Parts:
    if kind == "weekly":
        return {"BYDAY": form.get("weekday") or DAYS[due.weekday()]}
    if kind == "yearly":
        return {"BYMONTH": str(due.month), "BYMONTHDAY": str(due.day)}
    if kind == "monthly":
        place = (due.day - 1) // 7 + 1
        return {
            "last": {"BYMONTHDAY": "-1"},
            "weekday": {"BYDAY": f"{-1 if place == 5 else place}{DAYS[due.weekday()]}"},
        }.get(form.get("monthly", "day"), {"BYMONTHDAY": str(due.day)})
    return {}


def _last_day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%Y%m%d}"
    except ValueError:
        raise BadRuleError("The last day reads 2026-11-30.") from None


def to_form(text: str | None, due: datetime | None) -> dict[str, str]:
    """The form's fields for a rule; what they cannot say is `custom`, with the rule as text."""
    blank = {"repeat": "none", "interval": "1", "weekday": "", "monthly": "day", "ends": "never",
             "until": "", "count": "", "rule": text or ""}  # fmt: skip
    if not text:
        return blank
    try:
        parts = read(text)
    except BadRuleError:
        return blank | {"repeat": "custom"}
    until = last_moment(parts, None)
    fields = blank | {
        "repeat": parts["FREQ"].lower(), "interval": parts.get("INTERVAL", "1"),
        "weekday": parts.get("BYDAY", "") if parts["FREQ"] == "WEEKLY" else "",
        "ends": "count" if "COUNT" in parts else "until" if until else "never",
        "count": parts.get("COUNT", ""), "until": f"{until:%Y-%m-%d}" if until else "",
    }  # fmt: skip
    if parts.get("BYMONTHDAY") == "-1":
        fields["monthly"] = "last"
    elif "BYDAY" in parts and parts["FREQ"] == "MONTHLY":
        fields["monthly"] = "weekday"
    return fields if _says(fields, parts, due) else blank | {"repeat": "custom"}


def _says(fields: dict[str, str], parts: Parts, due: datetime | None) -> bool:
    """Whether the form, sent unchanged, would give these parts again."""
    try:
        again = from_form(fields, due) if due else None
    except BadRuleError:
        return False
    return again is not None and read(again) == parts | (
        {"UNTIL": parts["UNTIL"][:8]} if "UNTIL" in parts else {}
    )
