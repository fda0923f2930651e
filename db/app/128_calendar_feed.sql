-- The calendar feed: a secret address under which a person's calendar program reads their activities.
-- Only the SHA-256 of the secret is kept. Renewing replaces it, switching off deletes the row; both end
-- the old address at once. app.calendar_reader() says whose it is; the program then reads as that
-- person, so row level security decides what the feed holds.
begin;
set local client_min_messages = warning;

create table if not exists app.calendar_feeds (
    user_id uuid not null,
    secret_sha256 bytea not null,
    created_at timestamptz not null default now(),
    last_read_at timestamptz,
    constraint calendar_feeds_pkey primary key (user_id),
    constraint calendar_feeds_secret_sha256_key unique (secret_sha256),
    constraint calendar_feeds_secret_sha256_check check (length(secret_sha256) = 32),
    constraint calendar_feeds_user_id_fkey foreign key (user_id)
        references app.users (id) on delete cascade
);
comment on table app.calendar_feeds is
    'Secret addresses of calendar feeds, at most one a person; the secret itself is nowhere.';

create or replace function app.calendar_reader(feed_secret_sha256 bytea)
returns table (user_id uuid, role text, name text, email text, time_zone text)
language plpgsql security definer as $$
begin
    -- Calendars ask every few minutes: written once an hour at most.
    update app.calendar_feeds f set last_read_at = now()
    where f.secret_sha256 = feed_secret_sha256
      and coalesce(f.last_read_at, '-infinity') < now() - interval '1 hour';
    return query
    select u.id, u.role::text, u.name::text, u.email::text,
           coalesce(p.time_zone, app.workspace_zone())::text
    from app.calendar_feeds f
    join app.users u on u.id = f.user_id and u.is_active
    left join app.activity_preferences p on p.user_id = u.id
    where f.secret_sha256 = feed_secret_sha256;
end $$;
comment on function app.calendar_reader(bytea) is
    'The active person whose calendar feed has this secret, and their time zone.';

revoke all on function app.calendar_reader(bytea) from public;
alter table app.calendar_feeds enable row level security;

do $$
begin
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.calendar_reader(bytea) to crm_app;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists calendar_feeds_own on app.calendar_feeds;
    create policy calendar_feeds_own on app.calendar_feeds to authenticated
        using ((select app.caller_role()) is not null and user_id = (select current_user_id()))
        with check ((select app.caller_role()) is not null and user_id = (select current_user_id()));
    grant select, insert, update, delete on app.calendar_feeds to authenticated;
end $$;

commit;
