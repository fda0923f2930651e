"""Contacts in the API."""

from crm.api import BULK, Resource
from crm.api.includes import CONTACT_TAGS
from crm.contacts.listing import CONTACTS
from crm.phone import to_e164

SUMMARY = """
select row_to_json(s) from (
    select v.message_count, v.call_count, v.email_count, v.unread_count, v.pending_activities,
           v.overdue_activities, v.next_activity_due, v.active_deals, v.active_deal_value,
           v.won_deal_value, v.last_contact_at
    from contact_summary v where v.id = c.id) s
"""

RESOURCES = (
    Resource(
        name="contacts",
        table="contacts",
        title="contact",
        description="People and companies, how to reach them, and the property they own. Phones"
        " are taken in any notation and kept as E.164. Deleting moves a contact to the trash.",
        actions=BULK,
        sorts={
            **CONTACTS.sorts,
            "created_at": CONTACTS.sorts["created"],
            "updated_at": CONTACTS.sorts["updated"],
        },
        default_sort="-created_at",
        author="created_by",
        includes={
            "tags": CONTACT_TAGS,
            "summary": SUMMARY,
            "score": "calculate_contact_score(c.id)",
        },
        filters=CONTACTS.columns,
        unfilterable=frozenset({"notes", "avatar_url", "deleted_at"}),
        search=CONTACTS.search,
        tagged=CONTACTS.tagged,
        clean={"phone1": to_e164, "phone2": to_e164, "phone3": to_e164},
        trash=True,
        example={
            "first_name": "Grace",
            "last_name": "Hopper",
            "phone1": "(415) 555-0132",
            "email1": "grace@example.com",
            "property_address": "12 Harbor Street",
            "city": "Austin",
            "state": "TX",
        },
    ),
)
