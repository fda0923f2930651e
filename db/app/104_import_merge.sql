-- The merge of one batch of an import: find each record's contact, create, update, tag.
--
-- Two records are the same contact when they share a phone or an e-mail, or when they have the
-- same name and property address and one of them has neither phone nor e-mail. Within a batch the
-- program has already joined such records, so here a record meets only contacts: those of before,
-- and those that earlier batches of this import made (visible, as it is one transaction).
-- A contact may be met by several records of a batch, each through another number: they take turns.
begin;

-- The planner must not guess here: a book that was empty a minute ago has no statistics yet, and a
-- scan of all contacts for each phone takes minutes. So each of the two functions says how to join,
-- and "offset 0" keeps "deleted_at is null" away from the probes, where it would make every partial
-- index of contacts look as good as the index of the phone.
create or replace function app.match_by_reach() returns void
language sql security definer
set enable_seqscan = off set enable_bitmapscan = off
set enable_hashjoin = off set enable_mergejoin = off as $$
    insert into app_staging.import_matches (rec, contact_id, created_at)
    select k.rec, c.id, c.created_at
    from (
        select r.rec, p.phone
        from app_staging.import_records r
        cross join lateral (values (r.phone1), (r.phone2), (r.phone3)) as p (phone)
        where p.phone is not null
    ) k
    cross join lateral (
        (select c1.id, c1.created_at, c1.deleted_at from contacts c1
         where c1.phone1 = k.phone offset 0)
        union all
        (select c2.id, c2.created_at, c2.deleted_at from contacts c2
         where c2.phone2 = k.phone offset 0)
        union all
        (select c3.id, c3.created_at, c3.deleted_at from contacts c3
         where c3.phone3 = k.phone offset 0)
    ) c
    where c.deleted_at is null;

    insert into app_staging.import_matches (rec, contact_id, created_at)
    select k.rec, c.id, c.created_at
    from (
        select r.rec, lower(e.email) as email
        from app_staging.import_records r
        cross join lateral (values (r.email1), (r.email2), (r.email3)) as e (email)
        where e.email is not null
    ) k
    cross join lateral (
        (select c1.id, c1.created_at, c1.deleted_at from contacts c1
         where lower(c1.email1) = k.email offset 0)
        union all
        (select c2.id, c2.created_at, c2.deleted_at from contacts c2
         where lower(c2.email2) = k.email offset 0)
        union all
        (select c3.id, c3.created_at, c3.deleted_at from contacts c3
         where lower(c3.email3) = k.email offset 0)
    ) c
    where c.deleted_at is null;
$$;
comment on function app.match_by_reach() is
    'Contacts that have a phone or an e-mail of a record; three index probes for each.';

create or replace function app.match_by_place() returns void
language sql security definer
set enable_nestloop = off set enable_mergejoin = off as $$
    -- Few records have neither phone nor e-mail, and few contacts: two narrow passes are faster
    -- than one over all pairs, and addresses are only compared where the name is the same.
    insert into app_staging.import_matches (rec, contact_id, created_at)
    select r.rec, c.id, c.created_at
    from app_staging.import_records r
    join contacts c on c.last_name = coalesce(r.last_name, '')
        and c.first_name = coalesce(r.first_name, '')
        and c.deleted_at is null
    where r.phone1 is null and r.email1 is null
      and lower(c.property_address) = lower(r.property_address) || left(c.last_name, 0)
      and (r.last_name is not null or (r.first_name is null and c.llc_name = r.llc_name));

    insert into app_staging.import_matches (rec, contact_id, created_at)
    select r.rec, c.id, c.created_at
    from app_staging.import_records r
    join contacts c on lower(c.property_address) = lower(r.property_address)
        and c.last_name = coalesce(r.last_name, '')
        and c.first_name = coalesce(r.first_name, '')
        and c.deleted_at is null
    where c.phone1 is null and c.email1 is null
      and not (r.phone1 is null and r.email1 is null)
      and (r.last_name is not null or (r.first_name is null and c.llc_name = r.llc_name));
$$;
comment on function app.match_by_place() is
    'Contacts of the same name at the same property, where one side has neither phone nor e-mail; two passes over contacts.';

create or replace function app.match_import_records() returns void
language plpgsql security definer as $$
begin
    truncate app_staging.import_matches, app_staging.import_targets;
    perform app.match_by_reach();
    if exists (select from app_staging.import_records r where r.property_address is not null) then
        perform app.match_by_place();
    end if;
    insert into app_staging.import_targets (rec, contact_id, turn)
    select f.rec, f.contact_id, row_number() over (partition by f.contact_id order by f.rec)
    from (
        select distinct on (m.rec) m.rec, m.contact_id
        from app_staging.import_matches m
        order by m.rec, m.created_at, m.contact_id
    ) f;
    insert into app_staging.import_targets (rec, contact_id, turn)
    select r.rec, gen_random_uuid(), 0
    from app_staging.import_records r
    where not exists (select from app_staging.import_targets t where t.rec = r.rec);
end;
$$;
comment on function app.match_import_records() is
    'Fill import_targets: the contact each record of the batch is, the oldest one if several, or a new id.';

create or replace function app.create_imported_contacts(for_import uuid) returns integer
language sql security definer as $$
    with made as (
        insert into contacts (
            id, first_name, last_name, llc_name, job_title, phone1, phone2, phone3,
            email1, email2, email3, mailing_address, property_address, city, state, zip_code,
            property_county, property_type, bedrooms, total_bathrooms, building_sqft,
            lot_size_sqft, effective_year_built, est_value, debt_owed, est_equity,
            last_sale_date, last_sale_amount, deal_status, lead_source, assigned_to,
            dnc, dnc_reason, sms_opt_out, email_opt_out, notes, custom_fields, created_by, created_at)
        select
            t.contact_id, coalesce(r.first_name, ''), coalesce(r.last_name, ''), r.llc_name,
            r.job_title, r.phone1, r.phone2, r.phone3, r.email1, r.email2, r.email3,
            r.mailing_address, r.property_address, r.city, r.state, r.zip_code,
            r.property_county, r.property_type, r.bedrooms, r.total_bathrooms, r.building_sqft,
            r.lot_size_sqft, r.effective_year_built, r.est_value, r.debt_owed, r.est_equity,
            r.last_sale_date, r.last_sale_amount, coalesce(r.deal_status, 'lead'), r.lead_source,
            r.assigned_to, coalesce(r.dnc, false), r.dnc_reason, coalesce(r.sms_opt_out, false),
            coalesce(r.email_opt_out, false), r.notes,
            coalesce(r.custom_fields, '{}') || case when r.other_properties is null then '{}'
                else jsonb_build_object('other_properties', r.other_properties) end,
            (select current_user_id()),
            -- In the order of the file, for lists and for the choice among several matches.
            now() + r.rec * interval '1 microsecond'
        from app_staging.import_records r
        join app_staging.import_targets t on t.rec = r.rec and t.turn = 0
        order by r.rec
        returning id, updated_at
    ), noted as (
        insert into app.import_changes (import_id, contact_id, operation, left_updated_at)
        select for_import, m.id, 'created', m.updated_at from made m
        returning 1
    )
    select count(*)::integer from noted;
$$;
comment on function app.create_imported_contacts(uuid) is
    'Create the contacts of the batch''s new records and note them for the undo; returns how many.';

create or replace function app.update_imported_contacts(
    for_import uuid, this_turn integer, overwrite boolean
) returns void
language sql security definer as $$
    with met as materialized (
        select c.*, r.rec,
               c.property_address is null or r.property_address is null
                   or lower(c.property_address) = lower(r.property_address) as same_property,
               case when lower(c.property_address) <> lower(r.property_address) then concat_ws(', ',
                   r.property_address, r.city, nullif(concat_ws(' ', r.state, r.zip_code), ''))
               end as property_text
        from app_staging.import_targets t
        join app_staging.import_records r on r.rec = t.rec
        join contacts c on c.id = t.contact_id
        where t.turn = this_turn
          and (c.assigned_to is null or c.assigned_to = (select current_user_id())
               or (select app.sees_all()))
        order by c.id
        for update of c
    ), wanted as (
        select
            c.id,
            to_jsonb(c) - array['rec', 'same_property', 'property_text'] as old,
            case when n.take then coalesce(r.first_name, '') else c.first_name end as first_name,
            case when n.take then coalesce(r.last_name, '') else c.last_name end as last_name,
            coalesce(case when overwrite then r.llc_name end, c.llc_name, r.llc_name) as llc_name,
            coalesce(case when overwrite then r.job_title end, c.job_title, r.job_title) as job_title,
            p.phones[1] as phone1, p.phones[2] as phone2, p.phones[3] as phone3,
            e.emails[1] as email1, e.emails[2] as email2, e.emails[3] as email3,
            coalesce(case when overwrite then r.mailing_address end,
                     c.mailing_address, r.mailing_address) as mailing_address,
            coalesce(c.property_address, r.property_address) as property_address,
            case when c.same_property then coalesce(
                case when overwrite then r.city end, c.city, r.city) else c.city end as city,
            case when c.same_property then coalesce(
                case when overwrite then r.state end, c.state, r.state) else c.state end as state,
            case when c.same_property then coalesce(
                case when overwrite then r.zip_code end, c.zip_code, r.zip_code)
                else c.zip_code end as zip_code,
            case when c.same_property then coalesce(
                case when overwrite then r.property_county end, c.property_county,
                r.property_county) else c.property_county end as property_county,
            case when c.same_property then coalesce(
                case when overwrite then r.property_type end, c.property_type, r.property_type)
                else c.property_type end as property_type,
            case when c.same_property then coalesce(
                case when overwrite then r.bedrooms end, c.bedrooms, r.bedrooms)
                else c.bedrooms end as bedrooms,
            case when c.same_property then coalesce(
                case when overwrite then r.total_bathrooms end, c.total_bathrooms,
                r.total_bathrooms) else c.total_bathrooms end as total_bathrooms,
            case when c.same_property then coalesce(
                case when overwrite then r.building_sqft end, c.building_sqft, r.building_sqft)
                else c.building_sqft end as building_sqft,
            case when c.same_property then coalesce(
                case when overwrite then r.lot_size_sqft end, c.lot_size_sqft, r.lot_size_sqft)
                else c.lot_size_sqft end as lot_size_sqft,
            case when c.same_property then coalesce(
                case when overwrite then r.effective_year_built end, c.effective_year_built,
                r.effective_year_built) else c.effective_year_built end as effective_year_built,
            case when c.same_property then coalesce(
                case when overwrite then r.est_value end, c.est_value, r.est_value)
                else c.est_value end as est_value,
            case when c.same_property then coalesce(
                case when overwrite then r.debt_owed end, c.debt_owed, r.debt_owed)
                else c.debt_owed end as debt_owed,
            case when c.same_property then coalesce(
                case when overwrite then r.est_equity end, c.est_equity, r.est_equity)
                else c.est_equity end as est_equity,
            case when c.same_property then coalesce(
                case when overwrite then r.last_sale_date end, c.last_sale_date, r.last_sale_date)
                else c.last_sale_date end as last_sale_date,
            case when c.same_property then coalesce(
                case when overwrite then r.last_sale_amount end, c.last_sale_amount,
                r.last_sale_amount) else c.last_sale_amount end as last_sale_amount,
            case when overwrite then coalesce(r.deal_status, c.deal_status)
                 else c.deal_status end as deal_status,
            coalesce(case when overwrite then r.lead_source end, c.lead_source, r.lead_source)
                as lead_source,
            coalesce(case when overwrite then r.assigned_to end, c.assigned_to, r.assigned_to)
                as assigned_to,
            c.dnc or coalesce(r.dnc, false) as dnc,
            coalesce(c.dnc_reason, r.dnc_reason) as dnc_reason,
            c.sms_opt_out or coalesce(r.sms_opt_out, false) as sms_opt_out,
            c.email_opt_out or coalesce(r.email_opt_out, false) as email_opt_out,
            case when r.notes is null or position(r.notes in coalesce(c.notes, '')) > 0 then c.notes
                 else concat_ws(e'\n\n', c.notes, r.notes) end as notes,
            case when overwrite then c.custom_fields || coalesce(r.custom_fields, '{}')
                 else coalesce(r.custom_fields, '{}') || c.custom_fields end
            || case when o.properties is null then '{}'
                    else jsonb_build_object('other_properties', o.properties) end as custom_fields
        from met c
        join app_staging.import_records r on r.rec = c.rec
        cross join lateral (
            select case when overwrite then r.first_name is not null or r.last_name is not null
                        else c.first_name = '' and c.last_name = '' end as take
        ) n
        cross join lateral (
            select array_agg(x.phone order by x.place) as phones from (
                select u.phone, min(u.place) as place
                from unnest(case when overwrite
                    then array[r.phone1, r.phone2, r.phone3, c.phone1, c.phone2, c.phone3]
                    else array[c.phone1, c.phone2, c.phone3, r.phone1, r.phone2, r.phone3]
                    end) with ordinality as u (phone, place)
                where u.phone is not null
                group by u.phone order by 2 limit 3) x
        ) p
        cross join lateral (
            select array_agg(x.email order by x.place) as emails from (
                select (array_agg(u.email order by u.place))[1] as email, min(u.place) as place
                from unnest(case when overwrite
                    then array[r.email1, r.email2, r.email3, c.email1, c.email2, c.email3]
                    else array[c.email1, c.email2, c.email3, r.email1, r.email2, r.email3]
                    end) with ordinality as u (email, place)
                where u.email is not null
                group by lower(u.email) order by 2 limit 3) x
        ) e
        cross join lateral (
            select jsonb_agg(x.property order by x.place) as properties from (
                select u.property, min(u.place) as place
                from (
                    select k.property, k.place
                    from jsonb_array_elements_text(
                        case when jsonb_typeof(c.custom_fields -> 'other_properties') = 'array'
                             then c.custom_fields -> 'other_properties' else '[]' end
                    ) with ordinality as k (property, place)
                    union all
                    select k.property, 1000000 + k.place
                    from unnest(c.property_text || r.other_properties)
                        with ordinality as k (property, place)
                    where k.property is not null
                ) u
                group by u.property) x
        ) o
    ), changed as (
        update contacts c
        set first_name = w.first_name, last_name = w.last_name, llc_name = w.llc_name,
            job_title = w.job_title, phone1 = w.phone1, phone2 = w.phone2, phone3 = w.phone3,
            email1 = w.email1, email2 = w.email2, email3 = w.email3,
            mailing_address = w.mailing_address, property_address = w.property_address,
            city = w.city, state = w.state, zip_code = w.zip_code,
            property_county = w.property_county, property_type = w.property_type,
            bedrooms = w.bedrooms, total_bathrooms = w.total_bathrooms,
            building_sqft = w.building_sqft, lot_size_sqft = w.lot_size_sqft,
            effective_year_built = w.effective_year_built, est_value = w.est_value,
            debt_owed = w.debt_owed, est_equity = w.est_equity,
            last_sale_date = w.last_sale_date, last_sale_amount = w.last_sale_amount,
            deal_status = w.deal_status, lead_source = w.lead_source,
            assigned_to = w.assigned_to, dnc = w.dnc, dnc_reason = w.dnc_reason,
            sms_opt_out = w.sms_opt_out, email_opt_out = w.email_opt_out, notes = w.notes,
            custom_fields = w.custom_fields
        from wanted w
        where c.id = w.id and (
            c.first_name, c.last_name, c.llc_name, c.job_title, c.phone1, c.phone2, c.phone3,
            c.email1, c.email2, c.email3, c.mailing_address, c.property_address, c.city, c.state,
            c.zip_code, c.property_county, c.property_type, c.bedrooms, c.total_bathrooms,
            c.building_sqft, c.lot_size_sqft, c.effective_year_built, c.est_value, c.debt_owed,
            c.est_equity, c.last_sale_date, c.last_sale_amount, c.deal_status, c.lead_source,
            c.assigned_to, c.dnc, c.dnc_reason, c.sms_opt_out, c.email_opt_out, c.notes,
            c.custom_fields
        ) is distinct from (
            w.first_name, w.last_name, w.llc_name, w.job_title, w.phone1, w.phone2, w.phone3,
            w.email1, w.email2, w.email3, w.mailing_address, w.property_address, w.city, w.state,
            w.zip_code, w.property_county, w.property_type, w.bedrooms, w.total_bathrooms,
            w.building_sqft, w.lot_size_sqft, w.effective_year_built, w.est_value, w.debt_owed,
            w.est_equity, w.last_sale_date, w.last_sale_amount, w.deal_status, w.lead_source,
            w.assigned_to, w.dnc, w.dnc_reason, w.sms_opt_out, w.email_opt_out, w.notes,
            w.custom_fields)
        returning c.id, w.old, c.updated_at
    )
    -- The first note of a contact keeps what it was before the import.
    insert into app.import_changes (import_id, contact_id, operation, old, left_updated_at)
    select for_import, h.id, 'updated', h.old, h.updated_at from changed h
    on conflict (import_id, contact_id) do update set
        left_updated_at = excluded.left_updated_at,
        old = coalesce(import_changes.old,
                       case when import_changes.operation = 'updated' then excluded.old end);
$$;
comment on function app.update_imported_contacts(uuid, integer, boolean) is
    'Bring the records of one turn into their contacts; notes those that really changed, as they were.';

create or replace function app.merge_import_records(for_import uuid)
returns table (created integer, updated integer)
language plpgsql security definer as $$
declare
    the_import app.imports := app.check_import(for_import);
    updated_before integer;
    turns integer;
begin
    perform set_config('app.changes', 'summary', true); -- 113: one line, not one a contact
    insert into app.import_bad_rows (import_id, line, reason, cells)
    select for_import, r.line, r.reason, r.cells::jsonb
    from app_staging.import_records r
    where r.reason is not null
    on conflict do nothing;
    delete from app_staging.import_records r where r.reason is not null;
    perform app.match_import_records();
    select max(t.turn) into turns from app_staging.import_targets t;
    if the_import.duplicates = 'skip' then
        delete from app_staging.import_targets t where t.turn > 0;
        turns := 0;
    end if;
    created := app.create_imported_contacts(for_import);
    if turns > 0 then
        select count(*) into updated_before from app.import_changes h
        where h.import_id = for_import and h.operation = 'updated';
    end if;
    for this_turn in 1 .. coalesce(turns, 0) loop
        perform app.update_imported_contacts(
            for_import, this_turn, the_import.duplicates = 'overwrite');
    end loop;
    if exists (select from app_staging.import_records r where r.tags is not null) then
        perform app.tag_imported_contacts(for_import);
    end if;
    updated := 0;
    if turns > 0 then
        select count(*) - updated_before into updated from app.import_changes h
        where h.import_id = for_import and h.operation = 'updated';
    end if;
    truncate app_staging.import_records;
    perform app.log_summary('contacts', 'insert', created, 'import:' || for_import);
    perform app.log_summary('contacts', 'update', updated, 'import:' || for_import),
            set_config('app.changes', '', true);
    return next;
end;
$$;
comment on function app.merge_import_records(uuid) is
    'Merge the batch in app_staging.import_records and empty it; returns contacts created and updated for the first time.';

create or replace function app.finish_import(for_import uuid, records integer, rows_done integer, failed integer)
returns void
language sql security definer as $$
    update app.imports i
    set status = 'done', message = '', rows_read = rows_done, records_count = records,
        bytes_read = i.file_size, failed_count = failed,
        created_count = n.created, updated_count = n.updated,
        skipped_count = records - n.created - n.updated,
        merged_at = now(), finished_at = clock_timestamp(), updated_at = now()
    from (
        select count(*) filter (where h.operation = 'created') as created,
               count(*) filter (where h.operation = 'updated') as updated
        from app.import_changes h where h.import_id = for_import
    ) n
    where i.id = for_import;
$$;
comment on function app.finish_import(uuid, integer, integer, integer) is
    'Last word of an import''s transaction: done, with the exact counts.';

commit;
