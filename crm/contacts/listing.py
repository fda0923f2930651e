"""The list of contacts: what may be asked of it, and in which orders it comes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from starlette.datastructures import QueryParams

from crm.conditions import Listing
from crm.db import Connection
from crm.filters import ListQuery, fetch_rows, prepare
from crm.keyset import Key, Parameters, write_cursor
from crm.values import EQUALITY, FLAG, RANGE, TAGGED, TEXT, Column, Kind


def _number(sql: str) -> Column:
    return Column(sql, "number", RANGE)


def _flag(sql: str) -> Column:
    return Column(sql, "bool", FLAG)


CONTACTS = Listing(
    table="contacts",
    always="c.deleted_at is null",
    columns={
        "status": Column("c.deal_status"),
        "tag": Column("", "tag", TAGGED),
        "owner": Column("c.assigned_to", "uuid", EQUALITY),
        "state": Column("c.state"),
        "city": Column("c.city"),
        "zip": Column("c.zip_code"),
        "county": Column("c.property_county"),
        "property_type": Column("c.property_type"),
        "company": Column("c.llc_name"),
        "first_name": Column("c.first_name"),
        "last_name": Column("c.last_name"),
        "job_title": Column("c.job_title"),
        "phone1": Column("c.phone1"),
        "phone2": Column("c.phone2"),
        "phone3": Column("c.phone3"),
        "email1": Column("c.email1"),
        "email2": Column("c.email2"),
        "email3": Column("c.email3"),
        "mailing_address": Column("c.mailing_address"),
        "property_address": Column("c.property_address"),
        "source": Column("c.lead_source"),
        "bedrooms": _number("c.bedrooms"),
        "bathrooms": _number("c.total_bathrooms"),
        "sqft": _number("c.building_sqft"),
        "lot_sqft": _number("c.lot_size_sqft"),
        "year": _number("c.effective_year_built"),
        "est_value": _number("c.est_value"),
        "est_equity": _number("c.est_equity"),
        "debt": _number("c.debt_owed"),
        "last_sale": Column("c.last_sale_date", "date", RANGE),
        "last_price": _number("c.last_sale_amount"),
        "created": Column("c.created_at", "moment", RANGE),
        "updated": Column("c.updated_at", "moment", RANGE),
        "dnc": _flag("c.dnc"),
        "sms_opt_out": _flag("c.sms_opt_out"),
        "email_opt_out": _flag("c.email_opt_out"),
        "notes": Column("c.notes"),
    },
    sorts={
        # Contacts without a person's name stand together, in the order of their companies.
        "name": (
            Key("c.last_name", "text"),
            Key("c.first_name", "text"),
            Key("c.llc_name", "text", nullable=True),
        ),
        "created": (Key("c.created_at", "timestamptz"),),
        "updated": (Key("c.updated_at", "timestamptz"),),
        "est_value": (
            Key("c.est_value", "numeric", nullable=True, seek="app.contacts_beyond_value"),
        ),
    },
    default_sort="-created",
    search="select array(select app.search_contact_ids($1, $2))",
    tagged="select ct.contact_id from contact_tags ct where ct.tag_id = {}",
)


# What the workspace's own fields are to the list: kind, operators, and their SQL by key.
_TEXT_SQL = "c.custom_fields ->> '{}'"
# Not a function: one with a search_path is not inlined, and costs 2 s at 200,000 contacts.
_NUMBER_SQL = (
    "case when jsonb_typeof(c.custom_fields -> '{0}') = 'number'"
    " then (c.custom_fields ->> '{0}')::numeric end"
)
CUSTOM: dict[str, tuple[Kind, frozenset[str], str]] = {
    "text": ("text", TEXT, _TEXT_SQL),
    "link": ("text", TEXT, _TEXT_SQL),
    "choice": ("text", EQUALITY, _TEXT_SQL),
    "number": ("number", RANGE, _NUMBER_SQL),
    "date": ("date", RANGE, "app.date_of(c.custom_fields -> '{}')"),
    "checkbox": ("bool", FLAG, "coalesce(c.custom_fields -> '{}' = 'true', false)"),
}


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the workspace added; `name` is what filters and columns call it."""

    key: str
    label: str
    kind: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`cf.` and the key."""
        return f"cf.{self.key}"


class ContactFilter(ListQuery):
    """The list of contacts."""

    listing = CONTACTS


@lru_cache(maxsize=64)
def filter_with(fields: tuple[CustomField, ...]) -> type[ContactFilter]:
    """The list of contacts with the workspace's own fields."""
    columns = dict(CONTACTS.columns)
    for one in fields:
        kind, operators, text = CUSTOM[one.kind]
        columns[one.name] = Column(f"({text.format(one.key)})", kind, operators)
    found = replace(CONTACTS, columns=columns)

    class Extended(ContactFilter):
        listing = found

    return Extended


def keys_of(fields: Sequence[Key]) -> str:
    """The sort keys of one contact, as texts."""
    names = ", ".join(f"({key.sql})::text as k{n}" for n, key in enumerate(fields))
    return f"select {names} from contacts c where c.id = $1"  # noqa: S608


async def neighbours(
    connection: Connection, query: ContactFilter, contact_id: UUID
) -> tuple[UUID | None, UUID | None]:
    """The contacts before and after one in the order of a list."""
    keys = query.keys()
    row = await connection.fetchrow(keys_of(keys), contact_id)
    if row is None:
        return None, None
    cursor = write_cursor(query.sort_text, list(row))
    found: list[UUID | None] = []
    for way in ("before", "after"):
        step = query.model_copy(update={"after": "", "before": "", way: cursor, "limit": 1})
        rows = await fetch_rows(connection, await prepare(connection, step), "c.id")
        found.append(rows.records[0]["id"] if rows.records else None)
    return found[0], found[1]


async def stream(
    connection: Connection, query: ContactFilter | None, ids: list[UUID], select: str
) -> AsyncIterator[Any]:
    """Rows of the contacts that match a query, or of `ids`, as the caller may see them."""
    parameters = Parameters()
    if query is None:
        where = f"c.id = any ({parameters.bind(ids, 'uuid[]')}) and {CONTACTS.always}"
    else:
        where = (await prepare(connection, query)).conditions(parameters, counting=True)
    text = (
        f"select {select} from contacts c where {where}"  # noqa: S608
        " order by c.created_at desc, c.id desc"
    )
    async for row in connection.cursor(text, *parameters.values, prefetch=500):
        yield row


def parse(text: str, fields: tuple[CustomField, ...]) -> ContactFilter:
    """The list that a query string asks for."""
    return filter_with(fields).parse(QueryParams(text))
