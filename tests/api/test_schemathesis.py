"""Schemathesis asks the running API what its OpenAPI document allows, and what it does not.

All checks, as owner, agent, viewer and without a token. CRM_SCHEMATHESIS=100 asks much more: every
phase, with up to so many examples of a kind, and as admin too.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from crm.db import Identity
from tests.browser.site import serving
from tests.cast import ALICE, BOB, VERA

from .book import ALICES, one_of_everything
from .conftest import make_token

MOST = int(os.environ.get("CRM_SCHEMATHESIS", "0"))
CONFIG = Path(__file__).with_name("schemathesis.toml")
ADA = Identity(uuid4(), "admin", "Ada Stone", "ada@crm.test")
PEOPLE = [ALICE, *([ADA] if MOST else []), BOB, VERA, None]


@pytest.mark.slow
@pytest.mark.parametrize("person", PEOPLE, ids=lambda one: one.role if one else "-")
async def test_no_request_finds_a_fault(
    app: FastAPI, admin: asyncpg.Connection, person: Identity | None, tmp_path: Path
) -> None:
    await one_of_everything(admin, ALICES)
    seed = [] if MOST else ["--seed", "7"]
    most = MOST or (3 if person == ALICE else 1)
    phases = "examples,coverage,fuzzing,stateful" if MOST else "examples,fuzzing"
    headers = []
    if person is not None:
        await admin.execute(
            "insert into app.users (id, role, name, email) values ($1, $2, $3, $4)"
            " on conflict do nothing", person.user_id, person.role, person.name, person.email,
        )  # fmt: skip
        headers = ["--header", f"Authorization: Bearer {await make_token(admin, person)}"]
    program = Path(sys.executable).with_name("schemathesis")
    async with serving(app) as address:
        command = [
            program, "--config-file", CONFIG, "run", f"{address}/api/v1/openapi.json",
            "--checks", "all", *seed, "--continue-on-failure", "--warnings", "off",
            "--generation-database", "none", "--max-examples", most, "--phases", phases, *headers,
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, [str(part) for part in command], capture_output=True, text=True,
            check=False, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "passed" in done.stdout
