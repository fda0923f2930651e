"""AI calls in the API."""

from crm.api import WRITE, Resource, newest

RESOURCES = (
    Resource(
        name="vapi-calls",
        table="vapi_calls",
        title="AI call",
        description="Calls of an AI assistant, as Vapi reports them, with transcript and analysis.",
        actions=WRITE,
        sorts=newest("created_at"),
        default_sort="-created_at",
        unfilterable=frozenset({"transcript", "summary", "recording_url", "stereo_recording_url"}),
        example={"vapi_call_id": "call_123", "type": "inboundPhoneCall", "status": "ended"},
    ),
)
