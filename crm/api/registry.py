"""From declared resources to routes: one list of everything the API can do."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from starlette.responses import Response

from crm.api import catalogue, openapi
from crm.api.bulk import BulkHandlers, Which
from crm.api.call import Call, Route
from crm.api.catalogue import Catalogue
from crm.api.resource import KnownResource, Resource
from crm.api.rows import RowHandlers
from crm.api.tagging import BulkTagBody, TagBody, TagHandlers
from crm.db import Database

LINKS = {"contacts": ("contact_tags", "contact_id"), "deals": ("deal_tags", "deal_id")}


async def routes(db: Database, rooms: Iterable[Any]) -> list[Route]:
    """The routes of every room's api.py, with the columns that the database has now."""
    modules = list(rooms)
    resources = [one for room in modules for one in getattr(room, "RESOURCES", ())]
    async with db.service() as connection:
        found = await catalogue.read(connection, [resource.table for resource in resources])
    every = list(_every(modules, resources, found))
    return [*every, _described(every)]


def _described(every: list[Route]) -> Route:
    @cache
    def text() -> bytes:
        return json.dumps(openapi.document(every), ensure_ascii=False).encode()

    async def show(call: Call) -> Response:
        """The description itself, for everybody."""
        return Response(text(), media_type="application/json")

    return Route("GET", "/openapi.json", show, "This description", opens=False, name="describe",
                 needs_caller=False)  # fmt: skip


def _every(
    modules: Iterable[Any], resources: Iterable[Resource], columns: Catalogue
) -> Iterator[Route]:
    known = {one.name: KnownResource(one, columns[one.table]) for one in resources}
    for one in known.values():
        yield from of_resource(one)
    for module in modules:
        for route in getattr(module, "ROUTES", ()):
            first = route.path.strip("/").split("/")[0]
            yield replace(route, known=route.known or known.get(first))


def of_resource(known: KnownResource) -> Iterator[Route]:
    """The routes that a resource's actions stand for."""
    resource = known.resource
    rows = RowHandlers(known)
    path, one, many = resource.path, resource.title, resource.many
    row = f"{path}/{{id}}"
    name = resource.table.replace(".", "_")

    def route(action: str, method: str, at: str, handler: Any, summary: str, **more: Any) -> Route:
        return Route(
            method, at, handler, summary, resource.its_scope, known=known,
            name=f"{action}_{name}", **more,
        )  # fmt: skip

    yield route("list", "GET", path, rows.list_rows, f"List {many}", planned=True)
    yield route("read", "GET", row, rows.read, f"Read one {one}")
    if "create" in resource.actions:
        yield route(
            "create", "POST", path, rows.create, f"Create a new {one}", body=rows.create_shape,
            status=201, errors=(409,), example=resource.example or None,
        )  # fmt: skip
    if "update" in resource.actions:
        yield route("update", "PATCH", row, rows.update, f"Change one {one}",
                    body=rows.update_shape, errors=(409, 412))  # fmt: skip
    if "delete" in resource.actions:
        where = "Move one to the trash" if resource.trash else "Delete one"
        yield route("delete", "DELETE", row, rows.delete, f"{where}: {one}", status=204,
                    errors=(409, 412))  # fmt: skip
    if resource.trash:
        yield route("restore", "POST", f"{row}/restore", rows.restore,
                    f"Take one {one} out of the trash", errors=(409,))  # fmt: skip
    if "bulk" in resource.actions:
        yield from _bulk(known, rows, route)


def _bulk(known: KnownResource, rows: RowHandlers, route: Any) -> Iterator[Route]:
    many = known.resource.many
    path = known.resource.path
    bulk = BulkHandlers(known, rows.create_shape, rows.update_shape)
    yield route("bulk_create", "POST", f"{path}/bulk-create", bulk.create,
                f"Create many {many}: all or none", body=bulk.items_shape, status=201,
                errors=(409,))  # fmt: skip
    yield route("bulk_update", "POST", f"{path}/bulk-update", bulk.update,
                f"Give many {many} the same values", body=bulk.change_shape,
                errors=(409,))  # fmt: skip
    yield route("bulk_delete", "POST", f"{path}/bulk-delete", bulk.delete,
                f"Delete many {many}", body=Which, errors=(409,))  # fmt: skip
    if known.resource.name in LINKS:
        tags = TagHandlers(known, bulk, *LINKS[known.resource.name])
        one = known.resource.title
        yield route("list_tags_of", "GET", f"{path}/{{id}}/tags", tags.list_tags,
                    f"List the tags of one {one}")  # fmt: skip
        yield route("add_tag_to", "POST", f"{path}/{{id}}/tags", tags.add,
                    f"Tag one {one} by name", body=TagBody, status=201)  # fmt: skip
        yield route("put_tag_on", "PUT", f"{path}/{{id}}/tags/{{tag_id}}", tags.put,
                    f"Tag one {one}", status=204)  # fmt: skip
        yield route("remove_tag_from", "DELETE", f"{path}/{{id}}/tags/{{tag_id}}", tags.remove,
                    f"Take a tag off one {one}", status=204)  # fmt: skip
        yield route("bulk_tag", "POST", f"{path}/bulk-tag", tags.bulk_tag,
                    f"Tag many {many}, or take tags off them", body=BulkTagBody)  # fmt: skip
