"""What a filter is: field, operator, value; the kinds of columns, and how each value is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from crm.http import Problem

COMPARE = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
EQUALITY = frozenset({"eq", "ne", "in", "is-null"})
TEXT = EQUALITY | {"contains", "starts"}
RANGE = EQUALITY | {"lt", "lte", "gt", "gte"}

Kind = Literal["text", "number", "date", "moment", "uuid", "bool", "tag"]
SQL_TYPE = {
    "text": "text", "number": "numeric", "date": "date", "moment": "timestamptz",
    "uuid": "uuid", "bool": "boolean", "tag": "text",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """What a filter may name: its SQL over the list's alias, its kind and its operators."""

    sql: str
    kind: Kind = "text"
    operators: frozenset[str] = TEXT


def invalid(where: str, message: str) -> Problem:
    """422 for one bad part of a list's address."""
    return Problem(
        422, "This list cannot be shown", message, [{"field": where, "message": message}]
    )


class Filter(BaseModel):
    """One condition, written `field:operator:value`; `in` takes values parted by commas."""

    model_config = ConfigDict(frozen=True)

    field: str
    op: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """Read `field:operator:value`; raises Problem 422 when it is no such thing."""
        parts = text.split(":", 2)
        if len(parts) != 3:
            raise invalid("f", f"A filter reads field:operator:value, not “{text[:60]}”.")
        return cls(field=parts[0], op=parts[1], value=parts[2])

    def __str__(self) -> str:
        return f"{self.field}:{self.op}:{self.value}"

    @property
    def values(self) -> list[str]:
        """The values of an `in`, or the one value."""
        if self.op != "in":
            return [self.value]
        return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", self.value) if part]


def _read_number(text: str) -> Decimal:
    number = Decimal(text.replace(",", ""))
    if not number.is_finite():
        raise ValueError(text)
    return number


def _read_moment(text: str) -> datetime:
    if days := re.fullmatch(r"(\d{1,5})d", text):  # 30d: thirty days ago
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


READERS: Mapping[Kind, Callable[[str], Any]] = {
    "text": str,
    "tag": str,
    "number": _read_number,
    "date": date.fromisoformat,
    "moment": _read_moment,
    "uuid": UUID,
    "bool": _read_bool,
}
