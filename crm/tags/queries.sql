-- Tags: the list of the settings, and what changes them. Who may is decided by the policies of tags
-- and by app.merge_tags (db/app/141).

-- name: list_tags
-- Tags whose name holds the words, with how many live contacts and deals wear them, counted up to
-- `most`: links by their index alone, less those of the trash.
with trash as (
    select l.tag_id, count(*) as contacts, 0 as deals
    from contacts c join contact_tags l on l.contact_id = c.id
    where c.deleted_at is not null
    group by l.tag_id
    union all
    select l.tag_id, 0, count(*)
    from deals d join deal_tags l on l.deal_id = d.id
    where d.deleted_at is not null
    group by l.tag_id)
select t.id, t.name, t.color, t.is_system, used.contacts, used.deals
from tags t
left join (select x.tag_id, sum(x.contacts)::bigint as contacts, sum(x.deals)::bigint as deals
           from trash x group by x.tag_id) gone on gone.tag_id = t.id
cross join lateral (
    select (select count(*) from (select from contact_tags l where l.tag_id = t.id limit :most) x)
           - coalesce(gone.contacts, 0) as contacts,
           (select count(*) from (select from deal_tags l where l.tag_id = t.id limit :most) x)
           - coalesce(gone.deals, 0) as deals) used
where position(lower(:q) in lower(t.name)) > 0
order by case when :by_use then used.contacts + used.deals end desc, lower(t.name)
limit :row_limit;

-- name: tag_names
-- Every tag by name, to choose one from.
select t.id, t.name::text from tags t order by lower(t.name) limit 1000;

-- name: find_tag^
-- One tag.
select t.id, t.name::text, t.color::text, t.is_system from tags t where t.id = :id;

-- name: tag_named^
-- The tag of this name, whatever its case.
select t.id, t.name::text from tags t where lower(t.name) = lower(:name);

-- name: add_tag$
-- A new tag; gives its id.
insert into tags (name, color) values (:name, :color) returning id;

-- name: change_tag$
-- Another name and colour; gives the id.
update tags set name = :name, color = :color where id = :id returning id;

-- name: delete_tag$
-- Deletes a tag, which its contacts and deals lose; gives the id.
delete from tags where id = :id and not is_system returning id;

-- name: merge_tags^
-- Merges tags into another one; how many contacts and deals were touched.
select contacts, deals from app.merge_tags(:sources::uuid[], :target);

-- name: gone_with_batch$
-- The names of the tags that a batch deleted or merged; NULL when it was undone, or is none.
select string_agg(c.old ->> 'name', ', ' order by c.id)
from app.changes c
where c.batch = :batch and c.table_name = 'tags' and c.operation = 'delete' and c.undone_at is null;

-- name: take_two_minutes!
-- A merge and the deletion of a tag that fifty thousand contacts wear may take longer than a page.
set local statement_timeout = '120s';
