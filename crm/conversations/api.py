"""Conversations in the API."""

from crm.api import READ, Resource
from crm.api.includes import CONTACT
from crm.keyset import Key

RESOURCES = (
    Resource(
        name="conversations",
        table="conversations",
        title="conversation",
        description="One thread for each contact, channel and number. They are made by the first"
        " message, call or email; counters and the last entry are kept by the database. Archived"
        " ones are listed with f=is_archived:eq:true.",
        actions=READ | {"update"},
        sorts={"last_message_at": (Key("c.last_message_at", "timestamptz", nullable=True),)},
        default_sort="-last_message_at",
        default_filter="is_archived:eq:false",
        read_only=frozenset(
            {
                "contact_id", "channel", "phone_number", "our_number", "last_message_id",
                "last_message_content", "last_message_at", "last_message_direction",
                "message_count", "unread_count",
            }
        ),
        includes={"contact": CONTACT},
    ),
)  # fmt: skip
