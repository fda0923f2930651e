"""The text of one cell, before anybody asks what it means."""

import re

from crm.imports import values

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_SPACES = re.compile(r"[^\S\n]+")


def is_dnc(text: str) -> bool:
    """`Yes`, `DNC`, `Do not call`, `Litigator`; not `No`, `0` or `Clean`."""
    word = text.lower()
    if word in values.NOTHING:
        return False
    answer = values.yes_or_no(word)
    return answer if answer is not None else word not in {"clean", "not dnc", "callable", "unknown"}


def clean(cell: str) -> str:
    """Without invisible characters and needless spaces; its lines stay lines."""
    text = cell.translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()


def one_line(text: str) -> str:
    """Lines joined by commas."""
    return ", ".join(text.split("\n")) if "\n" in text else text


def with_number_sign(unit: str) -> str:
    """`4B` as `#4B`; `Apt 4B` as it is."""
    return unit if unit.startswith("#") or not unit[0].isdigit() else f"#{unit}"
