"""What a resource of the API is: a table or view, what may be asked of it, and what may be changed.

A room declares `RESOURCES = (Resource(…),)` in its api.py; types, lengths and choices come from the
catalogue of the database when the program starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.api.catalogue import CatalogueColumn
from crm.conditions import Listing
from crm.filters import ListQuery
from crm.keyset import Key
from crm.values import OPERATORS, Column, Kind

READ = frozenset({"list", "read"})
WRITE = frozenset({"list", "read", "create", "update", "delete"})
BULK = WRITE | {"bulk"}

KINDS: dict[str, Kind] = {
    "uuid": "uuid", "character varying": "text", "text": "text", "integer": "number",
    "bigint": "number", "numeric": "number", "double precision": "number", "boolean": "bool",
    "date": "date", "timestamp with time zone": "moment", "text[]": "words",
}  # fmt: skip
ALWAYS_READ_ONLY = frozenset({"id", "created_at", "updated_at", "deleted_at"})


@dataclass(frozen=True)
class Resource:
    """One resource. SQL in it is over the alias `c` of its table.

    `read_only`: columns that only the database writes; `author`: the column that gets the caller
    on create; `includes`: expressions that give JSON, by the name in `include=`; `filters`: what
    may be asked besides the columns; `unfilterable`: columns too long to compare; `clean`: for a
    column, what makes its final form of a text and the default region; `trash`: deleting only
    moves it there; `only`: the columns to show (empty: all); `scope`: the word in scopes;
    `default_filter`: holds for lists that do not ask for its field.
    """

    name: str
    table: str
    title: str
    description: str
    sorts: Mapping[str, tuple[Key, ...]]
    default_sort: str
    actions: frozenset[str] = READ
    plural: str = ""
    default_filter: str = ""
    read_only: frozenset[str] = frozenset()
    author: str = ""
    includes: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, Column] = field(default_factory=dict)
    unfilterable: frozenset[str] = frozenset()
    search: str = ""
    tagged: str = ""
    clean: Mapping[str, Callable[[str, str], str]] = field(default_factory=dict)
    trash: bool = False
    only: tuple[str, ...] = ()
    scope: str = ""
    example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def its_scope(self) -> str:
        """The word in scopes: the resource's own name, if not said otherwise."""
        return self.scope or self.name

    @property
    def many(self) -> str:
        """Its title for several."""
        return self.plural or f"{self.title}s"

    @property
    def path(self) -> str:
        """Below /api/v1."""
        return f"/{self.name}"


class KnownResource:
    """A resource together with its columns: its lists, and which columns may be written."""

    def __init__(self, resource: Resource, columns: Mapping[str, CatalogueColumn]) -> None:
        self.resource = resource
        shown = resource.only or tuple(columns)
        self.columns = {name: columns[name] for name in shown}
        fixed = ALWAYS_READ_ONLY | resource.read_only | {resource.author}
        self.writable = tuple(name for name in self.columns if name not in fixed)
        live = "c.deleted_at is null" if resource.trash else ""
        self.live = self._listing(live)
        self.trashed = self._listing("c.deleted_at is not null") if resource.trash else None

    def _listing(self, always: str) -> type[ListQuery]:
        resource = self.resource
        own = {
            name: Column(f"c.{name}", kind, OPERATORS[kind])
            for name, column in self.columns.items()
            if (kind := KINDS.get(column.type) or KINDS.get(column.base))
            and name not in resource.unfilterable
        }
        listing = Listing(
            table=resource.table,
            columns=own | dict(resource.filters),
            sorts=resource.sorts,
            default_sort=resource.default_sort,
            always=always,
            search=resource.search,
            tagged=resource.tagged,
        )
        return type(f"{resource.table}_query", (ListQuery,), {"listing": listing})


def newest(column: str, sql_type: str = "timestamptz") -> dict[str, tuple[Key, ...]]:
    """A sort by one column that is never empty."""
    return {column: (Key(f"c.{column}", sql_type),)}
