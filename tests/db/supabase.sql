-- What a Supabase project has before anybody installs anything: its roles, its schemas, its default
-- privileges and its publication. The installing role is no superuser there either.
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
create role project_owner login createrole createdb bypassrls;
grant anon, authenticated, service_role to authenticator, project_owner with admin option;

alter database project owner to project_owner;
alter database project set pgrst.db_schemas = 'public';
alter database project set search_path = "$user", public, extensions;
alter schema public owner to project_owner;
grant usage on schema public to anon, authenticated, service_role;

create schema auth;
create table auth.users (id uuid primary key, email text);
create function auth.jwt() returns jsonb language sql stable as
$$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create function auth.uid() returns uuid language sql stable as
$$ select (auth.jwt() ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$ select auth.jwt() ->> 'role' $$;
grant usage on schema auth to anon, authenticated, service_role, project_owner;

create schema extensions;
create schema storage;
grant all on schema extensions, storage to project_owner;
grant usage on schema extensions, storage to anon, authenticated, service_role;

alter default privileges for role project_owner in schema public
    grant all on tables to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
    grant all on functions to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
    grant all on sequences to anon, authenticated, service_role;

create publication supabase_realtime;
alter publication supabase_realtime owner to project_owner;
