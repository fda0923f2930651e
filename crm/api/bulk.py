"""Many rows in one request: all of it happens, or none; one batch in the change log."""

import json
from typing import Annotated, Any, Literal, Optional, cast
from uuid import UUID

from pydantic import BaseModel, Field, create_model
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from crm.api import shapes, statements
from crm.api.call import Call
from crm.api.resource import KnownResource
from crm.db import Connection
from crm.filters import Asked, ListQuery, prepare
from crm.http import Problem
from crm.keyset import Parameters

MOST_ITEMS = 1_000  # bodies in one request
MOST_MATCHES = 50_000  # rows that a filter may change at once


class Which(shapes.Body):
    """Which rows: by id, or every row that a list with these parameters would show."""

    ids: Annotated[list[UUID], Field(max_length=MOST_ITEMS)] | None = Field(
        None, description="These rows."
    )
    f: Annotated[list[str], Field(max_length=50)] | None = Field(
        None, description="Filters, as in a list: field:operator:value; all of them must hold."
    )
    where: dict[Literal["all", "any"], list[Any]] | None = Field(
        None, description="Groups of filters, as in a list."
    )
    q: Annotated[str, Field(max_length=200)] | None = Field(None, description="A search.")
    all: Literal[True] | None = Field(None, description="Every row; instead of a filter.")


class BulkHandlers:
    """The bulk handlers of one resource."""

    def __init__(self, known: KnownResource, create: type[BaseModel], update: type[BaseModel]):
        self.known = known
        self.create_shape, self.update_shape = create, update
        word = create.__name__.removesuffix("Create")
        items = Annotated[list[cast(Any, create)], Field(min_length=1, max_length=MOST_ITEMS)]
        make: Any = create_model  # shapes made at run time
        self.items_shape = make(f"{word}BulkCreate", __base__=shapes.Body, items=(items, ...))
        change = Optional[update]  # noqa: UP045
        self.change_shape = make(f"{word}BulkUpdate", __base__=Which, set=(change, None))

    async def create(self, call: Call, connection: Connection) -> Response:
        """Create the items: 201 with their ids, in order."""
        given = call.read(self.items_shape)
        dumped = [item.model_dump(mode="json", exclude_unset=True) for item in given.items]
        made: list[Any] = []
        # Items that name the same columns go together, so that the others keep their defaults.
        for names, positions in _alike(dumped).items():
            text = json.dumps([dumped[position] for position in positions])
            columns = [name for name in self.known.columns if name in names]
            statement = statements.insert(self.known, columns, many=True)
            rows = await connection.fetch(statement, text)
            made += zip(positions, (str(row["id"]) for row in rows), strict=True)
        ids = [row_id for _, row_id in sorted(made)]
        return JSONResponse({"batch": call.state.batch, "created": len(ids), "ids": ids}, 201)

    async def update(self, call: Call, connection: Connection) -> Response:
        """Give every row the same values."""
        given = call.read(self.change_shape)
        if given.set is None or not given.set.model_fields_set:
            raise Problem(
                422, "Nothing to change", "", [{"field": "set", "message": "Name a field."}]
            )
        ids = await self.ids(given, connection)
        names = [name for name in self.known.columns if name in given.set.model_fields_set]
        text = given.set.model_dump_json(exclude_unset=True)
        changed = await connection.fetch(statements.update_all(self.known, names), ids, text)
        return self._outcome(call, "updated", ids, changed)

    async def delete(self, call: Call, connection: Connection) -> Response:
        """Remove the rows, or move them to the trash."""
        ids = await self.ids(call.read(Which), connection)
        removed = await connection.fetch(statements.remove_all(self.known), ids)
        return self._outcome(call, "deleted", ids, removed)

    def _outcome(self, call: Call, word: str, ids: list[UUID], done: list[Any]) -> Response:
        if len(done) < len(ids):
            # Not all of them are there, or the caller may not: then none is changed.
            missing = sorted({str(one) for one in ids} - {str(row["id"]) for row in done})
            raise Problem(
                404 if not done else 409,
                f"{len(missing)} of {len(ids)} cannot be {word}",
                "They do not exist, are not yours to change, or are in the trash."
                " Nothing was changed.",
                extra={"ids": missing[:100]},
            )
        return JSONResponse({"batch": call.state.batch, word: len(done)})

    async def ids(self, which: Which, connection: Connection) -> list[UUID]:
        filtered = bool(which.f or which.where or which.q)
        if sum([which.ids is not None, filtered, bool(which.all)]) != 1:
            raise Problem(
                422, "Say which rows", "Give ids, or a filter (f, where, q), or all: true."
            )
        if which.ids is not None:
            return list(dict.fromkeys(which.ids))
        pairs = [("f", one) for one in which.f or []]
        pairs += [("where", json.dumps(which.where))] if which.where else []
        pairs += [("q", which.q)] if which.q else []
        query: ListQuery = self.known.live.parse(QueryParams(pairs))
        return await matching_ids(connection, await prepare(connection, query))


async def matching_ids(connection: Connection, asked: Asked) -> list[UUID]:
    """Ids of every row that matches; raises Problem 422 when they are too many for one change."""
    parameters = Parameters()
    condition = asked.conditions(parameters, counting=True)
    text = statements.matching(asked.query.listing.table, condition, MOST_MATCHES + 1)
    rows = await connection.fetch(text, *parameters.values)
    if len(rows) > MOST_MATCHES:
        raise Problem(
            422, "Too many rows", f"One change takes at most {MOST_MATCHES:,} rows: filter more."
        )
    return [row["id"] for row in rows]


def _alike(items: list[dict[str, Any]]) -> dict[frozenset[str], list[int]]:
    groups: dict[frozenset[str], list[int]] = {}
    for position, item in enumerate(items):
        groups.setdefault(frozenset(item), []).append(position)
    return groups
