"""What is done on the pages of contacts before they are looked at."""

from playwright.async_api import Page


async def open_filter(page: Page) -> None:
    """The form of a filter."""
    await page.locator(".chip.add:visible").click()
    await page.locator("#filter-pop form").wait_for()


async def open_views(page: Page) -> None:
    """Views and density."""
    await page.locator("[popovertarget=view-menu]:visible").first.click()


async def open_columns(page: Page) -> None:
    """The column chooser."""
    await page.get_by_role("button", name="Columns").click()


async def select_rows(page: Page) -> None:
    """Three rows, and the bar of what can be done with them."""
    for row in (1, 2, 4):
        await page.locator("#rows .check").nth(row).check()


async def open_bulk_tag(page: Page) -> None:
    """The tag of many."""
    await select_rows(page)
    await page.get_by_role("button", name="Tags").click()


async def peek(page: Page) -> None:
    """A contact beside the table."""
    await page.wait_for_load_state()
    await page.keyboard.press("j")
    await page.keyboard.press("Space")
    await page.locator("#peek h2").first.wait_for()


async def refuse_cell(page: Page) -> None:
    """A value that does not fit."""
    await page.wait_for_load_state()
    cell = page.locator("#rows [data-f=phone1]").nth(2)
    await cell.click()
    await cell.get_by_role("textbox").fill("nobody")
    await page.keyboard.press("Enter")
    await cell.get_by_role("alert").wait_for()


async def edit_tags(page: Page) -> None:
    """Tags in a cell."""
    await page.wait_for_load_state()
    await page.locator("#rows [data-f=tags]").nth(1).click()
    await page.locator("#rows .edit .below").wait_for()


async def write_task(page: Page) -> None:
    """The composer in use."""
    await page.wait_for_load_state()
    await page.locator(".composer [role=tabpanel]:not([hidden]) .bare").focus()
    await page.get_by_role("tab", name="Task").click()


async def open_date(page: Page) -> None:
    """The date of the timeline."""
    await page.wait_for_load_state()
    await page.locator("[popovertarget=timeline-date]").click()


async def edit_property(page: Page) -> None:
    """A property in its line."""
    await page.wait_for_load_state()
    await page.locator("#details [data-f=city]").click()
    await page.locator("#details .edit").wait_for()
