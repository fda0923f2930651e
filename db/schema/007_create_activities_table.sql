-- 007 activities: what is to be done and what was done. status moves
-- planned -> in_progress -> completed | cancelled; planned becomes overdue when due_date passes and
-- planned again when it is moved into the future (trigger in 017, sweeper
-- mark_overdue_activities() in 016). completed_at is filled exactly while status is completed.
-- The foreign key deal_id -> deals is added in 008.

begin;
set local client_min_messages = warning;

create table if not exists activities (
    id uuid not null default gen_random_uuid(),
    contact_id uuid,
    deal_id uuid,
    parent_activity_id uuid,
    type varchar(50) not null,
    title varchar(500) not null,
    description text,
    status varchar(50) not null default 'planned',
    priority varchar(20) not null default 'medium',
    due_date timestamptz,
    is_all_day boolean not null default false,
    duration_minutes integer,
    reminder_minutes integer,
    location varchar(500),
    recurrence_rule varchar(500),
    external_calendar_id varchar(255),
    external_event_id varchar(255),
    assigned_to uuid,
    created_by uuid,
    completed_at timestamptz,
    completed_by uuid,
    result text,
    next_action text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint activities_pkey primary key (id),
    constraint activities_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint activities_parent_activity_id_fkey foreign key (parent_activity_id)
        references activities (id) on delete set null,
    constraint activities_type_check check (type in (
        'call', 'meeting', 'email', 'text', 'task', 'note', 'follow_up', 'appointment', 'demo')),
    constraint activities_title_check check (btrim(title) <> ''),
    constraint activities_status_check check (status in (
        'planned', 'in_progress', 'completed', 'cancelled', 'overdue')),
    constraint activities_priority_check check (priority in ('low', 'medium', 'high', 'urgent')),
    constraint activities_duration_minutes_check check (duration_minutes >= 0),
    constraint activities_reminder_minutes_check check (reminder_minutes >= 0),
    constraint activities_completed_at_check
        check ((status = 'completed') = (completed_at is not null)),
    constraint activities_parent_activity_id_check check (parent_activity_id <> id)
);

comment on table activities is 'Tasks, meetings, notes and follow-ups, of a contact, a deal or neither.';
comment on column activities.parent_activity_id is 'The activity this one follows up on.';
comment on column activities.status is
    'planned and overdue are kept right by the due date; the others are what somebody chose.';
comment on column activities.due_date is
    'When it is due; an all-day one is due at this moment and overdue 24 hours later.';
comment on column activities.reminder_minutes is 'Remind this many minutes before due_date.';
comment on column activities.recurrence_rule is 'RFC 5545 RRULE, without the word RRULE.';
comment on column activities.external_event_id is 'Id in the calendar external_calendar_id.';
comment on column activities.result is 'What came out of it.';

commit;
