"""The list language: filters, sorts and cursors of lists, compiled from an allow-list.

A list is asked for by its URL: `?q=kim&f=status:in:lead,qualified&f=city:eq:Austin&sort=-created`;
`where` takes groups of filters (crm/values.py). Whatever is not in the list's table of columns is a
422 that names the field; values travel as parameters, never as SQL text. `crm/conditions.py`
compiles the filters, `crm/keyset.py` cuts the pages.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import QueryParams

from crm.conditions import Conditions, Listing, check
from crm.db import Connection
from crm.keyset import (
    BadCursorError,
    Key,
    Parameters,
    Stretch,
    read_cursor,
    stretches,
    write_cursor,
)
from crm.values import Filter, Group, invalid

PAGE = 50
MOST_ROWS = 200  # of one page
SEARCH_CAP = 1_000  # matches a search looks at; more is not a result but a reason to type more
SEARCH_LEAST = 2  # characters
TAG_IDS = "select lower(name) as name, id from tags where lower(name) = any ($1::text[])"


class ListQuery(BaseModel):
    """What a list's URL asks for, checked against the allow-list of its `listing`."""

    model_config = ConfigDict(frozen=True)
    listing: ClassVar[Listing]

    q: str = ""
    filters: tuple[Filter, ...] = ()
    where: Group | None = None
    sort: str = ""
    after: str = ""
    before: str = ""
    limit: int = PAGE

    @classmethod
    def parse(cls, params: QueryParams) -> Self:
        """Read `q`, `f` (repeated), `where`, `sort`, `after`, `before` and `limit`.

        `city=Austin` is short for `f=city:eq:Austin`. Raises Problem 422 with the name of an
        unknown field, operator or sort, or a bad value.
        """
        asked = [Filter.parse(text) for text in params.getlist("f") if text]
        asked += _shorthand(params, cls.listing)
        query = cls(
            q=" ".join(params.get("q", "").replace("\x00", "").split())[:200],
            filters=tuple(dict.fromkeys(asked)),
            where=Group.parse(params["where"]) if params.get("where") else None,
            sort=params.get("sort", ""),
            after=params.get("after", ""),
            before="" if params.get("after") else params.get("before", ""),
            limit=_limit(params.get("limit")),
        )
        for one in query.every_filter():
            check(cls.listing, one)
        if query.searching and not cls.listing.search:
            raise invalid("q", "This list cannot be searched.")
        query.start(query.keys())
        return query

    def every_filter(self) -> Iterator[Filter]:
        """The filters, also those within groups."""
        yield from self.filters
        if self.where:
            yield from self.where.filters()

    @property
    def filtered(self) -> bool:
        """Whether anything but the order is asked for."""
        return bool(self.filters or self.where or self.searching)

    def start(self, keys: list[Key]) -> list[str | None] | None:
        """The place in the cursor, by the sort keys in force; None on the first page."""
        cursor = self.after or self.before
        try:
            return read_cursor(cursor, self.sort_text, keys) if cursor else None
        except BadCursorError:
            raise invalid("cursor", "This page is not part of the list any more.") from None

    @property
    def searching(self) -> bool:
        """Whether `q` is long enough to search."""
        return len(self.q) >= SEARCH_LEAST

    @property
    def sort_text(self) -> str:
        """The sort in force."""
        return self.sort or self.listing.default_sort

    def keys(self) -> list[Key]:
        """The sort keys in force, ending with the id, which makes every position unique."""
        found: dict[str, Key] = {}
        for part in self.sort_text.split(","):
            name = part.removeprefix("-")
            if name not in self.listing.sorts:
                raise invalid("sort", f"This list cannot be sorted by “{name}”.")
            for key in self.listing.sorts[name]:
                found.setdefault(key.sql, replace(key, desc=part.startswith("-")))
        last = list(found.values())[-1]
        return [*found.values(), Key("c.id", "uuid", desc=last.desc)]

    def params(self, **changes: Any) -> list[tuple[str, str]]:
        """The canonical query string as pairs; a new filter, search or sort starts at page one."""
        now = self.model_copy(update={"after": "", "before": ""} | changes)
        pairs = [("q", now.q)] if now.q else []
        pairs += [("f", str(one)) for one in now.filters]
        pairs += [("where", str(now.where))] if now.where else []
        rest = (("sort", now.sort), ("after", now.after), ("before", now.before))
        pairs += [(name, value) for name, value in rest if value]
        return pairs + ([("limit", str(now.limit))] if now.limit != PAGE else [])

    def url(self, path: str, **changes: Any) -> str:
        """The address of this list with `changes`."""
        text = urlencode(self.params(**changes), safe=":,")
        return f"{path}?{text}" if text else path

    def without(self, gone: Filter) -> tuple[Filter, ...]:
        """The filters but one."""
        return tuple(one for one in self.filters if one != gone)


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of one page in order, the cursors of its neighbours ('' for none), and the total."""

    ids: list[UUID]
    previous: str
    next: str
    total: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Records of one page in order, and the cursors of its neighbours ('' for none)."""

    records: list[Any]
    previous: str
    next: str


async def fetch_page(connection: Connection, query: ListQuery, count_cap: int) -> Page:
    """The page `query` asks for, as the caller may see it; its total is counted to `count_cap`."""
    async with planned_for_values(connection):
        asked = await prepare(connection, query)
        rows = await fetch_rows(connection, asked, "c.id")
        everything = not (rows.next or query.after or query.before)
        total = (
            len(rows.records) if everything else await count_matches(connection, asked, count_cap)
        )
    return Page([row["id"] for row in rows.records], rows.previous, rows.next, total)


async def count(connection: Connection, query: ListQuery) -> int:
    """How many rows match exactly."""
    async with planned_for_values(connection):
        return await count_matches(connection, await prepare(connection, query), None)


@asynccontextmanager
async def planned_for_values(connection: Connection) -> AsyncIterator[None]:
    """Statements within get a plan for their values.

    A plan for any city walks the newest contacts until it has fifty of the city: 0.1 ms for a
    common one, the whole table for one that nobody lives in.
    """
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    yield
    await connection.execute("set local plan_cache_mode = auto")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, what its search found (None: it has none), and the ids of its tags by name."""

    query: ListQuery
    found: list[UUID] | None
    tags: dict[str, str]

    def conditions(self, parameters: Parameters, *, counting: bool) -> str:
        """Everything of the `where` but the place of the page; 'true' when there is nothing."""
        listing = self.query.listing
        compiled = Conditions(listing, parameters, self.tags, counting)
        parts = [listing.always] if listing.always else []
        if self.found is not None:
            parts.append(f"c.id = any ({parameters.bind(self.found, 'uuid[]')})")
        parts += [compiled.of(one) for one in self.query.filters]
        parts += [compiled.of(self.query.where)] if self.query.where else []
        return " and ".join(parts) or "true"


async def prepare(connection: Connection, query: ListQuery) -> Asked:
    """Looks up what the statement of a list needs before: ids of tags, matches of a search."""
    # The planner knows how many contacts a tag has when it sees the tag's id, not its name: a list
    # of a rare tag begins at the tag, one of a common tag at the newest contacts.
    names = [one.value.lower() for one in query.every_filter() if one.op == "has-tag"]
    tags = {}
    if names:
        tags = {row["name"]: str(row["id"]) for row in await connection.fetch(TAG_IDS, names)}
    found = None
    if query.searching:
        found = await connection.fetchval(query.listing.search, query.q, SEARCH_CAP)
    return Asked(query, found, tags)


async def fetch_rows(connection: Connection, asked: Asked, select: str) -> Rows:
    """The records of the page that is asked for: the expressions of `select`, over alias `c`."""
    query, keys = asked.query, asked.query.keys()
    rows: list[Any] = []
    for stretch in stretches(keys, query.start(keys), forward=not query.before):
        if (wanted := query.limit + 1 - len(rows)) > 0:
            text, values = _page_statement(asked, select, keys, stretch, wanted)
            rows += await connection.fetch(text, *values)
    places = [[row[f"k{n}"] for n in range(len(keys))] for row in rows]
    shown = rows[: query.limit]
    return Rows(shown[::-1] if query.before else shown, *_cursors(query, places))


async def fetch_json(connection: Connection, asked: Asked, body: str) -> tuple[str, str, str]:
    """The page as JSON: what `body` gives for its rows, with commas between, and the two cursors.

    The rows come in one message: fifty cost the driver more than everything else of a list.
    """
    query, keys = asked.query, asked.query.keys()
    places: list[tuple[str | None, ...]] = []
    parts: list[str] = []
    for stretch in stretches(keys, query.start(keys), forward=not query.before):
        if (wanted := query.limit + 1 - len(places)) > 0:
            rows, values = _page_statement(asked, f"{body} as body", keys, stretch, wanted)
            order = "order by p.place desc" if query.before else ""
            lists = ", ".join(f"array_agg(p.k{n})" for n in range(len(keys)))
            text = (
                f"select string_agg(p.body, ',' {order}) filter (where p.place < {wanted:d}),"  # noqa: S608
                f" {lists} from (select r.*, row_number() over () as place from ({rows}) r) p"
            )
            joined, *found = (await connection.fetch(text, *values))[0]
            places += zip(*(one or () for one in found), strict=True)
            parts += [joined] if joined else []
    return ",".join(parts[::-1] if query.before else parts), *_cursors(query, places)


def _cursors(query: ListQuery, places: Sequence[Sequence[str | None]]) -> tuple[str, str]:
    """What leads to the previous page and to the next one; empty where there is none.

    `places`: the sort keys of the rows as they were fetched, one more than the page shows if any.
    """
    shown = places[: query.limit]
    if not shown:
        return "", ""
    more = len(places) > query.limit
    following, previous = (shown[0], shown[-1]) if query.before else (shown[-1], shown[0])
    has_next, has_previous = (True, more) if query.before else (more, bool(query.after))
    return (
        write_cursor(query.sort_text, previous) if has_previous else "",
        write_cursor(query.sort_text, following) if has_next else "",
    )


async def count_matches(connection: Connection, asked: Asked, cap: int | None) -> int:
    """How many rows match, counted to `cap`."""
    if asked.found is not None and not (asked.query.filters or asked.query.where):
        return len(asked.found)
    parameters = Parameters()
    where = asked.conditions(parameters, counting=cap is None)
    limit = f" limit {cap:d}" if cap is not None else ""
    table = asked.query.listing.table
    text = f"select count(*) from (select from {table} c where {where}{limit}) matching"  # noqa: S608
    return int(await connection.fetchval(text, *parameters.values) or 0)


def _page_statement(
    asked: Asked, select: str, keys: list[Key], stretch: Stretch, limit: int
) -> tuple[str, list[Any]]:
    parameters = Parameters()
    unfiltered = 0 if asked.query.filtered else limit
    begin = stretch.where(parameters, unfiltered)
    where = " and ".join([asked.conditions(parameters, counting=False), *begin])
    places = ", ".join(f"({key.sql})::text as k{n}" for n, key in enumerate(keys))
    text = (
        f"select {select}, {places} from {asked.query.listing.table} c where {where}"  # noqa: S608
        f" order by {stretch.order} limit {limit:d}"
    )
    return text, parameters.values


def _limit(text: str | None) -> int:
    if not text:
        return PAGE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_ROWS:
        raise invalid("limit", f"A page has 1 to {MOST_ROWS} rows.")
    return int(text)


def _shorthand(params: QueryParams, listing: Listing) -> list[Filter]:
    found = []
    for name in listing.columns.keys() & params.keys():
        column = listing.columns[name]
        values = [value.strip() for value in params.getlist(name) if value.strip()]
        if column.kind == "tag":
            found += [Filter(field=name, op="has-tag", value=value) for value in values]
        elif len(values) > 1:
            joined = ",".join(value.replace(",", "\\,") for value in values)
            found.append(Filter(field=name, op="in", value=joined))
        elif values == ["none"]:
            found.append(Filter(field=name, op="is-null", value="true"))
        elif values:
            found.append(Filter(field=name, op="eq", value=values[0]))
    return found
