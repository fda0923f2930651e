-- Mail that leaves: invitations, links to a new password, reminders.
--
-- A mail is a row first, written by the transaction that wants it, so it is sent if and only if that
-- transaction is committed. It moves
--   pending -> sending -> sent | pending (later again) | failed | unclear
-- and pending -> not_configured while no mail server is set up (within a day it is still sent).
-- "sending" is committed before the server is spoken to. Who takes a row skips rows that others have
-- taken; a server that says "later" (4xx, no connection) gives it back with a growing pause, at most
-- 8 times in two days; "no" (5xx) ends it. When nobody knows whether the server took the mail (the
-- connection broke after its text), and when the sending process was killed, it is unclear and never
-- sent again by itself: two invitations are worse than a question to an admin.
-- The text is wiped as soon as it is not needed, because it holds links that open accounts.
begin;
set local client_min_messages = warning;

create table if not exists app.mails (
    id uuid primary key default gen_random_uuid(),
    recipient varchar(255) not null,
    subject varchar(300) not null,
    body text not null,
    state varchar(20) not null default 'pending',
    attempts integer not null default 0,
    last_error varchar(500) not null default '',
    due_at timestamptz not null default now(),
    sent_at timestamptz,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint mails_recipient_check check (recipient ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint mails_subject_check check (subject !~ '[\r\n]'),
    constraint mails_state_check check (
        state in ('pending', 'sending', 'sent', 'failed', 'unclear', 'not_configured')),
    constraint mails_body_check check (state in ('pending', 'sending', 'not_configured') or body = '')
);
comment on table app.mails is 'Mail to people. Rows are kept for 30 days, texts only until sent.';
comment on column app.mails.created_by is 'Who caused it; NULL for what the program does by itself.';
create index if not exists mails_due_at_idx on app.mails (due_at)
    where state in ('pending', 'sending', 'not_configured');
create index if not exists mails_created_at_idx on app.mails (created_at);

drop trigger if exists mails_set_updated_at on app.mails;
create trigger mails_set_updated_at before update on app.mails
    for each row execute function set_updated_at();

create or replace function app.store_mail(recipient text, subject text, body_text text)
returns uuid
language sql security definer as $$
    insert into app.mails (recipient, subject, body, created_by)
    values (recipient, regexp_replace(left(subject, 300), '[\r\n]+', ' ', 'g'), body_text,
            current_user_id())
    returning id;
$$;
comment on function app.store_mail(text, text, text) is
    'The row of a mail. For functions that have made sure that it may be sent.';

create or replace function app.queue_mail(recipient text, subject text, body_text text)
returns uuid
language plpgsql security definer as $$
begin
    -- A request asks as a person; a function of upkeep runs without any role.
    if current_setting('role') = 'authenticated' and app.caller_role() is null then
        raise exception 'a stranger sends no mail' using errcode = '42501';
    end if;
    return app.store_mail(recipient, subject, body_text);
end;
$$;
comment on function app.queue_mail(text, text, text) is
    'A mail that goes out once this transaction is committed. Returns its id in app.mails.';

create or replace function app.take_mail()
returns table (id uuid, recipient text, subject text, body text, attempts integer)
language sql security definer as $$
    update app.mails m set state = 'sending', attempts = m.attempts + 1, due_at = now()
    where m.id = (select w.id from app.mails w
                  where w.state in ('pending', 'not_configured') and w.due_at <= now()
                  order by w.due_at limit 1
                  for update skip locked)
    returning m.id, m.recipient::text, m.subject::text, m.body, m.attempts::integer;
$$;
comment on function app.take_mail() is
    'The next mail that is due, for one process alone; commit before speaking to the mail server.';

create or replace function app.settle_mail(mail_id uuid, outcome text, error text) returns void
language plpgsql security definer as $$
declare
    pauses constant interval[] := array['1 minute', '5 minutes', '15 minutes', '1 hour', '4 hours',
                                        '12 hours', '1 day']::interval[];
begin
    update app.mails m
    set state = case when outcome <> 'later' then outcome
                     when m.attempts <= cardinality(pauses) then 'pending' else 'failed' end,
        due_at = now() + coalesce(pauses[m.attempts], '0'),
        sent_at = case when outcome = 'sent' then now() end,
        last_error = left(error, 500),
        body = case when outcome = 'later' and m.attempts <= cardinality(pauses)
                    then m.body else '' end
    where m.id = mail_id and m.state = 'sending';
end;
$$;
comment on function app.settle_mail(uuid, text, text) is
    'What became of a mail that was taken: sent, failed, unclear, or later.';

create or replace function app.note_no_mail_server() returns integer
language plpgsql security definer as $$
declare
    noted integer;
begin
    update app.mails set state = 'not_configured' where state = 'pending';
    get diagnostics noted = row_count;
    return noted;
end;
$$;
comment on function app.note_no_mail_server() is 'No mail server is set up: what waits says so.';

create or replace function app.upkeep_mails() returns integer
language plpgsql security definer as $$
declare
    changed integer;
begin
    update app.mails
    set state = case state when 'sending' then 'unclear' else 'failed' end, body = '',
        last_error = case state when 'sending' then 'the program ended while it was sending'
                                else 'no mail server was set up within a day' end
    where state = 'sending' and due_at < now() - interval '10 minutes'
       or state = 'not_configured' and created_at < now() - interval '1 day';
    get diagnostics changed = row_count;
    delete from app.mails where created_at < now() - interval '30 days';
    return changed;
end;
$$;
comment on function app.upkeep_mails() is
    'Mails that a killed program left behind are unclear; old ones are forgotten.';

-- Owners and admins see what was sent to whom and how it ended, never the text.
alter table app.mails enable row level security;
drop policy if exists mails_select on app.mails;
create policy mails_select on app.mails for select to authenticated
    using ((select app.caller_role()) in ('owner', 'admin')
        and (select app.in_scope('settings', 'read')));

do $$
declare
    signature regprocedure;
    caller text;
begin
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('store_mail', 'nobody'), ('queue_mail', 'authenticated'), ('take_mail', 'crm_app'),
            ('settle_mail', 'crm_app'), ('note_no_mail_server', 'crm_app'),
            ('upkeep_mails', 'nobody')) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
    revoke all on app.mails from public;
    grant select (id, recipient, subject, state, attempts, last_error, due_at, sent_at, created_by,
                  created_at, updated_at) on app.mails to authenticated;
end;
$$;

commit;
