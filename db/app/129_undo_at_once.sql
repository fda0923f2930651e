-- Undo of bulk changes in one statement each: ten thousand contacts in seconds, not in minutes.
--
-- 114 takes a batch back run by run: changes that stand together in the order of undo and are of one
-- table and kind. Where a run updated the same columns of many rows that all still hold what it wrote,
-- or deleted rows whose places are free, one statement does it; else the run goes back one by one, which
-- says what stands in the way. So the merge of a tag with 50,000 links (141) can be undone while
-- somebody waits. Locks: those rows.
begin;
set local client_min_messages = warning;

create or replace function app.runs_of_changes(of_ids bigint[]) returns table (ids bigint[])
language plpgsql stable as $$
declare
    -- A row that another one needs returns first.
    parents constant text[] := array['tags', 'assistants', 'phone_numbers', 'contacts', 'deals',
        'conversations', 'activities', 'calls', 'messages', 'emails', 'documents', 'vapi_calls'];
begin
    return query
    with placed as (
        select c.id, c.table_name, c.operation, row_number() over (
            order by c.tx desc, (c.operation = 'delete') desc,
                     case when c.operation = 'delete' then
                         coalesce(array_position(parents, c.table_name), 99) end,
                     c.id desc) as place
        from app.changes c
        where c.id = any (of_ids) and c.undone_at is null),
    numbered as (
        select p.*, p.place - row_number() over (
            partition by p.table_name, p.operation order by p.place) as number
        from placed p)
    select array_agg(n.id order by n.place)
    from numbered n
    group by n.table_name, n.operation, n.number
    order by min(n.place);
end;
$$;
comment on function app.runs_of_changes(bigint[]) is
    'Changes that are not undone yet in the order of undo, neighbours of one table and kind together.';

-- Its two sides meet in a hash: the planner expects one row of this transaction, and would look
-- through the whole array for each.
create or replace function app.mark_all_undone(ids bigint[]) returns integer
language plpgsql security definer set enable_nestloop = off as $$
declare
    done bigint[];
    redone bigint[];
begin
    with marked as (
        update app.changes w
        set undoes = c.id
        from app.changes c
        where c.id = any (ids) and c.undone_at is null and w.tx = txid_current()
          and w.undoes is null and w.table_name = c.table_name and w.row_id = c.row_id
          and w.id > c.id
          and (c.operation = 'delete' and w.operation = 'insert'
               or c.operation = 'update' and w.operation = 'update'
                  and w.new @> c.old and w.old @> c.new)
        returning c.id, c.undoes)
    select array_agg(m.id), array_agg(m.undoes) into done, redone from marked m;
    update app.changes c set undone_at = now() where c.id = any (done);
    update app.changes c set undone_at = null where c.id = any (redone);
    return cardinality(done);
end;
$$;
comment on function app.mark_all_undone(bigint[]) is
    'Note which of these changes this transaction has just taken back, by what it wrote; returns how many.';

create or replace function app.undo_at_once(ids bigint[]) returns boolean
language plpgsql as $$
declare
    kind record;
    written integer;
begin
    -- The statement's names come from catalogues, quoted; its values are read by it from the log.
    -- @plpgsql_check_options: security_warnings = off
    select min(c.table_name) as table_name, min(c.operation) as operation, count(*) as changes,
           count(distinct c.row_id) as changed, count(distinct (c.table_name, c.operation)) as kinds,
           count(distinct n.names) as shapes, min(n.names) as names
    into kind
    from app.changes c
    cross join lateral (
        select array(select jsonb_object_keys(c.old) order by 1) as names) n
    where c.id = any (ids) and c.undone_at is null;
    if kind.changes < 20 or kind.changed < kind.changes or kind.kinds > 1 or kind.shapes > 1
       or kind.operation = 'insert' or kind.table_name in ('users', 'settings', 'conversations') then
        return false;
    end if;
    begin
        execute app.undo_statement(kind.table_name, kind.operation, kind.names) using ids;
        get diagnostics written = row_count;
        if written < kind.changes or app.mark_all_undone(ids) is distinct from kind.changes then
            raise exception 'one by one' using errcode = '55000';
        end if;
    exception when object_not_in_prerequisite_state or unique_violation or foreign_key_violation then
        return false; -- the way one by one says what stands in the way
    end;
    return true;
end;
$$;
comment on function app.undo_at_once(bigint[]) is
    'Many updates or deletes of one shape in one statement; false when they are none, or when something stands in the way.';

create or replace function app.undo_statement(changed_table text, operation text, names text[])
returns text
language plpgsql stable as $$
declare
    target constant regclass := app.table_of_change(changed_table);
    columns text;
    read_columns text;
    unchanged text;
begin
    select string_agg(quote_ident(a.attname), ', '), string_agg(format('r.%I', a.attname), ', '),
           string_agg(format('coalesce(to_jsonb(t.%1$I), ''null'') = c.new -> %1$L', a.attname),
                      ' and ')
    into columns, read_columns, unchanged
    from pg_attribute a
    where a.attrelid = target and a.attname = any (names) and a.attnum > 0
      and not a.attisdropped and a.attgenerated = '';
    if operation = 'delete' then
        -- Keys that are checked at commit would fail where nobody can say why.
        return format(
            'insert into %1$s (%2$s) select %3$s
             from app.changes c cross join lateral jsonb_populate_record(null::%1$s, c.old) r
             where c.id = any ($1) and c.undone_at is null and not exists (
                 select from pg_constraint f where f.conrelid = %4$L::regclass and f.condeferred)',
            target, columns, read_columns, target);
    end if;
    return format(
        'update %1$s t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, c.old))
         from app.changes c
         where c.id = any ($1) and c.undone_at is null and t.id = c.row_id and %3$s',
        target, columns, unchanged);
end;
$$;
comment on function app.undo_statement(text, text, text[]) is
    'The statement that takes back the updates or deletes of $1, an array of ids of changes.';

do $$
declare
    signature text;
begin
    foreach signature in array array['app.runs_of_changes(bigint[])', 'app.mark_all_undone(bigint[])',
        'app.undo_at_once(bigint[])', 'app.undo_statement(text, text, text[])']
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
