"""What a person does on the pages of the import, for the list of routes and the tests."""

from playwright.async_api import Page

# What PropStream exports, cut short: a good row, one owner twice, and a row without anybody.
EXPORT = """Address,City,State,Zip,County,Owner 1 First Name,Owner 1 Last Name,Property Type,\
Bedrooms,Est. Value,Phone 1,Email 1,Foreclosure Factor
12 Oak St,Austin,TX,78701,Travis,Dana,Whitfield,Single Family,3,412000,(512) 555-0132,\
dana@oak.example,Low
9 Elm Ave,Dallas,TX,75201,Dallas,Omar,Kim,Condo,2,198500,(214) 555-0177,omar@elm.example,High
9 Elm Ave,Dallas,TX,75201,Dallas,Omar,Kim,Condo,2,198500,(214) 555-0177,omar@elm.example,High
1 Pine Rd,Waco,TX,76701,McLennan,,,Land,,,,,Low
"""


async def upload_export(page: Page) -> None:
    """From the upload to the matching of columns."""
    await page.set_input_files(
        "input[type=file]",
        {"name": "owners.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()},
    )
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_role("heading", name="Match columns", level=1).wait_for()


async def import_export(page: Page) -> None:
    """To the result."""
    await upload_export(page)
    await page.get_by_role("button", name="Import", exact=True).click()
    await page.get_by_text("Show contacts").wait_for(timeout=30_000)


async def import_and_list(page: Page) -> None:
    """To the history of imports."""
    await import_export(page)
    await page.goto("/imports")


async def import_and_see_data(page: Page) -> None:
    """The page of data after an import and an export."""
    await import_export(page)
    await page.request.post("/settings/data/deals.csv")
    await page.goto("/settings/data")


async def refuse_upload(page: Page) -> None:
    """A file that is not text."""
    await page.set_input_files(
        "input[type=file]",
        {"name": "photo.csv", "mimeType": "text/csv", "buffer": bytes(range(256)) * 64},
    )
    await page.get_by_role("button", name="Upload").click()
    await page.locator("[data-error]:visible").wait_for()
