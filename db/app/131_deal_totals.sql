-- Kept totals of deals: what the board and the dashboard add up instead of reading the deals.
--
-- app.deal_totals says how many live deals there are and what they are worth, by pipeline, stage,
-- currency, owner, owner of their contact (who decides what an agent sees), and day. It is a log:
-- statement triggers append what a statement changed, readers add up, and app.upkeep_deal_totals()
-- joins the rows of a key each minute. So nobody waits for a counter, and nothing can deadlock on it.
-- app.recount_deal_totals() counts again; this file does so whenever it runs.
-- Locks: who changes a total holds the contacts of those deals FOR SHARE until the end of the
-- transaction, so that a contact cannot change hands between its deals being read and counted; who
-- gives a contact another owner waits for those and then moves its deals to the new owner's totals.
begin;
set local client_min_messages = warning;

do $$
begin
    -- Earlier versions knew no days or no owners of contacts; all is counted again below.
    if exists (select from pg_class c where c.oid = to_regclass('app.deal_totals'))
       and not exists (select from pg_attribute a where a.attrelid = to_regclass('app.deal_totals')
                       and a.attname = 'contact_owner') then
        -- squawk-ignore ban-drop-table
        drop table app.deal_totals;
    end if;
end $$;
create table if not exists app.deal_totals (
    pipeline varchar(100) not null,
    stage varchar(50) not null,
    day date not null,
    currency varchar(3) not null,
    owner uuid not null,
    contact_owner uuid not null,
    deals bigint not null,
    value numeric not null,
    weighted numeric not null,
    is_joined boolean not null default false
);
comment on table app.deal_totals is
    'Differences to add up: live deals by pipeline, stage, day, currency and owners; appended by triggers of deals and contacts.';
comment on column app.deal_totals.day is 'See app.counted_on().';
comment on column app.deal_totals.owner is
    'deals.assigned_to; 00000000-0000-0000-0000-000000000000 for nobody.';
comment on column app.deal_totals.contact_owner is
    'contacts.assigned_to of the deal''s contact; zeros for nobody.';
comment on column app.deal_totals.weighted is 'Sum of value times probability, in hundredths.';
comment on column app.deal_totals.is_joined is 'Written by the upkeep: the only such row of its key.';
create index if not exists deal_totals_key_idx on app.deal_totals
    (pipeline, stage, day, currency, owner, contact_owner);
create index if not exists deal_totals_appended_idx on app.deal_totals (pipeline)
    where not is_joined;

-- squawk-ignore ban-drop-function
drop function if exists app.add_deal_totals(text, text, text, uuid, bigint, numeric, numeric),
    app.add_deal_totals(text, text, text, uuid, date, bigint, numeric, numeric); -- earlier versions

create or replace function app.counted_on(stage text, closed date, expected date) returns date
language sql immutable as $$
    select case when stage in ('closed_won', 'closed_lost') then coalesce(closed, '-infinity')
                else coalesce(date_trunc('month', expected::timestamp)::date, '0001-01-01') end;
$$;
comment on function app.counted_on(text, date, date) is
    'The day under which a deal is counted: that of closing; for an open one the first of the month in which it is expected to close, 0001-01-01 when nobody knows.';

-- Keeping ---------------------------------------------------------------------------------------

-- The plans of these functions are made once and kept, for one deal or for thousands: they go from
-- the deals to their contacts by id, whatever that is guessed to cost.
create or replace function app.count_deals_written() returns trigger
language plpgsql security definer
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    side constant integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
    -- The deals of a contact that is deleted have left already: app.move_deal_totals().
    perform from contacts c
    where c.id = any (array(select distinct w.contact_id from written w where w.deleted_at is null))
    order by c.id
    for share;
    insert into app.deal_totals
        (pipeline, stage, day, currency, owner, contact_owner, deals, value, weighted)
    select w.pipeline, w.stage,
           app.counted_on(w.stage, w.actual_close_date, w.expected_close_date), w.currency,
           coalesce(w.assigned_to, '00000000-0000-0000-0000-000000000000'),
           coalesce(c.assigned_to, '00000000-0000-0000-0000-000000000000'),
           side * count(*), side * sum(w.value), side * sum(w.value * w.probability)
    from written w
    join contacts c on c.id = w.contact_id
    where w.deleted_at is null
    group by 1, 2, 3, 4, 5, 6;
    return null;
end $$;
comment on function app.count_deals_written() is
    'Trigger: new deals are added to the totals, deleted ones leave them.';

create or replace function app.count_deals_updated() returns trigger
language plpgsql security definer
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    touched constant uuid[] := array(
        select distinct b.contact_id
        from (select n.*, 1 as side from new_rows n
              union all
              select o.*, -1 from old_rows o) b
        where b.deleted_at is null
        group by b.contact_id, b.pipeline, b.stage, b.currency, b.assigned_to,
                 app.counted_on(b.stage, b.actual_close_date, b.expected_close_date)
        having sum(b.side) <> 0 or sum(b.side * b.value) <> 0
            or sum(b.side * b.value * b.probability) <> 0);
begin
    if touched = '{}' then
        return null;
    end if;
    perform from contacts c where c.id = any (touched) order by c.id for share;
    insert into app.deal_totals
        (pipeline, stage, day, currency, owner, contact_owner, deals, value, weighted)
    select b.pipeline, b.stage,
           app.counted_on(b.stage, b.actual_close_date, b.expected_close_date), b.currency,
           coalesce(b.assigned_to, '00000000-0000-0000-0000-000000000000'),
           coalesce(c.assigned_to, '00000000-0000-0000-0000-000000000000'),
           sum(b.side), sum(b.side * b.value), sum(b.side * b.value * b.probability)
    from (select n.*, 1 as side from new_rows n
          union all
          select o.*, -1 from old_rows o) b
    join contacts c on c.id = b.contact_id
    where b.deleted_at is null
    group by 1, 2, 3, 4, 5, 6
    having sum(b.side) <> 0 or sum(b.side * b.value) <> 0
        or sum(b.side * b.value * b.probability) <> 0;
    return null;
end $$;
comment on function app.count_deals_updated() is
    'Trigger: what a statement changed in contact, stage, value, probability, owner, dates or bin moves between totals.';

create or replace function app.move_deal_totals() returns trigger
language plpgsql security definer as $$
begin
    insert into app.deal_totals
        (pipeline, stage, day, currency, owner, contact_owner, deals, value, weighted)
    select d.pipeline, d.stage,
           app.counted_on(d.stage, d.actual_close_date, d.expected_close_date), d.currency,
           coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000'),
           coalesce(s.contact_owner, '00000000-0000-0000-0000-000000000000'),
           sum(s.side), sum(s.side * d.value), sum(s.side * d.value * d.probability)
    from deals d
    cross join (values (old.assigned_to, -1), (new.assigned_to, 1)) as s (contact_owner, side)
    where d.contact_id = old.id and d.deleted_at is null and (tg_op = 'UPDATE' or s.side = -1)
    group by 1, 2, 3, 4, 5, 6;
    return old;
end $$;
comment on function app.move_deal_totals() is
    'Trigger: the deals of a contact move to its new owner''s totals, or leave with a deleted contact.';

create or replace function app.hold_deal_totals() returns void
language plpgsql security definer as $$
begin
    perform pg_advisory_xact_lock(hashtext('app.upkeep_deal_totals'), 0);
end $$;
comment on function app.hold_deal_totals() is
    'Waits for the upkeep and keeps it out until the transaction ends: rows that it joins meanwhile would stay beside what is counted anew.';

create or replace function app.recount_deal_totals() returns void
language plpgsql security definer as $$
begin
    lock table contacts, deals in share mode; -- nobody writes them meanwhile
    perform app.hold_deal_totals();
    delete from app.deal_totals;
    insert into app.deal_totals
        (pipeline, stage, day, currency, owner, contact_owner, deals, value, weighted, is_joined)
    select d.pipeline, d.stage,
           app.counted_on(d.stage, d.actual_close_date, d.expected_close_date), d.currency,
           coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000'),
           coalesce(c.assigned_to, '00000000-0000-0000-0000-000000000000'),
           count(*), sum(d.value), sum(d.value * d.probability), true
    from deals d
    join contacts c on c.id = d.contact_id
    where d.deleted_at is null
    group by 1, 2, 3, 4, 5, 6;
end $$;
comment on function app.recount_deal_totals() is
    'Counts all totals again; writers of contacts and deals wait for it.';

create or replace function app.count_deals_again() returns trigger
language plpgsql security definer as $$
begin
    perform app.hold_deal_totals();
    delete from app.deal_totals;
    return null;
end $$;
comment on function app.count_deals_again() is 'Trigger: after TRUNCATE there are no deals.';

create or replace function app.upkeep_deal_totals() returns integer
language plpgsql security definer as $$
declare
    appended bigint;
begin
    if not pg_try_advisory_xact_lock(hashtext('app.upkeep_deal_totals'), 0) then
        return 0;
    end if;
    -- One statement: readers see the rows of a key either apart or joined.
    with keys as (
        select distinct t.pipeline, t.stage, t.day, t.currency, t.owner, t.contact_owner
        from app.deal_totals t where not t.is_joined),
    gone as (
        delete from app.deal_totals t using keys k
        where (t.pipeline, t.stage, t.day, t.currency, t.owner, t.contact_owner)
            = (k.pipeline, k.stage, k.day, k.currency, k.owner, k.contact_owner)
        returning t.*),
    joined as (
        insert into app.deal_totals
            (pipeline, stage, day, currency, owner, contact_owner, deals, value, weighted,
             is_joined)
        select g.pipeline, g.stage, g.day, g.currency, g.owner, g.contact_owner, sum(g.deals),
               sum(g.value), sum(g.weighted), true
        from gone g
        group by 1, 2, 3, 4, 5, 6
        having sum(g.deals) <> 0 or sum(g.value) <> 0 or sum(g.weighted) <> 0)
    select count(*) filter (where not g.is_joined) into appended from gone g;
    return appended;
end $$;
comment on function app.upkeep_deal_totals() is
    'Joins the appended rows of each key to one; returns how many there were.';

drop trigger if exists deals_totals_inserted on deals;
create trigger deals_totals_inserted after insert on deals referencing new table as written
    for each statement execute function app.count_deals_written();
drop trigger if exists deals_totals_updated on deals;
create trigger deals_totals_updated after update on deals
    referencing old table as old_rows new table as new_rows
    for each statement execute function app.count_deals_updated();
drop trigger if exists deals_totals_deleted on deals;
create trigger deals_totals_deleted after delete on deals referencing old table as written
    for each statement execute function app.count_deals_written();
drop trigger if exists deals_totals_again on deals;
create trigger deals_totals_again after truncate on deals
    for each statement execute function app.count_deals_again();
drop trigger if exists contacts_deal_totals_moved on contacts;
create trigger contacts_deal_totals_moved after update of assigned_to on contacts
    for each row when (old.assigned_to is distinct from new.assigned_to)
    execute function app.move_deal_totals();
drop trigger if exists contacts_deal_totals_gone on contacts;
create trigger contacts_deal_totals_gone before delete on contacts
    for each row execute function app.move_deal_totals();

-- squawk-ignore ban-drop-function
drop function if exists app.count_deals_inserted(), app.count_deals_deleted(); -- earlier versions

select app.recount_deal_totals();

-- Rights ------------------------------------------------------------------------------------------

create or replace function app.may_read_deals() returns boolean
language plpgsql stable security definer as $$
begin
    return app.caller_role() is not null and app.in_scope('deals', 'read');
end $$;
comment on function app.may_read_deals() is
    'Whether the caller is somebody here and their token, if any, reads deals.';

alter table app.deal_totals enable row level security;
revoke all on app.deal_totals from public;
revoke all on function
    app.counted_on(text, date, date), app.count_deals_written(), app.count_deals_updated(),
    app.move_deal_totals(), app.hold_deal_totals(), app.recount_deal_totals(),
    app.count_deals_again(), app.upkeep_deal_totals(), app.may_read_deals()
    from public;

do $$
begin
    if not exists (select from pg_roles where rolname = 'authenticated') then
        return;
    end if;
    drop policy if exists deal_totals_select on app.deal_totals;
    create policy deal_totals_select on app.deal_totals for select to authenticated
        using ((select app.sees_all()) and (select app.may_read_deals()));
    grant select on app.deal_totals to authenticated;
    grant execute on function app.may_read_deals() to authenticated;
end $$;

commit;
