-- The change log: who changed what, when, through which door; what it was before.
--
-- A row of app.changes is written by a trigger (113) in the transaction that makes the change, and by
-- nobody else: it exists exactly when the change does. It feeds the timeline, undo (114), live pages
-- (115) and the change feed of the API. Its only later change is undone_at, when a change that undoes
-- it is written, and back to NULL when that one is undone in turn.
-- Readers in order: ids are given before a transaction commits, so the highest id says nothing. A
-- reader takes rows with tx < txid_snapshot_xmin(txid_current_snapshot()) ordered by (tx, id): every
-- transaction below is over, nothing can appear there any more (query changes_feed of crm/changes).
-- Locks: none but the new row's own.
begin;
set local client_min_messages = warning;

create table if not exists app.logged_tables (
    table_name text not null,
    resource text not null,
    audience varchar(20) not null,
    constraint logged_tables_pkey primary key (table_name),
    constraint logged_tables_audience_check check (audience in ('contact', 'everybody', 'admins'))
);
comment on table app.logged_tables is
    'Tables whose changes are logged; filled by app.log_changes_of().';
comment on column app.logged_tables.resource is 'The scope whose read access shows its changes.';
comment on column app.logged_tables.audience is
    'Who sees its changes: who sees the contact they hang on, every member, or owners and admins.';

create table if not exists app.changes (
    id bigint generated always as identity,
    tx bigint not null default txid_current(),
    at timestamptz not null default now(),
    actor uuid,
    source text not null,
    client text,
    batch text,
    table_name text not null,
    row_id uuid,
    contact_id uuid,
    parent_id uuid,
    operation varchar(10) not null,
    old jsonb,
    new jsonb,
    undoes bigint,
    undone_at timestamptz,
    constraint changes_pkey primary key (id),
    constraint changes_operation_check check (operation in ('insert', 'update', 'delete'))
);
comment on table app.changes is
    'Every change of a record: who, when, from where, what it was. Written by triggers only.';
comment on column app.changes.tx is 'Transaction; rows of one transaction were changed together.';
comment on column app.changes.actor is 'The person who asked; NULL for psql and the program itself.';
comment on column app.changes.source is
    'The door: web, api, import, undo, upkeep, a vendor; else the name the connection gave itself.';
comment on column app.changes.client is 'The browser tab that wrote, so that it ignores its own echo.';
comment on column app.changes.batch is
    'What belongs together over several transactions: bulk:…, import:…, vapi:….';
comment on column app.changes.row_id is 'NULL: a summary of a bulk change, with {"rows": n} in new.';
comment on column app.changes.contact_id is 'The contact it hangs on, through its deal or activity too.';
comment on column app.changes.parent_id is
    'The conversation of a message, call or e-mail; the deal of a tag, activity or document.';
comment on column app.changes.old is
    'Update: the changed columns before. Delete: the whole row. Insert: NULL.';
comment on column app.changes.new is
    'Update: the changed columns after, without updated_at. Insert: NULL, the row itself has it.';
comment on column app.changes.undoes is 'The change that this one takes back.';

create index if not exists changes_tx_id_idx on app.changes (tx, id);
create index if not exists changes_contact_id_id_idx on app.changes (contact_id, id desc)
    where contact_id is not null;
create index if not exists changes_row_id_id_idx on app.changes (row_id, id desc);
create index if not exists changes_batch_id_idx on app.changes (batch, id) where batch is not null;
-- What the timeline of a contact tells as changes; a message or call pays nothing for it.
create index if not exists changes_contact_id_at_id_idx on app.changes (contact_id, at desc, id desc)
    where table_name in ('contacts', 'deals', 'contact_tags', 'documents')
      and (operation <> 'insert' or table_name = 'contact_tags');
create index if not exists changes_undoes_idx on app.changes (undoes) where undoes is not null;

create or replace function app.readable_logs(own boolean default false) returns text[]
language plpgsql stable security definer as $$
declare
    caller constant text := app.caller_role();
begin
    if caller is null then
        return '{}'::text[];
    end if;
    return array(
        select l.table_name
        from app.logged_tables l
        where (own or l.audience <> 'admins' or caller in ('owner', 'admin'))
          and app.in_scope(l.resource, 'read'));
end;
$$;
comment on function app.readable_logs(boolean) is
    'Tables whose changes the caller''s role and scopes show; with own also those only admins see, for what somebody did themselves.';

alter table app.logged_tables enable row level security;
alter table app.changes enable row level security;

-- In order of cost: arrays and gates once a statement, then columns, then one look at the contact.
do $$
declare
    stranger name;
begin
    for stranger in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on app.changes, app.logged_tables from %I', stranger);
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
        grant select on app.changes, app.logged_tables to service_role;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists changes_select on app.changes;
    create policy changes_select on app.changes for select to authenticated using (
        table_name = any ((select app.readable_logs())::text[])
        and ((select app.sees_all())
             or (contact_id is null and row_id is not null)
             or exists (select from contacts v where v.id = contact_id offset 0))
        or actor = (select current_user_id())
        and table_name = any ((select app.readable_logs(true))::text[]));
    grant select on app.changes to authenticated;
    drop policy if exists logged_tables_select on app.logged_tables;
    create policy logged_tables_select on app.logged_tables for select to authenticated
        using ((select app.caller_role()) is not null);
    grant select on app.logged_tables to authenticated;
end;
$$;

create or replace function app.change_as_json(change app.changes) returns json
language plpgsql stable as $$
begin
    return json_build_object(
        'id', change.id, 'transaction', change.tx, 'at', change.at,
        'actor', change.actor,
        'actor_name', (select u.name from app.users u where u.id = change.actor),
        'source', change.source, 'batch', change.batch, 'table', change.table_name,
        'row_id', change.row_id, 'contact_id', change.contact_id, 'operation', change.operation,
        'fields', case when change.operation = 'update' and change.row_id is not null
            then array(select jsonb_object_keys(change.new) order by 1) else '{}' end,
        'old', change.old, 'new', change.new, 'undoes', change.undoes,
        'undone_at', change.undone_at);
end;
$$;
comment on function app.change_as_json(app.changes) is
    'A change as the API tells it, with the name of who made it.';

-- Keeping ------------------------------------------------------------------------------------

create or replace function app.upkeep_changes() returns integer
language plpgsql security definer as $$
declare
    kept_days constant integer := coalesce(
        (select (s.value #>> '{}')::integer from app.settings s where s.key = 'changes_kept_days'),
        730);
    forgotten integer;
begin
    delete from app.changes c
    using (select o.id from app.changes o order by o.tx, o.id limit 5000) oldest
    where c.id = oldest.id and c.at < now() - make_interval(days => greatest(kept_days, 1));
    get diagnostics forgotten = row_count;
    -- After a dump is loaded into another server the numbers of its transactions mean nothing there.
    update app.changes c set tx = 0 where c.tx > txid_snapshot_xmax(txid_current_snapshot());
    return forgotten;
end;
$$;
comment on function app.upkeep_changes() is
    'Forget changes older than setting changes_kept_days (730), 5,000 at a time; returns how many.';

-- Erasure ------------------------------------------------------------------------------------

create or replace function app.forget_contact(contact uuid) returns text[]
language plpgsql security definer as $$
declare
    files text[];
begin
    if app.caller_role() is null or app.caller_role() not in ('owner', 'admin')
       or not app.in_scope('contacts', 'write') then
        raise exception 'only owners and admins erase a contact for good' using errcode = '42501';
    end if;
    perform from contacts c where c.id = contact for update;
    if not found and not exists (select from app.changes h where h.contact_id = contact) then
        raise exception 'there is no contact %', contact using errcode = 'P0002';
    end if;
    perform set_config('app.changes', 'summary', true);
    with gone as (
        delete from documents d
        where d.contact_id = contact
           or d.deal_id in (select x.id from deals x where x.contact_id = contact)
           or d.activity_id in (select x.id from activities x where x.contact_id = contact)
        returning d.file_path)
    select coalesce(array_agg(g.file_path), '{}') into files from gone g;
    -- The bill of an AI call stays, what was said does not.
    update vapi_calls v
    set name = null, customer_number = null, transcript = null, summary = null, messages = '[]',
        analysis = '{}', artifacts = '{}', recording_url = null, stereo_recording_url = null,
        assistant_overrides = '{}', metadata = '{}', contact_id = null, call_id = null
    where v.contact_id = contact;
    delete from contacts c where c.id = contact;
    perform set_config('app.changes', '', true);
    delete from app.changes h where h.contact_id = contact or h.row_id = contact;
    delete from app.import_changes i where i.contact_id = contact;
    insert into app.changes (actor, source, client, table_name, row_id, operation)
    values (current_user_id(), app.change_source(), nullif(current_setting('app.client', true), ''),
            'contacts', contact, 'delete');
    return files;
end;
$$;
comment on function app.forget_contact(uuid) is
    'Erase a contact for good with everything that hangs on it and all that the log knows of it; owner and admin only. Returns the keys of stored files to remove.';

create or replace function app.change_source() returns text
language plpgsql stable as $$
begin
    return coalesce(nullif(current_setting('app.source', true), ''),
                    nullif(current_setting('application_name', true), ''), 'sql');
end;
$$;
comment on function app.change_source() is
    'The door of this transaction: setting app.source, else what the connection calls itself.';

revoke all on function app.readable_logs(boolean) from public;
revoke all on function app.change_as_json(app.changes) from public;
revoke all on function app.upkeep_changes() from public;
revoke all on function app.forget_contact(uuid) from public;
revoke all on function app.change_source() from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        grant execute on function app.readable_logs(boolean), app.forget_contact(uuid),
            app.change_as_json(app.changes) to authenticated;
    end if;
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.upkeep_changes() to crm_app;
    end if;
end;
$$;

commit;
