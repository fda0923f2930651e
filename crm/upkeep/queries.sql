-- What the program asks in order to run: tasks that are due, numbers, state of the schema.

-- name: upkeep_names
-- The tasks in SQL.
select name from app.upkeep_names() as name;

-- name: be_patient$
-- A task may take longer than a page's query: a limit in milliseconds for this transaction.
select set_config('statement_timeout', :milliseconds, true);

-- name: run_upkeep^
-- Runs one task in SQL when it is due; ran, touched, took (ms), failure.
select r.ran, r.touched, r.took, r.failure from app.run_upkeep(:task, :every_seconds) r;

-- name: start_upkeep$
-- Takes the turn of a task in Python.
select app.start_upkeep(:task, :every_seconds);

-- name: finish_upkeep$
-- Notes how it went.
select app.finish_upkeep(:task, :touched, :took, :failure);

-- name: metrics
-- The numbers that the database counts.
select m.name, m.label, m.value from app.metrics() m;

-- name: missing_files
-- Schema files of this program that the database has not seen.
select path from app.missing_files(:paths, :checksums) as path;
