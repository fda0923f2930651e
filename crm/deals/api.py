"""Deals and their history in the API."""

from crm.api import BULK, READ, Resource, newest
from crm.api.includes import CONTACT, DEAL_TAGS
from crm.values import TAGGED, Column

HISTORY = """
select coalesce(json_agg(row_to_json(r)), '[]') from (
    select h.id, h.old_stage, h.new_stage, h.old_value, h.new_value, h.old_probability,
           h.new_probability, h.changed_by, h.change_reason, h.changed_at,
           extract(epoch from h.duration_in_stage)::bigint as seconds_in_stage
    from deal_stage_history h where h.deal_id = c.id
    order by h.changed_at desc, h.id limit 100) r
"""

RESOURCES = (
    Resource(
        name="deals",
        table="deals",
        title="deal",
        description="Opportunities. Closing fills actual_close_date and the probability; each"
        " change of stage, value or probability is in stage_history. Deleting moves a deal to"
        " the trash.",
        actions=BULK,
        sorts=newest("created_at"),
        default_sort="-created_at",
        author="created_by",
        read_only=frozenset({"stage_changed_at"}),
        includes={"contact": CONTACT, "tags": DEAL_TAGS, "stage_history": HISTORY},
        filters={"tag": Column("", "tag", TAGGED)},
        unfilterable=frozenset({"notes", "next_step", "deleted_at"}),
        tagged="select dt.deal_id from deal_tags dt where dt.tag_id = {}",
        trash=True,
        example={
            "contact_id": "00000000-0000-4000-8000-000000000000",
            "name": "12 Harbor Street",
            "value": 350000,
            "stage": "qualified",
            "expected_close_date": "2027-03-01",
        },
    ),
    Resource(
        name="deal-stage-history",
        table="deal_stage_history",
        title="change of stage",
        plural="changes of stage",
        description="What stages, values and probabilities deals had, newest first.",
        actions=READ,
        sorts=newest("changed_at"),
        default_sort="-changed_at",
        scope="deals",
        unfilterable=frozenset({"notes", "change_reason"}),
    ),
)
