-- 012 conversations: one row per contact, channel and number of the other side; messages, calls and
-- e-mails are filed in them. message_count, unread_count and the last_* columns are kept by
-- statement-level triggers of 017 on those three tables; nobody else writes them.
-- Also adds their foreign keys conversation_id. These are checked at commit: the row triggers only
-- compute the id of a conversation that does not exist yet, and the statement trigger makes the
-- missing ones in one fixed order, so that concurrent writers cannot deadlock.

begin;
set local client_min_messages = warning;

create table if not exists conversations (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    channel varchar(20) not null default 'sms',
    phone_number varchar(50) not null default '',
    our_number varchar(50),
    status varchar(20) not null default 'open',
    priority varchar(20) not null default 'medium',
    assigned_to uuid,
    last_message_id uuid,
    last_message_content varchar(200),
    last_message_at timestamptz,
    last_message_direction varchar(10),
    message_count integer not null default 0,
    unread_count integer not null default 0,
    is_archived boolean not null default false,
    is_starred boolean not null default false,
    is_muted boolean not null default false,
    labels text[] not null default '{}',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint conversations_pkey primary key (id),
    constraint conversations_contact_id_channel_phone_number_key
        unique (contact_id, channel, phone_number),
    constraint conversations_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint conversations_channel_check
        check (channel in ('sms', 'whatsapp', 'email', 'voice')),
    constraint conversations_status_check
        check (status in ('open', 'pending', 'snoozed', 'closed')),
    constraint conversations_priority_check
        check (priority in ('low', 'medium', 'high', 'urgent')),
    constraint conversations_last_message_direction_check
        check (last_message_direction in ('inbound', 'outbound')),
    constraint conversations_message_count_check check (message_count >= 0),
    constraint conversations_unread_count_check check (unread_count >= 0),
    constraint conversations_metadata_check check (jsonb_typeof(metadata) = 'object')
);

do $$
declare
    child text;
begin
    foreach child in array array['messages', 'calls', 'emails'] loop
        if not exists (select from pg_constraint
                       where conrelid = child::regclass
                         and conname = child || '_conversation_id_fkey') then
            execute format(
                'alter table %I add constraint %I foreign key (conversation_id)
                     references conversations (id) on delete set null
                     deferrable initially deferred',
                child, child || '_conversation_id_fkey');
        end if;
    end loop;
end $$;

comment on table conversations is
    'Threads: everything exchanged with one contact over one channel and number.';
comment on column conversations.phone_number is
    'Number of the other side; empty for e-mail and where no number is known.';
comment on column conversations.our_number is 'Number of ours used last in this thread.';
comment on column conversations.last_message_id is
    'Newest message, call or e-mail. No foreign key: it would be circular and cost every insert.';
comment on column conversations.last_message_content is
    'Beginning of the newest message, subject of the newest e-mail, or result of the newest call.';
comment on column conversations.message_count is 'Messages, calls and e-mails filed here.';
comment on column conversations.unread_count is
    'Inbound messages and e-mails without read_at, and inbound missed calls and voicemails without.';
comment on column conversations.labels is 'Free words to sort the inbox by.';

commit;
