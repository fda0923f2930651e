"""Keyset paging: where a page starts is a condition on the sort keys, not a number of rows to skip.

A cursor is the sort keys of one row, as text. `Next` asks for the rows after it, `Previous` for the
rows before it in reverse, so inserts and deletes elsewhere move nothing. Rows without a value for
the first key come last in both directions: the walk then has two stretches, the rows with a value
and the rows without; each follows an index, where one statement over both would sort the table. An
empty later key counts as larger than any value, which is how an index has it.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


class BadCursorError(ValueError):
    """A cursor that no page of this list gave out."""


@dataclass
class Parameters:
    """The values of a statement, in the order of their `$n`."""

    values: list[Any] = field(default_factory=list)

    def bind(self, value: Any, sql_type: str) -> str:
        """Add a value; the text that stands for it in the statement."""
        self.values.append(value)
        return f"${len(self.values)}::{sql_type}"


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: its SQL, its type, whether it may be empty, and its direction.

    `seek` is a function (value, id, upwards, rows) that gives the ids after a place, for a type
    whose comparison cannot use an index under row level security.
    """

    sql: str
    type: str
    nullable: bool = False
    desc: bool = False
    seek: str = ""

    @property
    def order(self) -> str:
        """The key in an `order by`."""
        return f"{self.sql} desc" if self.desc else self.sql


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the walk that one index serves: a condition, its order, and where it starts.

    `start` are values of the last keys of `keys`: all, or all but the first when that one is empty.
    """

    condition: str
    keys: tuple[Key, ...]
    start: tuple[str | None, ...] | None

    @property
    def order(self) -> str:
        """The text after `order by`."""
        return ", ".join(key.order for key in self.keys)

    def where(self, parameters: Parameters, unfiltered: int = 0) -> list[str]:
        """The conditions of the stretch, with its start bound in `parameters`.

        `unfiltered`: how many rows are wanted, when the list has no other condition.
        """
        conditions = [self.condition] if self.condition else []
        if self.start is None:
            return conditions
        keys = self.keys[-len(self.start) :]
        if unfiltered and keys[0].seek and len(keys) == 2:
            place = ", ".join(map(_bind, keys, self.start, [parameters] * 2))
            ids = f"{keys[0].seek}({place}, {not keys[0].desc}, {unfiltered:d})"
            return [*conditions, f"c.id = any (array(select {ids}))"]
        return [*conditions, _after(keys, self.start, parameters)]


def stretches(
    keys: Sequence[Key], start: Sequence[str | None] | None, *, forward: bool
) -> list[Stretch]:
    """The walk from `start` (None: from its beginning) in the order of `keys`, or against it."""
    if not forward:
        keys = [replace(key, desc=not key.desc) for key in keys]
    begin = tuple(start) if start is not None else None
    if not keys[0].nullable:
        return [Stretch("", tuple(keys), begin)]
    # Both order by the first key, also where it is empty: only then does PostgreSQL see that an
    # index on all the keys has the rows in this order.
    whole = (replace(keys[0], nullable=False), *keys[1:])
    has_value = begin is not None and begin[0] is not None
    filled = Stretch(f"{keys[0].sql} is not null", whole, begin if has_value else None)
    after_empty = begin[1:] if begin is not None and not has_value else None
    empty = Stretch(f"{keys[0].sql} is null", whole, after_empty)
    walk = [filled, empty] if forward else [empty, filled]
    passed_the_first = begin is not None and has_value != forward
    return walk[1:] if passed_the_first else walk


def _after(keys: Sequence[Key], start: Sequence[str | None], parameters: Parameters) -> str:
    """The rows after `start`: a row comparison where the keys allow it, which an index answers."""
    alike = 0
    while alike < len(keys) and not keys[alike].nullable and keys[alike].desc == keys[0].desc:
        alike += 1
    if alike == len(keys):
        return _row(keys, start, parameters, "<" if keys[0].desc else ">")
    ways: list[str] = []
    equal: list[str] = []
    for place, (key, value) in enumerate(zip(keys, start, strict=True), 1):
        ways.append(" and ".join([*equal, _beyond(key, value, parameters)]))
        if place < len(keys):
            equal.append(_same(key, value, parameters))
    either = f"({' or '.join(f'({way})' for way in ways)})"
    if not alike:
        return either
    # Says once more what every way implies, in a form at which an index can start.
    bound = _row(keys[:alike], start[:alike], parameters, "<=" if keys[0].desc else ">=")
    return f"{bound} and {either}"


def _row(
    keys: Sequence[Key], start: Sequence[str | None], parameters: Parameters, sign: str
) -> str:
    values = ", ".join(_bind(key, one, parameters) for key, one in zip(keys, start, strict=True))
    return f"({', '.join(key.sql for key in keys)}) {sign} ({values})"


def _beyond(key: Key, value: str | None, parameters: Parameters) -> str:
    if value is None:
        return f"{key.sql} is not null" if key.desc else "false"
    more = f"{key.sql} {'<' if key.desc else '>'} {_bind(key, value, parameters)}"
    return f"({more} or {key.sql} is null)" if key.nullable and not key.desc else more


def _same(key: Key, value: str | None, parameters: Parameters) -> str:
    return f"{key.sql} is null" if value is None else f"{key.sql} = {_bind(key, value, parameters)}"


def _bind(key: Key, value: str | None, parameters: Parameters) -> str:
    return f"{parameters.bind(value, 'text')}::{key.type}"


def write_cursor(sort: str, start: Sequence[str | None]) -> str:
    """An opaque text that `read_cursor` reads again."""
    packed = json.dumps([sort, *start], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str, keys: Sequence[Key]) -> list[str | None]:
    """The sort keys in `text`; BadCursorError when it is none, or of another sort."""
    try:
        padded = text + "=" * (-len(text) % 4)
        made_for, *start = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursorError(text) from error
    fits = len(start) == len(keys) and all(
        key.nullable if value is None else isinstance(value, str) and "\x00" not in value
        for key, value in zip(keys, start, strict=True)
    )
    if made_for != sort or not fits:
        raise BadCursorError(text)
    return start
