"""Our own phone numbers in the API."""

from crm.api import WRITE, Resource, newest
from crm.keyset import Key
from crm.phone import to_e164

RESOURCES = (
    Resource(
        name="phone-numbers",
        table="phone_numbers",
        title="phone number",
        description="Numbers that people reach us at. Only owners and admins change them.",
        actions=WRITE,
        sorts={"number": (Key("c.number", "text"),)} | newest("created_at"),
        default_sort="number",
        read_only=frozenset({"usage_count", "last_used_at"}),
        clean={"number": to_e164},
        example={"number": "+14155550100", "name": "Main line", "capabilities": ["voice", "sms"]},
    ),
)
