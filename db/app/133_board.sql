-- What the board reads: sums of 131 for whoever asks, the pipelines and stages, and the place of a card.
--
-- Moving a card locks its column (advisory), its contact (131), then the deals it has to shift, then
-- the deal itself.
begin;
set local client_min_messages = warning;

-- Reading ---------------------------------------------------------------------------------------

create or replace function app.counted_pipelines() returns setof text
language plpgsql stable security definer rows 10 as $$
begin
    -- From one to the next by the index: there are few, in very many rows.
    return query
    with recursive k as (
        select min(t.pipeline) as pipeline from app.deal_totals t
        union all
        select (select min(t.pipeline) from app.deal_totals t where t.pipeline > k.pipeline)
        from k where k.pipeline is not null)
    select k.pipeline::text from k where k.pipeline is not null;
end $$;
comment on function app.counted_pipelines() is
    'The pipelines that deals are in, or were. Not for callers.';

create or replace function app.counted_stages(of_pipeline text) returns setof text
language plpgsql stable security definer rows 10 as $$
begin
    return query
    with recursive k as (
        select min(t.stage) as stage from app.deal_totals t where t.pipeline = of_pipeline
        union all
        select (select min(t.stage) from app.deal_totals t
                where t.pipeline = of_pipeline and t.stage > k.stage)
        from k where k.stage is not null)
    select k.stage::text from k where k.stage is not null;
end $$;
comment on function app.counted_stages(text) is
    'The stages of a pipeline that deals are in, or were. Not for callers.';

create or replace function app.board_totals(
    of_pipeline text, of_owner uuid default null, among uuid[] default null,
    closed_since date default null, in_stages text[] default null)
returns table (stage text, currency text, deals bigint, value numeric, weighted numeric)
language plpgsql stable security definer as $$
declare
    nobody constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
    everything constant boolean := app.sees_all();
    me constant uuid := current_user_id();
    stages text[] := coalesce(in_stages, array(select app.counted_stages(of_pipeline)));
begin
    if not app.may_read_deals() then
        return;
    elsif among is null then
        return query
        select t.stage::text, t.currency::text, sum(t.deals)::bigint, sum(t.value),
               sum(t.weighted) / 100
        from unnest(stages) s
        join app.deal_totals t on t.pipeline = of_pipeline and t.stage = s
            and t.day >= case when s in ('closed_won', 'closed_lost')
                              then coalesce(closed_since, '-infinity') else '-infinity' end
        where (of_owner is null or t.owner = of_owner)
          and (everything or t.contact_owner in (me, nobody))
        group by 1, 2
        having sum(t.deals) <> 0;
        return;
    end if;
    return query
    select d.stage::text, d.currency::text, count(*), sum(d.value),
           sum(d.value * d.probability) / 100
    from unnest(among) a
    join deals d on d.id = a
    join contacts c on c.id = d.contact_id
    where d.pipeline = of_pipeline and d.stage = any (stages) and d.deleted_at is null
      and (of_owner is null or coalesce(d.assigned_to, nobody) = of_owner)
      and (everything or c.assigned_to is null or c.assigned_to = me)
      and (closed_since is null or d.stage not in ('closed_won', 'closed_lost')
           or d.actual_close_date >= closed_since)
    group by 1, 2;
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
    select null, t.pipeline, t.pipeline, 1000000, false
    from (select k.pipeline from app.counted_pipelines() as k (pipeline)
          where not exists (select from app.pipelines p where p.key = k.pipeline)
          offset 0) t -- those alone are added up
    where (select sum(n.deals) from app.deal_totals n where n.pipeline = t.pipeline) > 0
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
          select null, t.stage, initcap(replace(t.stage, '_', ' ')), 'gray', 0, null, 1000
          from (select k.stage from app.counted_stages(of_pipeline) as k (stage)
                where k.stage not in ('closed_won', 'closed_lost')
                  and not exists (select from app.pipeline_stages s
                                  where s.pipeline = of_pipeline and s.key = k.stage)
                offset 0) t
          where (select sum(n.deals) from app.deal_totals n
                 where n.pipeline = of_pipeline and n.stage = t.stage) > 0
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
    -- Before the deal, as who bins a contact locks it before its deals.
    perform from contacts c
    where c.id = (select d.contact_id from deals d where d.id = moved)
    for share;
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

revoke all on function
    app.counted_pipelines(), app.counted_stages(text),
    app.board_totals(text, uuid, uuid[], date, text[]), app.deal_pipelines(), app.deal_stages(text),
    app.place_deal(uuid, text, text, uuid, uuid)
    from public;

do $$
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    grant execute on function app.board_totals(text, uuid, uuid[], date, text[]),
        app.deal_pipelines(), app.deal_stages(text), app.place_deal(uuid, text, text, uuid, uuid)
        to authenticated;
end $$;

commit;
