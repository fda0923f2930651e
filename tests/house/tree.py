"""The project's files, as git would take them; everything where there is no git."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {".venv", "node_modules", "var", "dist", "__pycache__", "screens", "results", ".git"}


@cache
def files() -> list[Path]:
    """Every file of the project: committed, or new and not ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run([*command, "--exclude-standard"], capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not MADE & set(path.parts)]
    return sorted(path for path in paths if path.is_file())


def named(*suffixes: str, under: str = "") -> list[Path]:
    """The files that end so and lie under that folder."""
    return [
        path
        for path in files()
        if path.suffix in suffixes and path.relative_to(ROOT).is_relative_to(under or ".")
    ]


def short(path: Path) -> str:
    """The path as people write it: from the project's root."""
    return str(path.relative_to(ROOT))
