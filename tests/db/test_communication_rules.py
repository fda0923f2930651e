"""What a message, call, e-mail, conversation or AI call may look like, and ids that come twice."""

from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from .rows import NOON, call, contact, email, insert, message, refused

TEXTS = [
    "pending",
    "queued",
    "sending",
    "sent",
    "delivered",
    "received",
    "read",
    "failed",
    "undelivered",
]
CALLS = [
    "queued",
    "ringing",
    "in-progress",
    "completed",
    "missed",
    "voicemail",
    "failed",
    "busy",
    "no-answer",
    "cancelled",
]


@pytest.mark.parametrize("status", TEXTS)
async def test_a_message_knows_this_status(conn: asyncpg.Connection, status: str) -> None:
    person = await contact(conn)
    assert await message(conn, person, status=status)
    async with refused(conn):
        await message(conn, person, status="lost")


@pytest.mark.parametrize("kind", ["sms", "mms", "whatsapp", "rcs"])
async def test_a_message_is_of_this_type(conn: asyncpg.Connection, kind: str) -> None:
    person = await contact(conn)
    assert await message(conn, person, message_type=kind)
    async with refused(conn):
        await message(conn, person, message_type="pigeon")


@pytest.mark.parametrize("number", ["+13055550100", "13055550100", "12345", "NORTHSIDE", "Acme 24"])
async def test_a_message_comes_from_a_number_a_short_code_or_a_sender_name(
    conn: asyncpg.Connection, number: str
) -> None:
    assert await message(conn, await contact(conn), phone_number=number)


@pytest.mark.parametrize("number", ["", "a sender name that is long", "(305) 555-0100"])
async def test_a_message_from_anything_else_is_refused(
    conn: asyncpg.Connection, number: str
) -> None:
    person = await contact(conn)
    async with refused(conn):
        await message(conn, person, phone_number=number)


async def test_a_message_has_segments_and_costs_nothing_or_more(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    assert await message(conn, person, segments=1, cost=Decimal("0.0079"))
    for wrong in ({"segments": 0}, {"cost": Decimal("-0.0001")}):
        async with refused(conn):
            await message(conn, person, **wrong)


async def test_every_direction_is_inbound_or_outbound(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for make in (message, call, email):
        for way in ("inbound", "outbound"):
            assert await make(conn, person, direction=way)
        async with refused(conn):
            await make(conn, person, direction="sideways")


@pytest.mark.parametrize("status", CALLS)
async def test_a_call_knows_this_status(conn: asyncpg.Connection, status: str) -> None:
    person = await contact(conn)
    assert await call(conn, person, status=status)
    async with refused(conn):
        await call(conn, person, status="lost")


async def test_a_call_does_not_end_before_it_begins(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    assert await call(conn, person, ended_at=NOON, duration=0)
    for wrong in (
        {"ended_at": NOON - timedelta(seconds=1)},
        {"duration": -1},
        {"cost": Decimal(-1)},
    ):
        async with refused(conn):
            await call(conn, person, **wrong)


async def test_a_providers_id_is_taken_once(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person, message_sid="SM1")
    await call(conn, person, call_sid="CA1")
    async with refused(conn, asyncpg.UniqueViolationError):
        await message(conn, person, message_sid="SM1")
    async with refused(conn, asyncpg.UniqueViolationError):
        await call(conn, person, call_sid="CA1")
    for _ in range(2):  # no id is not an id
        await message(conn, person, message_sid=None)
        await call(conn, person, call_sid=None)


async def test_one_email_may_go_to_two_contacts_but_once_to_each(conn: asyncpg.Connection) -> None:
    ann, ben = await contact(conn), await contact(conn)
    await email(conn, ann, message_id="<1@example.com>")
    await email(conn, ben, message_id="<1@example.com>")
    async with refused(conn, asyncpg.UniqueViolationError):
        await email(conn, ann, message_id="<1@example.com>")


async def test_attachments_are_a_list(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    assert await email(conn, person, attachments='[{"name": "offer.pdf"}]')
    async with refused(conn):
        await email(conn, person, attachments="{}")


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "voice"])
async def test_a_contact_has_one_thread_per_channel_and_number(
    conn: asyncpg.Connection, channel: str
) -> None:
    person = await contact(conn)
    key = {"contact_id": person, "channel": channel}
    await insert(conn, "conversations", **key, phone_number="+13055550100")
    await insert(conn, "conversations", **key, phone_number="+13055550101")
    await insert(conn, "conversations", **key)
    for again in ({"phone_number": "+13055550100"}, {}):
        async with refused(conn, asyncpg.UniqueViolationError):
            await insert(conn, "conversations", **key, **again)
    async with refused(conn):
        await insert(conn, "conversations", contact_id=person, channel="fax")


async def test_a_thread_never_counts_below_zero(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for wrong in ({"message_count": -1}, {"unread_count": -1}):
        async with refused(conn):
            await insert(conn, "conversations", contact_id=person, channel="sms", **wrong)


ASSISTANT = {"name": "Front desk", "model_provider": "openai", "model": "gpt-4o"}


async def test_an_assistant_works_with_any_vendor_but_within_sane_limits(
    conn: asyncpg.Connection,
) -> None:
    assert await insert(
        conn, "assistants", name="x", model_provider="a vendor of next year", model="m1"
    )
    for wrong in (
        {"max_duration_seconds": 0},
        {"silence_timeout_seconds": 0},
        {"success_rate": Decimal("100.01")},
        {"success_rate": Decimal(-1)},
    ):
        async with refused(conn):
            await insert(conn, "assistants", **ASSISTANT, **wrong)


async def test_no_column_of_an_assistant_or_a_number_is_a_secret(conn: asyncpg.Connection) -> None:
    sql = """
        select attrelid::regclass || '.' || attname from pg_attribute
        where attrelid = any(array['assistants', 'phone_numbers', 'vapi_calls']::regclass[])
          and attname ~ 'secret|token|password|api_key|credential'
    """
    assert await conn.fetch(sql) == []


async def test_our_own_number_is_international_and_ours_once(conn: asyncpg.Connection) -> None:
    await insert(conn, "phone_numbers", number="+13055550999", provider="twilio")
    async with refused(conn, asyncpg.UniqueViolationError):
        await insert(conn, "phone_numbers", number="+13055550999", provider="twilio")
    for wrong in ("13055550998", "3055550998", "+0305555099"):
        async with refused(conn):
            await insert(conn, "phone_numbers", number=wrong, provider="twilio")


async def test_a_number_can_do_voice_sms_mms_and_fax_only(conn: asyncpg.Connection) -> None:
    four = ["voice", "sms", "mms", "fax"]
    key = {"number": "+13055550999", "provider": "twilio"}
    async with refused(conn):
        await insert(conn, "phone_numbers", **key, capabilities=["telex"])
    assert await insert(conn, "phone_numbers", **key, capabilities=four)


async def test_an_ai_call_of_an_unknown_kind_is_not_lost(conn: asyncpg.Connection) -> None:
    assert await insert(
        conn, "vapi_calls", vapi_call_id="v1", type="holographicCall", status="pondering"
    )
    async with refused(conn, asyncpg.UniqueViolationError):
        await insert(conn, "vapi_calls", vapi_call_id="v1", type="webCall", status="ended")
    async with refused(conn):
        await insert(
            conn,
            "vapi_calls",
            type="webCall",
            status="ended",
            started_at=NOON,
            ended_at=NOON - timedelta(seconds=1),
        )
