"""The palette's results and the page of everything found: groups, hints, prefixes, and rights."""

from uuid import UUID

import asyncpg
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from crm.db import Identity
from crm.search.results import marked

from .scene import PARTIAL, SECRET, add, somebody


@pytest.fixture(scope="module")
async def made(admin: asyncpg.Connection) -> dict[str, UUID]:
    """Zebediah with everything, and a tag."""
    found = await somebody(admin, phone1="+14155550132", assigned_to=None)
    await add(admin, "tags", name="Hot & cold <leads>")
    return found


def options(html: str) -> list[LexborNode]:
    """The choices, in order."""
    return LexborHTMLParser(html).css('[role="option"]')


def words(node: LexborNode) -> str:
    """The text of a node, spaces joined."""
    return " ".join(node.text(separator=" ").split())


def groups(html: str) -> list[str]:
    """The names of the groups."""
    nodes = LexborHTMLParser(html).css('[role="group"]')
    return [node.attributes.get("aria-label") or "" for node in nodes]


async def palette(client, q: str) -> str:
    answer = await client.get("/palette", params={"q": q}, headers=PARTIAL)
    assert answer.status_code == 200
    return answer.text


async def test_the_palette_groups_what_it_finds(client, made: dict) -> None:
    html = await palette(client, "zebed")
    assert groups(html) == ["Contacts", "Deals", "Activities", "Messages", "Documents"]
    found = options(html)
    assert found[0].attributes["href"] == f"/contacts/{made['contacts']}"
    assert found[1].attributes["href"] == f"/deals/{made['deals']}"
    assert found[-1].attributes["href"] == "/search?q=zebed"
    assert len({one.attributes["id"] for one in found}) == len(found)


async def test_five_of_a_kind_are_enough_for_the_palette(client, admin, made: dict) -> None:
    for n in range(8):
        await add(admin, "contacts", first_name="Septimus", last_name=f"S{n}")
    assert len(options(await palette(client, "septimus"))) == 6


@pytest.mark.parametrize("typed", ["(415) 555-0132", "415 555 0132", "+14155550132"])
async def test_a_typed_phone_number_can_be_called(client, made: dict, typed: str) -> None:
    call, person, *_ = options(await palette(client, typed))
    assert (call.attributes["href"], words(call)) == ("tel:+14155550132", "Call +1 (415) 555-0132")
    assert person.attributes["href"] == f"/contacts/{made['contacts']}"
    html = (await client.get("/search", params={"q": typed})).text
    assert 'href="tel:+14155550132"' in html


async def test_four_digits_or_a_word_cannot_be_called(client, made: dict) -> None:
    for typed in ("0132", "zebediah", "415 555", "1-800-FLOWERS"):
        assert "tel:" not in await palette(client, typed)


async def test_a_mistyped_name_is_corrected_and_said_to_be(client, made: dict) -> None:
    html = await palette(client, "zebedaih")
    assert groups(html) == ["Contacts for “zebediah”"]
    page = (await client.get("/search", params={"q": "zebedaih"})).text
    assert "Nothing matches “zebedaih”. Showing results for <b>zebediah</b>." in page


async def test_a_hash_asks_for_tags_and_opens_their_list(client, made: dict) -> None:
    (tag,) = options(await palette(client, "#cold"))
    assert "Hot & cold <leads>" in words(tag)
    listed = await client.get(tag.attributes["href"] or "")
    assert listed.status_code == 200
    assert options(await palette(client, "#nothing")) == []
    assert len(options(await palette(client, "#"))) == 1


async def test_an_at_asks_for_people_and_opens_their_contacts(
    client, bob: Identity, made: dict
) -> None:
    (person,) = options(await palette(client, "@bob"))
    assert person.attributes["href"] == f"/contacts?f=owner%3Aeq%3A{bob.user_id}"
    assert (await client.get(person.attributes["href"] or "")).status_code == 200
    assert len(options(await palette(client, "@"))) == 3


async def test_actions_are_not_looked_for_on_the_server(client, made: dict) -> None:
    assert options(await palette(client, "> zebediah")) == []


async def test_the_page_shows_every_kind(client, made: dict) -> None:
    html = (await client.get("/search", params={"q": "zebediah"})).text
    page = LexborHTMLParser(html)
    assert [words(node) for node in page.css(".results h2")] == [
        f"{name} 1"
        for name in ("Contacts", "Deals", "Activities", "Messages", "Emails", "Calls", "AI calls",
                     "Documents")
    ]  # fmt: skip
    assert "<mark>Zebediah</mark> wants a roof" in html
    region = await client.get("/search", params={"q": "zebediah"}, headers=PARTIAL)
    assert "wants a roof" in region.text
    assert "<html" not in region.text


async def test_the_page_says_when_there_is_nothing(client, made: dict) -> None:
    assert "Nothing matches “qqqq”" in (await client.get("/search?q=qqqq")).text
    assert "Look for people" in (await client.get("/search")).text


@pytest.mark.parametrize("q", ["%", "<script>alert(1)</script>", "\x00", "a" * 9000, "'\"&<", "#%"])
async def test_hostile_text_is_only_looked_for(client, made: dict, q: str) -> None:
    for path in ("/palette", "/search"):
        answer = await client.get(path, params={"q": q}, headers=PARTIAL)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
@pytest.mark.parametrize(
    "q", ["zebediah", "zebedaih", "4155550132", "roof", "#cold", "#", "@bob", "@"]
)
async def test_a_stranger_finds_nothing(
    client_as, charlie: Identity, made: dict, q: str, headers: dict
) -> None:
    stranger = await client_as(charlie)
    for path in ("/palette", "/search"):
        answer = await stranger.get(path, params={"q": q}, headers=headers)
        assert answer.status_code == 200
        told = [one for one in (SECRET, "leads", "Bob Brown", str(made["contacts"]))
                if one in answer.text]  # fmt: skip
        assert told == []


async def test_nobody_signed_in_is_sent_to_sign_in(client_as, made: dict) -> None:
    visitor = await client_as(None)
    for path in ("/palette?q=zeb", "/search?q=zeb"):
        assert (await visitor.get(path)).status_code == 303


@pytest.mark.parametrize(
    ("text", "q", "parts"),
    [
        ("the roof leaks", "roo", [("the ", False), ("roo", True), ("f leaks", False)]),
        ("proof", "roof", [("proof", False)]),
        ("a.b", "", [("a.b", False)]),
        ("Roof", "ROOF", [("Roof", True)]),
        ("x (y)", "(y", [("x (", False), ("y", True), (")", False)]),
    ],
)
def test_words_are_marked_where_they_begin(text: str, q: str, parts: list) -> None:
    assert marked(text, q) == parts
