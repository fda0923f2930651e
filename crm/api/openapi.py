"""The OpenAPI 3.1 document, made from the routes and the catalogue; nothing is written twice."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from crm.api.call import BODY_LIMIT, Route
from crm.api.catalogue import CatalogueColumn
from crm.api.resource import KnownResource
from crm.api.routing import PREFIX
from crm.filters import MOST_ROWS, PAGE

JSON_TYPES: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "character varying": {"type": "string"},
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "bigint": {"type": "integer"},
    "numeric": {"type": "number"},
    "double precision": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp with time zone": {"type": "string", "format": "date-time"},
    "text[]": {"type": "array", "items": {"type": "string"}},
    "interval": {"type": "string"},
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "request_id": {"type": "string"},
        "current": {"type": "object", "description": "412: the state now."},
    },
}
ERRORS = {
    400: "The request cannot be read.",
    401: "No token or session, or one that is not valid.",
    403: "The person's role or the token's scopes do not allow it.",
    404: "Not there, or not the caller's to see.",
    409: "In conflict with what is stored.",
    410: "Not there any more; begin anew.",
    412: "If-Match names another version; `current` is the state now.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    416: "The file has no such range.",
    422: "A value is not right; `errors` names the fields.",
    429: "Too many tries; Retry-After says when.",
    503: "The database is not available, or took too long.",
}
DESCRIPTION = f"""
Everything the program knows, under the same rules as in the database itself.

**Signing in.** `Authorization: Bearer <token>`; make tokens in Settings, Tokens. A token acts for
its person within its scopes, such as `contacts:read` or `deals:write` (write includes read).

**Lists** take `f=field:operator:value`, repeated: all must hold. Operators: eq, ne, lt, lte, gt,
gte, in (values parted by commas), contains, starts, is-null (true or false), has-tag. `where` takes
groups as JSON: `{{"any": ["city:eq:Austin", {{"all": ["state:eq:TX", "dnc:eq:false"]}}]}}`.
`sort=-created_at,name` sorts by several fields, `limit` is at most {MOST_ROWS}, `next` and
`previous` are cursors for `after` and `before`. `owner:eq:me` is the caller; `30d` is thirty days
ago.

**Changes.** PATCH changes what its body names. Send the ETag you read as If-Match: when somebody
else was faster the answer is 412 with the current state. POST with an Idempotency-Key is done once
in 24 hours, however often it is sent. Bodies are at most {BODY_LIMIT // 1024 // 1024} MB; unknown
fields are refused.

**Errors** are problem+json (RFC 9457) with a request id.
"""


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, str] = {}
    for route in routes:
        tag = route.path.strip("/").split("/")[0]
        tags.setdefault(tag, route.known.resource.description if route.known else "")
        operation = _operation(route, schemas) | {"tags": [tag]}
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Contact CRM", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "crm_session"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    needed = f"{route.scope}:{'write' if route.writes else 'read'}" if route.scope else ""
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Scope of a token: `{needed}`." if needed else "",
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if not route.scope and not route.needs_caller:
        made["security"] = []
    if body := _request_body(route, schemas):
        made["requestBody"] = body
    return made


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    for given in route.parameters:
        kind = {"type": "integer"} if given.get("integer") else {"type": "string"}
        found.append(
            {"name": given["name"], "in": "query", "schema": given.get("schema", kind),
             "description": given["description"]}
        )  # fmt: skip
    if route.known and route.name.startswith("list_") and route.path == route.known.resource.path:
        found += _list_parameters(route.known)
    if route.known and route.name.startswith("read_"):
        found += _shape_parameters(route.known)
    if route.method == "POST":
        found.append(
            _parameter("Idempotency-Key", "Do this once in 24 hours, however often it is sent.",
                       {"type": "string", "pattern": "^[!-~]{1,200}$"}, "header")
        )  # fmt: skip
    if 412 in route.errors:
        found.append(
            _parameter("If-Match", "The ETag you read.",
                       {"type": "string", "pattern": '^"?[0-9]{1,19}"?$'}, "header")
        )  # fmt: skip
    return found


def _path_schema(name: str) -> dict[str, Any]:
    is_id = name == "id" or name.endswith("_id")
    return {"type": "string", "format": "uuid"} if is_id else {"type": "string"}


def _parameter(
    name: str, text: str, schema: dict[str, Any], where: str = "query"
) -> dict[str, Any]:
    return {"name": name, "in": where, "description": text, "schema": schema}


def _list_parameters(known: KnownResource) -> list[dict[str, Any]]:
    listing = known.live.listing
    text = {"type": "string"}
    fields = ", ".join(sorted(listing.columns))
    sorts = ", ".join(sorted(listing.sorts))
    found = [
        _parameter("f", f"field:operator:value; repeat it: all must hold. Fields: {fields}.",
                   {"type": "array", "items": text}),
        _parameter("where", 'Groups of filters as JSON: {"any": [...]} or {"all": [...]}.', text),
        _parameter("sort", f"One or several of {sorts}; - in front for descending.",
                   {"type": "string", "default": listing.default_sort}),
        _parameter("after", "The `next` of the page before.", text),
        _parameter("before", "The `previous` of the page after.", text),
        _parameter("limit", "Rows of a page.",
                   {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE}),
        _parameter("count", "Also count all matches, exactly or as the planner expects.",
                   {"type": "string", "enum": ["exact", "estimated"]}),
    ]  # fmt: skip
    if listing.search:
        found.append(_parameter("q", "Only what is found by these words or digits.", text))
    if known.trashed:
        found.append(
            _parameter("trash", "Only what is in the trash.", {"type": "string",
                       "enum": ["true", "false"]})
        )  # fmt: skip
    return found + _shape_parameters(known)


def _shape_parameters(known: KnownResource) -> list[dict[str, Any]]:
    def several(name: str, text: str, words: Iterable[str]) -> dict[str, Any]:
        items = {"type": "string", "enum": list(words)}
        schema = {"type": "array", "items": items}
        return _parameter(name, text, schema) | {"style": "form", "explode": False}

    found = [several("fields", "Only these columns.", known.columns)]
    if known.resource.includes:
        found.append(several("include", "Also these.", known.resource.includes))
    return found


def _responses(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done." if route.status == 204 else "The answer."}
    if route.status != 204:
        good["content"] = {route.media: {"schema": _answer(route, schemas)}}
    found: dict[str, Any] = {str(route.status): good}
    usual = {400, 401, 403, 404, 422, 503, *route.errors}
    if route.writes and route.body is not None:
        usual |= {413, 415}
    if route.method == "POST":
        usual.add(409)
    for status in sorted(usual):
        found[str(status)] = {
            "description": ERRORS[status],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    if route.known and route.name.startswith("read_"):
        found["304"] = {"description": "If-None-Match names the current version."}
    return found


def _answer(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if route.answer is not None:
        return _schema(route.answer, schemas)
    if route.known is None or not re.match(r"(list|read|create|update|restore)_", route.name):
        return {"type": "object"} if route.media == "application/json" else {}
    row = {"$ref": f"#/components/schemas/{_row(route.known, schemas)}"}
    if not (route.name.startswith("list_") and route.path == route.known.resource.path):
        return row if route.path.startswith(route.known.resource.path) else {"type": "object"}
    return {
        "type": "object",
        "required": ["data", "next", "previous"],
        "properties": {
            "data": {"type": "array", "items": row},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
            "total": {"type": "integer"},
            "estimated_total": {"type": "integer"},
        },
    }


def _row(known: KnownResource, schemas: dict[str, Any]) -> str:
    name = "".join(part.capitalize() for part in known.resource.name.split("-"))
    if name not in schemas:
        properties = {column.name: _column(column) for column in known.columns.values()}
        properties |= {include: {} for include in known.resource.includes}
        schemas[name] = {"type": "object", "properties": properties}
    return name


def _column(column: CatalogueColumn) -> dict[str, Any]:
    schema: dict[str, Any] = dict(JSON_TYPES.get(column.type) or JSON_TYPES.get(column.base) or {})
    if column.base == "jsonb":
        schema = {"type": "array" if column.is_array else "object"}
    if column.choices:
        schema["enum"] = [*column.choices] + ([] if column.not_null else [None])
    if not column.not_null and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if column.comment:
        schema["description"] = column.comment
    return schema


def _request_body(route: Route, schemas: dict[str, Any]) -> dict[str, Any] | None:
    if route.body is None:
        return None
    content: dict[str, Any] = {"schema": _schema(route.body, schemas)}
    if route.example:
        content["example"] = dict(route.example)
    kind = "multipart/form-data" if "multipart" in str(content["schema"].get("format", "")) else ""
    return {"required": True, "content": {kind or "application/json": content}}


def _schema(shape: Any, schemas: dict[str, Any]) -> Any:
    if not (isinstance(shape, type) and issubclass(shape, BaseModel)):
        return shape
    found = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, definition in found.pop("$defs", {}).items():
        schemas.setdefault(name, _without_noise(definition))
    name = shape.__name__
    schemas.setdefault(name, _without_noise(found))
    return {"$ref": f"#/components/schemas/{name}"}


def _without_noise(schema: Any) -> Any:
    """Without titles that repeat names, and without `default: null`, which is no value to send."""
    if isinstance(schema, list):
        return [_without_noise(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_noise(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and value is None)
    }
