-- 006 emails: e-mails in both directions, filed in one e-mail conversation per contact
-- (column conversation_id: foreign key in 012, filled by a trigger of 017); subject threads are
-- thread_id. Unread means: inbound and read_at is null. One mail to two contacts is two rows with
-- the same message_id.

begin;
set local client_min_messages = warning;

create table if not exists emails (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    conversation_id uuid,
    direction varchar(10) not null,
    subject varchar(998) not null default '',
    body text not null default '',
    html_body text,
    status varchar(50) not null default 'pending',
    from_email varchar(255),
    to_email varchar(255),
    cc_emails text[] not null default '{}',
    bcc_emails text[] not null default '{}',
    reply_to varchar(255),
    message_id varchar(998),
    in_reply_to varchar(998),
    thread_id varchar(255),
    attachments jsonb not null default '[]',
    headers jsonb not null default '{}',
    bounce_reason text,
    spam_score numeric(5, 2),
    opened_at timestamptz,
    clicked_at timestamptz,
    read_at timestamptz,
    sent_by uuid,
    occurred_at timestamptz not null default now(),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint emails_pkey primary key (id),
    constraint emails_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint emails_direction_check check (direction in ('inbound', 'outbound')),
    constraint emails_status_check check (status in (
        'draft', 'scheduled', 'pending', 'queued', 'sending', 'sent', 'delivered', 'received',
        'opened', 'clicked', 'read', 'replied', 'bounced', 'complained', 'failed')),
    constraint emails_from_email_check check (from_email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint emails_to_email_check check (to_email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint emails_attachments_check check (jsonb_typeof(attachments) = 'array'),
    constraint emails_headers_check check (jsonb_typeof(headers) = 'object'),
    constraint emails_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table emails is 'E-mails sent to and received from contacts.';
comment on column emails.conversation_id is
    'Its thread; left empty it is found or made: one e-mail conversation per contact.';
comment on column emails.subject is 'At most 998 characters, the limit of RFC 5322.';
comment on column emails.body is 'Plain text; html_body is the same as sent or received in HTML.';
comment on column emails.message_id is 'Message-ID header; unique per contact.';
comment on column emails.thread_id is 'Thread of the mail provider or the first Message-ID.';
comment on column emails.attachments is 'JSON array of {name, mime_type, size, file_path}.';
comment on column emails.read_at is 'When somebody here read an inbound mail; NULL is unread.';
comment on column emails.occurred_at is 'When it was sent or received (not when it was stored).';

commit;
