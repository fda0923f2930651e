-- 010 deal_stage_history: what happened to a deal's stage, value and probability, one row per
-- change and one for the first stage. Written by a trigger of 017 only.

begin;
set local client_min_messages = warning;

create table if not exists deal_stage_history (
    id uuid not null default gen_random_uuid(),
    deal_id uuid not null,
    old_stage varchar(50),
    new_stage varchar(50) not null,
    old_value numeric(15, 2),
    new_value numeric(15, 2),
    old_probability integer,
    new_probability integer,
    changed_by uuid,
    change_reason text,
    notes text,
    duration_in_stage interval,
    changed_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint deal_stage_history_pkey primary key (id),
    constraint deal_stage_history_deal_id_fkey foreign key (deal_id)
        references deals (id) on delete cascade
);

comment on table deal_stage_history is
    'Changes of the stage, value and probability of deals; the first row of a deal has no old_stage.';
comment on column deal_stage_history.changed_by is
    'User of the request; the deal''s creator when no user made the request.';
comment on column deal_stage_history.change_reason is
    'Setting app.change_reason of the transaction, when it is set.';
comment on column deal_stage_history.duration_in_stage is
    'How long the deal was in old_stage; NULL when the stage did not change.';

commit;
