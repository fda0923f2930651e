"""What an activity's form sends: shapes are checked here, rules by the constraints of the table."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

import asyncpg

from crm.activities import days, rules

FieldError = dict[str, str]  # {"field": …, "message": …}

TYPES = {
    "task": ("Task", "check"),
    "call": ("Call", "phone"),
    "meeting": ("Meeting", "users"),
    "appointment": ("Appointment", "map-pin"),
    "follow_up": ("Follow-up", "refresh-cw"),
    "email": ("Email", "mail"),
    "text": ("Text message", "message-square"),
    "demo": ("Demo", "monitor"),
    "note": ("Note", "sticky-note"),
}
PRIORITIES = [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("urgent", "Urgent")]
# Minutes before, as the form offers them; others are kept and shown in minutes.
REMINDERS = [
    ("0", "At the time"), ("5", "5 minutes before"), ("15", "15 minutes before"),
    ("30", "30 minutes before"), ("60", "1 hour before"), ("120", "2 hours before"),
    ("1440", "1 day before"), ("10080", "1 week before"),
]  # fmt: skip
DURATIONS = [
    ("15", "15 minutes"), ("30", "30 minutes"), ("45", "45 minutes"), ("60", "1 hour"),
    ("90", "1½ hours"), ("120", "2 hours"), ("180", "3 hours"), ("240", "4 hours"),
    ("480", "8 hours"),
]  # fmt: skip
REPEATS = [
    ("none", "Does not repeat"), ("daily", "Daily"), ("weekly", "Weekly"), ("monthly", "Monthly"),
    ("yearly", "Yearly"), ("custom", "By a rule (RRULE)"),
]  # fmt: skip
LABELS = {
    "title": "Title", "type": "Type", "contact_id": "Contact", "deal_id": "Deal",
    "due_day": "Date", "due_time": "Time", "duration_minutes": "Duration",
    "reminder_minutes": "Reminder", "priority": "Priority", "assigned_to": "Owner",
    "location": "Location", "description": "Description", "repeat": "Repeats",
    "rule": "Rule", "interval": "Every", "until": "Last day", "count": "Times",
}  # fmt: skip
BLANK = dict.fromkeys([*LABELS, "weekday", "monthly", "ends", "all_day", "contact"], "")
LONGEST = {"title": 500, "location": 500, "description": 20_000, "rule": 500}
MOST_MINUTES = 525_600  # a year


def blank(**values: str) -> dict[str, str]:
    """The fields of a new activity."""
    start = {"type": "task", "priority": "medium", "repeat": "none", "interval": "1",
             "monthly": "day", "ends": "never"}  # fmt: skip
    return BLANK | start | values


def from_row(row: Mapping[str, Any], where: tzinfo) -> dict[str, str]:
    """The fields of an activity as the form shows them, its moment in the visitor's time."""
    due = row["due_date"].astimezone(where) if row["due_date"] else None
    shown = {name: "" if row.get(name) is None else str(row[name]) for name in BLANK}
    return shown | rules.to_form(row["recurrence_rule"], due) | {
        "due_day": f"{due:%Y-%m-%d}" if due else "",
        "due_time": f"{due:%H:%M}" if due and not row["is_all_day"] else "",
        "all_day": "true" if row["is_all_day"] else "",
        "contact": row["contact_name"] or "",
    }  # fmt: skip


class Form:
    """A sent form: `values` for the table, `errors` for the person, `shown` as it was typed."""

    def __init__(self, sent: Mapping[str, Any], where: tzinfo) -> None:
        self.errors: list[FieldError] = []
        texts = {name: str(sent.get(name, "")).strip() for name in BLANK}
        getlist = getattr(sent, "getlist", None)
        if getlist:
            texts["weekday"] = ",".join(str(day) for day in getlist("weekday"))
        self.shown = texts
        self.values: dict[str, Any] = {}
        if any("\x00" in text for text in texts.values()):
            self.wrong("", "The text holds characters that cannot be stored.")
            return
        self._words()
        self._numbers()
        self._due(where)
        self._repeat(where)

    def wrong(self, field: str, message: str) -> None:
        """Note what is wrong with a field."""
        self.errors.append({"field": field, "message": message})

    def _words(self) -> None:
        texts = self.shown
        for name, longest in LONGEST.items():
            if len(texts[name]) > longest:
                self.wrong(name, f"At most {longest} characters.")
        if not texts["title"]:
            self.wrong("title", "Say what is to be done.")
        for name, known in (("type", TYPES), ("priority", dict(PRIORITIES))):
            if texts[name] not in known:
                self.wrong(name, f"This {name} does not exist.")
        self.values |= {name: texts[name] for name in ("type", "title", "priority")}
        for name in ("description", "location"):
            self.values[name] = texts[name] or None
        for name in ("contact_id", "deal_id", "assigned_to"):
            self.values[name] = self._id(name)

    def _id(self, name: str) -> UUID | None:
        text = self.shown[name]
        try:
            return UUID(text) if text else None
        except ValueError:
            self.wrong(name, f"This {LABELS[name].lower()} does not exist.")
            return None

    def _numbers(self) -> None:
        for name in ("duration_minutes", "reminder_minutes"):
            text = self.shown[name]
            self.values[name] = None
            if text.isascii() and text.isdigit() and int(text) <= MOST_MINUTES:
                self.values[name] = int(text)
            elif text:
                self.wrong(name, "This is not a number of minutes, of a year at most.")

    def _due(self, where: tzinfo) -> None:
        day, clock = self.shown["due_day"], self.shown["due_time"]
        all_day = bool(day) and (self.shown["all_day"] == "true" or not clock)
        self.values |= {"due_date": None, "is_all_day": all_day}
        if clock and not day:
            self.wrong("due_day", "A time needs a date.")
        if not day:
            if self.shown["reminder_minutes"]:
                self.wrong("due_day", "A reminder needs a date.")
            return
        try:
            due = days.moment(day, "" if all_day else clock, where)
        except (ValueError, OverflowError):
            self.wrong("due_day", "A date reads 2026-11-30, a time 14:30.")
            return
        if not datetime(1900, 1, 1, tzinfo=UTC) <= due < days.NEVER:
            self.wrong("due_day", "This date is too far away.")
            return
        self.values["due_date"] = due

    def _repeat(self, where: tzinfo) -> None:
        self.values["recurrence_rule"] = None
        repeat, due = self.shown["repeat"] or "none", self.values["due_date"]
        if repeat == "none":
            return
        if repeat not in dict(REPEATS):
            self.wrong("repeat", "It cannot repeat like this.")
        elif due is None:
            if not any(one["field"] == "due_day" for one in self.errors):
                self.wrong("due_day", "What repeats needs a date to begin with.")
        else:
            self._rule(due, where)

    def _rule(self, due: datetime, where: tzinfo) -> None:
        custom = self.shown["repeat"] == "custom"
        try:
            rule = rules.from_form(self.shown, due.astimezone(where))
            once_more = rule and ("COUNT=1" not in rule.split(";"))
            if rule and once_more and rules.following(rule, due, where, due) is None:
                raise rules.BadRuleError("No day follows by this rule.")
            self.values["recurrence_rule"] = rule
        except rules.BadRuleError as error:
            ends = {"until": "until", "count": "count"}.get(self.shown["ends"], "repeat")
            self.wrong("rule" if custom else ends, str(error))


def rule_error(error: asyncpg.PostgresError) -> FieldError | None:
    """The field whose rule the database found broken, or None when it was no rule of a field."""
    name = getattr(error, "constraint_name", None) or ""
    column = name.removeprefix("activities_").removesuffix("_check").removesuffix("_fkey")
    if not name.startswith("activities_") or column not in LABELS:
        return None
    if name.endswith("_fkey"):
        return {"field": column, "message": f"This {LABELS[column].lower()} does not exist."}
    return {"field": column, "message": f"This is not right for {LABELS[column].lower()}."}
