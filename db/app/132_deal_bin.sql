-- Deals follow their contact into the bin and back; and they are found by words.
--
-- A contact that is put in the bin takes its live deals along: they get the contact's deleted_at, so
-- the board and its totals leave them out, and exactly these come back with the contact. Statement
-- triggers: the rows of a statement are read into arrays, then the deals are changed.
-- Searching runs as the owner, checks the caller once and applies the visibility of 019 (see 102).
begin;

create or replace function app.bin_deals_of_contacts() returns trigger
language plpgsql security definer as $$
declare
    gone uuid[];
    gone_at timestamptz[];
    back uuid[];
    back_from timestamptz[];
begin
    if not exists (select from new_rows where deleted_at is not null)
       and not exists (select from old_rows where deleted_at is not null) then
        return null;
    end if;
    select array_agg(b.id) filter (where b.now_at is not null),
           array_agg(b.now_at) filter (where b.now_at is not null),
           array_agg(b.id) filter (where b.now_at is null),
           array_agg(b.was_at) filter (where b.now_at is null)
    into gone, gone_at, back, back_from
    from (select s.id, max(s.deleted_at) filter (where s.is_new) as now_at,
                 max(s.deleted_at) filter (where not s.is_new) as was_at
          from (select id, deleted_at, true as is_new from new_rows
                union all
                select id, deleted_at, false from old_rows) s
          group by s.id) b
    where (b.now_at is null) <> (b.was_at is null);
    if gone is not null then
        update deals d set deleted_at = g.at
        from unnest(gone, gone_at) as g (contact_id, at)
        where d.contact_id = g.contact_id and d.deleted_at is null;
    end if;
    if back is not null then
        update deals d set deleted_at = null
        from unnest(back, back_from) as b (contact_id, at)
        where d.contact_id = b.contact_id and d.deleted_at = b.at;
    end if;
    return null;
end $$;
comment on function app.bin_deals_of_contacts() is
    'Trigger: live deals go into the bin with their contact, and come back with it.';

drop trigger if exists contacts_bin_deals on contacts;
create trigger contacts_bin_deals after update on contacts
    referencing old table as old_rows new table as new_rows
    for each statement execute function app.bin_deals_of_contacts();

-- Words in the name of a deal; those of its contact are found by app.search_contact_ids().
do $$
declare
    home name := (select n.nspname from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
                  where o.opcname = 'gin_trgm_ops' limit 1);
begin
    if home is not null then
        execute format('create index if not exists deals_name_trgm_idx on deals
            using gin (lower(name) %I.gin_trgm_ops)
            with (fastupdate = on, gin_pending_list_limit = 256) where deleted_at is null', home);
    end if;
end $$;

create or replace function app.search_deal_ids(q text, max_rows integer default 1000)
returns setof uuid
language plpgsql stable security definer rows 100 as $$
declare
    word text;
    conditions text := '';
begin
    if not app.may_read_deals() or btrim(coalesce(q, '')) = '' then
        return;
    end if;
    foreach word in array regexp_split_to_array(btrim(lower(q)), '\s+') loop
        word := replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_');
        conditions := conditions || format(' and lower(d.name) like %L', '%' || word || '%');
    end loop;
    return query execute
        'select d.id from deals d where d.deleted_at is null' || conditions
        || case when app.sees_all() then '' else
            format(' and exists (select from contacts c where c.id = d.contact_id
                and (c.assigned_to is null or c.assigned_to = %L))', current_user_id()) end
        || ' union
            select d.id from deals d where d.deleted_at is null
              and d.contact_id = any (array(select app.search_contact_ids($1, 1000)))
            limit $2'
        using q, least(max_rows, 10000);
end $$;
comment on function app.search_deal_ids(text, integer) is
    'Ids of live deals whose name, or whose contact, contains every word, among those the caller may see; at most max_rows.';

revoke all on function app.bin_deals_of_contacts(), app.search_deal_ids(text, integer) from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        grant execute on function app.search_deal_ids(text, integer) to authenticated;
    end if;
end $$;

commit;
