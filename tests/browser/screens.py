"""Pictures of every page, for people to look at: `make screens` writes them to ./screens.

A demo book in a database of its own, light and dark on a wide screen, light on a phone. Those that
the README shows are written to docs/pictures as well, in fewer colours.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser
from playwright.async_api import Error as PlaywrightError

from crm import demo, embedded, schema
from crm.app import create_app
from tests.conftest import settings_for_tests

from . import chromium
from .routes import ROUTES, Route
from .site import serving

FOLDER = Path("screens")
README = Path("docs/pictures")
SHOWN = (
    "contacts-desktop-light", "contacts-desktop-dark", "contact-desktop-light",
    "deals-desktop-dark", "dashboard-desktop-light", "activities-week-desktop-light",
    "contact-mobile-light", "deals-mobile-light",
)  # fmt: skip
LOOKS = (("desktop-light", 1440, 900), ("desktop-dark", 1440, 900), ("mobile-light", 390, 844))


async def take_all(browser: Browser, address: str, wanted: list[str]) -> int:
    """Takes the pictures whose route's name is wanted (all, when none is); counts the faults."""
    faults = 0
    for look, width, height in LOOKS:
        for route in ROUTES:
            if (wanted and route.name not in wanted) or (route.wide_only and width < 700):
                continue
            found = await _take(browser, address, route, look, width, height)
            faults += len(found)
            print(f"{route.name}-{look}.png", *found, sep="\n  ")  # noqa: T201
    return faults


async def _take(
    browser: Browser, address: str, route: Route, look: str, width: int, height: int
) -> list[str]:
    context = await browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        device_scale_factor=2 if width < 700 else 1,
        color_scheme="dark" if look.endswith("dark") else "light",
        reduced_motion="reduce",
        has_touch=width < 700,
    )
    if route.signed_in:
        await context.request.post("/sign-in/demo")
    page = await context.new_page()
    page.set_default_timeout(10_000)
    faults = chromium.watch(page)
    try:
        await page.goto(route.path)
        await page.evaluate("document.fonts.ready")
        if route.then:
            await route.then(page)
            await page.wait_for_timeout(200)
    except PlaywrightError as error:
        # A picture of what went wrong says more than the error.
        faults.append(error.message.splitlines()[0])
    picture = FOLDER / f"{route.name}-{look}.png"
    await page.screenshot(path=picture)
    if picture.stem in SHOWN:
        _shrink(picture, README / picture.name)
    await context.close()
    return faults


def _shrink(picture: Path, to: Path) -> None:
    image = Image.open(picture).convert("RGB")
    image.thumbnail((1440, 900))
    image.quantize(128, dither=Image.Dither.NONE).save(to, optimize=True)


async def _run(admin_dsn: str, app_dsn: str, data: Path, wanted: list[str]) -> int:
    await schema.upgrade(admin_dsn)
    await demo.fill(admin_dsn)
    app = create_app(app_dsn, settings_for_tests(demo=True, data_dir=data))
    async with (
        app.router.lifespan_context(app),
        serving(app) as address,
        chromium.running() as browser,
    ):
        await demo.add_files(admin_dsn, app.state.storage)
        return await take_all(browser, address, wanted)


def main(wanted: list[str]) -> int:
    """The number of faults that the pages had."""
    FOLDER.mkdir(exist_ok=True)
    README.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with embedded.running(data) as server:
            return asyncio.run(_run(server.admin_dsn, server.app_dsn, data, wanted))


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
