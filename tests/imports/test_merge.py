"""The same phone or e-mail is the same contact, in the book and in the file, whatever the batch."""

import json
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import BOB
from tests.imports.conftest import Import, counts

pytestmark = pytest.mark.usefixtures("empty")

HEAD = "First Name,Last Name,Phone,Phone 2,Email,Email 2,Property Address,City,ARV,Notes,Tags,DNC\n"


def row(**cells: str) -> str:
    names = ("first", "last", "phone", "phone2", "email", "email2", "address", "city", "value",
             "notes", "tags", "dnc")  # fmt: skip
    return ",".join(f'"{cells.get(name, "")}"' for name in names) + "\n"


async def only(admin: asyncpg.Connection) -> asyncpg.Record:
    rows = await admin.fetch("select * from contacts")
    assert len(rows) == 1
    return rows[0]


async def test_a_phone_in_any_field_finds_the_contact_and_fills_what_is_empty(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into contacts (first_name, last_name, phone3, city, notes)"
        " values ('Ann', 'Bee', '+14155550132', 'Austin', 'Old')"
    )
    done = await do_import(
        HEAD + row(first="Anne", phone="(415) 555-0132", email="a@b.com", city="Dallas",
                   value="5K", notes="New")
    )  # fmt: skip
    assert counts(done) == (0, 1, 0, 0)
    found = await only(admin)
    assert (found["first_name"], found["city"], found["notes"]) == ("Ann", "Austin", "Old\n\nNew")
    assert (found["email1"], found["est_value"]) == ("a@b.com", 5000)
    assert (found["phone1"], found["phone3"]) == ("+14155550132", None)


async def test_an_email_in_another_case_finds_the_contact_and_overwrites_it(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into contacts (first_name, last_name, email2, city, dnc, dnc_reason)"
        " values ('Ann', 'Bee', 'A@B.com', 'Austin', true, 'asked')"
    )
    done = await do_import(
        HEAD + row(first="Anne", last="Cee", email="a@b.COM", city="Dallas", dnc="No"),
        duplicates="overwrite",
    )
    assert counts(done) == (0, 1, 0, 0)
    found = await only(admin)
    assert (found["first_name"], found["last_name"], found["city"]) == ("Anne", "Cee", "Dallas")
    assert (found["dnc"], found["dnc_reason"]) == (True, "asked")


async def test_skip_leaves_the_contact_as_it_is(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await admin.execute("insert into contacts (first_name, phone1) values ('Ann', '+14155550132')")
    before = dict(await only(admin))
    done = await do_import(
        HEAD + row(first="X", phone="4155550132", email="n@e.com", tags="T"), duplicates="skip"
    )
    assert counts(done) == (0, 0, 1, 0)
    assert dict(await only(admin)) == before


async def test_a_contact_in_the_trash_is_not_found(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into contacts (first_name, phone1, deleted_at) values ('A', '+14155550132', now())"
    )
    assert counts(await do_import(HEAD + row(first="Ann", phone="4155550132"))) == (1, 0, 0, 0)


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_the_same_person_twice_in_a_file_is_created_once(
    batch: int, do_import: Import, admin: asyncpg.Connection
) -> None:
    text = HEAD + row(first="Ann", last="Bee", phone="4155550132") + row(
        first="Ann", last="Bee", phone="4155550133", phone2="415-555-0132", email="a@b.com",
        notes="second", tags="Warm"
    ) + row(first="Carl", phone="4155550134") + row(email="A@B.com", dnc="yes")  # fmt: skip
    done = await do_import(text, batch=batch)
    assert counts(done) == (2, 0, 2, 0)
    assert done["records_count"] == 4
    ann = await admin.fetchrow("select * from contacts where first_name = 'Ann'")
    assert ann is not None
    assert (ann["phone1"], ann["phone2"], ann["email1"], ann["notes"], ann["dnc"]) == (
        "+14155550132", "+14155550133", "a@b.com", "second", True
    )  # fmt: skip
    assert await admin.fetchval("select get_contact_tags($1)", ann["id"]) == ["Warm"]


async def test_importing_the_same_file_again_changes_nothing(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    text = HEAD + row(first="Ann", last="Bee", address="1 Oak St", city="Austin", notes="n") + row(
        first="Bob", phone="4155550132", tags="Warm"
    )  # fmt: skip
    assert counts(await do_import(text)) == (2, 0, 0, 0)
    before = await admin.fetch("select * from contacts order by id")
    assert counts(await do_import(text)) == (0, 0, 2, 0)
    assert await admin.fetch("select * from contacts order by id") == before


async def test_a_new_phone_finds_the_owner_of_the_same_property_by_name(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await do_import(HEAD + row(first="Ann", last="Bee", address="1 Oak St"))
    done = await do_import(
        HEAD + row(first="Ann", last="Bee", address="1 OAK ST", phone="4155550132")
    )
    assert counts(done) == (0, 1, 0, 0)
    # But a phone of their own makes two people of one name at one address two contacts.
    done = await do_import(
        HEAD + row(first="Ann", last="Bee", address="1 Oak St", phone="4155550199")
    )
    assert counts(done) == (1, 0, 0, 0)


async def test_a_second_property_of_an_owner_is_kept(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    text = HEAD + "".join(
        row(last="Bee", phone="4155550132", address=f"{n} Oak St", city="Austin") for n in (1, 2, 3)
    )
    for batch in (1, 10):
        await do_import(text, batch=batch)
        found = await only(admin)
        assert found["property_address"] == "1 Oak St"
        assert json.loads(found["custom_fields"])["other_properties"] == [
            "2 Oak St, Austin", "3 Oak St, Austin"
        ]  # fmt: skip


async def test_bad_rows_keep_their_line_reason_and_cells(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    text = HEAD + row(city="Nowhere") + "a,b,,,,,,,,,,,,,too many\n" + row(email="bob@") + (
        "nul\0,b,,,,,,,,,,,\n" + row(first="x" * 101) + row(first="Ann")
    )  # fmt: skip
    done = await do_import(text)
    assert counts(done) == (1, 0, 0, 5)
    rows = await admin.fetch("select line, reason, cells from app.import_bad_rows order by line")
    assert [r["line"] for r in rows] == [2, 3, 4, 5, 6]
    words = ["no name", "15 cells", "“bob@” is no phone or email", "NUL", "101 characters"]
    assert all(word in r["reason"] for word, r in zip(words, rows, strict=True))
    assert json.loads(rows[0]["cells"])[7] == "Nowhere"


async def test_an_agent_does_not_change_a_contact_that_is_not_theirs_to_see(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await admin.execute(
        "insert into contacts (first_name, phone1, assigned_to)"
        " values ('Secret', '+14155550132', gen_random_uuid());"
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    before = dict(await only(admin))
    try:
        done = await do_import(HEAD + row(first="X", phone="4155550132", tags="T"), person=BOB)
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")
    assert counts(done) == (0, 0, 1, 0)
    assert dict(await only(admin)) == before
    assert await admin.fetchval("select count(*) from contact_tags") == 0


async def test_a_file_that_names_too_many_tags_is_refused(do_import: Import) -> None:
    text = HEAD + "".join(row(first=f"P{n}", tags=f"tag {n}") for n in range(600))
    done = await do_import(text)
    assert done["status"] == "failed"
    assert "500 different tags" in done["message"]
    assert counts(done)[0] == 0


PHONES = st.sampled_from(["", "4155550131", "4155550132", "4155550133", "4155550134"])
MAILS = st.sampled_from(["", "a@x.com", "A@X.com", "b@x.com"])
PERSON = st.fixed_dictionaries({
    "first": st.sampled_from(["", "Ann", "Bob"]), "last": st.sampled_from(["", "Bee"]),
    "phone": PHONES, "phone2": PHONES, "email": MAILS, "email2": MAILS,
    "address": st.sampled_from(["", "1 Oak St", "2 Oak St"]), "city": st.sampled_from(["", "Rome"]),
    "notes": st.sampled_from(["", "n1", "n2"]), "value": st.sampled_from(["", "1", "2"]),
    "dnc": st.sampled_from(["", "yes"]), "tags": st.sampled_from(["", "T"]),
})  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    people=st.lists(PERSON, min_size=2, max_size=12),
    policy=st.sampled_from(["update", "overwrite", "skip"]),
)
async def test_the_size_of_a_batch_makes_no_difference(
    people: list[dict[str, str]], policy: str, do_import: Import, admin: asyncpg.Connection
) -> None:
    text = HEAD + row(first="Zed") + "".join(row(**person) for person in people)
    results: list[Any] = []
    for batch in (1, 100):
        await admin.execute("delete from contacts; delete from tags")
        done = await do_import(text, duplicates=policy, batch=batch)
        assert done["status"] == "done", done["message"]
        state = await admin.fetch(
            "select first_name, last_name, phone1, phone2, phone3, lower(email1), lower(email2),"
            " property_address, city, est_value, dnc, dnc_reason, notes, custom_fields,"
            " get_contact_tags(id) from contacts order by created_at"
        )
        results.append((counts(done), [tuple(item) for item in state]))
    assert results[0] == results[1]
