"""The columns of tables and views, their types and rules, as PostgreSQL's catalogue has them.

The API's shapes are made from these, so a column or a rule is written once: in db/schema.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm import sql
from crm.db import Connection

queries = sql.load("api")

_CHOICES = re.compile(r"^CHECK \(\(\(?\w+\)?(?:::text)? = ANY \(.*ARRAY\[(.*?)\]", re.DOTALL)
_TEXT = re.compile(r"'((?:[^']|'')*)'::")
_BOUND = re.compile(r"\(\w+ (>=|>|<=) \(?(-?\d+)\)?(?:::numeric)?\)")
_PATTERN = re.compile(r"~ '((?:[^']|'')*)'::text")


@dataclass(frozen=True, slots=True)
class CatalogueColumn:
    """One column: its PostgreSQL type, whether it may be empty or left out, and its rules."""

    name: str
    type: str
    not_null: bool
    has_default: bool
    comment: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    not_blank: bool = False
    is_array: bool = False  # of a jsonb column: an array, not an object

    @property
    def base(self) -> str:
        """The type without its size: 'character varying' of 'character varying(100)'."""
        return self.type.split("(")[0]

    @property
    def size(self) -> tuple[int, ...]:
        """The numbers in the type: (100,) of varchar(100), (15, 2) of numeric(15,2)."""
        found = re.search(r"\(([\d,]+)\)", self.type)
        return tuple(int(part) for part in found[1].split(",")) if found else ()


Catalogue = dict[str, dict[str, CatalogueColumn]]


async def read(connection: Connection, tables: Iterable[str]) -> Catalogue:
    """The columns of each table by name, in the order of the table."""
    found: Catalogue = {}
    async for row in queries.catalogue(connection, tables=list(tables)):
        column = CatalogueColumn(
            row["name"],
            row["type"],
            row["not_null"],
            row["has_default"],
            row["comment"],
            **_rules(row["checks"]),
        )
        found.setdefault(row["table_name"], {})[row["name"]] = column
    return found


def _rules(checks: Iterable[str]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    for check in checks:
        if choices := _CHOICES.match(check):
            rules["choices"] = tuple(text.replace("''", "'") for text in _TEXT.findall(choices[1]))
        elif pattern := _PATTERN.search(check):
            rules["pattern"] = pattern[1].replace("''", "'").replace("[:space:]", r"\s")
        elif "btrim(" in check and "<> ''" in check:
            rules["not_blank"] = True
        elif "jsonb_typeof" in check:
            rules["is_array"] = "'array'" in check
        elif " OR " not in check:
            for sign, number in _BOUND.findall(check):
                name = "most" if sign == "<=" else "least"
                rules[name] = int(number) + (sign == ">")
    return rules
