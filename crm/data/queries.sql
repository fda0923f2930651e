-- Data: what the page shows, and the files of an export. Everything runs as the caller.

-- name: last_imports
-- The newest imports.
select i.id, i.filename, i.status, i.created_count, i.updated_count, i.failed_count, i.created_at
from app.imports i
order by i.created_at desc, i.id desc
limit 5;

-- name: last_exports
-- The newest exports; is_running: it went on within the last minute.
select e.id, e.what, coalesce(nullif(u.name, ''), u.email, '') as person, e.rows_written,
       e.bytes_sent, e.created_at, e.finished_at,
       e.finished_at is null and e.told_at > now() - interval '1 minute' as is_running
from app.exports e
left join app.users u on u.id = e.created_by
order by e.created_at desc, e.id desc
limit 8;

-- name: row_estimates^
-- About how many rows each file would have, from the planner's statistics.
select max(t.row_estimate) filter (where t.name = 'contacts') as contacts,
       max(t.row_estimate) filter (where t.name = 'deals') as deals,
       max(t.row_estimate) filter (where t.name = 'activities') as activities,
       sum(t.row_estimate) filter (where t.name not like 'app.%')::bigint as workspace,
       sum(t.heap_bytes + t.toast_bytes) filter (where t.name not like 'app.%')::bigint as bytes
from app.table_statistics() t;

-- name: in_trash
-- How much waits in the trash, a thousand at most, and when the first and the last of it go for ever.
select 'contacts' as kind, count(*) as waiting,
       min(c.deleted_at) + make_interval(days => app.trash_days()) as first_goes,
       (select max(n.deleted_at) from contacts n where n.deleted_at is not null)
           + make_interval(days => app.trash_days()) as last_goes
from (select deleted_at from contacts where deleted_at is not null
      order by deleted_at limit 1001) c
union all
select 'deals', count(*), min(d.deleted_at) + make_interval(days => app.trash_days()),
       (select max(n.deleted_at) from deals n where n.deleted_at is not null)
           + make_interval(days => app.trash_days())
from (select deleted_at from deals where deleted_at is not null
      order by deleted_at limit 1001) d;

-- name: trash_days$
-- Days until the trash is emptied.
select app.trash_days();

-- name: last_backups
-- The newest backups that crm db backup made.
select b.id, b.file, b.tables, b.rows_saved, b.bytes, b.created_at
from app.backups b
order by b.created_at desc
limit 3;

-- name: deals
-- Deals that are not in the trash, nor their contact, for a spreadsheet.
select d.name as "Name", app.shown_name(c) as "Contact",
       coalesce(p.name, d.pipeline)::text as "Pipeline", coalesce(s.label, d.stage)::text as "Stage",
       d.value as "Value", d.currency as "Currency", d.probability as "Probability",
       u.name::text as "Owner", d.expected_close_date as "Expected close",
       d.actual_close_date as "Closed", d.source as "Source", d.campaign as "Campaign",
       d.next_step as "Next step", d.lost_reason as "Lost because", d.won_reason as "Won because",
       d.competitor as "Competitor", d.notes as "Notes",
       (select string_agg(t.name, '; ' order by lower(t.name))
        from deal_tags dt join tags t on t.id = dt.tag_id where dt.deal_id = d.id) as "Tags",
       d.custom_fields as "Other fields", d.stage_changed_at as "In stage since",
       d.created_at as "Created", d.id as "Id", d.contact_id as "Contact id"
from deals d
join contacts c on c.id = d.contact_id
left join app.pipelines p on p.key = d.pipeline
left join app.pipeline_stages s on s.pipeline = d.pipeline and s.key = d.stage
left join app.users u on u.id = d.assigned_to
where d.deleted_at is null and c.deleted_at is null;

-- name: activities
-- Activities of what is not in the trash, for a spreadsheet.
select a.title as "Title", a.type as "Type", a.status as "Status", a.priority as "Priority",
       a.due_date as "Due", a.is_all_day as "All day", a.duration_minutes as "Minutes",
       app.shown_name(c) as "Contact", d.name as "Deal", u.name::text as "Owner",
       a.location as "Place", a.description as "Description", a.completed_at as "Completed",
       a.result as "Result", a.next_action as "Next action", a.recurrence_rule as "Repeats",
       a.created_at as "Created", a.id as "Id", a.contact_id as "Contact id", a.deal_id as "Deal id"
from activities a
left join contacts c on c.id = a.contact_id
left join deals d on d.id = a.deal_id
left join app.users u on u.id = a.assigned_to
where c.deleted_at is null and d.deleted_at is null;

-- name: all_people
-- Whose the ids of people in the other files are.
select u.id, u.name::text, u.email::text, u.role, u.is_active, u.created_at from app.users u;

-- name: all_custom_fields
-- What the keys in custom_fields mean.
select * from app.custom_fields;

-- name: all_contacts
-- Every row.
select * from contacts;

-- name: all_tags
-- Every row.
select * from tags;

-- name: all_contact_tags
-- Every row.
select * from contact_tags;

-- name: all_conversations
-- Every row.
select * from conversations;

-- name: all_messages
-- Every row.
select * from messages;

-- name: all_calls
-- Every row.
select * from calls;

-- name: all_emails
-- Every row.
select * from emails;

-- name: all_activities
-- Every row.
select * from activities;

-- name: all_deals
-- Every row.
select * from deals;

-- name: all_deal_tags
-- Every row.
select * from deal_tags;

-- name: all_deal_stage_history
-- Every row.
select * from deal_stage_history;

-- name: all_documents
-- Every row.
select * from documents;

-- name: all_assistants
-- Every row.
select * from assistants;

-- name: all_phone_numbers
-- Every row.
select * from phone_numbers;

-- name: all_vapi_calls
-- Every row.
select * from vapi_calls;
