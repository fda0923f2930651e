"""Rows that were not imported, as a CSV that can be corrected and imported again."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = re.compile(r"\+[0-9][0-9 ().-]{5,20}|-?[0-9]+(?:[.,][0-9]+)*")


def neutral(cell: str) -> str:
    """The cell as text for every spreadsheet; phones with + and numbers stay as they are."""
    if cell.startswith(_FORMULA_STARTS) and not _HARMLESS.fullmatch(cell):
        return "'" + cell
    return cell


def bad_rows_csv(headers: list[str], rows: Iterable[Any]) -> str:
    """The original cells, with `Line` and `Reason` in front; UTF-8 with a mark for Excel."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Line", "Reason", *map(neutral, headers)])
    for row in rows:
        writer.writerow([row["line"], row["reason"], *map(neutral, row["cells"])])
    return "\ufeff" + text.getvalue()
