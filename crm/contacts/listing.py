"""The list of contacts: what may be asked of it, and in which orders it comes."""

from crm.conditions import Listing
from crm.filters import ListQuery
from crm.keyset import Key
from crm.values import EQUALITY, FLAG, RANGE, TAGGED, Column


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
        "source": Column("c.lead_source"),
        "bedrooms": _number("c.bedrooms"),
        "bathrooms": _number("c.total_bathrooms"),
        "sqft": _number("c.building_sqft"),
        "year": _number("c.effective_year_built"),
        "est_value": _number("c.est_value"),
        "est_equity": _number("c.est_equity"),
        "debt": _number("c.debt_owed"),
        "last_sale": Column("c.last_sale_date", "date", RANGE),
        "created": Column("c.created_at", "moment", RANGE),
        "updated": Column("c.updated_at", "moment", RANGE),
        "dnc": _flag("c.dnc"),
        "sms_opt_out": _flag("c.sms_opt_out"),
        "email_opt_out": _flag("c.email_opt_out"),
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


class ContactFilter(ListQuery):
    """The list of contacts."""

    listing = CONTACTS
