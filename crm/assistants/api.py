"""AI voice assistants in the API."""

from crm.api import WRITE, Resource, newest
from crm.keyset import Key

RESOURCES = (
    Resource(
        name="assistants",
        table="assistants",
        title="assistant",
        description="AI voice assistants and what they say. Only owners and admins change them.",
        actions=WRITE,
        sorts={"name": (Key("c.name", "text"),)} | newest("created_at"),
        default_sort="name",
        read_only=frozenset({"usage_count", "average_duration", "success_rate"}),
        unfilterable=frozenset(
            {"description", "first_message", "system_prompt", "voicemail_message",
             "end_call_message", "end_call_phrases"}
        ),
        example={"name": "Front desk", "first_message": "Northside, how can I help?"},
    ),
)  # fmt: skip
