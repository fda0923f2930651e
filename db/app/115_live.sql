-- Live pages: what a process asks while browsers are connected to /events.
--
-- One query every few milliseconds for all of them (LISTEN/NOTIFY takes a lock of the whole server at
-- each commit: 4,108 inserts a second fell to 1,976). It gives the changes that became visible since
-- the last time, whatever their order: those of transactions that the last snapshot did not see. The
-- snapshot itself is the place to go on from, also for a browser that was away.
-- What is heard are signals (a table, ids), never contents; who may hear them is decided here, and
-- each second all credentials are looked at again. No locks.
begin;
set local client_min_messages = warning;

create or replace function app.live_rights(sessions bytea[], tokens bytea[])
returns table (credential bytea, user_id uuid, tables text[], is_limited boolean)
language plpgsql stable security definer as $$
declare
    by_contact constant boolean := exists (
        select from app.settings s where s.key = 'visibility' and s.value = '"assigned"');
begin
    return query
    select k.sha256, u.id,
           array(select l.table_name from app.logged_tables l
                 where (l.audience <> 'admins' or u.role in ('owner', 'admin'))
                   and (k.scopes is null
                        or k.scopes && array[l.resource || ':read', l.resource || ':write'])
                 order by 1),
           u.role = 'agent' and by_contact
    from (
        select s.token_sha256 as sha256, s.user_id as person, null::text[] as scopes
        from app.sessions s
        where s.token_sha256 = any (sessions) and s.expires_at > now()
        union all
        select t.token_sha256, t.user_id, t.scopes
        from app.api_tokens t
        where t.token_sha256 = any (tokens) and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
    ) k
    join app.users u on u.id = k.person and u.is_active;
end;
$$;
comment on function app.live_rights(bytea[], bytea[]) is
    'The valid ones among credentials (SHA-256 of session cookies and of tokens): whose they are, of which tables they hear, and whether only of contacts they see.';

create or replace function app.live_changes(
    seen_before txid_snapshot, listeners uuid[], max_rows integer)
returns table (
    id bigint, table_name text, row_id uuid, contact_id uuid, parent_id uuid, client text,
    deaf uuid[])
language plpgsql stable security definer rows 10 as $$
begin
    return query
    select c.id, c.table_name, c.row_id, c.contact_id, c.parent_id, c.client,
           case when listeners = '{}' then '{}'::uuid[]
                when c.contact_id is null and c.row_id is not null then '{}'
                else array(
                    select h.person from unnest(listeners) as h (person)
                    where h.person is distinct from c.actor and not exists (
                        select from contacts v
                        where v.id = c.contact_id
                          and (v.assigned_to is null or v.assigned_to = h.person))
                      -- Whoever had the contact until now hears that it changed.
                      and (c.table_name <> 'contacts'
                           or c.old ->> 'assigned_to' is distinct from h.person::text)) end
    from app.changes c
    where c.tx >= txid_snapshot_xmin(seen_before)
      and not txid_visible_in_snapshot(c.tx, seen_before)
    order by c.tx, c.id
    limit max_rows;
end;
$$;
comment on function app.live_changes(txid_snapshot, uuid[], integer) is
    'Changes that became visible since a snapshot. listeners are people who only hear of contacts they see; deaf says which of them must not hear a change.';

revoke all on function app.live_rights(bytea[], bytea[]) from public;
revoke all on function app.live_changes(txid_snapshot, uuid[], integer) from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'crm_app') then
        grant execute on function app.live_rights(bytea[], bytea[]),
            app.live_changes(txid_snapshot, uuid[], integer) to crm_app;
    end if;
end;
$$;

commit;
