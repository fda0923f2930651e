-- 001 contacts: people and companies, with the property they are known for.
--
-- First file of the schema, so it also brings the extensions: pg_trgm (substring search) and
-- uuid-ossp (asked for by the specification, not used by the schema) where the server has them,
-- and pgcrypto on PostgreSQL 12, whose core has no gen_random_uuid(). They go into schema
-- "extensions" (Supabase) or else "public" where search_path names it, because all workspaces share
-- them. Names are unqualified in all files: everything else is installed into the first schema of
-- search_path. Each file is one transaction and may be run again.

begin;
set local client_min_messages = warning;

do $$
declare
    wanted record;
    home text := coalesce(
        (select nspname from pg_namespace
         where nspname in ('extensions', 'public') and nspname = any (current_schemas(false))
           and has_schema_privilege(oid, 'create')
         order by nspname limit 1),
        current_schema());
begin
    for wanted in
        select v.name, v.needed
        from (values ('pgcrypto', to_regprocedure('gen_random_uuid()') is null),
                     ('pg_trgm', false), ('uuid-ossp', false)) as v (name, needed)
        where (v.needed or v.name <> 'pgcrypto')
          and not exists (select from pg_extension e where e.extname = v.name)
    loop
        begin
            execute format('create extension if not exists %I with schema %I', wanted.name, home);
        exception when others then
            if wanted.needed then
                raise exception 'PostgreSQL % needs extension pgcrypto for gen_random_uuid(): %',
                    current_setting('server_version'), sqlerrm;
            end if;
            set local client_min_messages = notice;
            raise notice 'extension % is not installed (%), the schema works without it',
                wanted.name, sqlerrm;
            set local client_min_messages = warning;
        end;
    end loop;
end $$;

create table if not exists contacts (
    id uuid not null default gen_random_uuid(),
    first_name varchar(100) not null default '',
    last_name varchar(100) not null default '',
    llc_name varchar(200),
    job_title varchar(150),
    phone1 varchar(20),
    phone2 varchar(20),
    phone3 varchar(20),
    email1 varchar(255),
    email2 varchar(255),
    email3 varchar(255),
    mailing_address text,
    property_address text,
    city varchar(100),
    state varchar(50),
    zip_code varchar(20),
    property_county varchar(100),
    property_type varchar(50),
    bedrooms integer,
    total_bathrooms numeric(5, 2),
    building_sqft integer,
    lot_size_sqft integer,
    effective_year_built integer,
    est_value numeric(15, 2),
    debt_owed numeric(15, 2),
    est_equity numeric(15, 2),
    last_sale_date date,
    last_sale_amount numeric(15, 2),
    deal_status varchar(50) not null default 'lead',
    lead_source varchar(100),
    assigned_to uuid,
    timezone varchar(50),
    dnc boolean not null default false,
    dnc_reason text,
    sms_opt_out boolean not null default false,
    email_opt_out boolean not null default false,
    notes text,
    avatar_url text,
    custom_fields jsonb not null default '{}',
    created_by uuid,
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint contacts_pkey primary key (id),
    constraint contacts_identity_check check (
        btrim(first_name) <> '' or btrim(last_name) <> '' or btrim(coalesce(llc_name, '')) <> ''
        or phone1 is not null or email1 is not null),
    constraint contacts_phone1_check check (phone1 ~ '^\+?[1-9][0-9]{6,14}$'),
    constraint contacts_phone2_check check (phone2 ~ '^\+?[1-9][0-9]{6,14}$'),
    constraint contacts_phone3_check check (phone3 ~ '^\+?[1-9][0-9]{6,14}$'),
    constraint contacts_email1_check check (email1 ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'),
    constraint contacts_email2_check check (email2 ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'),
    constraint contacts_email3_check check (email3 ~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'),
    constraint contacts_bedrooms_check check (bedrooms >= 0),
    constraint contacts_total_bathrooms_check check (total_bathrooms >= 0),
    constraint contacts_building_sqft_check check (building_sqft >= 0),
    constraint contacts_lot_size_sqft_check check (lot_size_sqft >= 0),
    constraint contacts_effective_year_built_check
        check (effective_year_built between 1500 and 2200),
    constraint contacts_est_value_check check (est_value >= 0),
    constraint contacts_debt_owed_check check (debt_owed >= 0),
    constraint contacts_last_sale_amount_check check (last_sale_amount >= 0),
    constraint contacts_deal_status_check check (deal_status in (
        'lead', 'qualified', 'proposal', 'negotiation', 'contract', 'closing',
        'closed_won', 'closed_lost')),
    constraint contacts_timezone_check check (timezone ~ '^[A-Za-z][A-Za-z0-9_+/-]*$'),
    constraint contacts_custom_fields_check check (jsonb_typeof(custom_fields) = 'object')
);

comment on table contacts is
    'People and companies: how to reach them, the property they own, where the business with them stands.';
comment on column contacts.llc_name is 'Company that owns the property, when it is not a person.';
comment on column contacts.phone1 is
    'Preferred number, E.164 (+13055550134); phone2 and phone3 are further ones.';
comment on column contacts.email1 is 'Preferred address; email2 and email3 are further ones.';
comment on column contacts.mailing_address is
    'Where post goes, when that is not the property address.';
comment on column contacts.effective_year_built is 'Year of the last full renovation, or of building.';
comment on column contacts.est_value is 'Estimated market value of the property.';
comment on column contacts.est_equity is
    'Estimated value minus debt; negative when more is owed than the property is worth.';
comment on column contacts.deal_status is
    'Where the business with this contact stands; the words of the default pipeline.';
comment on column contacts.assigned_to is
    'User in charge. No foreign key: users live in app.users, or in auth.users on Supabase.';
comment on column contacts.timezone is
    'IANA name (America/New_York), for quiet hours; NULL means the workspace''s own.';
comment on column contacts.dnc is 'Do not contact on any channel, for dnc_reason.';
comment on column contacts.sms_opt_out is 'Answered STOP: no text messages until START.';
comment on column contacts.email_opt_out is 'Unsubscribed from e-mail.';
comment on column contacts.custom_fields is 'Fields of the workspace: one JSON object, key to value.';
comment on column contacts.deleted_at is
    'When it was put in the bin. A hard delete also removes messages, calls, e-mails and deals.';

commit;
