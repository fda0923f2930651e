-- People: invitations, password resets, what they may change about each other, and their tokens.
--
-- A link in a mail holds a random token; here is its SHA-256. It works once and for one purpose,
-- because the purposes are two tables:
--   app.invitations      open -> accepted | revoked | (after 7 days) expired; sending it again gives
--                        it a new token and 7 new days, the old link then leads nowhere.
--   app.password_resets  open -> used | expired. A used one ends all sessions of its person.
-- Who may do what is decided here, whoever asks: owners manage everybody, admins everybody but
-- owners, nobody else anybody (app.may_manage). A workspace keeps an active owner, and a person who
-- is made inactive loses sessions, tokens, open links and invitations in the same transaction.
-- Locks: changes of role or activity take one advisory lock first, then the rows of app.users.
begin;
set local client_min_messages = warning;

create table if not exists app.invitations (
    id uuid primary key default gen_random_uuid(),
    email varchar(255) not null,
    role varchar(20) not null,
    token_sha256 bytea not null constraint invitations_token_sha256_key unique,
    invited_by uuid not null references app.users (id) on delete cascade,
    user_id uuid references app.users (id) on delete cascade,
    mail_id uuid,
    sent_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint invitations_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint invitations_role_check check (role in ('owner', 'admin', 'manager', 'agent', 'viewer')),
    constraint invitations_accepted_check check ((accepted_at is null) = (user_id is null))
);
comment on table app.invitations is 'Who was asked to join, by whom, and what became of it.';
comment on column app.invitations.user_id is 'The person it became.';
comment on column app.invitations.mail_id is
    'The mail that carries the link, in app.mails, where mails are kept for 30 days: no reference.';
create unique index if not exists invitations_email_key on app.invitations (lower(email))
    where accepted_at is null and revoked_at is null;
create index if not exists invitations_invited_by_idx on app.invitations (invited_by);
create index if not exists invitations_user_id_idx on app.invitations (user_id);

create table if not exists app.password_resets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app.users (id) on delete cascade,
    token_sha256 bytea not null constraint password_resets_token_sha256_key unique,
    made_by uuid references app.users (id) on delete set null,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table app.password_resets is 'Links to a new password. Only the functions below read it.';
create index if not exists password_resets_user_id_idx on app.password_resets (user_id);
create index if not exists password_resets_made_by_idx on app.password_resets (made_by);

drop trigger if exists invitations_set_updated_at on app.invitations;
create trigger invitations_set_updated_at before update on app.invitations
    for each row execute function set_updated_at();

-- Who manages whom ------------------------------------------------------------------------------

create or replace function app.may_manage(their_role text) returns boolean
language plpgsql stable security definer as $$
begin
    return app.in_scope('users', 'write') and coalesce(
        app.caller_role() = 'owner' or app.caller_role() = 'admin' and their_role <> 'owner', false);
end;
$$;
comment on function app.may_manage(text) is 'Whether the caller may change, or make, people of this role.';

create or replace function app.managed_person(whom uuid) returns app.users
language plpgsql stable security definer as $$
declare
    person app.users;
begin
    select * into person from app.users u where u.id = whom;
    if person.id is null or not app.may_manage(person.role) then
        raise exception 'you may not change this person' using errcode = '42501';
    end if;
    return person;
end;
$$;
comment on function app.managed_person(uuid) is 'Somebody whom the caller may change; else 42501.';

create or replace function app.one_at_a_time() returns trigger
language plpgsql security definer as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('app.users: who is an owner', 0));
    return null;
end;
$$;
comment on function app.one_at_a_time() is 'Or two owners could demote each other at the same moment.';

create or replace function app.keep_an_owner() returns trigger
language plpgsql security definer as $$
begin
    if exists (select from app.users)
       and not exists (select from app.users u where u.role = 'owner' and u.is_active) then
        raise exception 'A workspace needs an active owner. Make somebody else owner first.'
            using errcode = '23514', constraint = 'users_role_check',
                  hint = 'A workspace needs an active owner. Make somebody else owner first.';
    end if;
    return null;
end;
$$;
comment on function app.keep_an_owner() is 'Refuses to lose the last active owner.';

create or replace function app.end_access() returns trigger
language plpgsql security definer as $$
begin
    delete from app.sessions s where s.user_id = new.id;
    delete from app.password_resets r where r.user_id = new.id;
    delete from app.sign_in_challenges c where c.user_id = new.id;
    update app.api_tokens t set revoked_at = now()
    where t.user_id = new.id and t.revoked_at is null;
    update app.invitations i set revoked_at = now()
    where i.invited_by = new.id and i.accepted_at is null and i.revoked_at is null;
    return null;
end;
$$;
comment on function app.end_access() is
    'Somebody was made inactive: nothing that they hold opens anything from now on.';

drop trigger if exists users_one_at_a_time on app.users;
create trigger users_one_at_a_time before delete or update of role, is_active on app.users
    for each statement execute function app.one_at_a_time();
drop trigger if exists users_keep_an_owner on app.users;
create trigger users_keep_an_owner after update on app.users for each row
    when (old.role = 'owner' and old.is_active and not (new.role = 'owner' and new.is_active))
    execute function app.keep_an_owner();
drop trigger if exists users_keep_an_owner_delete on app.users;
create trigger users_keep_an_owner_delete after delete on app.users for each row
    when (old.role = 'owner' and old.is_active) execute function app.keep_an_owner();
drop trigger if exists users_end_access on app.users;
create trigger users_end_access after update on app.users for each row
    when (old.is_active and not new.is_active) execute function app.end_access();

-- Password resets -------------------------------------------------------------------------------

create or replace function app.request_reset(
    for_email text, reset_token_sha256 bytea, subject text, body text
) returns void
language plpgsql security definer as $$
declare
    person record;
begin
    select u.id, u.email into person from app.users u
    where lower(u.email) = lower(for_email) and u.is_active;
    if found then
        insert into app.password_resets (user_id, token_sha256, expires_at)
        values (person.id, reset_token_sha256, now() + interval '1 hour');
        perform app.store_mail(person.email, subject, body);
    end if;
end;
$$;
comment on function app.request_reset(text, bytea, text, text) is
    'Somebody forgot a password: a link for an hour, by mail. Says nothing about who exists.';

create or replace function app.make_reset(whom uuid, reset_token_sha256 bytea) returns text
language plpgsql security definer as $$
declare
    person constant app.users := app.managed_person(whom);
begin
    if not person.is_active then
        raise exception 'an inactive person signs in with no password' using errcode = '42501';
    end if;
    insert into app.password_resets (user_id, token_sha256, made_by, expires_at)
    values (person.id, reset_token_sha256, current_user_id(), now() + interval '1 day');
    return person.email;
end;
$$;
comment on function app.make_reset(uuid, bytea) is
    'A link to a new password, for a day, that an owner or admin hands over. Returns the address.';

create or replace function app.find_reset(reset_token_sha256 bytea)
returns table (email text, name text)
language sql stable security definer as $$
    select u.email::text, u.name::text
    from app.password_resets r join app.users u on u.id = r.user_id and u.is_active
    where r.token_sha256 = reset_token_sha256 and r.used_at is null and r.expires_at > now();
$$;
comment on function app.find_reset(bytea) is 'Whose password an open link changes.';

create or replace function app.finish_reset(reset_token_sha256 bytea, password_hash text)
returns uuid
language plpgsql security definer as $$
declare
    person record;
begin
    update app.password_resets r set used_at = now()
    from app.users u
    where u.id = r.user_id and u.is_active
      and r.token_sha256 = reset_token_sha256 and r.used_at is null and r.expires_at > now()
    returning u.id, u.email into person;
    if person.id is not null then
        perform app.set_password(person.id, password_hash);
        perform app.forget_attempts('sign-in', person.email, null);
        delete from app.sessions s where s.user_id = person.id;
        delete from app.sign_in_challenges c where c.user_id = person.id;
        delete from app.password_resets r where r.user_id = person.id and r.used_at is null;
    end if;
    return person.id;
end;
$$;
comment on function app.finish_reset(bytea, text) is
    'A new password by an open link, once; all sessions of the person end. NULL when it is not open.';

-- Invitations -----------------------------------------------------------------------------------

create or replace function app.invite(
    new_email text, new_role text, invitation_token_sha256 bytea, subject text, body text
) returns uuid
language plpgsql security definer as $$
declare
    new_id uuid;
begin
    if not app.may_manage(new_role) then
        raise exception 'you may not invite a person with this role' using errcode = '42501';
    end if;
    if exists (select from app.users u where lower(u.email) = lower(new_email)) then
        raise exception 'This person is already here.'
            using errcode = '23505', constraint = 'invitations_email_key';
    end if;
    update app.invitations i set revoked_at = now()
    where lower(i.email) = lower(new_email) and i.accepted_at is null and i.revoked_at is null
      and i.expires_at < now();
    insert into app.invitations (email, role, token_sha256, invited_by, mail_id, expires_at)
    values (new_email, new_role, invitation_token_sha256, current_user_id(),
            app.store_mail(new_email, subject, body), now() + interval '7 days')
    returning id into new_id;
    return new_id;
end;
$$;
comment on function app.invite(text, text, bytea, text, text) is
    'Asks somebody to join with a role; the mail with the link goes out with this transaction.';

create or replace function app.invite_again(
    invitation uuid, invitation_token_sha256 bytea, subject text, body text
) returns text
language plpgsql security definer as $$
declare
    found_one app.invitations;
begin
    select * into found_one from app.invitations i
    where i.id = invitation and i.accepted_at is null and i.revoked_at is null for update;
    if found_one.id is null or not app.may_manage(found_one.role) then
        raise exception 'no open invitation of yours' using errcode = 'P0002';
    end if;
    update app.invitations i
    set token_sha256 = invitation_token_sha256, sent_at = now(), invited_by = current_user_id(),
        expires_at = now() + interval '7 days',
        mail_id = app.store_mail(found_one.email, subject, body)
    where i.id = invitation;
    return found_one.email;
end;
$$;
comment on function app.invite_again(uuid, bytea, text, text) is
    'Another mail with a new link; the old link leads nowhere any more. Returns the address.';

create or replace function app.revoke_invitation(invitation uuid) returns void
language plpgsql security definer as $$
begin
    update app.invitations i set revoked_at = now()
    where i.id = invitation and i.accepted_at is null and i.revoked_at is null
      and app.may_manage(i.role);
    if not found then
        raise exception 'no open invitation of yours' using errcode = 'P0002';
    end if;
end;
$$;
comment on function app.revoke_invitation(uuid) is 'The link of an invitation leads nowhere any more.';

create or replace function app.find_invitation(invitation_token_sha256 bytea)
returns table (id uuid, email text, role text, inviter text)
language sql stable security definer as $$
    select i.id, i.email::text, i.role::text, u.name::text
    from app.invitations i
    join app.users u on u.id = i.invited_by and u.is_active
        and (u.role = 'owner' or u.role = 'admin' and i.role <> 'owner')
    where i.token_sha256 = invitation_token_sha256
      and i.accepted_at is null and i.revoked_at is null and i.expires_at > now();
$$;
comment on function app.find_invitation(bytea) is
    'An open invitation by its link, as long as who invited could still do so.';

create or replace function app.accept_invitation(
    invitation_token_sha256 bytea, new_name text, password_hash text
) returns uuid
language plpgsql security definer as $$
declare
    invitation record;
    new_id uuid;
begin
    perform from app.invitations i where i.token_sha256 = invitation_token_sha256 for update;
    select * into invitation from app.find_invitation(invitation_token_sha256);
    if invitation.id is not null then
        new_id := app.add_user(invitation.email, new_name, invitation.role, password_hash);
        update app.invitations i set accepted_at = now(), user_id = new_id
        where i.id = invitation.id;
    end if;
    return new_id;
end;
$$;
comment on function app.accept_invitation(bytea, text, text) is
    'Makes the invited person, once. NULL when the invitation is not open.';

-- Tokens of programs (the table is in 107) --------------------------------------------------------

create or replace function app.create_token(
    token_name text, new_token_sha256 bytea, token_hint text, new_scopes text[],
    ends_at timestamptz
) returns uuid
language plpgsql security definer as $$
declare
    caller constant text := app.caller_role();
    word text;
    new_id uuid;
begin
    if caller is null or not app.in_scope('tokens', 'write') then
        raise exception 'you may not create tokens' using errcode = '42501';
    end if;
    foreach word in array new_scopes loop
        -- As wide as the caller at most: what a viewer or an agent may not do, and, of a token that
        -- makes a token, what it may not do itself.
        if not app.in_scope(split_part(word, ':', 1), split_part(word, ':', 2))
           or word like '%:write' and (caller = 'viewer'
               or word in ('users:write', 'settings:write') and caller not in ('owner', 'admin'))
        then
            raise exception 'You may not give %: it is more than you may do yourself.', word
                using errcode = '42501', hint = word || ' is more than you may do yourself.';
        end if;
    end loop;
    insert into app.api_tokens (user_id, name, token_sha256, hint, scopes, expires_at)
    values (current_user_id(), token_name, new_token_sha256, token_hint, new_scopes, ends_at)
    returning id into new_id;
    return new_id;
end;
$$;
comment on function app.create_token(text, bytea, text, text[], timestamptz) is 'Never wider than the caller.';

create or replace function app.revoke_token(token_id uuid) returns boolean
language plpgsql security definer as $$
begin
    update app.api_tokens t set revoked_at = now()
    where t.id = token_id and t.revoked_at is null and app.in_scope('tokens', 'write')
      and (t.user_id = current_user_id() and app.caller_role() is not null
           or app.may_manage((select u.role::text from app.users u where u.id = t.user_id)));
    return found;
end;
$$;
comment on function app.revoke_token(uuid) is
    'Ends a token of the caller''s or of somebody they manage; false when there is none to end.';

-- Rights ------------------------------------------------------------------------------------------

alter table app.invitations enable row level security;
alter table app.password_resets enable row level security;
drop policy if exists invitations_select on app.invitations;
create policy invitations_select on app.invitations for select to authenticated
    using ((select app.caller_role()) in ('owner', 'admin')
        and (select app.in_scope('users', 'read')));
drop policy if exists password_resets_select on app.password_resets;
create policy password_resets_select on app.password_resets for select to authenticated
    using (false);
drop policy if exists sessions_scope_select on app.sessions;
create policy sessions_scope_select on app.sessions as restrictive for select to authenticated
    using ((select app.in_scope('users', 'read')));
drop policy if exists sessions_scope_delete on app.sessions;
create policy sessions_scope_delete on app.sessions as restrictive for delete to authenticated
    using ((select app.in_scope('users', 'write')));

do $$
declare
    signature regprocedure;
    caller text;
begin
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('may_manage', 'authenticated'), ('managed_person', 'nobody'),
            ('one_at_a_time', 'nobody'), ('keep_an_owner', 'nobody'), ('end_access', 'nobody'),
            ('request_reset', 'crm_app'), ('make_reset', 'authenticated'),
            ('find_reset', 'crm_app'), ('finish_reset', 'crm_app'),
            ('invite', 'authenticated'), ('invite_again', 'authenticated'),
            ('revoke_invitation', 'authenticated'), ('find_invitation', 'crm_app'),
            ('accept_invitation', 'crm_app'), ('create_token', 'authenticated'),
            ('revoke_token', 'authenticated')) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
    revoke all on app.invitations, app.password_resets from public;
    grant select (id, email, role, invited_by, user_id, mail_id, sent_at, expires_at, accepted_at,
                  revoked_at, created_at, updated_at) on app.invitations to authenticated;
end;
$$;

commit;
