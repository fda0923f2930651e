"""The command palette: a combobox that never loses the focus, and gives it back."""

import re

from playwright.async_api import Page, expect


async def _open(page: Page) -> None:
    await page.goto("/contacts")
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette")).to_be_visible()


async def test_it_opens_with_the_focus_in_its_field_and_gives_it_back(page: Page):
    await page.goto("/contacts")
    opener = page.get_by_role("searchbox")
    await opener.focus()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#palette")).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_arrows_choose_and_enter_goes(page: Page):
    await _open(page)
    field = page.get_by_role("combobox")
    first = await field.get_attribute("aria-activedescendant")
    await page.keyboard.press("ArrowDown")
    second = await field.get_attribute("aria-activedescendant")
    assert first != second
    await expect(page.locator(f"#{second}")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_attribute("aria-activedescendant", first or "")
    await page.keyboard.type("impo")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/imports"))


async def test_contacts_are_found_on_the_server(page: Page):
    await page.goto("/contacts")
    name = await page.locator("tbody .who .truncate").nth(2).inner_text()
    await page.keyboard.press("Control+k")
    await page.keyboard.type(name, delay=20)
    found = page.locator("#palette-found").get_by_role("option", name=re.compile(re.escape(name)))
    await expect(found.first).to_be_visible()
    await expect(found.first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text(name)


async def test_nothing_found_is_said(page: Page):
    await _open(page)
    await page.keyboard.type("qqqq wwww zzzz", delay=10)
    option = page.locator("#palette-found").get_by_role("option")
    # The way to the full search is always offered.
    await expect(option).to_have_count(1)
    await expect(option).to_contain_text("qqqq wwww zzzz")


async def test_it_forgets_what_was_typed(page: Page):
    await _open(page)
    await page.keyboard.type("impo")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_have_value("")
