"""The reading half of an import, as a process of its own: file in, batches for COPY out.

`python -m crm.imports.batches` reads one JSON object (a Job) from stdin and writes frames to
stdout: a line of JSON, and after it as many bytes as its `size` says, which are the lines that
COPY puts into app_staging.import_records. The pipe holds it back when PostgreSQL is slower, so
memory stays at one batch; a program that is killed closes the pipe and ends this process too.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from crm.imports.lines import Bad, Row, TooManyBrokenQuotesError
from crm.imports.reading import Layout, data_rows
from crm.imports.records import Record, staged_bad_row
from crm.imports.rows import BadRowError, NoDataRowError, Options, RowReader
from crm.imports.values import dates_begin_with_day

BATCH_RECORDS = 20_000
FIRST_BATCH = 4_000  # so that PostgreSQL and those who watch have something to do at once
BATCH_CHARACTERS = 16_000_000
_DATE_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """What to read and how. `duplicates` as in app.imports."""

    path: str
    layout: dict[str, Any]
    mapping: list[str | None]
    duplicates: str
    region: str = "US"
    lead_source: str | None = None
    add_tags: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    batch_records: int = BATCH_RECORDS

    def as_json(self) -> str:
        """One line for the stdin of the process."""
        return json.dumps(asdict(self))


@dataclass(slots=True)
class Batch:
    """Records that are distinct among themselves, as COPY text, and what they came from.

    `rows`, `records` and `failed` are totals since the beginning of the file; `share` (0 to 1) is
    how much of the file was read.
    """

    text: bytes
    rows: int
    records: int
    failed: int
    share: float


class StopReadingError(Exception):
    """The rest of the file makes no sense; the message is for people."""


class _Open:
    """The batch being filled: joins a record to an earlier one of the same contact."""

    def __init__(self, duplicates: str) -> None:
        self._skip, self._overwrite = duplicates == "skip", duplicates == "overwrite"
        self.records: list[Record] = []
        self.bad: list[Bad] = []
        self._characters = 0
        self._reached: dict[str, int] = {}
        self._placed: dict[tuple[str, ...], list[int]] = {}

    def add(self, record: Record) -> None:
        number = self._find(record)
        if number is None:
            number = len(self.records)
            self.records.append(record)
            self._characters += 500 + len(record.notes)
        elif self._skip:
            return
        else:
            self.records[number].take(record, overwrite=self._overwrite)
            record = self.records[number]
        # Several may have a number after one took another's: the oldest is found, as in the book.
        for key in _reach(record):
            self._reached[key] = min(number, self._reached.get(key, number))
        if key := record.place_key():
            places = self._placed.setdefault(key, [])
            if number not in places:
                places.append(number)

    def _find(self, record: Record) -> int | None:
        found = [self._reached[key] for key in _reach(record) if key in self._reached]
        if key := record.place_key():
            for number in self._placed.get(key, ()):
                other = self.records[number]
                if not (record.phones or record.emails) or not (other.phones or other.emails):
                    found.append(number)
        return min(found) if found else None

    def add_bad(self, row: Bad) -> None:
        self.bad.append(row)
        self._characters += sum(map(len, row.cells)) + 100

    def is_full(self) -> bool:
        """Whether the batch is as long as memory should allow, though it has few records."""
        return self._characters >= BATCH_CHARACTERS

    def text(self, records_so_far: int) -> bytes:
        first = records_so_far - len(self.records)
        lines = [record.staged(rec) for rec, record in enumerate(self.records, first)]
        lines += [staged_bad_row(row.line, row.reason, row.cells) for row in self.bad]
        return ("\n".join(lines) + "\n").encode() if lines else b""


def _reach(record: Record) -> list[str]:
    return [*record.phones, *(address.lower() for address in record.emails)]


def read_batches(job: Job) -> Iterator[Batch]:
    """The file in batches; at least one, even when it is empty.

    Raises StopReadingError for a file that cannot be read to its end.
    """
    path, layout = Path(job.path), Layout(**job.layout)
    options = Options(
        job.region, job.lead_source, tuple(job.add_tags), _day_first(path, layout, job), job.users
    )
    reader = RowReader(layout.headers, job.mapping, options)
    lines = _count_lines(path)
    totals = Batch(b"", 0, 0, 0, 0)
    batch, most = _Open(job.duplicates), min(job.batch_records, FIRST_BATCH)
    for row in _rows(path, layout):
        try:
            _add_row(row, reader, batch, totals)
        except NoDataRowError:
            continue
        if len(batch.records) + len(batch.bad) >= most or batch.is_full():
            _stop_at_too_many_tags(reader)
            yield replace(totals, text=batch.text(totals.records), share=row.line / lines)
            batch, most = _Open(job.duplicates), job.batch_records
    _stop_at_too_many_tags(reader)
    yield replace(totals, text=batch.text(totals.records), share=1)


def _add_row(row: Row | Bad, reader: RowReader, batch: _Open, totals: Batch) -> None:
    found: list[Record] = []
    if isinstance(row, Row):
        try:
            found = reader.records(row.line, row.cells)
        except BadRowError as error:
            row = Bad(row.line, row.cells, str(error))
    totals.rows += 1
    if isinstance(row, Bad):
        totals.failed += 1
        batch.add_bad(row)
    for record in found:
        totals.records += 1
        batch.add(record)


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(1 << 20), b"")
        return 1 + sum(block.count(b"\n") or block.count(b"\r") for block in blocks)


def _rows(path: Path, layout: Layout) -> Iterator[Row | Bad]:
    try:
        yield from data_rows(path, layout)
    except TooManyBrokenQuotesError:
        raise StopReadingError(
            "Too many quotes of this file are opened and never closed. Export it again, or choose "
            "another delimiter."
        ) from None


def _stop_at_too_many_tags(reader: RowReader) -> None:
    if reader.too_many_tags():
        raise StopReadingError(
            "The file holds more than 500 different tags. Is the column matched to Tags really one?"
        )


def _day_first(path: Path, layout: Layout, job: Job) -> bool:
    if "last_sale_date" not in job.mapping:
        return False
    number = job.mapping.index("last_sale_date")
    rows = (row for row in _rows(path, layout) if isinstance(row, Row))
    cells = (row.cells[number].strip() for row in rows if len(row.cells) > number)
    return dates_begin_with_day(list(islice(cells, _DATE_SAMPLE)))


def main() -> None:
    """Read the job from stdin, write the batches to stdout."""
    job = Job(**json.loads(sys.stdin.readline()))
    out = sys.stdout.buffer
    try:
        for batch in read_batches(job):
            head = {"rows": batch.rows, "records": batch.records, "failed": batch.failed,
                    "share": batch.share, "size": len(batch.text)}  # fmt: skip
            out.write(json.dumps(head).encode() + b"\n" + batch.text)
            out.flush()
        out.write(b'{"end": true}\n')
    except StopReadingError as error:
        out.write(json.dumps({"error": str(error)}).encode() + b"\n")
    except BrokenPipeError:
        # The program that asked is gone; keep Python from complaining at exit as well.
        sys.stderr.close()
        return
    out.flush()


if __name__ == "__main__":
    main()
