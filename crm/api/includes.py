"""What several resources can bring along with `include=`: JSON expressions over alias `c`."""

CONTACT = """
select row_to_json(r) from (
    select v.id, v.first_name, v.last_name, v.llc_name, v.phone1, v.email1, v.property_address
    from contacts v where v.id = c.contact_id) r
"""
DEAL = """
select row_to_json(r) from (
    select d.id, d.name, d.pipeline, d.stage, d.value from deals d where d.id = c.deal_id) r
"""
_TAGS = """
select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'color', t.color)
                         order by lower(t.name)), '[]')
from {links} l join tags t on t.id = l.tag_id
where l.{column} = c.id
"""
CONTACT_TAGS = _TAGS.format(links="contact_tags", column="contact_id")
DEAL_TAGS = _TAGS.format(links="deal_tags", column="deal_id")
