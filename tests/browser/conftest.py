"""A browser, the application on a real port, and a page that fails on hidden faults."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from crm.demo import add_files
from tests.conftest import Copy, running_app

from . import chromium
from .site import serving

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the whole run."""
    try:
        async with chromium.running() as started:
            yield started
    except chromium.NoChromiumError as reason:
        pytest.skip(f"browser tests need Chromium: {reason}")


@pytest.fixture(scope="module")
async def site(seeded: Copy, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the application on a demo book of this module."""
    data = tmp_path_factory.mktemp("var")
    async with running_app(seeded, demo=True, data_dir=data) as app, serving(app) as address:
        await add_files(seeded.admin_dsn, app.state.storage)
        yield address


NewPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def new_page(browser: Browser, site: str) -> AsyncIterator[NewPage]:
    """`await new_page(width=390, theme="dark", signed_in=False)`: a fresh browser window.

    When the test ends, each fails on page errors, refused content and requests to other hosts;
    `forgive` is a part of the fault that the test makes itself.
    """
    contexts: list[BrowserContext] = []
    watched: list[tuple[list[str], str | None]] = []

    async def make(
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        signed_in: bool = True,
        forgive: str | None = None,
    ) -> Page:
        context = await browser.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=width < 700,
        )
        contexts.append(context)
        if signed_in:
            await context.request.post("/sign-in/demo")
        page = await context.new_page()
        watched.append((chromium.watch(page), forgive))
        return page

    yield make
    for context in contexts:
        await context.close()
    left = [fault for faults, ok in watched for fault in faults if not ok or ok not in fault]
    assert left == []


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    """Ana's window, 1440 x 900, light."""
    return await new_page()


async def axe(page: Page) -> list[str]:
    """What axe-core finds on a page as it is now: `rule: the elements`."""
    # A region that waits for its answer is faded; what counts is the answer.
    if not page.url.endswith("/dev/ui"):  # which shows that state on purpose
        await expect(page.locator("[aria-busy=true], [data-busy]")).to_have_count(0)
    await page.evaluate(AXE.read_text())
    # Entry animations have opacity between 0 and 1, in which no contrast is right.
    await page.evaluate("Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0)))")
    # A bar that sticks covers whatever is scrolled under it; axe takes that for too small a target.
    await page.evaluate(
        "document.querySelectorAll('.stick').forEach(e => e.classList.remove('stick'))"
    )
    found = await page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", WCAG
    )
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
