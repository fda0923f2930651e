"""What can be done without a pointer, and where the focus is afterwards."""

import re

from playwright.async_api import Page, expect

from .conftest import NewPage


async def focused(page: Page) -> str:
    """What has the focus, as text: the accessible name, else the text, else the tag."""
    return await page.evaluate(
        "() => { const e = document.activeElement;"
        " return e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 40)"
        " ?? e.tagName }"
    )


async def test_from_sign_in_to_a_contact_and_back_with_keys_alone(new_page: NewPage):
    page = await new_page(signed_in=False)
    await page.goto("/contacts")
    await expect(page).to_have_url(re.compile("/sign-in"))
    await page.focus("#f-email")
    await page.keyboard.type("ana@northside.example")
    await page.keyboard.press("Tab")
    await page.keyboard.type("northside-demo")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Contacts")
    await page.wait_for_load_state()  # keys work once the scripts have run
    await page.keyboard.press("j")
    name = await page.locator("tbody .who:focus .truncate").inner_text()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(name)
    await page.go_back()
    await expect(page.locator("h1")).to_have_text("Contacts")


async def test_j_and_k_move_through_the_rows(page: Page):
    await page.goto("/contacts")
    links = page.locator("tbody .who")
    await page.keyboard.press("j")
    await expect(links.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(links.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await expect(links.nth(0)).to_be_focused()


async def test_searching_keeps_the_focus_and_the_words(page: Page):
    await page.goto("/contacts")
    total = page.locator("tbody tr")
    before = await total.count()
    await page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    await expect(search).to_be_focused()
    name = await page.locator("tbody .who .truncate").nth(2).inner_text()
    await search.press_sequentially(name, delay=30)
    await expect(page).to_have_url(re.compile(r"[?&]q="))
    await expect(search).to_be_focused()
    await expect(search).to_have_value(name)
    await expect(total).not_to_have_count(before)


async def test_keys_do_nothing_while_typing(page: Page):
    await page.goto("/contacts")
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("gu?")
    await expect(page.get_by_role("searchbox")).to_have_value("gu?")
    await expect(page.locator("#keys[open]")).to_have_count(0)
    assert "/contacts" in page.url


async def test_g_u_goes_to_the_import(page: Page):
    await page.goto("/contacts")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await expect(page).to_have_url(re.compile("/imports"))


async def test_single_keys_can_be_switched_off(page: Page):
    await page.goto("/contacts")
    await page.keyboard.press("?")
    await page.get_by_label("Single-key shortcuts").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await page.wait_for_timeout(200)
    assert "/contacts" in page.url


async def test_the_skip_link_comes_first(page: Page):
    await page.goto("/contacts")
    await page.keyboard.press("Tab")
    assert await focused(page) == "Skip to content"
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_a_menu_opens_moves_and_gives_the_focus_back(page: Page):
    await page.goto("/contacts")
    await page.locator(".me").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#user-menu")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    assert "Keyboard shortcuts" in await focused(page)
    await page.keyboard.press("ArrowDown")
    assert await focused(page) == "Your profile"
    await page.keyboard.press("ArrowDown")
    assert await focused(page) == "Sign out"
    await page.keyboard.press("Escape")
    await expect(page.locator(".me")).to_be_focused()


async def test_signing_out_ends_the_session(page: Page):
    await page.goto("/contacts")
    await page.locator(".me").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/sign-in"))
    await page.goto("/contacts")
    await expect(page).to_have_url(re.compile("/sign-in"))


async def test_the_theme_is_kept_and_never_flashes(page: Page):
    await page.goto("/contacts")
    await page.locator(".me").click()
    await page.locator("#user-menu").get_by_role("button", name="Dark").click()
    await page.goto("/imports")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
