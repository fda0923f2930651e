"""Cells become values; what the fast path says, the library says too."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.imports import values
from crm.imports.people import is_company, split_name
from crm.imports.phones import parse_phone, parse_phones


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.50", "1234.5"), ("(1,234)", "-1234"), ("1.234,56", "1234.56"), ("350K", "350000"),
        ("1.2E5", "120000"), ("45%", "45"), ("1,850 sqft", "1850"), ("abc", None), ("3+1", None),
        ("1e99", None), ("", None), ("12,5", "12.5"), ("99999999999999", None),
        ("€ 5.000.000", "5000000"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_many_notations(text: str, number: str | None) -> None:
    assert values.number(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3/12/2024", "2024-03-12"), ("13/2/2024", "2024-02-13"), ("12.3.2024", "2024-03-12"),
        ("12 Mar 2024", "2024-03-12"), ("45363", "2024-03-12"), ("0/0/00", ""), ("2/30/2024", None),
        ("2024-03-12 09:14", "2024-03-12"), ("1/2/69", "1969-01-02"), ("soon", None),
    ],
)  # fmt: skip
def test_dates_are_read_in_many_notations(text: str, day: str | None) -> None:
    assert values.calendar_date(text) == day


def test_a_column_with_a_day_above_twelve_in_front_has_the_day_first() -> None:
    assert values.dates_begin_with_day(["3/4/2024", "25/4/2024"])
    assert not values.dates_begin_with_day(["3/4/2024", "4/25/2024"])


@pytest.mark.parametrize(
    ("cell", "good", "bad"),
    [
        ("mailto:a@b.com", ["a@b.com"], []), ("a@b.com; c@d.com", ["a@b.com", "c@d.com"], []),
        ('"Ann Bee" <a@b.com>', ["a@b.com"], []),
        ("a@b.com ::: c@d.com", ["a@b.com", "c@d.com"], []),
        ("bob@", [], ["bob@"]), ("a@b.com, x@", ["a@b.com"], ["x@"]),
    ],
)  # fmt: skip
def test_emails_are_found_in_what_people_write(cell: str, good: list[str], bad: list[str]) -> None:
    assert values.emails(cell) == (good, bad)


def test_a_zip_code_gets_its_zero_back_only_where_zip_codes_begin_with_one() -> None:
    assert values.zip_code("2134", "MA") == "02134"
    assert values.zip_code("2134", "TX") == "2134"
    assert values.zip_code("787011234", "TX") == "78701-1234"


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("(415) 555-0132", "+14155550132"), ("1-415-555-0132", "+14155550132"),
        ("+44 (0)20 7946 0958", "+442079460958"), ("+39 06 1234567", "+39061234567"),
        ("'+14155550132", "+14155550132"), ("14155550132.0", "+14155550132"),
        ("1800FLOWERS", "+18003569377"), ("(555) 123-4567", "+15551234567"),
        ("555-0132", None), ("911", None), ("22225", None), ("1.41556E+10", None),
        ("anonymous", None), ("", None), ("x" * 5000, None),
    ],
)  # fmt: skip
def test_phones_become_e164_or_stay_as_they_are(raw: str, e164: str | None) -> None:
    assert parse_phone(raw, "US").e164 == e164


def test_two_phones_in_a_cell_are_two_phones_and_an_extension_is_kept_apart() -> None:
    found = parse_phones("415-555-0132 or 415-555-0133", "US")
    assert [phone.e164 for _, phone in found] == ["+14155550132", "+14155550133"]
    assert parse_phone("415-555-0132 x45", "US").rest == "ext. 45"


SEPARATORS = st.sampled_from(["", " ", "-", ".", "\u00a0", ") ", " ("])
DIGITS = st.text("0123456789", min_size=3, max_size=4)
RAW = st.builds(
    lambda start, a, s1, b, s2, c: f"{start}{a}{s1}{b}{s2}{c}",
    st.sampled_from(["", "+1", "1", "+1 ", "1-", "(", "+44", "0"]),
    DIGITS, SEPARATORS, DIGITS, SEPARATORS, DIGITS,
)  # fmt: skip


@given(RAW, st.sampled_from(["US", "CA", "GB", "DE"]))
def test_the_fast_path_never_differs_from_the_library(raw: str, region: str) -> None:
    found = parse_phone(raw, region).e164
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        assert found is None
        return
    possible = phonenumbers.is_possible_number_with_reason(number)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE and 8 <= len(e164) <= 16:
        assert found in (e164, None) if e164[1] == "0" else found == e164
    else:
        assert found is None


@given(st.text(max_size=40))
def test_no_cell_makes_the_readers_fail(cell: str) -> None:
    values.number(cell)
    values.whole(cell)
    values.calendar_date(cell)
    values.emails(cell)
    values.yes_or_no(cell)
    parse_phones(cell, "US")
    split_name(cell)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("John Smith", ("John", "Smith")), ("Smith, John", ("John", "Smith")),
        ("Maria de la Cruz", ("Maria", "de la Cruz")), ("John Smith Jr", ("John", "Smith Jr")),
        ("Cher", ("Cher", "")), ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
    ],
)  # fmt: skip
def test_a_full_name_is_split_as_people_would(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_a_company_is_told_from_a_person() -> None:
    assert is_company("Sunrise Holdings LLC")
    assert is_company("Smith Family Trust")
    assert not is_company("Maria Garcia")
