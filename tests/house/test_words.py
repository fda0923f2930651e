"""What the papers say is there: targets, commands, variables, files."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import typer
import typer.main

from crm.cli import app
from crm.config import Settings

from .tree import ROOT, files, named, short

PAPERS = [path for path in named(".md") if path.name != "CHANGELOG.md"]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def commands() -> set[str]:
    """Every command of the program: {"serve", "db upgrade", …}."""
    found = set()

    def walk(group: Any, path: str) -> None:
        context = typer.Context(group)
        for name in getattr(group, "list_commands", lambda _: [])(context):
            found.add(f"{path} {name}".strip())
            walk(group.get_command(context, name), f"{path} {name}".strip())

    walk(typer.main.get_command(app), "")
    return found


@pytest.mark.parametrize("path", PAPERS, ids=short)
def test_a_paper_names_targets_and_commands_that_exist(path):
    text = path.read_text()
    known = commands()
    written = [
        *re.findall(r"^(?:\$ )?make ([a-z]+)", text, re.MULTILINE),
        *re.findall(r"`make ([a-z]+)", text),
    ]
    assert [target for target in written if target not in TARGETS] == []
    said = re.findall(r"(?:`|^(?:\S+/)?)crm ((?:db |user )?[a-z]+)(?=[\s`])", text, re.MULTILINE)
    assert [command for command in said if command not in known] == []


@pytest.mark.parametrize("path", PAPERS, ids=short)
def test_a_paper_links_to_files_that_exist(path):
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_example_configuration_names_every_setting_and_no_other():
    text = (ROOT / ".env.example").read_text()
    named_there = set(re.findall(r"^# (CRM_[A-Z_]+)=", text, re.MULTILINE))
    assert named_there == {f"CRM_{name.upper()}" for name in Settings.model_fields}


def test_make_help_names_every_target():
    listed = set(re.findall(r"make ([a-z]+) ", MAKEFILE.split("help:")[1].split("\nrun:")[0]))
    phony = MAKEFILE.split(".PHONY:")[1].splitlines()[0].split()
    assert listed == set(phony) - {"help"}


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_target_is_understood_by_make(target: str):
    command = ["make", "--dry-run", "--no-print-directory", "-C", str(ROOT), target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_decision_says_what_we_do():
    decisions = named(".md", under="docs/decisions")
    assert len(decisions) >= 6
    assert [short(path) for path in decisions if "\nWe " not in path.read_text()] == []
    assert [path.name for path in decisions if not re.match(r"\d{4}-[a-z-]+\.md$", path.name)] == []


def test_what_every_project_has_is_there():
    wanted = "README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE Makefile .env.example"
    wanted += " .ci/run docs/operations.md db/README.md"
    assert set(wanted.split()) - {short(path) for path in files()} == set()
