-- What the board reads: kept totals of deals, their sums for whoever asks, and the place of a card.
--
-- app.deal_totals has one row for each pipeline, stage, currency, owner and day of closing: how many
-- live deals, their value, and value times percent. Statement-level triggers add the differences of a statement, in the
-- order of the key, so that two statements wait for each other and never deadlock; a statement that
-- changes no total locks nothing. A transaction of several statements should touch stages in one
-- order. app.recount_deal_totals() counts again; this file does so whenever it runs.
-- Moving a card locks its column (advisory), then the deals it has to shift, then the deal itself,
-- then the totals.
begin;
set local client_min_messages = warning;

create table if not exists app.deal_totals (
    pipeline varchar(100) not null,
    stage varchar(50) not null,
    currency varchar(3) not null,
    owner uuid not null,
    closed_on date not null default '-infinity',
    deals bigint not null default 0,
    value numeric not null default 0,
    weighted numeric not null default 0,
    constraint deal_totals_pkey primary key (pipeline, stage, currency, owner, closed_on)
);
do $$
begin
    -- An earlier version knew no days; all is counted again below.
    if not exists (select from pg_attribute a where a.attrelid = 'app.deal_totals'::regclass
                   and a.attname = 'closed_on') then
        alter table app.deal_totals
            add column closed_on date not null default '-infinity',
            drop constraint deal_totals_pkey,
            add constraint deal_totals_pkey
                primary key (pipeline, stage, currency, owner, closed_on);
    end if;
end $$;
comment on table app.deal_totals is
    'Live deals by pipeline, stage, currency, owner and day of closing; kept by triggers of deals. Rows of zero may stay.';
comment on column app.deal_totals.owner is
    'deals.assigned_to; 00000000-0000-0000-0000-000000000000 for nobody.';
comment on column app.deal_totals.closed_on is 'deals.actual_close_date; -infinity while they are open.';
comment on column app.deal_totals.weighted is 'Sum of value times probability, in hundredths.';

-- Keeping ---------------------------------------------------------------------------------------

-- squawk-ignore ban-drop-function
drop function if exists app.add_deal_totals(text, text, text, uuid, bigint, numeric, numeric);
create or replace function app.add_deal_totals(
    in_pipeline text, in_stage text, in_currency text, of_owner uuid, on_day date,
    more bigint, more_value numeric, more_weighted numeric) returns void
language sql security definer as $$
    insert into app.deal_totals as t
        (pipeline, stage, currency, owner, closed_on, deals, value, weighted)
    values (in_pipeline, in_stage, in_currency, of_owner, on_day, more, more_value, more_weighted)
    on conflict (pipeline, stage, currency, owner, closed_on) do update
    set deals = t.deals + excluded.deals, value = t.value + excluded.value,
        weighted = t.weighted + excluded.weighted;
$$;
comment on function app.add_deal_totals(text, text, text, uuid, date, bigint, numeric, numeric) is
    'Adds a difference to one row of app.deal_totals.';

create or replace function app.count_deals_inserted() returns trigger
language plpgsql security definer as $$
declare
    d record;
begin
    for d in
        select n.pipeline, n.stage, n.currency,
               coalesce(n.assigned_to, '00000000-0000-0000-0000-000000000000') as owner,
               coalesce(n.actual_close_date, '-infinity') as closed_on,
               count(*) as deals, sum(n.value) as value, sum(n.value * n.probability) as weighted
        from new_rows n
        where n.deleted_at is null
        group by 1, 2, 3, 4, 5
        order by 1, 2, 3, 4, 5
    loop
        perform app.add_deal_totals(
            d.pipeline, d.stage, d.currency, d.owner, d.closed_on, d.deals, d.value, d.weighted);
    end loop;
    return null;
end $$;
comment on function app.count_deals_inserted() is 'Trigger: new deals are added to the totals.';

create or replace function app.count_deals_deleted() returns trigger
language plpgsql security definer as $$
declare
    d record;
begin
    for d in
        select o.pipeline, o.stage, o.currency,
               coalesce(o.assigned_to, '00000000-0000-0000-0000-000000000000') as owner,
               coalesce(o.actual_close_date, '-infinity') as closed_on,
               count(*) as deals, sum(o.value) as value, sum(o.value * o.probability) as weighted
        from old_rows o
        where o.deleted_at is null
        group by 1, 2, 3, 4, 5
        order by 1, 2, 3, 4, 5
    loop
        perform app.add_deal_totals(
            d.pipeline, d.stage, d.currency, d.owner, d.closed_on, -d.deals, -d.value,
            -d.weighted);
    end loop;
    return null;
end $$;
comment on function app.count_deals_deleted() is 'Trigger: deleted deals leave the totals.';

create or replace function app.count_deals_updated() returns trigger
language plpgsql security definer as $$
declare
    d record;
begin
    for d in
        select b.pipeline, b.stage, b.currency, b.owner, b.closed_on, sum(b.side) as deals,
               sum(b.side * b.value) as value, sum(b.side * b.value * b.probability) as weighted
        from (select n.pipeline, n.stage, n.currency, n.value, n.probability, 1 as side,
                     coalesce(n.assigned_to, '00000000-0000-0000-0000-000000000000') as owner,
                     coalesce(n.actual_close_date, '-infinity') as closed_on
              from new_rows n where n.deleted_at is null
              union all
              select o.pipeline, o.stage, o.currency, o.value, o.probability, -1,
                     coalesce(o.assigned_to, '00000000-0000-0000-0000-000000000000'),
                     coalesce(o.actual_close_date, '-infinity')
              from old_rows o where o.deleted_at is null) b
        group by 1, 2, 3, 4, 5
        having sum(b.side) <> 0 or sum(b.side * b.value) <> 0
            or sum(b.side * b.value * b.probability) <> 0
        order by 1, 2, 3, 4, 5
    loop
        perform app.add_deal_totals(
            d.pipeline, d.stage, d.currency, d.owner, d.closed_on, d.deals, d.value, d.weighted);
    end loop;
    return null;
end $$;
comment on function app.count_deals_updated() is
    'Trigger: what a statement changed in stage, value, probability, owner, closing or bin moves between totals.';

create or replace function app.recount_deal_totals() returns void
language plpgsql security definer as $$
begin
    lock table deals in share mode; -- nobody writes deals meanwhile
    delete from app.deal_totals;
    insert into app.deal_totals
        (pipeline, stage, currency, owner, closed_on, deals, value, weighted)
    select d.pipeline, d.stage, d.currency,
           coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000'),
           coalesce(d.actual_close_date, '-infinity'), count(*), sum(d.value), sum(d.value * d.probability)
    from deals d
    where d.deleted_at is null
    group by 1, 2, 3, 4, 5;
end $$;
comment on function app.recount_deal_totals() is 'Counts all totals again; writers of deals wait for it.';

create or replace function app.count_deals_again() returns trigger
language plpgsql security definer as $$
begin
    delete from app.deal_totals;
    return null;
end $$;
comment on function app.count_deals_again() is 'Trigger: after TRUNCATE there are no deals.';

drop trigger if exists deals_totals_inserted on deals;
create trigger deals_totals_inserted after insert on deals referencing new table as new_rows
    for each statement execute function app.count_deals_inserted();
drop trigger if exists deals_totals_updated on deals;
create trigger deals_totals_updated after update on deals
    referencing old table as old_rows new table as new_rows
    for each statement execute function app.count_deals_updated();
drop trigger if exists deals_totals_deleted on deals;
create trigger deals_totals_deleted after delete on deals referencing old table as old_rows
    for each statement execute function app.count_deals_deleted();
drop trigger if exists deals_totals_again on deals;
create trigger deals_totals_again after truncate on deals
    for each statement execute function app.count_deals_again();

select app.recount_deal_totals();

-- Reading ---------------------------------------------------------------------------------------

create or replace function app.may_read_deals() returns boolean
language plpgsql stable security definer as $$
begin
    return app.caller_role() is not null and app.in_scope('deals', 'read');
end $$;
comment on function app.may_read_deals() is
    'Whether the caller is somebody here and their token, if any, reads deals.';

create or replace function app.board_totals(
    of_pipeline text, of_owner uuid default null, among uuid[] default null,
    closed_since date default null, in_stages text[] default null)
returns table (stage text, currency text, deals bigint, value numeric, weighted numeric)
language plpgsql stable security definer as $$
declare
    everything constant boolean := app.sees_all();
    conditions text := '';
    parts text;
begin
    if not app.may_read_deals() then
        return;
    end if;
    if everything and among is null then
        return query
        select t.stage::text, t.currency::text, sum(t.deals)::bigint, sum(t.value),
               sum(t.weighted) / 100
        from app.deal_totals t
        where t.pipeline = of_pipeline and (of_owner is null or t.owner = of_owner)
          and (closed_since is null or t.closed_on >= closed_since or t.closed_on = '-infinity')
          and (in_stages is null or t.stage = any (in_stages))
        group by 1, 2
        having sum(t.deals) <> 0;
        return;
    end if;
    -- Put together as text: an "or" around the rule of visibility would run it row by row. Both parts
    -- meet the contacts at once: for an agent they are most of the work. Every value is made by %L.
    -- @plpgsql_check_options: security_warnings = off
    if of_owner is not null then
        conditions := conditions || case of_owner
            when '00000000-0000-0000-0000-000000000000' then ' and d.assigned_to is null'
            else ' and d.assigned_to = $2' end;
    end if;
    if among is not null then
        conditions := conditions || ' and d.id = any ($3)';
    end if;
    if in_stages is not null then
        conditions := conditions || ' and d.stage = any ($5)';
    end if;
    select string_agg(
        'select d.stage::text, d.currency::text, d.value, d.probability, d.contact_id
         from deals d
         where d.pipeline = $1 and d.deleted_at is null and ' || p.part || conditions, ' union all ')
    into parts
    from unnest(array[
        case when closed_since is null then 'true'
             else $w$d.stage not in ('closed_won', 'closed_lost')$w$ end,
        case when closed_since is not null
             then $w$d.stage in ('closed_won', 'closed_lost') and d.actual_close_date >= $4$w$ end
    ]) as p (part)
    where p.part is not null;
    return query execute format(
        'select d.stage, d.currency, count(*), sum(d.value), sum(d.value * d.probability) / 100
         from (%s) d%s
         group by 1, 2',
        parts, case when not everything then format(
            ' where exists (select from contacts c where c.id = d.contact_id
                            and (c.assigned_to is null or c.assigned_to = %L))',
            current_user_id()) end)
        using of_pipeline, of_owner, among, closed_since, in_stages;
end $$;
comment on function app.board_totals(text, uuid, uuid[], date, text[]) is
    'Number, value and weighted value of the deals in each stage that the caller may see: of one owner (zeros: of nobody), among some ids; with closed_since, of the closed ones only those since that day; all stages, or some.';

create or replace function app.deal_pipelines()
returns table (id uuid, key text, name text, place bigint, is_archived boolean)
language plpgsql stable security definer as $$
begin
    if not app.may_read_deals() then
        return;
    end if;
    return query
    select p.id, p.key::text, p.name::text, p.position::bigint, p.is_archived
    from app.pipelines p
    union all
    select null, t.pipeline::text, t.pipeline::text, 1000000, false
    from app.deal_totals t
    where not exists (select from app.pipelines p where p.key = t.pipeline)
    group by t.pipeline
    having sum(t.deals) > 0
    order by 4, 2;
end $$;
comment on function app.deal_pipelines() is
    'The pipelines in their order, and after them those that only deals know: without id, their key as name.';

create or replace function app.deal_stages(of_pipeline text)
returns table (id uuid, key text, label text, hue text, probability integer,
               stalled_after_days integer, is_closed boolean)
language plpgsql stable security definer as $$
begin
    if not app.may_read_deals() then
        return;
    end if;
    return query
    select f.id, f.key, f.label, f.hue, f.probability, f.stalled_after_days,
           f.key in ('closed_won', 'closed_lost')
    from (select s.id, s.key::text, s.label::text, s.hue::text, s.probability,
                 s.stalled_after_days, s.position::bigint as place
          from app.pipeline_stages s where s.pipeline = of_pipeline
          union all
          select null, t.stage::text, initcap(replace(t.stage, '_', ' ')), 'gray', 0, null, 1000
          from app.deal_totals t
          where t.pipeline = of_pipeline and t.stage not in ('closed_won', 'closed_lost')
            and not exists (select from app.pipeline_stages s
                            where s.pipeline = of_pipeline and s.key = t.stage)
          group by t.stage
          having sum(t.deals) > 0
          union all
          select null, e.key, e.label, e.hue, e.probability, null, e.place
          from (values ('closed_won', 'Won', 'green', 100, 1001),
                       ('closed_lost', 'Lost', 'red', 0, 1002))
               as e (key, label, hue, probability, place)
          where not exists (select from app.pipeline_stages s where s.pipeline = of_pipeline)) f
    order by f.key = 'closed_lost', f.key = 'closed_won', f.place, f.key;
end $$;
comment on function app.deal_stages(text) is
    'The stages of a pipeline in their order, ends last; also those that only deals know.';

-- Placing -----------------------------------------------------------------------------------------

create or replace function app.place_deal(
    moved uuid, in_pipeline text, in_stage text, before_deal uuid, after_deal uuid)
returns double precision
language plpgsql security definer as $$
declare
    spacing constant double precision := 1024;
    least_gap constant double precision := 0.001;
    above record;
    below record;
    one record;
    bottom double precision;
    step double precision;
    tight uuid[] := '{}'::uuid[];
begin
    if coalesce(app.caller_role() not in ('owner', 'admin', 'manager', 'agent'), true)
       or not app.in_scope('deals', 'write') then
        raise exception 'You may not move deals' using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(
        hashtext('app.place_deal'), hashtext(in_pipeline || ':' || in_stage));
    select d.id, d.position into below from deals d
    where d.id = before_deal and d.pipeline = in_pipeline and d.stage = in_stage
      and d.deleted_at is null and d.id <> moved;
    if below.id is null then
        select d.id, d.position into above from deals d
        where d.id = after_deal and d.pipeline = in_pipeline and d.stage = in_stage
          and d.deleted_at is null and d.id <> moved;
        select d.id, d.position into below from deals d
        where d.pipeline = in_pipeline and d.stage = in_stage and d.deleted_at is null
          and d.id <> moved
          and (above.id is null or (d.position, d.id) > (above.position, above.id))
        order by d.position, d.id limit 1;
    else
        select d.id, d.position into above from deals d
        where d.pipeline = in_pipeline and d.stage = in_stage and d.deleted_at is null
          and d.id <> moved and (d.position, d.id) < (below.position, below.id)
        order by d.position desc, d.id desc limit 1;
    end if;
    if above.id is null then
        return coalesce(below.position - spacing, 0);
    elsif below.id is null then
        return above.position + spacing;
    elsif below.position - above.position >= 2 * least_gap then
        return above.position + (below.position - above.position) / 2;
    end if;
    -- No room: the cards above move up, as many as stand too close.
    for one in
        select d.id, d.position from deals d
        where d.pipeline = in_pipeline and d.stage = in_stage and d.deleted_at is null
          and d.id <> moved and (d.position, d.id) <= (above.position, above.id)
        order by d.position desc, d.id desc
    loop
        bottom := one.position;
        exit when below.position - bottom >= (cardinality(tight) + 2) * 2 * least_gap;
        tight := tight || one.id;
        bottom := null;
    end loop;
    bottom := coalesce(bottom, below.position - (cardinality(tight) + 2) * spacing);
    step := (below.position - bottom) / (cardinality(tight) + 2);
    perform set_config('app.keep_updated_at', 'on', true); -- nobody edited them
    update deals d set position = bottom + step * (cardinality(tight) + 1 - t.place)
    from unnest(tight) with ordinality as t (id, place)
    where d.id = t.id;
    perform set_config('app.keep_updated_at', '', true);
    return bottom + step * (cardinality(tight) + 1);
end $$;
comment on function app.place_deal(uuid, text, text, uuid, uuid) is
    'Position of a deal that is put before one deal of a column, else after another, else on top; moves cards apart that stand too close. Holds the column until commit.';

-- Rights ------------------------------------------------------------------------------------------

alter table app.deal_totals enable row level security;
revoke all on function
    app.add_deal_totals(text, text, text, uuid, date, bigint, numeric, numeric), app.count_deals_inserted(),
    app.count_deals_deleted(), app.count_deals_updated(), app.recount_deal_totals(),
    app.count_deals_again(), app.may_read_deals(), app.board_totals(text, uuid, uuid[], date, text[]),
    app.deal_pipelines(), app.deal_stages(text), app.place_deal(uuid, text, text, uuid, uuid)
    from public;

do $$
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists deal_totals_select on app.deal_totals;
    create policy deal_totals_select on app.deal_totals for select to authenticated
        using ((select app.sees_all()) and (select app.may_read_deals()));
    grant select on app.deal_totals to authenticated;
    grant execute on function app.may_read_deals(), app.board_totals(text, uuid, uuid[], date, text[]),
        app.deal_pipelines(), app.deal_stages(text), app.place_deal(uuid, text, text, uuid, uuid)
        to authenticated;
end $$;

commit;
