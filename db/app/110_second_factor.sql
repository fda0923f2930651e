-- The second factor: codes of an authenticator app (TOTP, RFC 6238), and codes on paper.
--
-- A person's factor moves  (none) -> waiting (a secret, not yet confirmed by a code) -> confirmed ->
-- (none), ended by the person, or by an owner or admin who manages them. While it is waiting it
-- changes nothing. With a confirmed one, the right password opens no session but a challenge, which
-- lasts ten minutes and becomes a session with a code: app.start_session() refuses everybody who has
-- one, so no way in the program can forget it.
-- Codes are computed by the program from a secret that it gets for an open challenge or a waiting
-- factor only. A code works once: app.second_factors.last_step is the newest time step that was
-- used, and only a later one is accepted. Recovery codes are random, stored as SHA-256, each works
-- once. Nobody reads these tables but the functions below.
begin;
set local client_min_messages = warning;

create table if not exists app.second_factors (
    user_id uuid primary key references app.users (id) on delete cascade,
    secret text not null,
    last_step bigint not null default 0,
    confirmed_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table app.second_factors is 'Secrets that authenticator apps share with us.';
comment on column app.second_factors.last_step is
    'Newest time step (seconds since 1970 / 30) whose code was used; that and older codes are refused.';

create table if not exists app.recovery_codes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app.users (id) on delete cascade,
    code_sha256 bytea not null,
    used_at timestamptz,
    constraint recovery_codes_user_id_key unique (user_id, code_sha256)
);
comment on table app.recovery_codes is 'Codes for who has lost the authenticator; each works once.';

create table if not exists app.sign_in_challenges (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references app.users (id) on delete cascade,
    token_sha256 bytea not null constraint sign_in_challenges_token_sha256_key unique,
    expires_at timestamptz not null
);
comment on table app.sign_in_challenges is 'Who gave the right password and owes a code.';
create index if not exists sign_in_challenges_user_id_idx on app.sign_in_challenges (user_id);
create index if not exists sign_in_challenges_expires_at_idx on app.sign_in_challenges (expires_at);

-- Setting it up ---------------------------------------------------------------------------------

create or replace function app.my_second_factor()
returns table (is_confirmed boolean, codes_left integer, secret text)
language plpgsql stable security definer as $$
declare
    me constant uuid := app.require_person();
begin
    return query
    select f.confirmed_at is not null,
           (select count(*)::integer from app.recovery_codes c
            where c.user_id = me and c.used_at is null),
           -- A secret that is in use is shown to nobody any more.
           case when f.confirmed_at is null then f.secret end
    from app.second_factors f where f.user_id = me;
end;
$$;
comment on function app.my_second_factor() is
    'The caller''s second factor: whether codes are asked for, recovery codes left, and, while it waits for its first code, the secret.';

create or replace function app.begin_second_factor(new_secret text) returns void
language plpgsql security definer as $$
begin
    insert into app.second_factors as f (user_id, secret) values (app.require_person(), new_secret)
    on conflict (user_id) do update set secret = excluded.secret, created_at = now()
    where f.confirmed_at is null;
    if not found then
        raise exception 'the second factor is on already' using errcode = '23505';
    end if;
end;
$$;
comment on function app.begin_second_factor(text) is 'A secret for the caller that waits for a code.';

create or replace function app.confirm_second_factor(step bigint, codes_sha256 bytea[])
returns boolean
language plpgsql security definer as $$
declare
    me constant uuid := app.require_person();
begin
    update app.second_factors f set confirmed_at = now(), last_step = step
    where f.user_id = me and f.confirmed_at is null;
    if not found then
        return false;
    end if;
    perform app.replace_recovery_codes(me, codes_sha256);
    return true;
end;
$$;
comment on function app.confirm_second_factor(bigint, bytea[]) is
    'From now on signing in asks for a code. The step is that of the code that proved the secret.';

create or replace function app.replace_recovery_codes(whose uuid, codes_sha256 bytea[])
returns void
language sql security definer as $$
    delete from app.recovery_codes where user_id = whose;
    insert into app.recovery_codes (user_id, code_sha256) select whose, unnest(codes_sha256);
$$;
comment on function app.replace_recovery_codes(uuid, bytea[]) is 'New codes; the old ones end.';

create or replace function app.renew_recovery_codes(codes_sha256 bytea[]) returns void
language plpgsql security definer as $$
declare
    me constant uuid := app.require_person();
begin
    if not exists (select from app.second_factors f
                   where f.user_id = me and f.confirmed_at is not null) then
        raise exception 'there is no second factor' using errcode = 'P0002';
    end if;
    perform app.replace_recovery_codes(me, codes_sha256);
end;
$$;
comment on function app.renew_recovery_codes(bytea[]) is 'New recovery codes for the caller.';

create or replace function app.remove_second_factor(whose uuid) returns void
language sql security definer as $$
    delete from app.second_factors where user_id = whose;
    delete from app.recovery_codes where user_id = whose;
    delete from app.sign_in_challenges where user_id = whose;
$$;
comment on function app.remove_second_factor(uuid) is
    'For the two functions below and for the owner of the database (crm user reset-2fa).';

create or replace function app.end_second_factor() returns void
language plpgsql security definer as $$
begin
    perform app.remove_second_factor(app.require_person());
end;
$$;
comment on function app.end_second_factor() is
    'The caller signs in without a code again. The password was checked before.';

create or replace function app.reset_second_factor(whom uuid) returns void
language plpgsql security definer as $$
declare
    person constant app.users := app.managed_person(whom);
begin
    perform app.remove_second_factor(person.id);
end;
$$;
comment on function app.reset_second_factor(uuid) is
    'An owner or admin helps somebody who has lost authenticator and recovery codes.';

create or replace function app.people_with_second_factor() returns setof uuid
language plpgsql stable security definer as $$
begin
    if app.may_manage('agent') then
        return query select f.user_id from app.second_factors f where f.confirmed_at is not null;
    end if;
end;
$$;
comment on function app.people_with_second_factor() is
    'Who has one: for owners and admins, not for anybody who looks for the weakest door.';

-- Signing in with it ----------------------------------------------------------------------------

create or replace function app.start_challenge(for_user uuid, challenge_sha256 bytea) returns void
language sql security definer as $$
    insert into app.sign_in_challenges (user_id, token_sha256, expires_at)
    values (for_user, challenge_sha256, now() + interval '10 minutes');
$$;
comment on function app.start_challenge(uuid, bytea) is
    'The password was right; within ten minutes a code has to follow.';

create or replace function app.find_challenge(challenge_sha256 bytea)
returns table (user_id uuid, secret text)
language sql stable security definer as $$
    select c.user_id, f.secret
    from app.sign_in_challenges c
    join app.second_factors f on f.user_id = c.user_id and f.confirmed_at is not null
    join app.users u on u.id = c.user_id and u.is_active
    where c.token_sha256 = challenge_sha256 and c.expires_at > now();
$$;
comment on function app.find_challenge(bytea) is 'Who owes a code, and the secret to check it by.';

create or replace function app.pass_challenge(
    challenge_sha256 bytea, step bigint, recovery_sha256 bytea,
    session_token_sha256 bytea, browser text, address text, days integer
) returns boolean
language plpgsql security definer as $$
declare
    owed constant uuid := (select c.user_id from app.find_challenge(challenge_sha256) c);
begin
    if step is not null then
        update app.second_factors f set last_step = step
        where f.user_id = owed and f.last_step < step;
    else
        update app.recovery_codes c set used_at = now()
        where c.user_id = owed and c.code_sha256 = recovery_sha256 and c.used_at is null;
    end if;
    if not found then
        return false; -- used before, in this very moment perhaps
    end if;
    delete from app.sign_in_challenges c where c.token_sha256 = challenge_sha256;
    if not found then
        -- Two codes for one challenge: the first one has its session. The code stays used.
        return false;
    end if;
    perform app.forget_attempts('second-factor', owed::text, address);
    perform app.write_session(owed, session_token_sha256, browser, address, days);
    return true;
end;
$$;
comment on function app.pass_challenge(bytea, bigint, bytea, bytea, text, text, integer) is
    'The code was right (its time step), or a recovery code was given: use it up, end the challenge and start the session. False when code or challenge are used up.';

-- Rights ------------------------------------------------------------------------------------------

alter table app.second_factors enable row level security;
alter table app.recovery_codes enable row level security;
alter table app.sign_in_challenges enable row level security;

do $$
declare
    signature regprocedure;
    caller text;
    secret_table text;
begin
    foreach secret_table in array array['second_factors', 'recovery_codes', 'sign_in_challenges']
    loop
        execute format('revoke all on app.%I from public', secret_table);
        execute format('drop policy if exists %I on app.%I', secret_table || '_select', secret_table);
        execute format('create policy %I on app.%I for select to authenticated using (false)',
                       secret_table || '_select', secret_table);
    end loop;
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('my_second_factor', 'authenticated'), ('begin_second_factor', 'authenticated'),
            ('confirm_second_factor', 'authenticated'), ('replace_recovery_codes', 'nobody'),
            ('renew_recovery_codes', 'authenticated'), ('remove_second_factor', 'nobody'),
            ('end_second_factor', 'authenticated'), ('reset_second_factor', 'authenticated'),
            ('people_with_second_factor', 'authenticated'), ('start_challenge', 'crm_app'),
            ('find_challenge', 'crm_app'), ('pass_challenge', 'crm_app')) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
end;
$$;

commit;
