"""What can go wrong with a PostgreSQL server, said in one line."""

import re

# The last of these in a log is the reason; what follows it is consequence.
_REASON = re.compile(
    r"(?:FATAL|PANIC|initdb: error|could not [a-z]+|setpriv): .*|invalid binary .*"
)
_PREFIX = re.compile(r"^.*?(?:FATAL|PANIC|initdb: error):\s*")


class ServerError(Exception):
    """PostgreSQL cannot be used; the message is one line that says why and what to do."""


def reason(log: str) -> str:
    """The line of a PostgreSQL log that tells why it stopped, without time stamp and prefix."""
    if "No space left on device" in log:
        return "the disk is full (No space left on device)"
    found = [line for line in log.splitlines() if _REASON.search(line)]
    lines = found or log.strip().splitlines() or ["it said nothing"]
    return _PREFIX.sub("", lines[-1]).strip()
