"""Settings with a mouse and with the keyboard, and the second factor from end to end."""

import time

from playwright.async_api import Page, expect
from pyotp.totp import TOTP

from .conftest import NewPage, axe

BEN = "ben@northside.example"


async def sign_in_as_ben(page: Page) -> None:
    await page.goto("/sign-in")
    await page.fill("#f-email", BEN)
    await page.fill("#f-password", "northside-demo")
    await page.keyboard.press("Enter")


async def found_in_both_themes(page: Page) -> list[str]:
    found = await axe(page)
    await page.emulate_media(color_scheme="dark")
    return found + await axe(page)


async def test_the_second_factor_from_the_picture_to_the_recovery_code(new_page: NewPage):
    page = await new_page(signed_in=False)
    await sign_in_as_ben(page)
    await page.wait_for_url("**/contacts")
    await page.goto("/settings/profile")
    await page.get_by_role("button", name="Set up").click()
    picture = page.get_by_role("img", name="QR code")
    await picture.evaluate("img => img.decode()")  # an image of our own origin, and a whole one
    assert await picture.evaluate("img => img.naturalWidth") > 100
    secret = (await page.locator("[data-secret]").inner_text()).replace(" ", "")
    await page.fill("#f-code", TOTP(secret).at(int(time.time())))
    await page.keyboard.press("Enter")
    await page.locator(".codes").wait_for()
    assert await found_in_both_themes(page) == []
    codes = await page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_text("10 of 10 recovery codes are left").wait_for()
    assert await axe(page) == []

    phone = await new_page(390, 844, signed_in=False)
    await sign_in_as_ben(phone)
    await phone.get_by_role("heading", name="Enter your code").wait_for()
    assert await phone.evaluate("document.activeElement.id") == "f-code"
    assert await found_in_both_themes(phone) == []
    await phone.fill("#f-code", "000000")
    await phone.keyboard.press("Enter")
    await phone.locator(".notice.error").wait_for()
    assert await axe(phone) == []
    await phone.fill("#f-code", codes[0].lower())
    await phone.keyboard.press("Enter")
    await phone.wait_for_url("**/contacts")

    await page.fill("#f-factor_password", "northside-demo")
    await page.get_by_role("button", name="Switch off").click()
    await page.get_by_role("button", name="Set up").wait_for()


async def test_settings_open_by_keys_and_their_sections_by_tab(page: Page):
    await page.goto("/contacts")
    await page.keyboard.press("g")
    await page.keyboard.press("s")
    await page.wait_for_url("**/settings")
    await page.get_by_role("link", name="API tokens").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/settings/tokens")
    assert await page.locator(".sections [aria-current]").inner_text() == "API tokens"


async def test_single_keys_are_switched_off_in_the_profile(page: Page):
    await page.goto("/settings/profile")
    await page.locator("main [data-single-keys]").uncheck()
    await page.reload()
    assert not await page.locator("main [data-single-keys]").is_checked()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.wait_for_timeout(200)
    assert page.url.endswith("/settings/profile")
    await page.locator("main [data-single-keys]").check()
    await page.locator("h1").click()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.wait_for_url("**/contacts")


async def test_revoking_a_token_asks_first_with_the_focus_on_cancel(page: Page):
    await page.goto("/settings/tokens")
    await page.fill("#f-name", "Dialer")
    await page.check("input[value='contacts:read']")
    await page.get_by_role("button", name="Create token").click()
    await page.get_by_role("button", name="Copy").wait_for()
    await page.get_by_role("button", name="Revoke Dialer").click()
    await page.locator("dialog[open]").wait_for()
    assert await page.evaluate("document.activeElement.textContent") == "Cancel"
    await page.keyboard.press("Escape")
    focused = await page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Revoke Dialer"
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Revoke token").click()
    await page.get_by_text("The token is revoked.").wait_for()
    assert await page.get_by_role("button", name="Revoke Dialer").count() == 0


async def test_making_somebody_inactive_can_be_undone(page: Page):
    await page.goto("/settings/people")
    await page.get_by_role("link", name="Change Tariq Aziz").click()
    await page.get_by_role("button", name="Make inactive").click()
    await page.get_by_text("is signed out and may not sign in").wait_for()
    await page.get_by_role("button", name="Undo").click()
    await page.get_by_text("This person may sign in again.").wait_for()
    await page.get_by_role("button", name="Make inactive").wait_for()


async def test_an_export_is_downloaded_and_noted_without_leaving_the_page(page: Page):
    await page.goto("/contacts")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("data")
    await page.get_by_role("option", name="Data", exact=True).click()
    await page.wait_for_url("**/settings/data")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download whole workspace").press("Enter")
    assert (await download.value).suggested_filename.endswith(".zip")
    await page.locator("#exports .line-item", has_text="Whole workspace").first.wait_for()
    assert await page.locator("[data-busy]").count() == 0


async def test_the_database_is_looked_at_and_again(page: Page):
    await page.goto("/settings/database")
    await page.get_by_role("region", name="Tables").wait_for()
    await page.get_by_role("link", name="Show all").click()
    await page.wait_for_url("**/settings/database?indexes=all#indexes")
    assert await page.locator("#indexes tbody tr").count() > 100
    await page.get_by_role("link", name="Refresh").click()
    await page.wait_for_url("**/settings/database")


async def test_tags_are_merged_with_keys_and_taken_back_by_the_undo(page: Page):
    await page.goto("/settings/tags")
    lines = page.locator(".tag-lines > li")
    before = await lines.count()
    await page.get_by_label("Merge Probate").focus()
    await page.keyboard.press("Space")
    await page.locator("#f-into").select_option(label="Vacant")
    await page.get_by_role("button", name="Merge", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Merged Probate into Vacant.")
    await expect(lines).to_have_count(before - 1)
    await page.locator("#toasts [data-undo]").click()
    await expect(lines).to_have_count(before)
