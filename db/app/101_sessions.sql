-- People's passwords and sessions, and the door through which the program itself works.
--
-- The program logs in as crm_app, which owns nothing and reads no table here. Before somebody has
-- signed in there is no identity, so signing in goes through the SECURITY DEFINER functions below,
-- which only crm_app may execute. Once the person is known, each transaction becomes
-- `authenticated` with that person's claims, and row level security decides.
-- A session ends by signing out, by 14 days of silence, or when the person is made inactive.
-- Whoever guesses is slowed down by app.attempts: a try is counted, and committed, before its
-- password or code is checked. Locks: one advisory lock for each person and network that tries.
begin;

do $$
begin
    if not exists (select from pg_roles where rolname = 'crm_app') then
        create role crm_app login noinherit;
    end if;
exception
    when duplicate_object or unique_violation then
        null; -- another process made it at the same moment
    when insufficient_privilege then
        raise notice 'role crm_app was not created: ask an administrator, or use your own login';
end;
$$;

create table if not exists app.passwords (
    user_id uuid primary key references app.users (id) on delete cascade,
    hash text not null,
    changed_at timestamptz not null default now()
);
comment on table app.passwords is 'Argon2id hashes. Nobody reads this table but app.find_sign_in().';

create table if not exists app.sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app.users (id) on delete cascade,
    token_sha256 bytea not null constraint sessions_token_sha256_key unique,
    user_agent varchar(400) not null default '',
    ip inet,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null
);
comment on table app.sessions is 'Who is signed in where. The token itself is only in the browser.';
create index if not exists sessions_user_id_idx on app.sessions (user_id);
create index if not exists sessions_expires_at_idx on app.sessions (expires_at);

create table if not exists app.attempts (
    id bigint generated always as identity primary key,
    kind varchar(20) not null,
    subject varchar(300) not null,
    at timestamptz not null default clock_timestamp()
);
comment on table app.attempts is
    'Tries at passwords, codes and links, kept for a day: app.take_attempt() counts and refuses.';
comment on column app.attempts.subject is
    'Whose: an email address, a user''s id, or "from" and the network that asked.';
create index if not exists attempts_kind_subject_at_idx on app.attempts (kind, subject, at);
create index if not exists attempts_at_idx on app.attempts (at);
-- What counted before app.attempts did: wrong passwords of the last day, nothing anybody reads.
-- squawk-ignore ban-drop-table
drop table if exists app.sign_in_failures;
-- squawk-ignore ban-drop-function
drop function if exists app.note_sign_in_failure(text);

alter table app.passwords enable row level security;
alter table app.sessions enable row level security;
alter table app.attempts enable row level security;

drop policy if exists passwords_select on app.passwords;
create policy passwords_select on app.passwords for select to authenticated using (false);
drop policy if exists attempts_select on app.attempts;
create policy attempts_select on app.attempts for select to authenticated using (false);
drop policy if exists sessions_select on app.sessions;
create policy sessions_select on app.sessions for select to authenticated
    using (user_id = (select current_user_id()));
drop policy if exists sessions_delete on app.sessions;
create policy sessions_delete on app.sessions for delete to authenticated
    using (user_id = (select current_user_id()));

create or replace function app.workspace_name() returns text
language sql stable security definer as $$
    select coalesce((select value #>> '{}' from app.settings where key = 'workspace'), 'Contact CRM');
$$;
comment on function app.workspace_name() is 'The name of the workspace, for the frame of every page.';

create or replace function app.workspace_zone() returns text
language plpgsql stable security definer as $$
begin
    return coalesce((select s.value #>> '{}' from app.settings s where s.key = 'timezone'), 'UTC');
end;
$$;
comment on function app.workspace_zone() is
    'The time zone whose days the workspace counts in, and that of whoever has told no other.';

create or replace function app.is_set_up() returns boolean
language sql stable security definer as $$
    select exists (select from app.users);
$$;
comment on function app.is_set_up() is 'Whether anybody can sign in; if not, the setup page creates the owner.';

-- Throttling ------------------------------------------------------------------------------------

create or replace function app.attempt_origin(address text) returns text
language sql immutable as $$
    -- Who has one IPv6 address has 2^64 of them.
    select 'from ' || case family(address::inet) when 6
        then network(set_masklen(address::inet, 64))::text else host(address::inet) end
    where address <> '';
$$;
comment on function app.attempt_origin(text) is
    'What attempts from an IP address are counted under; NULL when the address is not known.';

create or replace function app.take_attempt(what text, whom text, address text) returns integer
language plpgsql security definer as $$
declare
    rule record;
    counted record;
begin
    for rule in
        -- what, tries of one person or address of mail, tries from one network, in which time
        select key.subject, key.most, r.period from (values
            ('sign-in', 10, 50, interval '15 minutes'),
            ('password', 10, 50, interval '15 minutes'),
            ('second-factor', 5, 50, interval '15 minutes'),
            ('link', 10, 50, interval '15 minutes'),
            ('reset', 3, 20, interval '1 hour')) as r (kind, of_one, of_network, period),
            lateral (values (1, lower(left(whom, 255)), r.of_one),
                            (2, app.attempt_origin(address), r.of_network)) as key (n, subject, most)
        where r.kind = what and key.subject <> ''
        order by key.n
    loop
        -- Whoever comes at the same moment waits here until this attempt is counted.
        perform pg_advisory_xact_lock(hashtextextended('attempt ' || what || rule.subject, 0));
        select count(*) as tries, min(newest.at) + rule.period - clock_timestamp() as wait
        into counted
        from (select a.at from app.attempts a
              where a.kind = what and a.subject = rule.subject
                and a.at > clock_timestamp() - rule.period
              order by a.at desc limit rule.most) newest;
        if counted.tries >= rule.most then
            return greatest(1, ceil(extract(epoch from counted.wait)))::integer;
        end if;
    end loop;
    insert into app.attempts (kind, subject)
    select what, subject
    from unnest(array[lower(left(whom, 255)), app.attempt_origin(address)]) as subject
    where subject <> '';
    return 0;
end;
$$;
comment on function app.take_attempt(text, text, text) is
    'Counts a try before it is checked: 0 when it may be made, else the seconds to wait. Committed before the check, so that tries at the same moment cannot pass the limit together.';

create or replace function app.forget_attempts(what text, whom text, address text) returns void
language sql security definer as $$
    delete from app.attempts where kind = what and subject = lower(left(whom, 255));
    -- Of the network only this try: knowing one password must not open the way to guess others.
    delete from app.attempts where id = (
        select max(a.id) from app.attempts a
        where a.kind = what and a.subject = app.attempt_origin(address));
$$;
comment on function app.forget_attempts(text, text, text) is 'A try was right: the person starts anew.';

-- Signing in ------------------------------------------------------------------------------------

-- Its columns have changed, and create or replace cannot do that.
-- squawk-ignore ban-drop-function
drop function if exists app.find_sign_in(text);
create or replace function app.find_sign_in(sign_in_email text)
returns table (
    user_id uuid, role text, name text, email text, password_hash text, has_second_factor boolean
)
language plpgsql stable security definer as $$
begin
    return query
    select u.id, u.role::text, u.name::text, u.email::text, p.hash,
           exists (select from app.second_factors f
                   where f.user_id = u.id and f.confirmed_at is not null)
    from app.users u
    join app.passwords p on p.user_id = u.id
    where lower(u.email) = lower(sign_in_email) and u.is_active;
end;
$$;
comment on function app.find_sign_in(text) is
    'The active person behind an email address, with the hash to check.';

create or replace function app.start_session(
    for_user uuid, session_token_sha256 bytea, browser text, address text, days integer
) returns void
language plpgsql security definer as $$
begin
    if exists (select from app.second_factors f
               where f.user_id = for_user and f.confirmed_at is not null) then
        raise exception 'this person signs in with a second factor' using errcode = '42501';
    end if;
    perform app.write_session(for_user, session_token_sha256, browser, address, days);
end;
$$;
comment on function app.start_session(uuid, bytea, text, text, integer) is
    'A new session for who needs no second factor; it ends after the given days without a visit.';

create or replace function app.write_session(
    for_user uuid, session_token_sha256 bytea, browser text, address text, days integer
) returns void
language sql security definer as $$
    insert into app.sessions (user_id, token_sha256, user_agent, ip, expires_at)
    values (for_user, session_token_sha256, left(browser, 400), nullif(address, '')::inet,
            now() + make_interval(days => days));
$$;
comment on function app.write_session(uuid, bytea, text, text, integer) is
    'The row of a session. Only for functions that have made sure who it is.';

create or replace function app.session_identity(session_token_sha256 bytea)
returns table (user_id uuid, role text, name text, email text)
language plpgsql security definer as $$
declare
    found_session record;
begin
    select s.id, s.last_seen_at, s.expires_at - s.last_seen_at as lifetime,
           u.id as person, u.role as person_role, u.name as person_name, u.email as person_email
    into found_session
    from app.sessions s
    join app.users u on u.id = s.user_id and u.is_active
    where s.token_sha256 = session_token_sha256 and s.expires_at > now();
    if not found then
        return;
    end if;
    -- Written at most every ten minutes: reading a page must not be a write.
    if found_session.last_seen_at < now() - interval '10 minutes' then
        update app.sessions
        set last_seen_at = now(), expires_at = now() + found_session.lifetime
        where id = found_session.id;
    end if;
    return query select found_session.person::uuid, found_session.person_role::text,
                        found_session.person_name::text, found_session.person_email::text;
end;
$$;
comment on function app.session_identity(bytea) is
    'The active person of a running session; every visit renews it.';

create or replace function app.end_session(session_token_sha256 bytea) returns void
language sql security definer as $$
    delete from app.sessions where token_sha256 = session_token_sha256;
$$;
comment on function app.end_session(bytea) is 'Sign out.';

create or replace function app.set_password(for_user uuid, password_hash text) returns void
language sql security definer as $$
    insert into app.passwords (user_id, hash) values (for_user, password_hash)
    on conflict (user_id) do update set hash = excluded.hash, changed_at = now();
$$;
comment on function app.set_password(uuid, text) is 'Store a new Argon2id hash for a person.';

create or replace function app.add_user(
    new_email text, new_name text, new_role text, password_hash text
) returns uuid
language plpgsql security definer as $$
declare
    new_id uuid;
begin
    insert into app.users (email, name, role) values (new_email, new_name, new_role)
    returning id into new_id;
    perform app.set_password(new_id, password_hash);
    return new_id;
end;
$$;
comment on function app.add_user(text, text, text, text) is
    'A person who can sign in, added by the owner of the database (crm user add).';

create or replace function app.create_owner(
    workspace text, owner_email text, owner_name text, password_hash text
) returns uuid
language plpgsql security definer as $$
begin
    lock table app.users in share row exclusive mode;
    if exists (select from app.users) then
        return null; -- somebody was faster; their installation stays theirs
    end if;
    insert into app.settings (key, value) values ('workspace', to_jsonb(workspace))
    on conflict (key) do update set value = excluded.value;
    return app.add_user(owner_email, owner_name, 'owner', password_hash);
end;
$$;
comment on function app.create_owner(text, text, text, text) is
    'First run: name the workspace and create its owner. NULL when there already is somebody.';

-- One's own account -----------------------------------------------------------------------------

create or replace function app.require_person() returns uuid
language plpgsql stable security definer as $$
begin
    if app.caller_role() is null or coalesce(current_setting('app.scopes', true), '') <> '' then
        raise exception 'only a signed-in person may do this' using errcode = '42501';
    end if;
    return current_user_id();
end;
$$;
comment on function app.require_person() is
    'The caller, when it is a person at a browser: no token changes passwords or second factors.';

create or replace function app.change_my_name(new_name text) returns void
language plpgsql security definer as $$
declare
    me constant uuid := app.require_person();
begin
    update app.users set name = new_name where id = me;
end;
$$;
comment on function app.change_my_name(text) is 'The caller''s name as others see it.';

create or replace function app.change_my_password(password_hash text, session_token_sha256 bytea)
returns void
language plpgsql security definer as $$
declare
    me constant uuid := app.require_person();
begin
    perform app.set_password(me, password_hash);
    delete from app.sessions s where s.user_id = me and s.token_sha256 <> session_token_sha256;
    delete from app.password_resets r where r.user_id = me;
end;
$$;
comment on function app.change_my_password(text, bytea) is
    'A new password; every other session of the caller ends. The old one was checked before.';

create or replace function app.my_session(session_token_sha256 bytea) returns uuid
language sql stable security definer as $$
    select s.id from app.sessions s
    where s.token_sha256 = session_token_sha256 and s.user_id = current_user_id();
$$;
comment on function app.my_session(bytea) is 'Which of the caller''s sessions this browser has.';

create or replace function app.upkeep_sign_in() returns integer
language plpgsql security definer as $$
declare
    gone integer;
begin
    delete from app.attempts where at < now() - interval '1 day';
    delete from app.sign_in_challenges where expires_at < now();
    delete from app.password_resets where expires_at < now() - interval '7 days';
    delete from app.sessions where expires_at < now();
    get diagnostics gone = row_count;
    return gone;
end;
$$;
comment on function app.upkeep_sign_in() is
    'Forgets yesterday''s attempts, unanswered challenges, links and sessions that have ended; returns how many sessions.';

do $$
declare
    signature regprocedure;
    caller text;
begin
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('workspace_name', 'crm_app'), ('workspace_zone', 'crm_app'),
            ('workspace_zone', 'authenticated'), ('is_set_up', 'crm_app'), ('find_sign_in', 'crm_app'),
            ('take_attempt', 'crm_app'), ('forget_attempts', 'crm_app'),
            ('attempt_origin', 'nobody'), ('start_session', 'crm_app'),
            ('write_session', 'nobody'), ('session_identity', 'crm_app'),
            ('end_session', 'crm_app'), ('create_owner', 'crm_app'), ('set_password', 'nobody'),
            ('add_user', 'nobody'), ('require_person', 'nobody'),
            ('change_my_name', 'authenticated'), ('change_my_password', 'authenticated'),
            ('my_session', 'authenticated'), ('upkeep_sign_in', 'nobody')) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant usage on schema app to crm_app;
        execute format('grant usage on schema %I to crm_app', current_schema());
        if not pg_has_role('crm_app', 'authenticated', 'member') then
            grant authenticated to crm_app;
        end if;
    end if;
    -- Everything but the hash of the token.
    revoke all on app.sessions from authenticated;
    grant select (id, user_id, user_agent, ip, created_at, last_seen_at, expires_at), delete
        on app.sessions to authenticated;
end;
$$;

commit;
