"""The import in a browser: upload with progress, matching, result, undo; files that are refused."""

import re

from playwright.async_api import Page, Request, expect

from .import_steps import import_export, refuse_upload, upload_export


async def test_a_file_is_uploaded_with_progress_and_then_matched(page: Page):
    await page.goto("/imports/new")
    states: list[str] = []
    await page.expose_function("told", lambda state: states.append(state))
    await page.evaluate(
        "() => new MutationObserver(() => told(document.querySelector('[data-state]').textContent))"
        ".observe(document.querySelector('[data-state]'), {childList: true})"
    )
    accepted: list[str | None] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            accepted.append(request.headers.get("accept"))

    page.on("request", note)
    await upload_export(page)
    assert accepted == ["application/json"]
    await expect(page).to_have_url(re.compile(r"/imports/[0-9a-f-]{36}"))
    first_name = page.get_by_label("Field for Owner 1 First Name")
    await expect(first_name).to_have_value("first_name")
    assert any("owners.csv" in state for state in states)


async def test_an_import_ends_with_its_counts_and_can_be_undone(page: Page):
    await page.goto("/imports/new")
    await import_export(page)
    created = page.locator(".figures .good dd")
    await expect(created).not_to_have_text("0")
    await page.goto("/contacts?q=dana%40oak.example")
    await expect(page.locator("tbody .who .truncate")).to_have_text("Dana Whitfield")
    await page.goto("/imports")
    await page.get_by_role("button", name="Undo import of owners.csv").first.click()
    await expect(page.get_by_text("Undone").first).to_be_visible()
    await page.goto("/contacts?q=dana%40oak.example")
    await expect(page.locator("tbody .who")).to_have_count(0)


async def test_a_file_that_is_no_text_is_refused_on_the_spot(page: Page):
    await page.goto("/imports/new")
    await refuse_upload(page)
    await expect(page).to_have_url(re.compile("/imports/new"))
    await expect(page.get_by_role("button", name="Upload")).to_be_enabled()


async def test_too_large_a_file_is_not_even_sent(page: Page):
    await page.goto("/imports/new")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    await page.evaluate("document.querySelector('crm-upload').most = 10")
    await page.set_input_files(
        "input[type=file]", {"name": "big.csv", "mimeType": "text/csv", "buffer": b"x" * 2048}
    )
    await page.get_by_role("button", name="Upload").click()
    await expect(page.locator("[data-error]")).to_contain_text("big.csv is 2 KB")
    assert sent == []


async def test_a_dropped_file_is_taken(page: Page):
    await page.goto("/imports/new")
    await page.evaluate(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File(['a,b'], 'dropped.csv', {type: 'text/csv'}));"
        " const drop = document.querySelector('.drop');"
        " drop.dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true})) }"
    )
    name = await page.evaluate("document.querySelector('input[type=file]').files[0].name")
    assert name == "dropped.csv"
