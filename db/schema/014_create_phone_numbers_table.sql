-- 014 phone_numbers: our own numbers, who answers on them and what they cost.

begin;
set local client_min_messages = warning;

create table if not exists phone_numbers (
    id uuid not null default gen_random_uuid(),
    number varchar(20) not null,
    formatted_number varchar(30),
    country_code varchar(5),
    area_code varchar(10),
    name varchar(200),
    provider varchar(50) not null default 'twilio',
    provider_account_sid varchar(100),
    provider_phone_number_id varchar(100),
    assistant_id uuid,
    capabilities text[] not null default '{voice,sms}',
    voice_settings jsonb not null default '{}',
    sms_settings jsonb not null default '{}',
    server_url text,
    fallback_destination varchar(100),
    is_active boolean not null default true,
    is_verified boolean not null default false,
    purchase_date date,
    monthly_cost numeric(10, 4),
    usage_count integer not null default 0,
    last_used_at timestamptz,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint phone_numbers_pkey primary key (id),
    constraint phone_numbers_number_key unique (number),
    constraint phone_numbers_assistant_id_fkey foreign key (assistant_id)
        references assistants (id) on delete set null,
    constraint phone_numbers_number_check check (number ~ '^\+[1-9][0-9]{6,14}$'),
    constraint phone_numbers_capabilities_check
        check (capabilities <@ array['voice', 'sms', 'mms', 'fax']::text[]),
    constraint phone_numbers_monthly_cost_check check (monthly_cost >= 0),
    constraint phone_numbers_usage_count_check check (usage_count >= 0),
    constraint phone_numbers_voice_settings_check check (jsonb_typeof(voice_settings) = 'object'),
    constraint phone_numbers_sms_settings_check check (jsonb_typeof(sms_settings) = 'object'),
    constraint phone_numbers_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table phone_numbers is 'Our own phone numbers.';
comment on column phone_numbers.number is 'E.164 with the plus sign.';
comment on column phone_numbers.formatted_number is 'The same for people: (786) 555-0142.';
comment on column phone_numbers.assistant_id is 'AI assistant that answers; NULL: people answer.';
comment on column phone_numbers.fallback_destination is 'Number or SIP address when nobody answers.';

commit;
