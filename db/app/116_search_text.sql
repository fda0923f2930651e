-- What the search box looks in: GIN indexes over expressions, so that no table has a column more.
--
-- Names and titles: words as they are written ("simple": no stemming, no stop words; Will and May
-- are people), found by their beginnings. Texts that people write: English words by their stem.
-- A search must repeat the expression exactly; app.search() in 118 is the only one that does.
-- plain_words() is part of these expressions: after changing it, reindex the indexes ending in
-- _name_idx and _title_idx. Texts are read up to 100,000 characters: a tsvector over 1 MB is an
-- error and would refuse the e-mail. New entries wait in a short pending list (256 kB): inserts stay
-- cheap, and a search reads at most that much beside the index.
--
-- Speed must not depend on how common a word is. A search first looks at the 500 newest rows (100
-- of long texts). When as many matches as wanted are to be expected within twice the square root of
-- (wanted * rows), it goes on walking there; else there are hardly more matches than that, and the
-- index gives all of them (at most 6,000), which are ranked and sorted. The planner is not asked: it
-- expects a fiftieth of the table for the beginning of any word, even of one that nobody ever wrote.
begin;
set local client_min_messages = warning;

create or replace function plain_words(words text) returns text
language sql immutable parallel safe as $$
    -- ASCII punctuation; a regular expression costs a tenth of translate() with as many characters
    select ' ' || lower(regexp_replace(words, '[!-/:-@[-`{-~]', ' ', 'g'))
$$;
comment on function plain_words(text) is
    'Lower-case words with a space in front of each and instead of punctuation: "O''Neil-Ruiz" is " o neil ruiz". Part of index expressions (116): a change of it needs a REINDEX.';

do $$
declare
    caller name;
begin
    revoke all on function plain_words(text) from public;
    for caller in
        select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
        execute format('revoke all on function plain_words(text) from %I', caller);
        -- Whoever writes a row computes its index entries.
        if caller <> 'anon' then
            execute format('grant execute on function plain_words(text) to %I', caller);
        end if;
    end loop;
end;
$$;

-- Names and titles ------------------------------------------------------------------------------

create index if not exists contacts_name_idx on contacts using gin (
    to_tsvector('simple'::regconfig, plain_words(
        first_name || ' ' || last_name || ' ' || coalesce(llc_name, ''))))
    with (fastupdate = on, gin_pending_list_limit = 256) where deleted_at is null;
create index if not exists deals_name_idx on deals using gin (
    to_tsvector('simple'::regconfig, plain_words(name)))
    with (fastupdate = on, gin_pending_list_limit = 256) where deleted_at is null;
create index if not exists activities_title_idx on activities using gin (
    to_tsvector('simple'::regconfig, plain_words(title)))
    with (fastupdate = on, gin_pending_list_limit = 256);
create index if not exists documents_name_idx on documents using gin (
    to_tsvector('simple'::regconfig, plain_words(name || ' ' || coalesce(original_name, ''))))
    with (fastupdate = on, gin_pending_list_limit = 256) where not is_archived;

-- Texts -----------------------------------------------------------------------------------------

create index if not exists messages_text_idx on messages using gin (
    to_tsvector('english'::regconfig, left(content, 100000)))
    with (fastupdate = on, gin_pending_list_limit = 256);
create index if not exists emails_text_idx on emails using gin (
    to_tsvector('english'::regconfig, left(subject || ' ' || body, 100000)))
    with (fastupdate = on, gin_pending_list_limit = 256);
create index if not exists calls_text_idx on calls using gin (
    to_tsvector('english'::regconfig,
        left(coalesce(notes, '') || ' ' || coalesce(transcript, ''), 100000)))
    with (fastupdate = on, gin_pending_list_limit = 256)
    where notes is not null or transcript is not null;
create index if not exists vapi_calls_text_idx on vapi_calls using gin (
    to_tsvector('english'::regconfig,
        left(coalesce(summary, '') || ' ' || coalesce(transcript, ''), 100000)))
    with (fastupdate = on, gin_pending_list_limit = 256);

-- How they are used -------------------------------------------------------------------------------
-- These run inside app.search() and are nobody else's to call.

create or replace function app.search_candidates(
    relation text, newest text, columns text, moment text, sample integer, indexed text, walked text,
    preference text, visible text, most integer)
returns table (id uuid, rank integer, at timestamptz)
language plpgsql stable rows 20
set enable_seqscan = off set enable_indexscan = on set max_parallel_workers_per_gather = 0 as $$
declare
    size constant double precision := (
        select greatest(c.reltuples, 0) from pg_class c where c.oid = relation::regclass);
    -- Long texts are slow to look at one by one: a smaller sample, and not as far.
    farthest constant double precision := 2 * sqrt(most * size) * sample / 500;
    reach integer := case when size > 4 * sample then sample end;
    ids uuid[];
    ranks integer[];
    ats timestamptz[];
    seen integer;
begin
    -- The parts are made in 118, every value in them by %L.
    -- @plpgsql_check_options: security_warnings = off
    while reach <= greatest(sample, farthest) loop
        execute format(
            'select array_agg(w.id), array_agg(w.rank), array_agg(w.at)
             from (select s.id, s.rank, s.at
                   from (select %s, %s as rank, t.%4$I as at
                         from (select * from %3$s order by %4$I desc limit %8$s) t where %5$s) s
                   where %6$s order by s.at desc limit %7$s) w',
            columns, preference, newest, moment, walked, visible, most, reach)
        into ids, ranks, ats;
        seen := coalesce(cardinality(ids), 0);
        if seen >= most then
            return query select * from unnest(ids, ranks, ats);
            return;
        end if;
        exit when reach > sample or seen = 0;
        reach := (reach * most * 1.5 / seen)::integer;
    end loop;
    -- Without sequential scans (see above) and without an order, only the index is left. Starting
    -- parallel workers would take longer than the search. Where nothing else is looked up, plain index
    -- scans are off too: one of a partial index reads the whole table for the 6,000 it is promised.
    if visible = 'true' then
        perform set_config('enable_indexscan', 'off', true); -- until the end of this function
    end if;
    return query execute format(
        'select s.id, s.rank, s.at
         from (select c.* from (select %s, %s as rank, t.%I as at
                                from %I t where %s limit 6000) c
               order by c.rank desc, c.at desc) s
         where %s limit %s',
        columns, preference, moment, relation, indexed, visible, most);
end;
$$;
comment on function app.search_candidates(text, text, text, text, integer, text, text, text, text, integer) is
    'The best or newest rows that meet a condition: "indexed" as an index knows it, "walked" as it is quickly tested row by row of "newest", of which a sample is looked at first.';

create or replace function app.search_text_query(typed text, words text[]) returns tsquery
language plpgsql stable set client_min_messages = warning as $$
declare
    whole constant tsquery := websearch_to_tsquery('english', typed);
    last constant text := words[cardinality(words)];
begin
    -- The last word may still be being typed, unless an operator follows the rules of its own.
    if length(last) < 3 or typed ~ '"|(^|\s)-|[\s[:punct:]]$' then
        return whole;
    end if;
    return whole || (
        websearch_to_tsquery('english', array_to_string(words[:cardinality(words) - 1], ' '))
        && (quote_literal(last) || ':*')::tsquery);
end;
$$;
comment on function app.search_text_query(text, text[]) is
    'What was typed as a query of English texts: quotes, or, - as on the web; the last word is found by its beginning.';

create or replace function app.search_snippet(body text, words text[]) returns text
language plpgsql immutable as $$
declare
    small constant text := lower(left(body, 100000));
    word text;
    place integer := 0;
    line text;
begin
    foreach word in array words loop
        -- A stem: "offer" is also in "offering", and "offering" found "offer".
        place := strpos(small, left(word, greatest(length(word) - 3, 3)));
        exit when place > 0;
    end loop;
    place := case when place > 60 then place - 40 else 1 end;
    line := btrim(regexp_replace(substr(body, place, 240), '\s+', ' ', 'g'));
    if place > 1 then
        line := regexp_replace(line, '^\S{1,20} ', ''); -- probably half a word
    end if;
    return case when place > 1 then '…' else '' end || left(line, 160)
        || case when length(line) > 160 then '…' else '' end;
end;
$$;
comment on function app.search_snippet(text, text[]) is
    'Up to 160 characters of a text around the first of the words, on one line.';

revoke all on function
    app.search_candidates(text, text, text, text, integer, text, text, text, text, integer),
    app.search_text_query(text, text[]), app.search_snippet(text, text[]) from public;

commit;
