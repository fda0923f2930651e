"""Which column goes to which field: proposed from headers and cells, checked before a run.

A mapping is a list as long as the file's headers; each entry is a field's key or None.
"""

from itertools import islice
from pathlib import Path

from crm.imports.fields import FIELDS, IDENTITY
from crm.imports.lines import Row
from crm.imports.phones import parse_phone
from crm.imports.reading import Layout, data_rows
from crm.imports.sources import GENERIC, Source, field_of_header, recognise
from crm.imports.values import emails

Mapping = list[str | None]


def sample_rows(path: Path, layout: Layout, count: int = 10) -> list[Row]:
    """The first rows of data, as wide as the headers."""
    rows = (row for row in data_rows(path, layout) if isinstance(row, Row))
    width = len(layout.headers)
    return [Row(row.line, (row.cells + [""] * width)[:width]) for row in islice(rows, count)]


def propose(layout: Layout, samples: list[Row], region: str) -> tuple[Source, Mapping]:
    """The source of a file, and the mapping to begin with."""
    if layout.header_line == 0:
        return GENERIC, _by_content([None] * len(layout.headers), samples, region, names=True)
    source = recognise(layout.headers)
    mapping: Mapping = [field_of_header(source, header) for header in layout.headers]
    if source is GENERIC:
        mapping = _by_content(mapping, samples, region, names=False)
    return source, _without_conflicts(mapping, samples)


def _by_content(mapping: Mapping, samples: list[Row], region: str, *, names: bool) -> Mapping:
    found = list(mapping)
    for number, target in enumerate(mapping):
        cells = [text for row in samples if (text := row.cells[number].strip())]
        if target is not None or not cells:
            continue
        if sum(bool(emails(cell)[0]) for cell in cells) > len(cells) / 2:
            found[number] = "email"
        elif sum(_is_phone(cell, region) for cell in cells) > len(cells) / 2:
            found[number] = "phone"
        elif names and "full_name" not in found and not any(c.isdigit() for c in "".join(cells)):
            found[number] = "full_name"
    return found


def _is_phone(cell: str, region: str) -> bool:
    digits = sum(character.isdigit() for character in cell)
    return digits >= 10 and parse_phone(cell, region).e164 is not None


def _without_conflicts(mapping: Mapping, samples: list[Row]) -> Mapping:
    """Each single field once, from the fullest column, and no full name beside its parts."""
    filled = [sum(bool(row.cells[n].strip()) for row in samples) for n in range(len(mapping))]
    fullest: dict[str, int] = {}
    for number, target in enumerate(mapping):
        if target and filled[number] > filled[fullest.setdefault(target, number)]:
            fullest[target] = number
    has_parts = "last_name" in mapping or "first_name" in mapping
    return [
        target
        if target
        and (FIELDS[target].many or fullest[target] == number)
        and not (target == "full_name" and has_parts)
        else None
        for number, target in enumerate(mapping)
    ]


def problems_of(mapping: Mapping, headers: list[str]) -> list[str]:
    """What keeps this mapping from running, as sentences; empty when it can run."""
    problems: list[str] = []
    if len(mapping) != len(headers):
        return [f"The mapping has {len(mapping)} columns, the file has {len(headers)}."]
    problems += [f"There is no field “{key}”." for key in mapping if key and key not in FIELDS]
    for key in dict.fromkeys(key for key in mapping if key in FIELDS):
        columns = [f"“{h}”" for h, k in zip(headers, mapping, strict=True) if k == key]
        if len(columns) > 1 and not FIELDS[key].many:
            problems.append(
                f"{FIELDS[key].label} can come from one column only, not from "
                f"{', '.join(columns[:-1])} and {columns[-1]}."
            )
    if not IDENTITY.intersection(key for key in mapping if key):
        problems.append(
            "No column is a name, a company, a phone or an email: match at least one of these."
        )
    return problems


def columns_of(mapping: Mapping, key: str) -> list[int]:
    """The numbers of the columns that go to a field."""
    return [number for number, target in enumerate(mapping) if target == key]


def phone_columns(mapping: Mapping) -> list[tuple[int, int, int]]:
    """Each phone column with the columns of its type and do-not-call mark; -1 for none.

    The marks stand after their phone, but Google puts the type in front of it.
    """
    found: list[list[int]] = []
    types_first = "phone_type" in mapping and (
        "phone" not in mapping or mapping.index("phone_type") < mapping.index("phone")
    )
    waiting = -1
    for number, target in enumerate(mapping):
        if target == "phone":
            found.append([number, waiting if types_first else -1, -1])
            waiting = -1
        elif target == "phone_type":
            waiting = number
            if not types_first and found:
                found[-1][1] = number
        elif target == "phone_dnc" and found:
            found[-1][2] = number
    return [(phone, kind, dnc) for phone, kind, dnc in found]
