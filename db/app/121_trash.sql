-- The trash: contacts and deals with deleted_at, until they are restored, deleted for ever by hand,
-- or older than the setting "trash_days" (30).
--
-- Everything by hand happens with the caller's rights: who may change a contact may restore it, and
-- leads may delete it for ever. The purge runs as the owner. It takes contacts by id, one statement
-- each, so that no statement holds the threads of many, skips what somebody is just changing, and
-- stops after twenty seconds: the next minute goes on. A contact takes everything along but
-- documents and AI calls, which lose their link (see 011 and 015).
begin;

do $$
begin
    if not exists (select from pg_constraint
                   where conname = 'settings_trash_days_check'
                     and conrelid = 'app.settings'::regclass) then
        alter table app.settings add constraint settings_trash_days_check
            check (key <> 'trash_days' or value::text ~ '^[1-9][0-9]{0,3}$') not valid;
        alter table app.settings validate constraint settings_trash_days_check;
    end if;
end;
$$;

create index if not exists contacts_deleted_at_idx
    on contacts (deleted_at, id) where deleted_at is not null;
create index if not exists deals_deleted_at_idx
    on deals (deleted_at, id) where deleted_at is not null;

create or replace function app.trash_days() returns integer
language sql stable security definer as $$
    select coalesce((select s.value::text::integer from app.settings s where s.key = 'trash_days'), 30);
$$;
comment on function app.trash_days() is 'Days after which the trash is emptied, between 1 and 9999.';

create or replace function app.trash(
    kind text, before_at timestamptz, before_id uuid, max_rows integer)
returns table (
    id uuid, name text, detail text, contact_id uuid, contact_in_trash boolean,
    deleted_at timestamptz, deleted_by text, days_left integer)
language plpgsql stable rows 50 as $$
declare
    days constant integer := app.trash_days();
begin
    if kind = 'contacts' then
        return query
        select c.id, app.shown_name(c), concat_ws(', ', c.city, c.state), c.id, true,
               c.deleted_at, app.put_in_trash_by('contacts', c.id),
               greatest(0, ceil(extract(epoch from c.deleted_at - now()) / 86400 + days))::integer
        from contacts c
        where c.deleted_at is not null
          and (before_at is null or (c.deleted_at, c.id) < (before_at, before_id))
        order by c.deleted_at desc, c.id desc
        limit least(max_rows, 200);
    elsif kind = 'deals' then
        return query
        select d.id, d.name::text, app.shown_name(c), d.contact_id, c.deleted_at is not null,
               d.deleted_at, app.put_in_trash_by('deals', d.id),
               greatest(0, ceil(extract(epoch from d.deleted_at - now()) / 86400 + days))::integer
        from deals d
        join contacts c on c.id = d.contact_id
        where d.deleted_at is not null
          and (before_at is null or (d.deleted_at, d.id) < (before_at, before_id))
        order by d.deleted_at desc, d.id desc
        limit least(max_rows, 200);
    else
        raise exception 'no trash of %', kind using errcode = 'no_data_found';
    end if;
end;
$$;
comment on function app.trash(text, timestamptz, uuid, integer) is
    'What the caller sees in the trash, newest first, before a place: kind is contacts or deals.';

create or replace function app.shown_name(contact contacts) returns text
language sql stable as $$
    select coalesce(nullif(btrim(contact.first_name || ' ' || contact.last_name), ''),
                    nullif(btrim(contact.llc_name), ''), contact.phone1, contact.email1, 'No name');
$$;
comment on function app.shown_name(contacts) is 'What people call a contact: person, company, number or address.';

create or replace function app.restore_from_trash(kind text, item uuid) returns boolean
language plpgsql as $$
begin
    if kind = 'contacts' then
        update contacts c set deleted_at = null where c.id = item and c.deleted_at is not null;
    elsif kind = 'deals' then
        update deals d set deleted_at = null where d.id = item and d.deleted_at is not null;
    else
        raise exception 'no trash of %', kind using errcode = 'no_data_found';
    end if;
    return found;
end;
$$;
comment on function app.restore_from_trash(text, uuid) is
    'Take a contact or deal out of the trash with the caller''s rights; false when there is none for them.';

create or replace function app.delete_forever(kind text, item uuid) returns boolean
language plpgsql as $$
begin
    if kind = 'contacts' then
        delete from contacts c where c.id = item and c.deleted_at is not null;
    elsif kind = 'deals' then
        delete from deals d where d.id = item and d.deleted_at is not null;
    else
        raise exception 'no trash of %', kind using errcode = 'no_data_found';
    end if;
    return found;
end;
$$;
comment on function app.delete_forever(text, uuid) is
    'Delete a contact or deal of the trash with the caller''s rights; false when there is none for them.';

create or replace function app.upkeep_trash() returns integer
language plpgsql security definer as $$
declare
    old constant timestamptz := now() - make_interval(days => app.trash_days());
    enough constant timestamptz := clock_timestamp() + interval '20 seconds';
    purged integer := 0;
    item uuid;
begin
    for item in
        select c.id from contacts c where c.deleted_at < old
        order by c.id limit 500 for update skip locked
    loop
        delete from contacts c where c.id = item;
        purged := purged + 1;
        exit when clock_timestamp() > enough;
    end loop;
    for item in
        select d.id from deals d where d.deleted_at < old
        order by d.id limit 500 - purged for update skip locked
    loop
        delete from deals d where d.id = item;
        purged := purged + 1;
        exit when clock_timestamp() > enough;
    end loop;
    return purged;
end;
$$;
comment on function app.upkeep_trash() is
    'Contacts and deals longer in the trash than app.trash_days() go for ever, 500 a minute at most.';

create or replace function app.put_in_trash_by(kind text, item uuid) returns text
language plpgsql stable security definer as $$
begin
    if app.caller_role() is null or to_regclass('app.changes') is null then
        return null;
    end if;
    return (select u.name::text
            from app.changes h
            join app.users u on u.id = h.actor
            where h.table_name = kind and h.row_id = item and h.new ? 'deleted_at'
            order by h.at desc, h.id desc
            limit 1);
end;
$$;
comment on function app.put_in_trash_by(text, uuid) is
    'Name of the person who put a contact or deal in the trash, where the change log knows.';

do $$
declare
    signature text;
begin
    foreach signature in array array[
        'app.trash_days()', 'app.trash(text, timestamptz, uuid, integer)',
        'app.shown_name(contacts)', 'app.put_in_trash_by(text, uuid)',
        'app.restore_from_trash(text, uuid)', 'app.delete_forever(text, uuid)',
        'app.upkeep_trash()'
    ] loop
        execute format('revoke all on function %s from public', signature);
        if signature <> 'app.upkeep_trash()'
           and exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
