-- Search. Row level security keeps PostgreSQL from using GIN indexes (LIKE is not leakproof: 0.06
-- becomes 330 ms), so search runs as the owner, checks the caller once, applies the same
-- visibility as the policies of 019 and returns ids; the caller joins them under its own rights.
-- These ids are unranked and filter lists; the search box is app.search() in 118.
begin;

create or replace function app.search_patterns(q text) returns text[]
language plpgsql immutable as $$
declare
    words text[] := regexp_split_to_array(btrim(lower(q)), '\s+');
    digits text := regexp_replace(q, '\D', '', 'g');
    word text;
    patterns text[] := array[]::text[];
begin
    -- A phone in any notation: (415) 555-0132, 1-415-555-0132, +1415…, or its last four digits.
    if q ~ '^[-+()./\s0-9]+$' and length(digits) between 4 and 15 then
        if length(digits) = 11 and left(digits, 1) = '1' then
            digits := substr(digits, 2);
        end if;
        return array['%' || digits || '%'];
    end if;
    foreach word in array words loop
        continue when word = '';
        -- A phone beside other words: "jones 415-555-0132", "jones (415)".
        if word ~ '^[-+()./0-9]+$'
           and (word ~ '^\([0-9]+\)$' or length(regexp_replace(word, '\D', '', 'g')) >= 7) then
            word := regexp_replace(word, '\D', '', 'g');
        end if;
        word := replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_');
        -- Fewer than three characters hold no trigram; as the start of a word they do.
        patterns := patterns || case when length(word) < 3 then '% ' || word || '%'
                                     else '%' || word || '%' end;
    end loop;
    return patterns;
end;
$$;
comment on function app.search_patterns(text) is
    'What was typed, as LIKE patterns that must all match: each word, or the digits of a phone.';

create or replace function app.search_contact_ids(q text, max_rows integer default 1000)
returns setof uuid
language plpgsql stable security definer rows 100 as $$
declare
    pattern text;
    conditions text := '';
begin
    if app.caller_role() is null or not app.in_scope('contacts', 'read')
       or btrim(coalesce(q, '')) = '' then
        return;
    end if;
    foreach pattern in array app.search_patterns(q) loop
        conditions := conditions || format(
            ' and contact_search_text(first_name, last_name, llc_name, email1, email2, email3,'
            ' phone1, phone2, phone3, property_address, city) like %L', pattern);
    end loop;
    if not app.sees_all() then
        conditions := conditions
            || format(' and (assigned_to is null or assigned_to = %L)', current_user_id());
    end if;
    return query execute
        'select id from contacts where deleted_at is null' || conditions || ' limit $1'
        using least(max_rows, 10000);
end;
$$;
comment on function app.search_contact_ids(text, integer) is
    'Ids of living contacts that contain every word, among those the caller may see; at most max_rows.';

revoke all on function app.search_patterns(text) from public;
revoke all on function app.search_contact_ids(text, integer) from public;
grant execute on function app.search_contact_ids(text, integer) to authenticated;

commit;
