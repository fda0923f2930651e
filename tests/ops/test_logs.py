"""The log: one line a request, a request id in each, and nothing of what people send."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import httpx
import pytest
import structlog
from fastapi import FastAPI, Request

from crm import logs
from tests.conftest import Copy, running_app, settings_for_tests

from .program import Program

SECRET = "hunter2-Zebediah"
LINES = ("request", "slow request")  # on a busy machine any may be slow


@pytest.fixture
async def own_app(database: Copy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """An application of this test alone, with pages that go wrong, and JSON lines."""
    before = structlog.get_config()
    monkeypatch.setattr(logs, "SLOW_SECONDS", 60.0)
    async with running_app(database) as app:
        app.add_api_route("/fails/{token}", _fails)
        app.add_api_route("/slow/{contact_id:uuid}", _slow)
        logs.configure(settings_for_tests(log_json=True))
        structlog.configure(cache_logger_on_first_use=False)
        yield app
    structlog.configure(**before)


async def _fails(token: str) -> None:
    raise ValueError(f"cannot read {token}")


async def _slow(request: Request, contact_id: UUID) -> None:
    async with request.app.state.db.service() as connection:
        await app_queries().is_set_up(connection)
    await asyncio.sleep(0.02)


def app_queries():
    from crm import sql

    return sql.load("users")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict]]:
    """`lines()`: what was logged since it was asked last."""

    def read() -> list[dict]:
        return [
            json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"
        ]

    return read


def asking(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://crm.test")


async def test_a_request_is_one_line_with_template_status_and_id(own_app: FastAPI, lines) -> None:
    contact = "5e5a3a4e-0000-4000-8000-00000000000a"
    lines()
    async with asking(own_app) as client:
        answer = await client.get(
            f"/contacts/{contact}?show=x", headers={"X-Request-Id": "abc-12345"}
        )
    (line,) = lines()
    assert answer.headers["x-request-id"] == "abc-12345"
    assert {name: line[name] for name in ("event", "level", "method", "route", "status")} == {
        "event": "request", "level": "info", "method": "GET",
        "route": "/contacts/{contact_id}", "status": 303,
    }  # fmt: skip
    assert (line["request_id"], line["contact_id"]) == ("abc-12345", contact)
    assert 0 < line["ms"] < 60_000


@pytest.mark.parametrize(
    "sent", ["short", "with space 123", "x" * 65, "line\tbreak-123", "'quote'--"]
)
async def test_an_odd_request_id_is_replaced(own_app: FastAPI, sent: str) -> None:
    async with asking(own_app) as client:
        given = (await client.get("/healthz", headers={"X-Request-Id": sent})).headers[
            "x-request-id"
        ]
    assert given != sent
    assert len(given) == 16


async def test_a_slow_request_is_a_warning_that_names_its_statements(
    own_app: FastAPI, lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "SLOW_SECONDS", 0.01)
    lines()
    async with asking(own_app) as client:
        await client.get("/slow/5e5a3a4e-0000-4000-8000-00000000000a")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("slow request", "warning")
    assert line["statements"] == ["is_set_up"]
    assert line["ms"] >= 10


async def test_an_error_is_logged_with_its_place_and_without_its_text(
    own_app: FastAPI, lines
) -> None:
    lines()
    async with asking(own_app) as client:
        assert (await client.get(f"/fails/{SECRET}?q={SECRET}")).status_code == 500
    found = lines()
    assert SECRET not in json.dumps(found)
    error = next(line for line in found if line["event"] == "unexpected error")
    assert error["exception"] == "ValueError"
    assert "_fails" in error["places"][-1]
    assert error["route"] == "/fails/{token}"
    request = next(line for line in found if line["event"] in LINES)
    assert (request["route"], request["status"]) == ("/fails/{token}", 500)


async def test_the_person_is_named_by_id(own_app: FastAPI, lines, cookie: str, alice) -> None:
    lines()
    async with asking(own_app) as client:
        await client.get("/contacts", headers={"Cookie": cookie})
    (line,) = lines()
    assert line["user_id"] == str(alice.user_id)


def test_an_error_of_the_database_is_logged_by_its_names() -> None:
    quoting = asyncpg.InvalidTextRepresentationError(f'invalid input: "{SECRET}"')
    assert logs.database_error(quoting) == {"sqlstate": "22P02"}
    speaking = asyncpg.UndefinedTableError('relation "nowhere" does not exist')
    assert logs.database_error(speaking)["error"] == 'relation "nowhere" does not exist'


async def test_a_whole_run_logs_nothing_that_was_sent(
    program: Callable[..., Program], cookie: str
) -> None:
    running = program(CRM_LOG_JSON="true", CRM_ENVIRONMENT="production")
    secret, form = SECRET, {"Content-Type": "application/x-www-form-urlencoded"}
    client = running.client(Authorization=f"Bearer {secret}", Cookie=f"{cookie}; other={secret}")
    sent = [
        ("GET", f"/contacts?q={secret}", b""),
        ("GET", f"/contacts?f={secret}:eq:{secret}", b""),
        ("GET", f"/reset/{secret}", b""),
        ("GET", f"/invite/{secret}", b""),
        ("GET", f"/calendar/{secret}.ics", b""),
        ("GET", f"/contacts/{secret}", b""),
        ("POST", "/sign-in", f"email={secret}@x.test&password={secret}".encode()),
        ("POST", "/contacts/new", f"first_name={secret}&email1={secret}".encode()),
        ("POST", "/contacts/new", f"first_name={secret}&notes={secret}".encode()),
        ("GET", "/metrics", b""),
        ("GET", f"/metrics?x={secret}", b""),
    ]
    for method, path, body in sent:
        answer = await client.request(method, path, body=body, headers=form)
        assert answer.status < 500, path
    broken = running.client(**{secret: "x" * 40_000})
    assert (await broken.request("GET", "/contacts")).status == 431
    strange = running.client()
    assert (await strange.request("GET", f"/{secret} x", headers={"X": secret})).status == 400
    for one in (client, broken, strange):
        one.close()
    assert running.end() == 0
    assert secret not in running.said
    assert cookie.partition("=")[2] not in running.said
    logged = [json.loads(line) for line in running.said.splitlines()]
    assert sum(line["event"] in LINES for line in logged) == len(sent) - 2  # /metrics is quiet
    assert all("request_id" in line for line in logged if line["event"] in LINES)
