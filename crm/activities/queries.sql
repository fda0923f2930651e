-- Activities: the agenda's groups, weeks and months, one activity and its changes, reminders, the feed.
-- Whose: `whose` is all, none or one (then `owner`); `kind` is a type or empty. The statements of lists
-- are planned for their values (set plan_cache_mode), so these conditions fold away before planning.
-- What hangs on something in the trash is asked of indexes that hold the trash alone, which is small.

-- name: agenda_rows
-- The first rows of each dated group, with what a row shows.
select g.name as bucket, v.id, v.contact_id, v.type, v.title, v.priority, v.due_date, v.is_all_day,
       v.recurrence_rule, v.updated_at, v.contact_name, v.deal_name, v.is_overdue,
       o.name as owner_name
from unnest(:names::text[], :begins::timestamptz[], :ends::timestamptz[])
     with ordinality as g (name, begins, ends, place)
cross join lateral (
    select a.id, a.due_date
    from activities a
    where a.status in ('planned', 'in_progress', 'overdue')
      and a.due_date >= g.begins and a.due_date < g.ends
      and (a.due_date + case when a.is_all_day then interval '24 hours' else interval '0' end
           < :now::timestamptz) = (g.name = 'overdue')
      and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
           or a.assigned_to = :owner::uuid)
      and (:kind = '' or a.type = :kind)
      and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
    order by a.due_date, a.id
    limit :row_limit::integer) p
join activity_dashboard v on v.id = p.id
left join app.users o on o.id = v.assigned_to
order by g.place, p.due_date, p.id;

-- name: unscheduled_rows
-- Open activities without a date, newest first, from a place on.
select 'unscheduled' as bucket, v.id, v.contact_id, v.type, v.title, v.priority, v.due_date, v.is_all_day,
       v.recurrence_rule, v.updated_at, v.contact_name, v.deal_name, v.is_overdue,
       o.name as owner_name, v.created_at as place_at
from (
    select a.id, a.created_at
    from activities a
    where a.status in ('planned', 'in_progress', 'overdue') and a.due_date is null
      and (:after_at::timestamptz is null or (a.created_at, a.id) < (:after_at, :after_id::uuid))
      and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
           or a.assigned_to = :owner::uuid)
      and (:kind = '' or a.type = :kind)
      and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
    order by a.created_at desc, a.id desc
    limit :row_limit::integer) p
join activity_dashboard v on v.id = p.id
left join app.users o on o.id = v.assigned_to
order by p.created_at desc, p.id desc;

-- name: group_rows
-- One page of a dated group, from a place on.
select :name::text as bucket, v.id, v.contact_id, v.type, v.title, v.priority, v.due_date, v.is_all_day,
       v.recurrence_rule, v.updated_at, v.contact_name, v.deal_name, v.is_overdue,
       o.name as owner_name, v.due_date as place_at
from (
    select a.id, a.due_date
    from activities a
    where a.status in ('planned', 'in_progress', 'overdue')
      and a.due_date >= :begins::timestamptz and a.due_date < :ends::timestamptz
      and (:after_at::timestamptz is null or (a.due_date, a.id) > (:after_at, :after_id::uuid))
      and (a.due_date + case when a.is_all_day then interval '24 hours' else interval '0' end
           < :now::timestamptz) = (:name::text = 'overdue')
      and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
           or a.assigned_to = :owner::uuid)
      and (:kind = '' or a.type = :kind)
      and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
    order by a.due_date, a.id
    limit :row_limit::integer) p
join activity_dashboard v on v.id = p.id
left join app.users o on o.id = v.assigned_to
order by p.due_date, p.id;

-- name: agenda_counts
-- How many there are in each group, counted to a cap.
select g.name, (
    select count(*) from (
        select
        from activities a
        where a.status in ('planned', 'in_progress', 'overdue')
          and a.due_date >= g.begins and a.due_date < g.ends
          and (a.due_date + case when a.is_all_day then interval '24 hours' else interval '0' end
               < :now::timestamptz) = (g.name = 'overdue')
          and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
               or a.assigned_to = :owner::uuid)
          and (:kind = '' or a.type = :kind)
          and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
        limit :cap::integer) n)::integer as total
from unnest(:names::text[], :begins::timestamptz[], :ends::timestamptz[]) as g (name, begins, ends)
union all
select 'unscheduled', (
    select count(*) from (
        select
        from activities a
        where a.status in ('planned', 'in_progress', 'overdue') and a.due_date is null
          and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
               or a.assigned_to = :owner::uuid)
          and (:kind = '' or a.type = :kind)
          and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
        limit :cap::integer) n)::integer;

-- name: calendar_days
-- For each of the days (begins, ends) its first rows and how many there are, counted to a cap.
select g.place::integer as place, m.total::integer as total, m.id, m.contact_id, m.type, m.title,
       m.status, m.priority, m.due_date, m.is_all_day, m.duration_minutes, m.recurrence_rule,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name, c.email1,
                c.phone1) as contact_name,
       o.name as owner_name,
       m.status <> 'completed' and m.due_date
           + case when m.is_all_day then interval '24 hours' else interval '0' end
           < now() as is_overdue
from unnest(:begins::timestamptz[], :ends::timestamptz[]) with ordinality as g (begins, ends, place)
cross join lateral (
    select d.*, count(*) over () as total,
           row_number() over (order by d.due_date, d.id) as nth
    from (
        select a.id, a.contact_id, a.type, a.title, a.status, a.priority, a.due_date, a.is_all_day,
               a.duration_minutes, a.recurrence_rule, a.assigned_to
        from activities a
        where a.status <> 'cancelled'
          and a.due_date >= g.begins and a.due_date < g.ends
          and (:whose = 'all' or :whose = 'none' and a.assigned_to is null
               or a.assigned_to = :owner::uuid)
          and (:kind = '' or a.type = :kind)
          and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
        order by a.due_date, a.id
        limit :cap::integer) d) m
left join contacts c on c.id = m.contact_id
left join app.users o on o.id = m.assigned_to
where m.nth <= :row_limit::integer
order by g.place, m.nth;

-- name: open_series
-- Open activities that repeat and are due before a moment: what will follow them is worked out.
select v.id, v.contact_id, v.type, v.title, v.status, v.priority, v.due_date, v.is_all_day,
       v.is_overdue, v.duration_minutes, v.recurrence_rule, v.contact_name, o.name as owner_name,
       coalesce(mine.time_zone, makers.time_zone, app.workspace_zone()) as time_zone
from activity_dashboard v
left join app.users o on o.id = v.assigned_to
left join app.activity_preferences mine on mine.user_id = v.assigned_to
left join app.activity_preferences makers on makers.user_id = v.created_by
where v.recurrence_rule is not null and v.status in ('planned', 'in_progress', 'overdue')
  and v.due_date < :ends::timestamptz
  and (:whose = 'all' or :whose = 'none' and v.assigned_to is null
       or v.assigned_to = :owner::uuid)
  and (:kind = '' or v.type = :kind)
order by v.due_date desc
limit 200;

-- name: due_now$
-- How many of a person's open activities are overdue or due before a moment, counted to a hundred.
select count(*)::integer from (
    select
    from activities a
    where a.assigned_to = :owner::uuid and a.status in ('planned', 'in_progress', 'overdue')
      and a.due_date < :ends::timestamptz
      and not exists (select from contacts c
                      where c.id = a.contact_id and c.deleted_at is not null)
      and not exists (select from deals d where d.id = a.deal_id and d.deleted_at is not null)
    limit 100) n;

-- name: get_activity^
-- An activity with its contact, deal and owner, and the time zone its series is counted in.
select v.id, v.contact_id, v.deal_id, v.parent_activity_id, v.type, v.title, v.description, v.status,
       v.priority, v.due_date, v.is_all_day, v.duration_minutes, v.reminder_minutes, v.location,
       v.recurrence_rule, v.assigned_to, v.created_by, v.completed_at, v.result, v.updated_at,
       v.contact_name, v.deal_name, v.is_overdue, o.name as owner_name,
       coalesce(mine.time_zone, makers.time_zone, app.workspace_zone()) as time_zone
from activity_dashboard v
left join app.users o on o.id = v.assigned_to
left join app.activity_preferences mine on mine.user_id = v.assigned_to
left join app.activity_preferences makers on makers.user_id = v.created_by
where v.id = :id;

-- name: lock_activity^
-- Takes an activity for a change; nothing when somebody changed it since version (if given).
select a.id, a.recurrence_rule, a.due_date, a.status
from activities a
where a.id = :id and (:version::timestamptz is null or a.updated_at = :version)
for no key update;

-- name: create_activity$
-- A new activity; gives its id.
insert into activities (
    contact_id, deal_id, type, title, description, priority, due_date, is_all_day,
    duration_minutes, reminder_minutes, location, recurrence_rule, assigned_to, created_by)
values (
    :contact_id, :deal_id, :type, :title, :description, :priority, :due_date, :is_all_day,
    :duration_minutes, :reminder_minutes, :location, :recurrence_rule, :assigned_to,
    current_user_id())
returning id;

-- name: update_activity$
-- Saves the form, unless the activity changed since version; gives the id, or nothing.
update activities set
    contact_id = :contact_id, deal_id = :deal_id, type = :type, title = :title,
    description = :description, priority = :priority, due_date = :due_date,
    is_all_day = :is_all_day, duration_minutes = :duration_minutes,
    reminder_minutes = :reminder_minutes, location = :location,
    recurrence_rule = :recurrence_rule, assigned_to = :assigned_to
where id = :id and updated_at = :version
returning id;

-- name: complete_activity$
-- Done; gives the id, or nothing when it was done before or is not the caller's to change.
update activities set status = 'completed'
where id = :id and status <> 'completed'
returning id;

-- name: reopen_activity$
-- Not done after all; gives the id, or nothing.
update activities set status = 'planned'
where id = :id and status in ('completed', 'cancelled')
returning id;

-- name: move_activity$
-- Another time; gives the id, or nothing.
update activities set due_date = :due_date, is_all_day = :is_all_day
where id = :id and status <> 'completed'
returning id;

-- name: assign_activity$
-- Another owner, or nobody; gives the id, or nothing.
update activities set assigned_to = :owner where id = :id returning id;

-- name: end_series$
-- Only this one: it is no longer part of a series.
update activities set recurrence_rule = null where id = :id returning updated_at;

-- name: copy_activity$
-- What follows an activity in its series, before this one leaves it; gives the new id.
insert into activities (
    contact_id, deal_id, parent_activity_id, type, title, description, priority, due_date,
    is_all_day, duration_minutes, reminder_minutes, location, recurrence_rule, assigned_to,
    created_by)
select a.contact_id, a.deal_id, :parent::uuid, a.type, a.title, a.description, a.priority,
       :due_date::timestamptz, a.is_all_day, a.duration_minutes, a.reminder_minutes, a.location,
       :rule::text, a.assigned_to, a.created_by
from activities a
where a.id = :id
returning id;

-- name: continue_series$
-- Makes what follows a completed activity, once; gives its id, or nothing.
select app.continue_series(:id, :due_date, :rule);

-- name: recurrences_waiting
-- Completed activities of series that nothing follows yet.
select activity_id, recurrence_rule, due_date, is_all_day, time_zone
from app.recurrences_waiting(:row_limit::integer);

-- name: remove_activity$
-- Deletes an activity and keeps it for Undo; gives the id, or nothing.
select app.remove_activity(:id, :next_id);

-- name: restore_activity$
-- Brings back what the caller deleted; gives the id, or nothing.
select app.restore_activity(:id);

-- name: removed_title$
-- The title of an activity that the caller deleted.
select r.activity ->> 'title' from app.removed_activities r where r.id = :id;

-- name: assignable_users
-- Who can be in charge of an activity.
select u.id, u.name from app.users u where u.is_active order by lower(u.name);

-- name: find_contacts
-- Contacts that contain every word, for the form's field.
select c.id, c.phone1, c.email1,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name
from contacts c
where c.id = any (array(select app.search_contact_ids(:q, 50)))
order by c.updated_at desc, c.id
limit 8;

-- name: contact_name$
-- The shown name of a living contact.
select coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name')
from contacts c
where c.id = :id and c.deleted_at is null;

-- name: contact_deals
-- Deals that an activity of a contact can belong to, open ones first.
select d.id, d.name
from deals d
where d.contact_id = :id and d.deleted_at is null
order by d.stage in ('closed_won', 'closed_lost'), d.created_at desc
limit 100;

-- name: note_time_zone!
-- Remembers a person's time zone the first time their browser tells it.
insert into app.activity_preferences (user_id, time_zone)
select current_user_id(), :zone::text
where app.caller_role() is not null
  and not exists (select from app.activity_preferences p
                  where p.user_id = current_user_id() and p.time_zone is not null)
on conflict (user_id) do update set time_zone = excluded.time_zone
where app.activity_preferences.time_zone is null;

-- name: my_preferences^
-- The caller's time zone (else the workspace's) and wish for mail, and whether their feed is on.
select coalesce(p.time_zone, app.workspace_zone()) as time_zone, f.last_read_at as feed_read_at,
       coalesce(p.reminders_by_mail, false) as reminders_by_mail, f.created_at as feed_created_at,
       to_regprocedure('app.queue_mail(text, text, text)') is not null as mail_works
from (select current_user_id() as id) me
left join app.activity_preferences p on p.user_id = me.id
left join app.calendar_feeds f on f.user_id = me.id;

-- name: save_preferences!
-- Keeps the caller's time zone and wish for mail.
insert into app.activity_preferences (user_id, time_zone, reminders_by_mail)
values (current_user_id(), :zone::text, :by_mail::boolean)
on conflict (user_id) do update set
    time_zone = excluded.time_zone, reminders_by_mail = excluded.reminders_by_mail;

-- name: my_reminders
-- What the caller is reminded of: still open, still at that time, not put off.
select r.id, r.created_at, v.id as activity_id, v.type, v.title, v.due_date, v.is_all_day,
       v.is_overdue, v.contact_id, v.contact_name, v.location
from app.reminders r
join activity_dashboard v on v.id = r.activity_id
where r.user_id = current_user_id() and r.dismissed_at is null
  and coalesce(r.snoozed_until, '-infinity') <= now()
  and v.due_date = r.due_date and v.status in ('planned', 'in_progress', 'overdue')
order by v.due_date desc, r.id
limit 100;

-- name: dismiss_reminder$
-- Seen; gives the id, or nothing when it is not the caller's.
update app.reminders set dismissed_at = now()
where id = :id and user_id = current_user_id() and dismissed_at is null
returning id;

-- name: dismiss_reminders!
-- All of the caller's are seen.
update app.reminders set dismissed_at = now()
where user_id = current_user_id() and dismissed_at is null;

-- name: snooze_reminder$
-- Again in some minutes; gives the id, or nothing when it is not the caller's.
update app.reminders set snoozed_until = now() + :minutes::integer * interval '1 minute'
where id = :id and user_id = current_user_id() and dismissed_at is null
returning id;

-- name: recall_reminder$
-- Undo of the two above.
update app.reminders set dismissed_at = null, snoozed_until = null
where id = :id and user_id = current_user_id()
returning id;

-- name: calendar_reader^
-- Whose feed has this secret, and the time zone of its owner.
select user_id, role, name, email, time_zone from app.calendar_reader(:secret_sha256);

-- name: save_feed!
-- A new secret for the caller's feed; the old address ends.
insert into app.calendar_feeds (user_id, secret_sha256)
values (current_user_id(), :secret_sha256)
on conflict (user_id) do update set
    secret_sha256 = excluded.secret_sha256, created_at = now(), last_read_at = null;

-- name: end_feed!
-- Switches the caller's feed off.
delete from app.calendar_feeds where user_id = current_user_id();

-- name: feed_version$
-- A text that changes whenever something in the caller's feed does.
select md5(coalesce(string_agg(
           a.id || ':' || a.updated_at || ':' || coalesce(c.updated_at::text, ''), ',' order by a.id), ''))
from activities a
left join contacts c on c.id = a.contact_id
left join deals d on d.id = a.deal_id
where a.assigned_to = current_user_id() and a.status <> 'cancelled'
  and a.due_date >= :begins::timestamptz and a.due_date < :ends::timestamptz
  and c.deleted_at is null and d.deleted_at is null;

-- name: feed_rows
-- What a calendar shows of the caller's activities: everything with a date but what was called off.
select v.id, v.type, v.title, v.description, v.status, v.priority, v.due_date, v.is_all_day,
       v.duration_minutes, v.reminder_minutes, v.location, v.recurrence_rule, v.created_at,
       v.updated_at, v.contact_id, v.contact_name, v.contact_phone, v.deal_name
from activity_dashboard v
where v.assigned_to = current_user_id() and v.status <> 'cancelled'
  and v.due_date >= :begins::timestamptz and v.due_date < :ends::timestamptz
order by v.due_date, v.id
limit 5000;
