-- 019 who sees and changes what. Optional for a database with one owner, needed for everything else.
--
-- People are rows of app.users; a request runs as role authenticated with the claims of its user
-- (current_user_id() in 016). app.caller_role() is that user's role, NULL for strangers and for
-- people who were made inactive: they see and change nothing. owner, admin, manager and agent
-- write; viewer reads. When setting "visibility" is "assigned", agents see the contacts that are
-- theirs or nobody's, and whatever hangs on a contact follows its contact.
-- The gates are (select …) sub-queries, evaluated once per statement and not once per row.
-- Roles are made when they are missing and may be made; without role authenticated the policies are
-- left out with a notice: tables then belong to their owner alone. On PostgreSQL 15+ views ask with
-- the rights of the caller (016); before, they are given to role crm_views, which has the same
-- policies. The owner of the tables and roles with BYPASSRLS (service_role) are not restricted.

begin;
set local client_min_messages = warning;

-- Roles ---------------------------------------------------------------------------------------

do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values ('anon', 'nologin noinherit'), ('authenticated', 'nologin noinherit'),
                              ('service_role', 'nologin noinherit bypassrls'),
                              ('crm_views', 'nologin')) as w (name, options)
        where (w.name <> 'crm_views' or current_setting('server_version_num')::integer < 150000)
          and not exists (select from pg_roles r where r.rolname = w.name)
    loop
        begin
            execute format('create role %I %s', wanted.name, wanted.options);
        exception
            when duplicate_object or unique_violation then
                null; -- made for another database of this server at the same moment
            when insufficient_privilege then
                set local client_min_messages = notice;
                raise notice 'role % was not created: ask an administrator for: create role % %',
                    wanted.name, wanted.name, wanted.options;
                set local client_min_messages = warning;
        end;
    end loop;
end $$;

-- People and settings of the workspace -------------------------------------------------------------

create schema if not exists app;
comment on schema app is 'What the program adds to the 15 tables: people, settings, sessions, jobs.';

create table if not exists app.users (
    id uuid not null default gen_random_uuid(),
    email varchar(255) not null,
    name varchar(200) not null default '',
    role varchar(20) not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint users_pkey primary key (id),
    constraint users_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint users_role_check check (role in ('owner', 'admin', 'manager', 'agent', 'viewer'))
);
create unique index if not exists users_email_key on app.users (lower(email));
comment on table app.users is
    'People who may sign in. Never deleted, only made inactive: their ids stay in what they did.';
comment on column app.users.id is 'Claim "sub" of their requests; on Supabase the id in auth.users.';
comment on column app.users.role is 'What they may do: owner, admin, manager, agent or viewer.';

create table if not exists app.settings (
    key text not null,
    value jsonb not null,
    updated_at timestamptz not null default now(),
    constraint settings_pkey primary key (key),
    constraint settings_visibility_check
        check (key <> 'visibility' or value in ('"team"', '"assigned"'))
);
comment on table app.settings is
    'Settings of the workspace. "visibility" is "team" (everybody sees everything; the default) or "assigned".';

drop trigger if exists users_set_updated_at on app.users;
create trigger users_set_updated_at before update on app.users
    for each row execute function set_updated_at();
drop trigger if exists settings_set_updated_at on app.settings;
create trigger settings_set_updated_at before update on app.settings
    for each row execute function set_updated_at();

create or replace function app.caller_role() returns text
language plpgsql stable parallel safe security definer as $$
begin
    return (select u.role::text from app.users u where u.id = current_user_id() and u.is_active);
end $$;
comment on function app.caller_role() is
    'Role of this request''s user; NULL for strangers and inactive people, who see nothing.';

create or replace function app.sees_all() returns boolean
language plpgsql stable parallel safe security definer as $$
declare
    caller constant text := app.caller_role();
begin
    return caller is not null and (caller <> 'agent' or not exists (
        select from app.settings where key = 'visibility' and value = '"assigned"'));
end $$;
comment on function app.sees_all() is
    'Whether this request''s user sees every contact, and not only their own and nobody''s.';

create or replace function app.is_thread_of(conversation uuid, contact uuid) returns boolean
language plpgsql stable security definer as $$
begin
    return not exists (
        select from conversations c where c.id = conversation and c.contact_id <> contact);
end $$;
comment on function app.is_thread_of(uuid, uuid) is
    'False when the conversation is another contact''s: nobody files an entry where they cannot see.';

do $$
begin
    execute format('alter function app.caller_role() set search_path = %I, pg_temp',
                   current_schema());
    execute format('alter function app.sees_all() set search_path = %I, pg_temp', current_schema());
    execute format('alter function app.is_thread_of(uuid, uuid) set search_path = %I, pg_temp',
                   current_schema());
end $$;
revoke all on function app.caller_role(), app.sees_all(), app.is_thread_of(uuid, uuid) from public;

-- Row level security on all tables; policies and rights ---------------------------------------------
-- anon gets nothing, service_role everything, authenticated what the policies let through.

do $$
declare
    t record;
    -- roles that exist; given anew each time, because defaults of the database (Supabase) give more
    strangers constant text := (
        select string_agg(quote_ident(rolname), ', ') from pg_roles
        where rolname in ('anon', 'authenticated', 'service_role'));
    view_owner constant text := (
        select quote_ident(rolname) from pg_roles where rolname = 'crm_views'
            and current_setting('server_version_num')::integer < 150000);
    members constant text := (
        select quote_ident(rolname) from pg_roles where rolname = 'authenticated');
    service constant text := (
        select quote_ident(rolname) from pg_roles where rolname = 'service_role');
    -- offset 0: look the one parent up, do not hash all of them for a page of 50
    by_contact constant text := '(select app.sees_all())
        or exists (select from contacts v where v.id = contact_id offset 0)';
    by_deal constant text := '(select app.sees_all())
        or exists (select from deals v where v.id = deal_id offset 0)';
    by_first_parent constant text := '(select app.sees_all()) or case
        when contact_id is not null
        then exists (select from contacts v where v.id = contact_id offset 0)
        when deal_id is not null then exists (select from deals v where v.id = deal_id offset 0)';
    team constant text := '''owner'', ''admin'', ''manager'', ''agent''';
    leads constant text := '''owner'', ''admin'', ''manager''';
    admins constant text := '''owner'', ''admin''';
    may_read constant text := '(select app.caller_role()) is not null and (%s)';
    -- crm_views reads for whoever asks the view: also for those no policy restricts
    unrestricted constant text := format(
        '(select r.rolsuper or r.rolbypassrls or pg_has_role(r.oid, %s, ''usage'')
          from pg_roles r where r.rolname = current_user)',
        (select relowner from pg_class where oid = 'contacts'::regclass));
    may_write constant text := '(select app.caller_role()) in (%s) and (%s)';
    rows_written text;
begin
    if members is null then
        set local client_min_messages = notice;
        raise notice 'no role authenticated: row level security is on, without policies';
        set local client_min_messages = warning;
    end if;

    for t in
        -- table, rows the caller sees, who writes, who deletes, rows any writer may delete
        select * from (values
            ('contacts', '(select app.sees_all()) or assigned_to is null
                or assigned_to = (select current_user_id())', team, leads, 'false'),
            ('tags', 'true', team, leads, 'false'),
            ('contact_tags', by_contact, team, team, 'false'),
            ('messages', by_contact, team, leads, 'false'),
            ('calls', by_contact, team, leads, 'false'),
            ('emails', by_contact, team, leads, 'false'),
            ('activities', by_first_parent || ' else true end', team, leads,
                '(select current_user_id()) in (created_by, assigned_to)'),
            ('deals', by_contact, team, leads, 'false'),
            ('deal_tags', by_deal, team, team, 'false'),
            ('deal_stage_history', by_deal, null, null, null),
            ('documents', by_first_parent || ' when activity_id is not null
                then exists (select from activities v where v.id = activity_id offset 0)
                else true end', team, leads, 'false'),
            ('conversations', by_contact, team, leads, 'false'),
            ('assistants', 'true', admins, admins, 'false'),
            ('phone_numbers', 'true', admins, admins, 'false'),
            ('vapi_calls', 'contact_id is null or ' || by_contact, leads, leads, 'false'))
            as p (name, visible, writers, deleters, own)
    loop
        execute format('alter table %I enable row level security', t.name);
        if strangers is not null then
            execute format('revoke all on %I from %s', t.name,
                           concat_ws(', ', strangers, view_owner));
        end if;
        if service is not null then
            execute format('grant all on %I to %s', t.name, service);
        end if;
        continue when members is null;

        execute format('drop policy if exists %I on %I', t.name || '_select', t.name);
        execute format('create policy %I on %I for select to %s using (%s)',
            t.name || '_select', t.name, members, format(may_read, t.visible));
        execute format('grant select on %I to %s', t.name, members);
        if view_owner is not null then
            execute format('drop policy if exists %I on %I', t.name || '_select_views', t.name);
            execute format('create policy %I on %I for select to %s using (%s or %s)',
                t.name || '_select_views', t.name, view_owner, unrestricted,
                format(may_read, t.visible));
            execute format('grant select on %I to %s', t.name, view_owner);
        end if;
        continue when t.writers is null;

        rows_written := format(may_write, t.writers, t.visible) || case
            when t.name in ('messages', 'calls', 'emails')
            then ' and app.is_thread_of(conversation_id, contact_id)' else '' end;
        execute format('drop policy if exists %I on %I', t.name || '_insert', t.name);
        execute format('create policy %I on %I for insert to %s with check (%s)',
            t.name || '_insert', t.name, members, rows_written);
        execute format('drop policy if exists %I on %I', t.name || '_update', t.name);
        execute format('create policy %I on %I for update to %s using (%s) with check (%s)',
            t.name || '_update', t.name, members,
            format(may_write, t.writers, t.visible), rows_written);
        execute format('drop policy if exists %I on %I', t.name || '_delete', t.name);
        execute format('create policy %I on %I for delete to %s using (%s)',
            t.name || '_delete', t.name, members,
            format(may_write, t.writers, t.visible) || format(
                ' and ((select app.caller_role()) in (%s) or %s)', t.deleters, t.own));
        execute format('grant insert, update, delete on %I to %s', t.name, members);
    end loop;

    alter table app.users enable row level security;
    alter table app.settings enable row level security;
    if strangers is not null then
        execute format('revoke all on app.users, app.settings, contact_summary, deal_pipeline,
                            activity_dashboard from %s', strangers);
    end if;
    if service is not null then
        execute format('grant all on app.users, app.settings to %s', service);
        execute format('grant execute on function mark_overdue_activities(integer),
                            refresh_conversation_stats(uuid[]) to %s', service);
    end if;
    if members is not null then
        execute format('grant select, insert, update on app.users to %s', members);
        execute format('grant select, insert, update, delete on app.settings to %s', members);
    end if;
    for t in
        select rolname as name, has_schema_privilege(oid, current_schema(), 'usage') as may_enter
        from pg_roles where rolname in ('authenticated', 'service_role') order by rolname
    loop
        if not t.may_enter then
            execute format('grant usage on schema %I to %I', current_schema(), t.name);
        end if;
        execute format('grant usage on schema app to %I', t.name);
        execute format('grant select on contact_summary, deal_pipeline, activity_dashboard to %I',
                       t.name);
        execute format('grant execute on function current_user_id(), get_contact_tags(uuid),
                            calculate_contact_score(uuid), explain_contact_score(uuid),
                            contact_search_text(text, text, text, text, text, text, text, text,
                                text, text, text),
                            app.caller_role(), app.sees_all(), app.is_thread_of(uuid, uuid) to %I',
                       t.name);
    end loop;
end $$;

do $$
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists users_select on app.users;
    create policy users_select on app.users for select to authenticated
        using ((select app.caller_role()) is not null);
    drop policy if exists users_insert on app.users;
    create policy users_insert on app.users for insert to authenticated
        with check ((select app.caller_role()) = 'owner'
            or (select app.caller_role()) = 'admin' and role <> 'owner');
    drop policy if exists users_update on app.users;
    create policy users_update on app.users for update to authenticated
        using ((select app.caller_role()) = 'owner'
            or (select app.caller_role()) = 'admin' and role <> 'owner')
        with check ((select app.caller_role()) = 'owner'
            or (select app.caller_role()) = 'admin' and role <> 'owner');

    drop policy if exists settings_select on app.settings;
    create policy settings_select on app.settings for select to authenticated
        using ((select app.caller_role()) is not null);
    drop policy if exists settings_insert on app.settings;
    create policy settings_insert on app.settings for insert to authenticated
        with check ((select app.caller_role()) in ('owner', 'admin'));
    drop policy if exists settings_update on app.settings;
    create policy settings_update on app.settings for update to authenticated
        using ((select app.caller_role()) in ('owner', 'admin'))
        with check ((select app.caller_role()) in ('owner', 'admin'));
    drop policy if exists settings_delete on app.settings;
    create policy settings_delete on app.settings for delete to authenticated
        using ((select app.caller_role()) in ('owner', 'admin'));
end $$;

-- Views before PostgreSQL 15: owned by crm_views, whose policies ask for the caller's identity ------

do $$
declare
    shown text;
begin
    if current_setting('server_version_num')::integer >= 150000 then
        return;
    end if;
    if not pg_has_role('crm_views', 'usage') then
        execute format('grant crm_views to %I', current_user);
    end if;
    if not has_schema_privilege('crm_views', current_schema(), 'create') then
        execute format('grant usage, create on schema %I to crm_views', current_schema());
    end if;
    foreach shown in array array['contact_summary', 'deal_pipeline', 'activity_dashboard'] loop
        execute format('alter view %I owner to crm_views', shown);
    end loop;
exception when insufficient_privilege or undefined_object then
    if exists (select from pg_roles where rolname = 'authenticated') then
        revoke all on contact_summary, deal_pipeline, activity_dashboard from authenticated;
    end if;
    set local client_min_messages = notice;
    raise notice 'views stay closed to role authenticated (%). An administrator opens them with: create role crm_views; grant crm_views to %; then run this file again',
        sqlerrm, current_user;
    set local client_min_messages = warning;
end $$;

commit;
