"""Deals for the tests of this room: written straight into the tables, as the owner."""

from datetime import datetime
from typing import Any, cast
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


async def contact(admin: asyncpg.Connection, first: str = "Ann", **more: Any) -> UUID:
    """A contact."""
    return await add(admin, "contacts", first_name=first, **more)


async def deal(
    admin: asyncpg.Connection, name: str = "A deal", contact_id: UUID | None = None, **more: Any
) -> UUID:
    """A deal, of a new contact when none is given."""
    return await add(
        admin, "deals", name=name, contact_id=contact_id or await contact(admin), **more
    )


async def row(admin: asyncpg.Connection, deal_id: UUID) -> asyncpg.Record:
    """A deal as it is stored."""
    found = await admin.fetchrow("select * from deals where id = $1", deal_id)
    assert found is not None
    return found


async def version(admin: asyncpg.Connection, deal_id: UUID) -> str:
    """The version that a card of the deal carries."""
    return (await row(admin, deal_id))["updated_at"].isoformat()


async def now(admin: asyncpg.Connection) -> datetime:
    """The database's clock."""
    return await cast(Any, admin).fetchval("select now()")


def page(html: str) -> Any:
    """The answer as a tree; loosely typed, a missing node fails the test where it is used."""
    return LexborHTMLParser(html)


def text(node: Any) -> str:
    """The words of a node or a whole page, spaces joined."""
    assert node is not None
    inner = node.body if isinstance(node, LexborHTMLParser) else node
    return " ".join(inner.text(separator=" ").split()) if inner else ""


def column(html: str, stage: str) -> list[str]:
    """The names on the cards of a column, in order."""
    return [text(one) for one in page(html).css(f"#cards-{stage} .deal .t a")]


def head(html: str, stage: str) -> str:
    """The head of a column: its name, number and sum."""
    return text(page(html).css_first(f"#head-{stage}"))
