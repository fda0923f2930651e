-- Last: every function of schema app looks for unqualified names in the schema of the 15 tables
-- and nowhere else (pg_temp last, so that nobody can put a table of theirs in front).
begin;

do $$
declare
    signature regprocedure;
begin
    for signature in
        select p.oid::regprocedure
        from pg_proc p
        where p.pronamespace = 'app'::regnamespace and p.prokind = 'f'
    loop
        execute format('alter function %s set search_path = %I, pg_temp', signature, current_schema());
    end loop;
end;
$$;

commit;
