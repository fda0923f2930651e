-- 003 contact_tags: which contact carries which tag. A pair exists once; it goes with either side.

begin;
set local client_min_messages = warning;

create table if not exists contact_tags (
    id uuid not null default gen_random_uuid(),
    contact_id uuid not null,
    tag_id uuid not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint contact_tags_pkey primary key (id),
    constraint contact_tags_contact_id_tag_id_key unique (contact_id, tag_id),
    constraint contact_tags_contact_id_fkey foreign key (contact_id)
        references contacts (id) on delete cascade,
    constraint contact_tags_tag_id_fkey foreign key (tag_id)
        references tags (id) on delete cascade
);

comment on table contact_tags is 'Tags of contacts (many to many).';

commit;
