"""Tags in the API."""

from crm.api import BULK, Resource, newest
from crm.keyset import Key

RESOURCES = (
    Resource(
        name="tags",
        table="tags",
        title="tag",
        description="Words that contacts and deals are sorted by. Names are unique, whatever their"
        " case. To tag something: PUT /contacts/{id}/tags/{tag_id}.",
        actions=BULK,
        sorts={"name": (Key("lower(c.name)", "text"),)} | newest("created_at"),
        default_sort="name",
        read_only=frozenset({"is_system"}),
        includes={
            "counts": "select json_build_object("
            "'contacts', (select count(*) from contact_tags ct where ct.tag_id = c.id),"
            " 'deals', (select count(*) from deal_tags dt where dt.tag_id = c.id))"
        },
        example={"name": "Cash buyer", "color": "#10B981"},
    ),
)
