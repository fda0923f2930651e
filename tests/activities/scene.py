"""Activities for the tests of this room: written straight into the tables, as the owner."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.cast import ALICE
from tests.contacts.scene import PARTIAL, add, contact, link, page, text

__all__ = ["PARTIAL", "activity", "add", "contact", "link", "now", "page", "row", "text", "titles"]

NEW_YORK = "America/New_York"


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


async def activity(admin: asyncpg.Connection, title: str, **more: Any) -> UUID:
    """An open task of Alice's, due in an hour."""
    values = {
        "type": "task", "due_date": now() + timedelta(hours=1), "assigned_to": ALICE.user_id,
        "created_by": ALICE.user_id,
    }  # fmt: skip
    return await add(admin, "activities", title=title, **(values | more))


async def row(admin: asyncpg.Connection, activity_id: UUID) -> dict[str, Any]:
    """All of an activity."""
    found = await admin.fetchrow("select * from activities where id = $1", activity_id)
    assert found is not None
    return dict(found)


def titles(html: str, group: str = "") -> list[str]:
    """The titles in the agenda (of a group: overdue, today, …), in order."""
    where = f"#g-{group} " if group else ""
    return [text(node) for node in page(html).css(f"{where}.who .truncate")]
