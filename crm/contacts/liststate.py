"""The state of the list of contacts: its query, view, columns and density, and their address."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import QueryParams

from crm import sql
from crm.contacts import columns, words
from crm.contacts.listing import ContactFilter, CustomField, filter_with
from crm.db import Connection, Identity
from crm.values import Filter, Group, invalid

PATH = "/contacts"
DENSITIES = ("compact", "comfortable", "roomy")
STATED = {"q", "f", "where", "sort", "columns", "density", "after", "before", "limit"}
TABS = 5
queries = sql.load("contacts")


@dataclass(frozen=True, slots=True)
class View:
    """A saved view; `mine`: the caller may change it."""

    id: str
    name: str
    shared: bool
    mine: bool
    state: dict[str, Any]

    def params(self) -> QueryParams:
        """What it says, as an address would."""
        state = self.state
        pairs = [("f", text) for text in state.get("f", [])]
        pairs += [(key, str(state[key])) for key in ("q", "where", "sort", "density")
                  if state.get(key)]  # fmt: skip
        pairs += [("columns", ",".join(state["columns"]))] if state.get("columns") else []
        return QueryParams([*pairs, ("view", self.id)])


@dataclass(frozen=True, slots=True)
class Known:
    """What the page looks up once: choices of filters, own fields, views, preferences."""

    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    fields: tuple[CustomField, ...] = ()
    views: tuple[View, ...] = ()
    density: str = "comfortable"
    columns: tuple[str, ...] = ()
    may_write: bool = False

    def view(self, view_id: str) -> View | None:
        """A view by its id."""
        return next((one for one in self.views if one.id == view_id), None)


async def look_up(connection: Connection, user: Identity, stages: list[tuple[str, str]]) -> Known:
    """One query for everything around the table; `stages` as (key, words)."""
    choices: dict[str, list[tuple[str, str]]] = defaultdict(list, stage=stages)
    fields, views = [], []
    density, chosen = "comfortable", ()
    async for row in queries.filter_choices(connection):
        kind, value, label, more = row["kind"], row["value"], row["label"], row["more"]
        if kind == "field":
            fields.append(CustomField(value, label, more["kind"], tuple(more["choices"])))
        elif kind == "view":
            admin = more["shared"] and user.role in ("owner", "admin")
            mine = more["user"] == str(user.user_id) or admin
            views.append(View(value, label, more["shared"], mine, more["state"]))
        elif kind == "preference":
            density, chosen = value, tuple(filter(None, label.split(",")))
        else:
            choices[kind].append((value, label))
    may_write = user.role != "viewer"
    return Known(choices, tuple(fields), tuple(views), density, chosen, may_write)


@dataclass(frozen=True, slots=True)
class ListState:
    """What the list shows and how; templates ask it for addresses."""

    query: ContactFilter
    known: Known
    view: View | None
    asked_columns: tuple[str, ...] = ()  # in the address
    asked_density: str = ""

    @classmethod
    def read(cls, params: QueryParams, known: Known) -> "ListState":
        """The state in an address; one that names only a view has the state of the view."""
        view = known.view(params.get("view", ""))
        if params.get("view") and view is None:
            raise invalid("view", "This view does not exist any more, or is not yours to see.")
        if view and not STATED & set(params):
            params = view.params()
        density = params.get("density", "")
        if density and density not in DENSITIES:
            raise invalid("density", "Rows are compact, comfortable or roomy.")
        query = filter_with(known.fields).parse(params)
        every = columns.every(known.fields)
        keys = tuple(dict.fromkeys(key for key in params.get("columns", "").split(",") if key))
        for key in keys:
            if key not in every:
                raise invalid("columns", f"There is no column “{key[:60]}”.")
        return cls(query, known, view, keys, density)

    @property
    def tabs(self) -> tuple[View, ...]:
        """The views that are tabs: the first ones, the one that is open always among them."""
        first = self.known.views[:TABS]
        return (*first[:-1], self.view) if self.view and self.view not in first else first

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the columns in force, without the name's; empty: the usual ones."""
        of_view = tuple(self.view.state.get("columns", [])) if self.view else ()
        return self.asked_columns or of_view or self.known.columns

    @property
    def columns(self) -> tuple[columns.Column, ...]:
        """The columns in force."""
        return columns.chosen(self.keys, self.known.fields)

    @property
    def density(self) -> str:
        """How high rows are."""
        of_view = self.view.state.get("density", "") if self.view else ""
        return self.asked_density or of_view or self.known.density

    @property
    def group(self) -> Group | None:
        """The group of the address when it is no list of chips."""
        where = self.query.where
        flat = where and all(isinstance(part, Filter) for part in where.parts)
        return where if where and (not flat or self.query.filters) else None

    @property
    def match(self) -> str:
        """Whether all or any of the chips must hold."""
        return self.query.where.match if self.query.where and not self.group else "all"

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters that are shown as chips."""
        if self.query.where and not self.group:
            return tuple(part for part in self.query.where.parts if isinstance(part, Filter))
        return self.query.filters

    @property
    def chips(self) -> list[words.Chip]:
        """The filters in words."""
        return [words.chip(one, self.known.fields, self.known.choices) for one in self.filters]

    def filtered_by(self, filters: tuple[Filter, ...], match: str = "") -> dict[str, Any]:
        """The changes of the query that make these filters its chips."""
        match = match or self.match
        if self.group:
            return {"filters": filters}
        if match == "any" and len(filters) > 1:
            return {"filters": (), "where": Group(match="any", parts=filters)}
        return {"filters": filters, "where": None}

    def without(self, gone: Filter) -> str:
        """The address of the list without a filter."""
        left = tuple(one for one in self.filters if one != gone)
        return self.url(**self.filtered_by(left))

    def params(self, **changes: Any) -> list[tuple[str, str]]:
        """The address as pairs, with changes of the query; within a view everything is said."""
        pairs = self.query.params(**changes)
        asked = list(self.asked_columns)
        if self.view:
            if not any(name == "sort" for name, _ in pairs):
                pairs.append(("sort", self.query.sort_text))
            pairs.insert(0, ("view", self.view.id))
        pairs += [("columns", ",".join(asked))] if asked else []
        return pairs + ([("density", self.asked_density)] if self.asked_density else [])

    def url(self, path: str = PATH, **changes: Any) -> str:
        """The address of the list with changes of the query."""
        text = urlencode(self.params(**changes), safe=":,")
        return f"{path}?{text}" if text else path

    @property
    def text(self) -> str:
        """The query string of this list, from its first page."""
        return urlencode(self.params(), safe=":,")

    def saved(self) -> dict[str, Any]:
        """What a view of this state keeps."""
        query = self.query
        state: dict[str, Any] = {"f": [str(one) for one in query.filters], "sort": query.sort_text}
        state |= {"where": str(query.where)} if query.where else {}
        state |= {"q": query.q} if query.q else {}
        keys = self.asked_columns or self.keys
        state |= {"columns": list(keys)} if keys else {}
        return state | {"density": self.density}

    @property
    def changed(self) -> bool:
        """Whether the list differs from its view."""
        if self.view is None:
            return False
        clean = ListState.read(QueryParams([("view", self.view.id)]), self.known)
        return clean.saved() != self.saved()


def uuids(text: str) -> list[UUID]:
    """Ids parted by commas; raises Problem 422."""
    try:
        return list(dict.fromkeys(UUID(part) for part in text.split(",") if part))
    except ValueError:
        raise invalid("ids", "This is not an id.") from None
