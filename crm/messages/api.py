"""Text messages in the API."""

from crm.api import WRITE, Resource, newest
from crm.api.includes import CONTACT

RESOURCES = (
    Resource(
        name="messages",
        table="messages",
        title="message",
        description="SMS, MMS, WhatsApp and RCS, in and out. A message without a conversation gets"
        " the thread of its contact, channel and number; message_sid is unique, so a provider's"
        " second report of the same message is a 409.",
        actions=WRITE,
        sorts=newest("occurred_at"),
        default_sort="-occurred_at",
        author="sent_by",
        includes={"contact": CONTACT},
        unfilterable=frozenset({"media_urls", "error_message"}),
        example={
            "contact_id": "00000000-0000-4000-8000-000000000000",
            "direction": "inbound",
            "content": "Is the house still available?",
            "phone_number": "+14155550132",
            "status": "received",
        },
    ),
)
