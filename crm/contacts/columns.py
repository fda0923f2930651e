"""The columns of the table, and its rows as one compiled template per choice of columns."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from crm.contacts.listing import CustomField
from crm.web import asset, environment

FOLDER = "contacts/cells"
MARK = "<!-- cells -->"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in addresses, its head, the file of its cell, what it shows and edits.

    `value` is the key in a row, `edits` the field that is changed in place ('' for none), `sort`
    the name of an order; `css` are classes of head and cell: m1 to m4 are places on a phone.
    """

    key: str
    label: str
    cell: str
    value: str = ""
    edits: str = ""
    sort: str = ""
    css: str = ""


def _field(key: str, label: str, cell: str = "text", css: str = "", sort: str = "") -> Column:
    return Column(key, label, cell, key, key, sort, css)


NAME = Column("name", "Name", "name", "name", "", "name", "m1")
COLUMNS = (
    NAME,
    Column("company", "Company", "company", "company", "llc_name", "", "m3 mid"),
    _field("phone1", "Phone", "phone", "num"),
    Column("status", "Stage", "stage", "deal_status", "deal_status", "", "m4"),
    Column("owner", "Owner", "owner", "owner_name", "assigned_to"),
    Column("last", "Last activity", "last", "last_at", "", "", "m2"),
    Column("task", "Next task", "task", "task", "", "", "mid"),
    _field("est_value", "Est. value", "money", "r num", "est_value"),
    Column("city", "City", "place", "city", "city"),
    Column("tags", "Tags", "tags", "tags", "tags"),
    _field("email1", "Email", css="mid"),
    _field("job_title", "Job title", css="mid"),
    _field("phone2", "Second phone", "phone", "num"),
    _field("phone3", "Third phone", "phone", "num"),
    _field("email2", "Second email", css="mid"),
    _field("email3", "Third email", css="mid"),
    _field("lead_source", "Source", css="mid"),
    _field("property_address", "Address", css="mid"),
    _field("state", "State"),
    _field("zip_code", "ZIP", css="num"),
    _field("property_county", "County"),
    _field("mailing_address", "Mailing address", css="mid"),
    _field("property_type", "Property type"),
    _field("bedrooms", "Bedrooms", "number", "r num"),
    _field("total_bathrooms", "Bathrooms", "number", "r num"),
    _field("building_sqft", "Area", "number", "r num"),
    _field("lot_size_sqft", "Lot", "number", "r num"),
    _field("effective_year_built", "Year built", "text", "r num"),
    _field("est_equity", "Equity", "money", "r num"),
    _field("debt_owed", "Debt", "money", "r num"),
    _field("last_sale_date", "Last sale", "text", "num"),
    _field("last_sale_amount", "Last price", "money", "r num"),
    Column("created", "Created", "moment", "created_at", "", "created"),
    Column("updated", "Changed", "moment", "updated_at", "", "updated"),
    _field("dnc", "Do not contact", "flag"),
    _field("sms_opt_out", "SMS opt-out", "flag"),
    _field("email_opt_out", "Email opt-out", "flag"),
)
DEFAULT = ("name", "company", "phone1", "status", "owner", "last", "task", "est_value", "city",
           "tags")  # fmt: skip
WIDER = {"city", "tags"}  # of the default ones, those that only wide screens have room for
_CUSTOM_CELLS = {"number": "number", "checkbox": "flag", "link": "link"}


def every(custom: tuple[CustomField, ...]) -> dict[str, Column]:
    """All columns by key."""
    own = (
        Column(
            one.name, one.label, _CUSTOM_CELLS.get(one.kind, "text"), one.name, one.name,
            "", "r num" if one.kind == "number" else "mid",
        )
        for one in custom
    )  # fmt: skip
    return {column.key: column for column in (*COLUMNS, *own)}


def chosen(keys: tuple[str, ...], custom: tuple[CustomField, ...]) -> tuple[Column, ...]:
    """The columns of `keys` in their order, the name first; without keys the default ones."""
    known = every(custom)
    usual = not keys or keys == DEFAULT
    found = [known[key] for key in (DEFAULT if usual else keys) if key in known and key != "name"]
    if usual:
        found = [_wider(column) if column.key in WIDER else column for column in found]
    return (NAME, *found)


def _wider(column: Column) -> Column:
    return Column(column.key, column.label, column.cell, column.value, column.edits, "", "wider")


def rows(columns: tuple[Column, ...], found: list[Any], **context: Any) -> Markup:
    """The rows of the table as HTML."""
    template = _compiled(columns)
    return Markup(template.render(rows=found, **context))  # noqa: S704


@lru_cache(maxsize=128)
def _compiled(columns: tuple[Column, ...]) -> Template:
    """The template of a row with the templates of its cells put into it.

    A macro or an include per cell would cost five times the time of the rest of the page.
    """
    text = _source("contacts/_rows.html").replace(MARK, "".join(map(_cell, columns)))
    return environment().from_string(text.replace("SPRITE", asset("icons.svg")))


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    env = environment()
    assert env.loader is not None
    return re.sub(r"\{#.*?#\}\s*", "", env.loader.get_source(env, name)[0], flags=re.DOTALL)


def _cell(column: Column) -> str:
    key = column.value
    own = key.startswith("cf.")
    value = f'c["custom_fields"].get("{key[3:]}")' if own else f'c["{key}"]'
    attributes = f' class="{column.css}"' if column.css else ""
    if column.edits:
        attributes += f' data-f="{column.edits}"'
    inner = _source(f"{FOLDER}/{column.cell}.html").strip()
    return f"<td{attributes}>{inner.replace('VALUE', value)}</td>"
