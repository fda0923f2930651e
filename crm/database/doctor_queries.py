"""What the doctor asks the catalogue; each query returns the troubles it knows, or no row."""

SERVER = """
    select current_setting('server_version_num')::int as version,
           current_setting('server_version') as text,
           current_setting('fsync') as fsync, current_setting('autovacuum') as autovacuum,
           (select max(age(datfrozenxid)) from pg_database) as age
"""

ROLES = """
    select name from unnest(array['anon', 'authenticated', 'service_role']) as name
    where not exists (select from pg_roles where rolname = name)
"""

APP_LOGIN = """
    select rolname, rolsuper, rolbypassrls,
           coalesce(pg_has_role(current_user, to_regrole('authenticated'), 'member'), false)
               as is_member
    from pg_roles where rolname = current_user
"""

# The tables of the schema that the program works in, and its own; not those of extensions.
_OURS = """
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in (current_schema(), 'app')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
"""

EXPOSED_TABLES = f"""
    select c.oid::regclass::text as name {_OURS}
    and c.relkind in ('r', 'p') and not c.relrowsecurity order by 1
"""

TABLES_WITHOUT_POLICY = f"""
    select c.oid::regclass::text as name {_OURS}
    and n.nspname <> 'app' and c.relkind in ('r', 'p') and c.relrowsecurity
    and not exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive) order by 1
"""  # noqa: S608

# From 15 on a view can obey the policies of whoever asks …
LOOSE_VIEWS = f"""
    select c.oid::regclass::text as name {_OURS}
    and n.nspname <> 'app' and c.relkind = 'v'
    and not coalesce('security_invoker=true' = any (c.reloptions)
                     or 'security_invoker=on' = any (c.reloptions), false) order by 1
"""

# … before, it obeys those of its owner, who must then be bound by them.
EXPOSED_VIEWS = f"""
    select c.oid::regclass::text as name {_OURS}
    and n.nspname <> 'app' and c.relkind = 'v'
    and exists (select from pg_roles r where r.oid = c.relowner
                and (r.rolsuper or r.rolbypassrls or r.rolcanlogin)) order by 1
"""  # noqa: S608

INVALID_INDEXES = """
    select i.indexrelid::regclass::text as name from pg_index i
    where not i.indisvalid or not i.indisready order by 1
"""

MISSING_FK_INDEXES = """
    select k.conrelid::regclass::text as table, k.confrelid::regclass::text as target,
           (select string_agg(quote_ident(a.attname), ', ' order by place)
            from unnest(k.conkey) with ordinality as used (attnum, place)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = used.attnum) as columns
    from pg_constraint k
    where k.contype = 'f'
      and not exists (
          select from pg_index i
          where i.indrelid = k.conrelid and i.indisvalid
            -- the key's columns lead the index, in any order; a partial index may skip NULLs
            and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
            and coalesce(pg_get_expr(i.indpred, i.indrelid), '(x IS NOT NULL)')
                ~ '^\\(\\w+ IS NOT NULL\\)$'
      )
    order by 1, 3
"""

# Bigger than 10 MB, watched for at least a week, and not there to enforce something.
UNUSED_INDEXES = """
    with watched as (
        select stats_reset as since from pg_stat_database where datname = current_database()
    )
    select s.indexrelid::regclass::text as name, (select since from watched) as since,
           pg_size_pretty(pg_relation_size(s.indexrelid)) as size
    from pg_stat_user_indexes s
    join pg_index i on i.indexrelid = s.indexrelid
    where (select since from watched) < now() - interval '7 days'
      and s.idx_scan = 0 and not i.indisunique and i.indisvalid
      and pg_relation_size(s.indexrelid) > 10 * 1024 * 1024
    order by pg_relation_size(s.indexrelid) desc
"""

UNVALIDATED = """
    select quote_ident(k.conname) as name, k.conrelid::regclass::text as table
    from pg_constraint k
    where not k.convalidated and k.conrelid <> 0 order by 2, 1
"""

# Some conversations ($1) from a random place in the order of their ids: a cheap sample. The place
# is a subquery: chosen once, and found by the index.
COUNTERS = """
    with looked_at as (
        select id, message_count, unread_count from conversations
        where id >= (
            select case when count(*) > $1 then gen_random_uuid()
                        else '00000000-0000-0000-0000-000000000000' end
            from (select from conversations limit $1 + 1) c)
        order by id limit $1
    )
    select count(*) as looked_at,
           count(*) filter (where (message_count, unread_count) <> (entries, unread)) as wrong
    from looked_at c
    cross join lateral (
        select count(*) as entries, count(*) filter (where is_unread) as unread
        from (select direction = 'inbound' and read_at is null as is_unread
              from messages where conversation_id = c.id
              union all
              select direction = 'inbound' and read_at is null
                     and status in ('missed', 'voicemail')
              from calls where conversation_id = c.id
              union all
              select direction = 'inbound' and read_at is null
              from emails where conversation_id = c.id) item
    ) again
"""

# The tasks that return each minute, and since when those fail that do.
UPKEEP = """
    select name, error, succeeded_at,
           coalesce(to_char(succeeded_at, 'YYYY-MM-DD HH24:MI'), 'the beginning') as since
    from app.upkeep_runs order by name
"""
