-- Search from anywhere. What is found and in which order is decided by app.search() (db/app/118).

-- name: search
-- What matches what was typed: at most max_rows of each kind, the best first of each.
select kind, id, contact_id, title, detail, at, rank, corrected
from app.search(:q, :kinds::text[], :max_rows);

-- name: tags_beginning
-- Tags whose name holds what was typed after "#", those that begin with it first.
select t.name, t.color
from tags t
where position(lower(:q) in lower(t.name)) > 0
order by position(lower(:q) in lower(t.name)), lower(t.name)
limit 8;

-- name: people_beginning
-- Active people whose name or address holds what was typed after "@".
select u.id, coalesce(nullif(u.name, ''), u.email) as name, u.role
from app.users u
where u.is_active and position(lower(:q) in lower(u.name || ' ' || u.email)) > 0
order by lower(u.name), u.email
limit 8;
