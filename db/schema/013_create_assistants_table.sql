-- 013 assistants: AI voice assistants as they are set up at Vapi. No secrets here: every member can
-- read this table. Providers and models are free text, so that a new one needs no migration.

begin;
set local client_min_messages = warning;

create table if not exists assistants (
    id uuid not null default gen_random_uuid(),
    vapi_assistant_id varchar(200),
    name varchar(200) not null,
    description text,
    first_message text,
    system_prompt text,
    model_provider varchar(50) not null default 'openai',
    model varchar(100) not null default 'gpt-4o',
    voice_provider varchar(50),
    voice_id varchar(100),
    voice_settings jsonb not null default '{}',
    language varchar(10) not null default 'en',
    max_duration_seconds integer not null default 600,
    silence_timeout_seconds integer not null default 30,
    recording_enabled boolean not null default true,
    voicemail_detection_enabled boolean not null default true,
    voicemail_message text,
    end_call_message text,
    end_call_phrases text[] not null default '{}',
    config jsonb not null default '{}',
    server_url text,
    is_active boolean not null default true,
    usage_count integer not null default 0,
    average_duration integer not null default 0,
    success_rate numeric(5, 2) not null default 0,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint assistants_pkey primary key (id),
    constraint assistants_vapi_assistant_id_key unique (vapi_assistant_id),
    constraint assistants_name_check check (btrim(name) <> ''),
    constraint assistants_max_duration_seconds_check check (max_duration_seconds > 0),
    constraint assistants_silence_timeout_seconds_check check (silence_timeout_seconds > 0),
    constraint assistants_usage_count_check check (usage_count >= 0),
    constraint assistants_average_duration_check check (average_duration >= 0),
    constraint assistants_success_rate_check check (success_rate between 0 and 100),
    constraint assistants_voice_settings_check check (jsonb_typeof(voice_settings) = 'object'),
    constraint assistants_config_check check (jsonb_typeof(config) = 'object'),
    constraint assistants_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table assistants is 'AI voice assistants: what they say, with which model and voice.';
comment on column assistants.vapi_assistant_id is 'Id at Vapi; NULL until it was created there.';
comment on column assistants.config is 'Other Vapi settings as they are sent, by their own names.';
comment on column assistants.average_duration is 'Mean seconds of its calls.';
comment on column assistants.success_rate is 'Percent of its calls that reached their aim.';

commit;
