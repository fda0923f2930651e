-- 016 views and the functions people and programs call.
--
-- Views show what is live: rows in the bin, and rows of contacts in the bin, are not in them.
-- They compute what depends on the clock (is_overdue, days_…) when they are read, so they are right
-- between two runs of the sweeper mark_overdue_activities(), the one function here that writes; it
-- skips locked rows and therefore waits for nobody. Per-contact numbers are LEFT JOIN LATERAL
-- aggregates: a page of 50 computes 50 of them, and columns nobody selects cost nothing.
-- Trigger functions are in 017. Re-runs replace everything; a column may only be added at the end of
-- a view. The last block fixes the search_path of the functions and who may call them.

begin;
set local client_min_messages = warning;

-- The user of this request --------------------------------------------------------------------

create or replace function current_user_id() returns uuid
language plpgsql stable parallel safe as $$
begin
    return coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', ''),
        nullif(current_setting('app.user_id', true), ''))::uuid;
end $$;
comment on function current_user_id() is
    'User of this request: claim "sub" of request.jwt.claims (what auth.uid() reads on Supabase), else setting app.user_id; NULL when there is none.';

-- Contacts: text to search in, tags, score --------------------------------------------------------

create or replace function contact_search_text(
    first_name text, last_name text, llc_name text,
    email1 text, email2 text, email3 text,
    phone1 text, phone2 text, phone3 text,
    property_address text, city text) returns text
language sql immutable parallel safe as $$
    select ' ' || lower(
        coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(llc_name, '')
        || ' ' || coalesce(email1, '') || ' ' || coalesce(email2, '') || ' ' || coalesce(email3, '')
        || ' ' || coalesce(phone1, '') || ' ' || coalesce(phone2, '') || ' ' || coalesce(phone3, '')
        || ' ' || coalesce(property_address, '') || ' ' || coalesce(city, ''))
$$;
comment on function contact_search_text(
    text, text, text, text, text, text, text, text, text, text, text) is
    'Lower-case text a contact is found by, with a space before every word, so that a word''s beginning can be searched as "% ab%". Expression of index contacts_search_trgm_idx: a search must call it with the same columns, a change of it needs a REINDEX.';

create or replace function get_contact_tags(contact uuid) returns text[]
language plpgsql stable parallel safe as $$
begin
    return array(
        select t.name::text
        from contact_tags ct
        join tags t on t.id = ct.tag_id
        where ct.contact_id = contact
        order by lower(t.name));
end $$;
comment on function get_contact_tags(uuid) is
    'Names of a contact''s tags in alphabetical order; an empty array for none.';

create or replace function explain_contact_score(contact uuid)
returns table (label text, points integer, most integer)
language plpgsql stable parallel safe as $$
declare
    c record;
    since constant timestamptz := now() - interval '90 days';
    open_deals record;
begin
    select dnc or deleted_at is not null as is_closed,
        coalesce(phone1, phone2, phone3) is not null as has_phone,
        coalesce(email1, email2, email3) is not null as has_email,
        coalesce(btrim(property_address), btrim(mailing_address), '') <> '' as has_address
    into c from contacts where id = contact;
    if not found then
        return;
    elsif c.is_closed then
        return query select 'Do not contact, or deleted', 0, 0;
        return;
    end if;

    select count(*) > 0 as any_open, coalesce(sum(d.value), 0) as total into open_deals
    from (select value from deals
          where contact_id = contact and deleted_at is null
            and stage not in ('closed_won', 'closed_lost')
          limit 100) d;

    return query values
        ('Text messages received in 90 days', 4 * (select count(*)::integer from (
            select from messages
            where contact_id = contact and occurred_at >= since and direction = 'inbound'
            limit 5) m), 20),
        ('Calls of 30 seconds or more in 90 days', 5 * (select count(*)::integer from (
            select from calls
            where contact_id = contact and occurred_at >= since
              and status = 'completed' and duration >= 30
            limit 4) k), 20),
        ('E-mails answered or opened in 90 days', 5 * (select count(*)::integer from (
            select from emails
            where contact_id = contact and occurred_at >= since
              and (direction = 'inbound' or opened_at is not null)
            limit 2) e), 10),
        ('Activities completed in 90 days', 2 * (select count(*)::integer from (
            select from activities
            where contact_id = contact and status = 'completed' and completed_at >= since
            limit 5) a), 10),
        ('An open deal', case when open_deals.any_open then 15 else 0 end, 15),
        ('Value of open deals',
            least(15, floor(2.5 * log(greatest(open_deals.total, 1))))::integer, 15),
        ('Phone number', case when c.has_phone then 4 else 0 end, 4),
        ('E-mail address', case when c.has_email then 3 else 0 end, 3),
        ('Address', case when c.has_address then 3 else 0 end, 3);
end $$;
comment on function explain_contact_score(uuid) is
    'Parts of a contact''s score: label, points and the most this part can give. No rows for an unknown contact; one row of 0 when it is not to be contacted or in the bin.';

create or replace function calculate_contact_score(contact uuid) returns integer
language plpgsql stable parallel safe as $$
begin
    return (select sum(s.points)::integer from explain_contact_score(contact) s);
end $$;
comment on function calculate_contact_score(uuid) is
    'Score of a contact, 0 to 100: the sum of explain_contact_score(). 0 when it is not to be contacted or in the bin, NULL when there is no such contact.';

-- Activities: time passes without firing a trigger --------------------------------------------

create or replace function mark_overdue_activities(max_rows integer default 1000) returns integer
language plpgsql security definer as $$
declare
    marked integer;
begin
    update activities a set status = 'overdue'
    where a.id in (
        select p.id from activities p
        where p.status = 'planned'
          and p.due_date < now()
          and p.due_date + case when p.is_all_day then interval '24 hours' else interval '0' end
              < now()
        order by p.due_date
        limit max_rows
        for update skip locked);
    get diagnostics marked = row_count;
    return marked;
end $$;
comment on function mark_overdue_activities(integer) is
    'Turns planned activities whose time has passed into overdue ones, at most max_rows; returns how many. To be called once a minute; many at once do not disturb each other.';

-- Views ---------------------------------------------------------------------------------------

create or replace view contact_summary as
select
    c.id, c.first_name, c.last_name, c.llc_name, c.job_title,
    c.phone1, c.phone2, c.phone3, c.email1, c.email2, c.email3,
    c.mailing_address, c.property_address, c.city, c.state, c.zip_code, c.property_county,
    c.property_type, c.bedrooms, c.total_bathrooms, c.building_sqft, c.lot_size_sqft,
    c.effective_year_built, c.est_value, c.debt_owed, c.est_equity, c.last_sale_date,
    c.last_sale_amount, c.deal_status, c.lead_source, c.assigned_to, c.timezone,
    c.dnc, c.dnc_reason, c.sms_opt_out, c.email_opt_out, c.notes, c.avatar_url, c.custom_fields,
    c.created_by, c.created_at, c.updated_at,
    m.message_count, k.call_count, e.email_count, v.unread_count,
    a.pending_activities, a.overdue_activities, a.next_activity_due,
    d.active_deals, d.active_deal_value, d.won_deal_value,
    greatest(m.last_at, k.last_at, e.last_at) as last_contact_at,
    t.tags
from contacts c
left join lateral (
    select count(*) as message_count, max(occurred_at) as last_at
    from messages where contact_id = c.id) m on true
left join lateral (
    select count(*) as call_count, max(occurred_at) as last_at
    from calls where contact_id = c.id) k on true
left join lateral (
    select count(*) as email_count, max(occurred_at) as last_at
    from emails where contact_id = c.id) e on true
left join lateral (
    select coalesce(sum(unread_count), 0) as unread_count
    from conversations where contact_id = c.id) v on true
left join lateral (
    select count(*) as pending_activities,
        count(*) filter (
            where due_date + case when is_all_day then interval '24 hours' else interval '0' end
                < now()) as overdue_activities,
        min(due_date) filter (
            where due_date + case when is_all_day then interval '24 hours' else interval '0' end
                >= now()) as next_activity_due
    from activities
    where contact_id = c.id and status in ('planned', 'in_progress', 'overdue')) a on true
left join lateral (
    select count(*) filter (where stage not in ('closed_won', 'closed_lost')) as active_deals,
        coalesce(sum(value) filter (where stage not in ('closed_won', 'closed_lost')), 0)
            as active_deal_value,
        coalesce(sum(value) filter (where stage = 'closed_won'), 0) as won_deal_value
    from deals where contact_id = c.id and deleted_at is null) d on true
left join lateral (
    select coalesce(array_agg(g.name::text order by lower(g.name)), '{}'::text[]) as tags
    from contact_tags ct join tags g on g.id = ct.tag_id
    where ct.contact_id = c.id) t on true
where c.deleted_at is null;

comment on view contact_summary is
    'Live contacts with what happened with them: numbers of messages, calls, e-mails, activities and deals, last contact, tags.';
comment on column contact_summary.unread_count is 'Unread messages, e-mails and missed calls.';
comment on column contact_summary.pending_activities is
    'Activities not completed or cancelled, overdue ones included.';
comment on column contact_summary.next_activity_due is 'Earliest due date that has not passed.';
comment on column contact_summary.active_deal_value is 'Value of open deals; won_deal_value of won ones.';
comment on column contact_summary.last_contact_at is 'Latest message, call or e-mail, either direction.';

create or replace view deal_pipeline as
select
    d.id, d.contact_id, d.name, d.pipeline, d.stage, d.stage_changed_at, d.position, d.value,
    d.currency, d.probability, d.expected_close_date, d.actual_close_date, d.source, d.campaign,
    d.lead_score, d.assigned_to, d.team_id, d.created_by, d.lost_reason, d.won_reason,
    d.competitor, d.next_step, d.notes, d.custom_fields, d.created_at, d.updated_at,
    coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name, c.email1, c.phone1)
        as contact_name,
    c.phone1 as contact_phone,
    c.email1 as contact_email,
    c.property_address as contact_address,
    round(d.value * d.probability / 100, 2) as weighted_value,
    d.stage in ('closed_won', 'closed_lost') as is_closed,
    d.expected_close_date - current_date as days_to_close,
    coalesce(d.stage not in ('closed_won', 'closed_lost')
        and d.expected_close_date < current_date, false) as is_overdue,
    floor(extract(epoch from now() - d.stage_changed_at) / 86400)::integer as days_in_stage
from deals d
join contacts c on c.id = d.contact_id
where d.deleted_at is null and c.deleted_at is null;

comment on view deal_pipeline is 'Live deals with their contact and their timing.';
comment on column deal_pipeline.weighted_value is 'Value times probability.';
comment on column deal_pipeline.days_to_close is
    'Days until the expected close; negative when it has passed.';
comment on column deal_pipeline.is_overdue is 'Open, and its expected close date has passed.';
comment on column deal_pipeline.days_in_stage is 'Full days since it entered its stage.';

create or replace view activity_dashboard as
select
    a.id, a.contact_id, a.deal_id, a.parent_activity_id, a.type, a.title, a.description, a.status,
    a.priority, a.due_date, a.is_all_day, a.duration_minutes, a.reminder_minutes, a.location,
    a.recurrence_rule, a.external_calendar_id, a.external_event_id, a.assigned_to, a.created_by,
    a.completed_at, a.completed_by, a.result, a.next_action, a.created_at, a.updated_at,
    coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name, c.email1, c.phone1)
        as contact_name,
    c.phone1 as contact_phone,
    c.email1 as contact_email,
    d.name as deal_name,
    d.stage as deal_stage,
    o.is_overdue,
    a.due_date::date - current_date as days_until_due,
    case
        when a.status in ('completed', 'cancelled') then a.status::text
        when a.due_date is null then 'unscheduled'
        when o.is_overdue then 'overdue'
        when a.due_date::date <= current_date then 'today'
        when a.due_date::date < current_date + 7 then 'this_week'
        else 'later'
    end as due_bucket
from activities a
left join contacts c on c.id = a.contact_id
left join deals d on d.id = a.deal_id
cross join lateral (
    select coalesce(
        a.status not in ('completed', 'cancelled')
        and a.due_date + case when a.is_all_day then interval '24 hours' else interval '0' end
            < now(), false) as is_overdue) o
where c.deleted_at is null and d.deleted_at is null;

comment on view activity_dashboard is
    'Activities with their contact and deal, and how they stand to the clock. For lists filter on status and due_date, which are indexed, not on is_overdue.';
comment on column activity_dashboard.is_overdue is
    'Open and past its due date (an all-day one: 24 hours past), whatever the sweeper has marked.';
comment on column activity_dashboard.days_until_due is 'In days of the session''s time zone.';
comment on column activity_dashboard.due_bucket is
    'overdue, today, this_week (next 7 days), later, unscheduled, or completed and cancelled.';

-- Safe names, callers, and views that obey the policies of whoever asks ---------------------------
-- Here and not only in 019, because replacing a view or function drops these settings.

do $$
declare
    func record;
    caller name;
    shown text;
begin
    for func in
        select p.oid::regprocedure as signature, p.proname,
            p.proname <> 'mark_overdue_activities' as for_members
        from pg_proc p
        where p.pronamespace = current_schema()::regnamespace
          and p.proname in ('current_user_id', 'contact_search_text', 'get_contact_tags',
                            'explain_contact_score', 'calculate_contact_score',
                            'mark_overdue_activities')
    loop
        if func.proname <> 'contact_search_text' then -- refers to no name, and stays inlinable
            execute format('alter function %s set search_path = %I, pg_temp',
                           func.signature, current_schema());
        end if;
        execute format('revoke all on function %s from public', func.signature);
        for caller in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', func.signature, caller);
            if caller = 'service_role' or caller = 'authenticated' and func.for_members then
                execute format('grant execute on function %s to %I', func.signature, caller);
            end if;
        end loop;
    end loop;

    if current_setting('server_version_num')::integer >= 150000 then
        foreach shown in array array['contact_summary', 'deal_pipeline', 'activity_dashboard'] loop
            execute format('alter view %I set (security_invoker = true)', shown);
        end loop;
    end if;
end $$;

commit;
