-- Imports of contacts from files.
--
-- An import is a row of app.imports from the moment its file is stored. It moves
--   uploaded -> running -> done | failed | cancelled | interrupted, and done -> undone;
-- failed, cancelled, interrupted and undone may run again from the stored file.
-- The program reads the file, COPYs batches of clean records into app_staging.import_records and
-- calls app.merge_import_records() after each batch, all in ONE transaction that ends with
-- app.finish_import(): contacts, counts and the word "done" appear together or not at all.
-- Locks, in this order: the import's own advisory lock (held while it lives: a "running" import
-- without it was interrupted), the one merge lock of the database (imports and undos follow each
-- other, or two files with the same people would create them twice), then contacts by id.
-- COPY does not go into tables with row level security, so staging has none: it is emptied by each
-- batch, and reachable only by crm_app and the functions below. It is not unlogged: a server killed
-- after a transaction that truncated an unlogged table does not start the first time ("could not
-- create file …: File exists", seen on 18.6), and the log of staging is a tenth of that of contacts.
begin;

create schema if not exists app_staging;

create table if not exists app.imports (
    id uuid primary key default gen_random_uuid(),
    filename varchar(255) not null,
    stored_name varchar(100) not null,
    file_size bigint not null,
    sha256 varchar(64) not null,
    status varchar(20) not null default 'uploaded',
    source varchar(40) not null default 'generic',
    layout jsonb not null default '{}',
    mapping jsonb not null default '[]',
    duplicates varchar(20) not null default 'update',
    add_tags text[] not null default '{}',
    cancel_requested boolean not null default false,
    bytes_read bigint not null default 0,
    rows_read integer not null default 0,
    records_count integer not null default 0,
    created_count integer not null default 0,
    updated_count integer not null default 0,
    skipped_count integer not null default 0,
    failed_count integer not null default 0,
    restored_count integer not null default 0,
    conflict_count integer not null default 0,
    message text not null default '',
    created_by uuid not null default current_user_id(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    started_at timestamptz,
    merged_at timestamptz,
    finished_at timestamptz,
    undone_at timestamptz,
    constraint imports_status_check check (status in (
        'uploaded', 'running', 'done', 'failed', 'cancelled', 'interrupted', 'undone')),
    constraint imports_duplicates_check check (duplicates in ('update', 'overwrite', 'skip')),
    constraint imports_file_size_check check (file_size >= 0)
);
comment on table app.imports is 'Files of contacts: stored, mapped, run, undone.';
comment on column app.imports.stored_name is 'Name of the file in the uploads folder of the data directory.';
comment on column app.imports.layout is 'How the file is read: encoding, delimiter, header line, headers.';
comment on column app.imports.mapping is 'One entry for each column of the file: the field it goes to, or null.';
comment on column app.imports.duplicates is
    'A contact that is already there: update fills what is empty, overwrite replaces, skip leaves it.';
comment on column app.imports.records_count is
    'People and companies found: created + updated + skipped. A PropStream row may hold two.';
comment on column app.imports.merged_at is 'Time of the transaction that wrote: created_at of all it made.';
comment on column app.imports.conflict_count is
    'Contacts that the undo left, because something newer stands in the way.';
create index if not exists imports_created_at_idx on app.imports (created_at desc, id desc);
create index if not exists imports_created_by_idx on app.imports (created_by, created_at desc);

create table if not exists app.import_bad_rows (
    import_id uuid not null references app.imports (id) on delete cascade,
    line integer not null,
    reason text not null,
    cells jsonb not null,
    constraint import_bad_rows_pkey primary key (import_id, line)
);
comment on table app.import_bad_rows is 'Rows of a file that no contact came from, as they were, and why.';
comment on column app.import_bad_rows.line is 'Line of the file on which the row begins; 1 is the first.';

create table if not exists app.import_changes (
    import_id uuid not null,
    contact_id uuid not null,
    operation varchar(10) not null,
    old jsonb,
    left_updated_at timestamptz not null,
    tag_ids uuid[] not null default '{}',
    conflict text,
    constraint import_changes_pkey primary key (import_id, contact_id),
    constraint import_changes_operation_check check (operation in ('created', 'updated'))
);
comment on table app.import_changes is
    'What an import did to each contact, for its undo. No foreign keys: they would be checked a hundred thousand times.';
comment on column app.import_changes.old is 'The contact before; NULL when created, or when it only got tags.';
comment on column app.import_changes.left_updated_at is
    'updated_at as the import left it: another value later means somebody changed the contact since.';
comment on column app.import_changes.tag_ids is 'Tags that an existing contact got.';
comment on column app.import_changes.conflict is 'Why the undo left this contact as it is.';

create table if not exists app.import_tags (
    import_id uuid not null references app.imports (id) on delete cascade,
    tag_id uuid not null,
    left_updated_at timestamptz not null,
    constraint import_tags_pkey primary key (import_id, tag_id)
);
comment on table app.import_tags is 'Tags that an import created, for its undo.';

-- One batch of clean records. rec numbers them within the import; line is where they stand in the
-- file. A bad row has a reason and its cells, and nothing else.
create table if not exists app_staging.import_records (
    rec integer not null,
    line integer not null,
    reason text,
    cells text,
    first_name text,
    last_name text,
    llc_name text,
    job_title text,
    phone1 text,
    phone2 text,
    phone3 text,
    email1 text,
    email2 text,
    email3 text,
    mailing_address text,
    property_address text,
    city text,
    state text,
    zip_code text,
    property_county text,
    property_type text,
    bedrooms integer,
    total_bathrooms numeric(5, 2),
    building_sqft integer,
    lot_size_sqft integer,
    effective_year_built integer,
    est_value numeric(15, 2),
    debt_owed numeric(15, 2),
    est_equity numeric(15, 2),
    last_sale_date date,
    last_sale_amount numeric(15, 2),
    deal_status text,
    lead_source text,
    assigned_to uuid,
    dnc boolean,
    dnc_reason text,
    sms_opt_out boolean,
    email_opt_out boolean,
    notes text,
    custom_fields jsonb,
    other_properties text[],
    tags text[]
);
comment on table app_staging.import_records is 'The batch of an import that is being merged.';

create table if not exists app_staging.import_matches (
    rec integer not null,
    contact_id uuid not null,
    created_at timestamptz not null
);
comment on table app_staging.import_matches is 'Contacts that a record of the batch could be.';

create table if not exists app_staging.import_targets (
    rec integer not null,
    contact_id uuid not null,
    turn integer not null
);
comment on table app_staging.import_targets is
    'Where each record of the batch goes: turn 0 a new contact; 1, 2, … an existing one, in this order.';

alter table app.imports enable row level security;
alter table app.import_bad_rows enable row level security;
alter table app.import_changes enable row level security;
alter table app.import_tags enable row level security;

create or replace function app.may_import() returns boolean
language sql stable security definer as $$
    select coalesce(app.caller_role() in ('owner', 'admin', 'manager', 'agent'), false);
$$;
comment on function app.may_import() is 'Whether the caller may import: owner, admin, manager or agent.';

create or replace function app.sees_import(creator uuid) returns boolean
language sql stable security definer as $$
    select coalesce(app.caller_role() in ('owner', 'admin', 'manager'), false)
        or (app.caller_role() is not null and creator = current_user_id());
$$;
comment on function app.sees_import(uuid) is
    'Whether the caller sees an import: its creator, an owner, an admin or a manager.';

drop policy if exists imports_select on app.imports;
create policy imports_select on app.imports for select to authenticated using (
    (select app.caller_role()) in ('owner', 'admin', 'manager')
    or ((select app.caller_role()) is not null and created_by = (select current_user_id())));
drop policy if exists imports_insert on app.imports;
create policy imports_insert on app.imports for insert to authenticated with check (
    (select app.may_import()) and created_by = (select current_user_id()));
drop policy if exists imports_update on app.imports;
create policy imports_update on app.imports for update to authenticated
    using ((select app.may_import()) and status <> 'running' and (
        created_by = (select current_user_id())
        or (select app.caller_role()) in ('owner', 'admin', 'manager')));
drop policy if exists import_bad_rows_select on app.import_bad_rows;
create policy import_bad_rows_select on app.import_bad_rows for select to authenticated using (
    exists (select from app.imports i where i.id = import_id));
drop policy if exists import_changes_select on app.import_changes;
create policy import_changes_select on app.import_changes for select to authenticated using (
    exists (select from app.imports i where i.id = import_id));
drop policy if exists import_tags_select on app.import_tags;
create policy import_tags_select on app.import_tags for select to authenticated using (
    exists (select from app.imports i where i.id = import_id));

create or replace function app.check_import(for_import uuid) returns app.imports
language plpgsql security definer as $$
declare
    found_import app.imports;
begin
    select * into found_import from app.imports i where i.id = for_import;
    if not found or not app.sees_import(found_import.created_by) then
        raise exception 'there is no import %', for_import using errcode = 'P0002';
    end if;
    if not app.may_import() then
        raise exception 'your role may not import contacts' using errcode = '42501';
    end if;
    return found_import;
end;
$$;
comment on function app.check_import(uuid) is
    'The import, if the caller may run and undo it; P0002 or 42501 if not.';

create or replace function app.find_importer(with_email text)
returns table (user_id uuid, role text, name text, email text)
language sql stable security definer as $$
    select u.id, u.role::text, u.name::text, u.email::text
    from app.users u
    where u.is_active and u.role <> 'viewer' and (
        lower(u.email) = lower(with_email)
        or (with_email = '' and u.role = 'owner'
            and 1 = (select count(*) from app.users o where o.role = 'owner' and o.is_active)));
$$;
comment on function app.find_importer(text) is
    'Who imports from the command line: the person of this address, or for an empty one the only owner.';

-- 1229803084 is the class of all advisory locks of imports; 0 in it is the merge lock.
create or replace function app.claim_import(for_import uuid) returns boolean
language sql security definer as $$
    select pg_try_advisory_xact_lock(1229803084, hashtext(for_import::text));
$$;
comment on function app.claim_import(uuid) is
    'Take the import''s own lock until the transaction ends; false when somebody else runs it.';

create or replace function app.claim_merge() returns boolean
language sql security definer as $$
    select pg_try_advisory_xact_lock(1229803084, 0);
$$;
comment on function app.claim_merge() is
    'Take the one lock under which contacts are merged; false while another import or undo has it.';

create or replace function app.start_import(for_import uuid) returns void
language plpgsql security definer as $$
declare
    the_import app.imports := app.check_import(for_import);
begin
    if the_import.status = 'done' then
        raise exception 'this import is done; undo it before running it again' using errcode = '55000';
    end if;
    delete from app.import_bad_rows where import_id = for_import;
    delete from app.import_changes where import_id = for_import;
    delete from app.import_tags where import_id = for_import;
    update app.imports
    set status = 'running', cancel_requested = false, message = '', bytes_read = 0, rows_read = 0,
        records_count = 0, created_count = 0, updated_count = 0, skipped_count = 0,
        failed_count = 0, restored_count = 0, conflict_count = 0, started_at = now(),
        merged_at = null, finished_at = null, undone_at = null, updated_at = now()
    where id = for_import;
end;
$$;
comment on function app.start_import(uuid) is
    'Mark an import as running, with empty counts. The caller holds its lock in another transaction.';

create or replace function app.report_import(
    for_import uuid, bytes_done bigint, rows_done integer, records integer,
    created integer, updated integer, failed integer, note text
) returns boolean
language sql security definer as $$
    update app.imports
    set bytes_read = bytes_done, rows_read = rows_done, records_count = records,
        created_count = created, updated_count = updated,
        skipped_count = greatest(records - created - updated, 0), failed_count = failed,
        message = note, updated_at = now()
    where id = for_import and status = 'running'
    returning cancel_requested;
$$;
comment on function app.report_import(uuid, bigint, integer, integer, integer, integer, integer, text) is
    'How far a running import is, for those who watch; answers whether somebody asked to cancel it.';

create or replace function app.cancel_import(for_import uuid) returns void
language plpgsql security definer as $$
begin
    perform app.check_import(for_import);
    update app.imports set cancel_requested = true where id = for_import and status = 'running';
end;
$$;
comment on function app.cancel_import(uuid) is 'Ask a running import to stop; nothing of it stays.';

create or replace function app.end_import(for_import uuid, end_status text, note text) returns void
language sql security definer as $$
    update app.imports
    set status = end_status, message = note, created_count = 0, updated_count = 0,
        skipped_count = 0, finished_at = now(), updated_at = now()
    where id = for_import and status in ('running', 'interrupted', 'uploaded');
$$;
comment on function app.end_import(uuid, text, text) is
    'An import ended without a result: failed or cancelled. Its transaction was rolled back.';

create or replace function app.mark_interrupted_imports() returns integer
language plpgsql security definer as $$
declare
    marked integer;
begin
    update app.imports i
    set status = 'interrupted', created_count = 0, updated_count = 0, skipped_count = 0,
        message = 'The program or the database stopped in the middle. Nothing was imported; run it again.',
        finished_at = now(), updated_at = now()
    where i.status = 'running' and not exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.classid = 1229803084
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
          and l.objid::bigint = hashtext(i.id::text)::bigint & 4294967295);
    get diagnostics marked = row_count;
    return marked;
end;
$$;
comment on function app.mark_interrupted_imports() is
    'Imports that say running while nobody holds their lock were killed: say so. Returns how many.';

-- GIN indexes of contacts keep a short list of pending entries (017: 256 kB), which makes search
-- fast and inserts slow: every 100 contacts the list is merged into the index. With 4 MB a bulk
-- insert takes half the time (performance.md 1.1b). ALTER INDEX needs the index for itself for a
-- moment, so the caller sets a short lock_timeout and goes on without when it does not get it.
create or replace function app.import_bulk_mode(bulk boolean) returns integer
language plpgsql security definer as $$
declare
    index_name regclass; -- a checked name, quoted where it must be
    changed integer := 0;
begin
    for index_name in
        select c.oid::regclass
        from pg_index x
        join pg_class c on c.oid = x.indexrelid
        join pg_am a on a.oid = c.relam and a.amname = 'gin'
        where x.indrelid = 'contacts'::regclass
          -- One that an import left behind in bulk mode counts as well: the next one puts it right.
          and ('gin_pending_list_limit=4096' = any (c.reloptions)
               or (bulk and 'gin_pending_list_limit=256' = any (c.reloptions)))
    loop
        execute format('alter index %s set (gin_pending_list_limit = %s)', index_name,
                       case when bulk then 4096 else 256 end);
        changed := changed + 1;
    end loop;
    return changed;
end;
$$;
comment on function app.import_bulk_mode(boolean) is
    'Longer pending lists for the GIN indexes of contacts while a big import runs; returns how many changed.';

create or replace function app.tidy_after_import() returns void
language plpgsql security definer as $$
begin
    perform gin_clean_pending_list(c.oid)
    from pg_index x
    join pg_class c on c.oid = x.indexrelid
    join pg_am a on a.oid = c.relam and a.amname = 'gin'
    where x.indrelid = 'contacts'::regclass;
    analyze contacts, contact_tags;
end;
$$;
comment on function app.tidy_after_import() is
    'After a big import: empty the pending lists of the GIN indexes of contacts, so that search is fast at once, and refresh the planner''s statistics.';

commit;
