"""Calls and e-mails keep threads of their own, with the same numbers as messages."""

from typing import Any

import asyncpg
import pytest

from .rows import (
    call,
    change,
    contact,
    email,
    message,
    minutes,
    miscounted,
    read,
    thread,
    threads,
)


async def test_a_call_opens_a_voice_thread_under_their_number(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    inbound = await call(conn, person)
    outbound = await call(
        conn,
        person,
        direction="outbound",
        from_number="+13055550999",
        to_number="+13055550100",
        occurred_at=minutes(1),
    )
    opened = await thread(conn, person)
    assert (opened["channel"], opened["phone_number"]) == ("voice", "+13055550100")
    assert opened["message_count"] == 2
    assert opened["last_message_id"] == outbound
    for row in (inbound, outbound):
        assert (await read(conn, "calls", row))["conversation_id"] == opened["id"]


@pytest.mark.parametrize("status", ["missed", "voicemail"])
async def test_an_inbound_call_nobody_took_is_unread_until_seen(
    conn: asyncpg.Connection, status: str
) -> None:
    person = await contact(conn)
    row = await call(conn, person, status=status)
    assert (await thread(conn, person))["unread_count"] == 1
    await change(conn, "calls", row, read_at=minutes(5))
    assert (await thread(conn, person))["unread_count"] == 0


async def test_an_answered_or_an_outbound_call_is_never_unread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await call(conn, person)
    await call(conn, person, status="missed", direction="outbound", to_number="+13055550100")
    assert [row["unread_count"] for row in await threads(conn, person)] == [0]


async def test_a_ringing_call_becomes_unread_when_it_is_missed(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await call(conn, person, status="ringing")
    assert (await thread(conn, person))["unread_count"] == 0
    await change(conn, "calls", row, status="missed")
    assert (await thread(conn, person))["unread_count"] == 1
    await change(conn, "calls", row, status="completed")
    assert (await thread(conn, person))["unread_count"] == 0


async def test_all_emails_of_a_contact_are_one_thread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await email(conn, person)
    await email(conn, person, from_email="ann.work@example.com", direction="outbound")
    opened = await thread(conn, person)
    assert (opened["channel"], opened["phone_number"]) == ("email", "")
    assert (opened["message_count"], opened["unread_count"]) == (2, 1)


async def test_reading_an_email_counts_down(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await email(conn, person)
    await change(conn, "emails", row, read_at=minutes(2))
    assert (await thread(conn, person))["unread_count"] == 0


async def test_an_emails_subject_is_what_the_thread_shows(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await email(conn, person, subject="Offer for 12 Oak Street")
    assert (await thread(conn, person))["last_message_content"] == "Offer for 12 Oak Street"
    await change(conn, "emails", row, subject="A better offer")
    assert (await thread(conn, person))["last_message_content"] == "A better offer"


async def test_each_channel_counts_for_itself(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for make in (message, call, email):
        await make(conn, person)
    counts = {row["channel"]: row["message_count"] for row in await threads(conn, person)}
    assert counts == {"sms": 1, "voice": 1, "email": 1}


@pytest.mark.parametrize(("make", "table"), [(call, "calls"), (email, "emails")])
async def test_an_older_item_does_not_become_the_last(
    conn: asyncpg.Connection, make: Any, table: str
) -> None:
    person = await contact(conn)
    newest = await make(conn, person, occurred_at=minutes(5))
    await make(conn, person, occurred_at=minutes(1))
    assert (await thread(conn, person))["last_message_id"] == newest
    await conn.execute(f"delete from {table} where id = $1", newest)
    shown = await thread(conn, person)
    assert (shown["message_count"], shown["last_message_at"]) == (1, minutes(1))
    await conn.execute(f"delete from {table}")
    assert await miscounted(conn) == []


async def test_one_thread_may_hold_items_of_several_kinds(conn: asyncpg.Connection) -> None:
    """Explicitly filed there; the numbers and the last item are those of all kinds together."""
    person = await contact(conn)
    await message(conn, person, occurred_at=minutes(1))
    home = (await thread(conn, person))["id"]
    rung = await call(conn, person, conversation_id=home, status="missed", occurred_at=minutes(3))
    await email(conn, person, conversation_id=home, occurred_at=minutes(2))
    shown = await thread(conn, person)
    assert (shown["message_count"], shown["unread_count"]) == (3, 3)
    assert shown["last_message_id"] == rung
    await conn.execute("delete from calls where id = $1", rung)
    assert (await thread(conn, person))["last_message_at"] == minutes(2)
    assert await miscounted(conn) == []
