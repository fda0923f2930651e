-- Activities beyond their own table: series, what was deleted a moment ago, how people count days.
--
-- A series is a chain of rows. Only its newest row is open; recurrence_rule says what follows it and
-- parent_activity_id names the row before. When somebody completes that row, whoever does it and by
-- whichever way, a trigger notes it in app.recurrences. PostgreSQL cannot read an RRULE, so the program
-- works out the next date: in the same transaction when it completed the row itself, else in its
-- upkeep within a minute. app.continue_series() then copies the row; the lock on its line in
-- app.recurrences makes that happen once. Reopening a row takes back a next one that nobody touched.
-- Locks: the activity first, then its line in app.recurrences.
begin;
set local client_min_messages = warning;

create table if not exists app.recurrences (
    activity_id uuid not null,
    next_id uuid,
    queued_at timestamptz not null default now(),
    made_at timestamptz,
    constraint recurrences_pkey primary key (activity_id),
    constraint recurrences_activity_id_fkey foreign key (activity_id)
        references activities (id) on delete cascade,
    constraint recurrences_next_id_fkey foreign key (next_id)
        references activities (id) on delete set null
);
create index if not exists recurrences_next_id_idx
    on app.recurrences (next_id) where next_id is not null;
create index if not exists recurrences_queued_at_idx
    on app.recurrences (queued_at) where made_at is null;
comment on table app.recurrences is
    'Completed activities of a series: whether what follows was made. made_at without next_id: the series ended.';

create table if not exists app.activity_preferences (
    user_id uuid not null,
    time_zone varchar(64),
    reminders_by_mail boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint activity_preferences_pkey primary key (user_id),
    constraint activity_preferences_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade
);
comment on table app.activity_preferences is
    'How a person counts days (IANA name of a time zone), and whether reminders also come by mail.';

create table if not exists app.removed_activities (
    id uuid not null,
    activity jsonb not null,
    children uuid[] not null,
    documents uuid[] not null,
    next_id uuid,
    removed_by uuid not null,
    removed_at timestamptz not null default now(),
    constraint removed_activities_pkey primary key (id),
    constraint removed_activities_activity_check check (jsonb_typeof(activity) = 'object')
);
create index if not exists removed_activities_removed_at_idx
    on app.removed_activities (removed_at);
comment on table app.removed_activities is
    'Activities deleted within a day, for Undo: the row, what pointed at it, and what was made to follow it.';

drop trigger if exists activity_preferences_set_updated_at on app.activity_preferences;
create trigger activity_preferences_set_updated_at before update on app.activity_preferences
    for each row execute function set_updated_at();

-- The page of a day walks one owner's rows, or everybody's; those that repeat are few.
create index if not exists activities_assigned_to_due_date_shown_idx
    on activities (assigned_to, due_date) where status <> 'cancelled';
create index if not exists activities_recurring_idx
    on activities (assigned_to, due_date)
    where recurrence_rule is not null and status in ('planned', 'in_progress', 'overdue');
-- Lists leave out what hangs on something in the trash: looked up where only the trash is.
create index if not exists contacts_trashed_idx on contacts (id) where deleted_at is not null;
create index if not exists deals_trashed_idx on deals (id) where deleted_at is not null;
create index if not exists activities_unscheduled_idx
    on activities (created_at desc, id desc)
    where due_date is null and status in ('planned', 'in_progress', 'overdue');
create index if not exists activities_assigned_to_unscheduled_idx
    on activities (assigned_to, created_at desc, id desc)
    where due_date is null and status in ('planned', 'in_progress', 'overdue');

-- Series --------------------------------------------------------------------------------------

create or replace function app.note_recurrence() returns trigger
language plpgsql security definer as $$
declare
    untouched boolean;
begin
    if new.status = 'completed' then
        insert into app.recurrences (activity_id) values (new.id) on conflict do nothing;
        return null;
    end if;
    delete from activities n
    using app.recurrences r
    where r.activity_id = new.id and n.id = r.next_id
      and n.status in ('planned', 'overdue') and n.updated_at = n.created_at;
    untouched := found;
    delete from app.recurrences where activity_id = new.id and (untouched or made_at is null);
    return null;
end $$;
comment on function app.note_recurrence() is
    'Trigger: a completed row of a series waits for its next one; a reopened one takes back what nobody touched.';

drop trigger if exists activities_note_recurrence on activities;
create trigger activities_note_recurrence after update of status on activities
    for each row
    when (new.recurrence_rule is not null and old.status <> new.status
          and 'completed' in (old.status, new.status))
    execute function app.note_recurrence();

create or replace function app.recurrences_waiting(max_rows integer default 100)
returns table (
    activity_id uuid, recurrence_rule text, due_date timestamptz, is_all_day boolean, time_zone text)
language sql stable security definer as $$
    select a.id, a.recurrence_rule::text, a.due_date, a.is_all_day,
           coalesce(owner.time_zone, maker.time_zone, app.workspace_zone())::text
    from app.recurrences r
    join activities a on a.id = r.activity_id
    left join app.activity_preferences owner on owner.user_id = a.assigned_to
    left join app.activity_preferences maker on maker.user_id = a.created_by
    where r.made_at is null
    order by r.queued_at
    limit max_rows
$$;
comment on function app.recurrences_waiting(integer) is
    'Completed activities of series that nothing follows yet, with the time zone they are counted in.';

create or replace function app.continue_series(
    activity uuid, next_due timestamptz, next_rule text) returns uuid
language plpgsql security definer as $$
declare
    made uuid;
begin
    if current_user_id() is not null
       and coalesce(app.caller_role(), '') not in ('owner', 'admin', 'manager', 'agent') then
        return null;
    end if;
    perform from app.recurrences r
    where r.activity_id = activity and r.made_at is null for update;
    if not found then
        return null; -- somebody was faster
    end if;
    if next_due is not null then
        insert into activities (
            contact_id, deal_id, parent_activity_id, type, title, description, priority, due_date,
            is_all_day, duration_minutes, reminder_minutes, location, recurrence_rule, assigned_to,
            created_by)
        select a.contact_id, a.deal_id, a.id, a.type, a.title, a.description, a.priority, next_due,
               a.is_all_day, a.duration_minutes, a.reminder_minutes, a.location, next_rule,
               a.assigned_to, a.created_by
        from activities a
        where a.id = activity
        returning id into made;
    end if;
    update app.recurrences r set made_at = now(), next_id = made where r.activity_id = activity;
    return made;
end $$;
comment on function app.continue_series(uuid, timestamptz, text) is
    'Makes what follows a completed activity, once; without next_due the series ends. NULL when nothing waits.';

-- Deleting with Undo --------------------------------------------------------------------------

create or replace function app.remove_activity(gone_id uuid, made_next uuid default null)
returns uuid language plpgsql as $$
declare
    gone activities;
    its_children constant uuid[] := array(
        select a.id from activities a where a.parent_activity_id = gone_id);
    its_documents constant uuid[] := array(
        select d.id from documents d where d.activity_id = gone_id);
begin
    delete from activities a where a.id = gone_id returning * into gone;
    if not found then
        return null;
    end if;
    insert into app.removed_activities (id, activity, children, documents, next_id, removed_by)
    values (gone.id, to_jsonb(gone), its_children, its_documents, made_next, current_user_id())
    on conflict (id) do update set activity = excluded.activity, children = excluded.children,
        documents = excluded.documents, next_id = excluded.next_id, removed_at = now();
    return gone.id;
end $$;
comment on function app.remove_activity(uuid, uuid) is
    'Deletes an activity and keeps it for Undo. made_next: what was made to follow it. NULL when it is not the caller''s to delete.';

create or replace function app.restore_activity(gone_id uuid) returns uuid
language plpgsql as $$
declare
    kept app.removed_activities;
begin
    delete from app.removed_activities r
    where r.id = gone_id and r.removed_by = current_user_id()
    returning * into kept;
    if not found then
        return null;
    end if;
    insert into activities select (jsonb_populate_record(null::activities, kept.activity)).*;
    update activities a set parent_activity_id = kept.id
    where a.id = any (kept.children) and a.parent_activity_id is null;
    update documents d set activity_id = kept.id
    where d.id = any (kept.documents) and d.activity_id is null;
    delete from activities a
    where a.id = kept.next_id and a.updated_at = a.created_at and a.status <> 'completed';
    return kept.id;
end $$;
comment on function app.restore_activity(uuid) is
    'Brings back an activity that the caller deleted within a day. NULL when there is none.';

create or replace function app.upkeep_removed_activities() returns integer
language plpgsql security definer as $$
declare
    forgotten integer;
begin
    delete from app.removed_activities where removed_at < now() - interval '1 day';
    get diagnostics forgotten = row_count;
    return forgotten;
end $$;
comment on function app.upkeep_removed_activities() is 'Forgets activities deleted a day ago.';

-- Rights --------------------------------------------------------------------------------------

alter table app.recurrences enable row level security;
alter table app.activity_preferences enable row level security;
alter table app.removed_activities enable row level security;

revoke all on function app.note_recurrence(), app.recurrences_waiting(integer),
    app.continue_series(uuid, timestamptz, text), app.remove_activity(uuid, uuid),
    app.restore_activity(uuid), app.upkeep_removed_activities() from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.recurrences_waiting(integer),
            app.continue_series(uuid, timestamptz, text), app.upkeep_removed_activities()
            to crm_app;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    grant execute on function app.continue_series(uuid, timestamptz, text),
        app.remove_activity(uuid, uuid), app.restore_activity(uuid) to authenticated;
    drop policy if exists recurrences_select on app.recurrences;
    create policy recurrences_select on app.recurrences for select to authenticated
        using ((select app.caller_role()) is not null
            and exists (select from activities a where a.id = activity_id offset 0));
    grant select on app.recurrences to authenticated;
    drop policy if exists activity_preferences_select on app.activity_preferences;
    create policy activity_preferences_select on app.activity_preferences for select
        to authenticated using ((select app.caller_role()) is not null);
    drop policy if exists activity_preferences_insert on app.activity_preferences;
    create policy activity_preferences_insert on app.activity_preferences for insert
        to authenticated with check ((select app.caller_role()) is not null
            and user_id = (select current_user_id()));
    drop policy if exists activity_preferences_update on app.activity_preferences;
    create policy activity_preferences_update on app.activity_preferences for update
        to authenticated using ((select app.caller_role()) is not null
            and user_id = (select current_user_id()));
    grant select, insert, update on app.activity_preferences to authenticated;
    drop policy if exists removed_activities_own on app.removed_activities;
    create policy removed_activities_own on app.removed_activities to authenticated
        using ((select app.caller_role()) is not null
            and removed_by = (select current_user_id()));
    grant select, insert, update, delete on app.removed_activities to authenticated;
end $$;

commit;
