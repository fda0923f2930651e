"""The three views of the schema in the API: read only, with everything PostgreSQL computes."""

from crm.api import READ, Resource, newest
from crm.keyset import Key

RESOURCES = (
    Resource(
        name="contact-summary",
        table="contact_summary",
        title="contact summary",
        plural="contact summaries",
        description="Contacts with what happened with them: numbers of messages, calls, emails,"
        " activities and deals, last contact, tags. Slim it with fields=: what is not asked for"
        " is not computed.",
        actions=READ,
        sorts=newest("created_at") | newest("updated_at"),
        default_sort="-created_at",
        scope="contacts",
        unfilterable=frozenset(
            {
                "notes", "avatar_url", "message_count", "call_count", "email_count", "unread_count",
                "pending_activities", "overdue_activities", "next_activity_due", "active_deals",
                "active_deal_value", "won_deal_value", "last_contact_at", "tags",
            }
        ),
    ),
    Resource(
        name="deal-pipeline",
        table="deal_pipeline",
        title="pipeline row",
        description="Deals with their contact and their timing: weighted value, days to close,"
        " days in stage.",
        actions=READ,
        sorts=newest("created_at"),
        default_sort="-created_at",
        scope="deals",
        unfilterable=frozenset({"notes", "next_step", "contact_address"}),
    ),
    Resource(
        name="activity-dashboard",
        table="activity_dashboard",
        title="dashboard row",
        description="Activities with contact and deal, and how they stand to the clock. To filter"
        " fast, ask for status and due_date, which are indexed.",
        actions=READ,
        sorts=newest("created_at")
        | {"due_date": (Key("c.due_date", "timestamptz", nullable=True),)},
        default_sort="-created_at",
        scope="activities",
        unfilterable=frozenset({"description", "result", "next_action"}),
    ),
)  # fmt: skip
