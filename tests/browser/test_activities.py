"""The agenda and the week in a browser: with the keyboard, with a mouse, and with Undo."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, Page, expect

from .conftest import NewPage

AGENDA = "/activities?owner=all"
RICH = "/contacts/5eed0001-0000-4000-8000-000000000001"


async def rows(page: Page) -> list[str]:
    """The ids of the agenda's rows."""
    return await page.locator("tbody tr[id^=a]").evaluate_all("all => all.map(e => e.id)")


def toast(page: Page, words: str) -> Locator:
    """The toast that says these words."""
    return page.locator("crm-toast", has_text=words)


async def test_a_tick_with_the_keyboard_strikes_through_and_undo_brings_back(page: Page):
    await page.goto(AGENDA)
    await page.wait_for_load_state("load")
    first = (await rows(page))[0]
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    row = page.locator(f"#{first}")
    await expect(toast(page, "is done")).to_be_visible()
    line = row.locator(".who .truncate")
    await expect(line).to_have_css("text-decoration-line", "line-through")
    await page.locator("h1").click()
    await page.keyboard.press("Control+z")
    await expect(toast(page, "is open again")).to_be_visible()
    await expect(row.locator(".tick")).not_to_be_checked()
    assert first in await rows(page)


async def test_a_ticked_row_goes_after_some_seconds_and_the_focus_moves_on(page: Page):
    await page.goto(AGENDA)
    await page.wait_for_load_state("load")
    first, second = (await rows(page))[:2]
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(toast(page, "is done")).to_be_visible()
    assert first in await rows(page)
    await expect(page.locator(f"#{first}")).to_have_count(0, timeout=9000)
    await expect(page.locator(f"#{second} .who")).to_be_focused()


async def test_a_row_opens_with_enter_and_leads_back(page: Page):
    await page.goto(AGENDA)
    await page.wait_for_load_state("load")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("#f-title")).not_to_have_value("")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile(r"/activities\?owner=all&saved="))
    await expect(toast(page, "Saved")).to_be_visible()


async def test_snoozing_moves_the_row_and_says_where(page: Page):
    await page.goto(AGENDA)
    row = page.locator("#g-overdue tr[id^=a]").first
    name = await row.get_attribute("id")
    await row.locator("[popovertarget]").click()
    await page.get_by_role("button", name="Tomorrow, 9:00").click()
    await expect(toast(page, "moved to tomorrow 09:00")).to_be_visible()
    await expect(page.locator(f"#g-tomorrow #{name}")).to_be_visible()
    await expect(page.locator("[popover]:popover-open")).to_have_count(0)
    await toast(page, "moved to").get_by_role("button", name="Undo").click()
    await expect(page.locator(f"#g-overdue #{name}")).to_be_visible()


async def test_reassigning_and_deleting_from_the_menu_can_be_undone(page: Page):
    await page.goto(AGENDA)
    row = page.locator("tbody tr[id^=a]").last
    name = await row.get_attribute("id")
    await row.locator("[popovertarget]").click()
    await page.locator(".menu:popover-open").get_by_role("button", name="Nobody").click()
    await expect(toast(page, "now belongs to nobody")).to_be_visible()
    await page.locator(f"#{name} [popovertarget]").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.locator(f"#{name}")).to_have_count(0)
    await toast(page, "was deleted").get_by_role("button", name="Undo").click()
    await expect(page.locator(f"#{name}")).to_be_visible()


async def test_an_empty_place_of_the_week_makes_an_activity_at_that_time(new_page: NewPage):
    page = await new_page()
    await page.goto("/activities?view=week&date=2027-03-10")
    await page.wait_for_load_state("load")
    # Seven in the morning is where a week opens.
    assert await page.locator("crm-week").evaluate("e => e.scrollTop") > 200
    await page.locator(".day-col").nth(2).locator(".slot.q40").click()
    await expect(page.locator("#f-due_day")).to_have_value("2027-03-10")
    await expect(page.locator("#f-due_time")).to_have_value("10:00")
    await page.fill("#f-title", "See the roof")
    await page.select_option("#f-duration_minutes", "60")
    await page.get_by_role("button", name="Create activity").click()
    block = page.locator(".day-col").nth(2).locator(".blk")
    await expect(block).to_contain_text("See the roof")
    await expect(block).to_have_class(re.compile("q40 s4 l1of1"))
    box = await block.bounding_box()
    assert box
    assert abs(box["height"] - 48) < 4


async def test_t_makes_a_task_with_a_contact_found_by_typing(page: Page):
    await page.goto("/contacts")
    await page.wait_for_load_state("load")
    await page.keyboard.press("t")
    await expect(page.locator("#f-title")).to_be_focused()
    await page.keyboard.type("Ask for the survey")
    await page.locator("#f-contact_id").press_sequentially("rosa", delay=30)
    await expect(page.locator("#contact-list [role=option]").first).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.locator("#f-contact_id")).to_have_value("Rosa Delgado")
    await expect(page.locator("#f-deal_id option")).not_to_have_count(1)
    await page.get_by_role("button", name="Create activity").click()
    await page.goto(RICH)
    await expect(page.locator("#details")).to_contain_text("Ask for the survey")


async def test_a_task_is_ticked_and_added_on_the_contacts_page(page: Page):
    await page.goto(RICH)
    await page.wait_for_load_state("load")
    task = page.locator("#details .item:has(.tick)").first
    name = await task.get_attribute("id")
    await task.locator(".tick").check()
    await expect(toast(page, "is done")).to_be_visible()
    await expect(page.locator(f"#{name}")).to_have_count(0, timeout=9000)
    await page.locator('#details a[href^="/activities/new"]').first.click()
    await expect(page.locator("#f-contact_id")).to_have_value("Rosa Delgado")


async def test_what_repeats_shows_only_what_its_kind_needs(page: Page):
    await page.goto("/activities/new")
    await expect(page.locator("#f-interval")).to_be_hidden()
    await page.select_option("#f-repeat", "weekly")
    await expect(page.locator("#f-interval")).to_be_visible()
    await expect(page.get_by_text("The last day of the month")).to_be_hidden()
    await page.select_option("#f-repeat", "monthly")
    await expect(page.get_by_text("The last day of the month")).to_be_visible()
    await page.select_option("#f-repeat", "custom")
    await expect(page.locator("#f-rule")).to_be_visible()
    await expect(page.locator("#f-interval")).to_be_hidden()


async def test_the_frame_counts_what_is_due_and_follows_a_tick(page: Page):
    await page.goto("/activities")
    count = page.locator(".side .due-count")
    await expect(count).to_have_text(re.compile(r"\d+ due"))
    before = int(re.sub(r"\D", "", await count.inner_text()))
    await page.locator("#g-overdue .tick, #g-today .tick").first.check()
    await expect(count).to_have_text(f"{before - 1} due" if before > 1 else "")


async def test_g_a_goes_to_the_agenda_and_brackets_walk_through_months(page: Page):
    await page.goto("/contacts")
    await page.wait_for_load_state("load")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await expect(page.locator("h1")).to_have_text("Activities")
    await page.get_by_role("link", name="Month", exact=True).click()
    await page.wait_for_load_state("load")
    shown = await page.locator(".cal-step h2").inner_text()
    await page.keyboard.press("]")
    await expect(page.locator(".cal-step h2")).not_to_have_text(shown)
    await page.wait_for_load_state("load")
    await page.keyboard.press("[")
    await expect(page.locator(".cal-step h2")).to_have_text(shown)


async def test_the_now_line_stands_where_the_clock_is(page: Page):
    zone = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await page.goto("/contacts")
    await page.goto("/activities?view=week")
    now = datetime.now(ZoneInfo(zone))
    quarters = {(now - timedelta(minutes=late)).strftime("%H:%M") for late in (0, 1)}
    names = {f"q{(int(q[:2]) * 60 + int(q[3:])) // 15}" for q in quarters}
    classes = await page.locator(".day-col.is-today .now").get_attribute("class")
    assert names & set((classes or "").split())
