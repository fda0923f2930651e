-- Words of names, so that a mistyped one can be corrected: "jonson" to "johnson".
--
-- A dictionary of every word that a contact's or company's name has had: some ten thousand for a
-- million contacts, so looking for a near one costs little, where similarity over all contacts would
-- cost seconds. It only grows; a word that no visible contact has any more corrects nothing, because
-- the search that follows finds nobody.
-- Words are added after a statement that inserts contacts and after each change of a name. They are
-- looked up first and carry no unique key on purpose: with one, two imports that bring the same new
-- name would wait for each other, or deadlock. Twins that concurrent writers make do no harm, and
-- app.upkeep_name_words() removes them.
-- One typing error (a letter too many, too few, wrong, or two swapped) is found without any
-- extension: all such words are tried. Two errors in longer words need pg_trgm to find candidates.
begin;
set local client_min_messages = warning;

create table if not exists app.name_words (
    id bigint generated always as identity,
    word text not null,
    constraint name_words_pkey primary key (id)
);
comment on table app.name_words is
    'Distinct words of names of contacts and companies, lower case, for the correction of typing errors.';
create index if not exists name_words_word_idx on app.name_words (word text_pattern_ops);
alter table app.name_words enable row level security;
revoke all on app.name_words from public;
-- Nobody reads it but app.search(): on its own it would tell names that are not the reader's to see.
drop policy if exists name_words_select on app.name_words;
do $$
begin
    if exists (select from pg_roles where rolname = 'authenticated') then
        create policy name_words_select on app.name_words for select to authenticated using (false);
    end if;
end;
$$;

do $$
declare
    home name := (select n.nspname from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
                  where o.opcname = 'gin_trgm_ops' limit 1);
begin
    if home is not null then
        execute format('create index if not exists name_words_word_trgm_idx on app.name_words
                            using gin (word %I.gin_trgm_ops)', home);
    end if;
end;
$$;

-- Keeping it -------------------------------------------------------------------------------------

create or replace function app.note_name_words() returns trigger
language plpgsql security definer as $$
begin
    -- offset 0: look each word up; a plan that was made for one row must not hash the dictionary.
    insert into app.name_words (word)
    select w.word
    from (select distinct unnest(string_to_array(plain_words(
              n.first_name || ' ' || n.last_name || ' ' || coalesce(n.llc_name, '')), ' ')) as word
          from new_rows n) w
    where length(w.word) between 3 and 40 and w.word !~ '[0-9]'
      and not exists (select from app.name_words k where k.word = w.word offset 0);
    return null;
end;
$$;
comment on function app.note_name_words() is 'Trigger: new words of the names of inserted contacts.';

create or replace function app.note_changed_name() returns trigger
language plpgsql security definer as $$
begin
    insert into app.name_words (word)
    select w.word
    from (select distinct unnest(string_to_array(plain_words(
              new.first_name || ' ' || new.last_name || ' ' || coalesce(new.llc_name, '')), ' '))
              as word) w
    where length(w.word) between 3 and 40 and w.word !~ '[0-9]'
      and not exists (select from app.name_words k where k.word = w.word offset 0);
    return null;
end;
$$;
comment on function app.note_changed_name() is 'Trigger: new words of a changed name.';

drop trigger if exists contacts_note_name_words on contacts;
create trigger contacts_note_name_words after insert on contacts
    referencing new table as new_rows
    for each statement execute function app.note_name_words();
drop trigger if exists contacts_note_changed_name on contacts;
create trigger contacts_note_changed_name
    after update of first_name, last_name, llc_name on contacts
    for each row when ((old.first_name, old.last_name, old.llc_name)
        is distinct from (new.first_name, new.last_name, new.llc_name))
    execute function app.note_changed_name();

create or replace function app.upkeep_name_words() returns integer
language plpgsql security definer as $$
declare
    removed integer;
begin
    -- Twins are made side by side: looking at the newest is enough.
    delete from app.name_words w
    where w.id > (select max(id) - 5000 from app.name_words)
      and exists (select from app.name_words k where k.word = w.word and k.id < w.id);
    get diagnostics removed = row_count;
    return removed;
end;
$$;
comment on function app.upkeep_name_words() is
    'Removes words that concurrent writers added twice; returns how many.';

-- Contacts that were there before this file: 5 seconds for a million, once.
insert into app.name_words (word)
select w.word
from (select distinct unnest(string_to_array(plain_words(
          c.first_name || ' ' || c.last_name || ' ' || coalesce(c.llc_name, '')), ' ')) as word
      from contacts c
      where not exists (select from app.name_words)) w
where length(w.word) between 3 and 40 and w.word !~ '[0-9]';

-- Correcting with it -----------------------------------------------------------------------------

create or replace function app.typing_errors(a text, b text, most integer) returns integer
language plpgsql immutable as $$
declare
    x constant text[] := string_to_array(a, null);
    y constant text[] := string_to_array(b, null);
    width constant integer := cardinality(y);
    older integer[];
    old integer[];
    line integer[] := array(select generate_series(0, width));
    best integer;
begin
    if abs(cardinality(x) - width) > most then
        return most + 1;
    end if;
    -- Optimal string alignment, line by line; place j of a line is line[j + 1].
    for i in 1 .. cardinality(x) loop
        older := old;
        old := line;
        line := array[i];
        best := i;
        for j in 1 .. width loop
            line[j + 1] := least(old[j + 1] + 1, line[j] + 1,
                                 old[j] + case when x[i] = y[j] then 0 else 1 end);
            if i > 1 and j > 1 and x[i] = y[j - 1] and x[i - 1] = y[j] then
                line[j + 1] := least(line[j + 1], older[j - 1] + 1);
            end if;
            best := least(best, line[j + 1]);
        end loop;
        if best > most then
            return most + 1;
        end if;
    end loop;
    return line[width + 1];
end;
$$;
comment on function app.typing_errors(text, text, integer) is
    'Letters added, left out, replaced or swapped between two words; most + 1 when there are more than most.';

create or replace function app.near_name_words(typed text) returns text[]
language plpgsql stable security definer as $$
declare
    size constant integer := length(typed);
    trigrams constant name := (
        select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'pg_trgm');
    threshold constant text := coalesce(
        nullif(current_setting('pg_trgm.similarity_threshold', true), ''), '0.3');
    found_words text[];
begin
    if size not between 3 and 40 or typed ~ '[0-9]' then
        return null;
    end if;
    -- Every word that is one error away, looked up.
    found_words := array(
        with tried as (
            select overlay(typed placing '' from i for 1) as word from generate_series(1, size) i
            union all
            select overlay(typed placing substr(typed, i + 1, 1) || substr(typed, i, 1)
                           from i for 2)
            from generate_series(1, size - 1) i
            union all
            select overlay(typed placing letter from i for taken)
            from generate_series(1, size + 1) i, generate_series(0, 1) taken,
                 unnest(string_to_array('abcdefghijklmnopqrstuvwxyz', null)) letter
        )
        select k.word
        from (select distinct word from tried where word <> typed) t
        cross join lateral (
            select w.word from app.name_words w where w.word = t.word limit 1) k
        order by left(k.word, 1) <> left(typed, 1), abs(length(k.word) - size), k.word
        limit 3);
    if cardinality(found_words) > 0 then
        return found_words;
    end if;
    -- Other letters (é), or a second error in a longer word: candidates by their trigrams.
    if trigrams is null then
        return null;
    end if;
    -- Two wrong letters of seven leave a similarity of 0.23.
    perform set_config('pg_trgm.similarity_threshold', '0.2', true);
    execute format(
        'select array_agg(n.word order by n.errors, n.alike desc, n.word)
         from (select c.word, c.alike, app.typing_errors($1, c.word, 2) as errors
               from (select w.word, %1$I.similarity(w.word, $1) as alike
                     from app.name_words w where w.word operator(%1$I.%%) $1
                     order by alike desc, w.word limit 40) c
               order by errors, c.alike desc, c.word limit 3) n
         where n.errors <= $2', trigrams)
    into found_words using typed, case when size < 6 then 1 else 2 end;
    perform set_config('pg_trgm.similarity_threshold', threshold, true);
    return found_words;
end;
$$;
comment on function app.near_name_words(text) is
    'Up to three words of names that were probably meant by a mistyped one, the nearest first; NULL or empty when none is near.';

create or replace function app.knows_name_words(words text[], is_whole boolean) returns boolean
language plpgsql stable as $$
begin
    -- Short words and numbers are not in the dictionary: there may be such names.
    return not exists (
        select from unnest(words) u (typed)
        where length(u.typed) between 3 and 40 and u.typed !~ '[0-9]'
          and not case when is_whole
              then exists (select from app.name_words w where w.word = u.typed offset 0)
              else exists (select from app.name_words w where w.word like u.typed || '%' offset 0)
          end);
end;
$$;
comment on function app.knows_name_words(text[], boolean) is
    'False when one of the words is no word (is_whole), or begins no word, of anybody''s name.';

create or replace function app.corrected_words(words text[]) returns jsonb
language plpgsql stable as $$
declare
    typed text;
    near text[];
    choices jsonb := jsonb_build_array();
    is_changed boolean := false;
begin
    foreach typed in array words loop
        near := null;
        if not exists (select from app.name_words w where w.word like typed || '%') then
            near := app.near_name_words(typed);
        end if;
        is_changed := is_changed or cardinality(near) > 0;
        choices := choices || jsonb_build_array(to_jsonb(
            case when cardinality(near) > 0 then near else array[typed] end));
    end loop;
    return case when is_changed then choices end;
end;
$$;
comment on function app.corrected_words(text[]) is
    'For each word the words of names that were probably meant, as app.search_names() takes them; NULL when there is nothing to correct.';

revoke all on function app.note_name_words(), app.note_changed_name(), app.upkeep_name_words(),
    app.typing_errors(text, text, integer), app.near_name_words(text),
    app.knows_name_words(text[], boolean), app.corrected_words(text[]) from public;

commit;
