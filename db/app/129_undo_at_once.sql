-- Undo of a bulk update in one statement: ten thousand contacts in seconds, not in minutes.
--
-- 114 takes changes back one by one. When a batch only updated the same columns of many rows of one
-- table, and every row still holds what the batch wrote, one statement does the same; else it does
-- nothing and the way one by one goes on and says what stands in the way. Locks: those rows.
begin;
set local client_min_messages = warning;

create or replace function app.mark_all_undone(ids bigint[]) returns integer
language plpgsql security definer as $$
declare
    marked integer;
begin
    update app.changes w
    set undoes = c.id
    from app.changes c
    where c.id = any (ids) and c.undone_at is null and w.tx = txid_current()
      and w.undoes is null and w.table_name = c.table_name and w.row_id = c.row_id
      and w.id > c.id and w.operation = 'update' and w.new @> c.old and w.old @> c.new;
    get diagnostics marked = row_count;
    update app.changes c set undone_at = now()
    where c.id in (select w.undoes from app.changes w
                   where w.tx = txid_current() and w.undoes = any (ids));
    update app.changes c set undone_at = null
    where c.id in (select o.undoes from app.changes o
                   where o.id = any (ids) and o.undoes is not null and o.undone_at is not null);
    return marked;
end;
$$;
comment on function app.mark_all_undone(bigint[]) is
    'Note which of these updates this transaction has just taken back, by what it wrote; returns how many.';

create or replace function app.undo_at_once(ids bigint[]) returns boolean
language plpgsql as $$
declare
    kind record;
    target regclass;
    columns text;
    unchanged text;
    written integer;
    -- names are quoted by quote_ident and format; @plpgsql_check_options: security_warnings = off
begin
    select min(c.table_name) as table_name, count(*) as updates,
           count(distinct c.row_id) as updated, count(distinct c.table_name) as tables,
           count(distinct n.names) as shapes, min(n.names) as names,
           bool_and(c.operation = 'update') as only_updates
    into kind
    from app.changes c
    cross join lateral (
        select array(select jsonb_object_keys(c.old) order by 1) as names) n
    where c.id = any (ids) and c.undone_at is null;
    if kind.updates < 20 or kind.updated < kind.updates or kind.tables > 1 or kind.shapes > 1
       or not kind.only_updates or kind.table_name in ('users', 'settings') then
        return false;
    end if;
    target := app.table_of_change(kind.table_name);
    select string_agg(quote_ident(k.name), ', '),
           string_agg(format('coalesce(to_jsonb(t.%I), ''null'') = c.new -> %L', k.name, k.name),
                      ' and ')
    into columns, unchanged
    from unnest(kind.names) as k (name);
    begin
        execute format(
            'update %1$s t set (%2$s) = (select %2$s from jsonb_populate_record(null::%1$s, c.old))
             from app.changes c
             where c.id = any ($1) and c.undone_at is null and t.id = c.row_id and %3$s',
            target, columns, unchanged)
        using ids;
        get diagnostics written = row_count;
        if written < kind.updates or app.mark_all_undone(ids) < kind.updates then
            raise exception 'one by one' using errcode = '55000';
        end if;
    exception when object_not_in_prerequisite_state then
        return false; -- the way one by one says what stands in the way
    end;
    return true;
end;
$$;
comment on function app.undo_at_once(bigint[]) is
    'A bulk update, the same columns of many rows, in one statement; false when it is none, or when something stands in the way.';

do $$
declare
    signature text;
begin
    foreach signature in array array['app.mark_all_undone(bigint[])', 'app.undo_at_once(bigint[])']
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
