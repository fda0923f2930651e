-- 008 deals: opportunities and their way through a pipeline. In pipeline "default" stage is one of
-- eight; other pipelines use keys of their own for open stages, closed_won and closed_lost end
-- every pipeline. Triggers of 017 fill stage_changed_at, actual_close_date and the probability of
-- closed deals, and log every change into deal_stage_history. Also adds the foreign key
-- activities.deal_id, which had to wait for this table.

begin;
set local client_min_messages = warning;

create table if not exists deals (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    name varchar(500) not null,
    pipeline varchar(100) not null default 'default',
    stage varchar(50) not null default 'lead',
    stage_changed_at timestamptz not null default now(),
    position double precision not null default 0,
    value numeric(15, 2) not null default 0,
    currency varchar(3) not null default 'USD',
    probability integer not null default 0,
    expected_close_date date,
    actual_close_date date,
    source varchar(100),
    campaign varchar(100),
    lead_score integer not null default 0,
    assigned_to uuid,
    team_id uuid,
    created_by uuid,
    lost_reason varchar(500),
    won_reason varchar(500),
    competitor varchar(200),
    next_step text,
    notes text,
    custom_fields jsonb not null default '{}',
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint deals_pkey primary key (id),
    constraint deals_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint deals_name_check check (btrim(name) <> ''),
    constraint deals_pipeline_check check (btrim(pipeline) <> ''),
    constraint deals_stage_check check (
        case when pipeline = 'default' then stage in (
            'lead', 'qualified', 'proposal', 'negotiation', 'contract', 'closing',
            'closed_won', 'closed_lost')
        else stage ~ '^[a-z][a-z0-9_]*$' end),
    constraint deals_value_check check (value >= 0),
    constraint deals_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint deals_probability_check check (probability between 0 and 100),
    constraint deals_lead_score_check check (lead_score >= 0),
    constraint deals_actual_close_date_check
        check ((stage in ('closed_won', 'closed_lost')) = (actual_close_date is not null)),
    constraint deals_custom_fields_check check (jsonb_typeof(custom_fields) = 'object')
);

do $$
begin
    if not exists (select from pg_constraint
                   where conrelid = 'activities'::regclass
                     and conname = 'activities_deal_id_fkey') then
        alter table activities add constraint activities_deal_id_fkey
            foreign key (deal_id) references deals (id) on delete set null;
    end if;
end $$;

comment on table deals is 'Opportunities with contacts and their way through a pipeline.';
comment on column deals.pipeline is 'Key of the pipeline; "default" has the eight built-in stages.';
comment on column deals.stage_changed_at is 'When it entered its stage; kept by a trigger.';
comment on column deals.position is
    'Order inside a stage of the board, ascending; a card dropped between two takes the mean.';
comment on column deals.currency is 'ISO 4217 code of value.';
comment on column deals.probability is 'Percent; 100 on closed_won and 0 on closed_lost.';
comment on column deals.actual_close_date is 'Filled exactly while the stage is a closed one.';
comment on column deals.deleted_at is 'When it was put in the bin.';

commit;
