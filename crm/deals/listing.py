"""What the board and the list are asked for: pipeline, owner, words, and the list's filters."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self
from uuid import UUID

from starlette.datastructures import QueryParams

from crm.conditions import Listing
from crm.db import Identity
from crm.filters import ListQuery
from crm.keyset import Key
from crm.values import EQUALITY, RANGE, TAGGED, Column, Filter, invalid

NOBODY = UUID(int=0)
STAGE_KEY = re.compile(r"[a-z][a-z0-9_]*")
# Fields whose filter is written by their name alone: `owner=me` for `f=owner:eq:me`.
SHORT = re.compile(r"(pipeline|owner|stage):eq:(.+)", re.DOTALL)
STAGE_PLACE = "array_position(array[{}], c.stage::text)"

DEALS = Listing(
    table="deals",
    always="c.deleted_at is null",
    columns={
        "pipeline": Column("c.pipeline"),
        "stage": Column("c.stage"),
        "owner": Column("c.assigned_to", "uuid", EQUALITY),
        "contact": Column("c.contact_id", "uuid", EQUALITY),
        "tag": Column("", "tag", TAGGED),
        "name": Column("c.name"),
        "source": Column("c.source"),
        "competitor": Column("c.competitor"),
        # Empty is none, as the dashboard counts it.
        "won_reason": Column("nullif(c.won_reason, '')"),
        "lost_reason": Column("nullif(c.lost_reason, '')"),
        "currency": Column("c.currency"),
        "value": Column("c.value", "number", RANGE),
        "probability": Column("c.probability", "number", RANGE),
        "close": Column("c.expected_close_date", "date", RANGE),
        "closed": Column("c.actual_close_date", "date", RANGE),
        "entered": Column("c.stage_changed_at", "moment", RANGE),
        "created": Column("c.created_at", "moment", RANGE),
        "updated": Column("c.updated_at", "moment", RANGE),
    },
    sorts={
        "name": (Key("c.name", "text"),),
        "value": (Key("c.value", "numeric"),),
        "close": (Key("c.expected_close_date", "date", nullable=True),),
        "stage": (Key("c.stage", "text"), Key("c.position", "float8")),
        "created": (Key("c.created_at", "timestamptz"),),
        "updated": (Key("c.updated_at", "timestamptz"),),
    },
    default_sort="-updated",
    search="select array(select app.search_deal_ids($1, $2))",
    tagged="select dt.deal_id from deal_tags dt where dt.tag_id = {}",
)


class DealFilter(ListQuery):
    """The board or the list of deals, and what it is narrowed to."""

    listing = DEALS
    view: str = "board"
    as_of: str = ""
    stage_order: tuple[str, ...] = ()

    @classmethod
    def parse(cls, params: QueryParams) -> Self:
        """As ListQuery, and `view` (board, list) and `as_of` (a day); raises Problem 422."""
        query = super().parse(params)
        view = "list" if params.get("view") == "list" else "board"
        day = params.get("as_of", "") if view == "board" else ""
        if day:
            _read_day(day)
        return query.model_copy(update={"view": view, "as_of": day})

    def keys(self) -> list[Key]:
        """The sort keys; stages come in the order of their pipeline when `stage_order` is set."""
        words = ", ".join(f"'{key}'" for key in self.stage_order if STAGE_KEY.fullmatch(key))
        place = Key(STAGE_PLACE.format(words or "null::text"), "integer", nullable=True)
        found = super().keys()
        if not self.stage_order:
            return found
        return [replace(place, desc=key.desc) if key.sql == "c.stage" else key for key in found]

    def params(self, **changes: Any) -> list[tuple[str, str]]:
        """The canonical query string as pairs."""
        now = self.model_copy(update=changes)
        pairs = [("view", "list")] if now.view == "list" else []
        for name, text in super().params(**changes):
            short = SHORT.fullmatch(text) if name == "f" else None
            if short:
                pairs.append((short[1], short[2]))
            elif (name, text) == ("f", "owner:is-null:true"):
                pairs.append(("owner", "none"))
            else:
                pairs.append((name, text))
        return pairs + ([("as_of", now.as_of)] if now.as_of else [])

    def of(self, field: str) -> str:
        """The one value that `field` must have, `none` for empty, '' when anything will do."""
        for one in self.filters:
            if one.field == field and one.op == "eq":
                return one.value
            if (one.field, one.op, one.value) == (field, "is-null", "true"):
                return "none"
        return ""

    def having(self, field: str, text: str) -> tuple[Filter, ...]:
        """The filters with another value of `field`; '' takes its filter away."""
        others = tuple(one for one in self.filters if one.field != field)
        if not text:
            return others
        if text == "none":
            return (*others, Filter(field=field, op="is-null", value="true"))
        return (*others, Filter(field=field, op="eq", value=text))

    def short(self) -> tuple[Filter, ...]:
        """The filters that the board knows too."""
        return tuple(one for one in self.filters if one.field in ("pipeline", "owner"))

    def owner_id(self, me: Identity) -> UUID | None:
        """Whose deals the board shows: NOBODY's, a person's, or None for everybody's."""
        text = self.of("owner")
        if text in ("", "none", "me"):
            return {"": None, "none": NOBODY, "me": me.user_id}[text]
        return UUID(text)

    def until(self, where: tzinfo) -> datetime | None:
        """The end of the day the board is shown as of, in the visitor's time; None for now."""
        if not self.as_of:
            return None
        return datetime.combine(_read_day(self.as_of) + timedelta(days=1), time(), where)


def _read_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise invalid("as_of", f"“{text[:40]}” is not a day.") from None
    if not 2000 <= day.year < 2200:
        raise invalid("as_of", f"“{text[:40]}” is not a day.")
    return day


def today(where: tzinfo = UTC) -> date:
    """The day it is for the visitor."""
    return datetime.now(where).date()
