"""Python files: short, explained, named after things, and free of SQL text."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .tree import ROOT, files, named, short

PROGRAM = named(".py", under="crm") + named(".py", under="bench")
# The only places that may hold SQL: sessions, the compiler of filters, what makes a database before
# any file can run in it, and the operator's commands; and beside the allow-list of a list or a
# resource (listing.py, api.py) what its columns are. Everything else is in a queries.sql.
SQL_ALLOWED = (
    "crm/db.py", "crm/schema.py", "crm/filters.py", "crm/conditions.py", "crm/api/",
    "crm/embedded/", "crm/database/",
)  # fmt: skip
# Keywords in one case, as SQL is written: a sentence that starts with "Select" is none.
KEYWORDS = (
    r"select\s+(.*\bfrom\s|.*\(|\d)|insert\s+into\s|update\s+[\w.]+\s+set\s|delete\s+from\s"
    r"|with\s+(recursive\s+)?\w+\s+as\s|truncate\s+\w|alter\s+(table|role|database|index)\s"
    r"|(create|drop)\s+(or\s+replace\s+)?(table|view|index|function|role|database|schema|trigger)\s"
    r"|grant\s+[\w\s,]+\sto\s"
)
UPPER = re.sub(r"(?<!\\)\b[a-z]{2,}", lambda word: word[0].upper(), KEYWORDS)
SQL_TEXT = re.compile(rf"\s*({KEYWORDS}|{UPPER})", re.DOTALL)
LONG_FILES = ("db/schema/016", "db/schema/017", "db/schema/018")
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "service", "repository", "misc"}


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string of the code that is not a docstring, with its line."""
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in documents:
            yield node.lineno, text  # pyright: ignore[reportAttributeAccessIssue]


def sql_in(path: Path) -> list[str]:
    found = strings(ast.parse(path.read_text()))
    return [f"{short(path)}:{line}: {text[:60]!r}" for line, text in found if SQL_TEXT.match(text)]


def test_sql_lives_in_sql_files():
    elsewhere = [
        path
        for path in PROGRAM
        if not short(path).startswith(SQL_ALLOWED) and path.name not in ("listing.py", "api.py")
    ]
    assert [found for path in elsewhere for found in sql_in(path)] == []


def test_the_sql_test_can_fail():
    planted = ["select id from contacts", "DELETE FROM x", "create table t ()", "with a as (select"]
    assert [text for text in planted if not SQL_TEXT.match(text)] == []
    harmless = ["update", "created", "With care", "droplet", "Select one from the list"]
    assert [text for text in harmless if SQL_TEXT.match(text)] == []


def test_a_file_fits_four_hundred_lines():
    kinds = (".py", ".sql", ".js", ".mjs", ".css", ".html")
    long = {short(path): len(path.read_text().splitlines()) for path in named(*kinds)}
    assert {
        name: lines
        for name, lines in long.items()
        if lines > 400 and not name.startswith(LONG_FILES)
    } == {}


def test_a_function_fits_forty_lines():
    long = []
    for path in named(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                if lines > 40:
                    long.append(f"{short(path)}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


def test_every_module_says_what_it_is_for():
    modules = {path: ast.parse(path.read_text()) for path in named(".py")}
    silent = [path for path, tree in modules.items() if tree.body and not ast.get_docstring(tree)]
    assert [short(path) for path in silent] == []


def test_names_say_what_a_thing_is():
    assert [
        short(path)
        for path in files()
        if VAGUE & {part.split(".")[0] for part in path.relative_to(ROOT).parts}
    ] == []
