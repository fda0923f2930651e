"""Any file is read, or refused with a sentence that helps; memory stays bounded."""

import tracemalloc
from pathlib import Path

import pytest

from crm.imports.lines import MAX_CELL, Bad, Row
from crm.imports.reading import UnreadableFileError, data_rows, detect


def write(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


def read(folder: Path, content: bytes) -> tuple[list[str], list[Row | Bad]]:
    path = write(folder, content)
    layout = detect(path)
    return layout.headers, list(data_rows(path, layout))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffName;Phone\nJosé;415\n".encode(),
        "Name;Phone\nJosé;415\n".encode("utf-16"),
        "Name\tPhone\nJosé\t415\n".encode("utf-16-le"),
        "Name,Phone\rJosé,415\r".encode("cp1252"),
        "sep=;\r\nName;Phone\r\nJosé;415\r\n".encode(),
        "Our list\n\nName|Phone\nJosé|415\n".encode(),
        'Name,Phone\r\n"José","415"\r\n'.encode("latin-1"),
    ],
    ids=["bom", "utf-16", "utf-16 without mark", "cp1252 and CR", "sep=", "title row", "latin-1"],
)
def test_encoding_delimiter_and_header_are_found(tmp_path: Path, content: bytes) -> None:
    headers, rows = read(tmp_path, content)
    assert headers == ["Name", "Phone"]
    assert [row.cells for row in rows] == [["José", "415"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b"PK\x03\x04rest of a workbook", "Excel"),
        (bytes(range(256)) * 40, "binary"),
        (b"Name,Phone\n", "no rows"),
        (",".join(f"c{n}" for n in range(5000)).encode(), "5,000 columns"),
        (b'"' + b"x" * 3_000_000, "No row of this file can be read"),
    ],
    ids=[
        "empty",
        "blank",
        "workbook",
        "binary",
        "header only",
        "5,000 columns",
        "one endless cell",
    ],
)
def test_a_hopeless_file_is_refused_with_a_reason(
    tmp_path: Path, content: bytes, words: str
) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        detect(write(tmp_path, content))


def test_a_cell_of_5_mb_costs_its_row_and_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path, b"Name,Phone\nAnn," + b"x" * 5_000_000 + b"\nBob,415\n")
    tracemalloc.start()
    layout = detect(path)
    rows = list(data_rows(path, layout))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(rows[0], Bad)
    assert (rows[0].line, rows[0].reason) == (2, f"the line is longer than {MAX_CELL:,} characters")
    assert rows[1] == Row(3, ["Bob", "415"])
    assert peak < 12_000_000


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b'Name,Phone\nAnn,"open\nBob,2\nCarl,3\n')
    assert rows[0] == Bad(2, ['Ann,"open'], "a quote is opened here and never closed")
    assert [row.cells for row in rows[1:]] == [["Bob", "2"], ["Carl", "3"]]


def test_an_open_quote_in_a_big_file_costs_one_row(tmp_path: Path) -> None:
    rest = b"".join(b"Person %d,415\n" % n for n in range(100_000))
    _, rows = read(tmp_path, b'Name,Phone\nAnn,"open\n' + rest)
    assert isinstance(rows[0], Bad)
    assert len(rows) == 100_001


def test_quoted_newlines_ragged_rows_and_doubled_headers_are_read(tmp_path: Path) -> None:
    headers, rows = read(tmp_path, b'Name,Phone,Phone,\nAnn,"1\n2"\nBob,1,2,3,4\n')
    assert headers == ["Name", "Phone", "Phone (2)", "Column 4"]
    assert rows == [Row(2, ["Ann", "1\n2"]), Row(4, ["Bob", "1", "2", "3", "4"])]


def test_a_list_without_a_header_is_data_from_its_first_line(tmp_path: Path) -> None:
    headers, rows = read(tmp_path, b"Ann Bee,415-555-0132\nBob Cee,415-555-0133\n")
    assert headers == ["Column 1", "Column 2"]
    assert len(rows) == 2
