"""What the search box finds, in which order, in which notation, and in spite of typing errors."""

import asyncpg
import pytest

from .people import acting_as, workspace
from .rows import activity, call, contact, deal, email, insert, message, minutes, value
from .test_search import found, titles

FILL = """
    insert into contacts (first_name, last_name, updated_at, created_at)
    select case n % 3 when 0 then 'Mary' when 1 then 'Maryanne' else 'Rosemary' end,
           'Number' || n, now() - n * interval '1 minute', now()
    from generate_series(1, 6000) n
"""


async def book(conn: asyncpg.Connection) -> dict[str, str]:
    """Six people; gives the ids by first name."""
    made = await workspace(conn)
    people = {
        "Anna": {"last_name": "Lee", "phone1": "+14155550132", "email1": "anna@lee.example"},
        "Lee": {"last_name": "Anders", "phone2": "+14155550199", "city": "Austin"},
        "Leeland": {"last_name": "Okafor", "phone1": "+12145550132"},
        "Ashleen": {"last_name": "Novak", "phone1": "+442079460958"},
        "Jean-Luc": {"last_name": "O'Neil", "llc_name": "Smith & Sons, LLC"},
        "Chloé": {"last_name": "Garcia", "property_address": "1415 Lee Street"},
    }
    ids = {name: str(await contact(conn, first_name=name, **more)) for name, more in people.items()}
    ids["viewer"] = str(made.users["viewer"])
    return ids


async def search(conn: asyncpg.Connection, q: str, *kinds: str) -> list[str]:
    """First names of contacts (or titles of the other kinds), in order."""
    viewer = await value(conn, "select id from app.users where role = 'viewer'")
    async with acting_as(conn, viewer):
        rows = await titles(conn, q, *(kinds or ("contacts",)))
        return rows if kinds else [title.split()[0] for title in rows]


@pytest.mark.parametrize(
    "typed",
    ["(415) 555-0132", "4155550132", "+14155550132", "+1 415 555 0132", "1-415-555-0132",
     "415.555.0132", "1 (415) 555 0132", "415/555-0132", "14155550132", "anna 0132",
     "lee 415-555-0132", "anna (415)", "anna@lee.example", "ANNA@LEE.EXAMPLE", "anna@", "lee.ex"],
)  # fmt: skip
async def test_a_phone_or_email_is_found_in_any_notation(
    conn: asyncpg.Connection, typed: str
) -> None:
    await book(conn)
    assert await search(conn, typed) == ["Anna"]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("0132", {"Anna", "Leeland"}),
        ("555-0132", {"Anna", "Leeland"}),
        ("555 0199", {"Lee"}),
        ("415", {"Anna", "Lee", "Chloé"}),
        ("(415) 555", {"Anna", "Lee"}),
        ("+44 20 7946 0958", {"Ashleen"}),
        ("020 7946 0958", {"Ashleen"}),
        ("0044 20 7946 0958", {"Ashleen"}),
        ("+1 415 555 0133", set()),
    ],
)
async def test_a_part_of_a_phone_number_finds_everybody_who_has_it(
    conn: asyncpg.Connection, typed: str, names: set[str]
) -> None:
    await book(conn)
    assert set(await search(conn, typed)) == names


async def test_the_end_of_a_phone_comes_before_a_part_of_it(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    await contact(conn, first_name="Middle", phone1="+14155501325")
    await contact(conn, first_name="Street", property_address="50132 Oak Street")
    await contact(conn, first_name="End", phone3="+14155550132")
    assert (await search(conn, "0132"))[0] == "End"
    assert set(await search(conn, "0132")) == {"Middle", "Street", "End"}


async def test_whole_names_come_first_then_words_then_beginnings_then_parts(
    conn: asyncpg.Connection,
) -> None:
    await book(conn)
    names = await search(conn, "lee")
    assert set(names[:2]) == {"Lee", "Anna"}
    # Then Leeland; a word of an address; a part of a word.
    assert names[2:] == ["Leeland", "Chloé", "Ashleen"]
    assert (await search(conn, "anna lee"))[0] == "Anna"
    assert (await search(conn, "lee anna"))[0] == "Anna"
    await contact(conn, first_name="Lee", last_name="")
    async with acting_as(conn, await value(conn, "select id from app.users where role = 'viewer'")):
        (first, *_) = await found(conn, "LEE", "contacts")
        assert (first["title"], first["rank"]) == ("Lee", 90)


async def test_of_equal_matches_the_one_last_talked_to_comes_first(
    conn: asyncpg.Connection,
) -> None:
    await workspace(conn)
    people = [await contact(conn, first_name="Dora", last_name=f"D{n}") for n in range(4)]
    later = await value(conn, "select now() + interval '1 day'")
    await message(conn, people[1], occurred_at=later)
    await call(conn, people[2], occurred_at=await value(conn, "select now() + interval '2 days'"))
    assert (await search(conn, "dora", "contacts"))[:2] == ["Dora D2", "Dora D1"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [("o'neil", "Jean-Luc"), ("jean luc", "Jean-Luc"), ("jean-luc", "Jean-Luc"),
     ("smith sons", "Jean-Luc"), ("smith & sons", "Jean-Luc"), ("sons, llc", "Jean-Luc"),
     ("chloé", "Chloé"), ("CHLO", "Chloé"), ("o", None), ("1415 lee", "Chloé"),
     ("lee 1415", "Chloé"), ("austin lee", "Lee"), ("okaf lee", "Leeland")],
)  # fmt: skip
async def test_names_companies_and_addresses_are_found_by_the_beginnings_of_their_words(
    conn: asyncpg.Connection, typed: str, name: str | None
) -> None:
    await book(conn)
    names = await search(conn, typed)
    assert names[0] == name if name else True


@pytest.mark.parametrize(
    ("typed", "meant", "name"),
    [
        ("okafro", "okafor", "Leeland"),  # swapped
        ("okfor", "okafor", "Leeland"),  # left out
        ("okaffor", "okafor", "Leeland"),  # too many
        ("okavor", "okafor", "Leeland"),  # wrong
        ("garxia", "garcia", "Chloé"),
        ("chloe garcai", "chloé garcia", "Chloé"),
        ("chloe", "chloé", "Chloé"),
        ("jaen luc", "jean luc", "Jean-Luc"),
        ("ashlen novac", "ashleen novak", "Ashleen"),
        ("oneil", "neil", "Jean-Luc"),
        ("leelnad okfaor", "leeland okafor", "Leeland"),
        ("lealind", "leeland", "Leeland"),  # two errors in a long word
    ],
)
async def test_a_mistyped_name_is_corrected_and_said_to_be(
    conn: asyncpg.Connection, typed: str, meant: str, name: str
) -> None:
    ids = await book(conn)
    async with acting_as(conn, ids["viewer"]):  # pyright: ignore[reportArgumentType]
        rows = await found(conn, typed)
    assert [(row["title"].split()[0], row["corrected"]) for row in rows] == [(name, meant)]


async def test_what_is_found_as_typed_is_not_corrected(conn: asyncpg.Connection) -> None:
    ids = await book(conn)
    await message(conn, await contact(conn, first_name="Zoe"), content="thanks")
    await contact(conn, first_name="Thank")
    async with acting_as(conn, ids["viewer"]):  # pyright: ignore[reportArgumentType]
        rows = await found(conn, "thanks")
        assert [(row["kind"], row["corrected"]) for row in rows] == [("messages", None)]
        assert {row["corrected"] for row in await found(conn, "lee")} == {None}
        assert await found(conn, "xqzwv") == []
        assert await found(conn, "le3") == []


async def test_a_changed_name_is_known_to_the_dictionary(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    one = await contact(conn, first_name="Old")
    await conn.execute("update contacts set last_name = 'Featherstone' where id = $1", one)
    assert await search(conn, "fetherstone") == ["Old"]
    await conn.execute("update contacts set notes = 'x' where id = $1", one)
    sql = "select count(*) from app.name_words where word = 'featherstone'"
    assert await value(conn, sql) == 1
    await conn.execute("insert into app.name_words (word) values ('featherstone')")
    assert await value(conn, "select app.upkeep_name_words()") == 1
    assert await value(conn, sql) == 1


@pytest.mark.parametrize(
    ("typed", "other", "count"),
    [("jonson", "johnson", 1), ("jhon", "john", 1), ("same", "same", 0), ("abc", "cab", 2),
     ("abcd", "xyz", 3), ("ca", "abc", 3), ("é", "e", 1)],
)  # fmt: skip
async def test_typing_errors_are_counted(
    conn: asyncpg.Connection, typed: str, other: str, count: int
) -> None:
    assert await value(conn, "select app.typing_errors($1, $2, 2)", typed, other) == count


async def test_everything_that_is_written_or_said_is_found(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    person = await contact(conn, first_name="Ann", last_name="Bell")
    one = await deal(conn, person, name="12 Harbor Road", next_step="survey the chimney")
    await activity(conn, person, title="Meet at the harbor", description="bring the appraisal")
    await message(conn, person, content="The Chimneys are leaking, can somebody come?")
    await email(conn, person, subject="Appraisal of the house", body="see the attachment")
    await call(conn, person, transcript="agent: hello. customer: I need an appraisal")
    await insert(
        conn, "vapi_calls", contact_id=person, status="ended", transcript="the chimney is cracked"
    )
    await insert(
        conn, "documents", name="Harbor survey", original_name="scan_0042.pdf", file_path="x",
        deal_id=one,
    )  # fmt: skip
    async with acting_as(conn, made.users["viewer"]):

        async def kinds(q: str) -> set[str]:
            return {row["kind"] for row in await found(conn, q)}

        assert await kinds("chimney") == {"deals", "messages", "vapi-calls"}
        assert await kinds("chimn") == {"deals", "messages", "vapi-calls"}
        assert await kinds("appraisals") == {"activities", "emails", "calls"}
        assert await kinds("harbor") == {"deals", "activities", "documents"}
        assert await kinds("12 har") == {"deals"}
        assert await kinds("scan 0042") == {"documents"}
        assert await kinds('"leaking can"') == {"messages"}
        assert await kinds("chimney -leaking") >= {"vapi-calls"}
        assert "messages" not in await kinds("chimney -leaking")
        (text,) = await found(conn, "leaking", "messages")
        assert (text["title"], text["contact_id"]) == ("Ann Bell", person)
        (first, *_) = await found(conn, "harbor", "deals", "activities")
        assert (first["kind"], first["title"]) == ("deals", "12 Harbor Road")
        assert await found(conn, "harbor", "emails") == []


async def test_the_newest_text_comes_first_and_shows_the_words(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    person = await contact(conn, first_name="Ann")
    for n in range(5):
        await message(conn, person, content=f"roof {n}", occurred_at=minutes(n))
    long = "word " * 200 + "the roof is green" + " word" * 200
    await message(conn, person, content=long, occurred_at=minutes(9))
    async with acting_as(conn, made.users["viewer"]):
        rows = await found(conn, "roof")
        assert [row["at"] for row in rows] == [minutes(n) for n in (9, 4, 3, 2, 1, 0)]
        assert "the roof is green" in rows[0]["detail"]
        assert rows[0]["detail"][0] == rows[0]["detail"][-1] == "…"
        assert len(rows[0]["detail"]) <= 162


async def test_a_common_word_gives_the_newest_and_a_rare_one_everything(
    conn: asyncpg.Connection,
) -> None:
    """In a table that is big enough to be walked from its newest rows."""
    made = await workspace(conn)
    await conn.execute(FILL)
    await conn.execute("analyze contacts")
    async with acting_as(conn, made.users["owner"]):
        rows = await conn.fetch("select * from app.search('mary', null, 20)")
        assert [row["title"] for row in rows] == [f"Mary Number{n}" for n in range(3, 61, 3)]
        for typed, rank in (("rosemary number5999", 90), ("mary number5999", 50)):
            (row,) = await found(conn, typed)
            assert (row["title"], row["rank"]) == ("Rosemary Number5999", rank)
        # Beginnings, and parts, follow when there are not enough whole words.
        ranks = [row["rank"] for row in await found(conn, "number599")]
        assert ranks == [85] + [80] * 10
        assert len(await found(conn, "umber")) == 100


async def test_the_search_works_without_trigrams(conn: asyncpg.Connection) -> None:
    """As on a server that has no pg_trgm: slower parts, one typing error at most, no failure."""
    ids = await book(conn)
    await conn.execute("drop extension pg_trgm cascade")
    async with acting_as(conn, ids["viewer"]):  # pyright: ignore[reportArgumentType]
        assert await titles(conn, "4155550132") == ["Anna Lee"]
        assert (await titles(conn, "ashl"))[0] == "Ashleen Novak"
        assert await titles(conn, "ovak") == ["Ashleen Novak"]
        assert await titles(conn, "okafro") == ["Leeland Okafor"]
        assert await titles(conn, "lealind") == []
