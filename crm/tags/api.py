"""Tags in the API."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from starlette.responses import JSONResponse, Response

from crm import sql
from crm.api import BULK, Body, Call, Resource, Route, newest
from crm.db import Connection
from crm.keyset import Key

queries = sql.load("tags")

RESOURCES = (
    Resource(
        name="tags",
        table="tags",
        title="tag",
        description="Words that contacts and deals are sorted by. Names are unique, whatever their"
        " case. To tag something: PUT /contacts/{id}/tags/{tag_id}.",
        actions=BULK,
        sorts={"name": (Key("lower(c.name)", "text"),)} | newest("created_at"),
        default_sort="name",
        read_only=frozenset({"is_system"}),
        includes={
            "counts": "select json_build_object("
            "'contacts', (select count(*) from contact_tags ct where ct.tag_id = c.id),"
            " 'deals', (select count(*) from deal_tags dt where dt.tag_id = c.id))"
        },
        example={"name": "Cash buyer", "color": "#10B981"},
    ),
)


class MergeBody(Body):
    """Tags to merge, and the one that stays."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    into: UUID


async def merge(call: Call, connection: Connection) -> Response:
    """Merge tags into another one; `batch` takes it back."""
    asked = call.read(MergeBody)
    done = await queries.merge_tags(connection, sources=asked.ids, target=asked.into)
    return JSONResponse({"batch": call.state.batch, **dict(done or {})})


ROUTES = (
    Route(
        "POST",
        "/tags/bulk-merge",
        merge,
        "Merge tags into another one: contacts and deals that wear them wear that one",
        "tags",
        name="bulk_merge_tags",
        body=MergeBody,
        errors=(404,),
        example={
            "ids": ["00000000-0000-4000-8000-000000000000"],
            "into": "00000000-0000-4000-8000-000000000001",
        },
    ),
)
