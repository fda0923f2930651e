"""Documents in a browser: uploads with progress, previews, versions, undo."""

import asyncio
import re

from playwright.async_api import FilePayload, Page, Route, expect

from crm.documents.samples import pdf, picture

from .routes import RICH, document_of, upload_two


def file(name: str, content: bytes) -> FilePayload:
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=content)


PDF, PNG = file("Deed.pdf", pdf("Deed", ["One page."])), file("House.png", picture("House"))
FIELD = ".uploads input[type=file]"


async def test_files_are_uploaded_each_with_its_own_progress_and_error(page: Page):
    await page.goto("/documents")
    states: list[str] = []
    await page.expose_function("told", lambda state: states.append(state))
    await page.evaluate(
        "() => new MutationObserver(() =>"
        " document.querySelectorAll('[data-transfers] [data-state]')"
        ".forEach(state => told(state.textContent)))"
        ".observe(document.querySelector('[data-transfers]'), {childList: true, subtree: true})"
    )
    await upload_two(page)
    await expect(page.locator(".transfer.failed")).to_contain_text("Programs are not stored")
    await expect(page.locator("tbody .who").first).to_contain_text("notes.txt")
    assert any("B of" in state for state in states)
    assert "Done" in states
    await page.get_by_role("button", name="Close setup.exe").click()
    await expect(page.locator(".transfer.failed")).to_have_count(0)


async def test_an_upload_can_be_cancelled(page: Page):
    await page.goto("/documents")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            await route.continue_()

    await page.route("**/documents", hold)
    await page.set_input_files(FIELD, [PDF])
    await page.get_by_role("button", name="Cancel Deed.pdf").click()
    await expect(page.locator(".transfer")).to_have_count(0)
    await page.unroute("**/documents")
    await page.reload()
    await expect(page.locator("tbody .who", has_text="Deed.pdf")).to_have_count(0)
    assert len(held) == 1


async def test_files_wait_for_their_turn_and_all_arrive(page: Page):
    await page.goto("/documents")
    files = [file(f"Photo {n}.png", PNG["buffer"]) for n in range(6)]
    await page.set_input_files(FIELD, files)
    for n in range(6):
        await expect(page.locator("tbody .who", has_text=f"Photo {n}.png")).to_be_visible()


async def test_too_large_a_file_is_not_even_sent(page: Page):
    await page.goto("/documents")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    await page.evaluate("document.querySelector('crm-upload').most = 10")
    await page.set_input_files(FIELD, [PDF])
    await expect(page.locator(".transfer.failed")).to_contain_text("at most 10 B")
    assert sent == []


async def test_files_dropped_anywhere_on_the_page_are_taken(page: Page):
    await page.goto("/documents")
    await page.evaluate(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File(['a,b'], 'dropped.csv', {type: 'text/csv'}));"
        " document.querySelector('table').dispatchEvent("
        "new DragEvent('drop', {dataTransfer: data, cancelable: true, bubbles: true})) }"
    )
    await expect(page.locator("tbody .who", has_text="dropped.csv")).to_be_visible()


async def test_a_pdf_is_shown_in_its_page(page: Page):
    async with page.expect_response(re.compile("/content")) as answered:
        await page.goto(document_of(2))
    answer = await answered.value
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    frame = page.locator("#preview iframe")
    await expect(frame).to_have_attribute("title", re.compile("Purchase agreement"))
    # Chromium replaced the file by its viewer; a refused one would leave an error page instead.
    urls: list[str] = []
    for _ in range(50):
        urls = [one.url for one in page.frames]
        if any(url.startswith("chrome-extension://") for url in urls):
            break
        await asyncio.sleep(0.1)
    assert any("/content" in url for url in urls)
    assert not any(url.startswith("chrome-error:") for url in urls)


async def test_an_image_is_shown_in_its_page(page: Page):
    await page.goto(document_of(5))
    image = page.locator("#preview img")
    await expect(image).to_be_visible()
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert await image.evaluate(width) == 480


async def test_a_text_is_shown_as_text(page: Page):
    await page.goto("/documents")
    await page.set_input_files(FIELD, [file("a.csv", b"name\n<b onclick=x>Ann</b>\n")])
    await page.locator(".transfer a[href]").click()
    await expect(page.locator("#preview pre")).to_have_text("name\n<b onclick=x>Ann</b>\n")


async def test_a_new_version_is_uploaded_and_the_old_one_restored(page: Page):
    await page.goto(document_of(10))
    await page.set_input_files("#versions input[type=file]", [PNG])
    await expect(page.locator(".versions li")).to_have_count(2)
    await expect(page.locator("#preview img")).to_be_visible()
    await page.get_by_role("button", name="Restore version 1").click()
    await expect(page.locator(".versions li")).to_have_count(3)
    await expect(page.locator("#preview iframe")).to_be_visible()
    await expect(page.locator(".versions li").last).to_contain_text("same file as v3")


async def test_a_refused_version_says_why_on_the_spot(page: Page):
    await page.goto(document_of(13))
    await page.set_input_files("#versions input[type=file]", [file("a.exe", b"MZ\0")])
    await expect(page.locator("#versions [data-error]")).to_contain_text("Programs are not stored")
    await expect(page.locator(".versions li")).to_have_count(1)


async def test_archiving_is_undone_with_the_keyboard(page: Page):
    await page.goto("/contacts")
    await page.locator("crm-palette").wait_for(state="attached")
    await page.keyboard.press("g")
    await page.keyboard.press("f")
    await expect(page).to_have_url(re.compile("/documents$"))
    await page.goto(document_of(8))
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Archive", exact=True).click()
    await expect(page.locator("crm-toast")).to_contain_text("is archived")
    await expect(page.locator("tbody .who", has_text="Letters testamentary")).to_have_count(0)
    await page.keyboard.press("Control+z")
    await expect(page.locator("tbody .who", has_text="Letters testamentary")).to_be_visible()


async def test_a_contact_takes_files_and_shows_them_at_once(page: Page):
    await page.goto(f"{RICH}?part=details")
    before = await page.locator("#documents .item").count()
    await page.set_input_files(f"#documents {FIELD}", [PDF])
    await expect(page.locator("#documents .item")).to_have_count(before + 1)
    await page.locator("#documents .item a", has_text="Deed.pdf").click()
    await expect(page.get_by_role("heading", name="Deed.pdf", level=1)).to_be_visible()


async def test_a_document_is_linked_by_its_search(page: Page):
    await page.goto(document_of(14))
    await page.get_by_label("Link a contact or deal").fill("haddad")
    await page.get_by_role("button", name="Omar Haddad").click()
    await expect(page.locator("#links .item a")).to_have_text("Omar Haddad")
    await page.get_by_role("button", name="Remove link to Omar Haddad").click()
    await expect(page.locator("#links .item")).to_have_count(0)


async def test_deleting_asks_first_with_the_focus_on_cancel(page: Page):
    await page.goto("/documents")
    await page.set_input_files(FIELD, [file("Mistake.pdf", PDF["buffer"])])
    await page.locator(".transfer a[href]").click()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Delete…").click()
    cancel = page.locator("#delete-document").get_by_role("button", name="Cancel")
    await expect(cancel).to_be_focused()
    await page.locator("#delete-document").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(re.compile("/documents$"))
    await expect(page.locator("tbody .who", has_text="Mistake.pdf")).to_have_count(0)
