"""What a deal's form sends: shapes are checked here, rules by the constraints of the table."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

FieldError = dict[str, str]  # {"field": …, "message": …}

RULES = {
    "deals_name_check": ("name", "Give the deal a name."),
    "deals_stage_check": ("stage", "This pipeline has no such stage."),
    "deals_currency_check": ("currency", "Three letters, such as USD."),
    "deals_value_check": ("value", "The value cannot be less than zero."),
    "deals_probability_check": ("probability", "A probability is 0 to 100 percent."),
    "deals_contact_id_fkey": ("contact_id", "This contact does not exist any more."),
}
SHAPES = {
    "int_parsing": "This is not a whole number.",
    "int_from_float": "This is not a whole number.",
    "decimal_parsing": "This is not a number.",
    "decimal_max_digits": "This number is too large.",
    "decimal_whole_digits": "This number is too large.",
    "decimal_max_places": "At most two decimals.",
    "greater_than_equal": "This cannot be less than zero.",
    "less_than_equal": "At most 100 percent.",
    "uuid_parsing": "Choose one from the list.",
    "missing": "This is needed.",
}
LABELS = {
    "contact_id": "Contact",
    "expected_close_date": "Expected close",
    "assigned_to": "Owner",
    "next_step": "Next step",
}


def _blank(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    return None if text in ("", None) else text


def _figure(value: Any) -> Any:
    text = _blank(value)
    if not isinstance(text, str):
        return text
    return text.replace(",", "").removeprefix("$").removesuffix("%").strip()


Blank = BeforeValidator(_blank)
Figure = BeforeValidator(_figure)
Text100 = Annotated[Annotated[str, Field(max_length=100)] | None, Blank]
Text200 = Annotated[Annotated[str, Field(max_length=200)] | None, Blank]
LongText = Annotated[Annotated[str, Field(max_length=20_000)] | None, Blank]
Money = Annotated[Annotated[Decimal, Field(max_digits=15, decimal_places=2, ge=0)] | None, Figure]
Percent = Annotated[Annotated[int, Field(ge=0, le=100)] | None, Figure]


class DealForm(BaseModel):
    """The fields of a deal that people edit; money in the deal's currency, probability in percent.

    A blank probability is the stage's.
    """

    contact_id: Annotated[UUID, Blank]
    name: Annotated[str, Field(max_length=500), BeforeValidator(lambda v: _blank(v) or "")] = ""
    pipeline: Annotated[str, Field(max_length=100)] = "default"
    stage: Annotated[str, Field(max_length=50)] = "lead"
    value: Annotated[Money, BeforeValidator(lambda v: _blank(v) or "0")] = Decimal(0)
    currency: Annotated[
        str, Field(max_length=3), BeforeValidator(lambda v: str(_blank(v) or "USD").upper())
    ] = "USD"
    probability: Percent = None
    expected_close_date: Annotated[date | None, Blank] = None
    assigned_to: Annotated[UUID | None, Blank] = None
    next_step: LongText = None
    source: Text100 = None
    competitor: Text200 = None
    notes: LongText = None

    @classmethod
    def read(cls, form: Mapping[str, Any]) -> "DealForm | list[FieldError]":
        """The form, or what is wrong with it."""
        given = {name: form[name] for name in cls.model_fields if name in form}
        if any("\x00" in value for value in given.values() if isinstance(value, str)):
            return [{"field": "", "message": "The text holds characters that cannot be stored."}]
        if not _blank(given.get("contact_id")):
            given["contact_id"] = "none"
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            return list(shape_errors(error))


def shape_errors(error: ValidationError) -> Iterable[FieldError]:
    """What pydantic refused, in words for people."""
    for one in error.errors():
        name = str(one["loc"][0])
        yield {"field": name, "message": _shape_message(name, one["type"], one.get("ctx", {}))}


def _shape_message(name: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "string_too_long":
        return f"At most {context['max_length']} characters."
    if kind.startswith("date"):
        return "A date reads 2026-11-30."
    return SHAPES.get(kind, f"This is not right for {label(name).lower()}.")


def rule_error(error: asyncpg.PostgresError) -> FieldError | None:
    """The field whose rule the database found broken, or None when it was no rule of a field."""
    column, message = RULES.get(getattr(error, "constraint_name", None) or "", ("", ""))
    return {"field": column, "message": message} if column else None


def label(column: str) -> str:
    """The words over a field."""
    return LABELS.get(column) or column.replace("_", " ").capitalize()
