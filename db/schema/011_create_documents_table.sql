-- 011 documents: files, of a contact, a deal, an activity or none. Nothing deletes a document but
-- its own delete: every parent is optional and set to NULL when it goes, because file_path is the
-- only trace of the stored file.

begin;
set local client_min_messages = warning;

create table if not exists documents (
    id uuid not null default gen_random_uuid(),
    contact_id uuid,
    deal_id uuid,
    activity_id uuid,
    parent_document_id uuid,
    name varchar(500) not null,
    original_name varchar(500),
    file_path text not null,
    file_size bigint,
    mime_type varchar(255),
    file_extension varchar(20),
    document_type varchar(50) not null default 'other',
    category varchar(100),
    description text,
    is_public boolean not null default false,
    is_archived boolean not null default false,
    version integer not null default 1,
    checksum varchar(64),
    tags text[] not null default '{}',
    metadata jsonb not null default '{}',
    uploaded_by uuid,
    uploaded_at timestamptz not null default now(),
    last_accessed_at timestamptz,
    access_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint documents_pkey primary key (id),
    constraint documents_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete set null,
    constraint documents_deal_id_fkey foreign key (deal_id)
        references deals (id) on delete set null,
    constraint documents_activity_id_fkey foreign key (activity_id)
        references activities (id) on delete set null,
    constraint documents_parent_document_id_fkey foreign key (parent_document_id)
        references documents (id) on delete set null,
    constraint documents_name_check check (btrim(name) <> ''),
    constraint documents_file_path_check check (btrim(file_path) <> ''),
    constraint documents_file_size_check check (file_size >= 0),
    constraint documents_document_type_check check (document_type in (
        'contract', 'proposal', 'invoice', 'receipt', 'report', 'presentation', 'image', 'audio',
        'video', 'identification', 'correspondence', 'other')),
    constraint documents_version_check check (version >= 1),
    constraint documents_checksum_check check (checksum ~ '^[0-9a-f]+$'),
    constraint documents_access_count_check check (access_count >= 0),
    constraint documents_parent_document_id_check check (parent_document_id <> id),
    constraint documents_metadata_check check (jsonb_typeof(metadata) = 'object')
);

comment on table documents is 'Stored files of contacts, deals and activities.';
comment on column documents.parent_document_id is 'The version this one replaces.';
comment on column documents.name is 'What people see; original_name is the name at upload.';
comment on column documents.file_path is 'Key in the file store, never a path of the machine.';
comment on column documents.file_size is 'Bytes.';
comment on column documents.checksum is 'SHA-256 of the content, lower-case hex.';
comment on column documents.is_public is 'May be opened with its link without signing in.';

commit;
