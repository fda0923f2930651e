-- Work that returns each minute: which tasks there are, when each ran last, and how that went.
--
-- A task is a function app.upkeep_<noun>() without arguments that returns how many rows it touched;
-- whoever writes one has added a task, nothing is registered. The program calls each in a
-- transaction of its own through app.run_upkeep(); psql or pg_cron may call app.upkeep(), which
-- runs all of them. Many processes may try at once: the advisory lock of a task lets one in, and
-- app.start_upkeep() says no when it was done less than half its interval ago. Tasks in Python (to
-- send mail) take their turn with start_upkeep() and finish_upkeep().
-- app.upkeep_runs holds one row a task; started_at without finished_at means that it runs, or that
-- its process was killed: after ten minutes another one may start.
-- A task that fails is undone alone, and its error stays in the row until it succeeds again.
-- Locks: the task's advisory lock, then its row, then what the task locks.
-- At the end: the numbers of app.metrics(), and whether the schema fits a program.
begin;

create table if not exists app.upkeep_runs (
    name varchar(60) not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    succeeded_at timestamptz,
    runs bigint not null default 0,
    failures bigint not null default 0,
    rows_touched integer not null default 0,
    rows_total bigint not null default 0,
    ms integer not null default 0,
    error text not null default '',
    constraint upkeep_runs_pkey primary key (name)
);
comment on table app.upkeep_runs is 'The tasks that return each minute: when each ran last, and how that went.';
comment on column app.upkeep_runs.name is 'The noun of app.upkeep_<noun>(), or the room of a task in Python.';
comment on column app.upkeep_runs.rows_touched is 'What the last run said; rows_total is the sum of all.';
comment on column app.upkeep_runs.error is 'Why the last run failed; empty when it did not.';
alter table app.upkeep_runs enable row level security;
revoke all on app.upkeep_runs from public;

create or replace function app.upkeep_names() returns setof text
language sql stable security definer as $$
    select substr(p.proname, 8)
    from pg_proc p
    where p.pronamespace = 'app'::regnamespace and p.prokind = 'f' and p.proname like 'upkeep\_%'
      and p.pronargs = 0 and p.prorettype = 'integer'::regtype and not p.proretset
    order by 1;
$$;
comment on function app.upkeep_names() is 'The tasks in SQL: the nouns of all functions app.upkeep_<noun>().';

create or replace function app.start_upkeep(task text, every_seconds double precision)
returns boolean
language plpgsql security definer as $$
begin
    if not pg_try_advisory_xact_lock(hashtext('app.upkeep'), hashtext(task)) then
        return false;
    end if;
    insert into app.upkeep_runs as r (name, started_at)
    values (task, clock_timestamp())
    on conflict (name) do update set started_at = clock_timestamp(), finished_at = null
    where r.started_at < clock_timestamp() - make_interval(secs => every_seconds / 2)
      and (r.finished_at is not null or r.started_at < clock_timestamp() - interval '10 minutes');
    return found;
end;
$$;
comment on function app.start_upkeep(text, double precision) is
    'Take a task''s turn: false when it runs elsewhere or was done less than half of every_seconds ago.';

create or replace function app.finish_upkeep(task text, touched integer, took integer, failure text)
returns void
language sql security definer as $$
    update app.upkeep_runs r
    set finished_at = clock_timestamp(), runs = r.runs + 1, ms = took, error = left(failure, 1000),
        failures = r.failures + case when failure = '' then 0 else 1 end,
        succeeded_at = case when failure = '' then clock_timestamp() else r.succeeded_at end,
        rows_touched = touched, rows_total = r.rows_total + touched
    where r.name = task;
$$;
comment on function app.finish_upkeep(text, integer, integer, text) is
    'Note how a task went that start_upkeep() let start; an empty failure means well.';

create or replace function app.run_upkeep(
    task text, every_seconds double precision,
    out ran boolean, out touched integer, out took integer, out failure text)
language plpgsql security definer as $$
declare
    began constant timestamptz := clock_timestamp();
begin
    if task not in (select app.upkeep_names()) then
        raise exception 'there is no task %', task using errcode = 'undefined_function';
    end if;
    ran := app.start_upkeep(task, every_seconds);
    touched := 0;
    failure := '';
    if not ran then
        return;
    end if;
    perform set_config('app.source', 'upkeep', true);
    begin
        execute format('select app.%I()', 'upkeep_' || task) into touched;
    exception when others then
        touched := 0;
        failure := sqlstate || ' ' || sqlerrm;
    end;
    touched := coalesce(touched, 0);
    took := (extract(epoch from clock_timestamp() - began) * 1000)::integer;
    perform app.finish_upkeep(task, touched, took, failure);
end;
$$;
comment on function app.run_upkeep(text, double precision) is
    'Run one task in SQL when it is due. A failure undoes the task alone, and is noted and returned.';

create or replace function app.upkeep() returns integer
language plpgsql security definer as $$
declare
    task text;
    total integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('app.upkeep'), 0) then
        return 0;
    end if;
    for task in select app.upkeep_names() loop
        total := total + (select r.touched from app.run_upkeep(task, 0) r);
    end loop;
    return total;
end;
$$;
comment on function app.upkeep() is
    'Run every task in SQL now, in one transaction; the rows touched. For psql and pg_cron: the program does it by itself.';

-- Tasks ----------------------------------------------------------------------------------------

create or replace function app.upkeep_overdue() returns integer
language plpgsql security definer as $$
declare
    marked integer;
    total integer := 0;
begin
    for batch in 1 .. 10 loop
        marked := mark_overdue_activities();
        total := total + marked;
        exit when marked = 0;
    end loop;
    return total;
end;
$$;
comment on function app.upkeep_overdue() is
    'Activities whose time has passed become overdue, ten thousand a minute at most.';

create or replace function app.upkeep_sessions() returns integer
language plpgsql security definer as $$
declare
    ended integer;
    forgotten integer;
begin
    delete from app.sessions where expires_at < now();
    get diagnostics ended = row_count;
    delete from app.sign_in_failures where at < now() - interval '1 day';
    get diagnostics forgotten = row_count;
    return ended + forgotten;
end;
$$;
comment on function app.upkeep_sessions() is 'Sessions that have ended and yesterday''s wrong passwords go.';

create or replace function app.upkeep_idempotency() returns integer
language plpgsql security definer as $$
declare
    forgotten integer;
begin
    delete from app.idempotency_keys where created_at < now() - interval '24 hours';
    get diagnostics forgotten = row_count;
    return forgotten;
end;
$$;
comment on function app.upkeep_idempotency() is 'Answers kept for an Idempotency-Key go after 24 hours.';

-- Numbers and state ----------------------------------------------------------------------------

create or replace function app.metrics() returns table (name text, label text, value double precision)
language plpgsql stable security definer as $$
declare
    source text;
begin
    return query
    select m.name, r.name::text, m.value
    from app.upkeep_runs r
    cross join lateral (values
        ('upkeep_runs', r.runs::double precision),
        ('upkeep_failures', r.failures::double precision),
        ('upkeep_failing', case when r.error = '' then 0 else 1 end::double precision),
        ('upkeep_rows', r.rows_total::double precision),
        ('upkeep_last_seconds', r.ms / 1000.0::double precision),
        ('upkeep_last_success', extract(epoch from r.succeeded_at)::double precision)) m (name, value)
    where m.value is not null;
    for source in
        select p.proname::text
        from pg_proc p
        where p.pronamespace = 'app'::regnamespace and p.proname like 'metrics\_%'
          and p.pronargs = 0 and p.proretset
        order by 1
    loop
        return query execute format(
            'select m.name::text, m.label::text, m.value::double precision from app.%I() m', source);
    end loop;
end;
$$;
comment on function app.metrics() is
    'Numbers for /metrics: those of the tasks, and of every function app.metrics_<noun>() that returns name, label, value.';

create or replace function app.missing_files(paths text[], checksums text[]) returns setof text
language sql stable security definer as $$
    select wanted.path
    from unnest(paths, checksums) as wanted (path, checksum)
    where not exists (
        select from app.schema_files f
        where f.path = wanted.path and f.checksum = wanted.checksum);
$$;
comment on function app.missing_files(text[], text[]) is
    'Those of a program''s schema files that this database has not seen with this content.';

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.upkeep_names()', 'app.start_upkeep(text, double precision)',
        'app.finish_upkeep(text, integer, integer, text)',
        'app.run_upkeep(text, double precision)', 'app.upkeep()', 'app.metrics()',
        'app.missing_files(text[], text[])', 'app.upkeep_overdue()', 'app.upkeep_sessions()',
        'app.upkeep_idempotency()'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature not in ('app.upkeep_overdue()', 'app.upkeep_sessions()',
                             'app.upkeep_idempotency()')
           and exists (select from pg_roles where rolname = 'crm_app') then
            execute format('grant execute on function %s to crm_app', signature);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'authenticated') then
        drop policy if exists upkeep_runs_select on app.upkeep_runs;
        create policy upkeep_runs_select on app.upkeep_runs for select to authenticated
            using ((select app.caller_role()) in ('owner', 'admin'));
        grant select on app.upkeep_runs to authenticated;
    end if;
end;
$$;

commit;
