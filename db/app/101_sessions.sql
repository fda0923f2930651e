-- People's passwords and sessions, and the door through which the program itself works.
--
-- The program logs in as crm_app, which owns nothing and reads no table here. Before somebody has
-- signed in there is no identity, so signing in goes through the SECURITY DEFINER functions below,
-- which only crm_app may execute. Once the person is known, each transaction becomes
-- `authenticated` with that person's claims, and row level security decides.
-- A session ends by signing out, by 14 days of silence, or when the person is made inactive.
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

create table if not exists app.sign_in_failures (
    id bigint generated always as identity primary key,
    email varchar(255) not null,
    at timestamptz not null default now()
);
comment on table app.sign_in_failures is 'Wrong passwords, kept for a day: ten in 15 minutes close an address.';
create index if not exists sign_in_failures_email_idx on app.sign_in_failures (email, at);

alter table app.passwords enable row level security;
alter table app.sessions enable row level security;
alter table app.sign_in_failures enable row level security;

drop policy if exists passwords_select on app.passwords;
create policy passwords_select on app.passwords for select to authenticated using (false);
drop policy if exists sign_in_failures_select on app.sign_in_failures;
create policy sign_in_failures_select on app.sign_in_failures for select to authenticated using (false);
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

create or replace function app.is_set_up() returns boolean
language sql stable security definer as $$
    select exists (select from app.users);
$$;
comment on function app.is_set_up() is 'Whether anybody can sign in; if not, the setup page creates the owner.';

create or replace function app.find_sign_in(sign_in_email text)
returns table (
    user_id uuid, role text, name text, email text, password_hash text, recent_failures integer
)
language sql stable security definer as $$
    select u.id, u.role::text, u.name::text, u.email::text, p.hash,
           (select count(*)::integer from app.sign_in_failures f
            where f.email = lower(sign_in_email) and f.at > now() - interval '15 minutes')
    from app.users u
    join app.passwords p on p.user_id = u.id
    where lower(u.email) = lower(sign_in_email) and u.is_active;
$$;
comment on function app.find_sign_in(text) is
    'The active person behind an email address, with the hash to check and the failures of the last 15 minutes.';

create or replace function app.note_sign_in_failure(sign_in_email text) returns void
language sql security definer as $$
    delete from app.sign_in_failures where at < now() - interval '1 day';
    insert into app.sign_in_failures (email) values (lower(left(sign_in_email, 255)));
$$;
comment on function app.note_sign_in_failure(text) is 'Count a wrong password; forgets those of yesterday.';

create or replace function app.start_session(
    for_user uuid, session_token_sha256 bytea, browser text, address text, days integer
) returns void
language sql security definer as $$
    delete from app.sessions where expires_at < now();
    insert into app.sessions (user_id, token_sha256, user_agent, ip, expires_at)
    values (for_user, session_token_sha256, left(browser, 400), nullif(address, '')::inet,
            now() + make_interval(days => days));
$$;
comment on function app.start_session(uuid, bytea, text, text, integer) is
    'A new session that ends after the given days without a visit; clears those that have ended.';

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

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.workspace_name()', 'app.is_set_up()', 'app.find_sign_in(text)',
        'app.note_sign_in_failure(text)', 'app.start_session(uuid, bytea, text, text, integer)',
        'app.session_identity(bytea)', 'app.end_session(bytea)',
        'app.create_owner(text, text, text, text)', 'app.set_password(uuid, text)',
        'app.add_user(text, text, text, text)'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature not like 'app.set_password%' and signature not like 'app.add_user%'
           and exists (select from pg_roles where rolname = 'crm_app') then
            execute format('grant execute on function %s to crm_app', signature);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant usage on schema app to crm_app;
        execute format('grant usage on schema %I to crm_app', current_schema());
        if not pg_has_role('crm_app', 'authenticated', 'member') then
            grant authenticated to crm_app;
        end if;
    end if;
    grant select, delete on app.sessions to authenticated;
end;
$$;

commit;
