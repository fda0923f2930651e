"""Cells to values: numbers, money, dates, yes and no, e-mail addresses, nothing at all.

Every function takes the stripped text of one cell and returns the text that PostgreSQL reads, or
None when the cell cannot be read as that kind of value. `NOTHING` is for the caller to ask first.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

# Cells that say there is no value.
NOTHING = frozenset(
    (
        "",
        "-",
        "--",
        "---",
        "n/a",
        "na",
        "#n/a",
        "#na",
        "null",
        "none",
        "nil",
        "nan",
        "(blank)",
        "0/0/00",
    )
)
# "Null", "Na" and "None" are family names, so names know fewer.
NO_NAME = frozenset(("", "-", "--", "---", "n/a", "#n/a", "(blank)"))

YES = frozenset(("yes", "y", "true", "t", "1", "1.0", "x", "on", "checked", "✓"))
NO = frozenset(("no", "n", "false", "f", "0", "0.0", "off", "unchecked"))

_PLAIN = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,6})?")
_UNITS = re.compile(
    r"(?:US|CA|AU|NZ)?[$€£¥]|\b(?:usd|eur|gbp|cad|sq\.? ?ft\.?|sqft|ft2|ft²)\b|\s|%",
    re.IGNORECASE,
)
_SCALE = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_THOUSANDS_COMMA = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_THOUSANDS_DOT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,2})?|\.[0-9]+", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def number(text: str) -> str | None:
    """`$1,234.50`, `(1,234)`, `1.234,56`, `350K`, `1.2E5`, `45%` as a plain decimal."""
    if _PLAIN.fullmatch(text):
        return text
    bare = _UNITS.sub("", text.lstrip("'"))
    negative = bare.startswith("-") or (bare.startswith("(") and bare.endswith(")"))
    bare = bare.strip("()+-")
    scale = _SCALE.get(bare[-1:].lower(), 1)
    if scale > 1:
        bare = bare[:-1]
    if _THOUSANDS_COMMA.fullmatch(bare):
        bare = bare.replace(",", "")
    elif _THOUSANDS_DOT.fullmatch(bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif bare.count(",") == 1 and "." not in bare:
        bare = bare.replace(",", ".")
    if not _DECIMAL.fullmatch(bare):
        return None
    value = float(bare) * scale
    if value >= 1e13:
        return None
    digits = f"{value:.6f}".rstrip("0").rstrip(".")
    return f"-{digits}" if negative and digits != "0" else digits


def whole(text: str) -> str | None:
    """A whole number of 0 to 2147483647; `1,850.4 sqft` is 1850."""
    digits = number(text)
    if digits is None or digits.startswith("-"):
        return None
    value = int(float(digits))
    return str(value) if value <= 2_147_483_647 else None


def year(text: str) -> str | None:
    """A year of 1500 to 2200."""
    digits = whole(text)
    return digits if digits and 1500 <= int(digits) <= 2200 else None


def money(text: str) -> str | None:
    """An amount of zero or more."""
    digits = number(text)
    return None if digits is None or digits.startswith("-") else digits


def signed_money(text: str) -> str | None:
    """An amount that may be negative: equity."""
    return number(text)


def bathrooms(text: str) -> str | None:
    """0 to 999.99, such as 2.5."""
    digits = number(text)
    return digits if digits and not digits.startswith("-") and float(digits) < 999.99 else None


_ISO_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_SHORT_DATE = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{4}|[0-9]{2})(?:[T ,].*)?")
_NO_DATE = re.compile(r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}.*")
_SERIAL = re.compile(r"[2-5][0-9]{4}(?:\.[0-9]+)?")
_WORDED = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y",
           "%Y%m%d")  # fmt: skip
_EXCEL_EPOCH = date(1899, 12, 30)


@lru_cache(maxsize=20_000)
def calendar_date(text: str, day_first: bool = False) -> str | None:
    """`2024-03-12 09:14`, `3/12/2024`, `12.3.2024`, `12 Mar 2024`, Excel's 45363 as 2024-03-12.

    `3/12` is the 12th of March unless `day_first`; a dot always has the day first. Empty dates of
    Outlook (0/0/00) give "".
    """
    if _NO_DATE.fullmatch(text):
        return ""
    if match := _ISO_DATE.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _SHORT_DATE.fullmatch(text):
        first, second, year_number = int(match[1]), int(match[3]), _full_year(match[4])
        if second > 12 or (first <= 12 and not (day_first or match[2] == ".")):
            return _date(year_number, first, second)
        return _date(year_number, second, first)
    if _SERIAL.fullmatch(text):
        return (_EXCEL_EPOCH + timedelta(days=int(float(text)))).isoformat()
    return _worded_date(text)


def _full_year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return 2000 + int(digits) if int(digits) < 50 else 1900 + int(digits)


def _date(year_number: int, month: int, day: int) -> str | None:
    try:
        return date(year_number, month, day).isoformat() if 1000 <= year_number <= 9999 else None
    except ValueError:
        return None


def _worded_date(text: str) -> str | None:
    for form in _WORDED:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return None


def dates_begin_with_day(samples: list[str]) -> bool:
    """Whether a column of `3/12/2024` has the day first: some first number is above 12."""
    pairs = [(int(m[1]), int(m[3])) for m in map(_SHORT_DATE.fullmatch, samples) if m]
    return any(first > 12 for first, _ in pairs) and all(second <= 12 for _, second in pairs)


def yes_or_no(text: str) -> bool | None:
    """True, False, or None for a word that is neither."""
    word = text.lower()
    return True if word in YES else False if word in NO else None


# A little narrower than the table's check: no comma, quote or bracket gets in.
_EMAIL = re.compile(r"[^@\s<>,;:\\\"()\[\]]+@[^@\s<>,;:\\\"()\[\]]+\.[^@\s<>,;:\\\"()\[\].]+")
_EMAIL_PARTS = re.compile(r"[\s;,|]+|:::")


def emails(cell: str) -> tuple[list[str], list[str]]:
    """The addresses of a cell, and the parts of it that are none.

    `mailto:a@b.com`, `"Ann" <a@b.com>` and `a@b.com; c@d.com` are all understood.
    """
    if _EMAIL.fullmatch(cell) and len(cell) <= 255 and not cell.lower().startswith("mailto"):
        return [cell], []
    good: list[str] = []
    bad: list[str] = []
    for part in _EMAIL_PARTS.split(cell):
        address = part.strip("<>'\"()").removeprefix("mailto:").removeprefix("MAILTO:").rstrip(".")
        if _EMAIL.fullmatch(address) and len(address) <= 255:
            good.append(address)
        elif address:
            bad.append(part)
    return good, ([] if good and all("@" not in part for part in bad) else bad)


_SHORT_ZIP = re.compile(r"[0-9]{3,4}")
_LONG_ZIP = re.compile(r"([0-9]{5})-?([0-9]{4})")
_STATES_WITH_ZERO = frozenset(
    ("CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "CONNECTICUT", "MASSACHUSETTS", "MAINE",
     "NEW HAMPSHIRE", "NEW JERSEY", "RHODE ISLAND", "VERMONT", "PUERTO RICO")
)  # fmt: skip


def zip_code(text: str, state: str) -> str:
    """A postal code, with the zero a spreadsheet took (`2134` in MA) or without its `.0`."""
    code = text.lstrip("'").removesuffix(".0")
    if _SHORT_ZIP.fullmatch(code) and state.upper() in _STATES_WITH_ZERO:
        return code.zfill(5)
    if match := _LONG_ZIP.fullmatch(code):
        return f"{match[1]}-{match[2]}"
    return code
