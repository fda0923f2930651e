"""The fields of a contact that can be changed one by one, and how each is asked for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from crm.contacts.listing import CustomField
from crm.contacts.models import ContactForm, FieldError, label

KINDS = {
    "deal_status": "stage", "assigned_to": "owner", "tags": "tags", "dnc": "flag",
    "sms_opt_out": "flag", "email_opt_out": "flag", "last_sale_date": "date",
    "mailing_address": "long", "property_address": "long", "notes": "long", "dnc_reason": "long",
    "phone1": "phone", "phone2": "phone", "phone3": "phone",
    "email1": "email", "email2": "email", "email3": "email",
    "bedrooms": "number", "building_sqft": "number", "lot_size_sqft": "number",
    "effective_year_built": "year", "total_bathrooms": "number", "est_value": "money",
    "debt_owed": "money", "est_equity": "money", "last_sale_amount": "money",
}  # fmt: skip
PROPERTY = (
    "property_address", "city", "state", "zip_code", "property_county", "property_type",
    "bedrooms", "total_bathrooms", "building_sqft", "lot_size_sqft", "effective_year_built",
    "est_value", "debt_owed", "est_equity", "last_sale_date", "last_sale_amount",
)  # fmt: skip
DETAILS = (
    "first_name", "last_name", "phone1", "phone2", "phone3", "email1", "email2", "email3",
    "llc_name", "job_title", "deal_status", "assigned_to", "lead_source", "mailing_address",
)  # fmt: skip
SHORT = {"building_sqft": "Living area", "lot_size_sqft": "Lot", "est_value": "Est. value",
         "last_sale_date": "Last sale", "last_sale_amount": "Last price",
         "mailing_address": "Mailing", "property_address": "Address", "property_type": "Type",
         "phone2": "Phone 2", "phone3": "Phone 3", "email2": "Email 2", "email3": "Email 3",
         "zip_code": "ZIP", "effective_year_built": "Year built"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Editable:
    """One field: its name in addresses, label, kind, and the values it is chosen from."""

    name: str
    label: str
    kind: str
    choices: tuple[str, ...] = ()

    @property
    def custom(self) -> str:
        """The key in custom_fields; '' for a column of the table."""
        return self.name[3:] if self.name.startswith("cf.") else ""


def find(name: str, custom: tuple[CustomField, ...]) -> Editable | None:
    """The field of that name, or None."""
    own = next((one for one in custom if one.name == name), None)
    if own:
        kind = {"checkbox": "flag"}.get(own.kind, own.kind)
        return Editable(name, own.label, kind, own.choices)
    if name == "tags" or name in ContactForm.model_fields:
        return Editable(name, "Tags" if name == "tags" else label(name), KINDS.get(name, "text"))
    return None


def some(names: tuple[str, ...]) -> list[Editable]:
    """The fields of these names, with the short labels of the cards."""
    return [Editable(one, SHORT.get(one) or label(one), KINDS.get(one, "text")) for one in names]


def own(custom: tuple[CustomField, ...]) -> list[Editable]:
    """The workspace's own fields."""
    return [found for one in custom if (found := find(one.name, custom))]


def written(value: Any) -> str:
    """A value as its form shows it and sends it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | float):
        return f"{Decimal(str(value)):f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def read_custom(field: Editable, text: str) -> Any | list[FieldError]:
    """The JSON value of one of the workspace's own fields, or what is wrong with the text."""
    text = text.strip()
    if text == "":
        return None
    if field.kind == "flag":
        return text == "true"
    if field.kind == "number":
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            return [{"field": field.name, "message": "This is not a number."}]
        if not number.is_finite() or abs(number) > Decimal(10) ** 15:
            return [{"field": field.name, "message": "This number is too large."}]
        return int(number) if number == int(number) else float(number)
    if "\x00" in text:
        message = "The text holds characters that cannot be stored."
        return [{"field": field.name, "message": message}]
    return text
