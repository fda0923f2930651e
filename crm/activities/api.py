"""Activities in the API."""

from crm.api import BULK, Resource, newest
from crm.api.includes import CONTACT, DEAL
from crm.keyset import Key

RESOURCES = (
    Resource(
        name="activities",
        table="activities",
        title="activity",
        plural="activities",
        description="Tasks, meetings, notes and follow-ups. planned and overdue follow the due"
        " date by themselves; completed_at is filled exactly while the status is completed.",
        actions=BULK,
        sorts=newest("created_at")
        | {"due_date": (Key("c.due_date", "timestamptz", nullable=True),)},
        default_sort="-created_at",
        author="created_by",
        includes={"contact": CONTACT, "deal": DEAL},
        unfilterable=frozenset({"description", "result", "next_action"}),
        example={
            "type": "task",
            "title": "Send the contract",
            "due_date": "2027-01-15T09:00:00-06:00",
            "priority": "high",
        },
    ),
)
