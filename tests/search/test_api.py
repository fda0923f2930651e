"""GET /api/v1/search: everything at once, ranked, within the rights of whoever asks."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from crm.search.results import KINDS

from .scene import SECRET, add, somebody, token

PATH = "/api/v1/search"


@pytest.fixture(scope="module")
async def made(admin: asyncpg.Connection) -> dict[str, UUID]:
    """Zebediah, whom Alice looks after, with everything; and a message about a Zebedee of Bob's."""
    alice = UUID("a11ce000-0000-4000-8000-000000000001")
    bob = UUID("a11ce000-0000-4000-8000-000000000002")
    found = await somebody(
        admin, phone1="+14155550132", email1="zeb@quill.example", assigned_to=alice
    )
    other = await add(admin, "contacts", first_name="Zebedee", last_name="Roofer", assigned_to=bob)
    await add(admin, "messages", contact_id=other, direction="outbound", content=f"ask {SECRET}")
    return found


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


async def ask(client: httpx.AsyncClient, q: str, **more: str) -> dict:
    answer = await client.get(PATH, params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_name_finds_everything_about_it_the_person_first(client, made: dict) -> None:
    found = await ask(client, "zebediah")
    assert found["corrected"] is None
    assert found["data"][0]["kind"] == "contacts"
    assert {one["kind"] for one in found["data"]} == set(KINDS)
    assert {(one["kind"], one["id"]) for one in found["data"]} > {
        (kind, str(one)) for kind, one in made.items()
    }


async def test_a_result_says_what_it_is_and_where(client, made: dict) -> None:
    (one,) = (await ask(client, "(415) 555-0132"))["data"]
    assert one["at"].startswith("20")
    assert one | {"at": ""} == {
        "kind": "contacts",
        "id": str(made["contacts"]),
        "contact_id": str(made["contacts"]),
        "title": "Zebediah Quill",
        "detail": "+14155550132",
        "at": "",
        "url": f"/contacts/{made['contacts']}",
    }
    (text,) = (await ask(client, "wants", kinds="messages"))["data"]
    assert text["title"] == "Zebediah Quill"
    assert text["detail"] == "Zebediah wants a roof"
    assert text["url"] == f"/contacts/{made['contacts']}?show=messages"
    (deal,) = (await ask(client, "roof", kinds="deals"))["data"]
    assert deal["url"] == f"/deals/{made['deals']}"


async def test_kinds_and_limit_narrow_it_down(client, made: dict) -> None:
    found = await ask(client, "zebediah", kinds="messages, deals")
    assert {one["kind"] for one in found["data"]} == {"messages", "deals"}
    assert [one["kind"] for one in (await ask(client, "zebediah", limit="1"))["data"]] == [
        "contacts"
    ]
    assert len((await ask(client, "zebediah", limit="3"))["data"]) == 3


async def test_a_mistyped_name_is_corrected(client, made: dict) -> None:
    found = await ask(client, "zebedaih quil")
    assert found["corrected"] == "zebediah quil"
    assert [one["title"] for one in found["data"]] == ["Zebediah Quill"]
    assert await ask(client, "qqqqqqq") == {"data": [], "corrected": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "q"),
        ({"q": "  "}, "q"),
        ({"q": "\x00"}, "q"),
        ({"q": "x", "limit": "0"}, "limit"),
        ({"q": "x", "limit": "101"}, "limit"),
        ({"q": "x", "limit": "ten"}, "limit"),
        ({"q": "x", "limit": "٣"}, "limit"),
        ({"q": "x", "kinds": "contacts,secrets"}, "kinds"),
        ({"q": "x", "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_parameter_is_named(client, query: dict, field: str) -> None:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("q", ["%", "'; --", "\\", "a" * 5000, "\x00zebediah\x00", '"', "(", ":*"])
async def test_hostile_text_is_only_looked_for(client, made: dict, q: str) -> None:
    found = await ask(client, q)
    assert [one["kind"] for one in found["data"]][:1] == (["contacts"] if "zeb" in q else [])


async def test_a_token_finds_what_its_scopes_cover(
    client_as, alice: Identity, admin: asyncpg.Connection, made: dict
) -> None:
    program = await client_as(None)
    for kind in KINDS:
        program.headers = await token(admin, alice, f"{kind}:read")
        found = await ask(program, "zebediah")
        assert {one["kind"] for one in found["data"]} == {kind}
        assert ("Quill" in str(found)) == (kind == "contacts")
    program.headers = await token(admin, alice, "tags:read", "settings:write")
    assert (await ask(program, "zebediah")) == {"data": [], "corrected": None}
    assert (await ask(program, "zebedaih")) == {"data": [], "corrected": None}
    answer = await program.get(PATH, params={"q": "zebediah", "kinds": "contacts"})
    assert answer.status_code == 403
    assert "contacts:read" in answer.text
    assert SECRET not in answer.text


@pytest.mark.usefixtures("assigned")
async def test_an_agent_finds_only_what_is_theirs(
    client_as, bob: Identity, vera: Identity, made: dict
) -> None:
    found = await ask(await client_as(bob), "zebediah")
    assert [(one["kind"], one["title"]) for one in found["data"]] == [
        ("messages", "Zebedee Roofer")
    ]
    assert len((await ask(await client_as(vera), "zebediah"))["data"]) == 9


async def test_a_stranger_finds_nothing(client_as, made: dict) -> None:
    visitor = await client_as(None)
    for headers in ({}, {"Authorization": "Bearer forged"}, {"Cookie": "crm_session=forged"}):
        answer = await visitor.get(PATH, params={"q": "zebediah"}, headers=headers)
        assert answer.status_code == 401
        assert SECRET not in answer.text


async def test_an_inactive_person_finds_nothing(
    client_as, bob: Identity, admin: asyncpg.Connection, made: dict
) -> None:
    program = await client_as(None)
    program.headers = await token(admin, bob, "contacts:read")
    assert (await ask(program, "zebediah"))["data"]
    await admin.execute("update app.users set is_active = false where id = $1", bob.user_id)
    assert (await program.get(PATH, params={"q": "zebediah"})).status_code == 401
    await admin.execute("update app.users set is_active = true where id = $1", bob.user_id)
