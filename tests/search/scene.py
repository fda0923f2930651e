"""One person with something of every kind, written straight into the tables as the owner."""

import hashlib
import secrets
from typing import Any
from uuid import UUID

import asyncpg

from crm.db import Identity

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
SECRET = "Zebediah"


async def add(admin: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """One row of a table; gives its id."""
    columns, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"insert into {table} ({columns}) values ({places}) returning id"
    made = await admin.fetchrow(sql, *values.values())
    assert made is not None
    return made["id"]


async def somebody(
    admin: asyncpg.Connection, first: str = SECRET, last: str = "Quill", **more: Any
) -> dict[str, UUID]:
    """A contact, and one of each kind that hangs on it; gives the ids by kind."""
    one = await add(admin, "contacts", first_name=first, last_name=last, **more)
    hanging = {
        "deals": {"name": f"{first} roof"},
        "activities": {"type": "task", "title": f"Call {first}"},
        "messages": {"direction": "inbound", "content": f"{first} wants a roof"},
        "emails": {"direction": "inbound", "subject": f"{first} again", "body": "about the roof"},
        "calls": {"direction": "inbound", "transcript": f"hello, {first} here"},
        "vapi_calls": {"summary": f"{first} asked for a roof"},
        "documents": {"name": f"{first} deed.pdf", "file_path": "x"},
    }
    made = {"contacts": one}
    for table, values in hanging.items():
        made[table.replace("_", "-")] = await add(admin, table, contact_id=one, **values)
    return made


async def token(admin: asyncpg.Connection, person: Identity, *scopes: str) -> dict[str, str]:
    """The headers of a program that acts for the person within these scopes."""
    text = secrets.token_urlsafe(16)
    sha256 = hashlib.sha256(text.encode()).digest()
    await add(
        admin, "app.api_tokens", user_id=person.user_id, name="tests", token_sha256=sha256,
        scopes=list(scopes),
    )  # fmt: skip
    return {"Authorization": f"Bearer {text}"}
