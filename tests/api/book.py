"""A small book with one of everything, and what each resource needs to make one more."""

from typing import Any
from uuid import UUID

import asyncpg

from tests.cast import ALICE
from tests.contacts.scene import add
from tests.users import rows as people

SECRET = "Zebediah"


async def one_of_everything(admin: asyncpg.Connection, owner: UUID | None) -> dict[str, Any]:
    """A row of each resource, all hanging on one contact of `owner`; ids by resource."""
    contact = await add(
        admin, "contacts", first_name=SECRET, phone1="+14155550132", assigned_to=owner,
        notes=SECRET,
    )  # fmt: skip
    found: dict[str, Any] = {"contacts": contact, "contact-summary": contact}
    found["tags"] = await add(admin, "tags", name=f"{SECRET} {contact}")
    await add(admin, "contact_tags", contact_id=contact, tag_id=found["tags"])
    found["messages"] = await add(
        admin, "messages", contact_id=contact, direction="inbound", content=SECRET,
        phone_number="+14155550132", status="received",
    )  # fmt: skip
    found["conversations"] = await admin.fetchval(
        "select conversation_id from messages where id = $1", found["messages"]
    )
    found["calls"] = await add(
        admin, "calls", contact_id=contact, direction="inbound", notes=SECRET, transcript=SECRET
    )
    found["emails"] = await add(
        admin, "emails", contact_id=contact, direction="inbound", subject=SECRET
    )
    found["deals"] = await add(admin, "deals", contact_id=contact, name=SECRET, value=10)
    found["deal-pipeline"] = found["deals"]
    found["deal-stage-history"] = await admin.fetchval(
        "select id from deal_stage_history where deal_id = $1", found["deals"]
    )
    found["activities"] = await add(
        admin, "activities", contact_id=contact, type="task", title=SECRET
    )
    found["activity-dashboard"] = found["activities"]
    found["documents"] = await add(
        admin, "documents", contact_id=contact, name=SECRET, file_path="none"
    )
    found["assistants"] = await add(admin, "assistants", name=SECRET)
    last = int(str(contact)[:7], 16) % 10_000_000
    found["phone-numbers"] = await add(
        admin, "phone_numbers", number=f"+1415{last:07}", name=SECRET
    )
    found["vapi-calls"] = await add(admin, "vapi_calls", contact_id=contact, transcript=SECRET)
    return found | await people.one_of_each(admin, owner) | await a_pipeline(admin, f"p{contact}")


async def a_pipeline(admin: asyncpg.Connection, key: str) -> dict[str, Any]:
    """A pipeline with a stage of its own."""
    return {
        "pipelines": await add(admin, "app.pipelines", key=key, name=SECRET),
        "pipeline-stages": await add(
            admin, "app.pipeline_stages", pipeline=key, key="first", label=SECRET
        ),
    }


def new(resource: str, rows: dict[str, Any]) -> dict[str, Any] | None:
    """A body that makes one more of a resource; None where it is not made by the API."""
    contact = str(rows["contacts"])
    return {
        "contacts": {"first_name": "New"},
        "tags": {"name": f"New {contact}"},
        "messages": {"contact_id": contact, "direction": "outbound", "content": "New"},
        "calls": {"contact_id": contact, "direction": "outbound"},
        "emails": {"contact_id": contact, "direction": "outbound"},
        "deals": {"contact_id": contact, "name": "New"},
        "activities": {"contact_id": contact, "type": "task", "title": "New"},
        "assistants": {"name": "New"},
        "phone-numbers": {"number": "+14155559999"},
        "vapi-calls": {"contact_id": contact, "name": "New"},
        "pipelines": {"key": f"new_{contact}", "name": "New"},
        "pipeline-stages": {"pipeline": f"p{contact}", "key": "second", "label": "New"},
    }.get(resource)


CHANGES: dict[str, dict[str, Any]] = {
    "contacts": {"city": "Changed"},
    "tags": {"description": "Changed"},
    "conversations": {"priority": "high"},
    "messages": {"status": "read"},
    "calls": {"outcome": "changed"},
    "emails": {"status": "read"},
    "deals": {"source": "Changed"},
    "activities": {"location": "Changed"},
    "documents": {"description": "Changed"},
    "assistants": {"description": "Changed"},
    "phone-numbers": {"name": "Changed"},
    "vapi-calls": {"outcome": "changed"},
    "pipelines": {"name": "Changed"},
    "pipeline-stages": {"label": "Changed"},
}
TABLES = [
    "contacts", "tags", "contact_tags", "conversations", "messages", "calls", "emails",
    "activities", "deals", "deal_tags", "deal_stage_history", "documents", "assistants",
    "phone_numbers", "vapi_calls", "app.users", "app.invitations", "app.password_resets",
    "app.pipelines", "app.pipeline_stages",
]  # fmt: skip


async def fingerprint(admin: asyncpg.Connection) -> list[Any]:
    """What every table holds now, to see that nothing was changed."""
    text = "select coalesce(md5(string_agg(t::text, '|' order by t.id)), '') from {} t"
    return [await admin.fetchval(text.format(table)) for table in TABLES]


ALICES = ALICE.user_id
