-- A contact's timeline: messages, calls, AI calls, e-mails, activities and deal changes in one line.
-- Every branch stops by itself at row_limit rows of its index; one order and limit around a plain
-- union would read everything that ever happened with the contact.

-- name: timeline_contact^
-- Whose timeline it is: the shown name, or nothing for who may not see the contact.
select c.id, c.deleted_at,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name
from contacts c
where c.id = :contact_id;

-- name: timeline
-- Up to row_limit items older than (before_at, before_id), oldest first; both NULL: the newest.
-- show: everything, messages, calls, emails, notes, tasks, ai, deals or changes. previous_at and goes_on look
-- at the item before: its time, and whether this is the same sender's next text within five minutes.
-- patterns: every one must be in what an item says; NULL: no search, and changes are only then there.
-- "is not null" around the test: the planner takes it for nearly always true, and a search walks the
-- same indexes from the newest on as the plain timeline.
with found as (
    (select 'message' as kind, m.id, m.occurred_at as at, m.direction::text as direction,
            m.status::text as status, m.message_type::text as channel, sender.name::text as actor,
            null::text as title, m.content as body, null::text as outcome,
            m.error_message as reason, m.error_code::text as code, m.segments as number,
            m.cost as amount, null::numeric as amount_before,
            coalesce(m.read_at, m.delivered_at) as due, null::text as summary,
            null::text as transcript, null::text as link, m.media_urls as files
     from messages m
     left join app.users sender on sender.id = m.sent_by
     where m.contact_id = :contact_id and :show::text in ('everything', 'messages')
       and nullif(:patterns::text[] is null
                  or m.content ilike all (:patterns::text[]), false) is not null
       and (m.occurred_at, m.id) < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by m.occurred_at desc, m.id desc
     limit :row_limit)
    union all
    (select case when v.id is null then 'call' else 'ai_call' end, k.id, k.occurred_at,
            k.direction, k.status, k.call_type, coalesce(v.assistant, handler.name), null, k.notes,
            coalesce(v.outcome, k.outcome), coalesce(v.ended_reason, k.hangup_cause), null,
            coalesce(nullif(k.duration, 0), v.duration, 0), coalesce(v.cost, k.cost), null, null,
            v.summary, left(coalesce(v.transcript, k.transcript), 20001),
            coalesce(k.recording_url, v.recording_url), null
     from calls k
     left join app.users handler on handler.id = k.handled_by
     left join lateral (
         select ai.id, ai.outcome, ai.ended_reason, ai.duration, ai.cost, ai.summary,
                ai.transcript, ai.recording_url, assistant.name as assistant
         from vapi_calls ai
         left join assistants assistant on assistant.id = ai.assistant_id
         where ai.call_id = k.id
         limit 1) v on true
     where k.contact_id = :contact_id
       and (:show::text in ('everything', 'calls') or :show::text = 'ai' and v.id is not null)
       and nullif(:patterns::text[] is null
                  or concat_ws(chr(10), k.notes, v.summary, coalesce(v.transcript, k.transcript)) ilike all (:patterns::text[]), false) is not null
       and (k.occurred_at, k.id) < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by k.occurred_at desc, k.id desc
     limit :row_limit)
    union all
    -- AI calls that are not in calls, too.
    (select 'ai_call', v.id, coalesce(v.started_at, v.created_at),
            case when v.type like 'inbound%' then 'inbound' else 'outbound' end, v.status, v.type,
            assistant.name, null, null, v.outcome, v.ended_reason, null, coalesce(v.duration, 0),
            v.cost, null, null, v.summary, left(v.transcript, 20001), v.recording_url, null
     from vapi_calls v
     left join assistants assistant on assistant.id = v.assistant_id
     where v.contact_id = :contact_id and :show::text in ('everything', 'calls', 'ai')
       and not exists (select from calls k where k.id = v.call_id and k.contact_id = v.contact_id)
       and nullif(:patterns::text[] is null
                  or concat_ws(chr(10), v.summary, v.transcript) ilike all (:patterns::text[]), false) is not null
       and (coalesce(v.started_at, v.created_at), v.id)
           < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by coalesce(v.started_at, v.created_at) desc, v.id desc
     limit :row_limit)
    union all
    (select 'email', e.id, e.occurred_at, e.direction, e.status,
            case when e.html_body is null then 'text' else 'html' end, sender.name, e.subject,
            left(e.body, 20001), coalesce(e.to_email, ''), e.bounce_reason, null, null, null, null,
            coalesce(e.clicked_at, e.opened_at), null, null, null,
            array(select coalesce(file ->> 'filename', file ->> 'name', 'file')
                  from jsonb_array_elements(e.attachments) file)
     from emails e
     left join app.users sender on sender.id = e.sent_by
     where e.contact_id = :contact_id and :show::text in ('everything', 'emails')
       and nullif(:patterns::text[] is null
                  or concat_ws(chr(10), e.subject, e.body) ilike all (:patterns::text[]), false) is not null
       and (e.occurred_at, e.id) < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by e.occurred_at desc, e.id desc
     limit :row_limit)
    union all
    -- An activity stands where it was done, or where it was planned while it is open.
    (select case a.type when 'note' then 'note' else 'task' end, a.id,
            coalesce(a.completed_at, a.created_at), null, a.status, a.type,
            coalesce(doer.name, author.name), a.title, a.description, a.result, a.next_action,
            a.priority, a.duration_minutes, null, null, a.due_date, null, null, null, null
     from activities a
     left join app.users author on author.id = a.created_by
     left join app.users doer on doer.id = a.completed_by
     where a.contact_id = :contact_id
       and (:show::text = 'everything' or :show::text = 'notes' and a.type = 'note'
            or :show::text = 'tasks' and a.type <> 'note')
       and nullif(:patterns::text[] is null
                  or concat_ws(chr(10), a.title, a.description, a.result) ilike all (:patterns::text[]), false) is not null
       and (coalesce(a.completed_at, a.created_at), a.id)
           < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by coalesce(a.completed_at, a.created_at) desc, a.id desc
     limit :row_limit)
    union all
    (select 'deal', h.id, h.changed_at, null, d.stage, d.currency, author.name, d.name, h.notes,
            h.new_stage, h.change_reason, h.old_stage, h.new_probability, h.new_value, h.old_value,
            null, null, null, null, null
     from deals d
     join deal_stage_history h on h.deal_id = d.id
     left join app.users author on author.id = h.changed_by
     where d.contact_id = :contact_id and d.deleted_at is null
       and :show::text in ('everything', 'deals')
       and nullif(:patterns::text[] is null
                  or concat_ws(chr(10), d.name, h.notes, h.change_reason) ilike all (:patterns::text[]), false) is not null
       and (h.changed_at, h.id) < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by h.changed_at desc, h.id desc
     limit :row_limit)
    union all
    -- Fields, tags and what was deleted; one item a transaction. files: field, before, after, parted by
    -- chr(31). What a deal's history tells is left to it. link: the changes, to take them back.
    (select 'change', md5('tx:' || t.tx)::uuid, max(t.at), null,
            case when bool_and(t.undone_at is not null) then 'undone' end, min(t.source), max(t.by),
            null, null, null, null, null, count(*)::integer, null, null, null, null, null,
            string_agg(distinct t.id::text, ','), array_agg(t.line order by t.id, t.line)
     from (
        select h.tx, h.at, h.id, h.undone_at, h.source, h.actor, u.name::text as by,
               concat_ws(chr(31), k.field, coalesce(k.old, ''), coalesce(k.new, '')) as line
        from (select c.* from app.changes c
              where c.contact_id = :contact_id and :show::text in ('everything', 'changes')
                and :patterns::text[] is null
                and c.table_name in ('contacts', 'deals', 'contact_tags', 'documents')
                and (c.operation <> 'insert' or c.table_name = 'contact_tags')
                and c.at <= coalesce(:before_at::timestamptz, 'infinity')
              order by c.at desc, c.id desc
              limit :row_limit * 4) h
        left join app.users u on u.id = h.actor
        cross join lateral (
            select n.key as field,
                   case when n.key = 'assigned_to' then (select o.name from app.users o
                        where o.id = (h.old ->> n.key)::uuid) else left(h.old ->> n.key, 80) end,
                   case when n.key = 'assigned_to' then (select o.name from app.users o
                        where o.id = (n.value #>> '{}')::uuid) else left(n.value #>> '{}', 80) end
            from jsonb_each(h.new) n
            where h.operation = 'update' and n.key <> all (app.untold_columns(h.table_name))
            union all
            select case h.table_name when 'contact_tags' then 'tag' when 'deals' then 'deal'
                        when 'documents' then 'document' else 'contact' end,
                   case when h.operation = 'delete' then coalesce(h.old ->> 'name',
                        (select g.name from tags g where g.id = (h.old ->> 'tag_id')::uuid)) end,
                   case when h.operation = 'insert' then (select g.name from contact_tags x
                        join tags g on g.id = x.tag_id where x.id = h.row_id) end
            where h.operation <> 'update') k (field, old, new)
     ) t
     group by t.tx, t.actor
     having (max(t.at), md5('tx:' || t.tx)::uuid)
            < (coalesce(:before_at::timestamptz, 'infinity'),
            coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by max(t.at) desc, md5('tx:' || t.tx)::uuid desc
     limit :row_limit)),
page as (
    select * from found order by at desc, id desc limit :row_limit)
select page.*, lag(at) over line as previous_at,
       coalesce(kind = 'message' and lag(kind) over line = 'message'
                and direction = lag(direction) over line
                and channel = lag(channel) over line
                and actor is not distinct from lag(actor) over line
                and at - lag(at) over line < interval '5 minutes', false) as goes_on
from page
window line as (order by at, id)
order by at, id;

-- name: timeline_later
-- The times and ids of up to row_limit items newer than (after_at, after_id), oldest first. A page of
-- newer items is what the timeline has up to the last of them.
with found as (
    (select m.occurred_at as at, m.id from messages m
     where m.contact_id = :contact_id and :show::text in ('everything', 'messages')
       and (m.occurred_at, m.id) > (:after_at::timestamptz, :after_id::uuid)
     order by m.occurred_at, m.id limit :row_limit)
    union all
    (select k.occurred_at, k.id from calls k
     where k.contact_id = :contact_id
       and (:show::text in ('everything', 'calls')
            or :show::text = 'ai' and exists (select from vapi_calls v where v.call_id = k.id))
       and (k.occurred_at, k.id) > (:after_at::timestamptz, :after_id::uuid)
     order by k.occurred_at, k.id limit :row_limit)
    union all
    (select coalesce(v.started_at, v.created_at), v.id from vapi_calls v
     where v.contact_id = :contact_id and :show::text in ('everything', 'calls', 'ai')
       and not exists (select from calls k where k.id = v.call_id and k.contact_id = v.contact_id)
       and (coalesce(v.started_at, v.created_at), v.id) > (:after_at::timestamptz, :after_id::uuid)
     order by coalesce(v.started_at, v.created_at), v.id limit :row_limit)
    union all
    (select e.occurred_at, e.id from emails e
     where e.contact_id = :contact_id and :show::text in ('everything', 'emails')
       and (e.occurred_at, e.id) > (:after_at::timestamptz, :after_id::uuid)
     order by e.occurred_at, e.id limit :row_limit)
    union all
    (select coalesce(a.completed_at, a.created_at), a.id from activities a
     where a.contact_id = :contact_id
       and (:show::text = 'everything' or :show::text = 'notes' and a.type = 'note'
            or :show::text = 'tasks' and a.type <> 'note')
       and (coalesce(a.completed_at, a.created_at), a.id) > (:after_at::timestamptz, :after_id::uuid)
     order by coalesce(a.completed_at, a.created_at), a.id limit :row_limit)
    union all
    (select h.changed_at, h.id
     from deals d
     join deal_stage_history h on h.deal_id = d.id
     where d.contact_id = :contact_id and d.deleted_at is null
       and :show::text in ('everything', 'deals')
       and (h.changed_at, h.id) > (:after_at::timestamptz, :after_id::uuid)
     order by h.changed_at, h.id limit :row_limit)
    union all
    (select max(c.at), md5('tx:' || c.tx)::uuid
     from (select l.at, l.tx from app.changes l
           where l.contact_id = :contact_id and :show::text in ('everything', 'changes')
             and l.table_name in ('contacts', 'deals', 'contact_tags', 'documents')
             and (l.operation <> 'insert' or l.table_name = 'contact_tags')
             and (l.operation <> 'update'
                  or l.new - app.untold_columns(l.table_name) <> '{}'::jsonb)
             and l.at >= :after_at::timestamptz
           order by l.at, l.id
           limit :row_limit * 4) c
     group by c.tx
     having (max(c.at), md5('tx:' || c.tx)::uuid) > (:after_at::timestamptz, :after_id::uuid)
     order by max(c.at), md5('tx:' || c.tx)::uuid limit :row_limit))
select at, id from found order by at, id limit :row_limit;

-- name: timeline_unread^
-- How many of the contact's inbound things nobody has read, when the first of them happened, and now:
-- who reads this page has read what was there by then.
select coalesce(sum(v.unread_count), 0)::integer as unread, now() as until,
       min(least(
           (select min(m.occurred_at) from messages m
            where m.conversation_id = v.id and m.direction = 'inbound' and m.read_at is null),
           (select min(e.occurred_at) from emails e
            where e.conversation_id = v.id and e.direction = 'inbound' and e.read_at is null),
           (select min(k.occurred_at) from calls k
            where k.conversation_id = v.id and k.direction = 'inbound' and k.read_at is null
              and k.status in ('missed', 'voicemail')))) as first_at
from conversations v
where v.contact_id = :contact_id and v.unread_count > 0;

-- name: full_text$
-- The whole text of one item that the timeline cut short.
select case :kind::text
    when 'email' then (select e.body from emails e where e.id = :id and e.contact_id = :contact_id)
    else coalesce(
        (select coalesce((select v.transcript from vapi_calls v
                          where v.call_id = k.id and v.transcript is not null limit 1), k.transcript)
         from calls k where k.id = :id and k.contact_id = :contact_id),
        (select v.transcript from vapi_calls v
         where v.id = :id and v.contact_id = :contact_id))
    end;

-- name: timeline_rows^
-- The newest `most` things of a contact before (before_at, before_id), newest first, as JSON with
-- commas between: each with its kind and the whole row of its own table. last_at and last_id: where
-- older ones go on, if there are any. kinds: any of message, call, email, activity, stage_change, ai_call.
with found as (
    (select 'message' as kind, m.id, m.occurred_at as at from messages m
     where m.contact_id = :contact_id and 'message' = any (:kinds::text[])
       and (m.occurred_at, m.id) < (:before_at::timestamptz, :before_id::uuid)
     order by m.occurred_at desc, m.id desc limit :most + 1)
    union all
    (select 'call', k.id, k.occurred_at from calls k
     where k.contact_id = :contact_id and 'call' = any (:kinds::text[])
       and (k.occurred_at, k.id) < (:before_at::timestamptz, :before_id::uuid)
     order by k.occurred_at desc, k.id desc limit :most + 1)
    union all
    (select 'email', e.id, e.occurred_at from emails e
     where e.contact_id = :contact_id and 'email' = any (:kinds::text[])
       and (e.occurred_at, e.id) < (:before_at::timestamptz, :before_id::uuid)
     order by e.occurred_at desc, e.id desc limit :most + 1)
    union all
    (select 'activity', a.id, a.created_at from activities a
     where a.contact_id = :contact_id and 'activity' = any (:kinds::text[])
       and (a.created_at, a.id) < (:before_at::timestamptz, :before_id::uuid)
     order by a.created_at desc, a.id desc limit :most + 1)
    union all
    (select 'ai_call', v.id, v.created_at from vapi_calls v
     where v.contact_id = :contact_id and 'ai_call' = any (:kinds::text[])
       and (v.created_at, v.id) < (:before_at::timestamptz, :before_id::uuid)
     order by v.created_at desc, v.id desc limit :most + 1)
    union all
    (select 'stage_change', h.id, h.changed_at
     from deals d
     join deal_stage_history h on h.deal_id = d.id
     where d.contact_id = :contact_id and d.deleted_at is null
       and 'stage_change' = any (:kinds::text[])
       and (h.changed_at, h.id) < (:before_at::timestamptz, :before_id::uuid)
     order by h.changed_at desc, h.id desc limit :most + 1)),
page as (
    select kind, id, at, row_number() over (order by at desc, id desc) as place
    from found order by at desc, id desc limit :most + 1)
select string_agg(json_build_object('kind', p.kind, 'at', p.at, 'item', case p.kind
           when 'message' then (select row_to_json(m) from messages m where m.id = p.id)
           when 'call' then (select row_to_json(k) from calls k where k.id = p.id)
           when 'email' then (select row_to_json(e) from emails e where e.id = p.id)
           when 'activity' then (select row_to_json(a) from activities a where a.id = p.id)
           when 'ai_call' then (select row_to_json(v) from vapi_calls v where v.id = p.id)
           else (select row_to_json(h) from deal_stage_history h where h.id = p.id)
       end)::text, ',' order by p.place) filter (where p.place <= :most) as items,
       case when count(*) > :most then min(p.at::text) filter (where p.place = :most) end as last_at,
       case when count(*) > :most then min(p.id::text) filter (where p.place = :most) end as last_id
from page p;
