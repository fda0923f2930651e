"""The list, a document's page, editing, archiving, links, deleting; the card of a contact."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from .scene import (
    PARTIAL,
    PDF,
    PNG,
    add,
    document,
    names,
    page,
    row_of,
    text,
    upload,
    upload_version,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def many(admin: asyncpg.Connection) -> list[str]:
    """130 documents, two at every moment; their names, newest first."""
    for n in range(130):
        moment = NOON + timedelta(minutes=n // 2)
        await document(admin, name=f"Paper {n:03}", uploaded_at=moment, document_type="invoice")
    rows = await admin.fetch(
        "select name from documents where document_type = 'invoice'"
        " order by uploaded_at desc, id desc"
    )
    return [row["name"] for row in rows]


async def walk(client: httpx.AsyncClient, path: str, rel: str) -> list[list[str]]:
    pages: list[list[str]] = []
    while path:
        html = (await client.get(path)).text
        pages.append(names(html))
        following = page(html).css_first(f"#page-{rel}")
        path = following.attributes["href"] if following else ""
    return pages


async def test_pages_follow_each_other_both_ways(client: httpx.AsyncClient, many: list) -> None:
    forward = await walk(client, "/documents?type=invoice", "next")
    assert [len(one) for one in forward] == [50, 50, 30]
    assert [name for one in forward for name in one] == many
    html = (await client.get("/documents?type=invoice")).text
    second = page(html).css_first("#page-next").attributes["href"]
    third = page((await client.get(second)).text).css_first("#page-next").attributes["href"]
    back = await walk(client, third, "previous")
    assert [len(one) for one in back] == [30, 50, 50]
    assert back[2] + back[1] + back[0] == many


async def test_an_upload_meanwhile_moves_nothing(
    client: httpx.AsyncClient, many: list, admin: asyncpg.Connection
) -> None:
    html = (await client.get("/documents?type=invoice")).text
    following = page(html).css_first("#page-next").attributes["href"]
    one = await document(admin, name="New", document_type="invoice")
    assert names((await client.get(following)).text) == many[50:100]
    await admin.execute("delete from documents where id = $1", one)


@pytest.mark.parametrize("query", ["after=x", "before=W10", "after=WyJuYW1lIiwiMSIsIjIiXQ"])
async def test_a_place_that_no_page_gave_out_is_refused(
    client: httpx.AsyncClient, query: str
) -> None:
    assert (await client.get(f"/documents?{query}")).status_code == 422


@pytest.mark.parametrize(
    ("q", "found"),
    [("paper 12", 10), ("PAPER 007", 1), ("100%", 0), ("Paper _07", 0), ("\\", 0)],
)
async def test_names_are_searched_as_they_are_written(
    client: httpx.AsyncClient, many: list, q: str, found: int
) -> None:
    answer = await client.get("/documents", params={"q": q, "type": "invoice"})
    assert len(names(answer.text)) == found
    if not found:
        assert "No documents match" in text(page(answer.text))


async def test_a_row_says_what_who_when_and_where(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Dana", last_name="Whitfield")
    one = await upload(client, "Front.png", PNG, contact_id=person, name="Front of the house")
    html = (await client.get(f"/documents?contact={person}")).text
    row = text(page(html).css_first(f"#d{one}"))
    for words in ("Front of the house", "Image", "Dana Whitfield", "Alice Adams", "now"):
        assert words in row
    assert page(html).css_first(f'a[href="/contacts/{person}"]')
    assert "#file-image" in html
    assert "Contact is Dana Whitfield" in text(page(html).css_first("#filters"))


async def test_the_list_shows_the_newest_of_each(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    first = await upload(client, "One.pdf", PDF, contact_id=person)
    second = await upload_version(client, first, PNG, "Two.png")
    html = (await client.get(f"/documents?contact={person}")).text
    assert names(html) == ["One.pdf"]
    assert page(html).css_first(f'a.who[href="/documents/{second}"]')
    assert "v2" in text(page(html).css_first("tbody"))


async def test_what_a_document_hangs_on_can_be_asked(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    deal = await add(admin, "deals", contact_id=person, name="House", value=1)
    task = await add(admin, "activities", contact_id=person, type="task", title="Sign")
    for name, link in (("c", {"contact_id": person}), ("d", {"deal_id": deal}),
                       ("a", {"activity_id": task}), ("n", {})):  # fmt: skip
        await document(admin, name=f"linked-{name}", **link)
    found = {}
    for linked in ("contact", "deal", "activity", "nothing"):
        answer = await client.get("/documents", params={"q": "linked-", "linked": linked})
        found[linked] = names(answer.text)
    assert found == {
        "contact": ["linked-c"], "deal": ["linked-d"], "activity": ["linked-a"],
        "nothing": ["linked-n"],
    }  # fmt: skip
    assert names((await client.get(f"/documents?deal={deal}")).text) == ["linked-d"]


async def test_a_region_is_the_list_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/documents", headers=PARTIAL)
    assert "<html" not in answer.text
    assert 'id="filters"' in answer.text


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("a.pdf", PDF, "iframe"),
        ("a.png", PNG, "img"),
        ("a.csv", b"name,phone\nAnn <b>,1\n", "pre"),
        ("a.mp3", b"ID3" + bytes(50), "audio"),
        ("a.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(50), "video"),
        ("a.html", b"<script>alert(1)</script>", ".empty"),
    ],
)
async def test_a_page_shows_what_it_can(
    client: httpx.AsyncClient, name: str, content: bytes, shown: str
) -> None:
    one = await upload(client, name, content)
    html = (await client.get(f"/documents/{one}")).text
    sight = page(html).css_first("#preview")
    assert sight.css_first(shown) is not None
    assert "<script>alert" not in html
    assert page(html).css_first(f'a[href="/documents/{one}/content?download=1"]')


async def test_a_long_text_is_cut(client: httpx.AsyncClient) -> None:
    one = await upload(client, "long.txt", b"word " * 20_000)
    sight = page((await client.get(f"/documents/{one}")).text).css_first("#preview")
    assert len(sight.css_first("pre").text()) == 64 * 1024
    assert "The beginning of a longer text" in text(sight)


async def test_an_old_version_says_so_and_can_be_restored(
    client: httpx.AsyncClient,
) -> None:
    first = await upload(client, "One.pdf", PDF)
    second = await upload_version(client, first, PNG, "Two.png")
    html = (await client.get(f"/documents/{first}")).text
    assert "This is version 1. The newest is version 2." in text(page(html))
    made = (await client.post(f"/documents/{first}/restore")).headers["location"]
    shown = (await client.get(made)).text
    versions = [text(one) for one in page(shown).css(".versions li")]
    assert [words.split()[0] for words in versions] == ["v3", "v2", "v1"]
    assert "same file as v3" in versions[2]
    assert second


async def test_words_are_edited(client: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
    one = await upload(client)
    form = page((await client.get(f"/documents/{one}/edit")).text)
    version = form.css_first('input[name="version"]').attributes["value"]
    sent = {"name": "The deed", "document_type": "contract", "description": "Signed",
            "tags": "deed, signed", "version": version}  # fmt: skip
    answer = await client.post(f"/documents/{one}/edit", data=sent)
    assert answer.headers["location"] == f"/documents/{one}"
    row = await row_of(admin, one)
    assert (row["name"], row["document_type"]) == ("The deed", "contract")
    assert (row["description"], row["tags"]) == ("Signed", ["deed", "signed"])
    again = await client.post(f"/documents/{one}/edit", data=sent | {"name": "Mine"})
    assert again.status_code == 409
    assert "Somebody changed this document" in again.text
    assert (await row_of(admin, one))["name"] == "The deed"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 501), ("tags", "x" * 51), ("document_type", "poem")],
)
async def test_wrong_words_come_back_with_their_error(
    client: httpx.AsyncClient, field: str, value: str
) -> None:
    one = await upload(client)
    sent = {"name": "x", "version": "x", field: value}
    answer = await client.post(f"/documents/{one}/edit", data=sent)
    assert answer.status_code == 422
    assert page(answer.text).css_first(f"#f-{field}[aria-invalid]") is not None


async def test_archiving_offers_its_undo(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await upload(client, "Old flyer.pdf", PDF)
    answer = await client.post(f"/documents/{one}/archive")
    html = (await client.get(answer.headers["location"])).text
    assert f"/documents/{one}/unarchive" in html
    assert "“Old flyer.pdf” is archived." in text(page(html).css_first("#toasts"))
    assert "Old flyer.pdf" not in names(html)
    assert "Old flyer.pdf" in names((await client.get("/documents?archived=1")).text)
    undone = await client.post(f"/documents/{one}/unarchive", headers=PARTIAL)
    assert undone.headers["hx-refresh"] == "true"
    assert "Old flyer.pdf" in names((await client.get("/documents")).text)
    assert not (await row_of(admin, one))["is_archived"]


async def test_links_are_found_made_and_removed(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Quentin", last_name="Marlow")
    deal = await add(admin, "deals", contact_id=person, name="Marlow house", value=1)
    one = await upload(client)
    found = (await client.get(f"/documents/{one}/links?q=marlow", headers=PARTIAL)).text
    assert str(person) in found
    assert str(deal) in found
    for kind, target in (("contact", person), ("deal", deal)):
        await client.post(f"/documents/{one}/links", data={"kind": kind, "id": str(target)})
    row = await row_of(admin, one)
    assert (row["contact_id"], row["deal_id"]) == (person, deal)
    shown = text(page((await client.get(f"/documents/{one}")).text).css_first("#links"))
    assert "Quentin Marlow" in shown
    assert "Marlow house" in shown
    await client.post(f"/documents/{one}/links", data={"kind": "contact"})
    row = await row_of(admin, one)
    assert (row["contact_id"], row["deal_id"]) == (None, deal)


async def test_deleting_takes_all_versions(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = await upload(client)
    second = await upload_version(client, first, PNG)
    shown = (await client.get(f"/documents/{second}")).text
    assert "all its 2 versions" in text(page(shown).css_first("#delete-document"))
    assert (await client.post(f"/documents/{second}/delete")).status_code == 303
    for one in (first, second):
        assert (await client.get(f"/documents/{one}")).status_code == 404


async def test_a_contact_shows_takes_and_opens_documents(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    first = await upload(client, "Quote.pdf", PDF, contact_id=person)
    second = await upload_version(client, first, PDF)
    card = page((await client.get(f"/contacts/{person}")).text).css_first("#documents")
    links = [node.attributes["href"] for node in card.css(".item a")]
    assert links == [f"/documents/{second}"]
    field = card.css_first('crm-upload input[name="contact_id"]')
    assert field.attributes["value"] == str(person)
    answer = await client.post(
        "/documents", files={"file": ("b.pdf", PDF)}, data={"contact_id": str(person)}
    )
    assert answer.headers["location"] == f"/contacts/{person}?part=details"


@pytest.mark.parametrize("path", ["", "/content", "/edit", "/links"])
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/documents/{uuid4()}{path}")).status_code == 404
    assert (await client.get(f"/documents/{UUID(int=0)}{path}")).status_code == 404
