"""The browsable description of the API: it opens with our own files alone, in both themes."""

from .conftest import NewPage


async def test_the_description_of_the_api_opens_without_the_internet(new_page: NewPage):
    for theme in ("light", "dark"):
        page = await new_page(theme=theme, signed_in=False)
        await page.goto("/api/docs")
        await page.get_by_text("List everything that happened with one contact").wait_for()
        assert await page.locator(".opblock").count() > 60
        dark = await page.evaluate("document.documentElement.classList.contains('dark-mode')")
        assert dark == (theme == "dark")
