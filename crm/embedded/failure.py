"""What can go wrong with a PostgreSQL server, said in one line."""

import re
import shutil
from pathlib import Path

# The last of these in a log is the reason; what follows it is consequence.
_REASON = re.compile(
    r"FATAL|PANIC|initdb: error|psql: error|could not [a-z]+|setpriv|invalid binary"
)
# "configuration file contains errors" is how it ends; the error itself is a mere LOG before that.
_SETTING = re.compile(
    r"LOG:.*(invalid value for parameter|unrecognized configuration|syntax error)"
)
_PREFIX = re.compile(r"^.*?(?:FATAL|PANIC|ERROR|LOG|initdb: error|psql: error):\s*")
_FULL_DISK = re.compile(r"No space left on device|Check free disk space")
_FULL = 8 * 1024 * 1024  # bytes; a disk with less than a new WAL segment's half is full


class ServerError(Exception):
    """PostgreSQL cannot be used; the message is one line that says why and what to do."""


def reason(log: str, place: Path | None = None) -> str:
    """The line of a log that tells why PostgreSQL or a program of it failed, without its prefix.

    `place` is where it wanted to write: not every message of a full disk says so.
    """
    if _FULL_DISK.search(log) or (place and _is_full(place)):
        return "the disk is full"
    lines = log.strip().splitlines() or ["it said nothing"]
    settings = [line for line in lines if _SETTING.search(line)]
    found = settings[:1] or [line for line in lines if _REASON.search(line)] or lines
    return _PREFIX.sub("", found[-1]).strip()


def _is_full(place: Path) -> bool:
    existing = next(path for path in (place, *place.parents) if path.exists())
    return shutil.disk_usage(existing).free < _FULL
