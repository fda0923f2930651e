"""Phone numbers to E.164: a regular expression for plain North American ones, the library else.

The library (phonenumbers) parses 24,000 to 48,000 numbers a second, the expression 700,000; for
what the expression accepts both give the same result, which a property test holds.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

# The countries of the North American Numbering Plan: a number of ten digits is +1 there.
NANP_REGIONS = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])

_SEPARATORS = str.maketrans("", "", " ().-\u00a0\u2010\u2011\u2012\u2013")
_NANP = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")
_NANP_INTERNATIONAL = re.compile(r"\+1([2-9][0-9]{2}[2-9][0-9]{6})")
_SEVERAL = re.compile(r"\s*(?::::|[;,/|\n]|\bor\b|\band\b)\s*", re.IGNORECASE)
# What the table accepts: at least 7 digits, at most 15.
_STORABLE = re.compile(r"\+[1-9][0-9]{6,14}")
_EXCEL_DAMAGE = re.compile(r"[0-9.,]+E\+?[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` such as +14155550132, or None; `rest` is what it does not hold: an extension."""

    e164: str | None
    rest: str = ""


NOT_A_PHONE = Phone(None)


def parse_phone(raw: str, region: str) -> Phone:
    """One number in any notation; `region` (US) is the country of numbers without a +."""
    plain = _NANP if region in NANP_REGIONS else _NANP_INTERNATIONAL
    match = plain.fullmatch(raw.translate(_SEPARATORS))
    if match:
        return Phone("+1" + match[1])
    return _parse_with_library(raw, region)


@lru_cache(maxsize=10_000)
def _parse_with_library(raw: str, region: str) -> Phone:
    cleaned = raw.strip().lstrip("'").removesuffix(".0").replace("tel:", "")
    # 1.41556E+10: a spreadsheet rounded the number, its last digits are gone.
    if len(cleaned) > 60 or _EXCEL_DAMAGE.fullmatch(cleaned):
        return NOT_A_PHONE
    try:
        number = phonenumbers.parse(cleaned, region)
    except NumberParseException:
        return NOT_A_PHONE
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        return NOT_A_PHONE
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not _STORABLE.fullmatch(e164):
        return NOT_A_PHONE
    return Phone(e164, f"ext. {number.extension}" if number.extension else "")


def parse_phones(cell: str, region: str) -> list[tuple[str, Phone]]:
    """Every number of a cell with the text it came from: `415-555-0132; 415-555-0133`."""
    whole = parse_phone(cell, region)
    if whole.e164 or not _SEVERAL.search(cell):
        return [(cell, whole)]
    return [(part, parse_phone(part, region)) for part in _SEVERAL.split(cell) if part]
