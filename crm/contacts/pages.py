"""The list of contacts and a contact's page; its forms are in forms.py."""

from collections import defaultdict
from datetime import datetime, tzinfo
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.contacts import forms
from crm.contacts.listing import CONTACTS, ContactFilter
from crm.db import Connection
from crm.filters import SEARCH_CAP, SEARCH_LEAST, count, fetch_page
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.values import Filter
from crm.web import Db, is_partial, local, render, zone

router = APIRouter()
router.include_router(forms.router)
queries = sql.load("contacts")
timeline_queries = sql.load("timeline")

# A page counts this far at once, the exact number follows: ten thousand of a common tag take 95 ms.
COUNT_CAP = 1_000
TIMELINE_ITEMS = 30
# What the filter form can say; other filters travel through it unchanged.
FORM_FIELDS = ("status", "owner", "state", "city", "property_type", "source")
FORM_OPERATORS = ("eq", "in")


@router.get("/contacts")
async def list_contacts(
    request: Request, db: Db, user: CurrentUser, deleted: UUID | None = None
) -> Response:
    """One page of the list, or its region. `deleted` is the contact whose undo is offered."""
    query = ContactFilter.parse(request.query_params)
    if set(request.query_params) & set(CONTACTS.columns):  # the filter form's short notation
        return RedirectResponse(query.url("/contacts"), 303)
    async with db.session(user) as connection:
        context = await _list_context(connection, query, zone(request))
        context["removed"] = await queries.contact_name(connection, id=deleted) if deleted else None
    template = "contacts/_list.html" if is_partial(request) else "contacts/index.html"
    return render(request, template, **context)


async def _list_context(
    connection: Connection, query: ContactFilter, where: tzinfo
) -> dict[str, Any]:
    page = await fetch_page(connection, query, COUNT_CAP + 1)
    rows = [row async for row in queries.contacts_on_page(connection, ids=page.ids)]
    return {
        "query": query,
        "rows": rows,
        "days_left": {row["id"]: _days_left(row["task_due"], where) for row in rows},
        "previous": query.url("/contacts", before=page.previous) if page.previous else None,
        "next": query.url("/contacts", after=page.next) if page.next else None,
        "total": page.total,
        "count_cap": COUNT_CAP,
        "search_cap": SEARCH_CAP,
        "search_least": SEARCH_LEAST,
        "choices": await _choices(connection),
        **_form_state(query),
    }


async def _choices(connection: Connection) -> dict[str, list[tuple[str, str]]]:
    choices: dict[str, list[tuple[str, str]]] = defaultdict(list)
    async for row in queries.filter_choices(connection):
        choices[row["kind"]].append((row["value"], row["label"]))
    return choices


def _form_state(query: ContactFilter) -> dict[str, Any]:
    """What the filter form shows as chosen, and the filters it cannot show, to be sent along."""
    chosen: dict[str, list[str]] = defaultdict(list)
    kept: list[Filter] = []
    for one in query.filters:
        if one.field in FORM_FIELDS and one.op in FORM_OPERATORS:
            chosen[one.field] += one.values
        elif (one.field, one.op, one.value) == ("owner", "is-null", "true"):
            chosen["owner"].append("none")
        else:
            kept.append(one)
    return {"chosen": chosen, "kept": kept}


def _days_left(due: datetime | None, where: tzinfo) -> int | None:
    return (due.astimezone(where).date() - datetime.now(where).date()).days if due else None


@router.get("/contacts/total")
async def exact_total(request: Request, db: Db, user: CurrentUser) -> Response:
    """The exact number of matches, for a list that said "1,000+" at once."""
    query = ContactFilter.parse(request.query_params)
    async with db.session(user) as connection:
        total = await count(connection, query)
    return render(request, "contacts/_total.html", total=total)


@router.get("/contacts/{contact_id:uuid}")
async def show_contact(
    request: Request,
    db: Db,
    user: CurrentUser,
    contact_id: UUID,
    show: Annotated[str, Query(max_length=20)] = "everything",
    part: Annotated[str, Query(max_length=20)] = "timeline",
) -> Response:
    """A contact's page; as a region, what stands beside the timeline."""
    async with db.session(user) as connection:
        contact = await queries.get_contact(connection, id=contact_id)
        if contact is None:
            raise not_found("Contact")
        cards = await _cards(connection, contact_id, zone(request))
        context = {"contact": contact, "part": part, "cards": cards, "score": _score(cards)}
        if is_partial(request):
            return render(request, "contacts/_details.html", **context)
        items = await _newest_items(connection, contact_id, show)
    items = [local(row, zone(request)) for row in items]
    context |= {"items": items[-TIMELINE_ITEMS:], "more": len(items) > TIMELINE_ITEMS, "show": show}
    return render(request, "contacts/show.html", **context, noted=False)


async def _newest_items(connection: Connection, contact_id: UUID, show: str) -> list[Any]:
    # The same query and templates as the timeline's own region, so that the page opens with it.
    found = timeline_queries.timeline(
        connection, contact_id=contact_id, show=show, before_at=None, before_id=None,
        row_limit=TIMELINE_ITEMS + 1,
    )  # fmt: skip
    return [row async for row in found]


async def _cards(
    connection: Connection, contact_id: UUID, where: tzinfo
) -> dict[str, list[dict[str, Any]]]:
    cards: dict[str, list[dict[str, Any]]] = defaultdict(list)
    async for row in queries.contact_cards(connection, id=contact_id):
        is_task = row["card"] == "task"  # a deal closes on a date, wherever it is read
        card = local(row, where) if is_task else dict(row)
        cards[row["card"]].append(card | {"days_left": _days_left(row["at"], where)})
    return cards


def _score(cards: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [
        {"label": part["title"], "points": int(part["amount"]), "most": int(part["most"])}
        for part in cards["score"]
    ]


@router.post("/contacts/{contact_id:uuid}/tags")
async def add_tag(
    db: Db, user: CurrentUser, contact_id: UUID, name: Annotated[str, Form(max_length=100)]
) -> Response:
    """Tag a contact; a tag of a new name is made."""
    words = " ".join(name.split())
    if words:
        async with db.session(user) as connection:
            await _must_see(connection, contact_id)
            await queries.add_tag(connection, contact_id=contact_id, name=words)
    return RedirectResponse(f"/contacts/{contact_id}?part=details", 303)


@router.post("/contacts/{contact_id:uuid}/tags/{tag_id:uuid}/remove")
async def remove_tag(db: Db, user: CurrentUser, contact_id: UUID, tag_id: UUID) -> Response:
    """Take a tag off a contact."""
    async with db.session(user) as connection:
        await _must_see(connection, contact_id)
        await queries.remove_tag(connection, contact_id=contact_id, tag_id=tag_id)
    return RedirectResponse(f"/contacts/{contact_id}?part=details", 303)


@router.post("/contacts/{contact_id:uuid}/notes")
async def add_note(
    request: Request,
    db: Db,
    user: CurrentUser,
    contact_id: UUID,
    note: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Write a note into the timeline."""
    text = note.replace("\x00", "").strip()
    if not text:
        raise Problem(422, "The note is empty", "", [{"field": "note", "message": "Write a note."}])
    async with db.session(user) as connection:
        await _must_see(connection, contact_id)
        title = text.splitlines()[0].strip()[:500]
        await queries.add_note(connection, contact_id=contact_id, title=title, body=text)
    region = "/timeline?noted=1" if is_partial(request) else ""
    return RedirectResponse(f"/contacts/{contact_id}{region}", 303)


async def _must_see(connection: Connection, contact_id: UUID) -> None:
    if await queries.contact_name(connection, id=contact_id) is None:
        raise not_found("Contact")
