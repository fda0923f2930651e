"""A row of each resource of this room, for the tests that go through every endpoint."""

import secrets
from typing import Any
from uuid import UUID

import asyncpg

from tests.contacts.scene import add


async def one_of_each(admin: asyncpg.Connection, owner: UUID | None) -> dict[str, Any]:
    """A viewer to change, and a token, a session and an open invitation of `owner`'s."""
    word = secrets.token_hex(6)
    person = await add(admin, "app.users", email=f"{word}@example.test", role="viewer")
    hashes = [secrets.token_bytes(32) for _ in range(3)]
    token = (
        "insert into app.api_tokens (user_id, name, token_sha256, scopes) values ($1, $2, $3, $4)"
    )
    session = (
        "insert into app.sessions (user_id, token_sha256, expires_at)"
        " values ($1, $2, now() + interval '1 day')"
    )
    invitation = (
        "insert into app.invitations (email, role, invited_by, token_sha256, expires_at)"
        " values ($1, 'viewer', $2, $3, now() + interval '1 day')"
    )
    return {
        "users": person,
        "tokens": await admin.fetchval(
            f"{token} returning id", owner, word, hashes[0], ["imports:read"]
        ),
        "sessions": await admin.fetchval(f"{session} returning id", owner, hashes[1]),
        "invitations": await admin.fetchval(
            f"{invitation} returning id", f"{word}@invited.test", owner, hashes[2]
        ),
    }
