-- The trash of contacts and deals; the rules are in db/app/121_trash.sql.

-- name: trash
-- A page of what the caller sees there, newest first, before a place.
select t.id, t.name, t.detail, t.contact_id, t.contact_in_trash, t.deleted_at, t.deleted_by, t.days_left
from app.trash(:kind, :before_at, :before_id, :row_limit) t;

-- name: in_trash^
-- One of them, if the caller sees it; kind is contacts or deals.
select c.id, app.shown_name(c) as name, c.id as contact_id
from contacts c
where :kind::text = 'contacts' and c.id = :item and c.deleted_at is not null
union all
select d.id, d.name::text, d.contact_id
from deals d
where :kind::text = 'deals' and d.id = :item and d.deleted_at is not null;

-- name: found^
-- One of them, wherever it is now.
select c.id, app.shown_name(c) as name, c.id as contact_id, c.deleted_at
from contacts c
where :kind::text = 'contacts' and c.id = :item
union all
select d.id, d.name::text, d.contact_id, d.deleted_at
from deals d
where :kind::text = 'deals' and d.id = :item;

-- name: goes_along^
-- What is deleted with a contact, in numbers.
select (select count(*) from messages m where m.contact_id = :item) as messages,
       (select count(*) from calls k where k.contact_id = :item) as calls,
       (select count(*) from emails e where e.contact_id = :item) as emails,
       (select count(*) from activities a where a.contact_id = :item) as activities,
       (select count(*) from deals d where d.contact_id = :item) as deals;

-- name: restore$
-- Takes it out; false when the caller may not.
select app.restore_from_trash(:kind, :item);

-- name: delete_forever$
-- Deletes it; false when the caller may not.
select app.delete_forever(:kind, :item);

-- name: trash_days$
-- Days until the trash is emptied.
select app.trash_days();

-- name: set_trash_days!
-- Changes that, for owners and admins.
insert into app.settings (key, value)
values ('trash_days', to_jsonb(:days::integer))
on conflict (key) do update set value = excluded.value;
