"""Calls in the API."""

from crm.api import WRITE, Resource, newest
from crm.api.includes import CONTACT

RESOURCES = (
    Resource(
        name="calls",
        table="calls",
        title="call",
        description="Phone calls, in and out, with their outcome, recording and transcript.",
        actions=WRITE,
        sorts=newest("occurred_at"),
        default_sort="-occurred_at",
        author="handled_by",
        includes={"contact": CONTACT},
        unfilterable=frozenset({"transcript", "notes", "recording_url"}),
        example={
            "contact_id": "00000000-0000-4000-8000-000000000000",
            "direction": "outbound",
            "to_number": "+14155550132",
            "duration": 95,
            "outcome": "interested",
        },
    ),
)
