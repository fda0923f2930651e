-- What the measurements ask of the database beside the program's own queries.

-- name: add_user!
-- A person of the bench's workspace; the second time nothing happens.
insert into app.users (id, email, name, role)
values (:id, :email, :name, :role)
on conflict do nothing;

-- name: sizes^
-- Rows of the two big tables and of the one that is filled last: is the book already there?
select (select count(*) from contacts) as contacts, (select count(*) from messages) as messages,
       (select count(*) from activities) as activities;

-- name: empty_book!
-- Removes everything below contacts and the log of it, for a book of another size.
truncate contacts, tags, app.changes cascade;

-- name: be_person^
-- The rest of this transaction sees what the person sees.
select set_config('role', 'authenticated', true),
       set_config('request.jwt.claims', :claims, true);

-- name: mismatches$
-- Conversations whose counters differ from a recount of their messages, calls and emails.
select count(*)
from conversations c
left join lateral (
    select count(*) as events,
           count(*) filter (where e.unread) as unread
    from (
        select direction = 'inbound' and read_at is null as unread
        from messages where conversation_id = c.id
        union all
        select direction = 'inbound' and read_at is null
               and status in ('missed', 'voicemail', 'no-answer')
        from calls where conversation_id = c.id
        union all
        select direction = 'inbound' and read_at is null
        from emails where conversation_id = c.id
    ) e
) real on true
where (c.message_count, c.unread_count) is distinct from (real.events::integer, real.unread::integer);

-- name: checksum$
-- One number for everything an import touches; equal before an import and after its undo.
select md5(string_agg(part, ',' order by part))
from (
    select 'contacts' || sum(hashtextextended(c::text, 0)) as part from contacts c
    union all
    select 'tags' || coalesce(sum(hashtextextended(t::text, 0)), 0) from tags t
    union all
    select 'contact_tags' || coalesce(sum(hashtextextended(l::text, 0)), 0) from contact_tags l
) parts;

-- name: busiest_contact^
-- The contact with the most messages, for the pages of one contact.
select contact_id as id from messages group by contact_id order by count(*) desc limit 1;

-- name: newest_summaries
-- One page of contact_summary.
select * from contact_summary order by created_at desc, id desc limit 50;

-- name: one_summary
-- contact_summary of one contact.
select * from contact_summary where id = :id;

-- name: open_deals
-- One page of deal_pipeline: the open deals of a stage, as a list shows them.
select * from deal_pipeline
where pipeline = 'default' and stage = :stage
order by position, id
limit 50;

-- name: newest_deals
-- One page of deal_pipeline, newest first.
select * from deal_pipeline order by created_at desc, id desc limit 50;

-- name: due_activities
-- One page of activity_dashboard: what is due next.
select * from activity_dashboard
where status in ('planned', 'in_progress', 'overdue')
order by due_date, id
limit 50;

-- name: big_tables
-- Tables that no page may read from end to end.
select relname::text as name, reltuples::float8 as rows
from pg_class
where relkind = 'r' and reltuples > 10000 and relnamespace = current_schema()::regnamespace;

-- name: set_visibility!
-- What agents see: "team" or "assigned".
insert into app.settings (key, value) values ('visibility', to_jsonb(:visibility::text))
on conflict (key) do update set value = excluded.value;

-- name: make_token!
-- A token for the bench's requests.
insert into app.api_tokens (user_id, name, token_sha256, scopes)
values (:user_id, 'bench', :token_sha256, :scopes);

-- name: busy_contacts
-- Contacts with the most messages.
select contact_id as id from messages tablesample system (5)
group by contact_id order by count(*) desc, contact_id limit :most;

-- name: busy_contacts_of
-- Contacts of somebody with the most calls.
select c.id from contacts c join calls k on k.contact_id = c.id
where c.assigned_to = :user_id and c.deleted_at is null
group by c.id order by count(*) desc, c.id limit :most;

-- name: count_open_deals$
-- How many deals are open.
select count(*) from deals where stage not like 'closed%' and deleted_at is null;

-- name: cards_of
-- Some open deals of all stages with contacts of somebody.
select d.id, d.stage, d.updated_at
from deals d
join contacts c on c.id = d.contact_id and c.assigned_to = :user_id
where d.stage not like 'closed%' and d.deleted_at is null
order by md5(d.id::text) limit :most;

-- name: last_names
-- Different last names of contacts.
select last_name from contacts tablesample system (5) where last_name <> ''
group by last_name order by md5(last_name) limit :most;

-- name: live_person!
-- Somebody who listens.
insert into app.users (id, email, name, role) values (:id, 'ear@example.test', 'Ear', 'owner')
on conflict do nothing;

-- name: live_session$
-- The session of their browser.
select app.start_session(:id, :sha256, 'bench', '', 1)::text;

-- name: live_contacts
-- Contacts to be changed, one for each signal.
insert into contacts (first_name, last_name)
select 'Live', n::text from generate_series(1, :count::integer) n
returning id;

-- name: live_touch!
-- One change.
update contacts set notes = 'touched' where id = :id;

-- name: add_token!
-- A token for everything, of a person.
insert into app.api_tokens (user_id, name, token_sha256, scopes)
values (:user_id, 'bench', :token_sha256,
        '{contacts:write,messages:write,tags:write,conversations:write}');
-- name: chaos_contacts
-- The contacts that the clients of the chaos made, by the marker each one bears.
select c.id::text as id, c.llc_name as marker, c.notes, c.deleted_at is not null as is_deleted
from contacts c
where c.llc_name is not null;
-- name: chaos_messages
-- Their messages, by marker.
select m.content as marker, count(*) as times from messages m group by 1;
-- name: add_transcripts!
-- What bench.fill leaves out and search reads: AI calls with transcripts of some 2,000 characters.
insert into vapi_calls (contact_id, status, summary, transcript, created_at)
select m.contact_id, 'ended', m.content, m.transcript || ' ref' || left(md5(m.id::text), 8),
       m.occurred_at
from (select id, contact_id, content, occurred_at,
             string_agg(content, E'\n') over (order by id rows between 40 preceding and current row)
                 as transcript
      from (select * from messages limit 20000) said) m
where not exists (select from vapi_calls);
-- name: add_documents!
-- A document for every tenth deal.
insert into documents (deal_id, contact_id, name, original_name, file_path, uploaded_at)
select d.id, d.contact_id, d.name || ' contract', 'scan_' || left(md5(d.id::text), 8) || '.pdf', 'x',
       d.created_at
from (select * from deals limit (select count(*) / 10 from deals)) d
where not exists (select from documents);
-- name: add_rare_words!
-- Half a percent of the messages get a word that is nowhere else.
update messages set content = content || ' ref' || left(md5(id::text), 8)
where id in (select id from messages order by id limit (select count(*) / 200 from messages))
  and content !~ ' ref[0-9a-f]{8}$';
-- name: search_samples
-- Contacts to look for, spread over the whole book.
select first_name, last_name, phone1, email1, property_address, city
from contacts
where email1 is not null and deleted_at is null
order by md5(id::text)
limit 40;
-- name: rare_words
-- Words that one message or one transcript has.
(select substring(content from 'ref[0-9a-f]{8}$') as word from messages
 where id in (select id from messages order by id limit 10))
union all
(select substring(transcript from 'ref[0-9a-f]{8}$') from vapi_calls order by id limit 5);
