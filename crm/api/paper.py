"""docs/api.md: every endpoint in one table, and a curl for each resource, made from the routes."""

import json
from collections.abc import Iterable, Iterator

from crm.api.call import Route
from crm.api.openapi import DESCRIPTION
from crm.api.routing import PREFIX

HEAD = """# The API

<!-- Made by `make paper` from the routes themselves; a test compares it and runs each curl. -->
{description}
The same, to browse and try out, is at `/api/docs`; the OpenAPI 3.1 document is at
`/api/v1/openapi.json`.

    export CRM=http://127.0.0.1:8000/api/v1
    export TOKEN=crm_...
"""


def text(routes: Iterable[Route]) -> str:
    """The whole paper, in Markdown."""
    every = [route for route in routes if route.name != "describe"]
    parts = [HEAD.format(description=DESCRIPTION)]
    parts += ["## Every endpoint\n", *_table(every), "\n## Examples\n", *_examples(every)]
    return "\n".join(parts).rstrip() + "\n"


def _table(routes: Iterable[Route]) -> Iterator[str]:
    yield "Each is tested by `tests/api/test_endpoints.py`, under its name.\n"
    yield "| method | path | does | scope of a token | name |"
    yield "|---|---|---|---|---|"
    for route in sorted(routes, key=lambda one: (one.path.split("/")[1], one.path, one.method)):
        access = "write" if route.writes else "read"
        scope = f"`{route.scope}:{access}`" if route.scope else "any"
        yield (
            f"| {route.method} | `{PREFIX}{route.path}` | {route.summary} | {scope} |"
            f" `{route.name}` |"
        )


def _examples(routes: list[Route]) -> Iterator[str]:
    by_name = {route.name: route for route in routes}
    for route in routes:
        known = route.known
        if known is None or not route.name.startswith("list_") or route.path != known.resource.path:
            continue
        resource = known.resource
        yield f"### {resource.name}\n\n{resource.description}\n"
        yield "```bash"
        yield f'curl -s "$CRM/{resource.name}?limit=2" -H "Authorization: Bearer $TOKEN"'
        table = resource.table.replace(".", "_")
        if (create := by_name.get(f"create_{table}")) and create.example:
            body = json.dumps(dict(create.example), ensure_ascii=False)
            yield f'curl -s -X POST "$CRM/{resource.name}" -H "Authorization: Bearer $TOKEN" \\'
            yield "  -H 'Content-Type: application/json' -H \"Idempotency-Key: $(uuidgen)\" \\"
            yield f"  -d '{body}'"
        yield "```\n"
