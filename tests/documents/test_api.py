"""Documents in the API: upload, download, versions, and who may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import Program
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .scene import PDF, PNG, add, document, row_of, sha256


async def send(api: httpx.AsyncClient, path: str = "/documents", **more: Any) -> httpx.Response:
    return await api.post(path, files={"file": ("Deed.pdf", PDF)}, **more)


def files_in(app: FastAPI) -> int:
    folder = app.state.settings.data_dir / "documents"
    return sum(path.is_file() for path in folder.rglob("*"))


async def test_a_file_becomes_a_row_with_checksum_and_address(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    answer = await send(
        api, data={"contact_id": str(person), "document_type": "contract", "tags": "a, b"}
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/documents/{made['id']}"
    assert (made["checksum"], made["file_size"]) == (sha256(PDF), len(PDF))
    assert (made["name"], made["mime_type"]) == ("Deed.pdf", "application/pdf")
    assert (made["contact_id"], made["tags"]) == (str(person), ["a", "b"])
    assert made["uploaded_by"] == str(ALICE.user_id)
    read = await api.get(f"/documents/{made['id']}")
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"]


async def test_what_was_uploaded_is_downloaded(api: httpx.AsyncClient) -> None:
    made = (await send(api)).json()["id"]
    whole = await api.get(f"/documents/{made}/content")
    assert (whole.status_code, whole.content) == (200, PDF)
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["etag"] == f'"{sha256(PDF)}"'
    shown = await api.get(f"/documents/{made}/content?inline=true")
    assert shown.headers["content-disposition"].startswith("inline")
    part = await api.get(f"/documents/{made}/content", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, PDF[5:10])
    known = await api.get(
        f"/documents/{made}/content", headers={"If-None-Match": whole.headers["etag"]}
    )
    assert known.status_code == 304
    head = await api.head(f"/documents/{made}/content")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(PDF)))
    assert (await api.get(f"/documents/{made}/content?x=1")).status_code == 422


async def test_a_key_stores_a_file_once(
    api: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await send(api, headers=key, data={"name": "Once"})
    stored = files_in(app)
    again = await send(api, headers=key, data={"name": "Once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert files_in(app) == stored
    assert await admin.fetchval("select count(*) from documents where name = 'Once'") == 1
    other = await api.post(
        "/documents", files={"file": ("Deed.pdf", PNG)}, headers=key, data={"name": "Once"}
    )
    assert other.status_code == 422
    assert files_in(app) == stored


async def test_a_key_used_twice_at_once_stores_a_file_once(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(send(api, headers=key, data={"name": "At once"}) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await admin.fetchval("select count(*) from documents where name = 'At once'") == 1


async def test_versions_are_numbered_listed_and_restored(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = (await send(api)).json()["id"]
    second = await api.post(f"/documents/{first}/versions", files={"file": ("b.png", PNG)})
    assert (second.status_code, second.json()["version"]) == (201, 2)
    assert second.json()["parent_document_id"] == first
    third = await api.post(f"/documents/{first}/restore-version")
    assert (third.status_code, third.json()["version"]) == (201, 3)
    assert third.json()["checksum"] == sha256(PDF)
    for one in (first, second.json()["id"]):
        rows = (await api.get(f"/documents/{one}/versions")).json()["data"]
        assert [row["version"] for row in rows] == [3, 2, 1]
    newest = await api.get("/documents?f=newest:eq:true&limit=200")
    family = {first, second.json()["id"], third.json()["id"]}
    assert family & {row["id"] for row in newest.json()["data"]} == {third.json()["id"]}
    content = await api.get(f"/documents/{third.json()['id']}/content")
    assert content.content == PDF


async def test_a_change_of_an_older_state_is_refused(api: httpx.AsyncClient) -> None:
    made = await send(api)
    path = f"/documents/{made.json()['id']}"
    await api.get(f"{path}/content")  # reading is no change
    seen = {"If-Match": made.headers["etag"]}
    assert (await api.patch(path, json={"name": "One"}, headers=seen)).status_code == 200
    late = await api.patch(path, json={"name": "Two"}, headers=seen)
    assert (late.status_code, late.json()["current"]["name"]) == (412, "One")


@pytest.mark.parametrize(
    "change",
    [{"file_path": "x"}, {"checksum": "ab"}, {"version": 9}, {"is_public": True},
     {"mime_type": "text/html"}, {"parent_document_id": None}],
)  # fmt: skip
async def test_what_was_stored_is_not_written(api: httpx.AsyncClient, change: dict) -> None:
    made = (await send(api)).json()["id"]
    assert (await api.patch(f"/documents/{made}", json=change)).status_code == 422


async def test_a_delete_takes_the_bytes_along(
    api: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    from crm.documents.storing import upkeep

    made = UUID((await send(api)).json()["id"])
    path = (await row_of(admin, made))["file_path"]
    assert (await api.delete(f"/documents/{made}")).status_code == 204
    await upkeep(app)
    assert not (app.state.settings.data_dir / "documents" / path).exists()
    assert (await api.get(f"/documents/{made}/content")).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"data": {"name": "x"}}, 422, ""),
        ({"files": [("file", ("a", PDF)), ("file", ("b", PDF))]}, 413, ""),
        ({"files": {"file": ("a.exe", b"MZ\x00")}}, 415, "file"),
        ({"files": {"file": ("a.pdf", b"")}}, 422, "file"),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"color": "red"}}, 422, "color"),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"contact_id": "x"}}, 422, "contact_id"),
        ({"files": {"file": ("a.pdf", PDF)}, "data": {"contact_id": str(uuid4())}}, 409, None),
        ({"json": {"name": "x"}}, 422, ""),
    ],
)
async def test_a_wrong_upload_says_what_is_wrong_and_stores_nothing(
    api: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI,
    sent: dict, status: int, field: str | None,
) -> None:  # fmt: skip
    rows, stored = await admin.fetchval("select count(*) from documents"), files_in(app)
    answer = await api.post("/documents", **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if field:
        assert answer.json()["errors"][0]["field"] == field
    assert await admin.fetchval("select count(*) from documents") == rows
    assert files_in(app) == stored


async def test_a_file_that_is_gone_is_gone(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await document(admin)
    answer = await api.get(f"/documents/{one}/content")
    assert (answer.status_code, answer.json()["title"]) == (410, "The file is gone")


ROUTES = [
    ("GET", "/content"), ("HEAD", "/content"), ("GET", "/versions"), ("POST", "/versions"),
    ("POST", "/restore-version"), ("GET", ""), ("PATCH", ""), ("DELETE", ""),
]  # fmt: skip


async def every_route(program: httpx.AsyncClient, one: UUID) -> list[tuple[str, int]]:
    found = []
    for method, rest in ROUTES:
        more: Any = {"files": {"file": ("x.pdf", PDF)}} if rest == "/versions" else {}
        more = {"json": {"name": "Stolen"}} if method == "PATCH" else more
        answer = await program.request(
            method, f"/documents/{one}{rest}", **(more if method in ("POST", "PATCH") else {})
        )
        assert b"%PDF" not in answer.content
        found.append((f"{method} {rest}", answer.status_code))
    return found


@pytest.fixture(scope="module")
async def alices(admin: asyncpg.Connection) -> UUID:
    return await add(admin, "contacts", first_name="Zebediah", assigned_to=ALICE.user_id)


@pytest.fixture
async def secret(api: httpx.AsyncClient, alices: UUID) -> UUID:
    """A document of a contact of Alice's."""
    return UUID((await send(api, data={"contact_id": str(alices)})).json()["id"])


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


async def test_a_stranger_and_nobody_get_and_change_nothing(
    program_of: Program, secret: UUID, admin: asyncpg.Connection
) -> None:
    before = await admin.fetch("select * from documents order by id")
    stranger, visitor = await program_of(CHARLIE), await program_of(None)
    assert {status for _, status in await every_route(stranger, secret)} == {404}
    assert {status for _, status in await every_route(visitor, secret)} == {401}
    assert (await send(stranger)).status_code == 403
    assert (await send(visitor)).status_code == 401
    assert await admin.fetch("select * from documents order by id") == before


@pytest.mark.usefixtures("assigned")
async def test_an_agent_gets_and_links_nothing_of_others(
    program_of: Program, secret: UUID, alices: UUID, admin: asyncpg.Connection
) -> None:
    agent = await program_of(BOB)
    before = await row_of(admin, secret)
    assert {status for _, status in await every_route(agent, secret)} == {404}
    assert await row_of(admin, secret) == before
    assert (await send(agent, data={"contact_id": str(alices)})).status_code == 409
    mine = (await send(agent)).json()["id"]
    link = await agent.patch(f"/documents/{mine}", json={"contact_id": str(alices)})
    assert link.status_code in (403, 409)


async def test_a_viewer_reads_only(
    program_of: Program, secret: UUID, admin: asyncpg.Connection
) -> None:
    viewer = await program_of(VERA)
    assert (await viewer.get(f"/documents/{secret}/content")).content == PDF
    before = await admin.fetchval("select count(*) from documents")
    assert (await send(viewer)).status_code == 403
    assert (await send(viewer, f"/documents/{secret}/versions")).status_code == 403
    assert (await viewer.post(f"/documents/{secret}/restore-version")).status_code == 403
    assert await admin.fetchval("select count(*) from documents") == before


async def test_a_token_without_the_scope_gets_nothing(
    program_of: Program, secret: UUID, admin: asyncpg.Connection
) -> None:
    before = await admin.fetch("select * from documents order by id")
    narrow = await program_of(ALICE, ["contacts:write"])
    assert {status for _, status in await every_route(narrow, secret)} <= {403, 404}
    assert (await send(narrow)).status_code == 403
    reader = await program_of(ALICE, ["documents:read"])
    assert (await reader.get(f"/documents/{secret}/content")).status_code == 200
    assert (await send(reader)).status_code == 403
    assert (await send(reader, f"/documents/{secret}/versions")).status_code == 403
    after = await admin.fetch("select * from documents order by id")
    uncounted = {"access_count", "last_accessed_at"}
    assert [{k: v for k, v in row.items() if k not in uncounted} for row in after] == [
        {k: v for k, v in row.items() if k not in uncounted} for row in before
    ]


async def test_a_token_of_documents_alone_stores_versions_of_linked_ones(
    program_of: Program, secret: UUID, alices: UUID
) -> None:
    """It does not see the contact, and neither finds it nor hangs anything new on it."""
    narrow = await program_of(ALICE, ["documents:write"])
    assert (await send(narrow, f"/documents/{secret}/versions")).status_code == 201
    assert (await narrow.post(f"/documents/{secret}/restore-version")).status_code == 201
    assert (await send(narrow, data={"contact_id": str(alices)})).status_code == 409


async def test_the_description_tells_how_to_upload(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    body = paths["/api/v1/documents"]["post"]["requestBody"]["content"]
    assert body["multipart/form-data"]["schema"]["required"] == ["file"]
    content = paths["/api/v1/documents/{id}/content"]["get"]["responses"]["200"]["content"]
    assert list(content) == ["*/*"]
