-- The triggers that write app.changes, three for each logged table, once a statement.
--
-- app.log_changes_of('app.pipelines', 'everybody') puts them on a table with a uuid column id; it may
-- be called again at any time. A statement is one insert into the log, whatever it changed. OLD and
-- NEW are never joined (plpgsql keeps the plan of a first, small statement, and the join of a later
-- big one takes minutes): both lie in one heap, grouped by id. Conversations change with each message;
-- only what people set on them is logged, by a row trigger on just these columns.
-- A bulk change that keeps its own account (an import, the erasure of a contact) runs with setting
-- app.changes = summary and writes one row itself (app.log_summary). The triggers' WHEN honours the
-- setting only for who may write the log: the owner, in security definer functions. Nobody else can
-- change something unseen.
-- The log reads a transition table and writes into app.changes in one statement, which Citus refuses
-- when both are distributed; schema app is local there.
begin;
set local client_min_messages = warning;

create or replace function app.contact_of(deal uuid, activity uuid) returns uuid
language plpgsql stable security definer as $$
declare
    contact uuid;
begin
    if deal is not null then
        select d.contact_id into contact from deals d where d.id = deal;
        if not found then -- deleted a moment ago, by the same statement
            select c.contact_id into contact from app.changes c
            where c.row_id = deal and c.table_name = 'deals' order by c.id desc limit 1;
        end if;
        return contact;
    end if;
    if activity is not null then
        select coalesce(a.contact_id, app.contact_of(a.deal_id, null)) into contact
        from activities a where a.id = activity;
    end if;
    return contact;
end;
$$;
comment on function app.contact_of(uuid, uuid) is
    'The contact behind a deal, or else behind an activity; NULL when there is none.';

create or replace function app.mark_undone(undoing bigint, changed_table text) returns void
language plpgsql security definer as $$
declare
    redone bigint;
begin
    update app.changes c
    set undone_at = now()
    where c.id = undoing and c.table_name = changed_table and exists (
        select from app.changes w
        where w.row_id = c.row_id and w.undoes = undoing and w.tx = txid_current())
    returning c.undoes into redone;
    if redone is not null then
        update app.changes c set undone_at = null where c.id = redone;
    end if;
end;
$$;
comment on function app.mark_undone(bigint, text) is
    'A change was taken back by this transaction: it is undone, and what it had undone itself is not any more.';

-- "absent" gives a column that the table does not have as NULL: an unqualified name is looked for in
-- the row first. So one text serves all tables, without dynamic SQL.
create or replace function app.log_inserted() returns trigger
language plpgsql security definer as $$
declare
    by_actor constant uuid := current_user_id();
    by_source constant text := app.change_source();
    by_client constant text := nullif(current_setting('app.client', true), '');
    in_batch constant text := nullif(current_setting('app.batch', true), '');
    undoing constant bigint := nullif(current_setting('app.undoes', true), '')::bigint;
begin
    insert into app.changes (actor, source, client, batch, undoes, operation, table_name, row_id,
                             contact_id, parent_id)
    select by_actor, by_source, by_client, in_batch, undoing, 'insert', tg_table_name, n.id,
           case when tg_table_name = 'contacts' then n.id
                when p.contact_id is not null then p.contact_id
                when p.deal_id is not null or p.activity_id is not null
                then app.contact_of(p.deal_id, p.activity_id) end,
           coalesce(p.conversation_id, p.deal_id)
    from (select null::uuid as contact_id, null::uuid as conversation_id, null::uuid as deal_id,
                 null::uuid as activity_id) absent
    cross join new_rows n
    cross join lateral (
        select contact_id, conversation_id, deal_id, activity_id from (select n.*) its) p;
    if undoing is not null then
        perform app.mark_undone(undoing, tg_table_name);
    end if;
    return null;
end;
$$;
comment on function app.log_inserted() is 'Trigger: inserted rows are logged.';

create or replace function app.log_deleted() returns trigger
language plpgsql security definer as $$
declare
    by_actor constant uuid := current_user_id();
    by_source constant text := app.change_source();
    by_client constant text := nullif(current_setting('app.client', true), '');
    in_batch constant text := nullif(current_setting('app.batch', true), '');
    undoing constant bigint := nullif(current_setting('app.undoes', true), '')::bigint;
begin
    insert into app.changes (actor, source, client, batch, undoes, operation, table_name, row_id,
                             contact_id, parent_id, old)
    select by_actor, by_source, by_client, in_batch, undoing, 'delete', tg_table_name, o.id,
           case when tg_table_name = 'contacts' then o.id
                when p.contact_id is not null then p.contact_id
                when p.deal_id is not null or p.activity_id is not null
                then app.contact_of(p.deal_id, p.activity_id) end,
           coalesce(p.conversation_id, p.deal_id), to_jsonb(o) - tg_argv[0]::text[]
    from (select null::uuid as contact_id, null::uuid as conversation_id, null::uuid as deal_id,
                 null::uuid as activity_id) absent
    cross join old_rows o
    cross join lateral (
        select contact_id, conversation_id, deal_id, activity_id from (select o.*) its) p;
    if undoing is not null then
        perform app.mark_undone(undoing, tg_table_name);
    end if;
    return null;
end;
$$;
comment on function app.log_deleted() is 'Trigger: deleted rows are logged as they were.';

create or replace function app.log_updated() returns trigger
language plpgsql security definer as $$
declare
    by_actor constant uuid := current_user_id();
    by_source constant text := app.change_source();
    by_client constant text := nullif(current_setting('app.client', true), '');
    in_batch constant text := nullif(current_setting('app.batch', true), '');
    undoing constant bigint := nullif(current_setting('app.undoes', true), '')::bigint;
    left_out constant text[] := tg_argv[0]::text[] || array['updated_at'];
begin
    insert into app.changes (actor, source, client, batch, undoes, table_name, operation, row_id,
                             contact_id, parent_id, old, new)
    select by_actor, by_source, by_client, in_batch, undoing, tg_table_name,
           -- A changed id is another row.
           case when g.old is null then 'insert' when g.new is null then 'delete' else 'update' end,
           g.id,
           case when tg_table_name = 'contacts' then g.id
                when g.it ->> 'contact_id' is not null then (g.it ->> 'contact_id')::uuid
                when g.old ->> 'contact_id' is not null then (g.old ->> 'contact_id')::uuid
                when g.it ->> 'deal_id' is not null or g.it ->> 'activity_id' is not null
                then app.contact_of((g.it ->> 'deal_id')::uuid, (g.it ->> 'activity_id')::uuid) end,
           coalesce(g.it ->> 'conversation_id', g.it ->> 'deal_id')::uuid,
           case when g.new is null then g.old - tg_argv[0]::text[]
                when g.old is not null then d.old end,
           case when g.old is not null then d.new end
    from (
        select b.id, b.old, b.new, coalesce(b.new, b.old) as it
        from (select u.id, (array_agg(u.content) filter (where u.is_old))[1] as old,
                     (array_agg(u.content) filter (where not u.is_old))[1] as new
              from (select true as is_old, o.id, to_jsonb(o) as content from old_rows o
                    union all
                    select false, n.id, to_jsonb(n) from new_rows n) u
              group by u.id) b
    ) g
    cross join lateral (
        select jsonb_object_agg(k.key, g.old -> k.key) as old, jsonb_object_agg(k.key, k.value) as new
        from jsonb_each(g.new) k
        where k.value is distinct from g.old -> k.key and k.key <> all (left_out)) d
    where d.new is not null or g.new is null;
    if undoing is not null then
        perform app.mark_undone(undoing, tg_table_name);
    end if;
    return null;
end;
$$;
comment on function app.log_updated() is
    'Trigger: of each updated row the columns that really changed are logged, before and after.';

create or replace function app.log_row() returns trigger
language plpgsql security definer as $$
declare
    old_row constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    new_row constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    it constant jsonb := coalesce(new_row, old_row);
    undoing constant bigint := nullif(current_setting('app.undoes', true), '')::bigint;
    keys text[];
    masks constant jsonb := case
        when tg_table_name = 'settings' and it ->> 'key' ~* 'secret|password|token|_key'
        then '{"value": "…"}'::jsonb else '{}'::jsonb end;
begin
    keys := array(
        select k.key from jsonb_each(it) k
        where k.key <> 'updated_at' and (tg_op <> 'UPDATE' or k.key = 'key'
            or k.value is distinct from old_row -> k.key));
    if tg_op = 'UPDATE' and array_remove(keys, 'key') = '{}' then
        return null;
    end if;
    insert into app.changes (actor, source, client, batch, undoes, table_name, operation, row_id,
                             contact_id, old, new)
    values (current_user_id(), app.change_source(), nullif(current_setting('app.client', true), ''),
            nullif(current_setting('app.batch', true), ''), undoing, tg_table_name, lower(tg_op),
            coalesce(it ->> 'id', md5(tg_table_name || '/' || (it ->> 'key')))::uuid,
            (it ->> 'contact_id')::uuid,
            (select jsonb_object_agg(k.key, k.value) from jsonb_each(old_row || masks) k
             where k.key = any (keys)),
            (select jsonb_object_agg(k.key, k.value) from jsonb_each(new_row || masks) k
             where k.key = any (keys) and (tg_op = 'UPDATE' or tg_table_name = 'settings')));
    if undoing is not null then
        perform app.mark_undone(undoing, tg_table_name);
    end if;
    return null;
end;
$$;
comment on function app.log_row() is
    'Trigger of a row: conversations (what people set on them) and settings (secret ones without their value).';

create or replace function app.log_summary(
    changed_table text, what text, row_count integer, for_batch text) returns void
language plpgsql security definer as $$
begin
    if row_count > 0 then
        insert into app.changes (actor, source, client, batch, table_name, operation, new)
        values (current_user_id(),
                case when for_batch like 'import:%' then 'import' else app.change_source() end,
                nullif(current_setting('app.client', true), ''), for_batch, changed_table, what,
                jsonb_build_object('rows', row_count));
    end if;
end;
$$;
comment on function app.log_summary(text, text, integer, text) is
    'One line for a bulk change that keeps its own account: how many rows of a table.';

create or replace function app.log_changes_of(
    target regclass, audience text default 'admins', resource text default null,
    left_out text[] default '{}') returns void
language plpgsql as $$
declare
    its_name constant name := (select c.relname from pg_class c where c.oid = target);
    seen constant text := 'when (current_setting(''app.changes'', true) is distinct from ''summary''
        or not has_table_privilege(''app.changes'', ''insert''))';
    one record;
    -- names are quoted by format; @plpgsql_check_options: security_warnings = off
begin
    if not exists (select from pg_attribute a where a.attrelid = target and a.attname = 'id'
                   and a.atttypid = 'uuid'::regtype and not a.attisdropped) then
        raise exception 'changes of % cannot be logged: it has no uuid column id', target;
    end if;
    insert into app.logged_tables (table_name, resource, audience)
    values (its_name, coalesce(resource, replace(its_name, '_', '-')), audience)
    on conflict (table_name) do update
    set resource = excluded.resource, audience = excluded.audience
    where (logged_tables.resource, logged_tables.audience)
          is distinct from (excluded.resource, excluded.audience);
    for one in
        select * from (values
            ('inserted', 'insert', 'new table as new_rows'),
            ('updated', 'update', 'old table as old_rows new table as new_rows'),
            ('deleted', 'delete', 'old table as old_rows')) as v (name, event, tables)
    loop
        execute format('drop trigger if exists %I on %s', its_name || '_changes_' || one.name, target);
        execute format(
            'create trigger %I after %s on %s referencing %s for each statement %s
                 execute function app.log_%s(%L)',
            its_name || '_changes_' || one.name, one.event, target, one.tables, seen, one.name,
            left_out);
    end loop;
end;
$$;
comment on function app.log_changes_of(regclass, text, text, text[]) is
    'Log the changes of a table with a uuid id: who may see them (contact, everybody, admins), under which scope, without which columns. May be called again.';

select app.log_changes_of(t.name::regclass, t.audience, t.resource, t.left_out::text[])
from (values
    ('contacts', 'contact', 'contacts', '{}'), ('tags', 'everybody', 'tags', '{}'),
    ('contact_tags', 'contact', 'tags', '{}'), ('messages', 'contact', 'messages', '{}'),
    ('calls', 'contact', 'calls', '{}'), ('emails', 'contact', 'emails', '{}'),
    ('activities', 'contact', 'activities', '{}'), ('deals', 'contact', 'deals', '{}'),
    ('deal_tags', 'contact', 'tags', '{}'),
    ('documents', 'contact', 'documents', '{access_count, last_accessed_at}'),
    ('assistants', 'everybody', 'assistants', '{usage_count, average_duration, success_rate}'),
    ('phone_numbers', 'everybody', 'phone-numbers', '{}'),
    ('vapi_calls', 'contact', 'vapi-calls', '{}'), ('app.users', 'admins', 'users', '{}')
) as t (name, audience, resource, left_out);

insert into app.logged_tables (table_name, resource, audience)
values ('conversations', 'conversations', 'contact'), ('settings', 'settings', 'admins')
on conflict (table_name) do nothing;

drop trigger if exists conversations_changes_updated on conversations;
create trigger conversations_changes_updated
    after update of status, priority, assigned_to, is_archived, is_starred, is_muted, labels
    on conversations for each row
    when ((old.status, old.priority, old.assigned_to, old.is_archived, old.is_starred, old.is_muted,
           old.labels) is distinct from (new.status, new.priority, new.assigned_to, new.is_archived,
           new.is_starred, new.is_muted, new.labels)
          and (current_setting('app.changes', true) is distinct from 'summary'
               or not has_table_privilege('app.changes', 'insert')))
    execute function app.log_row();
drop trigger if exists conversations_changes_deleted on conversations;
create trigger conversations_changes_deleted
    after delete on conversations referencing old table as old_rows for each statement
    when (current_setting('app.changes', true) is distinct from 'summary'
          or not has_table_privilege('app.changes', 'insert'))
    execute function app.log_deleted('{}');
drop trigger if exists settings_changes_row on app.settings;
create trigger settings_changes_row after insert or update or delete on app.settings
    for each row execute function app.log_row();

do $$
declare
    signature regprocedure;
begin
    for signature in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'app'::regnamespace and p.proname in (
            'contact_of', 'mark_undone', 'log_inserted', 'log_updated', 'log_deleted', 'log_row',
            'log_summary', 'log_changes_of')
    loop
        execute format('revoke all on function %s from public', signature);
    end loop;
end;
$$;

commit;
