"""Days as the visitor counts them: the groups of the agenda, a week, a month; moments as words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

GROUPS = ("overdue", "today", "tomorrow", "week", "later", "unscheduled")
GROUP_WORDS = {
    "overdue": "Overdue",
    "today": "Today",
    "tomorrow": "Tomorrow",
    "week": "This week",
    "later": "Later",
    "unscheduled": "Unscheduled",
}
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A group of the agenda: due in [begin, end), and whether what is overdue belongs to it."""

    name: str
    begin: datetime
    end: datetime


def midnight(day: date, where: tzinfo) -> datetime:
    """The moment a day begins, also where its midnight does not exist."""
    return datetime.combine(day, time(), where).astimezone(UTC)


def agenda(now: datetime, where: tzinfo) -> list[Stretch]:
    """The groups that have a date, in order; they touch each other and hold every moment.

    An all-day activity is due when its day begins and overdue 24 hours later, so today's group
    reaches that far back; what is overdue is told apart by the database.
    """
    today = now.astimezone(where).date()
    tomorrow, after = today + DAY, today + 2 * DAY
    monday = today + timedelta(days=7 - today.weekday())
    week_end = max(monday, after)
    marks = [midnight(day, where) for day in (tomorrow, after, week_end)]
    return [
        Stretch("overdue", ALWAYS, now),
        Stretch("today", now - DAY, marks[0]),
        Stretch("tomorrow", marks[0], marks[1]),
        Stretch("week", marks[1], marks[2]),
        Stretch("later", marks[2], NEVER),
    ]


def week_of(day: date) -> list[date]:
    """Monday to Sunday around a day."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=number) for number in range(7)]


def month_of(day: date) -> list[list[date]]:
    """The weeks that a month touches."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    weeks = [week_of(first)]
    while weeks[-1][-1] < last:
        weeks.append(week_of(weeks[-1][-1] + DAY))
    return weeks


def month_before(day: date) -> date:
    """The first of the month before."""
    return (day.replace(day=1) - DAY).replace(day=1)


def month_after(day: date) -> date:
    """The first of the next month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def moment(day: str, clock: str, where: tzinfo) -> datetime:
    """A date and a time as people type them; ValueError. 2:30 that does not exist is 3:30."""
    wall = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock) if clock else time())
    return wall.replace(tzinfo=where).astimezone(UTC)


def snoozed(choice: str, due: datetime | None, now: datetime, where: tzinfo) -> datetime:
    """Where a snooze moves an activity: hour, tomorrow (at 9:00), week (the same time next week).

    KeyError for another choice. "In an hour" counts from now, or from its time when that is later.
    """
    local = now.astimezone(where)
    ways = {
        "hour": lambda: max(now, due or now) + timedelta(hours=1),
        "tomorrow": lambda: _at(local.date() + DAY, time(9), where),
        "week": lambda: _at(
            local.date() + timedelta(days=7),
            due.astimezone(where).time() if due else time(9),
            where,
        ),
    }
    return ways[choice]()


def _at(day: date, clock: time, where: tzinfo) -> datetime:
    return datetime.combine(day, clock, where).astimezone(UTC)


def day_words(day: date, today: date) -> str:
    """`today`, `tomorrow`, `yesterday`, `Tue 14 Apr`, `14 Apr 2027`."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
    if near:
        return near
    return f"{day:%a} {day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


def due_words(due: datetime | None, all_day: bool, now: datetime, where: tzinfo) -> str:
    """When something is due: `today 14:30`, `Tue 14 Apr`, `no date`."""
    if due is None:
        return "no date"
    local = due.astimezone(where)
    day = day_words(local.date(), now.astimezone(where).date())
    return day if all_day else f"{day} {local:%H:%M}"
