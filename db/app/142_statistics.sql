-- What an owner or admin may know about the database itself: its server, the size of every table and
-- index, the slowest statements; and which exports and backups were made.
--
-- The program's login may not see sessions and statements of others, so these functions run as the
-- owner. They answer owners and admins of the workspace, and the owner of the database without claims
-- (crm db stats); everybody else gets no row. They read catalogues, counters and sizes of files, never
-- a table. Texts of statements come without their values: pg_stat_statements puts $1 in their place,
-- statements that it leaves as they are (alter role … password) are left out, and what still is in
-- quotes is hidden.
-- app.exports holds a row for each file that somebody took out: while it is written, told_at says
-- when it last went on; finished_at says that the whole file was sent. app.backups holds a row for
-- each complete `crm db backup`. Locks: the one row that is written.
begin;

create table if not exists app.exports (
    id uuid not null default gen_random_uuid(),
    what varchar(20) not null,
    created_by uuid not null,
    rows_written bigint not null default 0,
    bytes_sent bigint not null default 0,
    created_at timestamptz not null default now(),
    told_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint exports_pkey primary key (id),
    constraint exports_what_check check (what in ('contacts', 'deals', 'activities', 'workspace'))
);
comment on table app.exports is 'Files that people took out: what, who, when, how much.';
comment on column app.exports.told_at is 'When it last went on; long ago without finished_at: it was broken off.';
create index if not exists exports_created_at_idx on app.exports (created_at desc, id desc);
alter table app.exports enable row level security;
revoke all on app.exports from public;

create table if not exists app.backups (
    id uuid not null default gen_random_uuid(),
    file text not null,
    tables integer not null,
    rows_saved bigint not null,
    bytes bigint not null,
    created_at timestamptz not null default now(),
    constraint backups_pkey primary key (id)
);
comment on table app.backups is 'The complete backups that `crm db backup` made; written by the owner.';
comment on column app.backups.file is 'Its path on the machine that made it.';
create index if not exists backups_created_at_idx on app.backups (created_at desc);
alter table app.backups enable row level security;
revoke all on app.backups from public;

create or replace function app.note_export(
    export uuid, kind text, rows_done bigint, bytes_done bigint, is_done boolean) returns void
language sql security definer as $$
    insert into app.exports as e (id, what, created_by, rows_written, bytes_sent, finished_at)
    select export, kind, current_user_id(), rows_done, bytes_done, case when is_done then now() end
    where app.caller_role() is not null
    on conflict (id) do update
    set rows_written = rows_done, bytes_sent = bytes_done, told_at = now(),
        finished_at = case when is_done then now() end
    where e.created_by = current_user_id() and e.finished_at is null;
$$;
comment on function app.note_export(uuid, text, bigint, bigint, boolean) is
    'Note how far an export of the caller is; the first time makes its row.';

create or replace function app.may_see_statistics() returns boolean
language sql stable security definer as $$
    select coalesce(app.caller_role() in ('owner', 'admin'), false)
        or (current_user_id() is null and pg_has_role(session_user, current_user, 'member'));
$$;
comment on function app.may_see_statistics() is
    'Whether the caller is an owner or admin of the workspace or, without claims, owns the database.';

create or replace function app.server_statistics()
returns table (
    as_of timestamptz, version text, started_at timestamptz, database text, bytes bigint,
    counted_since timestamptz, cache_hits double precision, connections integer,
    max_connections integer, longest_transaction interval, sees_all boolean, replicas integer,
    wal_kept bigint)
language sql stable security definer rows 1 as $$
    select now(), current_setting('server_version'), pg_postmaster_start_time(), d.datname::text,
           pg_database_size(d.datid), d.stats_reset,
           d.blks_hit::double precision / nullif(d.blks_hit + d.blks_read, 0),
           a.sessions, current_setting('max_connections')::integer, a.longest,
           pg_has_role(current_user, 'pg_read_all_stats', 'usage'),
           (select count(*)::integer from pg_stat_replication),
           (select max(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn))::bigint
            from pg_replication_slots s)
    from pg_stat_database d
    cross join (
        select count(*) filter (
                   where s.datname is not null
                     and coalesce(s.backend_type, 'client backend') = 'client backend')::integer
                   as sessions,
               max(clock_timestamp() - s.xact_start) filter (
                   where s.datname = current_database() and s.pid <> pg_backend_pid()
                     and s.backend_type = 'client backend') as longest
        from pg_stat_activity s) a
    where d.datname = current_database() and app.may_see_statistics();
$$;
comment on function app.server_statistics() is
    'The server in one row: version, since when it runs and counts, size, cache hits (0 to 1), connections, the longest transaction of others, replication. sees_all: whether the owner may see sessions and statements of all logins.';

create or replace function app.table_statistics()
returns table (
    name text, row_estimate bigint, dead_rows bigint, heap_bytes bigint, toast_bytes bigint,
    index_bytes bigint, total_bytes bigint, vacuumed_at timestamptz, analyzed_at timestamptz)
language sql stable security definer rows 60 as $$
    select c.oid::regclass::text, nullif(c.reltuples, -1)::bigint, pg_stat_get_dead_tuples(c.oid),
           f.whole - f.toast, f.toast, f.indexes, f.whole + f.indexes,
           greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)),
           greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid))
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
        -- each file is looked at once; offset 0 keeps the planner from asking again
        select pg_table_size(c.oid) as whole, pg_indexes_size(c.oid) as indexes,
               case when c.reltoastrelid = 0 then 0
                    else pg_total_relation_size(c.reltoastrelid) end as toast
        offset 0) f
    where n.nspname in (current_schema(), 'app') and c.relkind = 'r'
      and (select app.may_see_statistics())
    order by 7 desc, 1;
$$;
comment on function app.table_statistics() is
    'The tables of the workspace and of the program, biggest first: estimated rows (NULL: never analyzed), dead rows, bytes, last vacuum and analyze, by hand or not.';

create or replace function app.index_statistics()
returns table (
    name text, table_name text, scans bigint, entries_read bigint, bytes bigint, is_rule boolean,
    is_valid boolean)
language sql stable security definer rows 300 as $$
    select c.oid::regclass::text, i.indrelid::regclass::text, pg_stat_get_numscans(c.oid),
           pg_stat_get_tuples_returned(c.oid), pg_relation_size(c.oid),
           i.indisunique or i.indisexclusion, i.indisvalid
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_index i on i.indexrelid = c.oid
    where n.nspname in (current_schema(), 'app') and c.relkind = 'i'
      and (select app.may_see_statistics())
    order by 5 desc, 1;
$$;
comment on function app.index_statistics() is
    'The indexes of the same tables, biggest first; is_rule: it also keeps values unique, used or not.';

create or replace function app.statements_schema() returns text
language sql stable as $$
    select n.nspname::text
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements';
$$;
comment on function app.statements_schema() is 'Where the extension pg_stat_statements is; NULL: nowhere.';

create or replace function app.statements_state() returns text
language plpgsql stable security definer as $$
begin
    if not app.may_see_statistics() then
        return null;
    elsif app.statements_schema() is null then
        return 'missing';
    end if;
    execute format('select from %I.pg_stat_statements limit 1', app.statements_schema());
    return case when pg_has_role(current_user, 'pg_read_all_stats', 'usage') then 'ready'
                else 'hidden' end;
exception
    when object_not_in_prerequisite_state then return 'not loaded';
    when insufficient_privilege then return 'hidden';
end;
$$;
comment on function app.statements_state() is
    'Whether slow statements are known: ready, missing (no extension), not loaded (by the server), hidden (from the owner).';

create or replace function app.slow_statements(max_rows integer)
returns table (
    calls bigint, total_ms double precision, mean_ms double precision, rows_returned bigint,
    statement text)
language plpgsql stable security definer rows 20 as $$
declare
    -- PostgreSQL 12 still called them total_time and mean_time.
    word constant text := case when current_setting('server_version_num')::integer < 130000
                               then '' else '_exec' end;
begin
    if coalesce(app.statements_state(), 'missing') in ('missing', 'not loaded') then
        return;
    end if;
    for calls, total_ms, mean_ms, rows_returned, statement in execute format(
        $text$
        select s.calls, s.total%1$s_time, s.mean%1$s_time, s.rows,
               left(regexp_replace(regexp_replace(
                   left(s.query, 2000), '''(?:[^'']|'''')*(?:''|$)', '…', 'g'), '\s+', ' ', 'g'), 300)
        from %2$I.pg_stat_statements s
        where s.dbid = (select d.oid from pg_database d where d.datname = current_database())
          and s.query ~* '^\s*(select|insert|update|delete|merge|with)\M'
        order by 2 desc
        limit $1
        $text$, word, app.statements_schema())
        using least(max_rows, 200)
    loop
        return next;
    end loop;
end;
$$;
comment on function app.slow_statements(integer) is
    'The statements of this database that took most time in all, without values, at most 200.';

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.note_export(uuid, text, bigint, bigint, boolean)', 'app.may_see_statistics()',
        'app.server_statistics()', 'app.table_statistics()', 'app.index_statistics()',
        'app.statements_schema()', 'app.statements_state()', 'app.slow_statements(integer)'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature <> 'app.statements_schema()'
           and exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'authenticated') then
        drop policy if exists exports_select on app.exports;
        create policy exports_select on app.exports for select to authenticated
            using ((select app.caller_role()) in ('owner', 'admin'));
        drop policy if exists backups_select on app.backups;
        create policy backups_select on app.backups for select to authenticated
            using ((select app.caller_role()) in ('owner', 'admin'));
        grant select on app.exports, app.backups to authenticated;
    end if;
end;
$$;

commit;
