"""app.search_contact_ids runs past the policies, so it must give exactly what they would allow."""

import random
from uuid import UUID

import asyncpg
import pytest

from .people import STRANGER, acting_as, set_visibility, workspace
from .rows import NOON, contact

NAMES = [
    "Anna",
    "Ben",
    "Chloé",
    "Dora",
    "Emil",
    "Fatima",
    "Goran",
    "Hanna",
    "Ivo",
    "Jana",
    "O'Neil",
    "d_ot",
    "100%",
]
CITIES = ("Miami", "Fort Lauderdale", "Key West", "Ocala")
QUERIES = ["anna", "ann", "an", "b", "miami anna", "oak", "fort laud", "555", "3055550", "_", "%",
           "100%", "d_o", "O'N", "chloé", "CHLO", "nobody at all", "\\", "o", "llc"]  # fmt: skip
TEXT = """
    contact_search_text(first_name, last_name, llc_name, email1, email2, email3,
                        phone1, phone2, phone3, property_address, city)
"""


async def many_contacts(conn: asyncpg.Connection, users: list[UUID | None]) -> None:
    chance = random.Random(11)
    for n in range(150):
        await contact(
            conn,
            first_name=chance.choice(NAMES),
            last_name=chance.choice(NAMES),
            llc_name=chance.choice([None, None, "Oak Holdings LLC"]),
            city=chance.choice(CITIES),
            phone1=f"+1305555{n:04}",
            property_address=f"{n} Oak Street",
            assigned_to=chance.choice(users),
            deleted_at=NOON if n % 13 == 0 else None,
        )


def matches(text: str, query: str) -> bool:
    """Every word somewhere in it; a word of one or two letters at the beginning of a word.

    Only digits: a phone number, and any part of it of four digits or more.
    """
    if query.isdigit() and len(query) >= 4:
        return query in text
    padded = f" {text.lower()}"
    words = query.lower().split()
    return all((word if len(word) > 2 else f" {word}") in padded for word in words)


async def allowed(conn: asyncpg.Connection, query: str) -> set[UUID]:
    """By the policies: the acting person reads every row they may, and we look for the words."""
    rows = await conn.fetch(f"select id, {TEXT} as text from contacts where deleted_at is null")
    return {row["id"] for row in rows if matches(row["text"], query)}


async def found(conn: asyncpg.Connection, query: str) -> list[UUID]:
    rows = await conn.fetch("select * from app.search_contact_ids($1, 10000)", query)
    return [row[0] for row in rows]


@pytest.mark.parametrize("rule", ["team", "assigned"])
async def test_search_finds_exactly_what_the_policies_allow(
    conn: asyncpg.Connection, rule: str
) -> None:
    made = await workspace(conn)
    await set_visibility(conn, rule)
    await many_contacts(conn, [None, made.users["mei"], made.users["tariq"]])
    sizes = dict[str, int]()
    for name, user in [*made.users.items(), ("stranger", STRANGER)]:
        async with acting_as(conn, user):
            for query in QUERIES:
                ids = await found(conn, query)
                assert len(ids) == len(set(ids))
                assert set(ids) == await allowed(conn, query), (name, query)
            sizes[name] = len(await found(conn, "oak"))
    assert sizes["stranger"] == sizes["inactive"] == 0
    assert sizes["owner"] > 100
    assert (sizes["mei"] < sizes["owner"]) == (rule == "assigned")


@pytest.mark.parametrize(
    "typed", ["+1 305 555 0042", "(305) 555-0042", "1-305-555-0042", "305.555.0042", "0042"]
)
async def test_a_phone_number_is_found_in_any_notation(
    conn: asyncpg.Connection, typed: str
) -> None:
    made = await workspace(conn)
    await many_contacts(conn, [None])
    async with acting_as(conn, made.users["viewer"]):
        (row,) = await found(conn, typed)
        assert (
            await conn.fetchval("select phone1 from contacts where id = $1", row) == "+13055550042"
        )


@pytest.mark.parametrize("nothing", ["", "   ", None])
async def test_searching_for_nothing_finds_nothing(
    conn: asyncpg.Connection, nothing: str | None
) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["owner"]):
        assert await conn.fetch("select * from app.search_contact_ids($1)", nothing) == []


async def test_anon_may_not_search(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    async with acting_as(conn, None):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("select * from app.search_contact_ids('anna')")
        # The error ended the transaction's usefulness: leave the role through a new one.
        await conn.execute("rollback")
        await conn.execute("begin")
