-- 020 live changes on Supabase: adds the tables people watch to publication supabase_realtime.
-- Does nothing, and is safe to skip, where that publication does not exist. Row level security
-- decides who receives inserts and updates; of deleted rows Realtime sends the primary key only, so
-- replica identity stays the default. The program's own live updates do not need this file.

begin;
set local client_min_messages = warning;

do $$
declare
    watched name;
begin
    for watched in
        select t.name
        from pg_publication p
        cross join unnest(array['contacts', 'messages', 'calls', 'activities', 'deals',
                                'conversations', 'vapi_calls']) as t (name)
        where p.pubname = 'supabase_realtime' and not p.puballtables
          and not exists (
              select from pg_publication_rel r
              where r.prpubid = p.oid and r.prrelid = to_regclass(quote_ident(t.name)))
    loop
        execute format('alter publication supabase_realtime add table %I', watched);
    end loop;
exception when insufficient_privilege then
    set local client_min_messages = notice;
    raise notice 'publication supabase_realtime belongs to somebody else (%): add the tables there', sqlerrm;
    set local client_min_messages = warning;
end $$;

commit;
