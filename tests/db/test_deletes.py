"""What goes with a deleted row, what stays, and what stays right afterwards."""

import asyncpg

from .rows import (
    activity,
    call,
    contact,
    deal,
    email,
    insert,
    message,
    miscounted,
    read,
    value,
)


async def count(conn: asyncpg.Connection, table: str) -> int:
    return await value(conn, f"select count(*) from {table}")


async def test_erasing_a_contact_takes_its_communication_deals_and_tags(
    conn: asyncpg.Connection,
) -> None:
    person, other = await contact(conn), await contact(conn)
    tag = await insert(conn, "tags", name="buyer")
    for owner in (person, other):
        row = await deal(conn, owner)
        await insert(conn, "contact_tags", contact_id=owner, tag_id=tag)
        await insert(conn, "deal_tags", deal_id=row, tag_id=tag)
        await activity(conn, owner, deal_id=row)
        for make in (message, call, email):
            await make(conn, owner)
    await conn.execute("delete from contacts where id = $1", person)
    gone = [
        "contacts",
        "contact_tags",
        "messages",
        "calls",
        "emails",
        "activities",
        "deals",
        "deal_tags",
        "deal_stage_history",
    ]
    assert {table: await count(conn, table) for table in gone} == dict.fromkeys(gone, 1)
    assert (await count(conn, "conversations"), await count(conn, "tags")) == (3, 1)
    assert await miscounted(conn) == []


async def test_erasing_a_contact_keeps_its_files_and_the_vendors_bills(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    row = await deal(conn, person)
    file = await insert(
        conn, "documents", name="deed", file_path="x/deed.pdf", contact_id=person, deal_id=row
    )
    rung = await call(conn, person)
    bill = await insert(
        conn, "vapi_calls", type="webCall", status="ended", contact_id=person, call_id=rung
    )
    await conn.execute("delete from contacts where id = $1", person)
    kept = await read(conn, "documents", file)
    assert (kept["contact_id"], kept["deal_id"], kept["file_path"]) == (None, None, "x/deed.pdf")
    kept = await read(conn, "vapi_calls", bill)
    assert (kept["contact_id"], kept["call_id"]) == (None, None)


async def test_deleting_a_deal_keeps_its_activities_and_files(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await deal(conn, person)
    task = await activity(conn, person, deal_id=row)
    file = await insert(conn, "documents", name="x", file_path="x", deal_id=row)
    await conn.execute("delete from deals where id = $1", row)
    assert (await read(conn, "activities", task))["deal_id"] is None
    assert (await read(conn, "documents", file))["deal_id"] is None
    assert await count(conn, "deal_stage_history") == 0


async def test_deleting_a_task_keeps_its_follow_up_and_its_files(conn: asyncpg.Connection) -> None:
    task = await activity(conn, None)
    follow_up = await activity(conn, None, parent_activity_id=task)
    file = await insert(conn, "documents", name="x", file_path="x", activity_id=task)
    newer = await insert(conn, "documents", name="x", file_path="y", parent_document_id=file)
    await conn.execute("delete from activities where id = $1", task)
    assert (await read(conn, "activities", follow_up))["parent_activity_id"] is None
    assert (await read(conn, "documents", file))["activity_id"] is None
    await conn.execute("delete from documents where id = $1", file)
    assert (await read(conn, "documents", newer))["parent_document_id"] is None


async def test_deleting_a_tag_takes_it_off_everything(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    tag = await insert(conn, "tags", name="buyer")
    await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
    await insert(conn, "deal_tags", deal_id=await deal(conn, person), tag_id=tag)
    await conn.execute("delete from tags")
    assert (await count(conn, "contact_tags"), await count(conn, "deal_tags")) == (0, 0)


async def test_deleting_an_assistant_keeps_its_number_and_its_calls(
    conn: asyncpg.Connection,
) -> None:
    robot = await insert(conn, "assistants", name="x", model_provider="openai", model="m")
    number = await insert(
        conn, "phone_numbers", number="+13055550999", provider="twilio", assistant_id=robot
    )
    talk = await insert(
        conn,
        "vapi_calls",
        type="webCall",
        status="ended",
        assistant_id=robot,
        phone_number_id=number,
    )
    await conn.execute("delete from assistants")
    assert (await read(conn, "phone_numbers", number))["assistant_id"] is None
    await conn.execute("delete from phone_numbers")
    kept = await read(conn, "vapi_calls", talk)
    assert (kept["assistant_id"], kept["phone_number_id"]) == (None, None)


async def test_a_document_needs_no_parent_at_all(conn: asyncpg.Connection) -> None:
    row = await insert(conn, "documents", name="price list", file_path="prices.pdf")
    assert (await read(conn, "documents", row))["version"] == 1
