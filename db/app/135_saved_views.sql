-- Saved views of lists, and how each person likes to see a list.
--
-- A view is a name for what a list's address says: filters, order, columns, density (state, in the
-- words of crm/filters.py). It is its maker's alone, or shared with the workspace; a shared one is
-- changed by its maker, owners and admins. list_preferences are the columns and the density a person
-- chose where no view says otherwise.
begin;
set local client_min_messages = warning;

create table if not exists app.saved_views (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    list varchar(20) not null,
    name varchar(60) not null,
    is_shared boolean not null default false,
    position integer not null default 0,
    state jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint saved_views_pkey primary key (id),
    constraint saved_views_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade,
    constraint saved_views_name_check check (btrim(name) <> ''),
    constraint saved_views_list_check check (list ~ '^[a-z]+$'),
    constraint saved_views_state_check
        check (jsonb_typeof(state) = 'object' and length(state::text) <= 20000)
);
comment on table app.saved_views is
    'Named views of lists: filters, order, columns and density; private or shared.';
comment on column app.saved_views.list is 'The list it is of: contacts, deals, …';
comment on column app.saved_views.position is 'Its place among the tabs; equal places go by name.';
comment on column app.saved_views.state is
    '{"f": [filters], "where": group, "sort": "-created", "columns": [keys], "density": "compact"}.';
create index if not exists saved_views_user_id_idx on app.saved_views (user_id);
create index if not exists saved_views_list_idx on app.saved_views (list, position);

create table if not exists app.list_preferences (
    user_id uuid not null,
    list varchar(20) not null,
    columns text[] not null default '{}',
    density varchar(20) not null default 'comfortable',
    updated_at timestamptz not null default now(),
    constraint list_preferences_pkey primary key (user_id, list),
    constraint list_preferences_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade,
    constraint list_preferences_density_check
        check (density in ('compact', 'comfortable', 'roomy'))
);
comment on table app.list_preferences is 'How a person likes to see a list: columns in order, density.';
comment on column app.list_preferences.columns is 'Keys of columns in their order; empty: the usual ones.';

drop trigger if exists saved_views_set_updated_at on app.saved_views;
create trigger saved_views_set_updated_at before update on app.saved_views
    for each row execute function set_updated_at();
drop trigger if exists list_preferences_set_updated_at on app.list_preferences;
create trigger list_preferences_set_updated_at before update on app.list_preferences
    for each row execute function set_updated_at();

alter table app.saved_views enable row level security;
alter table app.list_preferences enable row level security;
drop policy if exists saved_views_select on app.saved_views;
drop policy if exists saved_views_insert on app.saved_views;
drop policy if exists saved_views_update on app.saved_views;
drop policy if exists saved_views_delete on app.saved_views;
drop policy if exists list_preferences_all on app.list_preferences;
do $$
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    create policy saved_views_select on app.saved_views for select to authenticated
        using ((select app.caller_role()) is not null
            and (select app.in_scope('settings', 'read'))
            and (is_shared or user_id = (select current_user_id())));
    create policy saved_views_insert on app.saved_views for insert to authenticated
        with check ((select app.in_scope('settings', 'write'))
            and user_id = (select current_user_id())
            and (select app.caller_role()) is not null
            and (not is_shared or (select app.caller_role()) <> 'viewer'));
    create policy saved_views_update on app.saved_views for update to authenticated
        using ((select app.caller_role()) is not null
            and (select app.in_scope('settings', 'write'))
            and (user_id = (select current_user_id())
                 or is_shared and (select app.caller_role()) in ('owner', 'admin')))
        with check ((user_id = (select current_user_id())
                     or is_shared and (select app.caller_role()) in ('owner', 'admin'))
            and (not is_shared or (select app.caller_role()) <> 'viewer'));
    create policy saved_views_delete on app.saved_views for delete to authenticated
        using ((select app.caller_role()) is not null
            and (select app.in_scope('settings', 'write'))
            and (user_id = (select current_user_id())
                 or is_shared and (select app.caller_role()) in ('owner', 'admin')));
    create policy list_preferences_all on app.list_preferences for all to authenticated
        using (user_id = (select current_user_id()) and (select app.caller_role()) is not null
            and (select app.in_scope('settings', 'write')))
        with check (user_id = (select current_user_id())
            and (select app.caller_role()) is not null
            and (select app.in_scope('settings', 'write')));
    grant select, insert, delete on app.saved_views to authenticated;
    -- Nobody gives their view to somebody else, nor takes one over.
    grant update (name, is_shared, position, state, updated_at) on app.saved_views to authenticated;
    grant select, insert, update, delete on app.list_preferences to authenticated;
end;
$$;
revoke all on app.saved_views, app.list_preferences from public;

commit;
