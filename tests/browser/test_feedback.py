"""What a page says after an action: toasts with undo, errors, and where the focus is then."""

import re

from playwright.async_api import Page, Route, expect

from .conftest import NewPage


async def test_a_deleted_contact_comes_back_with_undo(page: Page):
    await page.goto("/contacts")
    name = await page.locator("tbody .who .truncate").nth(4).inner_text()
    await page.locator("tbody .who").nth(4).click()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Delete contact").click()
    toast = page.locator("crm-toast")
    await expect(toast).to_contain_text("in the trash")
    await page.wait_for_load_state()
    await page.locator("h1").click()
    await page.keyboard.press("Control+z")
    await expect(toast.filter(has_text="in the trash")).to_have_count(0)
    await page.goto(f"/contacts?q={name}")
    await expect(page.locator("tbody .who .truncate").first).to_have_text(name)


async def test_a_toast_waits_while_the_pointer_is_on_it_and_can_be_closed(page: Page):
    await page.clock.install()
    await page.goto("/dev/ui")
    toast = page.locator("crm-toast").filter(has_text="3 contacts deleted")
    await toast.hover()
    await page.clock.fast_forward(30_000)
    await expect(toast).to_be_visible()
    await page.mouse.move(5, 5)
    await page.clock.fast_forward(11_000)
    await expect(toast).to_have_count(0)
    error = page.locator("crm-toast.error")
    await expect(error).to_be_visible()
    await error.get_by_role("button", name="Dismiss").click()
    await expect(error).to_have_count(0)


async def test_a_server_that_fails_is_said_with_its_reference(new_page: NewPage):
    page = await new_page(forgive="status of 503")
    await page.goto("/contacts")

    async def break_it(route: Route) -> None:
        await route.fulfill(status=503, headers={"X-Request-Id": "abc123"}, body="busy")

    await page.route(re.compile(r"sort="), break_it)
    await page.get_by_role("link", name="Name", exact=True).click()
    await expect(page.locator("crm-toast.error")).to_contain_text("Reference abc123")


async def test_sorting_keeps_the_focus_on_the_column_and_says_how_many(page: Page):
    await page.goto("/contacts")
    head = page.get_by_role("link", name="Name", exact=True)
    await head.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("sort=name"))
    await expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    await expect(head).to_be_focused()
    await expect(page.locator("#live")).to_contain_text("contacts")


async def test_a_note_is_added_without_losing_the_place(page: Page):
    await page.goto("/contacts")
    await page.locator("tbody .who").first.click()
    note = page.get_by_label("Add a note", exact=True)
    await note.fill("Called back, wants to think it over")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator(".ev").last).to_contain_text("wants to think it over")
    await expect(note).to_be_focused()
    await expect(note).to_have_value("")
