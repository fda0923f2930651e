"""Contacts for the tests of this room: written straight into the tables, as the owner."""

from typing import Any
from uuid import UUID

import asyncpg
from selectolax.lexbor import LexborHTMLParser

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def add(admin: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """One row of a table; gives its id."""
    columns, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    made = await admin.fetchrow(
        f"insert into {table} ({columns}) values ({places}) returning id", *values.values()
    )
    assert made is not None
    return made["id"]


async def contact(admin: asyncpg.Connection, first: str = "", last: str = "", **more: Any) -> UUID:
    """A contact."""
    return await add(admin, "contacts", first_name=first, last_name=last, **more)


def page(html: str) -> Any:
    """The answer as a tree; loosely typed, a missing node fails the test where it is used."""
    return LexborHTMLParser(html)


def text(node: Any) -> str:
    """The words of a node or a whole page, spaces joined."""
    assert node is not None
    inner = node.body if isinstance(node, LexborHTMLParser) else node
    return " ".join(inner.text(separator=" ").split()) if inner else ""


def names(html: str) -> list[str]:
    """The names in the list, in order."""
    return [text(node) for node in page(html).css("tbody .who .truncate")]


def link(html: str, css: str) -> str:
    """The address of the first link that matches, or ''."""
    node = page(html).css_first(css)
    return (node.attributes.get("href") or "") if node else ""
