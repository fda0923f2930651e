"""The browsable description of the API: it opens with our own files alone, in both themes."""

from .conftest import NewPage


async def test_the_description_of_the_api_opens_without_the_internet(new_page: NewPage):
    for theme in ("light", "dark"):
        page = await new_page(theme=theme, signed_in=False)
        await page.goto("/api/docs")
        await page.get_by_text("List contacts", exact=True).wait_for()
        await page.mouse.wheel(0, 100_000)  # operations are drawn where one looks
        await page.get_by_text("Change the settings of the workspace").wait_for()
        dark = await page.evaluate("document.documentElement.classList.contains('dark-mode')")
        assert dark == (theme == "dark")
