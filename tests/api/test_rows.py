"""What a client meets besides rights: versions, repeats, strict bodies, trash, bulk, errors."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.api.routing import PREFIX
from crm.db import Identity
from tests.cast import ALICE
from tests.contacts.scene import add

from .book import ALICES, one_of_everything
from .conftest import Program


@pytest.fixture(scope="module")
async def rows(admin: asyncpg.Connection) -> dict[str, UUID]:
    """One of everything."""
    return await one_of_everything(admin, ALICES)


async def made(api: httpx.AsyncClient, **body: object) -> httpx.Response:
    """A new contact."""
    answer = await api.post("/contacts", json=body or {"first_name": "Ada"})
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_new_row_tells_where_it_is_and_in_which_version(api: httpx.AsyncClient) -> None:
    answer = await made(api, first_name="Ada", phone1="(415) 555-0132", est_value=12.5)
    assert answer.json()["phone1"] == "+14155550132"
    assert answer.json()["est_value"] == 12.5
    assert answer.json()["created_by"] == str(ALICE.user_id)
    assert answer.headers["x-request-id"]
    again = await api.get(answer.headers["location"].removeprefix(PREFIX))
    assert again.json() == answer.json()
    assert again.headers["etag"] == answer.headers["etag"]


async def test_a_version_that_somebody_else_changed_is_not_overwritten(
    api: httpx.AsyncClient,
) -> None:
    first = await made(api)
    path = f"/contacts/{first.json()['id']}"
    etag = {"If-Match": first.headers["etag"]}
    second = await api.patch(path, json={"city": "Rome"}, headers=etag)
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    for answer in (
        await api.patch(path, json={"city": "Oslo"}, headers=etag),
        await api.patch(path, json={}, headers=etag),
        await api.delete(path, headers=etag),
    ):
        assert answer.status_code == 412
        assert answer.json()["current"]["city"] == "Rome"
        assert answer.headers["etag"] == second.headers["etag"]
    careless = await api.delete(path, headers={"If-Match": "yesterday"})
    assert careless.status_code == 400
    assert (await api.patch(path, json={}, headers={"If-Match": "*"})).status_code == 200


async def test_of_two_changes_to_one_version_at_once_one_wins(api: httpx.AsyncClient) -> None:
    first = await made(api)
    path, etag = f"/contacts/{first.json()['id']}", {"If-Match": first.headers["etag"]}
    answers = await asyncio.gather(
        *(api.patch(path, json={"city": f"City {n}"}, headers=etag) for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]


async def test_a_post_with_a_key_is_done_once(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"first_name": "Once", "notes": key["Idempotency-Key"]}
    answers = await asyncio.gather(
        *(api.post("/contacts", json=body, headers=key) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    counted = await admin.fetchval(
        "select count(*) from contacts where notes = $1", key["Idempotency-Key"]
    )
    assert counted == 1


async def test_a_key_belongs_to_one_request_of_one_credential(
    api: httpx.AsyncClient, program_of: Program, bob: Identity
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await api.post("/contacts", json={"first_name": "Mine"}, headers=key)
    other = await api.post("/contacts", json={"first_name": "Other"}, headers=key)
    assert other.status_code == 422
    elsewhere = await api.post("/tags", json={"name": "Other"}, headers=key)
    assert elsewhere.status_code == 422
    bobs = await (await program_of(bob)).post("/contacts", json={"first_name": "Mine"}, headers=key)
    assert bobs.status_code == 201
    assert bobs.json()["id"] != first.json()["id"]


async def test_a_request_that_failed_may_be_tried_again_with_its_key(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    key, name = {"Idempotency-Key": uuid4().hex}, f"Tag {uuid4().hex}"
    tag = await add(admin, "tags", name=name)
    assert (await api.post("/tags", json={"name": name}, headers=key)).status_code == 409
    await admin.execute("delete from tags where id = $1", tag)
    assert (await api.post("/tags", json={"name": name}, headers=key)).status_code == 201


async def test_a_key_older_than_a_day_is_new_again(
    api: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await api.post("/contacts", json={"first_name": "Old"}, headers=key)
    await admin.execute(
        "update app.idempotency_keys set created_at = now() - interval '25 hours' where key = $1",
        key["Idempotency-Key"],
    )
    second = await api.post("/contacts", json={"first_name": "Old"}, headers=key)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


BAD_BODIES = [
    ({"first_nam": "x"}, "first_nam"),
    ({"first_name": 5}, "first_name"),
    ({"dnc": "true"}, "dnc"),
    ({"bedrooms": "3"}, "bedrooms"),
    ({"bedrooms": -1}, "bedrooms"),
    ({"est_value": "12"}, "est_value"),
    ({"last_sale_date": 5}, "last_sale_date"),
    ({"last_sale_date": "2026-02-30"}, "last_sale_date"),
    ({"deal_status": "nowhere"}, "deal_status"),
    ({"email1": "not an email"}, "email1"),
    ({"phone1": "12"}, "phone1"),
    ({"first_name": "x" * 101}, "first_name"),
    ({"first_name": "nul \x00"}, "first_name"),
    ({"first_name": None}, "first_name"),
    ({"custom_fields": []}, "custom_fields"),
    ({"id": str(uuid4()), "first_name": "x"}, "id"),
    ({"created_at": "2026-01-01T00:00:00Z"}, "created_at"),
]


@pytest.mark.parametrize(("body", "field"), BAD_BODIES, ids=[field for _, field in BAD_BODIES])
async def test_a_bad_body_is_refused_with_the_name_of_the_field(
    api: httpx.AsyncClient, rows: dict[str, UUID], body: dict, field: str
) -> None:
    for answer in (
        await api.post("/contacts", json={"last_name": "L"} | body),
        await api.patch(f"/contacts/{rows['contacts']}", json=body),
        await api.post("/contacts/bulk-create", json={"items": [{"last_name": "L"} | body]}),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert {one["field"].split(".")[-1] for one in answer.json()["errors"]} == {field}
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_rules_of_the_database_are_told_by_field(
    api: httpx.AsyncClient, rows: dict[str, UUID]
) -> None:
    empty = await api.post("/contacts", json={})
    assert empty.status_code == 422
    nobody = await api.post("/deals", json={"contact_id": str(uuid4()), "name": "x"})
    assert nobody.status_code in (403, 409)
    twice = await api.post("/tags", json={"name": f"zebediah {rows['contacts']}"})
    assert twice.status_code == 409
    assert twice.json()["errors"] == [{"field": "name", "message": "This exists already."}]
    stage = await api.patch(f"/deals/{rows['deals']}", json={"stage": "nowhere"})
    assert stage.status_code == 422
    assert stage.json()["errors"][0]["field"] == "stage"
    deep: dict = {"custom_fields": {"a": "\x00"}}
    assert (await api.post("/contacts", json=deep)).status_code == 422


async def test_what_is_not_json_is_told_apart(api: httpx.AsyncClient) -> None:
    json_type = {"Content-Type": "application/json"}
    for content in (b"{", b"", b"NaN", b"\xff", b'{"a": NaN}', b"[" * 100_000):
        answer = await api.post("/contacts", content=content, headers=json_type)
        assert answer.status_code == 400, content[:10]
    assert (await api.post("/contacts", json=[1])).status_code == 422
    assert (await api.post("/contacts", data={"first_name": "x"})).status_code == 415
    large = await api.post("/contacts", content=b" " * 6_000_000, headers=json_type)
    assert large.status_code == 413


async def test_unknown_paths_and_methods_are_told_apart(api: httpx.AsyncClient) -> None:
    assert (await api.get("/nowhere")).status_code == 404
    assert (await api.get("/contacts/5")).status_code == 404
    assert (await api.get(f"/contacts/{uuid4()}/nowhere")).status_code == 404
    wrong = await api.put("/contacts", json={})
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET, POST"
    for path in ("/contacts?nothing=1", "/contacts?limit=0", "/contacts?limit=201",
                 "/contacts?fields=nothing", "/contacts?include=nothing", "/contacts?count=all",
                 "/contacts?trash=maybe", "/messages?trash=true", "/emails?q=x2"):  # fmt: skip
        assert (await api.get(path)).status_code == 422, path


async def test_a_list_can_be_slim_and_can_bring_more(
    api: httpx.AsyncClient, rows: dict[str, UUID]
) -> None:
    slim = (await api.get("/contacts?fields=id,city&limit=1")).json()["data"][0]
    assert set(slim) == {"id", "city"}
    found = await api.get(f"/contacts/{rows['contacts']}?fields=id&include=tags,summary,score")
    assert [tag["id"] for tag in found.json()["tags"]] == [str(rows["tags"])]
    assert found.json()["summary"]["message_count"] == 1
    assert found.json()["score"] > 0
    deal = (await api.get(f"/deals/{rows['deals']}?include=contact,stage_history")).json()
    assert deal["contact"]["id"] == str(rows["contacts"])
    assert deal["stage_history"][0]["new_stage"] == "lead"


async def test_the_timeline_holds_everything_newest_first(
    api: httpx.AsyncClient, rows: dict[str, UUID]
) -> None:
    path = f"/contacts/{rows['contacts']}/timeline"
    whole = (await api.get(path)).json()
    kinds = [item["kind"] for item in whole["data"]]
    assert set(kinds) >= {"message", "call", "email", "activity", "stage_change", "ai_call"}
    assert [item["at"] for item in whole["data"]] == sorted(
        (item["at"] for item in whole["data"]), reverse=True
    )
    walked, after = [], ""
    while True:
        page = await api.get(path, params={"limit": 2, **({"after": after} if after else {})})
        walked += [item["item"]["id"] for item in page.json()["data"]]
        after = page.json()["next"]
        if not after:
            break
    assert walked == [item["item"]["id"] for item in whole["data"]]
    only = (await api.get(path, params={"kinds": "call,email"})).json()
    assert {item["kind"] for item in only["data"]} == {"call", "email"}
    for query in ("kinds=nothing", "limit=0", "after=x", "more=1"):
        assert (await api.get(f"{path}?{query}")).status_code == 422


async def test_a_deleted_contact_waits_in_the_trash(api: httpx.AsyncClient) -> None:
    contact = (await made(api)).json()["id"]
    assert (await api.delete(f"/contacts/{contact}")).status_code == 204
    live = (await api.get("/contacts?limit=200&fields=id")).json()["data"]
    assert contact not in {row["id"] for row in live}
    trashed = (await api.get("/contacts?trash=true&fields=id")).json()["data"]
    assert contact in {row["id"] for row in trashed}
    assert (await api.get(f"/contacts/{contact}")).json()["deleted_at"]
    assert (await api.patch(f"/contacts/{contact}", json={"city": "X"})).status_code == 409
    assert (await api.delete(f"/contacts/{contact}")).status_code == 409
    assert (await api.post(f"/contacts/{contact}/restore")).json()["deleted_at"] is None
    assert (await api.post(f"/contacts/{contact}/restore")).status_code == 409


async def test_bulk_is_all_or_nothing(api: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
    town = uuid4().hex
    items = [{"first_name": "A", "city": town}, {"last_name": "B", "city": town, "dnc": True}]
    created = await api.post("/contacts/bulk-create", json={"items": items})
    assert created.status_code == 201
    assert created.json()["created"] == 2
    assert created.json()["batch"].startswith("bulk:")
    first, second = created.json()["ids"]
    assert (await api.get(f"/contacts/{second}")).json()["last_name"] == "B"
    change = {"set": {"state": "TX"}}
    some = await api.post("/contacts/bulk-update", json={"ids": [first, str(uuid4())], **change})
    assert some.status_code == 409
    assert (await api.get(f"/contacts/{first}")).json()["state"] is None
    by_filter = await api.post("/contacts/bulk-update", json={"f": [f"city:eq:{town}"], **change})
    assert by_filter.json()["updated"] == 2
    where = {"any": [f"city:eq:{town}"]}
    tagged = await api.post("/contacts/bulk-tag", json={"where": where, "add": [f"T {town}"]})
    assert tagged.json()["added"] == 2
    by_tag = await api.get("/contacts", params={"f": f"tag:has-tag:t {town}"})
    assert {row["id"] for row in by_tag.json()["data"]} == {first, second}
    off = await api.post("/contacts/bulk-tag", json={"ids": [first], "remove": [f"T {town}"]})
    assert off.json()["removed"] == 1
    gone = await api.post("/contacts/bulk-delete", json={"f": [f"city:eq:{town}"]})
    assert gone.json()["deleted"] == 2
    wrong = {"items": [{"first_name": "ok"}, {"email1": "no"}]}
    refused = await api.post("/contacts/bulk-create", json=wrong)
    assert refused.json()["errors"][0]["field"] == "items.1.email1"
    for body in ({**change}, {"ids": [first], "all": True, **change}, {"ids": [first], "set": {}}):
        assert (await api.post("/contacts/bulk-update", json=body)).status_code == 422


async def test_tags_are_put_and_taken_off_again(
    api: httpx.AsyncClient, rows: dict[str, UUID]
) -> None:
    for resource in ("contacts", "deals"):
        path = f"/{resource}/{rows[resource]}/tags"
        made_tag = await api.post(path, json={"name": f" New  {resource} "})
        assert made_tag.json()["name"] == f"New {resource}"
        tag = made_tag.json()["id"]
        for _ in range(2):
            assert (await api.put(f"{path}/{tag}")).status_code == 204
        listed = (await api.get(path)).json()["data"]
        assert tag in {one["id"] for one in listed}
        for _ in range(2):
            assert (await api.delete(f"{path}/{tag}")).status_code == 204
        assert (await api.put(f"{path}/{uuid4()}")).status_code == 404


async def test_a_slow_request_ends_with_a_clear_answer(
    app: FastAPI, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, admin: asyncpg.Connection
) -> None:
    monkeypatch.setattr(app.state.db, "_timeout_ms", 100)
    async with admin.transaction():
        await admin.execute("lock table tags in access exclusive mode")
        answer = await api.get("/tags")
    assert answer.status_code == 503
    assert answer.json()["title"] == "The database took too long"
    monkeypatch.undo()
    assert (await api.get("/contacts?limit=1")).status_code == 200
