"""The pages that there are, in each of their states; tests and pictures read this list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page

Step = Callable[[Page], Awaitable[object]]


@dataclass(frozen=True)
class Route:
    """A page: its picture's name, its address, and what to do there before looking."""

    name: str
    path: str
    then: Step | None = None
    signed_in: bool = True
    wide_only: bool = False  # the state is reached by what phones do not show


async def open_contact(page: Page) -> None:
    """From the list to the first contact, whatever its id."""
    await page.locator("tbody .who").first.click()
    await page.wait_for_url("**/contacts/*-*")


async def open_contact_with_everything(page: Page) -> None:
    """The contact whose timeline is the longest of those on the first page."""
    addresses = await page.locator("tbody .who").evaluate_all("all => all.map(a => a.href)")
    best, most = "", -1
    for address in addresses[:12]:
        await page.goto(address)
        count = await page.locator(".ev").count()
        if count > most:
            best, most = address, count
    await page.goto(best)


async def open_palette(page: Page) -> None:
    """Ctrl+K."""
    await page.keyboard.press("Control+k")
    await page.locator("#palette[open]").wait_for()


async def open_user_menu(page: Page) -> None:
    """The account menu, or the sheet "More" on a phone."""
    button = page.locator(".me:visible, .tabbar [popovertarget]:visible").first
    await button.click()


async def open_shortcuts(page: Page) -> None:
    """`?`."""
    await page.keyboard.press("?")
    await page.locator("#keys[open]").wait_for()


async def open_first_popover(page: Page) -> None:
    """The first filter."""
    await page.locator("main [popovertarget]:visible").first.click()


async def send_wrong_password(page: Page) -> None:
    """A refused sign-in."""
    await page.fill("#f-email", "ana@northside.example")
    await page.fill("#f-password", "not the password")
    await page.get_by_role("button", name="Sign in").click()
    await page.locator(".notice.error").wait_for()


async def show_details(page: Page) -> None:
    """The second half of a contact on a phone; on a wide screen both are there."""
    await open_contact(page)
    tab = page.locator(".parts-tabs:visible, [data-show=details]:visible").first
    if await tab.count():
        await tab.get_by_text("Details").click()


ROUTES = (
    Route("sign-in", "/sign-in", signed_in=False),
    Route("sign-in-refused", "/sign-in", send_wrong_password, signed_in=False),
    Route("contacts", "/contacts"),
    Route("contacts-filter-open", "/contacts", open_first_popover),
    Route("contacts-none", "/contacts?q=zzzzzzzz"),
    Route("contact", "/contacts", open_contact_with_everything),
    Route("contact-details", "/contacts", show_details),
    Route("palette", "/contacts", open_palette, wide_only=True),
    Route("shortcuts", "/contacts", open_shortcuts, wide_only=True),
    Route("user-menu", "/contacts", open_user_menu),
    Route("imports", "/imports"),
    Route("not-found", "/contacts/00000000-0000-4000-8000-000000000000"),
    Route("dev-ui", "/dev/ui"),
)
