"""Rows of a CSV file with their line numbers, in bounded memory, whatever the file holds.

A quote that is never closed would swallow the rest of the file into one cell, and one line may be
as long as the file. Both become a Bad row, and reading goes on with the next line.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

MAX_CELL = 1_000_000  # characters; also of a line and of a row
_MAX_REREAD = 64_000_000  # characters read again after quotes that are never closed
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=.?"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row that begins on `line`; 1 is the first line of the file."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be read, with the beginning of its text."""

    line: int
    cells: list[str]
    reason: str


class _TooLongError(Exception):
    """A row of more than MAX_CELL characters."""


class TooManyBrokenQuotesError(Exception):
    """Reading again from the line after each open quote costs more than the file is worth."""


class _Lines:
    """The physical lines of a file; remembers those of the row being read, to go back to."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._readline = file.readline
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._length = 0
        self._reread = 0
        self.line = 0
        self.ended = False

    def begin_row(self) -> None:
        self._row.clear()
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._readline(MAX_CELL)
        if not line:
            self.ended = True
            raise StopIteration
        self.line += 1
        self._length += len(line)
        self._row.append(line)
        if self._length >= MAX_CELL:
            if line[-1] not in "\r\n":
                self._skip_rest_of_line()
            raise _TooLongError
        return line

    def _skip_rest_of_line(self) -> None:
        while (more := self._readline(MAX_CELL)) and more[-1] not in "\r\n":
            pass

    def quote_is_open(self) -> bool:
        """Whether the row being read began a quote on an earlier line and never closed it."""
        return len(self._row) > 1 and sum(line.count('"') for line in self._row) % 2 == 1

    def go_back(self) -> str:
        """Continue with the second line of this row; returns the first."""
        first, rest = self._row[0], self._row[1:]
        self._reread += self._length
        if self._reread > _MAX_REREAD:
            raise TooManyBrokenQuotesError
        self._again.extendleft(reversed(rest))
        self.line -= len(rest)
        self.ended = False
        return first


def read_rows(path: Path, encoding: str, delimiter: str) -> Iterator[Row | Bad]:
    """Every row that holds anything, from the first line on, without a `sep=;` line."""
    csv.field_size_limit(MAX_CELL)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=codec, errors="replace", newline="") as file:
        yield from _read(_Lines(file), delimiter)


def _read(lines: _Lines, delimiter: str) -> Iterator[Row | Bad]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        start = lines.line + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            yield _bad(start, lines.go_back())
            reader = csv.reader(lines, delimiter=delimiter)
            continue
        if lines.ended and lines.quote_is_open():
            yield _bad(start, lines.go_back())
            reader = csv.reader(lines, delimiter=delimiter)
        elif any(cells) and not (start == 1 and _is_separator_line(cells, delimiter)):
            yield Row(start, cells)


def _is_separator_line(cells: list[str], delimiter: str) -> bool:
    return _SEPARATOR_LINE.fullmatch(delimiter.join(cells)) is not None


def _bad(line: int, text: str) -> Bad:
    if len(text) >= MAX_CELL:
        reason = f"the line is longer than {MAX_CELL:,} characters"
    else:
        reason = "a quote is opened here and never closed"
    return Bad(line, [text[:2000].rstrip("\r\n")], reason)
