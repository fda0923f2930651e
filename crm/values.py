"""Filters and groups of them: field, operator, value; kinds of columns, and how values read."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
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
FLAG = frozenset({"eq"})
TAGGED = frozenset({"has-tag"})
WORDS = frozenset({"contains"})

Kind = Literal["text", "number", "date", "moment", "uuid", "bool", "tag", "words"]
SQL_TYPE = {
    "text": "text", "number": "numeric", "date": "date", "moment": "timestamptz",
    "uuid": "uuid", "bool": "boolean", "tag": "uuid", "words": "text",
}  # fmt: skip
OPERATORS: dict[Kind, frozenset[str]] = {
    "text": TEXT, "number": RANGE, "date": RANGE, "moment": RANGE, "uuid": EQUALITY,
    "bool": FLAG, "tag": TAGGED, "words": WORDS,
}  # fmt: skip
MOST_DIGITS = 100  # before or after the point of a number
MOST_DEEP, MOST_PARTS = 4, 50  # of groups within groups, and of filters in all


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


class Group(BaseModel):
    """Filters, and groups of them, of which all or any must hold.

    Written as JSON: `{"any": ["city:eq:Austin", {"all": ["status:eq:lead", "dnc:eq:false"]}]}`.
    """

    model_config = ConfigDict(frozen=True)

    match: Literal["all", "any"]
    parts: tuple["Filter | Group", ...]

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Read the JSON; raises Problem 422 when it is not a group of filters."""
        try:
            written = json.loads(text)
        except ValueError:
            raise invalid("where", "This is not JSON.") from None
        except RecursionError:
            raise invalid("where", "Too many groups within groups.") from None
        group = cls.build(written)
        if len(list(group.filters())) > MOST_PARTS:
            raise invalid("where", f"More than {MOST_PARTS} filters.")
        return group

    @classmethod
    def build(cls, written: Any, depth: int = 1) -> "Group":
        """A group from decoded JSON."""
        if depth > MOST_DEEP:
            raise invalid("where", f"More than {MOST_DEEP} groups within groups.")
        if not isinstance(written, dict) or list(written) not in (["all"], ["any"]):
            raise invalid("where", 'A group reads {"all": […]} or {"any": […]}.')
        [(match, parts)] = written.items()
        if not isinstance(parts, list) or not parts:
            raise invalid("where", f"“{match}” takes a list of filters.")
        built = [
            Filter.parse(part) if isinstance(part, str) else cls.build(part, depth + 1)
            for part in parts
        ]
        return cls(match=match, parts=tuple(built))

    def filters(self) -> Iterator[Filter]:
        """Every filter in it."""
        for part in self.parts:
            if isinstance(part, Filter):
                yield part
            else:
                yield from part.filters()

    def written(self) -> dict[str, Any]:
        """What `build` reads."""
        return {self.match: [str(p) if isinstance(p, Filter) else p.written() for p in self.parts]}

    def __str__(self) -> str:
        return json.dumps(self.written(), separators=(",", ":"), ensure_ascii=False)


def _read_number(text: str) -> Decimal:
    number = Decimal(text.replace(",", ""))
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError(text)
    return number


def _read_moment(text: str) -> datetime:
    if days := re.fullmatch(r"(\d{1,5})d", text):  # 30d: thirty days ago
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)  # OverflowError for what no database keeps


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


READERS: Mapping[Kind, Callable[[str], Any]] = {
    "text": str,
    "tag": str,
    "words": str,
    "number": _read_number,
    "date": date.fromisoformat,
    "moment": _read_moment,
    "uuid": UUID,
    "bool": _read_bool,
}
