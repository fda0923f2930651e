"""What a filter says in words, and how its value is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm.contacts.listing import CONTACTS, CustomField
from crm.values import Column, Filter

Choices = Mapping[str, list[tuple[str, str]]]

LABELS = {
    "status": "Stage", "tag": "Tag", "owner": "Owner", "first_name": "First name",
    "last_name": "Last name", "company": "Company", "job_title": "Job title", "phone1": "Phone",
    "phone2": "Second phone", "phone3": "Third phone", "email1": "Email", "email2": "Second email",
    "email3": "Third email", "source": "Source", "city": "City", "state": "State", "zip": "ZIP",
    "county": "County", "property_address": "Address", "mailing_address": "Mailing address",
    "property_type": "Property type", "bedrooms": "Bedrooms", "bathrooms": "Bathrooms",
    "sqft": "Area", "lot_sqft": "Lot", "year": "Year built", "est_value": "Value",
    "est_equity": "Equity", "debt": "Debt", "last_sale": "Last sale", "last_price": "Last price",
    "created": "Created", "updated": "Changed", "dnc": "Do not contact",
    "sms_opt_out": "SMS opt-out", "email_opt_out": "Email opt-out", "notes": "Description",
}  # fmt: skip
# Operators in the order in which they are offered, per kind of column.
EMPTY = (("is-null:false", "is known"), ("is-null:true", "is empty"))
ORDER = (("lt", "under"), ("lte", "at most"), ("gt", "over"), ("gte", "at least"))
TIMES = (("gte", "since"), ("gt", "after"), ("lte", "until"), ("lt", "before"))
OPERATORS: dict[str, tuple[tuple[str, str], ...]] = {
    "text": (("eq", "is"), ("ne", "is not"), ("contains", "contains"), ("starts", "starts with")),
    "choice": (("in", "is"), ("ne", "is not")),
    "uuid": (("in", "is"), ("ne", "is not")),
    "number": (("eq", "is"), ("ne", "is not"), *ORDER),
    "date": (("eq", "is"), *TIMES),
    "moment": TIMES,
    "bool": (("eq", "is"),),
    "tag": (("has-tag", "is"),),
}
IN_WORDS = {"in": "is", "has-tag": "is", "eq": "is", "ne": "is not"}
CHOSEN = {"status": "stage", "owner": "owner", "state": "state"}  # fields with a list of values


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter as words: the field, the operator, the value; and what it is."""

    filter: Filter
    field: str
    operator: str
    value: str

    @property
    def words(self) -> str:
        """The whole chip."""
        return f"{self.field} {self.operator} {self.value}".rstrip()


@dataclass(frozen=True, slots=True)
class Question:
    """How a filter's field is asked for: its kind, operators, and the values that may be chosen."""

    name: str
    label: str
    kind: str
    operators: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, str], ...]


def fields(custom: tuple[CustomField, ...]) -> list[tuple[str, str]]:
    """Every field that can be asked for: (name, label)."""
    return list(LABELS.items()) + [(one.name, one.label) for one in custom]


def question(name: str, custom: tuple[CustomField, ...], choices: Choices) -> Question | None:
    """How `name` is asked for; None for a field that there is not."""
    own = next((one for one in custom if one.name == name), None)
    if own is None and name not in LABELS:
        return None
    kind, offered = _kind(name, own, choices)
    operators = OPERATORS[kind]
    if kind not in ("bool", "tag") and name not in ("status", "created", "updated"):
        operators += EMPTY
    label = own.label if own else LABELS[name]
    return Question(name, label, kind, operators, tuple(offered))


def _kind(
    name: str, own: CustomField | None, choices: Choices
) -> tuple[str, list[tuple[str, str]]]:
    if own is not None:
        kinds = {"text": "text", "link": "text", "checkbox": "bool"}
        return kinds.get(own.kind, own.kind), [(one, one) for one in own.choices]
    if name in CHOSEN:
        return ("uuid" if name == "owner" else "choice"), choices.get(CHOSEN[name], [])
    column: Column = CONTACTS.columns[name]
    return column.kind, choices.get(name, [])


def chip(one: Filter, custom: tuple[CustomField, ...], choices: Choices) -> Chip:
    """A filter in words."""
    asked = question(one.field, custom, choices)
    if asked is None:
        return Chip(one, one.field, one.op, one.value)
    if one.op == "is-null":
        return Chip(one, asked.label, "is", "empty" if one.value == "true" else "known")
    operators = dict(asked.operators)
    word = operators.get(one.op) or IN_WORDS.get(one.op, one.op)
    named = dict(asked.choices) | {"me": "me", "true": "yes", "false": "no"}
    values = " or ".join(_value(asked, named, value) for value in one.values)
    return Chip(one, asked.label, word, values)


def _value(asked: Question, named: Mapping[str, str], value: str) -> str:
    if asked.kind == "moment" and value.endswith("d") and value[:-1].isdigit():
        return f"{value[:-1]} days ago"
    return named.get(value) or ("somebody who left" if asked.kind == "uuid" else value)
