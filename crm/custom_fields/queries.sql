-- The workspace's own fields. Owners and admins change them (policies of app.custom_fields).

-- name: list_fields
-- Every field with its uses: archived ones last.
select f.id, f.table_name::text, f.key::text, f.label::text, f.kind::text, f.choices, f.archived_at
from app.custom_fields f
order by f.table_name, f.archived_at is not null, f.position, lower(f.label);

-- name: find_field^
-- One field.
select f.id, f.table_name::text, f.key::text, f.label::text, f.kind::text, f.choices, f.archived_at
from app.custom_fields f
where f.id = :id;

-- name: add_field$
-- A new field at the end; gives its id.
insert into app.custom_fields (table_name, key, label, kind, choices, position)
values (:table_name::text, :key, :label, :kind, :choices,
        (select coalesce(max(f.position) + 1, 0) from app.custom_fields f
         where f.table_name = :table_name::text))
returning id;

-- name: change_field$
-- Another label or other choices; gives the id, or nothing when it is not the caller's to change.
update app.custom_fields set label = :label, choices = :choices where id = :id returning id;

-- name: archive_field$
-- Hides a field, or brings it back; gives the id, or nothing.
update app.custom_fields
set archived_at = case when :is_archived then now() end
where id = :id
returning id;

-- name: move_field$
-- Changes places with the field before (-1) or after (1); gives how many rows were renumbered.
with ranked as (
    select f.id, row_number() over (order by f.position, lower(f.label)) as place
    from app.custom_fields f
    where f.table_name = (select x.table_name from app.custom_fields x where x.id = :id)
      and f.archived_at is null),
wanted as (
    select r.id,
           case when r.id = :id then r.place + :step
                when r.place = (select x.place + :step from ranked x where x.id = :id)
                then r.place - :step
                else r.place end as place
    from ranked r
    where (select x.place + :step from ranked x where x.id = :id)
          between 1 and (select count(*) from ranked)),
done as (
    update app.custom_fields f set position = w.place
    from wanted w
    where w.id = f.id and f.position <> w.place
    returning f.id)
select count(*) from done;
