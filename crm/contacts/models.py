"""What a contact's form sends: shapes are checked here, rules by the constraints of the table."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, ValidationInfo

from crm.phone import to_e164

FieldError = dict[str, str]  # {"field": …, "message": …}

# What a broken rule of the table means to the person who typed; the rest follow their column.
RULES = {
    "contacts_identity_check": ("first_name", "Give a name, a company, a phone or an email."),
    "contacts_deal_status_check": ("deal_status", "This stage does not exist."),
    "contacts_effective_year_built_check": ("effective_year_built", "Years run from 1500 to 2200."),
}
# Shapes that pydantic refused, by the type of its error.
SHAPES = {
    "int_parsing": "This is not a whole number.",
    "int_from_float": "This is not a whole number.",
    "decimal_parsing": "This is not a number.",
    "decimal_max_digits": "This number is too large.",
    "decimal_whole_digits": "This number is too large.",
    "decimal_max_places": "At most two decimals.",
    "uuid_parsing": "This person does not exist.",
}
MAX_INTEGER = 2_147_483_647


def _blank(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else value
    return None if text in ("", None) else text


def _figure(value: Any) -> Any:
    text = _blank(value)
    return text.replace(",", "").removeprefix("$").strip() if isinstance(text, str) else text


def _phone(value: Any, info: ValidationInfo) -> Any:
    text = _blank(value)
    region = (info.context or {})["region"]
    return to_e164(text, region) if isinstance(text, str) else text


Blank = BeforeValidator(_blank)
Figure = BeforeValidator(_figure)
Name = Annotated[
    Annotated[str, Field(max_length=100)], BeforeValidator(lambda value: _blank(value) or "")
]
Text20 = Annotated[Annotated[str, Field(max_length=20)] | None, Blank]
Text50 = Annotated[Annotated[str, Field(max_length=50)] | None, Blank]
Text100 = Annotated[Annotated[str, Field(max_length=100)] | None, Blank]
Text200 = Annotated[Annotated[str, Field(max_length=200)] | None, Blank]
Text255 = Annotated[Annotated[str, Field(max_length=255)] | None, Blank]
LongText = Annotated[Annotated[str, Field(max_length=20_000)] | None, Blank]
Phone = Annotated[str | None, BeforeValidator(_phone)]
Count = Annotated[Annotated[int, Field(le=MAX_INTEGER)] | None, Figure]
Rooms = Annotated[Annotated[Decimal, Field(max_digits=5, decimal_places=2)] | None, Figure]
Money = Annotated[Annotated[Decimal, Field(max_digits=15, decimal_places=2)] | None, Figure]


class ContactForm(BaseModel):
    """The fields of a contact that people edit; blank is empty, money in dollars, areas in sqft."""

    first_name: Name = ""
    last_name: Name = ""
    llc_name: Text200 = None
    job_title: Annotated[Annotated[str, Field(max_length=150)] | None, Blank] = None
    phone1: Phone = None
    phone2: Phone = None
    phone3: Phone = None
    email1: Text255 = None
    email2: Text255 = None
    email3: Text255 = None
    mailing_address: LongText = None
    property_address: LongText = None
    city: Text100 = None
    state: Text50 = None
    zip_code: Text20 = None
    property_county: Text100 = None
    property_type: Text50 = None
    bedrooms: Count = None
    total_bathrooms: Rooms = None
    building_sqft: Count = None
    lot_size_sqft: Count = None
    effective_year_built: Count = None
    est_value: Money = None
    debt_owed: Money = None
    est_equity: Money = None
    last_sale_date: Annotated[date | None, Blank] = None
    last_sale_amount: Money = None
    deal_status: Annotated[str, BeforeValidator(lambda value: _blank(value) or "lead")] = "lead"
    lead_source: Text100 = None
    assigned_to: Annotated[UUID | None, Blank] = None
    dnc: bool = False
    dnc_reason: LongText = None
    sms_opt_out: bool = False
    email_opt_out: bool = False
    notes: LongText = None

    @classmethod
    def read(cls, form: Mapping[str, Any], region: str) -> "ContactForm | list[FieldError]":
        """The form, or what is wrong with it. `region`: whose phones have no country code."""
        given = {name: form[name] for name in cls.model_fields if name in form}
        if any("\x00" in value for value in given.values() if isinstance(value, str)):
            return [{"field": "", "message": "The text holds characters that cannot be stored."}]
        try:
            return cls.model_validate(given, context={"region": region})
        except ValidationError as error:
            return list(_shape_errors(error))


def _shape_errors(error: ValidationError) -> Iterable[FieldError]:
    for one in error.errors():
        name = str(one["loc"][0])
        yield {"field": name, "message": _shape_message(name, one["type"], one.get("ctx", {}))}


def _shape_message(name: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return "This is not a phone number."
    if kind == "string_too_long":
        return f"At most {context['max_length']} characters."
    if kind.startswith("date"):
        return "A date reads 2026-11-30."
    if kind == "less_than_equal":
        return "This number is too large."
    return SHAPES.get(kind, f"This is not right for {label(name).lower()}.")


def rule_error(error: asyncpg.PostgresError) -> FieldError | None:
    """The field whose rule the database found broken, or None when it was no rule of a field."""
    name = getattr(error, "constraint_name", None) or ""
    if name in RULES:
        column, message = RULES[name]
        return {"field": column, "message": message}
    column = name.removeprefix("contacts_").removesuffix("_check")
    if not isinstance(error, asyncpg.CheckViolationError) or column not in ContactForm.model_fields:
        return None
    if column.startswith("email"):
        return {"field": column, "message": "This is not an email address."}
    if column.startswith("phone"):
        return {"field": column, "message": "This is not a phone number."}
    return {"field": column, "message": f"{label(column)} cannot be less than zero."}


LABELS = {
    "llc_name": "Company",
    "phone1": "Phone",
    "phone2": "Second phone",
    "phone3": "Third phone",
    "email1": "Email",
    "email2": "Second email",
    "email3": "Third email",
    "zip_code": "ZIP code",
    "property_county": "County",
    "total_bathrooms": "Bathrooms",
    "building_sqft": "Living area (sqft)",
    "lot_size_sqft": "Lot (sqft)",
    "effective_year_built": "Year built",
    "est_value": "Estimated value",
    "debt_owed": "Debt",
    "est_equity": "Equity",
    "last_sale_amount": "Last sale price",
    "deal_status": "Stage",
    "lead_source": "Source",
    "assigned_to": "Owner",
}


def label(column: str) -> str:
    """The words over a field."""
    return LABELS.get(column) or column.replace("_", " ").capitalize()
