"""app.search runs past the policies, so it must give exactly what they allow, of every kind."""

import random
from uuid import UUID

import asyncpg
import pytest

from .people import STRANGER, Workspace, acting_as, set_visibility, workspace
from .rows import NOON, activity, call, contact, deal, email, insert, message, value

WORD = "lighthouse"
# Every kind: the table, and the text that is searched, as it is read through the policies.
TEXTS = {
    "contacts": ("contacts", "concat_ws(' ', first_name, last_name, llc_name, property_address)"),
    "deals": ("deals", "concat_ws(' ', name, next_step, notes)"),
    "activities": ("activities", "concat_ws(' ', title, description)"),
    "messages": ("messages", "content"),
    "emails": ("emails", "subject || ' ' || body"),
    "calls": ("calls", "concat_ws(' ', notes, transcript)"),
    "vapi-calls": ("vapi_calls", "concat_ws(' ', summary, transcript)"),
    "documents": ("documents", "concat_ws(' ', name, original_name)"),
}
SCOPES = [
    "",
    *(f"{kind}:read" for kind in TEXTS),
    "contacts:read messages:read documents:read",
    "contacts:write deals:write",
    "deals:read documents:read activities:read",
    "tags:read settings:write",
]


async def everything(conn: asyncpg.Connection, users: list[UUID | None]) -> None:
    """Contacts of everybody and nobody, some in the bin, each with something of every kind."""
    chance = random.Random(5)

    def said(other: str) -> str:
        return f"about the {WORD}" if chance.random() < 0.7 else other

    for n in range(24):
        person = await contact(
            conn,
            first_name=f"Person{n}",
            llc_name=said("Oak LLC"),
            assigned_to=chance.choice(users),
            deleted_at=NOON if n % 6 == 5 else None,
        )
        one = await deal(
            conn, person, name=said("a house"), deleted_at=NOON if n % 5 == 4 else None
        )
        task = await activity(conn, chance.choice([None, person]), deal_id=one, title=said("tidy"))
        await activity(conn, None, title="none", description=said("nobody's"))
        await message(conn, person, content=said("hello"))
        await email(conn, person, subject=said("hi"), body=said("bye"))
        await call(conn, person, notes=said("") or None, transcript=said("well"))
        await insert(
            conn, "vapi_calls", status="ended", summary=said("none"), transcript=said("hm"),
            contact_id=chance.choice([None, person]),
        )  # fmt: skip
        for owner in ({"contact_id": person}, {"deal_id": one}, {"activity_id": task}, {}):
            await insert(
                conn, "documents", name=said("deed.pdf"), file_path="x", **owner,
                is_archived=chance.random() < 0.2,
            )  # fmt: skip


# Rows in the bin, and what hangs on them; read as the owner of the tables.
IN_BIN = """
    with binned as (select id from contacts where deleted_at is not null),
    deal as (select id from deals where deleted_at is not null
             or contact_id in (select id from binned)),
    task as (select id from activities where contact_id in (select id from binned)
             or contact_id is null and deal_id in (select id from deal))
    select id from binned union all select id from deal union all select id from task
    union all select id from messages where contact_id in (select id from binned)
    union all select id from emails where contact_id in (select id from binned)
    union all select id from calls where contact_id in (select id from binned)
    union all select id from vapi_calls where contact_id in (select id from binned)
    union all select id from documents where is_archived or contact_id in (select id from binned)
        or contact_id is null and deal_id in (select id from deal)
        or contact_id is null and deal_id is null and activity_id in (select id from task)
"""


async def allowed(conn: asyncpg.Connection, kind: str, in_bin: set[UUID]) -> set[UUID]:
    table, text = TEXTS[kind]
    rows = await conn.fetch(f"select id from {table} where {text} like '%{WORD}%'")
    return {row["id"] for row in rows} - in_bin


async def found(conn: asyncpg.Connection, q: str, *kinds: str) -> list[asyncpg.Record]:
    return await conn.fetch("select * from app.search($1, $2, 100)", q, list(kinds) or None)


async def titles(conn: asyncpg.Connection, q: str, *kinds: str) -> list[str]:
    return [row["title"] for row in await found(conn, q, *kinds)]


async def use_scopes(conn: asyncpg.Connection, scopes: str) -> None:
    text = f" {scopes} " if scopes else ""
    await conn.execute("select set_config('app.scopes', $1, true)", text)


async def members(conn: asyncpg.Connection) -> Workspace:
    made = await workspace(conn)
    await everything(conn, [None, made.users["mei"], made.users["tariq"]])
    return made


@pytest.mark.parametrize("rule", ["team", "assigned"])
async def test_search_finds_exactly_what_the_policies_allow(
    conn: asyncpg.Connection, rule: str
) -> None:
    made = await members(conn)
    await set_visibility(conn, rule)
    in_bin = {row["id"] for row in await conn.fetch(IN_BIN)}
    sizes = dict[tuple[str, str], int]()
    for name, user in [*made.users.items(), ("stranger", STRANGER)]:
        for scopes in SCOPES:
            async with acting_as(conn, user):
                await use_scopes(conn, scopes)
                rows = await found(conn, WORD)
                for kind in TEXTS:
                    ids = {row["id"] for row in rows if row["kind"] == kind}
                    assert ids == await allowed(conn, kind, in_bin), (name, scopes, kind)
                assert len(rows) == len({row["id"] for row in rows})
            await use_scopes(conn, "")
            sizes[name, scopes] = len(rows)
    assert sizes["stranger", ""] == sizes["inactive", ""] == sizes["owner", SCOPES[-1]] == 0
    assert sizes["owner", ""] > 80
    assert sizes["viewer", "messages:read"] > 8
    assert (sizes["mei", ""] < sizes["owner", ""]) == (rule == "assigned")


async def test_without_the_scope_contacts_no_name_of_a_contact_is_told(
    conn: asyncpg.Connection,
) -> None:
    made = await members(conn)
    async with acting_as(conn, made.users["owner"]):
        assert "Person" in str(await found(conn, WORD, "messages", "emails", "deals", "calls"))
        await use_scopes(conn, " ".join(f"{kind}:read" for kind in TEXTS if kind != "contacts"))
        rows = await found(conn, WORD)
        assert {row["kind"] for row in rows} == set(TEXTS) - {"contacts"}
        assert "Person" not in str(rows)
        assert await found(conn, "persn3") == []


async def test_a_name_that_may_not_be_seen_corrects_nothing(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    await contact(conn, first_name="Zebediah", assigned_to=made.users["tariq"])
    for name, count in (("tariq", 1), ("mei", 0), ("owner", 1)):
        async with acting_as(conn, made.users[name]):
            assert len(await found(conn, "zebedih")) == count, name


async def test_nobody_reads_the_dictionary_or_calls_the_parts(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["owner"]):
        for sql in (
            "select * from app.name_words",
            "select app.near_name_words('jonson')",
            "select * from app.found_records('messages', 'x', array['x'], 5)",
            "select * from app.search_candidates('contacts', 'contacts', 't.id', 'updated_at', 9, "
            "'true', 'true', '1', 'true', 5)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with conn.transaction():
                    await conn.fetch(sql)


async def test_anon_may_not_search(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    async with acting_as(conn, None):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await conn.fetch("select * from app.search('anna')")


HOSTILE = [
    "%", "_", "\\", "%_\\%", "'", "''; drop table contacts; --", '"', "a' | b:*", "!(", "<->", "-",
    "- -", "or or or", '"unclosed', "(((((", ":*", "&", "%s %1$s %L", "$1", "\t\n", " ", "+",
    "x'y:z&w",
    "a" * 10_000, "ab " * 4_000, "é" * 300, "🏠 house", "\u202e", "00000000000", "1" * 200, "٣٤٥",
    "o'neil-ruiz & sons (texas)", "\\x00", "#1", "@@", "a:b", "a@b", "1-2-3-4",
]  # fmt: skip


async def test_whatever_is_typed_is_only_looked_for(conn: asyncpg.Connection) -> None:
    made = await members(conn)
    async with acting_as(conn, made.users["owner"]):
        for typed in HOSTILE:
            for row in await found(conn, typed):
                assert row["corrected"] is None, typed
        for nothing in ("", "   ", None):
            assert await found(conn, nothing) == []  # pyright: ignore[reportArgumentType]


async def test_it_finds_a_row_whatever_its_pending_list_holds(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    for n in range(300):
        await message(conn, made.contacts["none"], content=f"needle{n} in the haystack")
    async with acting_as(conn, made.users["viewer"]):
        (row,) = await found(conn, "needle299")
        assert row["detail"] == "needle299 in the haystack"
        assert len(await found(conn, "haystack")) == 100


async def test_a_long_text_does_not_break_its_index(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    words = " ".join(f"word{n}" for n in range(300_000))
    await email(conn, made.contacts["none"], body=words)
    await call(conn, made.contacts["none"], transcript=words)
    assert await value(conn, "select count(*) from emails where length(body) > 1000000") == 1
