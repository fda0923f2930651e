-- What a contact's page keeps beside the contact: the history of consent, and drafts.
--
-- A row of app.consent_events is written by a trigger whenever "do not contact" or an opt-out is set
-- or lifted, in whatever way (page, API, import, a STOP by text message): who, when, why. It is never
-- changed. app.drafts holds what a person began to write to or about a contact, per channel.
-- app.untold_columns() says which changes the timeline leaves out. app.duplicates_of() runs as the
-- owner, because lower() switches indexes off under row level security, and asks who may see what.
begin;
set local client_min_messages = warning;

create table if not exists app.consent_events (
    id bigint generated always as identity,
    contact_id uuid not null,
    what varchar(20) not null,
    is_set boolean not null,
    reason text,
    actor uuid,
    source text not null default '',
    at timestamptz not null default clock_timestamp(),
    constraint consent_events_pkey primary key (id),
    constraint consent_events_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint consent_events_what_check check (what in ('dnc', 'sms_opt_out', 'email_opt_out'))
);
comment on table app.consent_events is
    'When a contact opted out or in again, who wrote it down and why. Written by a trigger only.';
comment on column app.consent_events.is_set is 'True: may not be contacted any more; false: lifted.';
comment on column app.consent_events.actor is 'The person who changed it; NULL for psql and programs.';
comment on column app.consent_events.source is 'The door it came through: web, api, import, a vendor.';
create index if not exists consent_events_contact_id_idx on app.consent_events (contact_id, id desc);

create table if not exists app.drafts (
    user_id uuid not null,
    contact_id uuid not null,
    channel varchar(20) not null,
    content jsonb not null,
    updated_at timestamptz not null default now(),
    constraint drafts_pkey primary key (user_id, contact_id, channel),
    constraint drafts_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade,
    constraint drafts_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint drafts_channel_check check (channel ~ '^[a-z]+$'),
    constraint drafts_content_check
        check (jsonb_typeof(content) = 'object' and length(content::text) <= 100000)
);
comment on table app.drafts is
    'What somebody began to write in the composer of a contact, per channel: note, task, call, ….';
comment on column app.drafts.content is 'The fields of the composer''s form, by name.';
create index if not exists drafts_contact_id_idx on app.drafts (contact_id);

create or replace function app.log_consent() returns trigger
language plpgsql security definer as $$
declare
    given_reason constant text := nullif(current_setting('app.change_reason', true), '');
    door constant text := coalesce(nullif(current_setting('app.source', true), ''), 'psql');
begin
    insert into app.consent_events (contact_id, what, is_set, reason, actor, source)
    select new.id, c.what, c.now_set,
           coalesce(given_reason, case when c.what = 'dnc' and c.now_set then new.dnc_reason end),
           current_user_id(), door
    from (values
        ('dnc', new.dnc, tg_op = 'UPDATE' and old.dnc),
        ('sms_opt_out', new.sms_opt_out, tg_op = 'UPDATE' and old.sms_opt_out),
        ('email_opt_out', new.email_opt_out, tg_op = 'UPDATE' and old.email_opt_out))
        as c (what, now_set, was_set)
    where c.now_set <> c.was_set;
    return null;
end;
$$;
comment on function app.log_consent() is
    'Trigger: each "do not contact" and opt-out that is set or lifted becomes a consent event.';

drop trigger if exists contacts_log_consent_insert on contacts;
create trigger contacts_log_consent_insert after insert on contacts
    for each row when (new.dnc or new.sms_opt_out or new.email_opt_out)
    execute function app.log_consent();
drop trigger if exists contacts_log_consent_update on contacts;
create trigger contacts_log_consent_update
    after update on contacts
    for each row when (old.dnc <> new.dnc or old.sms_opt_out <> new.sms_opt_out
                       or old.email_opt_out <> new.email_opt_out)
    execute function app.log_consent();

alter table app.consent_events enable row level security;
alter table app.drafts enable row level security;
drop policy if exists consent_events_select on app.consent_events;
drop policy if exists drafts_all on app.drafts;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        create policy consent_events_select on app.consent_events for select to authenticated
            using ((select app.caller_role()) is not null
                and (select app.in_scope('contacts', 'read'))
                and exists (select from contacts v where v.id = contact_id offset 0));
        create policy drafts_all on app.drafts for all to authenticated
            using (user_id = (select current_user_id()) and (select app.caller_role()) is not null
                and (select app.in_scope('contacts', 'read'))
                and exists (select from contacts v where v.id = contact_id offset 0))
            with check (user_id = (select current_user_id())
                and (select app.caller_role()) is not null
                and (select app.in_scope('contacts', 'read'))
                and exists (select from contacts v where v.id = contact_id offset 0));
        grant select on app.consent_events to authenticated;
        grant select, insert, update, delete on app.drafts to authenticated;
    end if;
end;
$$;

create or replace function app.untold_columns(of_table text) returns text[]
language sql immutable as $$
    select case of_table
        when 'deals' then array['stage', 'stage_changed_at', 'value', 'probability', 'position',
                                'actual_close_date']
        when 'documents' then array['file_path', 'file_size', 'mime_type', 'file_extension',
                                    'checksum', 'original_name', 'metadata', 'version']
        else '{}' end
$$;
comment on function app.untold_columns(text) is
    'Columns whose changes a contact''s timeline leaves out: a deal''s history tells of them, or only the program cares.';

create or replace function app.duplicates_of(contact uuid) returns setof uuid
language plpgsql stable security definer rows 5 set enable_seqscan = off as $$
declare
    everything constant boolean := app.sees_all();
    me constant uuid := current_user_id();
    phones text[];
    emails text[];
begin
    if app.caller_role() is null or not app.in_scope('contacts', 'read') then
        return;
    end if;
    select array_remove(array[c.phone1, c.phone2, c.phone3]::text[], null),
           array_remove(array[lower(c.email1), lower(c.email2), lower(c.email3)], null)
    into phones, emails
    from contacts c
    where c.id = contact and (everything or c.assigned_to is null or c.assigned_to = me);
    return query
    select c.id
    from contacts c
    where c.deleted_at is null and c.id <> contact
      and (everything or c.assigned_to is null or c.assigned_to = me)
      and c.id = any (array(
        (select t.id from contacts t where t.phone1 = any (phones) limit 100)
        union all
        (select t.id from contacts t where t.phone2 = any (phones) limit 100)
        union all
        (select t.id from contacts t where t.phone3 = any (phones) limit 100)
        union all
        (select t.id from contacts t where lower(t.email1) = any (emails) limit 100)
        union all
        (select t.id from contacts t where lower(t.email2) = any (emails) limit 100)
        union all
        (select t.id from contacts t where lower(t.email3) = any (emails) limit 100)));
end;
$$;
comment on function app.duplicates_of(uuid) is
    'Living contacts that the caller may see and that share a phone or an e-mail with one that the caller may see.';

revoke all on app.consent_events, app.drafts from public;
revoke all on function app.log_consent(), app.untold_columns(text), app.duplicates_of(uuid) from public;
grant execute on function app.untold_columns(text), app.duplicates_of(uuid) to authenticated;

commit;
