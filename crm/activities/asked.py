"""What the address of the activities asks for: view, owner, type and day; read and written."""

import datetime as dt
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams

from crm.activities.days import GROUPS
from crm.activities.models import TYPES
from crm.db import Identity
from crm.http import Problem

VIEWS = ("agenda", "week", "month")


@dataclass(frozen=True, slots=True)
class Asked:
    """The address `?view=week&owner=all&date=2026-11-30`; owner is me, all, none or an id."""

    view: str = "agenda"
    owner: str = "me"
    type: str = ""
    date: dt.date | None = None
    group: str = ""
    after: str = ""

    @classmethod
    def parse(cls, params: QueryParams) -> "Asked":
        """Raises Problem 422 that names what cannot be understood."""
        asked = cls(
            params.get("view") or "agenda", params.get("owner") or "me", params.get("type", ""),
            _date(params.get("date", "")), params.get("group", ""), params.get("after", ""),
        )  # fmt: skip
        known = {"view": VIEWS, "type": ("", *TYPES), "group": ("", *GROUPS)}
        for name, words in known.items():
            if getattr(asked, name) not in words:
                raise _wrong(name)
        if asked.owner not in ("me", "all", "none"):
            _uuid("owner", asked.owner)
        asked.place()
        return asked

    def whose(self, me: Identity) -> dict[str, Any]:
        """The values of the queries that say whose activities, and of which type."""
        owner = {"me": me.user_id, "all": None, "none": None}
        someone = owner[self.owner] if self.owner in owner else UUID(self.owner)
        kind = self.owner if self.owner in ("all", "none") else "one"
        return {"whose": kind, "owner": someone, "kind": self.type}

    def place(self) -> tuple[datetime | None, UUID | None]:
        """Where a page of a group begins: the moment and the id of the row before."""
        if not self.after:
            return None, None
        at, _, row = self.after.partition("~")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise _wrong("after") from None
        if moment.tzinfo is None:
            raise _wrong("after")
        return moment, _uuid("after", row)

    def day(self, now: datetime, where: tzinfo) -> dt.date:
        """The day to show; today when none was asked for."""
        return self.date or now.astimezone(where).date()

    def url(self, **changes: Any) -> str:
        """The address with changes; what is as always is left out."""
        new = replace(self, **({"after": "", "group": ""} | changes))
        usual = Asked()
        pairs = [
            (name, str(value))
            for name in ("view", "owner", "type", "date", "group", "after")
            if (value := getattr(new, name)) != getattr(usual, name)
        ]
        return f"/activities?{urlencode(pairs)}" if pairs else "/activities"


def _date(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise _wrong("date") from None
    if found and not 1900 < found.year < 2200:
        raise _wrong("date")
    return found


def _uuid(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _wrong(name) from None


def _wrong(name: str) -> Problem:
    message = f"“{name}” in the address has a value that this page does not know."
    return Problem(
        422, "This address cannot be shown", message, [{"field": name, "message": message}]
    )
