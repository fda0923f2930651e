-- 005 calls: phone calls in both directions, filed in one voice conversation per contact and
-- number (column conversation_id: foreign key in 012, filled by a trigger of 017).
-- Unread means: inbound, missed or voicemail, and read_at is null.

begin;
set local client_min_messages = warning;

create table if not exists calls (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    conversation_id uuid,
    direction varchar(10) not null,
    call_type varchar(20) not null default 'voice',
    status varchar(50) not null default 'completed',
    duration integer not null default 0,
    from_number varchar(50),
    to_number varchar(50),
    provider varchar(50),
    call_sid varchar(100),
    recording_url text,
    recording_duration integer,
    transcript text,
    outcome varchar(50),
    answered_by varchar(50),
    hangup_cause varchar(100),
    cost numeric(10, 4),
    notes text,
    handled_by uuid,
    occurred_at timestamptz not null default now(),
    ended_at timestamptz,
    read_at timestamptz,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint calls_pkey primary key (id),
    constraint calls_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint calls_direction_check check (direction in ('inbound', 'outbound')),
    constraint calls_call_type_check
        check (call_type in ('voice', 'video', 'conference', 'voicemail', 'ai')),
    constraint calls_status_check check (status in (
        'queued', 'ringing', 'in-progress', 'completed', 'missed', 'voicemail', 'failed',
        'busy', 'no-answer', 'cancelled')),
    constraint calls_duration_check check (duration >= 0),
    constraint calls_recording_duration_check check (recording_duration >= 0),
    constraint calls_cost_check check (cost >= 0),
    constraint calls_ended_at_check check (ended_at >= occurred_at),
    constraint calls_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table calls is 'Phone calls with contacts: how long, how they ended, what was said.';
comment on column calls.conversation_id is
    'Its thread; left empty it is found or made from contact and number.';
comment on column calls.duration is 'Seconds talked.';
comment on column calls.from_number is 'Calling side; theirs when inbound.';
comment on column calls.to_number is 'Called side; theirs when outbound.';
comment on column calls.call_sid is 'Id of the provider; unique, for webhooks delivered twice.';
comment on column calls.recording_duration is 'Seconds of the recording.';
comment on column calls.outcome is 'Result in the words of the workspace (interested, call_back, …).';
comment on column calls.answered_by is 'Who picked up, as the provider reports it: human, machine, fax.';
comment on column calls.occurred_at is 'When it began to ring.';
comment on column calls.read_at is
    'When somebody looked at an inbound missed call or voicemail; NULL is unread.';

commit;
