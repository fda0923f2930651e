-- Lists of contacts: where a page starts in an order that row level security keeps from its index.
-- Comparisons of numeric are not leakproof, so under a policy `(est_value, id) > (…)` is no index
-- condition: page 2,000 by value would read 100,000 rows. This runs as the owner, checks the caller
-- once, applies the same visibility as the policies of 019 and returns ids; the caller joins them
-- under its own rights.
begin;

create or replace function app.contacts_beyond_value(
    after_value numeric, after_id uuid, upwards boolean, max_rows integer)
returns setof uuid
language plpgsql stable security definer rows 50 as $$
declare
    everything constant boolean := app.sees_all();
    me constant uuid := current_user_id();
begin
    if app.caller_role() is null or not app.in_scope('contacts', 'read') then
        return;
    end if;
    if upwards then
        return query
        select c.id
        from contacts c
        where c.deleted_at is null and c.est_value is not null
          and (c.est_value, c.id) > (after_value, after_id)
          and (everything or c.assigned_to is null or c.assigned_to = me)
        order by c.est_value, c.id
        limit least(max_rows, 1000);
    else
        return query
        select c.id
        from contacts c
        where c.deleted_at is null and c.est_value is not null
          and (c.est_value, c.id) < (after_value, after_id)
          and (everything or c.assigned_to is null or c.assigned_to = me)
        order by c.est_value desc, c.id desc
        limit least(max_rows, 1000);
    end if;
end;
$$;
comment on function app.contacts_beyond_value(numeric, uuid, boolean, integer) is
    'Ids of the contacts that follow a place in the order of value (upwards, or downwards), among those the caller may see.';

revoke all on function app.contacts_beyond_value(numeric, uuid, boolean, integer) from public;
grant execute on function app.contacts_beyond_value(numeric, uuid, boolean, integer) to authenticated;

commit;
