-- Pipelines and their stages: names, order, colours, probabilities, and after how many days a deal
-- counts as stalled. Pipeline "default" has the eight stages of the specification; other pipelines
-- have open stages of their own. closed_won and closed_lost end every pipeline and come with it.
-- Keys never change: they stand in deals. A stage goes when no deal is in it (app.remove_stage moves
-- them), a pipeline when it never held one; else it is archived.
-- Deals of a known pipeline stay in its stages and take a stage's probability when they enter it and
-- nobody gave another. A pipeline that only deals know (made with psql) is shown under its key.
-- Who puts a deal into a stage locks that stage's row first (for key share), who removes a stage too
-- (for update), so no deal is left behind. Everybody reads; owner, admin and manager change.
begin;

create table if not exists app.pipelines (
    id uuid not null default gen_random_uuid(),
    key varchar(100) not null,
    name varchar(100) not null,
    position integer not null default 0,
    is_archived boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint pipelines_pkey primary key (id),
    constraint pipelines_key_key unique (key),
    constraint pipelines_key_check check (btrim(key) <> ''),
    constraint pipelines_name_check check (btrim(name) <> '')
);
comment on table app.pipelines is 'The pipelines of deals; deals.pipeline holds their key.';
comment on column app.pipelines.is_archived is 'Not offered any more; its deals stay.';

create table if not exists app.pipeline_stages (
    id uuid not null default gen_random_uuid(),
    pipeline varchar(100) not null,
    key varchar(50) not null,
    label varchar(50) not null,
    position integer not null default 0,
    hue varchar(20) not null default 'gray',
    probability integer not null default 0,
    stalled_after_days integer,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint pipeline_stages_pkey primary key (id),
    constraint pipeline_stages_pipeline_fkey foreign key (pipeline)
        references app.pipelines (key) on delete cascade,
    constraint pipeline_stages_pipeline_key_key unique (pipeline, key),
    constraint pipeline_stages_key_check check (key ~ '^[a-z][a-z0-9_]*$'),
    constraint pipeline_stages_label_check check (btrim(label) <> ''),
    constraint pipeline_stages_hue_check check (hue in (
        'gray', 'red', 'amber', 'green', 'teal', 'blue', 'violet', 'pink')),
    constraint pipeline_stages_probability_check check (
        case key when 'closed_won' then probability = 100 when 'closed_lost' then probability = 0
        else probability between 0 and 100 end),
    constraint pipeline_stages_stalled_after_days_check check (stalled_after_days > 0)
);
comment on table app.pipeline_stages is
    'The stages of a pipeline, in the order of position; closed_won and closed_lost come last.';
comment on column app.pipeline_stages.hue is 'Name of its colour on the board.';
comment on column app.pipeline_stages.probability is
    'Percent; what a deal gets that enters the stage without a probability of its own.';
comment on column app.pipeline_stages.stalled_after_days is
    'Days in the stage after which a deal is marked as stalled; NULL for never.';

drop trigger if exists pipelines_set_updated_at on app.pipelines;
create trigger pipelines_set_updated_at before update on app.pipelines
    for each row execute function set_updated_at();
drop trigger if exists pipeline_stages_set_updated_at on app.pipeline_stages;
create trigger pipeline_stages_set_updated_at before update on app.pipeline_stages
    for each row execute function set_updated_at();

-- Rules -----------------------------------------------------------------------------------------

create or replace function app.add_pipeline_ends() returns trigger
language plpgsql security definer as $$
begin
    insert into app.pipeline_stages (pipeline, key, label, position, hue, probability)
    values (new.key, 'closed_won', 'Won', 1001, 'green', 100),
           (new.key, 'closed_lost', 'Lost', 1002, 'red', 0)
    on conflict do nothing;
    return null;
end $$;
comment on function app.add_pipeline_ends() is 'Trigger: every pipeline is made with its two ends.';

create or replace function app.keep_pipeline() returns trigger
language plpgsql security definer as $$
begin
    if tg_op = 'UPDATE' and new.key <> old.key then
        raise exception 'The key of a pipeline never changes' using
            errcode = 'check_violation', constraint = 'pipelines_key_check';
    elsif tg_op = 'DELETE' and old.key = 'default' then
        raise exception 'The default pipeline stays' using
            errcode = 'check_violation', constraint = 'pipelines_default_check';
    elsif tg_op = 'DELETE' and exists (select from deals d where d.pipeline = old.key) then
        raise exception 'The pipeline holds deals: archive it' using
            errcode = 'check_violation', constraint = 'pipelines_deals_check';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
comment on function app.keep_pipeline() is
    'Trigger: keys of pipelines are fixed; the default one and those with deals are not deleted.';

create or replace function app.keep_pipeline_stage() returns trigger
language plpgsql security definer as $$
begin
    if tg_op = 'UPDATE' and (new.key, new.pipeline) <> (old.key, old.pipeline) then
        raise exception 'The key of a stage never changes' using
            errcode = 'check_violation', constraint = 'pipeline_stages_key_check';
    elsif tg_op = 'INSERT' and new.pipeline = 'default' and new.key not in (
        'lead', 'qualified', 'proposal', 'negotiation', 'contract', 'closing',
        'closed_won', 'closed_lost') then
        raise exception 'The default pipeline has its eight stages' using
            errcode = 'check_violation', constraint = 'pipeline_stages_pipeline_check';
    elsif tg_op = 'DELETE' and exists (select from app.pipelines p where p.key = old.pipeline) then
        if old.pipeline = 'default' or old.key in ('closed_won', 'closed_lost') then
            raise exception 'This stage belongs to every such pipeline' using
                errcode = 'check_violation', constraint = 'pipeline_stages_fixed_check';
        elsif exists (select from deals d where d.pipeline = old.pipeline and d.stage = old.key) then
            raise exception 'Deals are in this stage: move them first' using
                errcode = 'check_violation', constraint = 'pipeline_stages_deals_check';
        end if;
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
comment on function app.keep_pipeline_stage() is
    'Trigger: keys of stages are fixed; the ends, the default stages and stages with deals are not deleted.';

create or replace function app.follow_pipeline() returns trigger
language plpgsql security definer as $$
declare
    chance integer;
begin
    if tg_op = 'UPDATE' and new.pipeline = old.pipeline and new.stage = old.stage then
        return new;
    end if;
    if new.pipeline = 'default' then -- its stages cannot go, so nothing has to hold them
        select s.probability into chance from app.pipeline_stages s
        where s.pipeline = 'default' and s.key = new.stage;
    else
        select s.probability into chance from app.pipeline_stages s
        where s.pipeline = new.pipeline and s.key = new.stage for key share;
        if not found and exists (select from app.pipelines p where p.key = new.pipeline) then
            raise exception 'Pipeline "%" has no stage "%"', new.pipeline, new.stage using
                errcode = 'check_violation', constraint = 'deals_stage_check';
        end if;
    end if;
    -- Zero is the column's default: nobody gave a probability. Ends have theirs from 017.
    if chance is not null and new.stage not in ('closed_won', 'closed_lost') and (
        tg_op = 'INSERT' and new.probability = 0
        or tg_op = 'UPDATE' and new.probability = old.probability) then
        new.probability := chance;
    end if;
    return new;
end $$;
comment on function app.follow_pipeline() is
    'Trigger: deals of known pipelines are in one of their stages, and take its probability unless one was given.';

drop trigger if exists pipelines_add_ends on app.pipelines;
create trigger pipelines_add_ends after insert on app.pipelines
    for each row execute function app.add_pipeline_ends();
drop trigger if exists pipelines_keep on app.pipelines;
create trigger pipelines_keep before update or delete on app.pipelines
    for each row execute function app.keep_pipeline();
drop trigger if exists pipeline_stages_keep on app.pipeline_stages;
create trigger pipeline_stages_keep before insert or update or delete on app.pipeline_stages
    for each row execute function app.keep_pipeline_stage();
drop trigger if exists deals_follow_pipeline on deals;
create trigger deals_follow_pipeline before insert or update of pipeline, stage on deals
    for each row execute function app.follow_pipeline();

-- What editing needs -----------------------------------------------------------------------------

create or replace function app.key_from(title text, otherwise text) returns text
language sql immutable as $$
    select case when k.key ~ '^[a-z]' then k.key when k.key = '' then otherwise
                else left(otherwise || '_' || k.key, 40) end
    from (select btrim(left(btrim(regexp_replace(lower(title), '[^a-z0-9]+', '_', 'g'), '_'), 40),
                       '_') as key) k;
$$;
comment on function app.key_from(text, text) is
    'A key made from a title: "Site visit" is site_visit; the other word when nothing is left of it.';

create or replace function app.add_pipeline(title text, known_key text default null) returns uuid
language plpgsql as $$
declare
    base constant text := app.key_from(title, 'pipeline');
    new_key text := coalesce(known_key, base);
    tries integer := 1;
    made uuid;
begin
    while known_key is null and (
        exists (select from app.pipelines p where p.key = new_key)
        or (select sum(t.deals) from app.deal_totals t where t.pipeline = new_key) <> 0) loop
        tries := tries + 1;
        new_key := base || '_' || tries;
    end loop;
    insert into app.pipelines (key, name, position)
    values (new_key, btrim(title), (select coalesce(max(p.position), 0) + 1 from app.pipelines p))
    returning id into made;
    insert into app.pipeline_stages (pipeline, key, label, position, hue)
    select new_key, s.stage, initcap(replace(s.stage, '_', ' ')), row_number() over (order by s.stage),
           'blue'
    from (select t.stage from app.deal_totals t where t.pipeline = new_key
          group by t.stage having sum(t.deals) <> 0) s
    where s.stage not in ('closed_won', 'closed_lost');
    if not found then
        insert into app.pipeline_stages (pipeline, key, label, position, hue, probability)
        values (new_key, 'new', 'New', 1, 'blue', 10),
               (new_key, 'in_progress', 'In progress', 2, 'amber', 50);
    end if;
    return made;
end $$;
comment on function app.add_pipeline(text, text) is
    'A new pipeline with a key made from its title and two stages to begin with; with known_key, one that deals are in already, with the stages they are in. Gives its id.';

create or replace function app.add_stage(in_pipeline text, title text) returns uuid
language plpgsql as $$
declare
    base constant text := app.key_from(title, 'stage');
    new_key text := base;
    tries integer := 1;
    made uuid;
begin
    while exists (select from app.pipeline_stages s
                  where s.pipeline = in_pipeline and s.key = new_key) loop
        tries := tries + 1;
        new_key := base || '_' || tries;
    end loop;
    insert into app.pipeline_stages (pipeline, key, label, position, hue, probability)
    select in_pipeline, new_key, btrim(title), coalesce(max(s.position), 0) + 1, 'blue',
           coalesce(max(s.probability), 0)
    from app.pipeline_stages s
    where s.pipeline = in_pipeline and s.key not in ('closed_won', 'closed_lost')
    returning id into made;
    return made;
end $$;
comment on function app.add_stage(text, text) is
    'A new stage before the ends of a pipeline, with a key made from its title. Gives its id.';

create or replace function app.remove_stage(stage_id uuid, move_to text) returns integer
language plpgsql as $$
declare
    gone app.pipeline_stages;
    was_reason constant text := coalesce(current_setting('app.change_reason', true), '');
    moved integer;
begin
    select * into gone from app.pipeline_stages s where s.id = stage_id for update;
    if not found then
        return null;
    end if;
    perform set_config('app.change_reason', format('Stage "%s" was removed', gone.label), true);
    update deals d set stage = move_to where d.pipeline = gone.pipeline and d.stage = gone.key;
    get diagnostics moved = row_count;
    perform set_config('app.change_reason', was_reason, true);
    delete from app.pipeline_stages s where s.id = stage_id;
    return moved;
end $$;
comment on function app.remove_stage(uuid, text) is
    'Moves the deals of a stage into another one and removes it; gives how many moved, NULL when the stage is none of the caller''s to change.';

create or replace function app.order_stages(ids uuid[]) returns void
language sql as $$
    update app.pipeline_stages s set position = o.place
    from unnest(ids) with ordinality as o (id, place)
    where s.id = o.id and s.position <> o.place and s.key not in ('closed_won', 'closed_lost');
$$;
comment on function app.order_stages(uuid[]) is 'Puts open stages into the order of their ids.';

-- The default pipeline; what people changed in it stays --------------------------------------------

insert into app.pipelines (key, name) values ('default', 'Sales pipeline') on conflict do nothing;
insert into app.pipeline_stages (
    pipeline, key, label, position, hue, probability, stalled_after_days)
values ('default', 'lead', 'Lead', 1, 'gray', 10, 14),
       ('default', 'qualified', 'Qualified', 2, 'violet', 25, 14),
       ('default', 'proposal', 'Proposal', 3, 'amber', 40, 14),
       ('default', 'negotiation', 'Negotiation', 4, 'blue', 60, 14),
       ('default', 'contract', 'Contract', 5, 'teal', 80, 21),
       ('default', 'closing', 'Closing', 6, 'pink', 90, 14)
on conflict do nothing;

-- Rights ------------------------------------------------------------------------------------------

alter table app.pipelines enable row level security;
alter table app.pipeline_stages enable row level security;
revoke all on function app.add_pipeline_ends(), app.keep_pipeline(), app.keep_pipeline_stage(),
    app.follow_pipeline(), app.key_from(text, text), app.add_pipeline(text, text),
    app.add_stage(text, text), app.remove_stage(uuid, text), app.order_stages(uuid[]) from public;

do $$
declare
    target text;
    leads constant text := '(select app.caller_role()) in (''owner'', ''admin'', ''manager'')
        and (select app.in_scope(''deals'', ''write''))';
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    foreach target in array array['pipelines', 'pipeline_stages'] loop
        execute format('drop policy if exists %1$s_select on app.%1$s', target);
        execute format('create policy %1$s_select on app.%1$s for select to authenticated
                            using ((select app.caller_role()) is not null
                                   and (select app.in_scope(''deals'', ''read'')))', target);
        execute format('drop policy if exists %1$s_insert on app.%1$s', target);
        execute format('create policy %1$s_insert on app.%1$s for insert to authenticated
                            with check (%2$s)', target, leads);
        execute format('drop policy if exists %1$s_update on app.%1$s', target);
        execute format('create policy %1$s_update on app.%1$s for update to authenticated
                            using (%2$s) with check (%2$s)', target, leads);
        execute format('drop policy if exists %1$s_delete on app.%1$s', target);
        execute format('create policy %1$s_delete on app.%1$s for delete to authenticated
                            using (%2$s)', target, leads);
        execute format('grant select, insert, update, delete on app.%s to authenticated', target);
        perform app.log_changes_of(('app.' || target)::regclass, 'everybody', 'deals');
    end loop;
    grant execute on function app.key_from(text, text), app.add_pipeline(text, text),
        app.add_stage(text, text), app.remove_stage(uuid, text), app.order_stages(uuid[])
        to authenticated;
end $$;

commit;
