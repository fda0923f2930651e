-- Fields that a workspace adds to contacts and deals.
--
-- app.custom_fields says which there are; values stand in custom_fields (jsonb) of the record under
-- the field's key. A trigger checks the values of known keys, whoever writes them; unknown keys stay
-- allowed, so that psql and imports may keep what nobody has named yet. A value that was there before
-- its field was named stays until it is written again; an archived field is not checked.
begin;
set local client_min_messages = warning;

create table if not exists app.custom_fields (
    id uuid not null default gen_random_uuid(),
    table_name varchar(20) not null,
    key varchar(50) not null,
    label varchar(60) not null,
    kind varchar(20) not null,
    choices text[] not null default '{}',
    position integer not null default 0,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint custom_fields_pkey primary key (id),
    constraint custom_fields_table_name_key_key unique (table_name, key),
    constraint custom_fields_table_name_check check (table_name in ('contacts', 'deals')),
    constraint custom_fields_key_check check (key ~ '^[a-z][a-z0-9_]*$'),
    constraint custom_fields_label_check check (btrim(label) <> ''),
    constraint custom_fields_kind_check
        check (kind in ('text', 'number', 'date', 'choice', 'checkbox', 'link')),
    constraint custom_fields_choices_check
        check ((kind = 'choice') = (cardinality(choices) > 0) and cardinality(choices) <= 200)
);
comment on table app.custom_fields is 'Fields that the workspace added to contacts and deals.';
comment on column app.custom_fields.table_name is 'The table whose custom_fields hold the values.';
comment on column app.custom_fields.key is 'The key of the value in custom_fields; never changes.';
comment on column app.custom_fields.kind is 'text, number, date, choice, checkbox or link.';
comment on column app.custom_fields.choices is 'What a choice may be, in order; empty for other kinds.';
comment on column app.custom_fields.archived_at is
    'Since when it is hidden; its values stay where they are.';
create unique index if not exists custom_fields_label_key
    on app.custom_fields (table_name, lower(label)) where archived_at is null;

drop trigger if exists custom_fields_set_updated_at on app.custom_fields;
create trigger custom_fields_set_updated_at before update on app.custom_fields
    for each row execute function set_updated_at();

create or replace function app.date_of(value jsonb) returns date
language plpgsql immutable as $$
begin
    if jsonb_typeof(value) <> 'string' or value #>> '{}' !~ '^\d{4}-\d\d-\d\d$' then
        return null;
    end if;
    return (value #>> '{}')::date;
exception
    when datetime_field_overflow then
        return null;
end;
$$;
comment on function app.date_of(jsonb) is 'A JSON string such as "2026-11-30" as a date; NULL when it is none.';

create or replace function app.custom_value_fault(value jsonb, kind text, choices text[])
returns text
language plpgsql immutable as $$
begin
    if jsonb_typeof(value) = 'null' then
        return null;
    end if;
    return case kind
        when 'number' then
            case when jsonb_typeof(value) <> 'number' then 'This is not a number.' end
        when 'checkbox' then
            case when jsonb_typeof(value) <> 'boolean' then 'This is neither yes nor no.' end
        when 'date' then
            case when app.date_of(value) is null then 'A date reads 2026-11-30.' end
        when 'choice' then
            case when jsonb_typeof(value) <> 'string' or not value #>> '{}' = any (choices)
                then 'This is none of the choices.' end
        when 'link' then
            case when jsonb_typeof(value) <> 'string'
                or value #>> '{}' !~* '^https?://[^[:space:]]+$' or length(value #>> '{}') > 2000
                then 'A link begins with https:// or http://.' end
        else
            case when jsonb_typeof(value) <> 'string' then 'This is not a text.'
                when length(value #>> '{}') > 5000 then 'At most 5,000 characters.' end
    end;
end;
$$;
comment on function app.custom_value_fault(jsonb, text, text[]) is
    'What is wrong with a value for a field of this kind, as a sentence; NULL when nothing is.';

create or replace function app.check_custom_fields() returns trigger
language plpgsql security definer as $$
declare
    wrong record;
begin
    if tg_op = 'UPDATE' and new.custom_fields = old.custom_fields then
        return new;
    end if;
    select f.key, app.custom_value_fault(new.custom_fields -> f.key, f.kind, f.choices) as fault
    into wrong
    from app.custom_fields f
    where f.table_name = tg_table_name and f.archived_at is null and new.custom_fields ? f.key
      and (tg_op = 'INSERT'
           or new.custom_fields -> f.key is distinct from old.custom_fields -> f.key)
      and app.custom_value_fault(new.custom_fields -> f.key, f.kind, f.choices) is not null
    order by f.position
    limit 1;
    if found then
        raise exception '%', wrong.fault
            using errcode = '23514', column = 'custom_fields.' || wrong.key,
                  table = tg_table_name, hint = 'Field ' || wrong.key || ': ' || wrong.fault;
    end if;
    return new;
end;
$$;
comment on function app.check_custom_fields() is
    'Trigger: values of the workspace''s own fields are of their kind (SQLSTATE 23514).';

drop trigger if exists contacts_check_custom_fields_insert on contacts;
create trigger contacts_check_custom_fields_insert before insert on contacts
    for each row when (new.custom_fields <> '{}') execute function app.check_custom_fields();
drop trigger if exists contacts_check_custom_fields_update on contacts;
create trigger contacts_check_custom_fields_update before update of custom_fields on contacts
    for each row execute function app.check_custom_fields();
drop trigger if exists deals_check_custom_fields_insert on deals;
create trigger deals_check_custom_fields_insert before insert on deals
    for each row when (new.custom_fields <> '{}') execute function app.check_custom_fields();
drop trigger if exists deals_check_custom_fields_update on deals;
create trigger deals_check_custom_fields_update before update of custom_fields on deals
    for each row execute function app.check_custom_fields();

alter table app.custom_fields enable row level security;
drop policy if exists custom_fields_select on app.custom_fields;
drop policy if exists custom_fields_insert on app.custom_fields;
drop policy if exists custom_fields_update on app.custom_fields;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        create policy custom_fields_select on app.custom_fields for select to authenticated
            using ((select app.caller_role()) is not null);
        create policy custom_fields_insert on app.custom_fields for insert to authenticated
            with check ((select app.caller_role()) in ('owner', 'admin')
                and (select app.in_scope('settings', 'write')));
        create policy custom_fields_update on app.custom_fields for update to authenticated
            using ((select app.caller_role()) in ('owner', 'admin')
                and (select app.in_scope('settings', 'write')));
        grant select, insert on app.custom_fields to authenticated;
        grant update (label, choices, position, archived_at, updated_at)
            on app.custom_fields to authenticated;
        grant execute on function app.date_of(jsonb),
            app.custom_value_fault(jsonb, text, text[]) to authenticated;
    end if;
end;
$$;
revoke all on app.custom_fields from public;
revoke all on function app.date_of(jsonb),
    app.custom_value_fault(jsonb, text, text[]), app.check_custom_fields() from public;

commit;
