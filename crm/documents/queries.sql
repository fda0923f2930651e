-- Documents. A document is a family of versions, known by the id of its first one; lists show the
-- newest of each.

-- name: list_documents
-- Newest versions after a place in the order of upload, newest first. `linked`: contact, deal,
-- activity, nothing or NULL for any.
with page as (
    select d.id
    from documents d
    where d.is_archived = :archived::boolean
      and not exists (
          select from documents n
          where coalesce(n.parent_document_id, n.id) = coalesce(d.parent_document_id, d.id)
            and n.version > d.version)
      and (:document_type::text is null or d.document_type = :document_type)
      and (:q::text is null or d.name ilike :q or d.original_name ilike :q)
      and (:contact_id::uuid is null or d.contact_id = :contact_id)
      and (:deal_id::uuid is null or d.deal_id = :deal_id)
      and case :linked::text when 'contact' then d.contact_id is not null
              when 'deal' then d.deal_id is not null
              when 'activity' then d.activity_id is not null
              when 'nothing' then d.contact_id is null and d.deal_id is null
                  and d.activity_id is null
              else true end
      and (:at::text is null or (d.uploaded_at, d.id) < (:at::text::timestamptz, :after_id::text::uuid))
    order by d.uploaded_at desc, d.id desc
    limit :row_limit
)
select d.id, d.name, d.document_type, d.mime_type, d.file_size, d.version, d.uploaded_at,
       d.uploaded_at::text as at, coalesce(d.parent_document_id, d.id) as family,
       u.name as uploaded_by_name, d.contact_id, d.deal_id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1) as contact_name,
       e.name as deal_name, a.title as activity_title
from page
join documents d on d.id = page.id
left join app.users u on u.id = d.uploaded_by
left join contacts c on c.id = d.contact_id
left join deals e on e.id = d.deal_id
left join activities a on a.id = d.activity_id
order by d.uploaded_at desc, d.id desc;

-- name: list_documents_before
-- The same before a place, the nearest first.
with page as (
    select d.id
    from documents d
    where d.is_archived = :archived::boolean
      and not exists (
          select from documents n
          where coalesce(n.parent_document_id, n.id) = coalesce(d.parent_document_id, d.id)
            and n.version > d.version)
      and (:document_type::text is null or d.document_type = :document_type)
      and (:q::text is null or d.name ilike :q or d.original_name ilike :q)
      and (:contact_id::uuid is null or d.contact_id = :contact_id)
      and (:deal_id::uuid is null or d.deal_id = :deal_id)
      and case :linked::text when 'contact' then d.contact_id is not null
              when 'deal' then d.deal_id is not null
              when 'activity' then d.activity_id is not null
              when 'nothing' then d.contact_id is null and d.deal_id is null
                  and d.activity_id is null
              else true end
      and (d.uploaded_at, d.id) > (:at::text::timestamptz, :after_id::text::uuid)
    order by d.uploaded_at, d.id
    limit :row_limit
)
select d.id, d.name, d.document_type, d.mime_type, d.file_size, d.version, d.uploaded_at,
       d.uploaded_at::text as at, coalesce(d.parent_document_id, d.id) as family,
       u.name as uploaded_by_name, d.contact_id, d.deal_id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1) as contact_name,
       e.name as deal_name, a.title as activity_title
from page
join documents d on d.id = page.id
left join app.users u on u.id = d.uploaded_by
left join contacts c on c.id = d.contact_id
left join deals e on e.id = d.deal_id
left join activities a on a.id = d.activity_id
order by d.uploaded_at, d.id;

-- name: link_name$
-- What a list of one contact's or one deal's documents is called; nothing for who may not see it.
select coalesce(
    (select coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''),
                     nullif(btrim(c.llc_name), ''), c.phone1, c.email1, 'No name')
     from contacts c where c.id = :contact_id::uuid),
    (select e.name from deals e where e.id = :deal_id::uuid));

-- name: get_document^
-- One version with what it hangs on; nothing for who may not see it.
select d.id, d.name, d.original_name, d.file_path, d.file_size, d.mime_type, d.file_extension,
       d.document_type, d.description, d.tags, d.is_archived, d.version, d.checksum, d.uploaded_at,
       d.access_count, d.last_accessed_at, d.updated_at, d.contact_id, d.deal_id, d.activity_id,
       coalesce(d.parent_document_id, d.id) as family, u.name as uploaded_by_name,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as contact_name,
       e.name as deal_name, a.title as activity_title
from documents d
left join app.users u on u.id = d.uploaded_by
left join contacts c on c.id = d.contact_id
left join deals e on e.id = d.deal_id
left join activities a on a.id = d.activity_id
where d.id = :id;

-- name: list_versions
-- All versions of a document, newest first; `id` may be any of them.
select d.id, d.name, d.original_name, d.file_size, d.mime_type, d.version, d.uploaded_at, d.checksum,
       d.file_path, d.is_archived, u.name as uploaded_by_name
from documents d
left join app.users u on u.id = d.uploaded_by
where coalesce(d.parent_document_id, d.id) = (
    select coalesce(f.parent_document_id, f.id) from documents f where f.id = :id)
order by d.version desc;

-- name: family$
-- The id by which a document is known: that of its first version.
select coalesce(d.parent_document_id, d.id) from documents d where d.id = :id;

-- name: expect_file$
-- Bytes are about to be written under this path.
select app.expect_document_file(:path);

-- name: add_document^
-- A row for bytes that are stored.
insert into documents (
    contact_id, deal_id, activity_id, name, original_name, file_path, file_size, mime_type,
    file_extension, document_type, description, tags, checksum, uploaded_by)
values (
    :contact_id, :deal_id, :activity_id, :name, :original_name, :file_path, :file_size, :mime_type,
    :file_extension, :document_type, :description, :tags, :checksum, current_user_id())
returning id, version;

-- name: add_version^
-- A new version of a document: the stored bytes under the words and links of the newest one.
insert into documents (
    parent_document_id, contact_id, deal_id, activity_id, name, original_name, file_path, file_size,
    mime_type, file_extension, document_type, category, description, tags, metadata, checksum,
    is_public, uploaded_by)
select coalesce(d.parent_document_id, d.id), d.contact_id, d.deal_id, d.activity_id, d.name,
       :original_name, :file_path, :file_size, :mime_type, :file_extension, d.document_type,
       d.category, d.description, d.tags, d.metadata, :checksum, d.is_public, current_user_id()
from documents d
where coalesce(d.parent_document_id, d.id) = (
    select coalesce(f.parent_document_id, f.id) from documents f where f.id = :id)
order by d.version desc
limit 1
returning id, version;

-- name: restore_version^
-- A new version with the bytes of an old one, which is locked so that nobody deletes it meanwhile.
with former as (
    select o.* from documents o where o.id = :old_id for share
), newest as (
    select d.* from documents d, former
    where coalesce(d.parent_document_id, d.id) = coalesce(former.parent_document_id, former.id)
    order by d.version desc
    limit 1
)
insert into documents (
    parent_document_id, contact_id, deal_id, activity_id, name, original_name, file_path, file_size,
    mime_type, file_extension, document_type, category, description, tags, metadata, checksum,
    is_public, uploaded_by)
select coalesce(n.parent_document_id, n.id), n.contact_id, n.deal_id, n.activity_id, n.name,
       o.original_name, o.file_path, o.file_size, o.mime_type, o.file_extension, n.document_type,
       n.category, n.description, n.tags, n.metadata, o.checksum, n.is_public, current_user_id()
from former o, newest n
returning id, version;

-- name: edit_document$
-- Change what a version is called and said to be, unless it changed since `version`; gives its id.
update documents
set name = :name, document_type = :document_type, description = :description, tags = :tags
where id = :id and updated_at = :updated_at
returning id;

-- name: link_document$
-- Hang a document on other records; gives its id.
update documents
set contact_id = :contact_id, deal_id = :deal_id, activity_id = :activity_id
where id = :id
returning id;

-- name: find_links
-- Contacts and deals with these words, for the choice of a link.
(select 'contact' as kind, c.id,
        coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                 c.phone1, c.email1, 'No name') as name, c.llc_name::text as detail
 from contacts c
 where c.id = any (array(select app.search_contact_ids(:q, 6)))
 order by 3
 limit 6)
union all
(select 'deal', e.id, e.name, e.stage
 from deals e
 where e.deleted_at is null and e.name ilike :pattern
 order by e.updated_at desc
 limit 6);

-- name: archive_document$
-- Take a document out of the list, or put it back; gives its id.
update documents set is_archived = :archived
where id = :id
returning id;

-- name: delete_documents
-- Delete a document with all its versions; gives the ids that were deleted.
delete from documents
where coalesce(parent_document_id, id) = (
    select coalesce(f.parent_document_id, f.id) from documents f where f.id = :id)
returning id;

-- name: count_access$
-- Somebody opened or downloaded it.
select app.count_document_access(:id);

-- name: due_files
-- Paths whose bytes no document uses any more.
select path from app.due_document_files(:max_rows) as path;

-- name: forget_files$
-- Their bytes are gone.
select app.forget_document_files(:paths);

-- name: may_write$
-- Whether the caller's role, and the scopes of their token, write documents at all.
select coalesce(app.caller_role() in ('owner', 'admin', 'manager', 'agent'), false)
       and app.in_scope('documents', 'write');

-- name: sample_documents
-- The demo's documents, which have rows but no bytes yet; for the owner of the tables.
select d.id, d.name, d.original_name, d.mime_type, d.file_path, d.version
from documents d
where d.file_path = 'documents/' || d.id
order by d.id;

-- name: give_sample_bytes!
-- Let a row of the demo say what its file really is.
update documents
set file_path = :file_path, file_size = :file_size, mime_type = :mime_type, checksum = :checksum,
    original_name = :original_name, file_extension = :file_extension
where id = :id;
