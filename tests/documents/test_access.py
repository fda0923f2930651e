"""Who sees which document: it follows its contact, deal or activity; nothing is public."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import JSON, PARTIAL, PDF, add, document, names, row_of, upload, upload_version

SECRET = "Zebediah"


@pytest.fixture(scope="module")
async def theirs(admin: asyncpg.Connection) -> dict[str, UUID]:
    """Contacts of Alice's, of Bob's and of nobody's, each with a deal and a task."""
    alice, bob = (UUID(f"a11ce000-0000-4000-8000-00000000000{n}") for n in (1, 2))
    found: dict[str, UUID] = {}
    for name, owner in (("alice", alice), ("bob", bob), ("nobody", None)):
        one = await add(admin, "contacts", first_name=SECRET, last_name=name, assigned_to=owner)
        found[name] = one
        found[f"{name} deal"] = await add(
            admin, "deals", contact_id=one, name=f"{SECRET} {name} deal", value=1
        )
        found[f"{name} task"] = await add(
            admin, "activities", contact_id=one, type="task", title=f"{SECRET} {name} task"
        )
    return found


@pytest.fixture(scope="module")
async def files(theirs: dict, admin: asyncpg.Connection) -> dict[str, UUID]:
    """Documents of everybody's, filled by `secrets`."""
    return {}


@pytest.fixture
async def secrets(client: httpx.AsyncClient, theirs: dict, files: dict) -> dict[str, UUID]:
    """A document with bytes on each contact, deal and task, and one on nothing."""
    if not files:
        for name, target in theirs.items():
            kind = {"deal": "deal_id", "task": "activity_id"}.get(name.split()[-1], "contact_id")
            files[name] = await upload(client, f"{SECRET}-{name}.pdf", PDF, **{kind: target})
        files["free"] = await upload(client, f"{SECRET}-free.pdf", PDF)
    return files


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


READS = ["", "/content", "/content?download=1", "/edit", "/links?q=ze"]
WRITES = ["edit", "archive", "unarchive", "restore", "delete", "versions", "links"]


async def refused(client: httpx.AsyncClient, one: UUID) -> None:
    for rest in READS:
        for headers in ({}, PARTIAL, JSON):
            answer = await client.get(f"/documents/{one}{rest}", headers=headers)
            assert answer.status_code == 404, rest
            assert SECRET not in answer.text
            assert "%PDF" not in answer.text
    assert (await client.head(f"/documents/{one}/content")).status_code == 404
    for rest in WRITES:
        sent = {"kind": "contact", "name": "x", "version": "x"}
        files: Any = {"file": ("x.pdf", PDF)} if rest == "versions" else None
        answer = await client.post(f"/documents/{one}/{rest}", data=sent, files=files)
        assert answer.status_code == 404, rest


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
@pytest.mark.parametrize("query", ["", "?q=zeb", "?linked=contact", "?archived=1", "?type=other"])
async def test_a_stranger_sees_an_empty_list(
    client_as, charlie: Identity, secrets: dict, query: str, headers: dict
) -> None:
    answer = await (await client_as(charlie)).get(f"/documents{query}", headers=headers)
    assert answer.status_code == 200
    assert names(answer.text) == []
    assert SECRET not in answer.text


async def test_a_stranger_is_told_that_there_is_no_such_document(
    client_as, charlie: Identity, secrets: dict, admin: asyncpg.Connection
) -> None:
    before = await admin.fetch("select * from documents order by id")
    stranger = await client_as(charlie)
    for one in secrets.values():
        await refused(stranger, one)
    answer = await stranger.post("/documents", files={"file": ("x.pdf", PDF)}, headers=JSON)
    assert answer.status_code == 403
    assert await admin.fetch("select * from documents order by id") == before


async def test_a_stranger_learns_no_name_through_the_filter(
    client_as, charlie: Identity, theirs: dict
) -> None:
    stranger = await client_as(charlie)
    for kind, name in (("contact", "alice"), ("deal", "alice deal")):
        answer = await stranger.get(f"/documents?{kind}={theirs[name]}")
        assert SECRET not in answer.text


@pytest.mark.usefixtures("assigned")
async def test_an_agent_sees_what_hangs_on_their_own_and_nobodys(
    client_as, bob: Identity, secrets: dict
) -> None:
    agent = await client_as(bob)
    seen = names((await agent.get("/documents")).text)
    assert {name.removeprefix(f"{SECRET}-").removesuffix(".pdf") for name in seen} == {
        "bob", "bob deal", "bob task", "nobody", "nobody deal", "nobody task", "free",
    }  # fmt: skip
    for name in ("alice", "alice deal", "alice task"):
        await refused(agent, secrets[name])
    for name in ("bob", "nobody deal", "free"):
        answer = await agent.get(f"/documents/{secrets[name]}/content")
        assert answer.content == PDF


@pytest.mark.usefixtures("assigned")
@pytest.mark.parametrize(
    ("kind", "name"), [("contact", "alice"), ("deal", "alice deal"), ("activity", "alice task")]
)
async def test_an_agent_links_nothing_to_what_they_do_not_see(
    client_as, bob: Identity, secrets: dict, theirs: dict, admin: asyncpg.Connection,
    kind: str, name: str,
) -> None:  # fmt: skip
    agent = await client_as(bob)
    for mine in ("bob", "free"):
        before = await row_of(admin, secrets[mine])
        answer = await agent.post(
            f"/documents/{secrets[mine]}/links", data={"kind": kind, "id": str(theirs[name])}
        )
        assert answer.status_code == 409
        assert await row_of(admin, secrets[mine]) == before
    answer = await agent.post(
        "/documents", files={"file": ("x.pdf", PDF)}, headers=JSON,
        data={"contact_id": str(theirs["bob"]), f"{kind}_id": str(theirs[name])},
    )  # fmt: skip
    assert answer.status_code == 409
    # What does not exist is answered in the same words.
    nothing = await agent.post(
        f"/documents/{secrets['free']}/links", headers=JSON,
        data={"kind": kind, "id": str(uuid4())},
    )  # fmt: skip
    assert (nothing.status_code, nothing.json()["title"]) == (409, answer.json()["title"])


@pytest.mark.usefixtures("assigned")
async def test_an_agent_does_not_find_what_they_do_not_see_to_link(
    client_as, bob: Identity, secrets: dict
) -> None:
    agent = await client_as(bob)
    found = (await agent.get(f"/documents/{secrets['free']}/links?q={SECRET}")).text
    assert f"{SECRET} bob" in found
    assert f"{SECRET} alice" not in found


@pytest.mark.usefixtures("assigned")
async def test_older_versions_are_hidden_with_the_newest(
    client_as, client: httpx.AsyncClient, bob: Identity, theirs: dict
) -> None:
    first = await upload(client, f"{SECRET}-old.pdf", PDF, contact_id=theirs["bob"])
    second = await upload_version(client, first, PDF)
    await client.post(
        f"/documents/{second}/links", data={"kind": "contact", "id": str(theirs["alice"])}
    )
    agent = await client_as(bob)
    for one in (first, second):
        await refused(agent, one)


async def test_a_viewer_reads_and_writes_nothing(
    client_as, vera: Identity, secrets: dict, admin: asyncpg.Connection
) -> None:
    viewer, one = await client_as(vera), secrets["bob"]
    before = await admin.fetch(
        "select id, name, is_archived, contact_id, updated_at from documents order by id"
    )
    assert (await viewer.get(f"/documents/{one}/content")).content == PDF
    shown = (await viewer.get(f"/documents/{one}")).text
    for word in ("/versions", "/archive", "/delete", "/edit", "/restore"):
        assert word not in shown
    assert "crm-upload" not in (await viewer.get("/documents")).text
    for rest in WRITES:
        current = (await row_of(admin, one))["updated_at"].isoformat()
        sent = {"kind": "contact", "name": "x", "version": current}
        files: Any = {"file": ("x.pdf", PDF)} if rest == "versions" else None
        answer = await viewer.post(f"/documents/{one}/{rest}", data=sent, files=files)
        assert answer.status_code == 403, rest
    assert (await viewer.post("/documents", files={"file": ("x.pdf", PDF)})).status_code == 403
    after = await admin.fetch(
        "select id, name, is_archived, contact_id, updated_at from documents order by id"
    )
    assert after == before


async def test_an_agent_archives_and_does_not_delete(
    client_as, bob: Identity, secrets: dict, admin: asyncpg.Connection
) -> None:
    agent, one = await client_as(bob), secrets["nobody"]
    assert "/delete" not in (await agent.get(f"/documents/{one}")).text
    assert (await agent.post(f"/documents/{one}/delete")).status_code == 403
    assert (await agent.post(f"/documents/{one}/archive")).status_code == 303
    assert (await agent.post(f"/documents/{one}/unarchive")).status_code == 303
    assert not (await row_of(admin, one))["is_archived"]


async def test_public_is_not_public_on_the_web(
    client_as, admin: asyncpg.Connection, secrets: dict
) -> None:
    await admin.execute("update documents set is_public = true where id = $1", secrets["free"])
    visitor = await client_as(None)
    for path in ("/documents", f"/documents/{secrets['free']}",
                 f"/documents/{secrets['free']}/content"):  # fmt: skip
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    assert (await visitor.post("/documents", files={"file": ("x", PDF)})).status_code == 303


async def test_a_path_of_another_document_gives_nobody_its_bytes(
    client_as, bob: Identity, secrets: dict, admin: asyncpg.Connection
) -> None:
    """A client of the database may not point its row at somebody else's file."""
    mine = await document(admin, name="mine")
    path = (await row_of(admin, secrets["alice"]))["file_path"]
    agent = await client_as(bob)
    db = agent._transport.app.state.db  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.session(bob) as connection:
            await connection.execute(
                "update documents set file_path = $1 where id = $2", path, mine
            )
