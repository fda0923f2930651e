-- What the dashboard reads: counts kept for finished days, and the rest counted at the moment.
--
-- app.count_days() counts a kind of entry on some days; it is the one place that says what counts.
-- app.upkeep_dashboard() keeps its answers in app.dashboard_counts for the days that are over, and
-- app.dashboard() adds up kept days and counts live what is not kept, and days that changed since.
-- A write into an earlier day appends a row to app.dashboard_stale (139); until the next upkeep has counted
-- that day again, it is counted live. Deals mark today as well, so their figures are never old.
-- Messages, calls, emails and contacts of today leave no mark, which nearly every write is: it costs
-- nothing, and there is no counter that writers would wait for. Instead the upkeep counts today
-- every minute; counts of today that are older than three minutes are not used.
-- Who reassigns a contact moves all its entries to another owner: app.dashboard_moved remembers it,
-- and until the next upkeep figures by owner are those from before.
-- Open deals are not counted here: 131 keeps their sums, which are true at any moment.
-- Days are days in the time zone of setting "timezone" (UTC when there is none). A day is kept when
-- it is over for two hours: a transaction that began in it must have ended by then.
-- Nobody reads the tables; app.dashboard() (139) asks for role, scopes and visibility first.
-- Locks: the advisory lock of the count; writers append rows and wait for nobody.
begin;
set local client_min_messages = warning;

create table if not exists app.dashboard_counts (
    kind text not null,
    day date not null,
    contact_owner uuid,
    owner uuid,
    pipeline text not null default '',
    what text not null default '',
    detail text not null default '',
    currency text not null default '',
    entries bigint not null,
    amount numeric not null default 0,
    weighted numeric not null default 0,
    seconds integer[] not null default '{}'
);
comment on table app.dashboard_counts is
    'Counts of finished days for the dashboard; written by app.upkeep_dashboard() alone.';
comment on column app.dashboard_counts.kind is
    'messages, calls, emails, responses, contacts, closed (deals).';
comment on column app.dashboard_counts.contact_owner is 'Decides who may see it; NULL for nobody''s.';
comment on column app.dashboard_counts.owner is 'The owner that the filter asks for: of the contact, or of the deal.';
comment on column app.dashboard_counts.what is 'Direction, source of the lead, or stage.';
comment on column app.dashboard_counts.detail is 'The reason of a closed deal.';
comment on column app.dashboard_counts.amount is 'Value of deals; answered calls.';
comment on column app.dashboard_counts.weighted is 'Value times probability; seconds of calls.';
comment on column app.dashboard_counts.seconds is 'Each response time of the day.';
create index if not exists dashboard_counts_kind_day_idx on app.dashboard_counts (kind, day);

create table if not exists app.dashboard_kept (
    kind text not null,
    since date not null,
    until date not null,
    counted_at timestamptz not null default now(),
    constraint dashboard_kept_pkey primary key (kind)
);
comment on table app.dashboard_kept is 'From which to which day each kind is kept.';
comment on column app.dashboard_kept.until is 'The last day that is over; the days after it are counted each minute.';
comment on column app.dashboard_kept.counted_at is 'When the days that are not over were counted.';

create table if not exists app.dashboard_stale (
    kind text not null,
    day date not null
);
comment on table app.dashboard_stale is
    'Days that changed after they were counted; appended by triggers, cleared by the upkeep.';
create index if not exists dashboard_stale_kind_day_idx on app.dashboard_stale (kind, day);

create table if not exists app.dashboard_moved (
    contact_id uuid not null
);
comment on table app.dashboard_moved is 'Contacts with a new owner since the last upkeep.';

alter table app.dashboard_counts enable row level security;
alter table app.dashboard_kept enable row level security;
alter table app.dashboard_stale enable row level security;
alter table app.dashboard_moved enable row level security;
revoke all on app.dashboard_counts, app.dashboard_kept, app.dashboard_stale, app.dashboard_moved
    from public;

-- squawk-ignore ban-drop-function
drop function if exists app.open_deals_of(date[]);
delete from app.dashboard_counts where kind = 'open'; -- by earlier versions
delete from app.dashboard_kept where kind = 'open';

-- Deals that were closed on some days.
create index if not exists deals_actual_close_date_idx on deals (actual_close_date)
    where deleted_at is null and actual_close_date is not null;

-- Days ------------------------------------------------------------------------------------------

create or replace function app.workspace_today() returns date
language plpgsql stable security definer as $$
begin
    return (now() at time zone app.workspace_zone())::date;
end;
$$;
comment on function app.workspace_today() is 'The day it is in the time zone of the workspace.';

create or replace function app.check_timezone() returns trigger
language plpgsql security definer as $$
begin
    if tg_op <> 'DELETE' and not exists (
        select from pg_timezone_names z where z.name = new.value #>> '{}') then
        raise exception 'there is no time zone %', new.value #>> '{}'
            using errcode = 'check_violation', constraint = 'settings_timezone_check';
    end if;
    if tg_op = 'DELETE' or not exists (
        select from app.settings s where s.key = new.key and s.value = new.value) then
        -- Every day begins at another moment now.
        delete from app.dashboard_kept;
        delete from app.dashboard_counts;
    end if;
    return case tg_op when 'DELETE' then old else new end;
end;
$$;
comment on function app.check_timezone() is
    'Trigger: a time zone must exist, and with another one all days are counted again.';
drop trigger if exists settings_timezone_new on app.settings;
create trigger settings_timezone_new before insert or update on app.settings
    for each row when (new.key = 'timezone') execute function app.check_timezone();
drop trigger if exists settings_timezone_gone on app.settings;
create trigger settings_timezone_gone before delete on app.settings
    for each row when (old.key = 'timezone') execute function app.check_timezone();

-- Counting --------------------------------------------------------------------------------------

create or replace function app.count_days(of_kind text, days date[])
returns setof app.dashboard_counts
language plpgsql stable security definer
-- A range between two expressions is guessed to be a ninth of the table: without these a day of
-- messages is joined by reading all contacts.
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set max_parallel_workers_per_gather = 0 as $$
declare
    zone constant text := app.workspace_zone();
begin
    if cardinality(days) = 0 then
        return;
    elsif of_kind = 'messages' then
        return query
        select of_kind, d, c.assigned_to, c.assigned_to, '', m.direction::text, '', '', count(*),
               0::numeric, 0::numeric, '{}'::integer[]
        from unnest(days) d
        join messages m on m.occurred_at >= d::timestamp at time zone zone
                       and m.occurred_at < (d + 1)::timestamp at time zone zone
        join contacts c on c.id = m.contact_id
        group by d, c.assigned_to, m.direction;
    elsif of_kind = 'calls' then
        return query
        select of_kind, d, c.assigned_to, c.assigned_to, '', k.direction::text, '', '', count(*),
               count(*) filter (where k.status in ('completed', 'in-progress')
                                  and k.call_type <> 'voicemail')::numeric,
               sum(k.duration)::numeric, '{}'::integer[]
        from unnest(days) d
        join calls k on k.occurred_at >= d::timestamp at time zone zone
                    and k.occurred_at < (d + 1)::timestamp at time zone zone
        join contacts c on c.id = k.contact_id
        group by d, c.assigned_to, k.direction;
    elsif of_kind = 'emails' then
        return query
        select of_kind, d, c.assigned_to, c.assigned_to, '', e.direction::text, '', '', count(*),
               0::numeric, 0::numeric, '{}'::integer[]
        from unnest(days) d
        join emails e on e.occurred_at >= d::timestamp at time zone zone
                     and e.occurred_at < (d + 1)::timestamp at time zone zone
        join contacts c on c.id = e.contact_id
        where e.status not in ('draft', 'scheduled')
        group by d, c.assigned_to, e.direction;
    elsif of_kind = 'responses' then
        -- A reply is a message of ours whose predecessor came in; the time runs from the first of
        -- the messages it replies to, at most seven days back.
        return query
        select of_kind, d, c.assigned_to, c.assigned_to, '', '', '', '', count(*), 0::numeric,
               0::numeric, array_agg(extract(epoch from m.occurred_at - first.at)::integer)
        from unnest(days) d
        join messages m on m.occurred_at >= d::timestamp at time zone zone
                       and m.occurred_at < (d + 1)::timestamp at time zone zone
        cross join lateral (
            select p.direction from messages p
            where p.contact_id = m.contact_id and p.occurred_at < m.occurred_at
              and p.occurred_at >= m.occurred_at - interval '7 days'
            order by p.occurred_at desc, p.direction desc limit 1) before
        cross join lateral (
            select min(i.occurred_at) as at from messages i
            where i.contact_id = m.contact_id and i.direction = 'inbound'
              and i.occurred_at < m.occurred_at
              and i.occurred_at >= m.occurred_at - interval '7 days'
              and i.occurred_at > coalesce((
                  select max(o.occurred_at) from messages o
                  where o.contact_id = m.contact_id and o.direction = 'outbound'
                    and o.occurred_at < m.occurred_at
                    and o.occurred_at >= m.occurred_at - interval '7 days'), '-infinity')) first
        join contacts c on c.id = m.contact_id
        where m.direction = 'outbound' and before.direction = 'inbound'
        group by d, c.assigned_to;
    elsif of_kind = 'contacts' then
        return query
        select of_kind, d, c.assigned_to, c.assigned_to, '', coalesce(c.lead_source, '')::text, '', '',
               count(*), 0::numeric, 0::numeric, '{}'::integer[]
        from unnest(days) d
        join contacts c on c.created_at >= d::timestamp at time zone zone
                       and c.created_at < (d + 1)::timestamp at time zone zone
        where c.deleted_at is null
        group by d, c.assigned_to, c.lead_source;
    elsif of_kind = 'closed' then
        return query
        select of_kind, e.actual_close_date, c.assigned_to, e.assigned_to, e.pipeline::text,
               e.stage::text,
               coalesce(case e.stage when 'closed_won' then e.won_reason else e.lost_reason end, '')::text,
               e.currency::text, count(*), sum(e.value), 0::numeric, '{}'::integer[]
        from deals e
        join contacts c on c.id = e.contact_id
        where e.deleted_at is null and e.actual_close_date = any (days)
        group by 2, 3, 4, 5, 6, 7, 8;
    end if;
end;
$$;
comment on function app.count_days(text, date[]) is
    'Counts a kind of entry on days from the rows themselves, for everybody. Not for callers.';

create or replace function app.upkeep_dashboard() returns integer
language plpgsql security definer as $$
declare
    zone constant text := app.workspace_zone();
    -- What a range of a year and the year before it need.
    first_day constant date := app.workspace_today() - 761;
    last_day constant date := (now() at time zone zone - interval '2 hours')::date - 1;
    moved uuid[];
    stale_kinds text[];
    stale_days date[];
    days date[];
    k text;
    kept app.dashboard_kept;
    total integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('app.upkeep_dashboard'), 0) then
        return 0;
    end if;
    with gone as (delete from app.dashboard_moved returning contact_id)
    select array_agg(distinct g.contact_id) into moved from gone g;
    if moved is not null then
        insert into app.dashboard_stale (kind, day)
        select 'messages', (m.occurred_at at time zone zone)::date
        from messages m where m.contact_id = any (moved)
        union
        select 'calls', (k.occurred_at at time zone zone)::date
        from calls k where k.contact_id = any (moved)
        union
        select 'emails', (e.occurred_at at time zone zone)::date
        from emails e where e.contact_id = any (moved)
        union
        select 'closed', d.actual_close_date
        from deals d where d.contact_id = any (moved) and d.actual_close_date is not null;
    end if;
    -- Only the marks that are seen here are cleared, and only then is counted: whoever writes
    -- meanwhile leaves a mark for the next time.
    with gone as (delete from app.dashboard_stale returning kind, day)
    select array_agg(g.kind), array_agg(g.day) into stale_kinds, stale_days
    from (select distinct o.kind, o.day from gone o) g;
    foreach k in array '{messages,calls,emails,responses,contacts,closed}'::text[] loop
        select * into kept from app.dashboard_kept d where d.kind = k;
        days := array(
            select distinct s.day + late.days
            from unnest(stale_kinds, stale_days) as s (kind, day)
            cross join generate_series(0, case k when 'responses' then 7 else 0 end) as late (days)
            where s.kind = case k when 'responses' then 'messages' else k end
              and s.day + late.days between kept.since and kept.until)
            || array(
            select coalesce(kept.until + 1, first_day) + n
            from generate_series(
                0, app.workspace_today() - coalesce(kept.until + 1, first_day)) n);
        delete from app.dashboard_counts c
        where c.kind = k and (c.day = any (days) or c.day < first_day);
        insert into app.dashboard_counts select * from app.count_days(k, days);
        insert into app.dashboard_kept as d (kind, since, until)
        values (k, first_day, last_day)
        on conflict (kind) do update set since = excluded.since, until = excluded.until,
            counted_at = excluded.counted_at;
        total := total + (select count(*) from unnest(days) d where d <= last_day);
    end loop;
    return total;
end;
$$;
comment on function app.upkeep_dashboard() is
    'Counts the days that are over, those that changed, and today; returns how many of the former.';

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.workspace_today()',
        'app.check_timezone()',
        'app.count_days(text, date[])',
        'app.upkeep_dashboard()'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature = 'app.workspace_today()'
           and exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
