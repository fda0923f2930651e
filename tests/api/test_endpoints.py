"""Every endpoint of the API by its name: who may not, may not; and a good call gets what is said.

A new route needs a sample call in SAMPLES (or fits one of the patterns), else this fails.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.api import paper
from crm.api.call import Route
from tests.browser.site import serving
from tests.cast import ALICE, CHARLIE
from tests.contacts.scene import add

from .book import ALICES, CHANGES, fingerprint, new, one_of_everything
from .conftest import Program, make_token

Rows = dict[str, Any]  # ids by resource; the change that made the AI call, and its transaction
Sample = tuple[str, Any]  # path, body

FILE = b"%PDF-1.4"  # a body in bytes is sent as the file of a form

# Calls that no pattern of `sample` gives; by the name of the route.
SAMPLES: dict[str, Callable[[Rows], Sample]] = {
    "list_app_users": lambda _: ("/users", None),
    "read_app_users": lambda rows: (f"/users/{rows['users']}", None),
    "update_app_users": lambda rows: (f"/users/{rows['users']}", {"role": "agent"}),
    "list_app_api_tokens": lambda _: ("/tokens", None),
    "read_app_api_tokens": lambda rows: (f"/tokens/{rows['tokens']}", None),
    "create_token": lambda _: ("/tokens", {"name": "New", "scopes": ["tags:read"]}),
    "revoke_token": lambda rows: (f"/tokens/{rows['tokens']}", None),
    "list_invitations": lambda _: ("/users/invitations", None),
    "create_invitation": lambda rows: (
        "/users/invitations",
        {"email": f"{rows['contacts']}@example.test"},
    ),
    "revoke_invitation": lambda rows: (f"/users/invitations/{rows['invitations']}", None),
    "list_sessions": lambda _: ("/sessions", None),
    "end_session": lambda rows: (f"/sessions/{rows['sessions']}", None),
    "read_settings": lambda _: ("/settings", None),
    "update_settings": lambda _: ("/settings", {"visibility": "team"}),
    "bulk_merge_tags": lambda rows: (
        "/tags/bulk-merge",
        {"ids": [str(rows["tags"])], "into": str(rows["other tag"])},
    ),
    "move_deal": lambda rows: (f"/deals/{rows['deals']}/move", {"stage": "proposal"}),
    "list_timeline_of_contact": lambda rows: (f"/contacts/{rows['contacts']}/timeline", None),
    "list_changes": lambda rows: (f"/changes?contact_id={rows['contacts']}", None),
    "feed_changes": lambda rows: (f"/changes/feed?after={rows['tx'] - 1}.0", None),
    "read_change": lambda rows: (f"/changes/{rows['change']}", None),
    "undo_change": lambda rows: (f"/changes/{rows['change']}/undo", None),
    "undo_batch": lambda rows: (f"/changes/batches/tx:{rows['tx']}/undo", None),
    "search": lambda _: ("/search?q=zebediah", None),
    "create_documents": lambda rows: ("/documents", FILE),
    "create_version_of_document": lambda rows: (f"/documents/{rows['documents']}/versions", FILE),
    "complete_activity": lambda rows: (f"/activities/{rows['activities']}/complete", None),
    "snooze_activity": lambda rows: (
        f"/activities/{rows['activities']}/snooze",
        {"to": "tomorrow"},
    ),
}


async def scene(admin: asyncpg.Connection) -> Rows:
    """One of everything of Alice's, and the change that made the AI call."""
    rows: Rows = dict(await one_of_everything(admin, ALICES))
    change = await admin.fetchrow(
        "select id, tx from app.changes where row_id = $1 order by id limit 1", rows["vapi-calls"]
    )
    assert change
    other = await add(admin, "tags", name=f"Other {rows['contacts']}")
    return rows | {"change": change["id"], "tx": change["tx"], "other tag": other}


def sample(route: Route, rows: Rows) -> Sample:
    """A good call of a route."""
    if route.name in SAMPLES:
        return SAMPLES[route.name](rows)
    assert route.known is not None, f"{route.name} has no sample call"
    resource = route.known.resource.name
    path = route.path.replace("{id}", str(rows[resource])).replace("{tag_id}", str(rows["tags"]))
    action = route.name.removesuffix(f"_{route.known.resource.table.replace('.', '_')}")
    bodies: dict[str, Any] = {
        "create": new(resource, rows),
        "update": CHANGES.get(resource),
        "bulk_create": {"items": [new(resource, rows)]},
        "bulk_update": {"ids": [str(rows[resource])], "set": CHANGES.get(resource)},
        "bulk_delete": {"ids": [str(rows[resource])]},
        "bulk_tag": {"ids": [str(rows[resource])], "add": ["Endpoint"]},
        "add_tag_to": {"name": "Endpoint"},
    }
    return path, bodies.get(action)


async def call(program: httpx.AsyncClient, route: Route, rows: Rows) -> httpx.Response:
    path, body = sample(route, rows)
    if isinstance(body, bytes):
        return await program.request(route.method, path, files={"file": ("deed.pdf", body)})
    return await program.request(route.method, path, json=body)


def routes_of(app: FastAPI) -> list[Route]:
    return [route for route in app.state.api.routes.every if route.name != "describe"]


async def test_every_endpoint_does_what_it_says(
    app: FastAPI, program_of: Program, admin: asyncpg.Connection
) -> None:
    api = await program_of(ALICE)
    wrong = {}
    for route in routes_of(app):
        rows = await scene(admin)
        if route.path.endswith("/restore"):
            await api.delete(sample(route, rows)[0].removesuffix("/restore"))
        if route.name == "download_documents":
            made = await api.post("/documents", files={"file": ("deed.pdf", FILE)})
            rows["documents"] = made.json()["id"]
        answer = await call(api, route, rows)
        await admin.execute("delete from phone_numbers where number = '+14155559999'")
        if answer.status_code != route.status:
            wrong[route.name] = (answer.status_code, answer.text[:200])
    assert wrong == {}


async def test_no_endpoint_opens_without_a_credential(
    app: FastAPI, program_of: Program, admin: asyncpg.Connection
) -> None:
    visitor, rows = await program_of(None), await scene(admin)
    before = await fingerprint(admin)
    answers = {route.name: await call(visitor, route, rows) for route in routes_of(app)
               if route.needs_caller}  # fmt: skip
    assert {name for name, answer in answers.items() if answer.status_code != 401} == set()
    assert await fingerprint(admin) == before


async def test_no_endpoint_changes_anything_for_a_stranger_or_a_narrow_token(
    app: FastAPI, program_of: Program, admin: asyncpg.Connection
) -> None:
    rows = await scene(admin)
    before = await fingerprint(admin)
    for program in (await program_of(CHARLIE), await program_of(ALICE, ["imports:read"])):
        for route in routes_of(app):
            answer = await call(program, route, rows)
            assert answer.status_code < 500, (route.name, answer.text)
            assert "Zebediah" not in answer.text, (route.name, answer.text)
    assert await fingerprint(admin) == before


async def test_every_endpoint_has_a_name_of_its_own_and_a_summary(app: FastAPI) -> None:
    every = routes_of(app)
    names = [route.name for route in every]
    assert len(names) == len(set(names))
    assert [route.path for route in every if not route.name or not route.summary] == []


async def test_the_description_is_open_to_everybody_and_complete(
    app: FastAPI, program_of: Program
) -> None:
    visitor = await program_of(None)
    document = (await visitor.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    described = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert described == {route.name for route in routes_of(app)}


async def test_the_paper_is_what_the_routes_say(app: FastAPI) -> None:
    written = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert written == paper.text(app.state.api.routes.every), "run: make paper"


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")
async def test_every_curl_in_the_paper_works(app: FastAPI, admin: asyncpg.Connection) -> None:
    rows = await scene(admin)
    token = await make_token(admin, ALICE)
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    blocks = [part.split("```")[0] for part in text.split("```bash\n")[1:]]
    assert len(blocks) > 10
    nobody = "00000000-0000-4000-8000-000000000000"
    script = "".join(blocks).replace(nobody, str(rows["contacts"]))
    script = re.sub(r"\$\(uuidgen\)", lambda _: str(uuid4()), script)
    script = script.replace("curl -s", "curl -sS --fail-with-body")
    script = script.replace("+14155550100", "+14155550188").replace("Cash buyer", uuid4().hex)
    async with serving(app) as address:
        environment = {"CRM": f"{address}/api/v1", "TOKEN": token, "PATH": "/usr/bin:/bin"}
        done = await asyncio.to_thread(
            subprocess.run, ["/bin/sh", "-e"], input=script, env=environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
