-- Files that people take out; the rows are noted by db/app/142_statistics.sql.

-- name: take_two_minutes!
-- A part of an export may take longer than a page.
set local statement_timeout = '120s';

-- name: note!
-- How far an export is; the first time makes its row.
select app.note_export(:id, :what, :rows, :bytes, :done);
