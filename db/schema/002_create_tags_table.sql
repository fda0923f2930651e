-- 002 tags: coloured words for contacts and deals. Names are unique without regard to case
-- (unique index tags_name_key in 017).

begin;
set local client_min_messages = warning;

create table if not exists tags (
    id uuid not null default gen_random_uuid(),
    name varchar(100) not null,
    color varchar(7) not null default '#3B82F6',
    description text,
    is_system boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint tags_pkey primary key (id),
    constraint tags_name_check check (btrim(name) <> ''),
    constraint tags_color_check check (color ~ '^#[0-9A-Fa-f]{6}$')
);

comment on table tags is 'Categories of contacts and deals.';
comment on column tags.color is 'Colour of the chip, #RRGGBB.';
comment on column tags.is_system is 'Made by the program; people may not rename or delete it.';

commit;
