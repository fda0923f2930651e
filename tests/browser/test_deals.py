"""The board in a browser: dragging, keys, menu, undo, conflicts; a deal's fields in place."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import Copy

from .conftest import NewPage

WHO = "1840 NW 32nd Ave - purchase"  # in Negotiation, of the demo book
OTHER = "958 Selma St - fourplex"


@pytest.fixture(autouse=True)
async def book(seeded: Copy) -> AsyncIterator[Any]:
    """The owner of the demo book, who looks behind the page; deals are put back after a test."""
    owner = cast(Any, await asyncpg.connect(seeded.admin_dsn))
    before = await owner.fetch("select id, stage, position, value, probability from deals")
    yield owner
    await owner.executemany(
        "update deals set stage = $2, position = $3, value = $4, probability = $5 where id = $1",
        [tuple(row) for row in before],
    )
    await owner.execute("delete from deals where name like 'many %'")
    await owner.close()


def card(page: Page, name: str = WHO) -> Locator:
    return page.locator(".deal").filter(has=page.get_by_role("link", name=name, exact=True))


async def stage_of(book: Any, name: str = WHO) -> str:
    return await book.fetchval("select stage from deals where name = $1", name)


async def open_board(page: Page, path: str = "/deals") -> None:
    await page.goto(path)
    await page.wait_for_function("customElements.get('crm-board') && window.htmx")


async def drag(
    page: Page, what: Locator, stage: str, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> None:
    """With the mouse, in steps, to the top of a column; `meanwhile` happens before the drop."""
    column = page.locator(f"#cards-{stage}")
    await column.evaluate("e => e.closest('.col').scrollIntoView({inline: 'center'})")
    start, end = await what.bounding_box(), await column.bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + 40, start["y"] + 50)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 50, start["y"] + 56, steps=3)
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 30, steps=12)
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 24, steps=3)
    if meanwhile:
        await meanwhile()
    await page.mouse.up()


async def test_a_card_is_dragged_and_undo_brings_it_back(page: Page, book: Any):
    await open_board(page)
    await drag(page, card(page), "contract")
    await expect(page.locator("#cards-contract .deal").filter(has_text=WHO)).to_have_count(1)
    await expect(page.locator("crm-toast").filter(has_text="moved to Contract")).to_be_visible()
    await expect(page.locator("#head-contract [data-count]")).to_have_text("4")
    await expect(page.locator("#head-negotiation [data-count]")).to_have_text("3")
    assert await stage_of(book) == "contract"
    await page.locator("h1").click()
    await page.keyboard.press("Control+z")
    await expect(page.locator("#cards-negotiation .deal").first).to_contain_text(WHO)
    await expect(page.locator("#cards-contract .deal").filter(has_text=WHO)).to_have_count(0)
    await expect(page.locator("#head-contract [data-count]")).to_have_text("3")
    assert await stage_of(book) == "negotiation"


async def test_a_click_on_a_card_opens_it(page: Page):
    await open_board(page)
    await card(page).click()
    await expect(page.locator("h1")).to_have_text(WHO)


async def test_a_card_that_somebody_changed_goes_back_and_says_who(page: Page, book: Any):
    await open_board(page)
    ben = await book.fetchval("select id from app.users where name = 'Ben Cole'")

    async def ben_is_faster() -> None:
        async with book.transaction():
            await book.execute(
                "select set_config('request.jwt.claims',"
                " json_build_object('sub', $1::uuid)::text, true)", ben,
            )  # fmt: skip
            await book.execute("update deals set value = value + 1 where name = $1", WHO)

    await drag(page, card(page), "contract", ben_is_faster)
    error = page.locator("crm-toast.error")
    await expect(error).to_contain_text(f"Ben Cole changed “{WHO}” just now.")
    await expect(page.locator("#cards-negotiation .deal").first).to_contain_text(WHO)
    await expect(page.locator("#cards-contract .deal").filter(has_text=WHO)).to_have_count(0)
    await expect(page.locator("#head-contract [data-count]")).to_have_text("3")
    assert await stage_of(book) == "negotiation"
    # The card came back as it is now, so the next try works.
    await drag(page, card(page), "contract")
    await expect(page.locator("crm-toast").filter(has_text="moved to Contract")).to_be_visible()


async def test_a_server_that_cannot_be_reached_loses_no_card(new_page: NewPage):
    page = await new_page(forgive="Failed")
    await open_board(page)
    await page.route("**/move?*", lambda route: route.abort())
    await drag(page, card(page), "contract")
    await expect(page.locator("crm-toast.error")).to_be_visible()
    await expect(page.locator("#cards-negotiation .deal").filter(has_text=WHO)).to_have_count(1)
    await expect(page.locator("#head-negotiation [data-count]")).to_have_text("4")
    await expect(page.locator(".deal.saving")).to_have_count(0)


async def test_control_and_arrows_move_the_focused_card_and_say_where_it_is(page: Page, book: Any):
    await open_board(page)
    link = card(page).get_by_role("link")
    await link.focus()
    await page.keyboard.press("Control+ArrowRight")
    await expect(page.locator("#live")).to_have_text(f"{WHO}, Contract, position 1 of 4")
    await expect(link).to_be_focused()
    assert await stage_of(book) == "contract"
    await page.keyboard.press("Control+ArrowDown")
    await expect(page.locator("#live")).to_have_text(f"{WHO}, Contract, position 2 of 4")
    await expect(link).to_be_focused()
    await page.keyboard.press("Control+ArrowUp")
    await expect(page.locator("#live")).to_have_text(f"{WHO}, Contract, position 1 of 4")
    order = await book.fetch(
        "select name from deals where stage = 'contract' and deleted_at is null"
        " order by position, id"
    )
    assert order[0]["name"] == WHO


async def test_the_menu_moves_a_card_without_dragging(page: Page, book: Any):
    await open_board(page)
    await card(page).get_by_role("button", name=f"Move {WHO}").focus()
    await page.keyboard.press("Enter")
    menu = page.locator("#deal-move")
    await expect(menu).to_contain_text(f"Move “{WHO}” to")
    await menu.get_by_role("button", name="Closing").click()
    await expect(page.locator("#cards-closing .deal").first).to_contain_text(WHO)
    await expect(page.locator("crm-toast").filter(has_text="moved to Closing")).to_be_visible()
    await expect(card(page).get_by_role("link")).to_be_focused()
    assert await stage_of(book) == "closing"


async def test_losing_a_deal_asks_why_and_cancel_puts_it_back(page: Page, book: Any):
    await open_board(page)
    await drag(page, card(page), "closed_lost")
    ask = page.locator("#deal-lost")
    await expect(ask.get_by_label("Reason")).to_be_focused()
    strip, box = await page.locator("#col-closed_lost").bounding_box(), await ask.bounding_box()
    assert strip
    assert box
    assert abs(box["x"] + box["width"] - strip["x"]) < 20
    await ask.get_by_role("button", name="Cancel").click()
    await expect(page.locator("#cards-negotiation .deal").first).to_contain_text(WHO)
    assert await stage_of(book) == "negotiation"
    await drag(page, card(page), "closed_lost")
    await ask.get_by_label("Reason").select_option("Price")
    await ask.get_by_label("In your words").fill("801 online")
    await ask.get_by_label("Competitor").fill("Acme")
    await ask.get_by_role("button", name="Mark as lost").click()
    await expect(page.locator("crm-toast").filter(has_text="moved to Lost")).to_be_visible()
    lost = await book.fetchrow("select stage, lost_reason from deals where name = $1", WHO)
    assert dict(lost) == {"stage": "closed_lost", "lost_reason": "Price: 801 online"}


async def test_winning_a_deal_asks_for_the_value_and_escape_puts_it_back(page: Page, book: Any):
    await open_board(page)
    link = card(page).get_by_role("link")
    value = page.locator("#deal-won").get_by_label("Value")
    for _ in range(2):
        await link.focus()
        await card(page).get_by_role("button", name=f"Move {WHO}").click()
        await page.locator("#deal-move").get_by_role("button", name="Won").click()
        await expect(value).to_have_value("390000.00")
        await page.keyboard.press("Escape")
        await expect(page.locator("#cards-negotiation .deal").first).to_contain_text(WHO)
        await expect(link).to_be_focused()
    await card(page).get_by_role("button", name=f"Move {WHO}").click()
    await page.locator("#deal-move").get_by_role("button", name="Won").click()
    await value.fill("391,500")
    await page.keyboard.press("Enter")
    await expect(page.locator("#cards-closed_won .deal").first).to_contain_text("$391,500")
    assert await stage_of(book) == "closed_won"


async def test_lost_is_a_strip_until_it_is_opened_and_stays_so(page: Page):
    await open_board(page)
    await expect(page.locator("#col-closed_lost")).to_have_class(re.compile("folded"))
    await page.get_by_role("button", name="Show lost deals").click()
    await expect(page.get_by_role("button", name="Hide lost deals")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Hide lost deals")).to_be_visible()


async def test_twelve_more_cards_come_with_the_focus_on_the_first(page: Page, book: Any):
    await book.execute(
        "insert into deals (contact_id, name, stage, position)"
        " select (select id from contacts limit 1), 'many ' || n, 'lead', 100000 + n"
        " from generate_series(1, 50) n"
    )
    await open_board(page)
    cards = page.locator("#cards-lead .deal")
    await expect(cards).to_have_count(30)
    await page.get_by_role("button", name="Show 12 more").click()
    await expect(cards).to_have_count(42)
    await expect(cards.nth(30).get_by_role("link")).to_be_focused()
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('deals'))")
    await page.wait_for_timeout(500)
    await expect(cards).to_have_count(42)


async def test_a_change_elsewhere_appears_but_not_under_a_drag(page: Page, book: Any):
    await open_board(page)
    box = await card(page).bounding_box()
    assert box
    await page.mouse.move(box["x"] + 40, box["y"] + 50)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 60, box["y"] + 80, steps=5)
    await book.execute("update deals set value = 7777 where name = $1", OTHER)
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('deals'))")
    await page.wait_for_timeout(400)
    await expect(card(page, OTHER)).not_to_contain_text("$7,777")
    await page.mouse.move(box["x"] + 40, box["y"] + 50, steps=4)
    await page.mouse.up()
    await expect(card(page, OTHER)).to_contain_text("$7,777")


async def test_a_move_is_seen_by_another_browser_in_under_two_seconds(new_page: NewPage):
    one, other = await new_page(), await new_page()
    await open_board(other)
    await other.locator("body[data-live]").wait_for()
    await open_board(one)
    await card(one).get_by_role("link").focus()
    began = time.monotonic()
    await one.keyboard.press("Control+ArrowRight")
    await expect(other.locator("#cards-contract .deal").first).to_contain_text(WHO, timeout=2000)
    assert time.monotonic() - began < 2


async def test_a_field_says_what_is_wrong_and_gives_the_focus_back(page: Page):
    await open_board(page)
    await card(page).click()
    await page.wait_for_function("window.htmx")
    cell = page.locator("#cell-value")
    await cell.focus()
    await page.keyboard.press("Enter")
    field = page.locator("#f-value")
    await expect(field).to_be_focused()
    await field.fill("many")
    await page.keyboard.press("Enter")
    await expect(page.locator("#e-value")).to_have_text("This is not a number.")
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(cell).to_be_focused()
    await page.keyboard.press("Enter")
    await field.fill("395,000")
    await page.keyboard.press("Enter")
    await expect(cell).to_be_focused()
    await expect(cell).to_contain_text("$395,000")
    await expect(page.locator("#deal-weighted")).to_have_text("$237,000")


async def test_a_deal_is_made_with_keys_alone(page: Page):
    await page.goto("/contacts")
    await page.wait_for_load_state()
    await page.keyboard.press("d")
    await expect(page.locator("h1")).to_have_text("New deal")
    await page.wait_for_load_state()
    await expect(page.get_by_role("searchbox", name="Contact")).to_be_focused()
    await page.keyboard.type("rosa delgado")
    await expect(page.get_by_role("radio")).to_have_count(1)
    await page.get_by_label("Name").fill("many keys")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("many keys")
    await page.wait_for_load_state()
    await page.keyboard.press("g")
    await page.keyboard.press("d")
    await expect(page.locator("#cards-lead .deal").first).to_contain_text("many keys")


async def test_on_a_phone_a_stage_is_picked_and_a_card_moved_by_its_menu(new_page: NewPage):
    page = await new_page(390, 844)
    await open_board(page)
    await page.locator(".stage-pick").get_by_role("link", name="Negotiation").click()
    await expect(page.locator("#col-negotiation")).to_be_in_viewport(ratio=0.9)
    await expect(page.locator(".stage-pick [aria-current]")).to_contain_text("Negotiation")
    await card(page).locator(".more").click()
    await page.locator("#deal-move").get_by_role("button", name="Closing").click()
    await expect(page.locator("crm-toast").filter(has_text="moved to Closing")).to_be_visible()
