"""Errors in one shape: RFC 9457 problem+json for programs, the same words on a page for people."""

import re
from dataclasses import dataclass, field
from typing import Any

import asyncpg

# SQLSTATE -> status and title. The database holds the rules; this is where they become answers.
STATUS_OF_SQLSTATE = {
    "23505": (409, "It already exists"),
    "23503": (409, "It is linked to a record that does not exist"),
    "23514": (422, "A value is not allowed"),
    "23502": (422, "A value is missing"),
    "22001": (422, "A value is too long"),
    "22003": (422, "A number is out of range"),
    "22P02": (422, "A value has the wrong form"),
    "42501": (403, "You may not do this"),
    "22P05": (422, "A text holds characters that cannot be stored"),
    "22021": (422, "A text holds characters that cannot be stored"),
    "54001": (422, "A value is nested too deeply"),
    "55000": (409, "This cannot be done now"),
    "P0002": (404, "Not found"),
    "28000": (401, "Please sign in"),
    "57014": (503, "The database took too long"),
    "40001": (409, "Somebody else changed this at the same moment"),
    "40P01": (409, "Somebody else changed this at the same moment"),
}

# What a broken rule means, without the name of the table; the text of the others is PostgreSQL's.
MESSAGES = {
    "23505": "This exists already.",
    "23503": "This refers to a record that does not exist.",
    "23514": "This value is not allowed (rule {rule}).",
    "23502": "This is missing.",
}

# contacts_email1_check -> email1: the constraint names are written for people.
_CONSTRAINT = re.compile(r"^[a-z]+(?:_tags)?_(?P<what>.+?)_(?:check|key|fkey|idx|format)$")


@dataclass
class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer that is an error. `errors` holds {"field", "message"} for each bad field.

    `extra` are further members of the body, such as the current state of what was changed.
    """

    status: int
    title: str
    detail: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The problem+json object."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": self.errors,
            "request_id": request_id,
            **self.extra,
        }


def not_found(what: str) -> Problem:
    """404, also for what the caller may not see: a stranger learns nothing."""
    return Problem(
        404, f"{what} not found", f"This {what.lower()} does not exist, or is not yours to see."
    )


def from_postgres(error: asyncpg.PostgresError) -> Problem:
    """What a database error means to the caller; 500 for what no caller can cause."""
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith("22") and state not in STATUS_OF_SQLSTATE:
        state = "22P02"  # all of class 22 is a value that PostgreSQL cannot take
    if state not in STATUS_OF_SQLSTATE:
        if state.startswith(("08", "53", "57P")):
            return Problem(503, "The database is not available", "Try again in a few seconds.")
        return Problem(500, "Something went wrong on our side")
    status, title = STATUS_OF_SQLSTATE[state]
    hint = getattr(error, "hint", None) or ""
    return Problem(status, title, hint, _field_errors(error))


def _field_errors(error: asyncpg.PostgresError) -> list[dict[str, str]]:
    name = getattr(error, "constraint_name", None) or ""
    column = getattr(error, "column_name", None)
    match = _CONSTRAINT.match(name)
    what = column or (match["what"] if match else "")
    state = getattr(error, "sqlstate", None) or ""
    message = MESSAGES[state].format(rule=name) if state in MESSAGES else str(error)
    return [{"field": what, "message": message}] if what else []
