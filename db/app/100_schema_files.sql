-- Which file of db/schema, db/app and db/changes this database has seen, and with which content.
-- `crm db upgrade` writes one row a file after the file's transaction is committed; a row that is
-- missing or holds another checksum means: apply the files again. Installing with psql leaves the
-- table empty, and the first `crm db upgrade` then adopts the database by applying everything once.

begin;

create schema if not exists app;

create table if not exists app.schema_files (
  path       text        not null,
  checksum   text        not null,
  applied_at timestamptz not null default now(),
  constraint schema_files_pkey primary key (path)
);

comment on table app.schema_files is 'Files of db/ applied to this database by crm db upgrade.';
comment on column app.schema_files.path is 'Path below db/, for example schema/001_create_contacts_table.sql.';
comment on column app.schema_files.checksum is 'SHA-256 of the file''s text, hexadecimal.';

-- Only the owner reads and writes it: the program itself never does.
alter table app.schema_files enable row level security;
revoke all on app.schema_files from public;

commit;
