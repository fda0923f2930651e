-- Contacts: what changes many of them or one value, what is written on a contact's page (notes are in
-- ../queries.sql), consent, drafts, and duplicates.

-- name: take_two_minutes!
-- A change of many thousands may take longer than a page.
set local statement_timeout = '120s';

-- name: take_half_a_second!
-- A number beside the name of a view is worth no more.
set local statement_timeout = '500ms';

-- name: may_write$
-- Whether the caller is somebody who changes contacts at all.
select app.caller_role() in ('owner', 'admin', 'manager', 'agent') and app.in_scope('contacts', 'write');

-- name: bulk_stage$
-- Moves contacts to a stage; gives how many were in another one.
with done as (
    update contacts set deal_status = :stage
    where id = any (:ids::uuid[]) and deleted_at is null and deal_status <> :stage
    returning id)
select count(*) from done;

-- name: bulk_owner$
-- Gives contacts to a person, or to nobody; gives how many were somebody else's.
with done as (
    update contacts set assigned_to = :owner::uuid
    where id = any (:ids::uuid[]) and deleted_at is null
      and assigned_to is distinct from :owner::uuid
    returning id)
select count(*) from done;

-- name: bulk_delete$
-- Puts contacts in the trash; gives how many.
with done as (
    update contacts set deleted_at = now()
    where id = any (:ids::uuid[]) and deleted_at is null
    returning id)
select count(*) from done;

-- name: make_tag!
-- A tag of this name, unless there is one in any spelling.
insert into tags (name)
select :name::text where not exists (select from tags t where lower(t.name) = lower(:name::text))
on conflict do nothing;

-- name: bulk_tag$
-- Tags contacts; gives how many did not have the tag.
with done as (
    insert into contact_tags (contact_id, tag_id, created_by)
    select c.id, t.id, current_user_id()
    from contacts c
    cross join tags t
    where c.id = any (:ids::uuid[]) and c.deleted_at is null and lower(t.name) = lower(:name)
    order by c.id
    on conflict do nothing
    returning contact_id)
select count(*) from done;

-- name: bulk_untag$
-- Takes a tag off contacts; gives how many had it.
with done as (
    delete from contact_tags ct
    using tags t
    where t.id = ct.tag_id and lower(t.name) = lower(:name) and ct.contact_id = any (:ids::uuid[])
    returning ct.contact_id)
select count(*) from done;

-- name: bulk_task$
-- A task for each contact, given to who is in charge of it, else to the caller; gives how many.
with done as (
    insert into activities (contact_id, type, title, due_date, assigned_to, created_by)
    select c.id, 'task', :title, :due, coalesce(c.assigned_to, current_user_id()), current_user_id()
    from contacts c
    where c.id = any (:ids::uuid[]) and c.deleted_at is null
    order by c.id
    returning id)
select count(*) from done;

-- name: lock_contact$
-- Holds a contact that the caller may change, until the change is done; gives its id, or nothing.
select c.id from contacts c where c.id = :id and c.deleted_at is null for update;

-- name: set_custom_field$
-- Sets one of the workspace's own fields; NULL takes it away. Gives the id, or nothing.
update contacts
set custom_fields = case when :value::jsonb is null then custom_fields - :key::text
                         else custom_fields || jsonb_build_object(:key::text, :value::jsonb) end
where id = :id and deleted_at is null
returning id;

-- name: tags_of
-- The names of a contact's tags.
select t.name::text
from contact_tags ct
join tags t on t.id = ct.tag_id
where ct.contact_id = :id
order by lower(t.name);

-- name: all_tags
-- The names of the tags there are.
select t.name::text from tags t order by lower(t.name) limit 500;

-- name: keep_tags!
-- Takes every tag but those named (in lower case) off a contact.
delete from contact_tags ct
using tags t
where t.id = ct.tag_id and ct.contact_id = :contact_id and lower(t.name) <> all (:names::text[]);

-- name: consent_events
-- Who set or lifted what, when and why, the last one first.
select e.what::text, e.is_set, e.reason, e.source, e.at, u.name::text as actor
from app.consent_events e
left join app.users u on u.id = e.actor
where e.contact_id = :id
order by e.id desc
limit 50;

-- name: give_reason!
-- Why the changes of this transaction are made.
select set_config('app.change_reason', :reason, true);

-- name: set_consent$
-- Sets or lifts "do not contact" or an opt-out; gives the id, or nothing.
update contacts
set dnc = case when :what = 'dnc' then :is_set else dnc end,
    dnc_reason = case when :what = 'dnc' then case when :is_set then :reason::text end
                      else dnc_reason end,
    sms_opt_out = case when :what = 'sms_opt_out' then :is_set else sms_opt_out end,
    email_opt_out = case when :what = 'email_opt_out' then :is_set else email_opt_out end
where id = :id and deleted_at is null
returning id;

-- name: set_stage$
-- Moves a contact to a stage; gives the id, or nothing.
update contacts set deal_status = :stage where id = :id and deleted_at is null returning id;

-- name: duplicates
-- Ids of living contacts that share a phone or an email with a contact, newest first.
select c.id
from contacts c
where c.id = any (array(select app.duplicates_of(:id)))
order by c.created_at desc, c.id
limit 50;

-- name: count_duplicates$
-- How many living contacts share a phone or an email with a contact.
select count(*) from app.duplicates_of(:id);

-- name: add_task!
-- A planned activity of a contact.
insert into activities (
    contact_id, type, title, description, due_date, is_all_day, priority, assigned_to, created_by)
values (
    :contact_id, :type, :title, :body, :due, :all_day, :priority, :assignee, current_user_id());

-- name: log_call!
-- A call that was made or taken on another telephone.
insert into calls (
    contact_id, direction, status, outcome, occurred_at, duration, notes, handled_by, provider,
    read_at)
values (
    :contact_id, :direction, :status, :outcome, :at, :seconds, :note, current_user_id(), 'manual',
    now());

-- name: keep_draft!
-- What the caller began to write to a contact.
insert into app.drafts (user_id, contact_id, channel, content)
values (current_user_id(), :contact_id, :channel, :content)
on conflict (user_id, contact_id, channel) do update
set content = excluded.content, updated_at = now();

-- name: drop_draft!
-- Forgets a draft.
delete from app.drafts
where user_id = current_user_id() and contact_id = :contact_id and channel = :channel;

-- name: drafts_of
-- What the caller began to write to a contact.
select d.channel::text, d.content
from app.drafts d
where d.contact_id = :contact_id and d.user_id = current_user_id();
