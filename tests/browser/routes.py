"""The pages that there are, in each of their states; tests and pictures read this list."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from playwright.async_api import Page

from .contact_steps import (
    edit_property,
    edit_tags,
    open_bulk_tag,
    open_columns,
    open_date,
    open_filter,
    open_views,
    peek,
    refuse_cell,
    select_rows,
    write_task,
)
from .import_steps import (
    import_and_list,
    import_and_see_data,
    import_export,
    refuse_upload,
    upload_export,
)

Step = Callable[[Page], Awaitable[object]]


@dataclass(frozen=True)
class Route:
    """A page: its picture's name, its address, and what to do there before looking."""

    name: str
    path: str
    then: Step | None = None
    signed_in: bool = True
    wide_only: bool = False  # the state is reached by what phones do not show


async def open_palette(page: Page) -> None:
    """Ctrl+K."""
    await page.keyboard.press("Control+k")
    await page.locator("#palette[open]").wait_for()


async def search_in_palette(page: Page) -> None:
    """Ctrl+K, and a name."""
    await open_palette(page)
    await page.keyboard.type("roof")
    await page.locator("#palette-found [role=group]").first.wait_for()


async def open_user_menu(page: Page) -> None:
    """The account menu, or the sheet "More" on a phone."""
    button = page.locator(".me:visible, .tabbar [popovertarget]:visible").first
    await button.click()


async def open_shortcuts(page: Page) -> None:
    """`?`."""
    await page.keyboard.press("?")
    await page.locator("#keys[open]").wait_for()


async def open_first_popover(page: Page) -> None:
    """The first filter."""
    await page.locator("main [popovertarget]:visible").first.click()


async def send_wrong_password(page: Page) -> None:
    """A refused sign-in."""
    await page.fill("#f-email", "ana@northside.example")
    await page.fill("#f-password", "not the password")
    await page.get_by_role("button", name="Sign in").click()
    await page.locator(".notice.error").wait_for()


async def open_folds(page: Page) -> None:
    """Transcripts, long emails, the parts of the score."""
    await page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")


async def trash_one(page: Page) -> None:
    """A contact made and deleted, then the trash."""
    made = await page.request.post(
        "/contacts/new", form={"first_name": "Theo", "last_name": "Gone"}
    )
    await page.request.post(f"{made.url}/delete")
    await page.goto("/settings/trash")


async def ask_before_delete(page: Page) -> None:
    """The question before something is deleted for ever."""
    await trash_one(page)
    await page.locator("main .tbl a[href$='/delete']").first.click()
    await page.locator("h1", has_text="for ever?").wait_for()


async def send_empty(page: Page) -> None:
    """A refused form."""
    await page.locator("main form button.primary").click()
    await page.locator(".notice.error").wait_for()


async def open_row_menu(page: Page) -> None:
    """Snooze, assign and more of the first activity."""
    await page.locator("tbody [popovertarget]:visible").first.click()
    await page.get_by_role("button", name="Next week").wait_for()


async def choose_weekly(page: Page) -> None:
    """An activity that repeats."""
    await page.select_option("#f-repeat", "weekly")
    await page.get_by_text("After a number of times").click()


async def find_contact(page: Page) -> None:
    """The list under the contact field."""
    await page.locator("#f-contact_id").press_sequentially("ro")
    await page.locator("#contact-list [role=option]").first.wait_for()


async def make_feed(page: Page) -> None:
    """The address of a calendar feed, shown once."""
    await page.get_by_role("button", name="address").click()
    await page.locator("#feed-address").wait_for()


async def set_up_second_factor(page: Page) -> None:
    """The QR code."""
    await page.get_by_role("button", name="Set up").click()
    await page.get_by_role("heading", name="Set up the second factor").wait_for()


async def refuse_name(page: Page) -> None:
    """A refused form of the profile."""
    await page.fill("#f-current", "not mine")
    await page.fill("#f-password", "northside1")
    await page.get_by_role("button", name="Change password").click()
    await page.locator(".notice.error").wait_for()


async def invite_somebody(page: Page) -> None:
    """The link to hand over, and the list of the invited."""
    await page.fill("#f-email", f"{uuid4().hex[:8]}@northside.example")
    await page.get_by_role("button", name="Invite", exact=True).click()
    await page.locator("#invitation-link").wait_for()


async def open_invitation(page: Page) -> None:
    """What the invited person sees."""
    await invite_somebody(page)
    await page.goto(await page.input_value("#invitation-link"))


async def manage_somebody(page: Page) -> None:
    """A person's page, with a link to a new password."""
    await page.get_by_role("link", name="Change Tariq Aziz").click()
    await page.get_by_role("button", name="Make a link").click()
    await page.locator("#reset-link").wait_for()


async def open_reset(page: Page) -> None:
    """What the link opens."""
    await manage_somebody(page)
    await page.goto(await page.input_value("#reset-link"))


async def make_token(page: Page) -> None:
    """A new token."""
    await page.fill("#f-name", "Website form")
    await page.check("input[value='contacts:write']")
    await page.get_by_role("button", name="Create token").click()
    await page.locator("#fresh-token").wait_for()


async def refuse_token(page: Page) -> None:
    """A token that may do nothing."""
    await page.fill("#f-name", "Website form")
    await page.get_by_role("button", name="Create token").click()
    await page.locator(".notice.error").wait_for()


async def revoke_token(page: Page) -> None:
    """The question before a token ends."""
    await make_token(page)
    await page.get_by_role("button", name="Revoke Website form").first.click()
    await page.locator("dialog[open]").wait_for()


async def upload_two(page: Page) -> None:
    """One file that is stored, one that is refused."""
    await page.set_input_files(
        ".uploads input[type=file]",
        [
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Call before Friday."},
            {"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\0"},
        ],
    )
    await page.locator(".transfer.failed").wait_for()
    await page.locator(".transfer a[href]").wait_for()


async def ask_to_delete(page: Page) -> None:
    """The dialog before a delete."""
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Delete…").click()
    await page.locator("#delete-document[open]").wait_for()


async def look_for_links(page: Page) -> None:
    """What a document could be linked to."""
    await page.get_by_label("Link a contact or deal").fill("mar")
    await page.locator("#links-found form").first.wait_for()


def document_of(number: int) -> str:
    return f"/documents/5eed0011-0000-4000-8000-{number:012d}"


def _contact(number: int) -> str:
    return f"/contacts/5eed0001-0000-4000-8000-{number:012d}"


def _deal(number: int) -> str:
    return f"/deals/5eed0008-0000-4000-8000-{number:012d}"


async def open_move_menu(page: Page) -> None:
    """The menu of the first card."""
    await page.locator(".deal").first.hover()
    await page.locator(".deal .more").first.click()
    await page.locator("#deal-move:popover-open").wait_for()


async def ask_for_a_reason(page: Page) -> None:
    """Lost, by the menu of the first card."""
    await open_move_menu(page)
    await page.locator("#deal-move [data-to=closed_lost]").click()
    await page.locator("#deal-lost:popover-open").wait_for()


async def open_field(page: Page) -> None:
    """A field that is edited in place, and refused."""
    await page.locator("#cell-value").click()
    await page.fill("#f-value", "many")
    await page.keyboard.press("Enter")
    await page.locator("#e-value").wait_for()


RICH, AI, DO_NOT_CONTACT = _contact(1), _contact(12), _contact(19)  # of the demo book

ROUTES = (
    Route("sign-in", "/sign-in", signed_in=False),
    Route("sign-in-refused", "/sign-in", send_wrong_password, signed_in=False),
    Route("contacts", "/contacts"),
    Route("contacts-filter-open", "/contacts", open_filter),
    Route("contacts-views", "/contacts", open_views),
    Route("contacts-columns", "/contacts", open_columns, wide_only=True),
    Route("contacts-selected", "/contacts", select_rows),
    Route("contacts-bulk-tag", "/contacts", open_bulk_tag, wide_only=True),
    Route("contacts-peek", "/contacts", peek, wide_only=True),
    Route("contacts-cell-refused", "/contacts", refuse_cell, wide_only=True),
    Route("contacts-cell-tags", "/contacts?columns=tags,city,owner", edit_tags, wide_only=True),
    Route("contacts-compact", "/contacts?columns=status,email1,lead_source&density=compact"),
    Route("contacts-none", "/contacts?q=zzzzzzzz"),
    Route("contacts-filtered", "/contacts?f=status:in:lead,qualified&f=tag:has-tag:New%20lead"),
    Route("contact", RICH),
    Route("contact-details", f"{RICH}?part=details", open_folds),
    Route("contact-composer", RICH, write_task),
    Route("contact-editing", f"{RICH}?part=details", edit_property),
    Route("contact-duplicates", f"{RICH}/duplicates"),
    Route("contact-ai-calls", f"{AI}?show=ai", open_folds),
    Route("contact-do-not-contact", f"{DO_NOT_CONTACT}?part=details"),
    Route("contact-empty-kind", f"{DO_NOT_CONTACT}?show=deals"),
    Route("contact-search", f"{RICH}?q=390"),
    Route("contact-search-none", f"{RICH}?show=calls&q=zzzzzzzz"),
    Route("contact-date", f"{RICH}?at=2026-11-12", open_date),
    Route("contact-edit", f"{RICH}/edit"),
    Route("contact-new", "/contacts/new"),
    Route("contact-new-refused", "/contacts/new", send_empty),
    Route("fields", "/settings/fields"),
    Route("tags", "/settings/tags?sort=use"),
    Route("tag", "/settings/tags/5eed0002-0000-4000-8000-000000000005"),
    Route("deals", "/deals"),
    Route("deals-move", "/deals", open_move_menu),
    Route("deals-lost", "/deals", ask_for_a_reason),
    Route("deals-none", "/deals?q=zzzzzzzz"),
    Route("deals-filter-open", "/deals?owner=me", open_first_popover),
    Route("deals-list", "/deals?view=list&sort=-value"),
    Route("deals-list-none", "/deals?view=list&q=zzzzzzzz"),
    Route("deal", _deal(19)),
    Route("deal-field-refused", _deal(19), open_field),
    Route("deal-won", _deal(28)),
    Route("deal-new", "/deals/new"),
    Route("deal-new-refused", "/deals/new", send_empty),
    Route("deal-edit", f"{_deal(19)}/edit"),
    Route("pipelines", "/settings/pipelines"),
    Route("palette", "/contacts", open_palette, wide_only=True),
    Route("palette-found", "/contacts", search_in_palette, wide_only=True),
    Route("search", "/search?q=roof"),
    Route("search-none", "/search?q=zzzzzzzz"),
    Route("search-empty", "/search"),
    Route("shortcuts", "/contacts", open_shortcuts, wide_only=True),
    Route("user-menu", "/contacts", open_user_menu),
    Route("imports-none", "/imports"),
    Route("import-upload", "/imports/new"),
    Route("import-upload-refused", "/imports/new", refuse_upload),
    Route("import-mapping", "/imports/new", upload_export),
    Route("import-result", "/imports/new", import_export),
    Route("imports", "/imports/new", import_and_list),
    Route("data-none", "/settings/data"),
    Route("data", "/imports/new", import_and_see_data),
    Route("database", "/settings/database"),
    Route("trash-none", "/settings/trash/deals"),
    Route("trash", "/settings/trash", trash_one),
    Route("trash-delete", "/settings/trash", ask_before_delete, wide_only=True),
    Route("forgot", "/forgot", signed_in=False),
    Route("settings", "/settings"),
    Route("settings-profile", "/settings/profile"),
    Route("settings-profile-refused", "/settings/profile", refuse_name),
    Route("settings-second-factor", "/settings/profile", set_up_second_factor),
    Route("settings-people", "/settings/people"),
    Route("settings-people-invited", "/settings/people", invite_somebody),
    Route("settings-person", "/settings/people", manage_somebody),
    Route("settings-tokens", "/settings/tokens"),
    Route("settings-tokens-refused", "/settings/tokens", refuse_token),
    Route("settings-token-made", "/settings/tokens", make_token),
    Route("settings-token-revoke", "/settings/tokens", revoke_token),
    Route("invitation", "/settings/people", open_invitation),
    Route("invitation-over", "/invite/made-up", signed_in=False),
    Route("reset", "/settings/people", open_reset),
    Route("reset-over", "/reset/made-up", signed_in=False),
    Route("documents", "/documents"),
    Route("documents-filter-open", "/documents", open_first_popover),
    Route("documents-none", "/documents?q=zzzzzzzz"),
    Route("documents-archived", "/documents?archived=1"),
    Route("documents-upload", "/documents", upload_two),
    Route("document-pdf", document_of(2)),
    Route("document-old-version", document_of(1)),
    Route("document-image", document_of(5)),
    Route("document-no-preview", document_of(9)),
    Route("document-links", document_of(14), look_for_links),
    Route("document-delete", document_of(2), ask_to_delete),
    Route("document-edit", f"{document_of(2)}/edit"),
    Route("activities", "/activities?owner=all"),
    Route("activities-menu", "/activities?owner=all", open_row_menu),
    Route("activities-none", "/activities?owner=none"),
    Route("activities-group", "/activities?owner=all&group=overdue"),
    Route("activities-week", "/activities?view=week&owner=all"),
    Route("activities-month", "/activities?view=month&owner=all"),
    Route("activity-new", "/activities/new"),
    Route("activity-new-refused", "/activities/new", send_empty),
    Route("activity-repeats", "/activities/new", choose_weekly),
    Route("activity-contact-found", "/activities/new", find_contact),
    Route("reminders", "/reminders"),
    Route("settings-calendar", "/settings/calendar"),
    Route("settings-calendar-feed", "/settings/calendar", make_feed),
    Route("dashboard", "/dashboard"),
    Route("dashboard-tables", "/dashboard?from=2026-01-01&to=2026-11-25", open_folds),
    Route("dashboard-none", "/dashboard?from=2001-01-01&to=2001-01-31&owner=none"),
    Route("not-found", "/contacts/00000000-0000-4000-8000-000000000000"),
    Route("dev-ui", "/dev/ui"),
)
