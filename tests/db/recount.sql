-- Every conversation whose stored numbers differ from a full recount of its messages, calls and
-- emails. No row = all right. Run it as a role that sees everything (the tables' owner).
-- Unread: an inbound message or email that nobody read; an inbound call that was missed or went to
-- voicemail and that nobody has looked at.
with items as (
    select conversation_id, id, occurred_at, direction,
           direction = 'inbound' and read_at is null as unread
    from messages where conversation_id is not null
    union all
    select conversation_id, id, occurred_at, direction,
           direction = 'inbound' and read_at is null
    from emails where conversation_id is not null
    union all
    select conversation_id, id, occurred_at, direction,
           direction = 'inbound' and read_at is null and status in ('missed', 'voicemail')
    from calls where conversation_id is not null
),
counted as (
    select conversation_id, count(*) as items, count(*) filter (where unread) as unread
    from items group by conversation_id
),
newest as (
    select distinct on (conversation_id) conversation_id, id, occurred_at, direction
    from items order by conversation_id, occurred_at desc, id desc
)
select c.id, c.channel,
       c.message_count, coalesce(n.items, 0) as counted_messages,
       c.unread_count, coalesce(n.unread, 0) as counted_unread,
       c.last_message_id, l.id as newest_id,
       c.last_message_at, l.occurred_at as newest_at,
       c.last_message_direction, l.direction as newest_direction,
       c.last_message_content, left(m.content, 200) as newest_content
from conversations c
left join counted n on n.conversation_id = c.id
left join newest l on l.conversation_id = c.id
left join messages m on m.id = l.id
where c.message_count <> coalesce(n.items, 0)
   or c.unread_count <> coalesce(n.unread, 0)
   or c.last_message_id is distinct from l.id
   or c.last_message_at is distinct from l.occurred_at
   or c.last_message_direction is distinct from l.direction
   or (m.id is not null and c.last_message_content is distinct from left(m.content, 200))
   or (l.id is null and c.last_message_content is not null)
