"""Schemathesis asks the running API what its OpenAPI document allows, and what it does not.

All checks, as owner, agent, viewer and without a token. CRM_SCHEMATHESIS=full asks much more.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI

from crm.db import Identity
from tests.browser.site import serving
from tests.cast import ALICE, BOB, VERA

from .book import ALICES, one_of_everything
from .conftest import make_token

FULL = os.environ.get("CRM_SCHEMATHESIS") == "full"
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.slow
@pytest.mark.parametrize("person", [ALICE, BOB, VERA, None], ids=["owner", "agent", "viewer", "-"])
async def test_no_request_finds_a_fault(
    app: FastAPI, admin: asyncpg.Connection, person: Identity | None, tmp_path: Path
) -> None:
    await one_of_everything(admin, ALICES)
    seed = [] if FULL else ["--seed", "7"]
    headers = []
    if person is not None:
        headers = ["--header", f"Authorization: Bearer {await make_token(admin, person)}"]
    program = Path(sys.executable).with_name("schemathesis")
    async with serving(app) as address:
        command = [
            program, "--config-file", CONFIG, "run", f"{address}/api/v1/openapi.json",
            "--checks", "all", *seed, "--continue-on-failure", "--warnings", "off",
            "--generation-database", "none", "--max-examples", "100" if FULL else "3", "--phases",
            "examples,coverage,fuzzing,stateful" if FULL else "examples,fuzzing", *headers,
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, [str(part) for part in command], capture_output=True, text=True,
            check=False, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    assert "passed" in done.stdout
