-- The search box: one function over contacts, deals, activities, messages, e-mails, calls, AI calls
-- and documents, ranked.
--
-- app.search() runs as the owner, because row level security switches GIN indexes off, and applies
-- what the policies would: caller_role(), sees_all(), and in_scope() of each kind. A row that hangs on
-- a contact is found when its contact may be seen; without the scope contacts, no title or detail
-- holds a contact's name. What is in the bin, or hangs on a contact in the bin, is not found.
--
-- Indexes, and how common words stay fast: 116. Mistyped names: 117.
--
-- Ranks: 100 phone or e-mail exactly; 90 the whole name; 85 whole words of it; 80 beginnings of its
-- words; 75 title of a deal, activity or document; 70 end of a phone number; 60 corrected names;
-- 55 beginnings of words and 50 parts of anything else; 45 text of a deal or activity; 30 messages,
-- e-mails and transcripts. Equal ranks: what happened last comes first.
begin;
set local client_min_messages = warning;

-- Contacts --------------------------------------------------------------------------------------

create or replace function app.search_names(
    choices jsonb, is_whole boolean, visible text, ranks integer[], most integer)
returns table (id uuid, rank integer, at timestamptz)
language plpgsql stable rows 20 as $$
declare
    names constant text :=
        'plain_words(t.first_name || '' '' || t.last_name || '' '' || coalesce(t.llc_name, ''''))';
    -- Each choice is a list of words of which one must be, or begin, a word of the name.
    query constant text := (
        select string_agg('(' || (
            select string_agg(quote_literal(w) || case when is_whole then '' else ':*' end, ' | ')
            from jsonb_array_elements_text(c.words) w) || ')', ' & ')
        from jsonb_array_elements(choices) c (words));
    walked constant text := (
        select string_agg(format('%s || '' '' like any (%L::text[])', names, array(
            select '% ' || w || case when is_whole then ' %' else '%' end
            from jsonb_array_elements_text(c.words) w)), ' and ')
        from jsonb_array_elements(choices) c (words));
    full_name constant text := (
        select string_agg(c.words ->> 0, ' ' order by c.n)
        from jsonb_array_elements(choices) with ordinality c (words, n));
begin
    return query select * from app.search_candidates(
        'contacts', 'contacts', 't.id', 'updated_at', 500,
        format('%s and to_tsvector(''simple''::regconfig, %s) @@ %L::tsquery', visible, names, query),
        format('%s and %s', visible, walked),
        format('case when btrim(%s) = %L then %s else %s end', names, full_name, ranks[1], ranks[2]),
        'true', most);
end;
$$;
comment on function app.search_names(jsonb, boolean, text, integer[], integer) is
    'Contacts in whose names or company one word of each choice is a word (is_whole) or begins one. ranks: when these words are the whole name, and otherwise.';

create or replace function app.search_contacts(
    typed text, words text[], visible text, most integer)
returns table (id uuid, rank integer, at timestamptz)
language plpgsql stable rows 20 as $$
declare
    content constant text := 'contact_search_text(t.first_name, t.last_name, t.llc_name, t.email1,'
        ' t.email2, t.email3, t.phone1, t.phone2, t.phone3, t.property_address, t.city)';
    digits constant text := regexp_replace(regexp_replace(typed, '\D', '', 'g'),
        case when length(typed) > 8 then '^0+' else '^$' end, '');
    is_phone constant boolean :=
        typed ~ '^[-+()./\s0-9]+$' and length(digits) between 4 and 15;
    tail constant text := case when length(digits) = 11 then regexp_replace(digits, '^1', '')
                               else digits end;
    exact text;
    given text[];
    is_whole boolean;
    parts text;
    found_rows integer;
    enough integer := 0;
begin
    -- Every value in the dynamic parts is made by %L.
    -- @plpgsql_check_options: security_warnings = off
    if is_phone and length(digits) >= 7 then
        exact := 't.phone%s = any ($1)';
        given := array['+' || digits, digits, '+1' || tail, '1' || tail, tail];
    elsif typed ~ '^[^@\s]+@[^@\s]+$' then
        exact := 'lower(t.email%s) = any ($1)';
        given := array[typed];
    end if;
    if exact is not null then
        -- One index after the other: columns that are nearly always empty mislead the planner of an
        -- "or" into reading the whole table.
        for n in 1 .. 3 loop
            return query execute format(
                'select t.id, 100, t.updated_at from contacts t where %s and ' || exact || ' limit %s',
                visible, n, most) using given;
            get diagnostics found_rows = row_count;
            enough := enough + found_rows;
        end loop;
        if enough > 0 then
            return;
        end if;
    elsif cardinality(words) > 0 then
        foreach is_whole in array array[true, false] loop
            continue when not app.knows_name_words(words, is_whole);
            return query select * from app.search_names(
                (select jsonb_agg(jsonb_build_array(w)) from unnest(words) w), is_whole, visible,
                case when is_whole then array[90, 85] else array[80, 80] end, most);
            get diagnostics found_rows = row_count;
            enough := enough + found_rows;
            exit when enough >= most;
        end loop;
    end if;
    if is_phone and enough < most then
        parts := format('%s and %s like %L', visible, content, '%' || tail || ' %');
        return query select * from app.search_candidates(
            'contacts', 'contacts', 't.id', 'updated_at', 500, parts, parts, format(
                'case when t.phone1 like %1$L or t.phone2 like %1$L or t.phone3 like %1$L
                 then 70 else 50 end', '%' || tail), 'true', most);
        get diagnostics found_rows = row_count;
        enough := enough + found_rows;
    end if;
    if enough < most then
        parts := visible || (
            select string_agg(format(' and %s like %L', content, p), '')
            from unnest(case when is_phone then array['%' || tail || '%']
                             else app.search_patterns(typed) end) p);
        return query select * from app.search_candidates(
            'contacts', 'contacts', 't.id', 'updated_at', 500, parts, parts,
            format('case when %s then 55 else 50 end', coalesce((
                select string_agg(format('%s like %L', content, '% ' || w || '%'), ' and ')
                from unnest(words) w), 'false')),
            'true', most);
    end if;
end;
$$;
comment on function app.search_contacts(text, text[], text, integer) is
    'Contacts by phone in any notation, e-mail, name, company, address, or any part of these, with their rank. May give one twice.';

create or replace function app.found_contacts(
    typed text, words text[], is_corrected boolean, most integer)
returns table (
    kind text, id uuid, contact_id uuid, title text, detail text, at timestamptz, rank integer,
    corrected text)
language plpgsql stable rows 20 as $$
declare
    visible constant text := 't.deleted_at is null' || case when app.sees_all() then '' else format(
        ' and (t.assigned_to is null or t.assigned_to = %L)', current_user_id()) end;
    patterns constant text[] := app.search_patterns(typed);
    -- More than asked for: who was talked to last is only known of those that were found.
    spare constant integer := most + 10;
    choices constant jsonb := case when is_corrected then app.corrected_words(words) end;
    meant constant text := (
        select string_agg(c.words ->> 0, ' ' order by c.n)
        from jsonb_array_elements(choices) with ordinality c (words, n));
    ids uuid[];
    ranks integer[];
begin
    if not is_corrected then
        select array_agg(f.id), array_agg(f.rank) into ids, ranks
        from (select c.id, max(c.rank) as rank, max(c.at) as at
              from app.search_contacts(typed, words, visible, spare) c
              group by c.id order by rank desc, at desc limit spare) f;
    elsif choices is not null then
        select array_agg(c.id), array_agg(c.rank) into ids, ranks
        from app.search_names(choices, true, visible, array[60, 60], spare) c;
        if ids is null then
            select array_agg(c.id), array_agg(c.rank) into ids, ranks
            from app.search_names(choices, false, visible, array[60, 60], spare) c;
        end if;
    end if;
    return query
    select 'contacts', c.id, c.id, s.title,
           coalesce(case when not s.title_says_it then (
               select v.value from unnest(array[
                   c.llc_name, c.phone1, c.phone2, c.phone3, c.email1, c.email2, c.email3,
                   concat_ws(', ', nullif(c.property_address, ''), c.city)]::text[])
                   with ordinality v (value, n)
               where ' ' || lower(v.value) like any (patterns) order by v.n limit 1) end,
               nullif(c.llc_name, s.title), c.phone1, c.email1, c.property_address, c.city, '')::text,
           greatest(c.updated_at, s.talked_at), f.rank, meant
    from unnest(ids, ranks) f (id, rank)
    join contacts c on c.id = f.id
    cross join lateral (
        select n.title, ' ' || lower(n.title) like all (patterns) as title_says_it,
               (select max(k.last_message_at) from conversations k where k.contact_id = c.id)
                   as talked_at
        from (select coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.llc_name,
                              c.email1, c.phone1, '') as title) n) s
    order by f.rank desc, 6 desc, c.id
    limit most;
end;
$$;
comment on function app.found_contacts(text, text[], boolean, integer) is
    'The contacts of app.search(): of what was typed or, is_corrected, of the names that were probably meant; "corrected" then says which.';

-- Everything else ---------------------------------------------------------------------------------

create or replace function app.search_visible(kind text) returns text
language plpgsql stable as $$
declare
    everything constant boolean := app.sees_all();
    -- As the policies of 019 do: who does not see all sees what hangs on what they see.
    contact constant text := 'exists (select from contacts v where v.id = %s.contact_id
        and v.deleted_at is null' || case when everything then '' else format(
            ' and %L and (v.assigned_to is null or v.assigned_to = %L)',
            app.in_scope('contacts', 'read'), current_user_id()) end || ' offset 0)';
    deal constant text := 'exists (select from deals d where d.id = %s.deal_id
        and d.deleted_at is null and ' || format(contact, 'd') || case when everything then '' else
        format(' and %L', app.in_scope('deals', 'read')) end || ' offset 0)';
    parent constant text := format('case when %%1$s.contact_id is not null then %s
        when %%1$s.deal_id is not null then %s', replace(contact, '%s', '%1$s'),
        replace(deal, '%s', '%1$s'));
    activity constant text := 'exists (select from activities a where a.id = s.activity_id and '
        || format(parent || ' else true end', 'a') || case when everything then '' else
        format(' and %L', app.in_scope('activities', 'read')) end || ' offset 0)';
begin
    return case kind
        when 'activities' then format(parent || ' else true end', 's')
        when 'documents' then format(parent, 's') || ' when s.activity_id is not null then '
            || activity || ' else true end'
        when 'vapi-calls' then '(s.contact_id is null or ' || format(contact, 's') || ')'
        else format(contact, 's')
    end;
end;
$$;
comment on function app.search_visible(text) is
    'Condition on candidate s of a kind: the caller may see it, and neither it nor its contact is in the bin.';

create or replace function app.search_kinds(who text)
returns table (
    kind text, relation text, newest text, moment text, sample integer, columns text, living text,
    words text, body text, title text, detail text)
language sql immutable as $$
    -- kind, its table; where the newest are found by its time, and how many to look at first; columns
    -- that app.search_visible() asks for; what is not in the bin; words and body: the expressions of
    -- the indexes of 116 and 017; title and detail of a result, where $1 holds the words
    values
    ('deals', 'deals', 'deals', 'created_at', 500, 't.id, t.contact_id',
     't.deleted_at is null', 't.name',
     'coalesce(t.name, '''') || '' '' || coalesce(t.next_step, '''') || '' '''
     ' || coalesce(t.notes, '''')',
     't.name', format('concat_ws('' · '', %s, replace(t.stage, ''_'', '' ''))', who)),
    ('activities', 'activities', 'activities', 'created_at', 500,
     't.id, t.contact_id, t.deal_id', 'true', 't.title',
     'coalesce(t.title, '''') || '' '' || coalesce(t.description, '''')',
     't.title', format('concat_ws('' · '', %s, replace(t.type, ''_'', '' ''))', who)),
    ('messages', 'messages', 'messages', 'occurred_at', 500, 't.id, t.contact_id', 'true', null,
     'left(t.content, 100000)',
     format('coalesce(%s, t.phone_number)', who), 'app.search_snippet(t.content, $1)'),
    ('emails', 'emails', 'emails', 'occurred_at', 100, 't.id, t.contact_id', 'true', null,
     'left(t.subject || '' '' || t.body, 100000)', 'nullif(t.subject, '''')',
     format('concat_ws('' · '', %s, nullif(app.search_snippet(t.body, $1), ''''))', who)),
    ('calls', 'calls', 'calls', 'occurred_at', 100, 't.id, t.contact_id',
     '(t.notes is not null or t.transcript is not null)', null,
     'left(coalesce(t.notes, '''') || '' '' || coalesce(t.transcript, ''''), 100000)',
     format('coalesce(%s, case t.direction when ''inbound'' then t.from_number'
            ' else t.to_number end)', who),
     'app.search_snippet(concat_ws('' '', t.notes, t.transcript), $1)'),
    ('vapi-calls', 'vapi_calls', 'vapi_calls', 'created_at', 100, 't.id, t.contact_id', 'true', null,
     'left(coalesce(t.summary, '''') || '' '' || coalesce(t.transcript, ''''), 100000)',
     format('coalesce(%s, t.name, t.customer_number)', who),
     'app.search_snippet(concat_ws('' '', t.summary, t.transcript), $1)'),
    ('documents', 'documents', 'documents where not is_archived', 'uploaded_at', 500,
     't.id, t.contact_id, t.deal_id, t.activity_id', 'not t.is_archived',
     't.name || '' '' || coalesce(t.original_name, '''')', null,
     't.name', format('concat_ws('' · '', %s, t.document_type)', who))
$$;
comment on function app.search_kinds(text) is
    'How each kind of record is searched and shown; who: the expression of a contact''s name.';

create or replace function app.found_records(
    which text, typed text, words text[], most integer)
returns table (
    kind text, id uuid, contact_id uuid, title text, detail text, at timestamptz, rank integer,
    corrected text)
language plpgsql stable rows 20 as $$
declare
    spec record;
    query constant tsquery := app.search_text_query(typed, words);
    -- While rows are walked: a quick look for the longest word before the slow one for its stem.
    longest constant text := (
        select w from unnest(words) w
        where typed !~ '"|(^|\s)-|\sor\s' and numnode(to_tsquery('english', quote_literal(w))) > 0
        order by length(w) desc limit 1);
    who constant text := case when app.in_scope('contacts', 'read')
        then 'coalesce(nullif(btrim(c.first_name || '' '' || c.last_name), ''''), c.llc_name,'
             ' c.email1, c.phone1)'
        else 'null' end;
    in_title text;
    in_text text;
    quick text;
    ids uuid[];
    ranks integer[];
    ats timestamptz[];
begin
    -- Expressions come from search_kinds(), values by %L; the last query's columns are those declared.
    -- @plpgsql_check_options: security_warnings = off, extra_warnings = off
    select * into spec from app.search_kinds(who) k where k.kind = which;
    if spec.words is not null and cardinality(words) > 0 then
        in_title := format('to_tsvector(''simple''::regconfig, plain_words(%s)) @@ %L::tsquery',
            spec.words, (select string_agg(quote_literal(w), ' & ') from unnest(words) w) || ':*');
    end if;
    if spec.body is not null and numnode(query) > 0 then
        in_text := format('to_tsvector(''english''::regconfig, %s) @@ %L::tsquery',
                          spec.body, query);
        quick := case when longest is null then in_text else format('lower(%s) like %L and %s',
            spec.body, '%' || left(longest, 3) || '%', in_text) end;
    end if;
    if coalesce(in_title, in_text) is null then
        return;
    end if;
    select array_agg(s.id), array_agg(s.rank), array_agg(s.at) into ids, ranks, ats
    from app.search_candidates(
        spec.relation, spec.newest, spec.columns, spec.moment, spec.sample,
        format('%s and (%s)', spec.living, concat_ws(' or ', in_title, in_text)),
        format('%s and (%s)', spec.living, concat_ws(' or ', (
            select string_agg(format('plain_words(%s) || '' '' like %L', spec.words, '% ' || w
                || case when n = cardinality(words) then '%' else ' %' end), ' and ')
            from unnest(words) with ordinality u (w, n) where in_title is not null), quick)),
        case when in_title is null then '30'
             else format('case when %s then 75 else 45 end', in_title) end,
        app.search_visible(which), most) s;
    if ids is null then
        return;
    end if;
    return query execute format(
        'select %L::text, t.id, t.contact_id, coalesce(%s, '''')::text, coalesce(%s, '''')::text,
                f.at, f.rank, null::text
         from unnest($2, $3, $4) f (id, rank, at)
         join %I t on t.id = f.id left join contacts c on c.id = t.contact_id
         order by f.rank desc, f.at desc, t.id',
        which, spec.title, spec.detail, spec.relation)
    using words, ids, ranks, ats;
end;
$$;
comment on function app.found_records(text, text, text[], integer) is
    'What app.search() finds of one kind other than contacts.';

-- The box -----------------------------------------------------------------------------------------

create or replace function app.search(
    q text, kinds text[] default null, max_rows integer default 20)
returns table (
    kind text, id uuid, contact_id uuid, title text, detail text, at timestamptz, rank integer,
    corrected text)
language plpgsql stable security definer rows 50 as $$
declare
    typed constant text := lower(btrim(regexp_replace(left(q, 200), '\s+', ' ', 'g')));
    words constant text[] := (array_remove(string_to_array(plain_words(typed), ' '), ''))[:8];
    most constant integer := least(greatest(coalesce(max_rows, 20), 1), 100);
    wanted constant text[] := array(
        select k.name from unnest(array['contacts', 'deals', 'activities', 'messages', 'emails',
                                        'calls', 'vapi-calls', 'documents']) k (name)
        where k.name = any (coalesce(kinds, array[k.name])) and app.in_scope(k.name, 'read'));
    which text;
    found_rows integer;
    is_found boolean := false;
begin
    if app.caller_role() is null or coalesce(typed, '') = '' then
        return;
    end if;
    foreach which in array wanted loop
        if which = 'contacts' then
            return query select * from app.found_contacts(typed, words, false, most);
        else
            return query select * from app.found_records(which, typed, words, most);
        end if;
        get diagnostics found_rows = row_count;
        is_found := is_found or found_rows > 0;
    end loop;
    if not is_found and 'contacts' = any (wanted) and cardinality(words) > 0 then
        return query select * from app.found_contacts(typed, words, true, most);
    end if;
end;
$$;
comment on function app.search(text, text[], integer) is
    'What matches what was typed, at most max_rows of each kind, the best first; kinds: contacts, deals, activities, messages, emails, calls, vapi-calls, documents (NULL: all). When nothing matches, contacts whose names were probably meant; "corrected" says which.';

revoke all on function app.search_names(jsonb, boolean, text, integer[], integer),
    app.search_contacts(text, text[], text, integer), app.found_contacts(text, text[], boolean, integer),
    app.search_visible(text), app.search_kinds(text),
    app.found_records(text, text, text[], integer), app.search(text, text[], integer) from public;
grant execute on function app.search(text, text[], integer) to authenticated;

commit;
