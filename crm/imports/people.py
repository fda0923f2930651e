"""Names in one cell, and companies that stand where a person's name should be."""

import re

_COMPANY = re.compile(
    r"\b(?:l\.?l\.?c|inc|corp|corporation|trust|l\.?p|l\.?l\.?p|ltd|limited|company|holdings?"
    r"|properties|investments?|partners|partnership|associates|association|enterprises?|group"
    r"|bank|church|estate of|ventures|realty|homes|rentals|gmbh|foundation|authority|capital)\b"
    r"|\bco\.?$",
    re.IGNORECASE,
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "esq", "md", "phd"))
_PARTICLES = frozenset(("van", "von", "de", "del", "der", "da", "di", "la", "le", "st", "mc"))


def is_company(name: str) -> bool:
    """Whether a name is a company's: `Sunrise Holdings LLC`, `Smith Family Trust`."""
    return _COMPANY.search(name) is not None


def split_name(name: str) -> tuple[str, str]:
    """First and last name: `Maria de la Cruz`, `Smith, John`, `Cher`, `John Smith Jr`."""
    last, comma, first = name.partition(",")
    if comma and first.strip().lower().rstrip(".") not in _SUFFIXES:
        return first.strip(), last.strip()
    words = name.replace(",", " ").split()
    if len(words) < 2:
        return name.strip(), ""
    cut = len(words) - 1
    if cut > 1 and words[cut].lower().rstrip(".") in _SUFFIXES:
        cut -= 1
    while cut > 1 and words[cut - 1].lower() in _PARTICLES:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])
