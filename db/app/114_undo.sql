-- Taking changes back: one, or a whole batch.
--
-- Undo runs with the caller's rights: row level security decides what may be written back, exactly as
-- if the person did it by hand, and the undo is logged like any other change (source undo, undoes =
-- the change), so undoing it again is the redo. What would overwrite something newer is refused with
-- SQLSTATE 55000; DETAIL is a JSON array of the conflicts, each {change, table, row, reason, column,
-- current, by, at}. A batch goes back newest first, all or nothing.
--   update  the changed columns go back, if they still hold what the change wrote.
--   insert  contacts and deals go to the trash, other rows are deleted; not when somebody changed the
--           row since, or hung something on it.
--   delete  the row returns with its id; not when the id is taken or something it refers to is gone.
--           Rows that went with it were deleted by the same transaction: batch 'tx:<number>'.
-- Locks, in this order: the change's or batch's advisory lock (two undos at once: the second waits, and
-- finds it undone), then rows as they are written.
begin;
set local client_min_messages = warning;

create or replace function app.table_of_change(changed_table text) returns regclass
language plpgsql stable as $$
begin
    return coalesce(to_regclass(quote_ident(changed_table)),
                    to_regclass('app.' || quote_ident(changed_table)));
end;
$$;
comment on function app.table_of_change(text) is
    'The table that a row of app.changes speaks of: one of the 15, or one of schema app.';

create or replace function app.undo_conflict(
    change app.changes, reason text, col text default null, now_value jsonb default null,
    newer_id bigint default null) returns jsonb
language plpgsql stable as $$
begin
    return (
        select jsonb_strip_nulls(jsonb_build_object(
            'change', change.id, 'table', change.table_name, 'row', change.row_id,
            'reason', reason, 'column', col, 'by', n.name, 'at', n.at))
            || case when col is null then '{}' else jsonb_build_object('current', now_value) end
        from (select 1) one
        left join lateral (
            select coalesce(u.name, h.source) as name, h.at
            from app.changes h
            left join app.users u on u.id = h.actor
            where h.id = newer_id
               or newer_id is null and h.row_id = change.row_id and h.id > change.id
                  and h.table_name = change.table_name and (col is null or h.new ? col)
            order by h.id desc limit 1) n on true);
end;
$$;
comment on function app.undo_conflict(app.changes, text, text, jsonb, bigint) is
    'What stands in the way of an undo, with who did it and when, as JSON.';

create or replace function app.must_be_changeable(target regclass, row_id uuid) returns void
language plpgsql as $$
declare
    is_seen boolean;
begin
    execute format('select exists (select from %s t where t.id = $1)', target)
    into is_seen using row_id;
    if is_seen then
        raise exception 'you may not change this' using errcode = '42501';
    end if;
end;
$$;
comment on function app.must_be_changeable(regclass, uuid) is
    'Called when a row could not be locked: 42501 when it is there, and only not the caller''s to change.';

create or replace function app.undo_update(change app.changes, target regclass) returns jsonb
language plpgsql as $$
declare
    current_row jsonb;
    conflicts jsonb;
    columns text;
    written integer;
begin
    execute format('select to_jsonb(t) from %s t where t.id = $1 for update', target)
    into current_row using change.row_id;
    if current_row is null then
        perform app.must_be_changeable(target, change.row_id);
        return jsonb_build_array(app.undo_conflict(change, 'gone'));
    end if;
    select jsonb_agg(app.undo_conflict(change, 'changed since', k.key, current_row -> k.key)),
           string_agg(quote_ident(k.key), ', ')
    into conflicts, columns
    from jsonb_each(change.new) k
    where current_row -> k.key is distinct from k.value;
    if conflicts is not null then
        return conflicts;
    end if;
    select string_agg(quote_ident(k.key), ', ') into columns from jsonb_each(change.old) k;
    execute format(
        'update %1$s set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, $1))
         where id = $2', target, columns)
    using change.old, change.row_id;
    get diagnostics written = row_count;
    if written = 0 then
        raise exception 'you may not change this' using errcode = '42501';
    end if;
    return null;
end;
$$;
comment on function app.undo_update(app.changes, regclass) is
    'Write the old values of the changed columns back; the conflicts, or NULL when it is done.';

create or replace function app.hangs_on(target regclass, row_id uuid) returns text
language plpgsql stable as $$
declare
    reference record;
    is_there boolean;
begin
    for reference in
        select f.conrelid::regclass as child, a.attname as col,
               exists (select from pg_attribute d where d.attrelid = f.conrelid
                       and d.attname = 'deleted_at' and not d.attisdropped) as has_bin
        from pg_constraint f
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
        join pg_class c on c.oid = f.conrelid
        -- Stage history is written by the deal itself, threads by what is filed in them.
        where f.contype = 'f' and f.confrelid = target and c.relname <> 'conversations'
          and exists (select from app.logged_tables l where l.table_name = c.relname)
        order by c.relname
    loop
        execute format('select exists (select from %s t where t.%I = $1 %s)', reference.child,
                       reference.col,
                       case when reference.has_bin then 'and t.deleted_at is null' else '' end)
        into is_there using row_id;
        if is_there then
            return (select c.relname from pg_class c where c.oid = reference.child);
        end if;
    end loop;
    return null;
end;
$$;
comment on function app.hangs_on(regclass, uuid) is
    'A table with rows that refer to this row, trash left aside; NULL when nothing does.';

create or replace function app.undo_insert(change app.changes, target regclass) returns jsonb
language plpgsql as $$
declare
    current_row jsonb;
    newer bigint;
    child text;
    written integer;
begin
    execute format('select to_jsonb(t) from %s t where t.id = $1 for update', target)
    into current_row using change.row_id;
    if current_row is null then
        perform app.must_be_changeable(target, change.row_id);
        return jsonb_build_array(app.undo_conflict(change, 'gone'));
    end if;
    if current_row ->> 'deleted_at' is not null then
        return jsonb_build_array(app.undo_conflict(change, 'in the trash already'));
    end if;
    -- What was undone, and what undid it, cancel each other out.
    select h.id into newer from app.changes h
    where h.row_id = change.row_id and h.table_name = change.table_name and h.id > change.id
      and h.undone_at is null and h.undoes is null
    order by h.id desc limit 1;
    if found then
        return jsonb_build_array(app.undo_conflict(change, 'changed since', newer_id => newer));
    end if;
    child := app.hangs_on(target, change.row_id);
    if child is not null then
        return jsonb_build_array(
            app.undo_conflict(change, replace(child, '_', ' ') || ' hang on it'));
    end if;
    if current_row ? 'deleted_at' then
        execute format('update %s set deleted_at = now() where id = $1', target)
        using change.row_id;
    else
        execute format('delete from %s where id = $1', target) using change.row_id;
    end if;
    get diagnostics written = row_count;
    if written = 0 then
        raise exception 'you may not delete this' using errcode = '42501';
    end if;
    return null;
end;
$$;
comment on function app.undo_insert(app.changes, regclass) is
    'Put a new contact or deal into the trash, delete any other new row; the conflicts, or NULL when it is done.';

create or replace function app.undo_delete(change app.changes, target regclass) returns jsonb
language plpgsql as $$
declare
    -- A thread is counted anew by the messages that return to it.
    content constant jsonb := case when change.table_name = 'conversations'
        then change.old - array['message_count', 'unread_count', 'last_message_id',
            'last_message_content', 'last_message_at', 'last_message_direction']
        else change.old end;
    columns text;
    reference record;
    is_there boolean;
begin
    execute format('select exists (select from %s t where t.id = $1)', target)
    into is_there using change.row_id;
    if is_there then
        return jsonb_build_array(app.undo_conflict(change, 'there again'));
    end if;
    for reference in
        select f.confrelid::regclass as parent, a.attname as col
        from pg_constraint f
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
        where f.contype = 'f' and f.conrelid = target and change.old ->> a.attname is not null
    loop
        execute format('select exists (select from %s t where t.id = $1)', reference.parent)
        into is_there using (change.old ->> reference.col)::uuid;
        if not is_there then
            return jsonb_build_array(app.undo_conflict(
                change, 'what it belongs to is gone', reference.col,
                change.old -> reference.col));
        end if;
    end loop;
    select string_agg(quote_ident(a.attname), ', ') into columns
    from pg_attribute a
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and content ? a.attname;
    begin
        execute format('insert into %1$s (%2$s) select %2$s from jsonb_populate_record(null::%1$s, $1)',
                       target, columns)
        using content;
    exception when unique_violation then
        return jsonb_build_array(app.undo_conflict(change, 'another has taken its place'));
    end;
    return null;
end;
$$;
comment on function app.undo_delete(app.changes, regclass) is
    'Insert a deleted row again, as it was; the conflicts, or NULL when it is done.';

create or replace function app.undo_one(change app.changes) returns jsonb
language plpgsql as $$
declare
    target constant regclass := app.table_of_change(change.table_name);
    undoer bigint;
    conflicts jsonb;
begin
    if change.undone_at is not null then
        select h.id into undoer from app.changes h
        where h.undoes = change.id and h.undone_at is null order by h.id desc limit 1;
        return jsonb_build_array(app.undo_conflict(change, 'undone already', newer_id => undoer));
    end if;
    if change.row_id is null or change.table_name in ('settings', 'users') or target is null
       or (change.operation = 'update' and change.new is null)
       or (change.operation = 'delete' and change.old is null) then
        return jsonb_build_array(app.undo_conflict(change, 'cannot be undone'));
    end if;
    perform set_config('app.undoes', change.id::text, true);
    conflicts := case change.operation
        when 'update' then app.undo_update(change, target)
        when 'insert' then app.undo_insert(change, target)
        else app.undo_delete(change, target) end;
    perform set_config('app.undoes', '', true);
    return conflicts;
end;
$$;
comment on function app.undo_one(app.changes) is
    'Take one change back with the caller''s rights; the conflicts, or NULL when it is done.';

create or replace function app.refuse_undo(conflicts jsonb) returns void
language plpgsql as $$
declare
    first_one constant jsonb := conflicts -> 0;
    what constant text := coalesce(first_one ->> 'column', first_one ->> 'table');
begin
    raise exception '%', concat_ws(' ', replace(what, '_', ' ') || ':', first_one ->> 'reason',
                                   'by ' || (first_one ->> 'by'))
        using errcode = '55000', detail = conflicts::text,
              hint = 'Something newer stands in the way. Nothing was undone.';
end;
$$;
comment on function app.refuse_undo(jsonb) is 'Raise 55000 with the conflicts as DETAIL.';

-- 1229803085 is the class of all advisory locks of undo.
create or replace function app.undo_change(change_id bigint) returns void
language plpgsql as $$
declare
    source_before constant text := coalesce(current_setting('app.source', true), '');
    change app.changes;
    conflicts jsonb;
begin
    perform pg_advisory_xact_lock(1229803085, (change_id % 2147483647)::integer);
    select * into change from app.changes c where c.id = change_id;
    if not found then
        raise exception 'there is no change %', change_id using errcode = 'P0002';
    end if;
    perform set_config('app.source', 'undo', true);
    conflicts := app.undo_one(change);
    perform set_config('app.source', source_before, true);
    if conflicts is not null then
        perform app.refuse_undo(conflicts);
    end if;
end;
$$;
comment on function app.undo_change(bigint) is
    'Take a change back. 55000 with the conflicts as JSON in DETAIL, P0002 unknown, 42501 not the caller''s to change.';

create or replace function app.batch_ids(of_batch text) returns bigint[]
language plpgsql stable security definer as $$
begin
    if of_batch ~ '^tx:[0-9]{1,18}$' then
        return array(select c.id from app.changes c where c.tx = substr(of_batch, 4)::bigint);
    end if;
    return array(select c.id from app.changes c where c.batch = of_batch);
end;
$$;
comment on function app.batch_ids(text) is
    'All changes of a batch (or of the transaction tx:<number>), also those the caller may not see: then it is not theirs to undo.';

create or replace function app.undo_changes(ids bigint[], as_batch text) returns integer
language plpgsql as $$
declare
    source_before constant text := coalesce(current_setting('app.source', true), '');
    batch_before constant text := coalesce(current_setting('app.batch', true), '');
    run record; -- neighbours of one kind: they go back in one statement where that can be (129)
    change app.changes;
    conflicts jsonb;
    every jsonb := '[]'::jsonb;
    seen integer := 0;
    done integer := 0;
begin
    perform pg_advisory_xact_lock(1229803085, hashtext(as_batch));
    select count(*) into seen from app.changes c where c.id = any (ids);
    if seen = 0 then
        raise exception 'there is no batch %', as_batch using errcode = 'P0002';
    elsif seen < cardinality(ids) then
        raise exception 'a part of this batch is not yours to change' using errcode = '42501';
    end if;
    perform set_config('app.source', 'undo', true),
            set_config('app.batch', 'undo:' || as_batch, true);
    for run in select * from app.runs_of_changes(ids) loop
        if app.undo_at_once(run.ids) then
            done := done + cardinality(run.ids);
            continue;
        end if;
        for change in
            select c.* from unnest(run.ids) with ordinality r (id, place)
            join app.changes c on c.id = r.id
            order by r.place
        loop
            conflicts := app.undo_one(change);
            every := every || coalesce(conflicts, '[]');
            done := done + (conflicts is null)::integer;
            exit when jsonb_array_length(every) >= 50;
        end loop;
        exit when jsonb_array_length(every) >= 50;
    end loop;
    if done = 0 and every = '[]' then
        select * into change from app.changes c where c.id = any (ids) order by c.id desc limit 1;
        every := app.undo_one(change);
    end if;
    if every <> '[]' then
        perform app.refuse_undo(every);
    end if;
    perform set_config('app.source', source_before, true),
            set_config('app.batch', batch_before, true);
    return done;
end;
$$;
comment on function app.undo_changes(bigint[], text) is
    'Take several changes back, newest first, all or nothing; returns how many. The log keeps the undo as batch undo:<as_batch>. Errors as of undo_change.';

create or replace function app.undo_batch(of_batch text) returns integer
language plpgsql as $$
begin
    if of_batch ~ '^import:[0-9a-f-]{36}$' then
        return (select u.restored + u.removed from app.undo_import(substr(of_batch, 8)::uuid) u);
    end if;
    return app.undo_changes(app.batch_ids(of_batch), of_batch);
end;
$$;
comment on function app.undo_batch(text) is
    'Take a batch back (bulk:…, vapi:…, tx:<number>, undo:…, import:<id>), newest first, all or nothing; returns how many changes. Errors as of undo_change.';

do $$
declare
    signature regprocedure;
begin
    for signature in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'app'::regnamespace and p.proname in (
            'table_of_change', 'undo_conflict', 'must_be_changeable', 'undo_update', 'hangs_on',
            'undo_insert', 'undo_delete', 'undo_one', 'refuse_undo', 'undo_change', 'batch_ids',
            'undo_changes', 'undo_batch')
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
