"""What of a contact's timeline is asked for: a kind, words, a day; and its items from there on.

A page's address holds all of it (?show=calls&q=roof, ?at=2026-03-01). Regions also carry `new`:
where the line "New" was when the page was opened, so that it stays when the items were read.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request
from markupsafe import Markup, escape

from crm import sql
from crm.db import Connection
from crm.http import Problem
from crm.web import local, zone

queries = sql.load("timeline")

ITEMS = 30
CAN_BE_READ = ("everything", "messages", "calls", "emails")
FIRST = UUID(int=0)
_WILD = re.compile(r"[\\%_]")

Place = tuple[datetime, UUID]  # an item's time and id


class SearchTerms:
    """The words that were typed; each must be somewhere in what an item says."""

    def __init__(self, typed: str = "") -> None:
        self.typed = typed.replace("\x00", "")
        self.words = self.typed.split()
        longest_first = sorted(map(re.escape, self.words), key=len, reverse=True)
        self._any = re.compile(f"({'|'.join(longest_first)})", re.IGNORECASE)

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        return self.typed

    @property
    def patterns(self) -> list[str] | None:
        """For LIKE; None when nothing is looked for."""
        return ["%" + _WILD.sub(r"\\\g<0>", word) + "%" for word in self.words] or None

    def mark(self, text: str | None) -> Markup:
        """The text, escaped, with every word that was looked for in a <mark>."""
        if not self.words:
            return escape(text or "")
        parts = self._any.split(text or "")
        return Markup("").join(
            Markup("<mark>{}</mark>").format(part) if number % 2 else part
            for number, part in enumerate(parts)
        )

    def beginning(self, text: str, length: int) -> str:
        """About `length` characters: the beginning of a text, or what is around the first hit."""
        hit = self._any.search(text) if self.words else None
        start = max(0, hit.start() - length // 3) if hit and hit.end() > length else 0
        part = text[start : start + length]
        return ("…" if start else "") + part + ("…" if start + length < len(text) else "")

    def lines(self, text: str) -> list[str]:
        """The first lines of a text that have one of the words."""
        return [line for line in text.splitlines() if self.words and self._any.search(line)][:5]


NO_TERMS = SearchTerms()


@dataclass(frozen=True)
class Asked:
    """What is shown of a timeline. A search looks at all of it, so it knows no day."""

    show: str = "everything"
    terms: SearchTerms = NO_TERMS
    day: date | None = None
    new: datetime | None = None

    def query(self, **changes: Any) -> str:
        """The query string of the page that shows this, with changes; "" for the plain timeline."""
        asked = replace(self, **changes)
        return _query(asked._values())

    def region(self, **changes: Any) -> str:
        """The query string of a region; before and after are places among the items."""
        places = {key: changes.pop(key) for key in ("before", "after") if key in changes}
        asked = replace(self, **changes)
        values = asked._values() | {"new": asked.new.isoformat() if asked.new else ""}
        return _query(
            values | {key: f"{at.isoformat()},{id_}" for key, (at, id_) in places.items()}
        )

    def _values(self) -> dict[str, str]:
        return {
            "show": "" if self.show == "everything" else self.show,
            "q": str(self.terms).strip(),
            "at": self.day.isoformat() if self.day else "",
        }

    def end_of_day(self, where: tzinfo) -> datetime | None:
        """The moment at which the day asked for is over; None: no day, the newest."""
        if self.day is None:
            return None
        return datetime.combine(self.day + timedelta(days=1), time.min, where)


def _query(values: dict[str, str]) -> str:
    text = urlencode({key: value for key, value in values.items() if value})
    return f"?{text}" if text else ""


def asked_for(
    show: Annotated[str, Query(max_length=20)] = "everything",
    q: Annotated[str, Query(max_length=200)] = "",
    at: Annotated[str, Query(max_length=20)] = "",
    new: Annotated[str, Query(max_length=40)] = "",
) -> Asked:
    """What an address asks for; raises Problem 422 for a day that is none."""
    terms = SearchTerms(q)
    try:
        day = date.fromisoformat(at) if at and not terms else None
        since = datetime.fromisoformat(new) if new else None
        if (day and not 1900 <= day.year <= 2200) or (since and since.tzinfo is None):
            raise ValueError(at)
    except ValueError:
        raise _wrong("at", "A date reads 2026-11-30.") from None
    return Asked(show or "everything", terms, day, since)


AskedFor = Annotated[Asked, Depends(asked_for)]


def read_place(text: str, field: str) -> Place:
    """`2026-11-22T09:14:00+00:00,<id>` as a place; raises Problem 422."""
    at, _, item = text.partition(",")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(item)
    except ValueError:
        raise _wrong(field, "This part of the timeline cannot be found.") from None


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, message, "", [{"field": field, "message": message}])


async def opening(
    connection: Connection, request: Request, contact_id: UUID, asked: Asked
) -> dict[str, Any]:
    """The timeline as a page opens with it: its end, the end of a day, or the newest found."""
    unread = dict(await queries.timeline_unread(connection, contact_id=contact_id))
    at_now = not asked.terms and asked.day is None
    asked = replace(asked, new=(unread["first_at"] or asked.new) if at_now else None)
    end = asked.end_of_day(zone(request))
    context = await before(connection, request, contact_id, asked, (end, FIRST) if end else None)
    following = None
    if end:
        later = queries.timeline_later(
            connection, contact_id=contact_id, show=asked.show, after_at=end, after_id=FIRST,
            row_limit=1,
        )  # fmt: skip
        following = (end, FIRST) if [row async for row in later] else None
    unread["here"] = at_now and unread["unread"] > 0 and asked.show in CAN_BE_READ
    return context | {"unread": unread, "following": following}


async def before(
    connection: Connection, request: Request, contact_id: UUID, asked: Asked, place: Place | None
) -> dict[str, Any]:
    """The newest items before a place, oldest first; `more` when there are still older ones."""
    items = await _items(connection, request, contact_id, asked, place)
    return {"asked": asked, "items": items[-ITEMS:], "more": len(items) > ITEMS}


async def after(
    connection: Connection, request: Request, contact_id: UUID, asked: Asked, place: Place
) -> dict[str, Any]:
    """The items that came next after a place; `following` is where still newer ones begin."""
    later = queries.timeline_later(
        connection, contact_id=contact_id, show=asked.show, after_at=place[0], after_id=place[1],
        row_limit=ITEMS + 1,
    )  # fmt: skip
    places = [(row["at"], row["id"]) async for row in later]
    items, last = [], None
    if places:
        last = places[:ITEMS][-1]
        end = (last[0], UUID(int=last[1].int + 1))
        items = await _items(connection, request, contact_id, asked, end)
    return {
        "asked": asked,
        "since": place[1],
        "items": [item for item in items if (item["at"], item["id"]) > place],
        "following": last if len(places) > ITEMS else None,
    }


async def _items(
    connection: Connection, request: Request, contact_id: UUID, asked: Asked, place: Place | None
) -> list[dict[str, Any]]:
    """One item more than a page, so that the first one shown knows the one before it."""
    at, id_ = place or (None, None)
    found = queries.timeline(
        connection, contact_id=contact_id, show=asked.show, patterns=asked.terms.patterns,
        before_at=at, before_id=id_, row_limit=ITEMS + 1,
    )  # fmt: skip
    return [_placed(local(row, zone(request)), asked) async for row in found]


def _placed(item: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """An item with what its place in the line means: a new day, the first unread, a new block."""
    last, at = item["previous_at"], item["at"]
    opens_day = last is None or last.date() != at.date()
    is_new = asked.new is not None and item["direction"] == "inbound" and at >= asked.new
    opens_new = is_new and (last is None or last < asked.new)
    starts = opens_day or opens_new or not item["goes_on"]
    return item | {
        "terms": asked.terms, "opens_day": opens_day, "opens_new": opens_new, "starts": starts,
    }  # fmt: skip
