-- The dashboard's marks and its reading: which writes make a kept day of 138 stale, and what a caller
-- gets to see. app.dashboard() is asked with the caller's identity: strangers get nothing, tokens
-- only the kinds in their scope, agents under visibility "assigned" what hangs on their contacts.
-- Locks: none; marks are appended.
begin;
set local client_min_messages = warning;

-- Marks of what changed ---------------------------------------------------------------------------

create or replace function app.note_contacts_written() returns trigger
language plpgsql security definer as $$
declare
    zone text;
begin
    if not exists (select from written) then
        return null;
    end if;
    zone := app.workspace_zone();
    insert into app.dashboard_stale (kind, day)
    select distinct 'contacts', (w.created_at at time zone zone)::date
    from written w
    where w.created_at < date_trunc('day', now() at time zone zone) at time zone zone;
    return null;
end;
$$;
comment on function app.note_contacts_written() is
    'Trigger: days before today in which contacts appeared or vanished are counted again.';

create or replace function app.note_contacts_changed() returns trigger
language plpgsql security definer as $$
declare
    zone constant text := app.workspace_zone();
begin
    insert into app.dashboard_stale (kind, day)
    select distinct 'contacts', (d.at at time zone zone)::date
    from (values (old.created_at), (new.created_at)) as d (at)
    where d.at < date_trunc('day', now() at time zone zone) at time zone zone;
    if new.assigned_to is distinct from old.assigned_to then
        insert into app.dashboard_moved (contact_id) values (new.id);
    end if;
    return null;
end;
$$;
comment on function app.note_contacts_changed() is
    'Trigger: the days before and after a change of contacts that counts are counted again.';

create or replace function app.note_entries_written() returns trigger
language plpgsql security definer as $$
declare
    zone text;
begin
    if not exists (select from written) then
        return null;
    end if;
    zone := app.workspace_zone();
    insert into app.dashboard_stale (kind, day)
    select distinct tg_table_name, (w.occurred_at at time zone zone)::date
    from written w
    where w.occurred_at < date_trunc('day', now() at time zone zone) at time zone zone;
    return null;
end;
$$;
comment on function app.note_entries_written() is
    'Trigger: days before today in which messages, calls or emails appeared or vanished are counted again.';

create or replace function app.note_entries_changed() returns trigger
language plpgsql security definer as $$
declare
    zone constant text := app.workspace_zone();
begin
    insert into app.dashboard_stale (kind, day)
    select distinct tg_table_name, (d.at at time zone zone)::date
    from (values (old.occurred_at), (new.occurred_at)) as d (at)
    where d.at < date_trunc('day', now() at time zone zone) at time zone zone;
    return null;
end;
$$;
comment on function app.note_entries_changed() is
    'Trigger: the days before and after a change of messages, calls or emails that counts are counted again.';

create or replace function app.note_deals_written() returns trigger
language plpgsql security definer as $$
begin
    insert into app.dashboard_stale (kind, day)
    select distinct 'closed', w.actual_close_date
    from written w
    where w.actual_close_date is not null;
    return null;
end;
$$;
comment on function app.note_deals_written() is
    'Trigger: days of closing on which deals appeared or vanished are counted again.';

create or replace function app.note_deals_changed() returns trigger
language plpgsql security definer as $$
begin
    insert into app.dashboard_stale (kind, day)
    select distinct 'closed', d.closed
    from (values (old.actual_close_date), (new.actual_close_date)) as d (closed)
    where d.closed is not null;
    return null;
end;
$$;
comment on function app.note_deals_changed() is
    'Trigger: the days of closing before and after a change of deals that counts are counted again.';

do $$
declare
    t record;
begin
    for t in
        select * from (values
            ('contacts', 'contacts', 'created_at lead_source assigned_to deleted_at'),
            ('messages', 'entries', 'contact_id direction occurred_at'),
            ('calls', 'entries', 'contact_id direction occurred_at status call_type duration'),
            ('emails', 'entries', 'contact_id direction occurred_at status'),
            ('deals', 'deals', 'contact_id pipeline stage value currency actual_close_date '
                || 'assigned_to lost_reason won_reason deleted_at'))
            as w (name, noun, columns)
    loop
        execute format('drop trigger if exists %I on %I', t.name || '_dashboard_insert', t.name);
        execute format('create trigger %I after insert on %I referencing new table as written
            for each statement execute function app.%I()',
            t.name || '_dashboard_insert', t.name, 'note_' || t.noun || '_written');
        execute format('drop trigger if exists %I on %I', t.name || '_dashboard_delete', t.name);
        execute format('create trigger %I after delete on %I referencing old table as written
            for each statement execute function app.%I()',
            t.name || '_dashboard_delete', t.name, 'note_' || t.noun || '_written');
        execute format('drop trigger if exists %I on %I', t.name || '_dashboard_update', t.name);
        execute format('create trigger %I after update of %s on %I for each row when ((%s)
            is distinct from (%s)) execute function app.%I()',
            t.name || '_dashboard_update', replace(t.columns, ' ', ', '), t.name,
            'old.' || replace(t.columns, ' ', ', old.'), 'new.' || replace(t.columns, ' ', ', new.'),
            'note_' || t.noun || '_changed');
    end loop;
end;
$$;

-- Reading ---------------------------------------------------------------------------------------

create or replace function app.live_days(of_kind text, from_day date, to_day date) returns date[]
language plpgsql stable security definer as $$
declare
    kept app.dashboard_kept;
    last_day date; -- that may be taken from what was counted
begin
    select * into kept from app.dashboard_kept d where d.kind = of_kind;
    last_day := case when kept.counted_at > now() - interval '3 minutes'
                     then greatest(kept.until, (kept.counted_at at time zone app.workspace_zone())::date) else kept.until end;
    return array(
        select from_day + n
        from generate_series(0, least(to_day, app.workspace_today()) - from_day) n
        where kept.kind is null or not from_day + n between kept.since and last_day
    ) || array(
        select distinct s.day + late.days
        from app.dashboard_stale s
        cross join generate_series(0, case of_kind when 'responses' then 7 else 0 end) as late (days)
        where s.kind = case of_kind when 'responses' then 'messages' else of_kind end
          and s.day + late.days between from_day and to_day
          and s.day + late.days between kept.since and last_day
        -- A bulk change of more days than a page can count shows with the next upkeep.
        order by 1 desc limit 31);
end;
$$;
comment on function app.live_days(text, date, date) is
    'Days that are not kept, or not as they are now.';

create or replace function app.dashboard_rows(of_kind text, from_day date, to_day date, of_owner uuid)
returns setof app.dashboard_counts
language plpgsql stable security definer rows 1000 as $$
declare
    everything constant boolean := app.sees_all();
    me constant uuid := current_user_id();
    nobody constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
    live date[];
begin
    if app.caller_role() is null or not app.in_scope(
        case of_kind when 'responses' then 'messages' when 'closed' then 'deals'
                     when 'open' then 'deals' else of_kind end, 'read') then
        return;
    elsif of_kind = 'open' then
        return query
        select of_kind, t.day, null::uuid, null::uuid, t.pipeline::text, t.stage::text, '',
               t.currency::text, sum(t.deals)::bigint, sum(t.value), sum(t.weighted) / 100,
               '{}'::integer[]
        from app.counted_pipelines() p
        cross join lateral app.counted_stages(p) s
        join app.deal_totals t on t.pipeline = p and t.stage = s
        where s not in ('closed_won', 'closed_lost')
          and (everything or t.contact_owner in (me, nobody))
          and (of_owner is null or t.owner = of_owner)
        group by t.day, t.pipeline, t.stage, t.currency
        having sum(t.deals) <> 0;
        return;
    end if;
    live := app.live_days(of_kind, from_day, to_day);
    return query
    select r.*
    from (select c.* from app.dashboard_counts c
          where c.kind = of_kind and c.day <> all (live) and c.day between from_day and to_day
          union all
          select c.* from app.count_days(of_kind, live) c) r
    where (everything or r.contact_owner is null or r.contact_owner = me)
      and (of_owner is null
           or coalesce(r.owner, nobody) = of_owner);
end;
$$;
comment on function app.dashboard_rows(text, date, date, uuid) is
    'Counts of a kind that the caller may see, of one owner (zeros: of nobody) or of all.';

create or replace function app.dashboard(
    starts date[], to_day date, of_owner uuid default null, kinds text[] default
    '{messages,calls,emails,contacts,closed,open}')
returns table (kind text, begins date, pipeline text, what text, detail text, currency text,
               entries bigint, amount numeric, weighted numeric)
language plpgsql stable security definer as $$
begin
    return query
    select r.kind, case r.kind when 'open' then r.day else starts[width_bucket(r.day, starts)] end,
           r.pipeline, r.what, r.detail, r.currency, sum(r.entries)::bigint, sum(r.amount),
           sum(r.weighted)
    from unnest(kinds) k
    cross join app.dashboard_rows(k, starts[1], to_day, of_owner) r
    group by 1, 2, 3, 4, 5, 6
    order by 1, 2, 3, 4, 5, 6;
end;
$$;
comment on function app.dashboard(date[], date, uuid, text[]) is
    'What happened in stretches that begin on `starts` (in order) until to_day, as far as the caller sees it; kind open: open deals by month.';

create or replace function app.dashboard_response(
    from_day date, to_day date, of_owner uuid default null,
    out replies bigint, out median double precision)
language plpgsql stable security definer as $$
begin
    select count(*), percentile_cont(0.5) within group (order by s)
    into replies, median
    from app.dashboard_rows('responses', from_day, to_day, of_owner) r
    cross join unnest(r.seconds) s;
end;
$$;
comment on function app.dashboard_response(date, date, uuid) is
    'How many messages were replied to, and the median of the seconds that took.';

create or replace function app.dashboard_overdue(of_owner uuid default null, most integer default 1000)
returns integer
language plpgsql stable security definer
-- A few hundred are looked up one by one; how many are late is guessed ten times too high.
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set max_parallel_workers_per_gather = 0 as $$
declare
    everything constant boolean := app.sees_all();
    me constant uuid := current_user_id();
    late integer;
begin
    if app.caller_role() is null or not app.in_scope('activities', 'read') then
        return 0;
    end if;
    -- Put together as text: one owner's are found by an index of their own.
    execute format($q$
        select count(*) from (
            select from activities a
            left join contacts c on c.id = a.contact_id
            left join deals d on d.id = a.deal_id
            where a.status in ('planned', 'in_progress', 'overdue') and a.due_date < now()
              and (not a.is_all_day or a.due_date < now() - interval '24 hours')
              and c.deleted_at is null and d.deleted_at is null
              %s %s
            limit $2) found $q$,
        case when not everything then
            'and coalesce(c.assigned_to, (select v.assigned_to from contacts v
                where v.id = d.contact_id and a.contact_id is null), $1) = $1' end,
        case when of_owner is null then ''
             when of_owner = '00000000-0000-0000-0000-000000000000' then 'and a.assigned_to is null'
             else format('and a.assigned_to = %L', of_owner) end)
    into late using me, most;
    return late;
end;
$$;
comment on function app.dashboard_overdue(uuid, integer) is
    'Open activities past their time that the caller sees; counts no further than `most`.';

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.note_contacts_written()',
        'app.note_contacts_changed()',
        'app.note_entries_written()',
        'app.note_entries_changed()',
        'app.note_deals_written()',
        'app.note_deals_changed()',
        'app.live_days(text, date, date)',
        'app.dashboard_rows(text, date, date, uuid)',
        'app.dashboard(date[], date, uuid, text[])',
        'app.dashboard_response(date, date, uuid)',
        'app.dashboard_overdue(uuid, integer)'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature in ('app.dashboard(date[], date, uuid, text[])',
                         'app.dashboard_response(date, date, uuid)',
                         'app.dashboard_overdue(uuid, integer)')
           and exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
