"""SQL files: explained, all or nothing, readable by psql and by a driver alike."""

import re

import pytest

from .tree import named, short

DATABASE = named(".sql", under="db")
QUERIES = [path for path in named(".sql") if path.name == "queries.sql"]


def code(text: str) -> str:
    """The text without its comment lines."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


@pytest.mark.parametrize("path", DATABASE, ids=short)
def test_a_schema_file_is_explained_and_one_transaction(path):
    text = path.read_text()
    assert text.startswith("-- "), "opens with a paragraph"
    body = code(text).strip().lower()
    assert body.startswith("begin;")
    assert body.endswith("commit;")


@pytest.mark.parametrize("path", DATABASE, ids=short)
def test_a_schema_file_needs_no_psql(path):
    text = code(path.read_text())
    assert re.findall(r"^\\\w+.*", text, re.MULTILINE) == []
    assert re.findall(r"copy\s+\S+.*from\s+stdin", text, re.IGNORECASE) == []


@pytest.mark.parametrize("path", QUERIES, ids=short)
def test_a_named_query_has_a_line_of_purpose(path):
    lines = path.read_text().splitlines()
    silent = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("-- name:") and not re.match(r"-- [A-Za-z`]", following)
    ]
    assert silent == []


def test_file_numbers_are_used_once():
    numbers = [path.name[:3] for path in DATABASE if path.parent.name in ("schema", "app")]
    assert len(numbers) == len(set(numbers))
