"""What the first visit costs: bytes over the wire and requests, with a cold cache."""

from playwright.async_api import Page

MOST_BYTES = 120 * 1024
MOST_REQUESTS = 10


async def test_the_first_visit_of_contacts_is_small(page: Page):
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    await page.goto("/contacts")
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(500)  # the network is never idle: the stream of events stays open
    assert len(sizes) <= MOST_REQUESTS
    assert sum(sizes) <= MOST_BYTES
    print(f"{len(sizes)} requests, {sum(sizes) / 1024:.0f} KB")  # noqa: T201


async def test_built_files_are_kept_for_ever_and_sent_compressed(page: Page):
    await page.goto("/contacts")
    sheet = await page.locator("link[rel=stylesheet]").first.get_attribute("href")
    answer = await page.request.get(sheet or "", headers={"Accept-Encoding": "br"})
    assert answer.headers["content-encoding"] == "br"
    assert "immutable" in answer.headers["cache-control"]
