-- Reminders: one row for each activity and due date, made when reminder_minutes before it have come.
-- app.upkeep_reminders() makes them each minute and, where the person wants it, queues a mail in the
-- same statement's transaction, so nobody is reminded twice. A row is shown until it is dismissed, its
-- snooze has passed, the activity is done, or it was moved to another time (which makes a new row).
begin;
set local client_min_messages = warning;

create table if not exists app.reminders (
    id uuid not null default gen_random_uuid(),
    activity_id uuid not null,
    user_id uuid not null,
    due_date timestamptz not null,
    created_at timestamptz not null default now(),
    snoozed_until timestamptz,
    dismissed_at timestamptz,
    constraint reminders_pkey primary key (id),
    constraint reminders_activity_id_due_date_key unique (activity_id, due_date),
    constraint reminders_activity_id_fkey foreign key (activity_id)
        references activities (id) on delete cascade,
    constraint reminders_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade
);
create index if not exists reminders_user_id_idx
    on app.reminders (user_id, created_at) where dismissed_at is null;
create index if not exists reminders_user_idx on app.reminders (user_id);
create index if not exists reminders_created_at_idx on app.reminders (created_at);
comment on table app.reminders is
    'Who was reminded of which activity at which due date; kept for 90 days.';
comment on column app.reminders.user_id is 'The owner of the activity, else who made it.';

-- Everything the search for due reminders reads is in the index.
create index if not exists activities_reminder_idx
    on activities (due_date, reminder_minutes, id)
    where reminder_minutes is not null and status in ('planned', 'in_progress', 'overdue');

create or replace function app.reminder_mail(activity uuid, person uuid) returns text
language sql stable security definer as $$
    select concat_ws(E'\n\n',
        a.title,
        'Due ' || case when a.is_all_day
            then to_char(a.due_date at time zone z.name, 'FMDay, FMDD FMMonth YYYY')
            else to_char(a.due_date at time zone z.name, 'FMDay, FMDD FMMonth YYYY, HH24:MI')
                 || ' (' || z.name || ')' end,
        'With ' || nullif(coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''),
                                   c.llc_name, c.email1, c.phone1), ''),
        'At ' || nullif(btrim(a.location), ''),
        nullif(btrim(a.description), ''))
    from activities a
    left join contacts c on c.id = a.contact_id
    cross join lateral (select coalesce((
        select p.time_zone from app.activity_preferences p where p.user_id = person),
        app.workspace_zone())) z (name)
    where a.id = activity
$$;
comment on function app.reminder_mail(uuid, uuid) is
    'The words of a reminder by mail, with times in the person''s own time zone.';

create or replace function app.upkeep_reminders() returns integer
language plpgsql security definer as $$
declare
    made integer := 0;
    one record;
    mail_works constant boolean := to_regprocedure('app.queue_mail(text, text, text)') is not null;
begin
    for one in
        with due as (
            -- What is more than a day late reminds nobody any more: it is overdue, and says so.
            select a.id from activities a
            where a.reminder_minutes is not null
              and a.status in ('planned', 'in_progress', 'overdue')
              and a.due_date > now() - interval '1 day'
              and a.due_date - a.reminder_minutes * interval '1 minute' <= now()),
        fresh as (
            insert into app.reminders (activity_id, user_id, due_date)
            select a.id, u.id, a.due_date
            from due
            join activities a on a.id = due.id
            join app.users u on u.id = coalesce(a.assigned_to, a.created_by) and u.is_active
            left join contacts c on c.id = a.contact_id
            left join deals d on d.id = a.deal_id
            where c.deleted_at is null and d.deleted_at is null
              and not exists (select from app.reminders r
                              where r.activity_id = a.id and r.due_date = a.due_date)
            on conflict do nothing
            returning activity_id, user_id)
        select f.activity_id, f.user_id, a.title, u.email, coalesce(p.reminders_by_mail, false) as by_mail
        from fresh f
        join activities a on a.id = f.activity_id
        join app.users u on u.id = f.user_id
        left join app.activity_preferences p on p.user_id = f.user_id
    loop
        made := made + 1;
        if one.by_mail and mail_works then
            execute 'select app.queue_mail($1, $2, $3)'
            using one.email::text, 'Reminder: ' || left(regexp_replace(one.title, '\s+', ' ', 'g'), 250),
                  app.reminder_mail(one.activity_id, one.user_id);
        end if;
    end loop;
    delete from app.reminders where created_at < now() - interval '90 days';
    return made;
end $$;
comment on function app.upkeep_reminders() is
    'Makes the reminders whose time has come, each once, and queues their mails; returns how many. Each minute.';

revoke all on function app.reminder_mail(uuid, uuid), app.upkeep_reminders() from public;
alter table app.reminders enable row level security;

do $$
begin
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.upkeep_reminders() to crm_app;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists reminders_select on app.reminders;
    create policy reminders_select on app.reminders for select to authenticated
        using ((select app.caller_role()) is not null and user_id = (select current_user_id()));
    drop policy if exists reminders_update on app.reminders;
    create policy reminders_update on app.reminders for update to authenticated
        using ((select app.caller_role()) is not null and user_id = (select current_user_id()));
    grant select, update (snoozed_until, dismissed_at) on app.reminders to authenticated;
end $$;

commit;
