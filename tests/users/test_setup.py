"""The first run of an empty installation."""

import asyncpg
import pytest
from fastapi import FastAPI

from tests.conftest import Copy, signed_in


@pytest.fixture
async def nobody_yet(admin: asyncpg.Connection) -> None:
    await admin.execute("delete from app.users")


@pytest.mark.usefixtures("nobody_yet")
async def test_the_first_visitor_becomes_the_owner_and_nobody_after(
    app: FastAPI, database: Copy
) -> None:
    browser = await signed_in(app, None)
    assert (await browser.get("/sign-in")).headers["location"] == "/setup"

    form = {
        "workspace": "Northside",
        "name": "Ana",
        "email": "ana@example.test",
        "password": "short",
    }
    refused = await browser.post("/setup", data=form)
    assert refused.status_code == 422
    assert "At least 10 characters" in refused.text
    assert "ana@example.test" in refused.text  # what was typed is kept

    for weak, words in (
        ("northside1234", "easy to guess"),  # the workspace, which is the first guess
        ("password12345", "common"),
        ("aaaaaaaaaaaaaa", "epeat"),
    ):
        refused = await browser.post("/setup", data=form | {"password": weak})
        assert refused.status_code == 422
        assert words in refused.text, weak

    done = await browser.post("/setup", data=form | {"password": "long enough for this"})
    assert done.headers["location"] == "/"
    page = await browser.get("/contacts")
    assert page.status_code == 200
    assert "Northside" in page.text
    await browser.aclose()

    admin = await asyncpg.connect(database.admin_dsn)
    people = await admin.fetch("select email, role from app.users")
    await admin.close()
    assert [tuple(row) for row in people] == [("ana@example.test", "owner")]
