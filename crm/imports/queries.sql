-- Imports of contacts. Reads and the choice of a mapping run as the caller; running an import is
-- done by the program's own login through the functions of db/app/103 to 105.

-- name: act_as!
-- Give the transaction the identity of the person who imports, without that person's role.
select set_config('request.jwt.claims', :claims, true);

-- name: no_time_limit!
-- An undo of a big import takes longer than a page may.
select set_config('statement_timeout', '0', true);

-- name: use_more_memory!
-- For the sorts and joins of one batch.
select set_config('work_mem', '64MB', true);

-- name: wait_briefly!
-- A table in use must not hold the import up, nor the import those who use it.
select set_config('lock_timeout', '300ms', true);

-- name: claim_import$
-- Whether this transaction now runs the import.
select app.claim_import(:id::uuid);

-- name: claim_merge$
-- Whether this transaction may merge contacts now.
select app.claim_merge();

-- name: start_import!
-- From here on the import is running.
select app.start_import(:id::uuid);

-- name: report_import$
-- How far it is; answers whether somebody wants to cancel it.
select app.report_import(:id::uuid, :bytes_read, :rows_read, :records, :created, :updated, :failed, :note);

-- name: merge_import_records^
-- Merge the staged batch; how many contacts it created and updated.
select created, updated from app.merge_import_records(:id::uuid);

-- name: finish_import!
-- Done, with the exact counts.
select app.finish_import(:id::uuid, :records, :rows_read, :failed);

-- name: end_import!
-- Ended without a result: failed or cancelled.
select app.end_import(:id::uuid, :status, :message);

-- name: mark_interrupted_imports$
-- Imports that were killed; how many.
select app.mark_interrupted_imports();

-- name: import_bulk_mode$
-- Longer pending lists for the search indexes while a big import runs; how many changed.
select app.import_bulk_mode(:bulk);

-- name: tidy_after_import!
-- Make search fast again and give the planner fresh statistics.
select app.tidy_after_import();

-- name: cancel_import!
-- Ask a running import to stop.
select app.cancel_import(:id::uuid);

-- name: undo_import^
-- Take an import back.
select restored, removed, conflicts from app.undo_import(:id::uuid);

-- name: add_import<!
-- A file that has just been stored.
insert into app.imports (filename, stored_name, file_size, sha256)
values (:filename, :stored_name, :file_size, :sha256)
returning id;

-- name: describe_import!
-- How a stored file is read and where its columns go.
update app.imports
set source = :source, layout = :layout, mapping = :mapping
where id = :id::uuid;

-- name: choose_import_options!
-- What the person chose before the run.
update app.imports
set mapping = :mapping, duplicates = :duplicates, add_tags = :add_tags
where id = :id::uuid;

-- name: get_import^
-- One import with the name of its creator.
select i.id, i.filename, i.stored_name, i.file_size, i.status, i.source, i.layout, i.mapping,
       i.duplicates, i.add_tags, i.cancel_requested, i.bytes_read, i.rows_read, i.records_count,
       i.created_count, i.updated_count, i.skipped_count, i.failed_count, i.restored_count,
       i.conflict_count, i.message, i.created_by, i.created_at, i.started_at, i.finished_at,
       i.undone_at, coalesce(nullif(u.name, ''), u.email, '') as creator,
       extract(epoch from coalesce(i.finished_at, now()) - i.started_at)::float8 as seconds
from app.imports i
left join app.users u on u.id = i.created_by
where i.id = :id::uuid;

-- name: list_imports
-- The latest imports that the caller may see.
select i.id, i.filename, i.file_size, i.status, i.source, i.rows_read, i.created_count,
       i.updated_count, i.skipped_count, i.failed_count, i.conflict_count, i.message,
       i.created_at, coalesce(nullif(u.name, ''), u.email, '') as creator
from app.imports i
left join app.users u on u.id = i.created_by
order by i.created_at desc, i.id desc
limit 100;

-- name: earlier_import_of_file^
-- Whether the same file was imported before and is still in.
select i.id, i.filename, i.finished_at
from app.imports i
where i.sha256 = :sha256 and i.status = 'done' and i.id <> :id::uuid
order by i.finished_at desc
limit 1;

-- name: list_bad_rows
-- Rows that no contact came from, in the order of the file.
select line, reason, cells
from app.import_bad_rows
where import_id = :id::uuid
order by line
limit :max_rows;

-- name: list_conflicts
-- Contacts that the undo left, and why.
select h.contact_id, h.conflict,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name, c.phone1,
                c.email1, '') as name
from app.import_changes h
left join contacts c on c.id = h.contact_id
where h.import_id = :id::uuid and h.conflict is not null
order by name
limit 100;

-- name: may_import$
-- Whether the caller may import at all.
select app.may_import();

-- name: list_people
-- Who contacts can be assigned to, for a column that names them.
select id, lower(email) as email, lower(name) as name from app.users where is_active;

-- name: find_importer^
-- The person who imports from the command line: by email, or the only owner.
select user_id, role, name, email from app.find_importer(:email);
