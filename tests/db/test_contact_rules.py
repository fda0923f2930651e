"""What a contact may look like: phones, e-mails, money, and who counts as somebody."""

from decimal import Decimal

import asyncpg
import pytest

from .rows import change, contact, insert, read, refused


@pytest.mark.parametrize("column", ["phone1", "phone2", "phone3"])
@pytest.mark.parametrize("phone", ["+13055550100", "13055550100", "3055550100", "+442079460000"])
async def test_a_phone_of_seven_to_fifteen_digits_is_kept_as_written(
    conn: asyncpg.Connection, column: str, phone: str
) -> None:
    row = await contact(conn, **{column: phone})
    assert (await read(conn, "contacts", row))[column] == phone


@pytest.mark.parametrize("column", ["phone1", "phone2", "phone3"])
@pytest.mark.parametrize(
    "phone",
    ["123-456-7890", "", "+0123456789", "0123456789", "123456", "+1305555010012345", "call me"],
)
async def test_a_phone_that_is_no_number_is_refused(
    conn: asyncpg.Connection, column: str, phone: str
) -> None:
    async with refused(conn):
        await contact(conn, **{column: phone})


@pytest.mark.parametrize("column", ["email1", "email2", "email3"])
@pytest.mark.parametrize("address", ["ann@example.com", "a.b+c@sub.example.co.uk", "ü@exämple.de"])
async def test_an_address_with_a_domain_is_an_email(
    conn: asyncpg.Connection, column: str, address: str
) -> None:
    row = await contact(conn, **{column: address})
    assert (await read(conn, "contacts", row))[column] == address


@pytest.mark.parametrize("column", ["email1", "email2", "email3"])
@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "@example.com", "ann@localhost", "a b@example.com", "a@b@c.de", "a@b.c\n"],
)
async def test_an_address_without_one_at_and_a_domain_is_refused(
    conn: asyncpg.Connection, column: str, address: str
) -> None:
    async with refused(conn):
        await contact(conn, **{column: address})


@pytest.mark.parametrize(
    "known",
    [
        {"first_name": "Ann"},
        {"last_name": "Lee"},
        {"llc_name": "Oak Holdings LLC"},
        {"phone1": "+13055550100"},
        {"email1": "ann@example.com"},
    ],
    ids=lambda k: next(iter(k)),
)
async def test_one_way_to_know_somebody_is_enough(
    conn: asyncpg.Connection, known: dict[str, str]
) -> None:
    row = await insert(conn, "contacts", **known)
    assert (await read(conn, "contacts", row))["deal_status"] == "lead"


async def test_a_contact_about_whom_nothing_is_known_is_refused(conn: asyncpg.Connection) -> None:
    async with refused(conn):
        await insert(conn, "contacts", city="Miami")


@pytest.mark.parametrize("column", ["est_value", "debt_owed", "last_sale_amount"])
async def test_money_is_never_negative(conn: asyncpg.Connection, column: str) -> None:
    assert await contact(conn, **{column: Decimal("0.00")})
    async with refused(conn):
        await contact(conn, **{column: Decimal("-0.01")})


async def test_equity_may_be_negative(conn: asyncpg.Connection) -> None:
    row = await contact(conn, est_equity=Decimal("-45000.50"))
    assert (await read(conn, "contacts", row))["est_equity"] == Decimal("-45000.50")


@pytest.mark.parametrize(
    "column", ["bedrooms", "building_sqft", "lot_size_sqft", "total_bathrooms"]
)
async def test_a_house_has_no_negative_sizes(conn: asyncpg.Connection, column: str) -> None:
    assert await contact(conn, **{column: 0})
    async with refused(conn):
        await contact(conn, **{column: -1})


async def test_half_bathrooms_are_kept(conn: asyncpg.Connection) -> None:
    row = await contact(conn, total_bathrooms=Decimal("2.5"))
    assert (await read(conn, "contacts", row))["total_bathrooms"] == Decimal("2.5")


async def test_a_house_was_built_between_1500_and_2200(conn: asyncpg.Connection) -> None:
    for year in (1500, 2200):
        assert await contact(conn, effective_year_built=year)
    for year in (1499, 2201):
        async with refused(conn):
            await contact(conn, effective_year_built=year)


async def test_custom_fields_are_an_object(conn: asyncpg.Connection) -> None:
    assert await contact(conn, custom_fields='{"roof": "tile"}')
    for wrong in ("[]", '"roof"', "3", "null"):
        async with refused(conn):
            await contact(conn, custom_fields=wrong)


@pytest.mark.parametrize(
    "status",
    [
        "lead",
        "qualified",
        "proposal",
        "negotiation",
        "contract",
        "closing",
        "closed_won",
        "closed_lost",
    ],
)
async def test_a_contact_stands_in_one_of_the_eight_stages(
    conn: asyncpg.Connection, status: str
) -> None:
    row = await contact(conn, deal_status=status)
    await change(conn, "contacts", row, deal_status="lead")
    async with refused(conn):
        await change(conn, "contacts", row, deal_status="unknown")


async def test_a_tag_has_a_name_of_its_own_whatever_the_case(conn: asyncpg.Connection) -> None:
    await insert(conn, "tags", name="Hot Lead")
    async with refused(conn, asyncpg.UniqueViolationError):
        await insert(conn, "tags", name="hot lead")
    for blank in ("", "   "):
        async with refused(conn):
            await insert(conn, "tags", name=blank)


async def test_a_tags_colour_is_hexadecimal(conn: asyncpg.Connection) -> None:
    assert await insert(conn, "tags", name="green", color="#00ff7F")
    for wrong in ("green", "#fff", "#GGGGGG", "00ff7f"):
        async with refused(conn, asyncpg.CheckViolationError):
            await insert(conn, "tags", name=wrong, color=wrong)


async def test_a_contact_wears_a_tag_once(conn: asyncpg.Connection) -> None:
    person, tag = await contact(conn), await insert(conn, "tags", name="buyer")
    await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
    async with refused(conn, asyncpg.UniqueViolationError):
        await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
