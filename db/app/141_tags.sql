-- Tags as a list that people tidy up: merging some into another, and what follows a new name.
--
-- A merge moves the links of contacts and deals in one statement: who wears both keeps one. Every moved
-- and dropped link and every tag that goes is in the change log, so the merge goes back like any other
-- batch (129). Saved views ask for a tag by its name: they follow a rename.
-- Locks, in this order: the advisory lock of merges (one at a time), the tags that go (for update:
-- whoever is tagging with them finishes first, whoever comes later finds them gone), the tag that stays
-- (for key share: tagging with it goes on), then the links. A link to it that was made at this moment
-- ends the statement; it is then run again and sees the link.
begin;
set local client_min_messages = warning;

create or replace function app.merge_tags(sources uuid[], target uuid)
returns table (contacts integer, deals integer)
language plpgsql as $$
declare
    going uuid[];
    tries integer := 0;
begin
    -- Who does not see every link, or may not move it, would lose it with its tag.
    if coalesce(app.caller_role(), '') not in ('owner', 'admin', 'manager')
       or not (app.in_scope('tags', 'read') and app.in_scope('tags', 'write')
               and app.in_scope('contacts', 'read') and app.in_scope('contacts', 'write')
               and app.in_scope('deals', 'read') and app.in_scope('deals', 'write')) then
        raise exception 'you may not merge tags' using errcode = '42501';
    end if;
    perform pg_advisory_xact_lock(1229803085, hashtext('tags'));
    going := array(select t.id from tags t where t.id = any (sources) and t.id <> target
                   order by t.id for update);
    perform from tags t where t.id = target for key share;
    if not found or cardinality(going) = 0
       or cardinality(going) < (select count(distinct s.id) from unnest(sources) s (id)
                                where s.id <> target) then
        raise exception 'one of these tags does not exist any more' using errcode = 'P0002';
    end if;
    if exists (select from tags t where t.id = any (going) and t.is_system) then
        raise exception 'a tag of the program stays' using errcode = '42501',
            hint = 'The program needs one of these tags. Others can be merged into it.';
    end if;
    loop
        begin
            select m.contacts, m.deals into contacts, deals from app.move_tag_links(going, target) m;
            exit;
        exception when unique_violation then
            tries := tries + 1;
            if tries = 5 then
                raise;
            end if;
        end;
    end loop;
    delete from tags t where t.id = any (going);
    return next;
end;
$$;
comment on function app.merge_tags(uuid[], uuid) is
    'Merge tags into another one: their contacts and deals wear that one, they themselves go. Returns how many contacts and deals were touched. 42501, P0002.';

create or replace function app.move_tag_links(sources uuid[], target uuid)
returns table (contacts bigint, deals bigint)
language plpgsql as $$
begin
    return query
    with contact_links as materialized (
        select l.id,
               row_number() over (partition by l.contact_id order by l.created_at, l.id) = 1
               and not exists (select from contact_tags k
                               where k.contact_id = l.contact_id and k.tag_id = target) as stays
        from contact_tags l
        where l.tag_id = any (sources)),
    contacts_moved as (
        update contact_tags l set tag_id = target
        from contact_links c where c.id = l.id and c.stays
        returning 1),
    contacts_dropped as (
        delete from contact_tags l using contact_links c where c.id = l.id and not c.stays
        returning 1),
    deal_links as materialized (
        select l.id,
               row_number() over (partition by l.deal_id order by l.created_at, l.id) = 1
               and not exists (select from deal_tags k
                               where k.deal_id = l.deal_id and k.tag_id = target) as stays
        from deal_tags l
        where l.tag_id = any (sources)),
    deals_moved as (
        update deal_tags l set tag_id = target
        from deal_links d where d.id = l.id and d.stays
        returning 1),
    deals_dropped as (
        delete from deal_tags l using deal_links d where d.id = l.id and not d.stays
        returning 1)
    select (select count(*) from contacts_moved) + (select count(*) from contacts_dropped),
           (select count(*) from deals_moved) + (select count(*) from deals_dropped);
end;
$$;
comment on function app.move_tag_links(uuid[], uuid) is
    'The links of some tags become links of another one, in one statement; returns how many of contacts and deals.';

create or replace function app.rename_tag_in_views() returns trigger
language plpgsql security definer as $$
declare
    was constant text := to_jsonb('tag:has-tag:' || old.name)::text;
begin
    update app.saved_views v
    set state = replace(v.state::text, was, to_jsonb('tag:has-tag:' || new.name)::text)::jsonb
    where position(was in v.state::text) > 0;
    return null;
end;
$$;
comment on function app.rename_tag_in_views() is
    'Trigger: saved views that ask for a tag ask for it by its new name.';
revoke all on function app.rename_tag_in_views() from public;
drop trigger if exists tags_rename_in_views on tags;
create trigger tags_rename_in_views after update of name on tags
    for each row when (old.name is distinct from new.name)
    execute function app.rename_tag_in_views();

do $$
declare
    signature text;
begin
    foreach signature in array array['app.merge_tags(uuid[], uuid)', 'app.move_tag_links(uuid[], uuid)']
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = 'authenticated') then
            execute format('grant execute on function %s to authenticated', signature);
        end if;
    end loop;
end;
$$;

commit;
