"""Emails in the API."""

from crm.api import WRITE, Resource, newest
from crm.api.includes import CONTACT

RESOURCES = (
    Resource(
        name="emails",
        table="emails",
        title="email",
        description="Emails, in and out. (contact_id, message_id) is unique: one mail may belong"
        " to several contacts, but to each of them once.",
        actions=WRITE,
        sorts=newest("occurred_at"),
        default_sort="-occurred_at",
        author="sent_by",
        includes={"contact": CONTACT},
        unfilterable=frozenset({"body", "html_body", "bounce_reason", "cc_emails", "bcc_emails"}),
        example={
            "contact_id": "00000000-0000-4000-8000-000000000000",
            "direction": "inbound",
            "subject": "Your offer",
            "body": "Thank you, we would like to meet.",
            "from_email": "grace@example.com",
            "status": "received",
        },
    ),
)
