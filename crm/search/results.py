"""What was found, as pages and the API show it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm import sql
from crm.db import Connection

queries = sql.load("search")

LONGEST = 200  # characters of a search; the rest is not looked at
# Every kind: what a group of them is called, and its icon. The order is the order of the groups.
KINDS = {
    "contacts": ("Contacts", "users"),
    "deals": ("Deals", "kanban"),
    "activities": ("Activities", "calendar-check"),
    "messages": ("Messages", "message-square"),
    "emails": ("Emails", "mail"),
    "calls": ("Calls", "phone"),
    "vapi-calls": ("AI calls", "bot"),
    "documents": ("Documents", "file-text"),
}
WITH_PAGES = ("contacts", "deals", "activities", "documents")
# What was said is read where it was said: in the timeline of its contact.
TIMELINE = {"messages": "messages", "emails": "emails", "calls": "calls", "vapi-calls": "ai"}


@dataclass(frozen=True, slots=True)
class Result:
    """One result. `detail` is a line of context; `corrected` the names looked for instead."""

    kind: str
    id: UUID
    contact_id: UUID | None
    title: str
    detail: str
    at: datetime
    rank: int
    corrected: str | None

    @property
    def url(self) -> str | None:
        """Its page; None for an AI call with nobody known."""
        if self.kind in WITH_PAGES:
            return f"/{self.kind}/{self.id}"
        return (
            f"/contacts/{self.contact_id}?show={TIMELINE[self.kind]}" if self.contact_id else None
        )

    def body(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "kind": self.kind, "id": str(self.id),
            "contact_id": str(self.contact_id) if self.contact_id else None,
            "title": self.title, "detail": self.detail, "at": self.at.isoformat(), "url": self.url,
        }  # fmt: skip


async def find(
    connection: Connection, q: str, kinds: Iterable[str] | None, most: int
) -> list[Result]:
    """At most `most` results of each kind (None: every kind), kinds in the order of KINDS.

    Best first within a kind. Empty for a search without words.
    """
    typed = q.replace("\x00", "").strip()[:LONGEST]
    if not typed:
        return []
    wanted = None if kinds is None else list(kinds)
    found = queries.search(connection, q=typed, kinds=wanted, max_rows=most)
    return [Result(*row.values()) async for row in found]


def corrected(results: Iterable[Result]) -> str | None:
    """The names that were looked for instead of what was typed, if they were."""
    return next((one.corrected for one in results if one.corrected), None)


def marked(text: str, q: str) -> list[tuple[str, bool]]:
    """The text in parts; True for those that begin like a word of the search."""
    words = sorted(set(re.findall(r"\w+", q.lower())), key=len, reverse=True)
    if not words:
        return [(text, False)]
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})", re.IGNORECASE)
    parts = [(part, number % 2 == 1) for number, part in enumerate(pattern.split(text))]
    return [(part, hit) for part, hit in parts if part]
