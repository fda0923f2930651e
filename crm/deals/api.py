"""Deals, their history and their pipelines in the API, and the move of a card."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field
from starlette.responses import Response

from crm import sql
from crm.api import BULK, READ, WRITE, Body, Call, Resource, Route, newest
from crm.api.includes import CONTACT, DEAL_TAGS
from crm.db import Connection
from crm.deals.listing import DEALS
from crm.deals.moves import Move, carry_out
from crm.http import Problem, not_found
from crm.keyset import Key
from crm.values import TAGGED, Column

HISTORY = """
select coalesce(json_agg(row_to_json(r)), '[]') from (
    select h.id, h.old_stage, h.new_stage, h.old_value, h.new_value, h.old_probability,
           h.new_probability, h.changed_by, h.change_reason, h.changed_at,
           extract(epoch from h.duration_in_stage)::bigint as seconds_in_stage
    from deal_stage_history h where h.deal_id = c.id
    order by h.changed_at desc, h.id limit 100) r
"""

STAGES = """
select coalesce(json_agg(json_build_object(
    'id', s.id, 'key', s.key, 'label', s.label, 'hue', s.hue, 'probability', s.probability,
    'stalled_after_days', s.stalled_after_days, 'is_closed', s.is_closed)), '[]')
from app.deal_stages(c.key) s
"""
BY_POSITION = {"position": (Key("c.position", "integer"),)}
queries = sql.load("deals")

RESOURCES = (
    Resource(
        name="deals",
        table="deals",
        title="deal",
        description="Opportunities. Closing fills actual_close_date and the probability; each"
        " change of stage, value or probability is in stage_history. Deleting moves a deal to"
        " the trash.",
        actions=BULK,
        sorts={
            **newest("created_at"),
            "updated_at": DEALS.sorts["updated"],
            "value": DEALS.sorts["value"],
            "expected_close_date": DEALS.sorts["close"],
        },
        default_sort="-created_at",
        author="created_by",
        search=DEALS.search,
        read_only=frozenset({"stage_changed_at"}),
        includes={"contact": CONTACT, "tags": DEAL_TAGS, "stage_history": HISTORY},
        filters={"tag": Column("", "tag", TAGGED)},
        unfilterable=frozenset({"notes", "next_step", "deleted_at"}),
        tagged="select dt.deal_id from deal_tags dt where dt.tag_id = {}",
        trash=True,
        example={
            "contact_id": "00000000-0000-4000-8000-000000000000",
            "name": "12 Harbor Street",
            "value": 350000,
            "stage": "qualified",
            "expected_close_date": "2027-03-01",
        },
    ),
    Resource(
        name="deal-stage-history",
        table="deal_stage_history",
        title="change of stage",
        plural="changes of stage",
        description="What stages, values and probabilities deals had, newest first.",
        actions=READ,
        sorts=newest("changed_at"),
        default_sort="-changed_at",
        scope="deals",
        unfilterable=frozenset({"notes", "change_reason"}),
    ),
    Resource(
        name="pipelines",
        table="app.pipelines",
        title="pipeline",
        description="Ways that deals go; deals.pipeline holds a key. Each is made with its two"
        " ends, closed_won and closed_lost; include=stages shows all. Keys never change.",
        actions=WRITE,
        sorts=BY_POSITION,
        default_sort="position",
        scope="deals",
        includes={"stages": STAGES},
        example={"key": "rentals", "name": "Rentals"},
    ),
    Resource(
        name="pipeline-stages",
        table="app.pipeline_stages",
        title="stage",
        description="Stages of pipelines: label, order, colour, the probability a deal gets that"
        " enters, and the days after which it is stalled. A stage with deals is not deleted.",
        actions=WRITE,
        sorts=BY_POSITION,
        default_sort="position",
        scope="deals",
        example={"pipeline": "rentals", "key": "viewing", "label": "Viewing", "probability": 30},
    ),
)


class MoveBody(Body):
    """Where a deal goes: before one deal of the stage, else after another, else on top.

    With `version` (the updated_at you have seen) a deal that changed since is left alone: 409.
    """

    stage: Annotated[str, Field(min_length=1, max_length=50)]
    before_id: UUID | None = None
    after_id: UUID | None = None
    version: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=200)] | None = None
    competitor: Annotated[str, Field(max_length=200)] | None = None


async def move(call: Call, connection: Connection) -> Response:
    """Put a deal into a stage, at a place of its column."""
    asked = call.read(MoveBody)
    deal = await queries.get_deal(connection, id=call.id)
    if deal is None or deal["deleted_at"] is not None:
        raise not_found("Deal")
    given = asked.model_dump(exclude_none=True) | {"version": asked.version or deal["updated_at"]}
    if await carry_out(connection, deal, Move.model_validate(given)) is None:
        if asked.version and asked.version != deal["updated_at"]:
            raise Problem(409, "Somebody else changed this deal since you read it")
        raise Problem(403, "You may not do this")
    text = await queries.deal_as_json(connection, id=call.id)
    return Response(text, media_type="application/json")


ROUTES = (
    Route(
        "POST",
        "/deals/{id}/move",
        move,
        "Move one deal into a stage, at a place of its column",
        "deals",
        name="move_deal",
        body=MoveBody,
        errors=(409,),
        example={"stage": "proposal"},
    ),
)
