"""Two browsers on one book: each sees what the other does, and nobody is interrupted by it."""

import re
import time

from playwright.async_api import Page, expect

from .conftest import NewPage


async def open_at(page: Page, path: str) -> None:
    """The page, with its stream of events open."""
    await page.goto(path)
    await page.locator("body[data-live]").wait_for()


async def first_contact(page: Page) -> str:
    await page.goto("/contacts")
    return await page.locator("tbody .who").first.get_attribute("href") or ""


async def change_city(page: Page, path: str, city: str) -> None:
    """Through the form, as a person does."""
    await page.goto(f"{path}/edit")
    await page.get_by_label("City", exact=True).fill(city)
    await page.locator("form[method=post] button[type=submit]").first.click()
    await page.wait_for_url(re.compile(f"{path}$"))


async def test_a_change_is_seen_by_another_browser_in_under_two_seconds(new_page: NewPage):
    one, other = await new_page(), await new_page()
    path = await first_contact(one)
    await open_at(other, "/contacts")
    await change_city(one, path, "Liveville")
    began = time.monotonic()
    await expect(other.locator("tbody")).to_contain_text("Liveville", timeout=2000)
    assert time.monotonic() - began < 2


async def test_a_note_appears_in_another_browser_and_what_is_being_written_stays(
    new_page: NewPage,
):
    one, other = await new_page(), await new_page()
    path = await first_contact(one)
    await open_at(other, path)
    half = other.get_by_label("Add a tag")
    await half.fill("half a wo")
    await open_at(one, path)
    await one.get_by_label("Add a note", exact=True).fill("Seen by both")
    await one.get_by_role("button", name="Add note").click()
    await expect(other.locator(".ev").last).to_contain_text("Seen by both", timeout=3000)
    await expect(half).to_have_value("half a wo")


async def test_what_a_tab_did_itself_it_does_not_fetch_again(page: Page):
    path = await first_contact(page)
    await open_at(page, path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    await page.get_by_label("Add a note", exact=True).fill("My own echo")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator(".ev").last).to_contain_text("My own echo")
    await page.wait_for_timeout(1500)
    again = [one for one in asked if re.search(r"/timeline(\?|$)", one)]
    assert again == [], "the note is in the answer to its form; nothing is fetched after it"


async def test_who_has_scrolled_is_offered_what_is_new(new_page: NewPage):
    one, other = await new_page(), await new_page(height=420)
    path = await first_contact(one)
    await open_at(other, "/contacts")
    await other.locator(".scroll").evaluate("box => box.scrollTop = 200")
    await change_city(one, path, "Scrolltown")
    button = other.get_by_role("button", name=re.compile("changed"))
    await expect(button).to_be_visible(timeout=3000)
    assert "Scrolltown" not in await other.locator("tbody").inner_text()
    await button.click()
    await expect(other.locator("tbody")).to_contain_text("Scrolltown")
    await expect(button).to_have_count(0)


async def test_what_changed_while_a_page_was_loading_or_hidden_is_not_missed(new_page: NewPage):
    one, other = await new_page(), await new_page()
    path = await first_contact(one)
    await open_at(other, "/contacts")
    await other.evaluate("document.querySelector('body')._htmx.sse.reader.cancel()")
    await change_city(one, path, "Gapton")
    await expect(other.locator("tbody")).to_contain_text("Gapton", timeout=4000)


async def test_many_changes_cost_a_tab_two_requests_a_second_and_the_last_one_counts(
    new_page: NewPage,
):
    one, other = await new_page(), await new_page()
    path = await first_contact(one)
    await open_at(other, path)
    await open_at(one, path)
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    for number in range(12):
        await one.request.post(f"{path}/notes", form={"note": f"note {number}"})
    await expect(other.locator(".ev").last).to_contain_text("note 11", timeout=5000)
    assert len([url for url in asked if "/timeline" in url]) <= 6
