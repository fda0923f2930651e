-- 009 deal_tags: which deal carries which tag. A pair exists once; it goes with either side.

begin;
set local client_min_messages = warning;

create table if not exists deal_tags (
    id uuid not null default gen_random_uuid(),
    deal_id uuid not null,
    tag_id uuid not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint deal_tags_pkey primary key (id),
    constraint deal_tags_deal_id_tag_id_key unique (deal_id, tag_id),
    constraint deal_tags_deal_id_fkey foreign key (deal_id)
        references deals (id) on delete cascade,
    constraint deal_tags_tag_id_fkey foreign key (tag_id)
        references tags (id) on delete cascade
);

comment on table deal_tags is 'Tags of deals (many to many).';

commit;
