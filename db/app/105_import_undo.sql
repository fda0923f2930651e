-- The tags of an import, its undo, and who may call what.
--
-- Everything goes back to exactly what it was, updated_at included, except contacts that something
-- newer stands on: those are left alone, counted, and keep their row in app.import_changes with the
-- reason. A created contact is in the way of its removal when somebody changed it, tagged it, or
-- hung a message, call, e-mail, activity, deal, document or AI call on it since.
begin;

create or replace function app.tag_imported_contacts(for_import uuid) returns void
language plpgsql security definer as $$
declare
    colors constant text[] := array['#3B82F6', '#10B981', '#F59E0B', '#EF4444', '#8B5CF6',
                                    '#EC4899', '#14B8A6', '#64748B'];
begin
    with made as (
        insert into tags (name, color)
        select distinct on (lower(n.name)) n.name, colors[1 + abs(hashtext(lower(n.name)) % 8)]
        from app_staging.import_records r
        join app_staging.import_targets t on t.rec = r.rec
        cross join lateral unnest(r.tags) as n (name)
        where not exists (select from tags g where lower(g.name) = lower(n.name))
        order by lower(n.name), r.rec
        on conflict do nothing
        returning id, updated_at
    )
    insert into app.import_tags (import_id, tag_id, left_updated_at)
    select for_import, m.id, m.updated_at from made m;

    with linked as (
        insert into contact_tags (contact_id, tag_id, created_by)
        select distinct s.contact_id, g.id, (select current_user_id())
        from (
            -- New contacts are not looked for in contacts; known ones must be the caller's to see.
            select t.rec, t.contact_id from app_staging.import_targets t where t.turn = 0
            union all
            select t.rec, t.contact_id
            from app_staging.import_targets t
            join contacts c on c.id = t.contact_id
                and (c.assigned_to is null or c.assigned_to = (select current_user_id())
                     or (select app.sees_all()))
            where t.turn > 0
        ) s
        join app_staging.import_records r on r.rec = s.rec
        cross join lateral unnest(r.tags) as n (name)
        join tags g on lower(g.name) = lower(n.name)
        order by s.contact_id, g.id
        on conflict do nothing
        returning contact_id, tag_id
    ), added as (
        select l.contact_id, array_agg(l.tag_id) as tag_ids
        from linked l
        where l.contact_id in (
            select t.contact_id from app_staging.import_targets t where t.turn > 0)
        group by l.contact_id
    )
    insert into app.import_changes as known (
        import_id, contact_id, operation, left_updated_at, tag_ids)
    select for_import, c.id, 'updated', c.updated_at, a.tag_ids
    from added a
    join contacts c on c.id = a.contact_id
    on conflict (import_id, contact_id) do update set tag_ids = known.tag_ids || excluded.tag_ids;
end;
$$;
comment on function app.tag_imported_contacts(uuid) is
    'Create the tags that the batch names and attach them; notes what an existing contact got.';

create or replace function app.find_undo_conflicts(for_import uuid) returns void
language plpgsql security definer as $$
begin
    perform 1 from contacts c
    where c.id in (select h.contact_id from app.import_changes h where h.import_id = for_import)
    order by c.id
    for update;
    update app.import_changes h
    set conflict = n.why
    from (
        select k.contact_id, case
            when c.id is null and k.operation = 'updated' then 'the contact was removed since'
            when c.updated_at <> k.left_updated_at then 'the contact was changed since'
            when k.operation = 'updated' then null
            when exists (select from contact_tags x
                         where x.contact_id = c.id and x.created_at <> i.merged_at)
                then 'the contact was tagged since'
            when exists (select from messages x where x.contact_id = c.id)
              or exists (select from conversations x where x.contact_id = c.id)
              or exists (select from emails x where x.contact_id = c.id)
              or exists (select from calls x where x.contact_id = c.id)
              or exists (select from vapi_calls x where x.contact_id = c.id)
                then 'there are messages or calls with the contact'
            when exists (select from deals x where x.contact_id = c.id)
                then 'the contact has a deal'
            when exists (select from activities x where x.contact_id = c.id)
              or exists (select from documents x where x.contact_id = c.id)
                then 'the contact has activities or documents'
            end as why
        from app.import_changes k
        join app.imports i on i.id = k.import_id
        left join contacts c on c.id = k.contact_id
        where k.import_id = for_import
    ) n
    where h.import_id = for_import and h.contact_id = n.contact_id
      and h.conflict is distinct from n.why;
end;
$$;
comment on function app.find_undo_conflicts(uuid) is
    'Lock the contacts of an import and note, for each that cannot go back, why.';

create or replace function app.restore_imported_contacts(for_import uuid) returns integer
language plpgsql security definer as $$
declare
    restored integer;
begin
    -- set_updated_at() keeps the given value for the owner of the table while this is on.
    perform set_config('app.keep_updated_at', 'on', true);
    update contacts c
    set first_name = o.first_name, last_name = o.last_name, llc_name = o.llc_name,
        job_title = o.job_title, phone1 = o.phone1, phone2 = o.phone2, phone3 = o.phone3,
        email1 = o.email1, email2 = o.email2, email3 = o.email3,
        mailing_address = o.mailing_address, property_address = o.property_address,
        city = o.city, state = o.state, zip_code = o.zip_code,
        property_county = o.property_county, property_type = o.property_type,
        bedrooms = o.bedrooms, total_bathrooms = o.total_bathrooms,
        building_sqft = o.building_sqft, lot_size_sqft = o.lot_size_sqft,
        effective_year_built = o.effective_year_built, est_value = o.est_value,
        debt_owed = o.debt_owed, est_equity = o.est_equity,
        last_sale_date = o.last_sale_date, last_sale_amount = o.last_sale_amount,
        deal_status = o.deal_status, lead_source = o.lead_source, assigned_to = o.assigned_to,
        dnc = o.dnc, dnc_reason = o.dnc_reason, sms_opt_out = o.sms_opt_out,
        email_opt_out = o.email_opt_out, notes = o.notes, custom_fields = o.custom_fields,
        updated_at = o.updated_at
    from app.import_changes h
    cross join lateral jsonb_populate_record(null::contacts, h.old) o
    where h.import_id = for_import and h.operation = 'updated' and h.conflict is null
      and h.old is not null and c.id = h.contact_id;
    perform set_config('app.keep_updated_at', 'off', true);
    delete from contact_tags x
    using app.import_changes h, app.imports i
    where h.import_id = for_import and h.operation = 'updated' and h.conflict is null
      and i.id = for_import and x.contact_id = h.contact_id and x.tag_id = any (h.tag_ids)
      and x.created_at = i.merged_at;
    select count(*) into restored from app.import_changes h
    where h.import_id = for_import and h.operation = 'updated' and h.conflict is null;
    return restored;
end;
$$;
comment on function app.restore_imported_contacts(uuid) is
    'Give the updated contacts of an import their old values and tags back; returns how many.';

create or replace function app.remove_imported_contacts(for_import uuid) returns integer
language plpgsql security definer as $$
declare
    removed integer;
begin
    delete from contacts c
    using app.import_changes h
    where h.import_id = for_import and h.operation = 'created' and h.conflict is null
      and c.id = h.contact_id;
    get diagnostics removed = row_count;
    delete from tags g
    using app.import_tags m
    where m.import_id = for_import and g.id = m.tag_id and g.updated_at = m.left_updated_at
      and not exists (select from contact_tags x where x.tag_id = g.id)
      and not exists (select from deal_tags x where x.tag_id = g.id);
    return removed;
end;
$$;
comment on function app.remove_imported_contacts(uuid) is
    'Remove the contacts that an import created, and its tags that nobody uses; returns how many contacts.';

create or replace function app.undo_import(for_import uuid)
returns table (restored integer, removed integer, conflicts integer)
language plpgsql security definer as $$
declare
    the_import app.imports := app.check_import(for_import);
begin
    if the_import.status not in ('done', 'undone') then
        raise exception 'only an import that is done can be undone' using errcode = '55000';
    end if;
    if not app.claim_merge() then
        raise exception 'another import is running' using errcode = '55P03',
            hint = 'Try again when it is done.';
    end if;
    perform set_config('app.changes', 'summary', true); -- 113: one line, not one a contact
    perform app.find_undo_conflicts(for_import);
    restored := app.restore_imported_contacts(for_import);
    removed := app.remove_imported_contacts(for_import);
    delete from app.import_changes h where h.import_id = for_import and h.conflict is null;
    select count(*) into conflicts from app.import_changes h where h.import_id = for_import;
    update app.imports
    set status = 'undone', undone_at = now(), updated_at = now(),
        restored_count = restored_count + restored + removed, conflict_count = conflicts
    where id = for_import;
    perform app.log_summary('contacts', 'update', restored, 'import:' || for_import);
    perform app.log_summary('contacts', 'delete', removed, 'import:' || for_import),
            set_config('app.changes', '', true);
    return next;
end;
$$;
comment on function app.undo_import(uuid) is
    'Take an import back; returns contacts restored, removed, and left because of something newer. May be repeated.';

do $$
declare
    signature regprocedure;
    caller text;
begin
    for signature, caller in
        select p.oid::regprocedure, v.caller
        from (values
            ('may_import', 'authenticated'), ('sees_import', 'nobody'),
            ('check_import', 'nobody'), ('find_importer', 'crm_app'),
             ('claim_import', 'crm_app'), ('claim_merge', 'crm_app'),
            ('start_import', 'crm_app'), ('report_import', 'crm_app'),
            ('cancel_import', 'authenticated'), ('end_import', 'crm_app'),
            ('mark_interrupted_imports', 'crm_app'),
            ('import_bulk_mode', 'crm_app'), ('tidy_after_import', 'crm_app'),
            ('match_by_reach', 'nobody'), ('match_by_place', 'nobody'),
            ('match_import_records', 'nobody'), ('create_imported_contacts', 'nobody'),
            ('update_imported_contacts', 'nobody'), ('tag_imported_contacts', 'nobody'),
            ('merge_import_records', 'crm_app'), ('finish_import', 'crm_app'),
            ('find_undo_conflicts', 'nobody'), ('restore_imported_contacts', 'nobody'),
            ('remove_imported_contacts', 'nobody'), ('undo_import', 'authenticated')
        ) as v (name, caller)
        join pg_proc p on p.proname = v.name and p.pronamespace = 'app'::regnamespace
    loop
        execute format('revoke all on function %s from public', signature);
        if exists (select from pg_roles where rolname = caller) then
            execute format('grant execute on function %s to %I', signature, caller);
        end if;
    end loop;
    revoke all on schema app_staging from public;
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant usage on schema app_staging to crm_app;
        grant insert on app_staging.import_records to crm_app;
    end if;
    grant select on app.imports, app.import_bad_rows, app.import_changes, app.import_tags
        to authenticated;
    grant insert (filename, stored_name, file_size, sha256, source, layout, mapping, add_tags)
        on app.imports to authenticated;
    grant update (source, layout, mapping, duplicates, add_tags) on app.imports to authenticated;
end;
$$;

commit;
