"""What a filter compares with what: operators, columns, kinds of values and how each is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

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
