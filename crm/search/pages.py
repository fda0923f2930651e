"""The command palette's results, and the page with everything that was found."""

import re
from collections import defaultdict
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crm.db import Connection, Identity
from crm.phone import NotAPhoneError, to_e164
from crm.search.results import KINDS, LONGEST, Result, corrected, find, marked, queries
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter()

PALETTE = ("contacts", "deals", "activities", "messages", "documents")
PALETTE_ROWS = 5  # of each kind
PAGE_ROWS = 20
LEAST = 2  # characters before the palette asks; one letter matches nearly everybody


@router.get("/palette")
async def palette(
    request: Request,
    user: CurrentUser,
    db: Db,
    q: Annotated[str, Query(max_length=10_000)] = "",
) -> Response:
    """What the palette shows for what was typed; `#` asks for tags, `@` for people, `>` nothing."""
    typed = q.replace("\x00", "").strip()[:LONGEST]
    if typed.startswith(("#", "@", ">")):
        async with db.session(user) as connection:
            links = await _links(connection, typed)
        return render(request, "search/_links.html", links=links, q=typed)
    found = await _find(db, user, typed, PALETTE, PALETTE_ROWS) if len(typed) >= LEAST else []
    return render(
        request, "_palette_results.html", groups=_groups(found), q=typed, least=LEAST,
        corrected=corrected(found), number=_dialable(typed, request), marked=marked,
    )  # fmt: skip


@router.get("/search")
async def search(
    request: Request,
    user: CurrentUser,
    db: Db,
    q: Annotated[str, Query(max_length=10_000)] = "",
) -> Response:
    """Everything that was found, by kind; or its region."""
    typed = q.replace("\x00", "").strip()[:LONGEST]
    found = await _find(db, user, typed, None, PAGE_ROWS)
    return render(
        request, "search/_results.html" if is_partial(request) else "search/index.html",
        groups=_groups(found), q=typed, most=PAGE_ROWS, corrected=corrected(found),
        number=_dialable(typed, request), marked=marked,
    )  # fmt: skip


async def _find(
    db: Db, user: Identity, typed: str, kinds: tuple[str, ...] | None, most: int
) -> list[Result]:
    if not typed:
        return []
    async with db.session(user) as connection:
        return await find(connection, typed, kinds, most)


def _groups(found: list[Result]) -> list[dict[str, Any]]:
    by_kind: dict[str, list[Result]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    return [
        {"kind": kind, "label": label, "icon": icon, "results": by_kind[kind]}
        for kind, (label, icon) in KINDS.items()
        if by_kind[kind]
    ]


async def _links(connection: Connection, typed: str) -> list[dict[str, str]]:
    """Filtered lists of contacts: of a tag (`#buy`), of a person (`@bob`)."""
    words = typed[1:].strip()
    if typed[0] == "#":
        tags = [row async for row in queries.tags_beginning(connection, q=words)]
        return [
            {"icon": "tag", "label": row["name"], "sub": "Contacts with this tag",
             "url": _contacts(f"tag:has-tag:{row['name']}")}
            for row in tags
        ]  # fmt: skip
    if typed[0] == "@":
        people = [row async for row in queries.people_beginning(connection, q=words)]
        return [
            {"icon": "user", "label": row["name"], "sub": f"Contacts of this {row['role']}",
             "url": _contacts(f"owner:eq:{row['id']}")}
            for row in people
        ]  # fmt: skip
    return []


def _contacts(condition: str) -> str:
    return "/contacts?" + urlencode({"f": condition})


def _dialable(typed: str, request: Request) -> str | None:
    """The typed phone number as +14155550132; None when it is none."""
    if not re.fullmatch(r"\+?[-()./\s\d]{7,30}", typed):
        return None
    try:
        return to_e164(typed, request.app.state.settings.default_region)
    except NotAPhoneError:
        return None
