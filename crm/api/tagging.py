"""Tags on contacts and deals: by id, or by name, which makes the tag when it is new."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import JSONResponse, Response

from crm.api import shapes, statements
from crm.api.bulk import BulkHandlers, Which
from crm.api.call import Call
from crm.api.resource import KnownResource
from crm.db import Connection
from crm.http import Problem, not_found

TagName = Annotated[str, Field(min_length=1, max_length=100, pattern=shapes.NOT_BLANK)]


class TagBody(shapes.Body):
    """A tag by its name; one of a new name is made."""

    name: TagName


class BulkTagBody(Which):
    """Tags to put on the rows and to take off them, by name."""

    add: Annotated[list[TagName], Field(max_length=20)] = Field(default_factory=list)
    remove: Annotated[list[TagName], Field(max_length=20)] = Field(default_factory=list)


class TagHandlers:
    """The tags of one resource's rows; `links` is the table between, `column` its row's id."""

    def __init__(self, known: KnownResource, bulk: BulkHandlers, links: str, column: str) -> None:
        self.known, self.bulk = known, bulk
        self.links, self.column = links, column

    async def list_tags(self, call: Call, connection: Connection) -> Response:
        """The tags of a row."""
        await self._must_see(call, connection)
        text = await connection.fetchval(statements.tags_of(self.links, self.column), call.id)
        return Response(f'{{"data":{text}}}', media_type="application/json")

    async def add(self, call: Call, connection: Connection) -> Response:
        """Tag a row by name: 201 with the tag."""
        name = " ".join(call.read(TagBody).name.split())
        await self._must_see(call, connection)
        [tag] = await self._tags(connection, [name], make=True)
        await self._link(connection, [call.id], [tag["id"]])
        return Response(tag["body"], 201, media_type="application/json")

    async def put(self, call: Call, connection: Connection) -> Response:
        """Tag a row with a known tag; again and again changes nothing: 204."""
        await self._must_see(call, connection)
        tag = call.uuid("tag_id")
        if await connection.fetchval(statements.ONE_TAG, tag) is None:
            raise not_found("Tag")
        await self._link(connection, [call.id], [tag])
        return Response(status_code=204)

    async def remove(self, call: Call, connection: Connection) -> Response:
        """Take a tag off a row: 204, also when it was not there."""
        await self._must_see(call, connection)
        await connection.execute(
            statements.untag(self.links, self.column), [call.id], [call.uuid("tag_id")]
        )
        return Response(status_code=204)

    async def bulk_tag(self, call: Call, connection: Connection) -> Response:
        """Put tags on many rows, take others off them."""
        given = call.read(BulkTagBody)
        if not given.add and not given.remove:
            raise Problem(422, "Nothing to change", "Name tags in add or remove.")
        ids = await self.bulk.ids(given, connection)
        seen = await connection.fetch(statements.visible(self.known.resource.table), ids)
        if len(seen) < len(ids):
            raise Problem(404, f"{len(ids) - len(seen)} of {len(ids)} do not exist")
        counts = {"batch": call.state.batch, "rows": len(ids), "added": 0, "removed": 0}
        if given.add:
            tags = await self._tags(connection, given.add, make=True)
            counts["added"] = await self._link(connection, ids, [tag["id"] for tag in tags])
        if given.remove:
            tags = await self._tags(connection, given.remove, make=False)
            done = await connection.execute(
                statements.untag(self.links, self.column), ids, [tag["id"] for tag in tags]
            )
            counts["removed"] = int(done.split()[-1])
        return JSONResponse(counts)

    async def _must_see(self, call: Call, connection: Connection) -> None:
        if not await connection.fetch(statements.visible(self.known.resource.table), [call.id]):
            raise not_found(self.known.resource.title.capitalize())

    async def _tags(self, connection: Connection, names: list[str], *, make: bool) -> list[Any]:
        clean = [" ".join(name.split()) for name in names]
        if make:
            await connection.execute(statements.MAKE_TAGS, clean)
        return await connection.fetch(statements.TAGS_BY_NAME, [name.lower() for name in clean])

    async def _link(self, connection: Connection, rows: list[UUID], tags: list[UUID]) -> int:
        done = await connection.execute(statements.tag(self.links, self.column), rows, tags)
        return int(done.split()[-1])
