"""List, read, create, change and remove the rows of one resource."""

import json
import re
from typing import Any
from uuid import UUID

from starlette.datastructures import Headers
from starlette.responses import Response

from crm import sql
from crm.api import shapes, statements
from crm.api.call import Call
from crm.api.resource import KnownResource
from crm.db import Connection
from crm.filters import ListQuery, count_matches, fetch_json, prepare
from crm.http import Problem, not_found
from crm.keyset import Parameters
from crm.values import Filter, invalid

queries = sql.load("api")
LIST_PARAMETERS = frozenset(
    {"q", "f", "where", "sort", "after", "before", "limit", "fields", "include", "count", "trash"}
)


class RowHandlers:
    """The handlers of one resource; each gets a call and the caller's transaction."""

    def __init__(self, known: KnownResource) -> None:
        self.known = known
        self.whole = statements.body(known)
        self.create_shape = shapes.create_shape(known)
        self.update_shape = shapes.update_shape(known)

    async def list_rows(self, call: Call, connection: Connection) -> Response:
        """One page of rows, as `{"data": […], "next": …, "previous": …}`."""
        query, what, counted = self.read_query(call)
        asked = await prepare(connection, query)
        rows, previous, following = await fetch_json(connection, asked, what)
        if not rows:
            await demand_scope(connection, self.known.resource.its_scope)
        parts = [f'{{"data":[{rows}],"next":{_cursor(following)},"previous":{_cursor(previous)}']
        if counted == "exact":
            parts.append(f',"total":{await count_matches(connection, asked, None)}')
        elif counted == "estimated":
            parameters = Parameters()
            condition = asked.conditions(parameters, counting=True)
            plan = await connection.fetchval(
                statements.estimate(self.known, condition), *parameters.values
            )
            parts.append(f',"estimated_total":{int((plan or [])[0]["Plan"]["Plan Rows"])}')
        parts.append("}")
        return Response("".join(parts), media_type="application/json")

    def read_query(self, call: Call) -> tuple[ListQuery, str, str]:
        """What the list's address asks for: the query, the JSON of a row, and how to count."""
        params = call.query_params
        listing = self.known.live.listing
        for name in params:
            if name not in LIST_PARAMETERS and name not in listing.columns:
                raise invalid(name, f"A list has no parameter “{name}”.")
        in_trash = params.get("trash", "false")
        if in_trash not in ("true", "false") or (in_trash == "true" and not self.known.trashed):
            raise invalid("trash", "trash is true or false, where there is a trash.")
        source = (
            self.known.trashed if in_trash == "true" and self.known.trashed else self.known.live
        )
        counted = params.get("count", "no")
        if counted not in ("no", "exact", "estimated"):
            raise invalid("count", "count is exact or estimated.")
        return self._with_default(source.parse(params)), self._body(call), counted

    def _with_default(self, query: ListQuery) -> ListQuery:
        text = self.known.resource.default_filter
        if not text:
            return query
        default = Filter.parse(text)
        if any(one.field == default.field for one in query.every_filter()):
            return query
        return query.model_copy(update={"filters": (*query.filters, default)})

    def _body(self, call: Call) -> str:
        fields = _names(call, "fields", self.known.columns)
        include = _names(call, "include", self.known.resource.includes)
        if not fields and not include:
            return self.whole
        return statements.body(self.known, fields, include)

    async def read(self, call: Call, connection: Connection) -> Response:
        """One row, with its ETag; 304 when the client has it."""
        for name in call.query_params:
            if name not in ("fields", "include"):
                raise invalid(name, f"There is no parameter “{name}” here.")
        row = await self._row(connection, call.id, self._body(call))
        etag = f'"{row["etag"]}"'
        if etag in _tags(call.headers, "if-none-match"):
            return Response(status_code=304, headers={"ETag": etag})
        return Response(row["body"], headers={"ETag": etag}, media_type="application/json")

    async def _row(self, connection: Connection, row_id: UUID, what: str) -> Any:
        row = await connection.fetchrow(statements.read(self.known, what), row_id)
        if row is None:
            await demand_scope(connection, self.known.resource.its_scope)
            raise not_found(self.known.resource.title.capitalize())
        return row

    async def create(self, call: Call, connection: Connection) -> Response:
        """A new row: 201 with Location and ETag."""
        given = call.read(self.create_shape)
        names = [name for name in self.known.columns if name in given.model_fields_set]
        text = given.model_dump_json(exclude_unset=True)
        row = await connection.fetchrow(statements.insert(self.known, names), text)
        assert row is not None
        return Response(row["body"], 201, self._headers(row), media_type="application/json")

    def _headers(self, row: Any) -> dict[str, str]:
        found = {"ETag": f'"{row["etag"]}"'}
        if "id" in row:
            found["Location"] = f"/api/v1/{self.known.resource.name}/{row['id']}"
        return found

    async def update(self, call: Call, connection: Connection) -> Response:
        """Change what the body names. With If-Match, only the version the client has seen."""
        given = call.read(self.update_shape)
        names = [name for name in self.known.columns if name in given.model_fields_set]
        expected = _expected(call.headers)
        if not names:
            row = await self._row(connection, call.id, self.whole)
            if expected not in (None, row["etag"]):
                raise await self._refusal(connection, call.id, expected)
            return Response(row["body"], 200, self._headers(row), media_type="application/json")
        text = given.model_dump_json(exclude_unset=True)
        guard = [expected] if expected else []
        statement = statements.update(self.known, names, guarded=bool(expected))
        row = await connection.fetchrow(statement, call.id, text, *guard)
        if row is None:
            raise await self._refusal(connection, call.id, expected)
        return Response(row["body"], 200, self._headers(row), media_type="application/json")

    async def delete(self, call: Call, connection: Connection) -> Response:
        """Remove the row, or move it to the trash: 204."""
        expected = _expected(call.headers)
        guard = [expected] if expected else []
        statement = statements.remove(self.known, guarded=bool(expected))
        if await connection.fetchval(statement, call.id, *guard) is None:
            raise await self._refusal(connection, call.id, expected)
        return Response(status_code=204)

    async def restore(self, call: Call, connection: Connection) -> Response:
        """Take a row out of the trash."""
        row = await connection.fetchrow(statements.restore(self.known), call.id)
        if row is None:
            there = await self._row(connection, call.id, self.whole)
            if json.loads(there["body"])["deleted_at"] is not None:
                raise Problem(403, "You may not do this")
            raise Problem(409, f"This {self.known.resource.title} is not in the trash")
        return Response(row["body"], 200, self._headers(row), media_type="application/json")

    async def _refusal(self, connection: Connection, row_id: UUID, expected: str | None) -> Problem:
        """Why a change found no row: not there, in the trash, another version, or no right to."""
        row = await self._row(connection, row_id, self.whole)
        if expected and expected != row["etag"]:
            return Problem(
                412,
                "Somebody else changed this since you read it",
                "The current state is in `current`; its ETag is in the header.",
                extra={"current": json.loads(row["body"])},
                headers={"ETag": f'"{row["etag"]}"'},
            )
        if self.known.resource.trash and json.loads(row["body"])["deleted_at"] is not None:
            return Problem(
                409,
                f"This {self.known.resource.title} is in the trash",
                f"Restore it first: POST /api/v1/{self.known.resource.name}/{row_id}/restore.",
            )
        return Problem(403, "You may not do this")


def _cursor(text: str) -> str:
    return f'"{text}"' if text else "null"  # URL-safe base64 needs no escapes


async def demand_scope(connection: Connection, scope: str) -> None:
    """Raises Problem 403 when a token does not cover a resource, so its holder learns why."""
    if not await queries.in_scope(connection, scope=scope):
        raise Problem(403, "This token may not do this", f"It needs the scope {scope}:read.")


def _names(call: Call, parameter: str, allowed: Any) -> list[str]:
    if parameter not in call.query_params:
        return []
    names = list(dict.fromkeys(call.query_params[parameter].split(",")))
    for name in names:
        if name not in allowed:
            raise invalid(parameter, f"There is no “{name[:60]}” for {parameter}.")
    return names


def _tags(headers: Headers, name: str) -> list[str]:
    return [one.strip().removeprefix("W/") for one in headers.get(name, "").split(",")]


def _expected(headers: Headers) -> str | None:
    given = headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    if found := re.fullmatch(r'\s*(?:W/)?"?(\d{1,19})"?\s*', given):
        return found[1]
    # Never as if there were none: the client meant to be careful.
    raise Problem(400, "If-Match is not right", "It is the ETag that you read, in its quotes.")
