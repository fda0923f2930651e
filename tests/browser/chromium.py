"""Chromium of this machine: where it is, how it is started, and what it must never do."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class NoChromiumError(Exception):
    """This machine has no Chromium and cannot get one; the text says what was tried."""


def find() -> str:
    """The path of Chromium: $CHROMIUM, else one on the PATH, else installed when we are root."""
    given = os.environ.get("CHROMIUM")
    if given:
        if not Path(given).exists():
            raise NoChromiumError(f"CHROMIUM={given} does not exist")
        return given
    found = _on_path()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoChromiumError(
            "no Chromium on the PATH; set CHROMIUM, or: sudo apt install chromium"
        )
    done = subprocess.run(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    found = _on_path()
    if not found:
        raise NoChromiumError(f"apt-get install chromium failed: {done.stderr.strip()[-200:]}")
    return found


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def running() -> AsyncIterator[Browser]:
    """A browser; raises NoChromiumError."""
    path = find()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield browser
        await browser.close()


def watch(page: Page) -> list[str]:
    """What goes wrong on a page from now on: errors, refused content, requests elsewhere."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    page.on(
        "console",
        lambda message: (
            faults.append(f"console: {message.text}")
            if message.type in ("error", "warning") and not _expected(message)
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            faults.append(f"other host: {request.url}")
            if urlsplit(request.url).scheme in ("http", "https")
            and urlsplit(request.url).hostname != "127.0.0.1"
            else None
        ),
    )
    return faults


def _expected(message: ConsoleMessage) -> bool:
    # Chromium reports every 4xx answer as a console error; those are the server's business, except
    # a built file that is missing.
    refused = message.text.startswith(
        "Failed to load resource: the server responded with a status of 4"
    )
    return refused and "/static/" not in message.location["url"]
