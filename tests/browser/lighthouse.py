"""Lighthouse on the demo's main pages: `make lighthouse` prints its scores and what they miss.

The program comes from npm, in the version named here, when it is asked for; Chromium is ours.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from crm import demo, embedded, schema
from crm.app import create_app
from tests.conftest import settings_for_tests

from . import chromium
from .site import serving

PROGRAM = "lighthouse@12.8.2"
AIMS = {"performance": 95, "accessibility": 100, "best-practices": 100}


async def pages(request: Any) -> dict[str, str]:
    """Name to path of the pages looked at; the contact is the first of the list."""
    answer = await request.get("/api/v1/contacts?limit=1")
    contact = (await answer.json())["data"][0]["id"]
    return {
        "contacts": "/contacts",
        "contact": f"/contacts/{contact}",
        "board": "/deals",
        "activities": "/activities",
        "dashboard": "/dashboard",
    }


def report(address: str, port: int, folder: Path) -> dict[str, Any]:
    """What Lighthouse says of one page, in the browser that listens on `port`."""
    out = folder / "report.json"
    subprocess.run(
        ["npx", "--yes", PROGRAM, address, f"--port={port}", "--disable-storage-reset", "--quiet",
         "--max-wait-for-load=10000",  # the stream of live events never ends
         f"--only-categories={','.join(AIMS)}", "--output=json", f"--output-path={out}"],
        check=True, timeout=180, cwd=folder,
    )  # fmt: skip
    return json.loads(out.read_text())


def tell(name: str, found: dict[str, Any]) -> bool:
    """Print the scores of a page and what they miss; whether the aims are met."""
    scores = {key: round(found["categories"][key]["score"] * 100) for key in AIMS}
    print(name, *(f"{key} {score}" for key, score in scores.items()), sep="  ")  # noqa: T201
    for key in AIMS:
        for part in found["categories"][key]["auditRefs"]:
            audit = found["audits"][part["id"]]
            if part["weight"] and (audit["score"] or 0) < 1 and audit["score"] is not None:
                print(f"    {key}: {audit['title']} {audit.get('displayValue', '')}")  # noqa: T201
    return all(scores[key] >= aim for key, aim in AIMS.items())


async def _look(address: str, port: int, folder: Path) -> bool:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=chromium.find(), base_url=address,
            args=[*chromium.FLAGS, f"--remote-debugging-port={port}"],
        )  # fmt: skip
        await context.request.post("/sign-in/demo")
        met = True
        for name, path in (await pages(context.request)).items():
            await context.request.get(path)  # the first answer of a new process is not the page's
            found = await asyncio.to_thread(report, address + path, port, folder)
            met = tell(name, found) and met
        await context.close()
        return met


async def _run(admin_dsn: str, app_dsn: str, folder: Path) -> bool:
    await schema.upgrade(admin_dsn)
    await demo.fill(admin_dsn)
    app = create_app(app_dsn, settings_for_tests(demo=True, data_dir=folder))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with app.router.lifespan_context(app), serving(app) as address:
        await demo.add_files(admin_dsn, app.state.storage)
        return await _look(address, port, folder)


def main() -> bool:
    """Whether every page meets the aims."""
    if not shutil.which("npx"):
        sys.exit("Lighthouse needs Node.js with npx on the PATH.")
    os.environ.setdefault("NO_UPDATE_NOTIFIER", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with embedded.running(folder) as server:
            return asyncio.run(_run(server.admin_dsn, server.app_dsn, folder))


if __name__ == "__main__":
    sys.exit(not main())
