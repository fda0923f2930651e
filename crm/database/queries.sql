-- The numbers of the database, for `crm db stats` and for Settings, Database; they come from
-- db/app/142_statistics.sql, which decides who may see them.

-- name: server^
-- The server in one row.
select s.as_of, s.version, s.started_at, s.database, s.bytes, s.counted_since, s.cache_hits,
       s.connections, s.max_connections, s.longest_transaction, s.sees_all, s.replicas, s.wal_kept
from app.server_statistics() s;

-- name: tables
-- Every table, biggest first.
select t.name, t.row_estimate, t.dead_rows, t.heap_bytes, t.toast_bytes, t.index_bytes,
       t.total_bytes, t.vacuumed_at, t.analyzed_at
from app.table_statistics() t;

-- name: indexes
-- Every index, biggest first.
select i.name, i.table_name, i.scans, i.entries_read, i.bytes, i.is_rule, i.is_valid
from app.index_statistics() i;

-- name: statements_state$
-- Whether slow statements are known: ready, missing, not loaded, hidden.
select app.statements_state();

-- name: statements
-- Those that took most time in all.
select s.calls, s.total_ms, s.mean_ms, s.rows_returned, s.statement
from app.slow_statements(:max_rows) s;

-- name: upkeep_runs
-- The tasks that return each minute, and how they went.
select r.name, r.started_at, r.succeeded_at, r.runs, r.failures, r.rows_total, r.ms, r.error
from app.upkeep_runs r
order by r.error = '', r.name;

-- name: note_backup!
-- A backup is complete; as the owner.
insert into app.backups (file, tables, rows_saved, bytes) values (:file, :tables, :rows, :bytes);
