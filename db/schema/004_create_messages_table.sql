-- 004 messages: text messages (SMS, MMS, WhatsApp, RCS) in both directions. A message is filed in
-- one conversation per contact and number (column conversation_id: foreign key in 012, filled by
-- a trigger of 017). Unread means: inbound and read_at is null.

begin;
set local client_min_messages = warning;

create table if not exists messages (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    conversation_id uuid,
    direction varchar(10) not null,
    message_type varchar(20) not null default 'sms',
    content text not null default '',
    media_urls text[] not null default '{}',
    status varchar(50) not null default 'pending',
    phone_number varchar(50),
    our_number varchar(50),
    provider varchar(50),
    message_sid varchar(100),
    error_code varchar(20),
    error_message text,
    segments integer not null default 1,
    cost numeric(10, 4),
    sent_by uuid,
    occurred_at timestamptz not null default now(),
    delivered_at timestamptz,
    read_at timestamptz,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint messages_pkey primary key (id),
    constraint messages_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint messages_direction_check check (direction in ('inbound', 'outbound')),
    constraint messages_message_type_check
        check (message_type in ('sms', 'mms', 'whatsapp', 'rcs')),
    constraint messages_status_check check (status in (
        'pending', 'queued', 'sending', 'sent', 'delivered', 'received', 'read',
        'failed', 'undelivered')),
    constraint messages_phone_number_check
        check (phone_number ~ '^(\+?[0-9]{3,15}|[A-Za-z0-9 &._+-]{1,11})$'),
    constraint messages_segments_check check (segments >= 1),
    constraint messages_cost_check check (cost >= 0),
    constraint messages_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table messages is 'Text messages sent to and received from contacts.';
comment on column messages.conversation_id is
    'Its thread; left empty it is found or made from contact, channel and number.';
comment on column messages.phone_number is
    'The other side: a number in E.164, a short code, or a sender name of up to 11 characters.';
comment on column messages.our_number is 'Our number or the provider''s sender id.';
comment on column messages.message_sid is
    'Id of the provider; unique, so that a webhook delivered twice is stored once.';
comment on column messages.segments is 'Number of SMS parts the provider bills.';
comment on column messages.sent_by is 'User who sent it; NULL for automatic and inbound ones.';
comment on column messages.occurred_at is 'When it was sent or received (not when it was stored).';
comment on column messages.read_at is
    'Inbound: when somebody here read it, NULL is unread. Outbound: when the contact read it.';

commit;
