-- Documents: versions in their order, links that nobody makes blindly, and the bytes of the store.
--
-- A document is a family of rows: the first version, and later ones whose parent_document_id is the
-- first. A new version gets the next number here, under an advisory lock of its family: two uploads
-- at once become 2 and 3. All versions hang on the same contact, deal and activity; when the first is
-- deleted, the oldest that is left takes its place.
-- Whoever row level security restricts links a document only to what they see (what they do not see
-- does not exist, 23503), and never changes what was stored: path, size, checksum, type, version.
--
-- Bytes and rows cannot be one transaction, so app.document_files lists the paths whose bytes may
-- have to go: a path is noted before its bytes are written and struck out by its row; it is noted
-- again when a row with it is deleted. The program asks for what is due (a day after an upload that
-- never got its row, at once after a delete), removes the bytes that no row uses, and strikes it out.
begin;

create table if not exists app.document_files (
    file_path text not null,
    remove_after timestamptz not null,
    created_at timestamptz not null default now(),
    constraint document_files_pkey primary key (file_path)
);
create index if not exists document_files_remove_after_idx on app.document_files (remove_after);
comment on table app.document_files is
    'Files of the store without a row that is sure: uploads under way, and documents that were deleted.';
comment on column app.document_files.remove_after is 'From when on the bytes go, if no document uses them.';
alter table app.document_files enable row level security;

-- Families as they are kept from here on, once, before the index demands it ----------------------------

do $$
begin
    if to_regclass('documents_family_version_key') is not null then
        return;
    end if;
    loop
        update documents d set parent_document_id = p.parent_document_id
        from documents p
        where p.id = d.parent_document_id and p.parent_document_id is not null
          and p.parent_document_id <> d.id;
        exit when not found;
    end loop;
    update documents d set version = n.place
    from (
        select id, coalesce(parent_document_id, id) as family, row_number() over (
            partition by coalesce(parent_document_id, id)
            order by parent_document_id is not null, version, uploaded_at, id) as place
        from documents) n
    where n.id = d.id and n.family in (
        select coalesce(parent_document_id, id) from documents
        group by coalesce(parent_document_id, id), version having count(*) > 1);
end;
$$;

create unique index if not exists documents_family_version_key
    on documents (coalesce(parent_document_id, id), version);
create index if not exists documents_file_path_idx on documents (file_path);

-- Before a row is stored -------------------------------------------------------------------------------

create or replace function app.check_document() returns trigger
language plpgsql as $$
declare
    known documents; -- whose links somebody made who saw them: the row before, or another version
    missing text;
begin
    if tg_op = 'UPDATE' then
        known := old;
        if (new.parent_document_id, new.file_path, new.file_size, new.mime_type, new.version,
            new.checksum, new.uploaded_by, new.uploaded_at) is distinct from
           (old.parent_document_id, old.file_path, old.file_size, old.mime_type, old.version,
            old.checksum, old.uploaded_by, old.uploaded_at) and row_security_active('documents') then
            raise exception 'what was stored does not change; store a new version'
                using errcode = 'insufficient_privilege';
        end if;
    elsif new.parent_document_id is not null then
        -- Read as the caller: nobody adds a version to a document that they do not see.
        select * into known from documents p where p.id = new.parent_document_id;
        if known.id is null then
            missing := 'parent_document_id';
        else
            new.parent_document_id := coalesce(known.parent_document_id, known.id);
            perform pg_advisory_xact_lock(
                hashtextextended('document ' || new.parent_document_id, 122));
            new.version := greatest(new.version, 1 + (
                select max(d.version) from documents d
                where coalesce(d.parent_document_id, d.id) = new.parent_document_id));
        end if;
    end if;
    if new.contact_id is not null and new.contact_id is distinct from known.contact_id
            and not exists (select from contacts c where c.id = new.contact_id) then
        missing := 'contact_id';
    elsif new.deal_id is not null and new.deal_id is distinct from known.deal_id
            and not exists (select from deals d where d.id = new.deal_id) then
        missing := 'deal_id';
    elsif new.activity_id is not null and new.activity_id is distinct from known.activity_id
            and not exists (select from activities a where a.id = new.activity_id) then
        missing := 'activity_id';
    end if;
    if missing is not null then
        raise exception 'the record of % does not exist', missing
            using errcode = 'foreign_key_violation', constraint = 'documents_' || missing || '_fkey',
                  table = 'documents', column = missing;
    end if;
    return new;
end;
$$;
comment on function app.check_document() is
    'Trigger: a new version gets its number; links lead only to what the caller sees; what was stored stays.';

drop trigger if exists documents_check_stored on documents;
create trigger documents_check_stored before insert or update on documents
    for each row execute function app.check_document();

-- After rows were stored, changed, deleted ---------------------------------------------------------------

create or replace function app.strike_document_files() returns trigger
language plpgsql security definer as $$
begin
    delete from app.document_files f
    where f.file_path = any (array(select n.file_path from new_rows n));
    return null;
end;
$$;
comment on function app.strike_document_files() is 'Trigger: bytes that have a row are no longer waited for.';

create or replace function app.note_document_files() returns trigger
language plpgsql security definer as $$
begin
    insert into app.document_files (file_path, remove_after)
    select distinct o.file_path, now() from old_rows o order by o.file_path
    on conflict (file_path) do update set remove_after = excluded.remove_after;
    return null;
end;
$$;
comment on function app.note_document_files() is
    'Trigger: the bytes of deleted documents go after the commit, if no other document uses them.';

create or replace function app.move_document_family() returns trigger
language plpgsql security definer as $$
begin
    -- The row as it is now, not NEW: a cascade changes contact and deal one after the other, and its
    -- triggers run when both are done.
    update documents d
    set contact_id = n.contact_id, deal_id = n.deal_id, activity_id = n.activity_id
    from documents n
    where n.id = new.id
      and coalesce(d.parent_document_id, d.id) = coalesce(n.parent_document_id, n.id)
      and (d.contact_id, d.deal_id, d.activity_id)
          is distinct from (n.contact_id, n.deal_id, n.activity_id);
    return null;
end;
$$;
comment on function app.move_document_family() is
    'Trigger: all versions of a document hang on the same contact, deal and activity.';

create or replace function app.reunite_document_families() returns trigger
language plpgsql security definer as $$
declare
    lost record;
    members uuid[];
begin
    -- Deleting a first version sets the parent of all others to NULL in one statement.
    for lost in
        select o.parent_document_id as first, array_agg(o.id) as ids from old_rows o
        where o.parent_document_id is not null
        group by o.parent_document_id
        order by o.parent_document_id
    loop
        continue when exists (select from documents d where d.id = lost.first);
        members := array(
            select d.id from documents d
            where d.id = any (lost.ids) and d.parent_document_id is null
            order by d.version);
        update documents d set parent_document_id = members[1]
        where d.id = any (members[2:]);
    end loop;
    return null;
end;
$$;
comment on function app.reunite_document_families() is
    'Trigger: when the first version is deleted, the oldest of the others becomes the first.';

drop trigger if exists documents_strike_files on documents;
create trigger documents_strike_files after insert on documents
    referencing new table as new_rows
    for each statement execute function app.strike_document_files();
drop trigger if exists documents_note_files on documents;
create trigger documents_note_files after delete on documents
    referencing old table as old_rows
    for each statement execute function app.note_document_files();
drop trigger if exists documents_move_family on documents;
create trigger documents_move_family after update on documents
    for each row when ((old.contact_id, old.deal_id, old.activity_id)
        is distinct from (new.contact_id, new.deal_id, new.activity_id))
    execute function app.move_document_family();
drop trigger if exists documents_reunite_families on documents;
create trigger documents_reunite_families after update on documents
    referencing old table as old_rows
    for each statement execute function app.reunite_document_families();

-- What the program calls between its transactions ---------------------------------------------------------

create or replace function app.expect_document_file(path text) returns void
language plpgsql security definer as $$
begin
    insert into app.document_files (file_path, remove_after) values (path, now() + interval '1 day')
    on conflict (file_path) do nothing;
end;
$$;
comment on function app.expect_document_file(text) is
    'Note that bytes are about to be written; without a row they go after a day.';

create or replace function app.due_document_files(max_rows integer) returns setof text
language plpgsql security definer as $$
begin
    delete from app.document_files f
    where f.remove_after <= now()
      and exists (select from documents d where d.file_path = f.file_path);
    return query
    select f.file_path from app.document_files f
    where f.remove_after <= now()
    order by f.remove_after
    limit max_rows;
end;
$$;
comment on function app.due_document_files(integer) is
    'Paths whose bytes are to be removed now: no document uses them.';

create or replace function app.forget_document_files(paths text[]) returns void
language plpgsql security definer as $$
begin
    delete from app.document_files f where f.file_path = any (paths);
end;
$$;
comment on function app.forget_document_files(text[]) is 'Their bytes are gone from the store.';

create or replace function app.count_document_access(document uuid) returns void
language plpgsql security definer as $$
begin
    -- Reading is no change: whoever edits the document meanwhile meets no conflict.
    perform set_config('app.keep_updated_at', 'on', true);
    update documents d set access_count = d.access_count + 1, last_accessed_at = now()
    where d.id = document;
    perform set_config('app.keep_updated_at', 'off', true);
end;
$$;
comment on function app.count_document_access(uuid) is 'A document was opened or downloaded.';

do $$
declare
    signature regprocedure;
    caller text;
begin
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('check_document', 'nobody'), ('strike_document_files', 'nobody'),
            ('note_document_files', 'nobody'), ('move_document_family', 'nobody'),
            ('reunite_document_families', 'nobody'), ('expect_document_file', 'crm_app'),
            ('due_document_files', 'crm_app'), ('forget_document_files', 'crm_app'),
            ('count_document_access', 'crm_app')
        ) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'authenticated') then
        revoke all on app.document_files from authenticated;
    end if;
    if exists (select from pg_roles where rolname = 'service_role') then
        grant all on app.document_files to service_role;
    end if;
end;
$$;

commit;
