"""Reading a CSV that some program wrote: encoding, delimiter, header, and rows with bounded memory.

`detect()` looks at a stored file once and answers with a Layout; `read_rows()` then yields its
rows. Nothing here knows what the columns mean.
"""

import codecs
import csv
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import charset_normalizer

from crm.imports.lines import MAX_CELL, Bad, Row, read_rows
from crm.imports.values import emails

MAX_COLUMNS = 1000
SAMPLE_BYTES = 64 * 1024
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "mac_roman", "shift_jis")

_BINARY_STARTS = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"SQLite": "a database",
    b"\x7fELF": "a program",
}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_INVISIBLE = re.compile("[\u00a0\u200b-\u200f\u2028\u2029\u2060\ufeff\x00-\x1f]+")
_NUMBER_LIKE = re.compile(r"[-+$(]*[0-9][0-9\s().,/:+-]*")


class UnreadableFileError(Exception):
    """The file cannot be imported at all; the message is for the person who uploaded it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file. `header_line` is where the first row of data is looked for after.

    `headers` are unique and never blank; header_line 0 means that the file has no header row.
    """

    encoding: str
    delimiter: str
    header_line: int
    headers: list[str]

    def as_json(self) -> dict[str, Any]:
        """For app.imports.layout."""
        return asdict(self)


def detect(path: Path, encoding: str | None = None, delimiter: str | None = None) -> Layout:
    """The layout of a file, except for what the person chose.

    Raises UnreadableFileError, with a sentence that says what is wrong with the file.
    """
    with path.open("rb") as file:
        start = file.read(SAMPLE_BYTES)
    _refuse_what_is_no_text(start)
    encoding = encoding or detect_encoding(path, start)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(start)
    delimiter = delimiter or detect_delimiter(text)
    first = [row for row in _first_rows(path, encoding, delimiter, 25) if isinstance(row, Row)]
    if not first:
        raise UnreadableFileError(
            "No row of this file can be read: its first line is longer than "
            f"{MAX_CELL // 1_000_000} MB, or a quote is never closed."
            if path.stat().st_size > MAX_CELL
            else "This file has no rows."
        )
    header = _find_header(first)
    layout = _layout(encoding, delimiter, first, header)
    if header is not None and header == len(first) - 1 and not _has_more(path, layout):
        raise UnreadableFileError("This file has a header row but no rows under it.")
    return layout


def _layout(encoding: str, delimiter: str, first: list[Row], header: int | None) -> Layout:
    widest = max(len(row.cells) for row in first) if header is None else len(first[header].cells)
    if widest > MAX_COLUMNS:
        raise UnreadableFileError(
            f"This file has {widest:,} columns; at most {MAX_COLUMNS:,} can be imported. "
            "Is it really a list of contacts, with one contact on each line?"
        )
    names = [""] * widest if header is None else first[header].cells
    line = 0 if header is None else first[header].line
    return Layout(encoding, delimiter, line, _unique_headers(names))


def _refuse_what_is_no_text(start: bytes) -> None:
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UnreadableFileError("This file is empty.")
    for magic, kind in _BINARY_STARTS.items():
        if start.startswith(magic):
            raise UnreadableFileError(
                f"This is {kind}, not a CSV file. Save or export the list as CSV and upload that."
            )
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_utf16(start):
        return
    controls = sum(byte < 9 or 13 < byte < 32 for byte in start)
    if controls > 5 and controls > len(start) * 0.03:
        raise UnreadableFileError(
            "This is a binary file, not a CSV file. Export the list as CSV and upload that."
        )


def _is_utf16(start: bytes) -> bool:
    odd, even = start[1:2000:2].count(0), start[0:2000:2].count(0)
    half = len(start[:2000]) // 2
    return half > 2 and (odd > half * 0.7 or even > half * 0.7) and min(odd, even) < half * 0.2


def detect_encoding(path: Path, start: bytes) -> str:
    """BOM, then strict UTF-8 over the whole file, then a guess, then Windows-1252."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _is_utf16(start):
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    if _is_utf8(path):
        return "utf-8"
    odd = bytes(byte for byte in start if byte > 127)
    # A handful of odd bytes is too little to guess from; Windows wrote most files like that.
    guess = charset_normalizer.from_bytes(start).best() if len(odd) > 40 else None
    if guess is None or guess.encoding in {"cp1252", "latin_1", "cp1250", "cp1254", "ascii"}:
        return "cp1252"
    return guess.encoding if _decodes(start, guess.encoding) else "cp1252"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(start: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(start)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def detect_delimiter(text: str) -> str:
    """The separator that cuts the first lines into the most columns, evenly."""
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    if lines and (named := _SEPARATOR_LINE.fullmatch(lines[0].strip())) and named[1] in DELIMITERS:
        return named[1]
    whole = lines[:-1] if len(lines) > 1 else lines
    return max(DELIMITERS, key=lambda delimiter: _evenness(whole[:200], delimiter))


def _evenness(lines: list[str], delimiter: str) -> float:
    csv.field_size_limit(MAX_CELL)
    try:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0
    if not widths:
        return 0
    width, count = max(Counter(widths).items(), key=lambda item: (item[0] > 1, item[1]))
    return count / len(widths) * math.log(width)


def _first_rows(path: Path, encoding: str, delimiter: str, count: int) -> Iterator[Row | Bad]:
    for number, row in enumerate(read_rows(path, encoding, delimiter)):
        if number >= count:
            return
        yield row


def _has_more(path: Path, layout: Layout) -> bool:
    rows = read_rows(path, layout.encoding, layout.delimiter)
    return any(row.line > layout.header_line for row in rows)


def _find_header(rows: list[Row]) -> int | None:
    """Which of the first rows holds the headers; None when all of them look like data."""
    usual = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    for number, row in enumerate(rows):
        filled = [cell.strip() for cell in row.cells if cell.strip()]
        # Title lines above the header are short; the header is as wide as the rows under it.
        if len(row.cells) < usual * 0.6 or len(filled) < min(2, usual):
            continue
        return None if any(_looks_like_data(cell) for cell in filled) else number
    return None if usual == 1 and _looks_like_data(rows[0].cells[0].strip()) else 0


def _looks_like_data(cell: str) -> bool:
    return bool(_NUMBER_LIKE.fullmatch(cell)) or ("@" in cell and bool(emails(cell)[0]))


def _unique_headers(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    headers = []
    for number, name in enumerate(names, 1):
        header = " ".join(_INVISIBLE.sub(" ", name).split())[:100] or f"Column {number}"
        seen[header.lower()] += 1
        again = seen[header.lower()]
        headers.append(header if again == 1 else f"{header} ({again})")
    return headers


def data_rows(path: Path, layout: Layout) -> Iterator[Row | Bad]:
    """The rows under the header."""
    for row in read_rows(path, layout.encoding, layout.delimiter):
        if row.line > layout.header_line:
            yield row
