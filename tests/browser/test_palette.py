"""The command palette: a combobox that never loses the focus, and gives it back."""

import re

from playwright.async_api import Page, expect

from .conftest import axe


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


async def test_everything_is_found_in_groups_and_shown_on_a_page(page: Page):
    await _open(page)
    await page.keyboard.type("roof", delay=20)
    found = page.locator("#palette-found")
    await expect(found.get_by_role("group").first).to_be_visible()
    labels = [await group.get_attribute("aria-label") or ""
              for group in await found.get_by_role("group").all()]  # fmt: skip
    assert len(labels) >= 2
    assert await axe(page) == []
    await page.get_by_role("option", name="Show all results for “roof”").click()
    await expect(page).to_have_url(re.compile(r"/search\?q=roof"))
    await expect(page.locator("h1")).to_have_text("Search")
    await expect(page.locator(".results h2").first).to_be_visible()


async def test_a_typed_number_can_be_called(page: Page):
    await _open(page)
    await page.keyboard.type("(415) 555-0199", delay=20)
    call = page.get_by_role("option", name="Call +1 (415) 555-0199")
    await expect(call).to_have_attribute("aria-selected", "true")
    await expect(call).to_have_attribute("href", "tel:+14155550199")


async def test_a_hash_leads_to_the_contacts_with_a_tag(page: Page):
    await _open(page)
    await page.keyboard.type("#", delay=20)
    tag = page.locator("#palette-found").get_by_role("option").first
    await expect(tag).to_be_visible()
    await expect(page.locator("#go-contacts")).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/contacts\?f=tag"))


async def test_an_at_leads_to_the_contacts_of_a_person(page: Page):
    await _open(page)
    await page.keyboard.type("@ana", delay=20)
    await expect(page.locator("#palette-found").get_by_role("option").first).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/contacts\?f=owner"))


async def test_a_greater_than_sign_leaves_only_commands(page: Page):
    await _open(page)
    await page.keyboard.type("> keyb", delay=20)
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#keys")).to_be_visible()


async def test_the_page_searches_while_typing_and_keeps_the_words_in_its_address(page: Page):
    await page.goto("/search")
    field = page.get_by_role("searchbox", name="Search everything")
    await field.fill("roof")
    await expect(page.locator(".results h2").first).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/search\?q=roof"))
    await field.fill("qqqqq")
    await expect(page.get_by_text("Nothing matches “qqqqq”")).to_be_visible()


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
