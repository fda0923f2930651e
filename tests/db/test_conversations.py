"""Messages and their threads: found or made, counted, moved, read, edited and deleted."""

from uuid import uuid4

import asyncpg

from .rows import (
    change,
    contact,
    insert,
    message,
    minutes,
    miscounted,
    read,
    refused,
    thread,
    threads,
)


async def test_a_first_message_opens_a_thread_and_the_next_one_joins_it(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    first = await message(conn, person)
    second = await message(conn, person, direction="outbound", occurred_at=minutes(1))
    opened = await thread(conn, person)
    assert (opened["channel"], opened["phone_number"]) == ("sms", "+13055550100")
    for row in (first, second):
        assert (await read(conn, "messages", row))["conversation_id"] == opened["id"]
    assert (opened["message_count"], opened["unread_count"]) == (2, 1)


async def test_another_number_or_whatsapp_is_another_thread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person)
    await message(conn, person, phone_number="+13055550101")
    await message(conn, person, message_type="whatsapp")
    keys = [(row["channel"], row["phone_number"]) for row in await threads(conn, person)]
    assert keys == [
        ("sms", "+13055550100"),
        ("sms", "+13055550101"),
        ("whatsapp", "+13055550100"),
    ]


async def test_sms_mms_and_rcs_of_one_number_are_one_thread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for kind in ("sms", "mms", "rcs"):
        await message(conn, person, message_type=kind)
    assert (await thread(conn, person))["message_count"] == 3


async def test_a_message_without_a_number_has_a_thread_too(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for _ in range(2):
        await message(conn, person, phone_number=None)
    opened = await thread(conn, person)
    assert (opened["phone_number"], opened["message_count"]) == ("", 2)


async def test_two_contacts_with_one_number_have_two_threads(conn: asyncpg.Connection) -> None:
    ann, ben = await contact(conn), await contact(conn)
    await message(conn, ann)
    await message(conn, ben)
    assert (await thread(conn, ann))["id"] != (await thread(conn, ben))["id"]


async def test_a_given_thread_is_kept(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    given = await insert(
        conn, "conversations", contact_id=person, channel="sms", phone_number="12345"
    )
    row = await message(conn, person, conversation_id=given)
    assert (await read(conn, "messages", row))["conversation_id"] == given
    assert (await thread(conn, person))["message_count"] == 1


async def test_the_thread_shows_its_newest_message_whatever_order_they_came_in(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    newest = await message(conn, person, content="last word", occurred_at=minutes(30))
    await message(conn, person, content="older", direction="outbound", occurred_at=minutes(10))
    shown = await thread(conn, person)
    assert shown["last_message_id"] == newest
    assert shown["last_message_content"] == "last word"
    assert shown["last_message_at"] == minutes(30)
    assert shown["last_message_direction"] == "inbound"
    assert shown["message_count"] == 2


async def test_of_two_messages_of_one_moment_the_greater_id_is_last(
    conn: asyncpg.Connection,
) -> None:
    person, ids = await contact(conn), sorted([uuid4(), uuid4()], reverse=True)
    for row in ids:
        await message(conn, person, id=row)
    assert (await thread(conn, person))["last_message_id"] == max(ids)


async def test_a_long_message_is_previewed_in_two_hundred_characters(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    await message(conn, person, content="ü" * 500)
    assert (await thread(conn, person))["last_message_content"] == "ü" * 200


async def test_only_an_inbound_message_nobody_read_is_unread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person)
    await message(conn, person, read_at=minutes(5))
    await message(conn, person, direction="outbound")
    assert (await thread(conn, person))["unread_count"] == 1


async def test_reading_and_unreading_change_the_number_once(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    rows = [await message(conn, person) for _ in range(3)]
    for _ in range(2):  # the second time there is nothing left to read
        await conn.execute("update messages set read_at = now() where id = any($1)", rows[:2])
        assert (await thread(conn, person))["unread_count"] == 1
    await change(conn, "messages", rows[0], read_at=None)
    assert (await thread(conn, person))["unread_count"] == 2


async def test_a_message_that_changes_direction_changes_the_unread_number(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    row = await message(conn, person)
    await change(conn, "messages", row, direction="outbound")
    shown = await thread(conn, person)
    assert (shown["unread_count"], shown["last_message_direction"]) == (0, "outbound")


async def test_a_delivery_report_leaves_the_thread_alone(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await message(conn, person, direction="outbound", status="sent")
    before = await thread(conn, person)
    await change(conn, "messages", row, status="delivered", delivered_at=minutes(1))
    assert await thread(conn, person) == before


async def test_an_edited_text_is_shown_if_it_is_the_last(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    old = await message(conn, person)
    last = await message(conn, person, occurred_at=minutes(1))
    await change(conn, "messages", old, content="no longer hello")
    assert (await thread(conn, person))["last_message_content"] == "hello"
    await change(conn, "messages", last, content="edited")
    assert (await thread(conn, person))["last_message_content"] == "edited"


async def test_a_message_that_moves_in_time_moves_in_the_thread(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    one = await message(conn, person, occurred_at=minutes(1))
    two = await message(conn, person, occurred_at=minutes(2))
    await change(conn, "messages", one, occurred_at=minutes(3))
    assert (await thread(conn, person))["last_message_id"] == one
    await change(conn, "messages", one, occurred_at=minutes(0))
    shown = await thread(conn, person)
    assert (shown["last_message_id"], shown["last_message_at"]) == (two, minutes(2))


async def test_deleting_the_last_message_shows_the_one_before(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person, content="first")
    row = await message(conn, person, content="second", occurred_at=minutes(1))
    await conn.execute("delete from messages where id = $1", row)
    shown = await thread(conn, person)
    assert (shown["message_count"], shown["unread_count"]) == (1, 1)
    assert shown["last_message_content"] == "first"


async def test_a_thread_whose_messages_are_gone_is_empty(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person)
    await conn.execute("delete from messages")
    shown = await thread(conn, person)
    assert (shown["message_count"], shown["unread_count"]) == (0, 0)
    last = ("last_message_id", "last_message_at", "last_message_content", "last_message_direction")
    assert [shown[name] for name in last] == [None] * 4


async def test_a_message_that_moves_to_another_thread_is_counted_there(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    row = await message(conn, person, occurred_at=minutes(9))
    await message(conn, person, occurred_at=minutes(1))
    other = await message(conn, person, phone_number="+13055550101")
    target = (await read(conn, "messages", other))["conversation_id"]
    await change(conn, "messages", row, conversation_id=target)
    left, right = await threads(conn, person)
    assert (left["message_count"], right["message_count"]) == (1, 2)
    assert (left["unread_count"], right["unread_count"]) == (1, 2)
    assert (left["last_message_at"], right["last_message_id"]) == (minutes(1), row)
    await change(conn, "messages", row, conversation_id=None)
    assert (await read(conn, "conversations", target))["message_count"] == 1
    assert await miscounted(conn) == []


async def test_deleting_a_thread_keeps_its_messages(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await message(conn, person)
    await conn.execute("delete from conversations")
    assert (await read(conn, "messages", row))["conversation_id"] is None


async def test_a_thousand_messages_in_one_statement_are_counted(conn: asyncpg.Connection) -> None:
    people = [await contact(conn) for _ in range(7)]
    await conn.execute(
        """
        insert into messages (contact_id, direction, message_type, status, content, phone_number,
                              occurred_at)
        select ($1::uuid[])[1 + n % 7], case when n % 3 = 0 then 'outbound' else 'inbound' end,
               'sms', 'received', 'n' || n, '+1305555010' || n % 2,
               $2::timestamptz + n % 50 * interval '1 minute'
        from generate_series(1, 1000) n
        """,
        people,
        minutes(0),
    )
    assert await conn.fetchval("select sum(message_count) from conversations") == 1000
    assert await conn.fetchval("select count(*) from conversations") == 14
    assert await miscounted(conn) == []


async def test_a_thread_that_does_not_exist_is_refused(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    async with refused(conn, asyncpg.ForeignKeyViolationError):
        await message(conn, person, conversation_id=uuid4())
        await conn.execute("set constraints all immediate")


async def test_a_message_given_to_another_contact_goes_into_that_contacts_thread(
    conn: asyncpg.Connection,
) -> None:
    """What merging two contacts does."""
    ann, ben = await contact(conn), await contact(conn)
    moved = await message(conn, ann)
    await message(conn, ben)
    await change(conn, "messages", moved, contact_id=ben)
    assert (await thread(conn, ben))["message_count"] == 2
    assert (await thread(conn, ann))["message_count"] == 0
    assert await miscounted(conn) == []


async def test_wrong_numbers_can_be_repaired(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person)
    await conn.execute(
        "update conversations set message_count = 9, unread_count = 9, last_message_at = null"
    )
    assert len(await miscounted(conn)) == 1
    row = (await thread(conn, person))["id"]
    await conn.execute("select refresh_conversation_stats($1)", [row])
    assert await miscounted(conn) == []


async def test_statements_that_touch_no_message_are_harmless(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await message(conn, person)
    before = await thread(conn, person)
    await conn.execute("update messages set content = 'x' where false")
    await conn.execute("delete from messages where false")
    await conn.execute("insert into messages select * from messages where false")
    assert await thread(conn, person) == before
