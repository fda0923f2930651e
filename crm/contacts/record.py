"""What a contact's page knows beside the timeline: fields, cards, consent, neighbours."""

from collections import defaultdict
from datetime import tzinfo
from typing import Any
from uuid import UUID

from fastapi import Request

from crm import sql
from crm.contacts import fields
from crm.contacts.listing import CustomField, neighbours
from crm.contacts.table import days_left, read_state
from crm.db import Connection, Identity
from crm.http import Problem, not_found
from crm.web import local, zone

queries = sql.load("contacts")
changing = sql.load("contacts/changing")


async def own_fields(connection: Connection) -> tuple[CustomField, ...]:
    """The workspace's own fields of contacts."""
    return tuple(
        [
            CustomField(row["key"], row["label"], row["kind"], tuple(row["choices"]))
            async for row in queries.custom_fields(connection)
        ]
    )


async def details(connection: Connection, request: Request, contact_id: UUID) -> dict[str, Any]:
    """Everything beside the timeline; raises Problem 404."""
    contact = await queries.get_contact(connection, id=contact_id)
    if contact is None:
        raise not_found("Contact")
    where = zone(request)
    cards = await _cards(connection, contact_id, where)
    custom = await own_fields(connection)
    events = [local(row, where) async for row in changing.consent_events(connection, id=contact_id)]
    known = {one.key for one in custom}
    return {
        "contact": contact,
        "cards": cards,
        "score": _score(cards),
        "detail_fields": fields.some(fields.DETAILS),
        "property_fields": fields.some(fields.PROPERTY),
        "custom_fields": fields.own(custom),
        "loose_fields": [(k, v) for k, v in sorted(contact["custom_fields"].items())
                         if k not in known],
        "consent": events,
        "duplicates": await changing.count_duplicates(connection, id=contact_id),
    }  # fmt: skip


async def neighbours_in(
    connection: Connection, user: Identity, text: str, contact_id: UUID
) -> dict[str, Any]:
    """The contacts before and after this one in the list it was opened from."""
    try:
        state = await read_state(connection, user, text)
    except Problem:  # the view is gone, a field was archived
        return {"came": "", "before_it": None, "after_it": None}
    before, after = await neighbours(connection, state.query, contact_id)
    return {"came": state.text, "before_it": before, "after_it": after}


async def _cards(
    connection: Connection, contact_id: UUID, where: tzinfo
) -> dict[str, list[dict[str, Any]]]:
    cards: dict[str, list[dict[str, Any]]] = defaultdict(list)
    async for row in queries.contact_cards(connection, id=contact_id):
        is_task = row["card"] == "task"  # a deal closes on a date, wherever it is read
        card = local(row, where) if is_task else dict(row)
        cards[row["card"]].append(card | {"days_left": days_left(row["at"], where)})
    return cards


def _score(cards: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [
        {"label": part["title"], "points": int(part["amount"]), "most": int(part["most"])}
        for part in cards["score"]
    ]
