"""Deals in the API: the move of a card, and the pipelines."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import contact, deal, row


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> None:
    """Every test makes its own deals."""
    await admin.execute("truncate deals cascade")
    await admin.execute("delete from app.pipelines where key <> 'default'")


async def test_a_deal_is_moved_to_its_place(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    ann = await contact(admin)
    one = await deal(admin, "One", ann)
    other = await deal(admin, "Other", ann, stage="proposal", position=5.0)
    sent = {"stage": "proposal", "before_id": str(other)}
    answer = await client.post(f"/api/v1/deals/{one}/move", json=sent)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["stage"], answer.json()["probability"]) == ("proposal", 40)
    assert answer.json()["position"] < 5


async def test_a_version_that_is_old_is_refused(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "One")
    seen = (await row(admin, one))["updated_at"].isoformat()
    await admin.execute("update deals set notes = 'x'")
    answer = await client.post(
        f"/api/v1/deals/{one}/move", json={"stage": "proposal", "version": seen}
    )
    assert answer.status_code == 409
    assert (await row(admin, one))["stage"] == "lead"


@pytest.mark.parametrize("sent", [{}, {"stage": "nowhere"}, {"stage": "lead", "to": "x"}])
async def test_a_move_that_makes_no_sense_is_a_422(
    client: httpx.AsyncClient, admin: asyncpg.Connection, sent: dict[str, str]
) -> None:
    one = await deal(admin, "One")
    assert (await client.post(f"/api/v1/deals/{one}/move", json=sent)).status_code == 422


async def test_pipelines_are_listed_with_their_stages_and_changed(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    made = await client.post("/api/v1/pipelines", json={"key": "rentals", "name": "Rentals"})
    assert made.status_code == 201, made.text
    stage = {"pipeline": "rentals", "key": "viewing", "label": "Viewing", "probability": 30}
    assert (await client.post("/api/v1/pipeline-stages", json=stage)).status_code == 201
    found = (await client.get("/api/v1/pipelines?include=stages")).json()["data"]
    keys = {one["key"]: [s["key"] for s in one["stages"]] for one in found}
    assert keys["rentals"] == ["viewing", "closed_won", "closed_lost"]
    assert len(keys["default"]) == 8
    address = f"/api/v1/pipelines/{made.json()['id']}"
    assert (await client.patch(address, json={"name": "Flats"})).json()["name"] == "Flats"
    assert (await client.patch(address, json={"key": "flats"})).status_code == 422


async def test_an_agent_and_a_viewer_do_not_change_pipelines(
    client_as, bob: Identity, vera: Identity, admin: asyncpg.Connection
) -> None:
    default = await admin.fetchval("select id from app.pipelines where key = 'default'")
    for person in (bob, vera):
        client = await client_as(person)
        assert (await client.get("/api/v1/pipelines")).json()["data"]
        answer = await client.patch(f"/api/v1/pipelines/{default}", json={"name": "x"})
        assert answer.status_code == 403
        made = await client.post("/api/v1/pipelines", json={"key": "x", "name": "x"})
        assert made.status_code == 403


async def test_somebody_elses_deal_is_not_there_under_assigned(
    client_as, alice: Identity, bob: Identity, admin: asyncpg.Connection
) -> None:
    hidden: UUID = await deal(admin, "A", await contact(admin, assigned_to=alice.user_id))
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    client = await client_as(bob)
    answer = await client.post(f"/api/v1/deals/{hidden}/move", json={"stage": "proposal"})
    await admin.execute("delete from app.settings where key = 'visibility'")
    assert answer.status_code == 404
