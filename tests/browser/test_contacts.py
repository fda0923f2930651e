"""The table of contacts and a contact's page in a browser: with keys alone, and with a mouse."""

import re

from playwright.async_api import Page, expect

from .conftest import NewPage


async def open_list(page: Page, address: str = "/contacts") -> None:
    await page.goto(address)
    await page.locator("body[data-live]").wait_for()  # its scripts are at work


def cell(page: Page, row: int, field: str):
    return page.locator(f"#rows tr >> nth={row} >> [data-f={field}]")


async def test_a_value_is_changed_with_keys_alone(page: Page):
    await open_list(page)
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    phone = cell(page, 0, "phone1")
    await expect(phone).to_be_focused()
    await page.keyboard.press("Enter")
    field = phone.get_by_role("textbox")
    await expect(field).to_be_focused()
    await field.fill("nobody")
    await page.keyboard.press("Enter")
    await expect(phone.get_by_role("alert")).to_have_text("This is not a phone number.")
    await expect(field).to_be_focused()
    await field.fill("(415) 555-0187")
    await page.keyboard.press("Enter")
    await expect(phone).to_have_text("+1 (415) 555-0187")
    await expect(cell(page, 1, "phone1")).to_be_focused()  # Enter goes down
    before = await cell(page, 1, "phone1").inner_text()
    await page.keyboard.press("Enter")
    await cell(page, 1, "phone1").get_by_role("textbox").fill("1")
    await page.keyboard.press("Escape")
    await expect(cell(page, 1, "phone1")).to_have_text(before)
    await expect(cell(page, 1, "phone1")).to_be_focused()


async def test_a_value_is_changed_with_the_mouse_and_tab_goes_on(page: Page):
    await open_list(page)
    stage = cell(page, 2, "deal_status")
    await stage.click()
    await stage.get_by_role("combobox").select_option("contract")
    await page.keyboard.press("Tab")
    await expect(stage).to_have_text("Contract")
    owner = cell(page, 2, "assigned_to")
    await expect(owner.get_by_role("combobox")).to_be_focused()
    await owner.get_by_role("combobox").select_option(label="Mei Lin")
    await page.locator("h1").click()  # leaving saves
    await expect(owner).to_contain_text("Mei Lin")


async def test_a_conflict_shows_theirs_and_mine(page: Page):
    await open_list(page, "/contacts?columns=city,zip_code")
    row = page.locator("#rows tr").nth(3)
    contact = (await row.get_attribute("id") or "")[1:]
    city = cell(page, 3, "city")
    await city.click()
    await city.get_by_role("textbox").fill("Mine")
    answer = await page.request.post(
        f"/contacts/{contact}/field/city", form={"value": "Theirs", "place": "row"}
    )
    assert answer.ok
    await page.keyboard.press("Enter")
    await expect(city.get_by_role("alert")).to_contain_text("Theirs: Theirs")
    await city.get_by_role("button", name="Keep mine").click()
    await expect(city).to_contain_text("Mine")
    await city.click()
    await city.get_by_role("textbox").fill("Mine again")
    await page.request.post(
        f"/contacts/{contact}/field/city", form={"value": "Newer", "place": "row"}
    )
    await page.keyboard.press("Enter")
    await city.get_by_role("button", name="Take theirs").click()
    await expect(city).to_contain_text("Newer")


async def test_rows_are_chosen_with_the_mouse_a_range_and_x(page: Page):
    await open_list(page)
    boxes = page.locator("#rows .check")
    bar = page.get_by_role("toolbar", name="Actions on the selected contacts")
    await expect(bar).to_be_hidden()
    await boxes.nth(1).check()
    await boxes.nth(4).click(modifiers=["Shift"])
    await expect(bar).to_contain_text("4 selected")
    await page.keyboard.press("Escape")
    await expect(bar).to_be_hidden()
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(bar).to_contain_text("1 selected")
    await bar.get_by_role("button", name="Clear selection").click()
    await expect(bar).to_be_hidden()


async def test_all_that_match_get_a_tag(page: Page):
    await open_list(page, "/contacts?f=status:eq:lead")
    total = await page.locator("#total").get_attribute("data-count")
    await page.locator("[data-all]").check()
    bar = page.get_by_role("toolbar", name="Actions on the selected contacts")
    await expect(bar).to_contain_text(f"{total} selected")
    await bar.get_by_role("button", name="Tags").click()
    await page.get_by_label("Tag", exact=True).fill("Campaign")
    await page.get_by_role("button", name="Add tag").last.click()
    toast = page.locator("crm-toast")
    await expect(toast).to_contain_text(f"{total} contacts tagged “Campaign”.")
    await expect(bar).to_be_hidden()
    await open_list(page, "/contacts?f=tag:has-tag:campaign")
    await expect(page.locator("#total")).to_have_attribute("data-count", total or "")


async def test_a_change_of_many_is_taken_back_by_its_undo(page: Page):
    await open_list(page, "/contacts?f=status:eq:qualified")
    rows = await page.locator("#rows tr").count()
    await page.locator("[data-all]").check()
    await page.get_by_role("button", name="Stage", exact=True).click()
    await page.locator("#bulk-stage").get_by_role("button", name="Closing").click()
    toast = page.locator("crm-toast")
    await expect(toast).to_contain_text(f"{rows} contacts moved to Closing.")
    await expect(page.locator("#rows tr")).to_have_count(0)
    await toast.get_by_role("button", name="Undo").click()
    await expect(toast.filter(has_text="moved to Closing")).to_have_count(0)
    await open_list(page, "/contacts?f=status:eq:qualified")
    await expect(page.locator("#rows tr")).to_have_count(rows)


async def test_a_filter_goes_into_the_address_and_comes_back_from_it(page: Page):
    await open_list(page)
    await page.keyboard.press("f")
    form = page.locator("#filter-pop")
    await form.get_by_label("Field").select_option("state")
    await expect(form.get_by_role("group", name="Value")).to_be_visible()
    await form.get_by_label("FL", exact=True).check()
    await form.get_by_role("button", name="Add filter").click()
    await expect(page).to_have_url(re.compile(r"f=state:(in|eq):FL"))
    rows = await page.locator("#rows tr").count()
    await page.reload()
    assert await page.locator("#rows tr").count() == rows
    await page.get_by_role("button", name="Change filter State is FL").click()
    await form.get_by_label("Condition").select_option("ne")
    await form.get_by_role("button", name="Change filter").click()
    await expect(page).to_have_url(re.compile("f=state:ne:FL"))
    await page.get_by_role("link", name="Remove filter State is not FL").click()
    await expect(page).to_have_url(re.compile(r"/contacts$"))


async def test_a_view_is_saved_changed_and_reset(page: Page):
    await open_list(page, "/contacts?f=status:eq:qualified&sort=name")
    await page.get_by_role("button", name="Save as a new view").first.click()
    await page.get_by_label("Name of the view").fill("Warm")
    await page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Warm")
    await expect(tab).to_have_attribute("aria-current", "page")
    rows = await page.locator("#rows tr").count()
    await page.get_by_role("link", name="Remove filter Stage is Qualified").click()
    await expect(page.get_by_role("link", name="Reset")).to_be_visible()
    await page.get_by_role("link", name="Reset").click()
    await expect(page.locator("#rows tr")).to_have_count(rows)
    await expect(page.get_by_role("link", name="Reset")).to_have_count(0)


async def test_columns_are_chosen_and_moved(page: Page):
    await open_list(page)
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_label("Email", exact=True).check()
    await page.get_by_role("button", name="Move Stage up").click()
    await page.get_by_role("button", name="Move Stage up").click()
    await page.get_by_role("button", name="Show columns").click()
    heads = page.locator("thead th")
    await expect(heads.nth(2)).to_have_text("Stage")
    await expect(page.locator("thead")).to_contain_text("Email")


async def test_peek_opens_follows_and_closes_with_keys(page: Page):
    await open_list(page)
    await page.keyboard.press("j")
    first = await page.locator("#rows .who .truncate").nth(0).inner_text()
    second = await page.locator("#rows .who .truncate").nth(1).inner_text()
    panel = page.locator("#peek")
    await page.keyboard.press("Space")
    await expect(panel.locator("h2").first).to_have_text(first)
    await page.keyboard.press("j")
    await expect(panel.locator("h2").first).to_have_text(second)
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.locator("#rows .who").nth(1)).to_be_focused()


async def test_what_to_do_with_a_row_is_at_hand_where_the_focus_is(page: Page):
    await open_list(page)
    row = page.locator("#rows tr:has([href^=tel])").nth(1)
    call = row.locator("[href^=tel]")
    await expect(call).to_be_hidden()
    before = await row.bounding_box()
    await row.locator(".who").focus()
    await page.keyboard.press("Tab")
    await expect(call).to_be_focused()
    await expect(page.locator("#rows [href^=tel]:visible")).to_have_count(1)
    assert await row.bounding_box() == before


async def test_an_export_is_a_file(page: Page):
    await open_list(page)
    await page.locator("#rows .check").first.check()
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Export").click()
    download = await started.value
    assert download.suggested_filename.startswith("contacts-")


async def test_the_composer_keeps_a_draft_and_saves_with_ctrl_enter(page: Page):
    await open_list(page)
    await page.locator("#rows .who").nth(6).click()
    await page.wait_for_load_state()
    await page.keyboard.press("n")
    note = page.get_by_label("Add a note", exact=True)
    await expect(note).to_be_focused()
    await note.fill("Will sign on Friday")
    await expect(page.locator("#write-note [data-draft-state]")).to_have_text("Draft kept")
    await page.reload()
    await expect(note).to_have_value("Will sign on Friday")
    await page.wait_for_load_state()
    await note.press("Control+Enter")
    await expect(page.locator(".ev").last).to_contain_text("Will sign on Friday")
    await expect(note).to_have_value("")
    await expect(note).to_be_focused()


async def test_a_task_and_a_call_are_written_in_their_tabs(page: Page):
    await open_list(page)
    await page.locator("#rows .who").nth(7).click()
    await page.wait_for_load_state()
    await page.get_by_role("tab", name="Task").click()
    await page.get_by_label("What is to be done").fill("Send the papers")
    await page.get_by_role("button", name="Add task").click()
    await expect(page.locator("#details")).to_contain_text("Send the papers")
    await page.get_by_role("tab", name="Task").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Log a call")).to_be_focused()
    await page.get_by_label("What was said").fill("Wants to think")
    await page.get_by_label("Minutes").fill("4")
    await page.get_by_role("button", name="Log call").click()
    await expect(page.locator("#timeline")).to_contain_text("Wants to think")
    await expect(page.locator("#timeline")).to_contain_text("4 min")


async def test_a_property_is_changed_on_the_page(page: Page):
    await open_list(page)
    await page.locator("#rows .who").nth(8).click()
    await page.wait_for_load_state()
    line = page.locator("#details [data-f=last_name]")
    await line.focus()
    await page.keyboard.press("Enter")
    await line.get_by_role("textbox").fill("Newname")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Newname")
    await expect(page.locator("#details [data-f=last_name]")).to_be_focused()


async def test_the_next_record_of_the_list_is_one_key_away(page: Page):
    await open_list(page, "/contacts?sort=name")
    names = await page.locator("#rows .who .truncate").all_inner_texts()
    await page.locator("#rows .who").nth(1).click()
    await page.wait_for_load_state()
    await page.keyboard.press("]")
    await expect(page.locator("h1")).to_have_text(names[2])
    await page.wait_for_load_state()
    await page.keyboard.press("[")
    await expect(page.locator("h1")).to_have_text(names[1])


async def test_a_timeline_is_searched_opened_at_a_date_and_read(page: Page):
    await open_list(page)
    await page.locator("#rows tr.unread .who").last.click()
    await expect(page.locator(".unread-line")).to_have_text("New")
    await expect(page).to_have_title(re.compile(r"^\(\d+\) "))
    async with page.expect_response(re.compile("/read$")):  # after two seconds
        await page.wait_for_load_state()
    await expect(page).to_have_title(re.compile(r"^[^(]"))
    await expect(page.locator(".unread-line")).to_have_count(1)
    plain = page.url
    word = (await page.locator(".msg").last.inner_text()).split()[0].strip(",.!?")
    await page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Search in this timeline")
    await expect(field).to_be_focused()
    await field.press_sequentially(word)
    await expect(page.locator(".msg mark").last).to_have_text(re.compile(word, re.IGNORECASE))
    await expect(page).to_have_url(re.compile(r"\?q="))
    await expect(field).to_be_focused()
    await page.locator(".day a").last.click()
    await expect(page).to_have_url(re.compile(r"\?at=\d{4}-\d\d-\d\d$"))
    await page.get_by_role("link", name="Back to now").click()
    await expect(page).to_have_url(plain)
    await page.get_by_role("button", name="Go to a date").click()
    await page.get_by_label("Date", exact=True).fill("2020-01-01")
    await page.keyboard.press("Enter")
    await expect(page.locator("#timeline")).to_contain_text("Nothing happened until")
    await page.get_by_role("link", name="Show later").click()
    await expect(page.locator(".ev").first).to_be_in_viewport()
    await page.reload()
    await expect(page.locator("#timeline")).to_contain_text("Nothing happened until")
    await field.fill("zzzzz")
    await expect(page.locator("#timeline")).to_contain_text("Nothing here mentions “zzzzz”.")
    await field.press("Escape")
    await expect(page).to_have_url(plain)
    await expect(page.locator(".unread-line")).to_have_count(0)


async def test_an_opt_out_is_set_with_its_reason_and_lifted(page: Page):
    await open_list(page)
    await page.locator("#rows .who").nth(9).click()
    await page.wait_for_load_state()
    await page.locator("#consent-change summary").click()
    await page.get_by_role("textbox", name="No text messages").fill("Asked on the phone")
    await page.get_by_role("button", name="Set: No text messages").click()
    await expect(page.locator("#consent .notice")).to_contain_text("Asked on the phone")
    await expect(page.get_by_role("button", name="Text: Opted out")).to_be_visible()


async def test_a_long_press_chooses_a_row_on_a_phone(new_page: NewPage):
    page = await new_page(width=390, height=844)
    await open_list(page)
    row = page.locator("#rows tr").nth(2)
    await row.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    bar = page.get_by_role("toolbar", name="Actions on the selected contacts")
    await expect(bar).to_contain_text("1 selected")
