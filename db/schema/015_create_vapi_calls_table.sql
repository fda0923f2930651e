-- 015 vapi_calls: calls made or answered by an AI assistant, as Vapi reports them. Rows survive the
-- delete of anything they refer to (billing), and Vapi's own words (type, status, ended_reason,
-- outcome) are taken as they come, so that a new word does not lose a webhook.

begin;
set local client_min_messages = warning;

create table if not exists vapi_calls (
    id uuid not null default gen_random_uuid(),
    vapi_call_id varchar(200),
    org_id varchar(200),
    assistant_id uuid,
    phone_number_id uuid,
    contact_id uuid,
    call_id uuid,
    name varchar(200),
    type varchar(50) not null default 'outboundPhoneCall',
    status varchar(50) not null default 'queued',
    ended_reason varchar(200),
    customer_number varchar(50),
    started_at timestamptz,
    ended_at timestamptz,
    duration integer,
    cost numeric(10, 4),
    cost_breakdown jsonb not null default '{}',
    transcript text,
    summary text,
    recording_url text,
    stereo_recording_url text,
    messages jsonb not null default '[]',
    analysis jsonb not null default '{}',
    artifacts jsonb not null default '{}',
    assistant_overrides jsonb not null default '{}',
    outcome varchar(50),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint vapi_calls_pkey primary key (id),
    constraint vapi_calls_vapi_call_id_key unique (vapi_call_id),
    constraint vapi_calls_assistant_id_fkey foreign key (assistant_id)
        references assistants (id) on delete set null,
    constraint vapi_calls_phone_number_id_fkey foreign key (phone_number_id)
        references phone_numbers (id) on delete set null,
    constraint vapi_calls_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete set null,
    constraint vapi_calls_call_id_fkey foreign key (call_id)
        references calls (id) on delete set null,
    constraint vapi_calls_type_check check (btrim(type) <> ''),
    constraint vapi_calls_status_check check (btrim(status) <> ''),
    constraint vapi_calls_ended_at_check check (ended_at >= started_at),
    constraint vapi_calls_duration_check check (duration >= 0),
    constraint vapi_calls_cost_check check (cost >= 0),
    constraint vapi_calls_cost_breakdown_check check (jsonb_typeof(cost_breakdown) = 'object'),
    constraint vapi_calls_messages_check check (jsonb_typeof(messages) = 'array'),
    constraint vapi_calls_analysis_check check (jsonb_typeof(analysis) = 'object'),
    constraint vapi_calls_artifacts_check check (jsonb_typeof(artifacts) = 'object'),
    constraint vapi_calls_assistant_overrides_check
        check (jsonb_typeof(assistant_overrides) = 'object'),
    constraint vapi_calls_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table vapi_calls is 'Calls of AI assistants: transcript, summary, analysis and cost.';
comment on column vapi_calls.vapi_call_id is 'Id at Vapi; unique, for webhooks delivered twice.';
comment on column vapi_calls.call_id is 'The same call in calls, when it is recorded there too.';
comment on column vapi_calls.type is 'Vapi''s word: inboundPhoneCall, outboundPhoneCall, webCall, …';
comment on column vapi_calls.status is
    'Vapi''s word: queued, ringing, in-progress, forwarding, ended, …';
comment on column vapi_calls.duration is 'Seconds.';
comment on column vapi_calls.messages is 'The dialogue as Vapi sends it: JSON array of turns.';
comment on column vapi_calls.outcome is
    'interested, not_interested, voicemail, no_answer, wrong_number, call_back, …';

commit;
