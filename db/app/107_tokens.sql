-- API tokens, what they may touch, and how every request of the API comes in.
--
-- A request is one transaction whose first message calls app.enter() with the SHA-256 of a session
-- cookie or of a token. It answers by setting the claims that row level security asks for, and, for
-- a token, app.scopes; an unknown, ended, expired or revoked credential, or one of an inactive
-- person, is SQLSTATE 28000. Scopes are words such as contacts:read or contacts:write (write
-- includes read), enforced by restrictive policies: a token sees and changes what both its person
-- and its scopes allow, on whatever way (include, search, views, bulk). Nobody's row is locked
-- while a request runs: last_used_at is written at most every ten minutes, and not waited for.
begin;
set local client_min_messages = warning;

create table if not exists app.api_tokens (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app.users (id) on delete cascade,
    name varchar(100) not null,
    token_sha256 bytea not null constraint api_tokens_token_sha256_key unique,
    hint varchar(12) not null default '',
    scopes text[] not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint api_tokens_name_check check (btrim(name) <> ''),
    constraint api_tokens_scopes_check check (
        cardinality(scopes) > 0
        and array_to_string(scopes, ' ') ~ '^[a-z][a-z-]*:(read|write)( [a-z][a-z-]*:(read|write))*$')
);
comment on table app.api_tokens is
    'Tokens with which programs act for a person. The token itself is shown once and stored nowhere.';
comment on column app.api_tokens.hint is 'Last characters of the token, for people to tell tokens apart.';
comment on column app.api_tokens.scopes is 'What it may touch: resource:read or resource:write.';
create index if not exists api_tokens_user_id_idx on app.api_tokens (user_id, created_at desc);

drop trigger if exists api_tokens_set_updated_at on app.api_tokens;
create trigger api_tokens_set_updated_at before update on app.api_tokens
    for each row execute function set_updated_at();

create or replace function app.in_scope(resource text, access text) returns boolean
language plpgsql stable parallel safe as $$
declare
    scopes constant text := current_setting('app.scopes', true);
begin
    if scopes is null or scopes = '' then
        return true;
    end if;
    return position(' ' || resource || ':write ' in scopes) > 0
        or access = 'read' and position(' ' || resource || ':read ' in scopes) > 0;
end $$;
comment on function app.in_scope(text, text) is
    'Whether the credential of this request covers a resource (contacts, phone-numbers, …) for read or write. Always, without a token.';

create or replace function app.enter(
    credential_sha256 bytea, kind text, source text, client text, batch text, timeout_ms integer
) returns void
language plpgsql security definer as $$
declare
    found_one record;
begin
    if kind = 'token' then
        select t.id, t.user_id, t.scopes, t.last_used_at < now() - interval '10 minutes'
               or t.last_used_at is null as is_stale
        into found_one
        from app.api_tokens t
        join app.users u on u.id = t.user_id and u.is_active
        where t.token_sha256 = credential_sha256 and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now());
    else
        select s.id, s.user_id, null::text[] as scopes,
               s.last_seen_at < now() - interval '10 minutes' as is_stale
        into found_one
        from app.sessions s
        join app.users u on u.id = s.user_id and u.is_active
        where s.token_sha256 = credential_sha256 and s.expires_at > now();
    end if;
    if found_one.id is null then
        raise exception 'this credential is not valid' using errcode = '28000';
    end if;
    if found_one.is_stale and kind = 'token' then
        update app.api_tokens t set last_used_at = now()
        where t.id = (select x.id from app.api_tokens x where x.id = found_one.id
                      for no key update skip locked);
    elsif found_one.is_stale then
        update app.sessions s
        set last_seen_at = now(), expires_at = now() + (s.expires_at - s.last_seen_at)
        where s.id = (select x.id from app.sessions x where x.id = found_one.id
                      for no key update skip locked);
    end if;
    perform set_config('request.jwt.claims',
                       '{"role": "authenticated", "sub": "' || found_one.user_id || '"}', true),
            set_config('app.scopes',
                       coalesce(' ' || array_to_string(found_one.scopes, ' ') || ' ', ''), true),
            set_config('app.credential', found_one.id::text, true),
            set_config('app.source', source, true),
            set_config('app.client', client, true),
            set_config('app.batch', batch, true),
            set_config('statement_timeout', timeout_ms::text, true);
end;
$$;
comment on function app.enter(bytea, text, text, text, text, integer) is
    'First statement of a request: who asks (kind token or session), through which door, from which browser tab, as part of which batch, and how many milliseconds a statement may take.';

create or replace function app.caller()
returns table (user_id uuid, role text, name text, email text, scopes text[], credential uuid)
language sql stable security definer as $$
    select u.id, u.role::text, u.name::text, u.email::text,
           coalesce(string_to_array(nullif(btrim(current_setting('app.scopes', true)), ''), ' '),
                    '{}'),
           nullif(current_setting('app.credential', true), '')::uuid
    from app.users u
    where u.id = current_user_id() and u.is_active;
$$;
comment on function app.caller() is
    'Who asks: the person of this request, and the scopes of their token (none: not a token).';

-- Scopes on every table ------------------------------------------------------------------------

do $$
declare
    t record;
    asked text;
    readers text := (
        select string_agg(quote_ident(rolname), ', ') from pg_roles
        where rolname = 'authenticated'
           or rolname = 'crm_views' and current_setting('server_version_num')::integer < 150000);
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    for t in
        -- table, the resource whose read scope shows it, and whose write scope changes it
        select * from (values
            ('contacts', 'contacts', 'contacts'), ('tags', 'tags', 'tags'),
            ('contact_tags', 'tags', 'contacts'), ('messages', 'messages', 'messages'),
            ('calls', 'calls', 'calls'), ('emails', 'emails', 'emails'),
            ('activities', 'activities', 'activities'), ('deals', 'deals', 'deals'),
            ('deal_tags', 'tags', 'deals'), ('deal_stage_history', 'deals', 'deals'),
            ('documents', 'documents', 'documents'),
            ('conversations', 'conversations', 'conversations'),
            ('assistants', 'assistants', 'assistants'),
            ('phone_numbers', 'phone-numbers', 'phone-numbers'),
            ('vapi_calls', 'vapi-calls', 'vapi-calls'),
            ('app.users', 'users', 'users'), ('app.settings', 'settings', 'settings'))
            as p (name, read_scope, write_scope)
    loop
        asked := replace(t.name, 'app.', '') || '_scope_';
        execute format('drop policy if exists %I on %s', asked || 'select', t.name::regclass);
        execute format(
            'create policy %I on %s as restrictive for select to %s
                using ((select app.in_scope(%L, ''read'')))',
            asked || 'select', t.name::regclass, readers, t.read_scope);
        execute format('drop policy if exists %I on %s', asked || 'insert', t.name::regclass);
        execute format(
            'create policy %I on %s as restrictive for insert to authenticated
                with check ((select app.in_scope(%L, ''write'')))',
            asked || 'insert', t.name::regclass, t.write_scope);
        execute format('drop policy if exists %I on %s', asked || 'update', t.name::regclass);
        execute format(
            'create policy %I on %s as restrictive for update to authenticated
                using ((select app.in_scope(%L, ''write'')))',
            asked || 'update', t.name::regclass, t.write_scope);
        execute format('drop policy if exists %I on %s', asked || 'delete', t.name::regclass);
        execute format(
            'create policy %I on %s as restrictive for delete to authenticated
                using ((select app.in_scope(%L, ''write'')))',
            asked || 'delete', t.name::regclass, t.write_scope);
    end loop;
end;
$$;

alter table app.api_tokens enable row level security;
drop policy if exists api_tokens_select on app.api_tokens;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        create policy api_tokens_select on app.api_tokens for select to authenticated
            using ((select app.in_scope('tokens', 'read'))
                and (user_id = (select current_user_id())
                     or (select app.caller_role()) in ('owner', 'admin')));
        grant select (id, user_id, name, hint, scopes, expires_at, last_used_at, revoked_at,
                      created_at, updated_at) on app.api_tokens to authenticated;
        grant execute on function app.in_scope(text, text), app.caller() to authenticated;
    end if;
    if exists (select from pg_roles where rolname = 'crm_views')
       and current_setting('server_version_num')::integer < 150000 then
        grant usage on schema app to crm_views;
        grant execute on function app.in_scope(text, text) to crm_views;
    end if;
end;
$$;
revoke all on app.api_tokens from public;
revoke all on function app.in_scope(text, text) from public;
revoke all on function app.caller() from public;
revoke all on function app.enter(bytea, text, text, text, text, integer) from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.enter(bytea, text, text, text, text, integer) to crm_app;
    end if;
end;
$$;

commit;
