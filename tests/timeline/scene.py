"""What a timeline is made of, and how its region reads."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from tests.contacts.scene import PARTIAL, add, page

DAY = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
BOB = UUID("a11ce000-0000-4000-8000-000000000002")


def at(minutes: int) -> datetime:
    return DAY + timedelta(minutes=minutes)


async def message(admin: asyncpg.Connection, one: UUID, minutes: int, words: str, **more: Any):
    """A text message; from the contact unless direction says otherwise."""
    values = {"direction": "inbound", "status": "received", "phone_number": "+14155550132"} | more
    return await add(
        admin, "messages", contact_id=one, content=words, occurred_at=at(minutes), **values
    )


async def region(client: httpx.AsyncClient, one: UUID, rest: str = "") -> str:
    answer = await client.get(f"/contacts/{one}/timeline{rest}", headers=PARTIAL)
    assert answer.status_code == 200
    return answer.text


def kinds(html: str) -> list[str | None]:
    return [node.attributes["data-kind"] for node in page(html).css("article.ev")]
