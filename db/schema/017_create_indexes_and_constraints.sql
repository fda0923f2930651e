-- 017 indexes, uniqueness, and the triggers that keep derived columns right.
--
-- Indexes serve the lists and look-ups of the program; a query must repeat an index's predicate
-- (deleted_at is null) or expression to use it. Every foreign key is covered.
--
-- Triggers and how states move:
--   all tables    updated_at rises with every update, so it also serves as a version.
--   activities    planned <-> overdue by due_date, completed <-> completed_at.
--   deals         stage_changed_at, actual_close_date and the probability of closed deals follow
--                 stage; deal_stage_history gets a row for each change.
--   conversations Messages, calls and e-mails without conversation_id are given the id of the
--                 thread of (contact, channel, number) in a BEFORE row trigger that only reads.
--                 A thread that does not exist yet has an id computed from these three, so that
--                 all concurrent writers compute the same. AFTER each statement the missing threads
--                 are made and all counters moved by the differences the statement makes.
--
-- Locks. A statement takes conversations in one fixed order, in this sequence: (1) insert missing
-- ones ordered by id, (2) lock the others ordered by id FOR NO KEY UPDATE, (3) change them in a new
-- statement, whose snapshot therefore sees what was committed while it waited. Writers of single
-- statements cannot deadlock; a transaction of several statements that touch the same threads should
-- touch them in one order. Locks are held to commit, so long imports belong into batches.
-- A statement reads transition tables or real tables, never both, and never joins OLD to NEW:
-- plpgsql keeps the plan of the first, small statement, and a join of 25,000 rows then takes minutes.

begin;
set local client_min_messages = warning;

-- Indexes -------------------------------------------------------------------------------------

create index if not exists contacts_last_name_first_name_deal_status_idx
    on contacts (last_name, first_name, deal_status) where deleted_at is null;
create index if not exists contacts_created_at_id_idx
    on contacts (created_at desc, id desc) where deleted_at is null;
create index if not exists contacts_deal_status_created_at_id_idx
    on contacts (deal_status, created_at desc, id desc) where deleted_at is null;
create index if not exists contacts_state_city_property_type_idx
    on contacts (state, city, property_type) where deleted_at is null;
-- Orders of the list of contacts. The id makes every place in them unique, and an import gives
-- thousands of rows the same time: without it a page would sort them all. Plain columns: a condition
-- on lower(last_name) could not use its index under row level security, lower() is not leakproof.
create index if not exists contacts_est_value_id_idx
    on contacts (est_value, id) where deleted_at is null;
create index if not exists contacts_updated_at_id_idx on contacts (updated_at, id);
create index if not exists contacts_last_name_first_name_llc_name_id_idx
    on contacts (last_name, first_name, llc_name, id) where deleted_at is null;
create index if not exists contacts_assigned_to_created_at_idx
    on contacts (assigned_to, created_at desc) where assigned_to is not null;
create index if not exists contacts_phone1_idx on contacts (phone1) where phone1 is not null;
create index if not exists contacts_phone2_idx on contacts (phone2) where phone2 is not null;
create index if not exists contacts_phone3_idx on contacts (phone3) where phone3 is not null;
create index if not exists contacts_email1_idx on contacts (lower(email1)) where email1 is not null;
create index if not exists contacts_email2_idx on contacts (lower(email2)) where email2 is not null;
create index if not exists contacts_email3_idx on contacts (lower(email3)) where email3 is not null;
create index if not exists contacts_text_idx on contacts using gin (
    to_tsvector('english'::regconfig,
        coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' '
        || coalesce(llc_name, '') || ' ' || coalesce(property_address, '') || ' '
        || coalesce(city, '') || ' ' || coalesce(notes, '')))
    with (fastupdate = on, gin_pending_list_limit = 256) where deleted_at is null;
create index if not exists contacts_custom_fields_idx
    on contacts using gin (custom_fields jsonb_path_ops);

do $$
declare
    home name := (select n.nspname from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
                  where o.opcname = 'gin_trgm_ops' limit 1);
begin
    if home is not null then
        execute format(
            'create index if not exists contacts_search_trgm_idx on contacts using gin (
                 contact_search_text(first_name, last_name, llc_name, email1, email2, email3,
                     phone1, phone2, phone3, property_address, city) %I.gin_trgm_ops)
                 with (fastupdate = on, gin_pending_list_limit = 256)
                 where deleted_at is null', home);
    end if;
end $$;

create unique index if not exists tags_name_key on tags (lower(name));
create index if not exists contact_tags_tag_id_contact_id_idx on contact_tags (tag_id, contact_id);
create index if not exists deal_tags_tag_id_deal_id_idx on deal_tags (tag_id, deal_id);

create unique index if not exists messages_message_sid_key
    on messages (message_sid) where message_sid is not null;
create index if not exists messages_contact_id_occurred_at_idx
    on messages (contact_id, occurred_at desc);
create index if not exists messages_conversation_id_occurred_at_id_idx
    on messages (conversation_id, occurred_at desc, id desc);
create index if not exists messages_occurred_at_idx on messages (occurred_at desc);
create index if not exists messages_conversation_id_unread_idx
    on messages (conversation_id) where direction = 'inbound' and read_at is null;
create index if not exists messages_status_occurred_at_idx
    on messages (status, occurred_at) where status in ('pending', 'queued', 'sending', 'sent');

create unique index if not exists calls_call_sid_key on calls (call_sid) where call_sid is not null;
create index if not exists calls_contact_id_occurred_at_idx on calls (contact_id, occurred_at desc);
create index if not exists calls_conversation_id_occurred_at_id_idx
    on calls (conversation_id, occurred_at desc, id desc);
create index if not exists calls_occurred_at_idx on calls (occurred_at desc);
create index if not exists calls_status_occurred_at_idx on calls (status, occurred_at desc);

create unique index if not exists emails_contact_id_message_id_key
    on emails (contact_id, message_id) where message_id is not null;
create index if not exists emails_contact_id_occurred_at_idx
    on emails (contact_id, occurred_at desc);
create index if not exists emails_conversation_id_occurred_at_id_idx
    on emails (conversation_id, occurred_at desc, id desc);
create index if not exists emails_occurred_at_idx on emails (occurred_at desc);
create index if not exists emails_status_occurred_at_idx on emails (status, occurred_at desc);
create index if not exists emails_thread_id_idx on emails (thread_id) where thread_id is not null;

create index if not exists activities_contact_id_created_at_idx
    on activities (contact_id, created_at desc);
create index if not exists activities_deal_id_idx on activities (deal_id) where deal_id is not null;
create index if not exists activities_parent_activity_id_idx
    on activities (parent_activity_id) where parent_activity_id is not null;
create index if not exists activities_assigned_to_due_date_idx
    on activities (assigned_to, due_date) where status in ('planned', 'in_progress', 'overdue');
create index if not exists activities_due_date_idx
    on activities (due_date) where status in ('planned', 'in_progress', 'overdue');
create index if not exists activities_status_due_date_idx on activities (status, due_date);
create index if not exists activities_text_idx on activities using gin (
    to_tsvector('english'::regconfig, coalesce(title, '') || ' ' || coalesce(description, '')));

create index if not exists deals_contact_id_idx on deals (contact_id);
create index if not exists deals_pipeline_stage_position_id_idx
    on deals (pipeline, stage, position, id) where deleted_at is null;
create index if not exists deals_expected_close_date_idx
    on deals (expected_close_date)
    where deleted_at is null and stage not in ('closed_won', 'closed_lost');
create index if not exists deals_assigned_to_stage_idx on deals (assigned_to, stage);
create index if not exists deals_created_at_idx on deals (created_at desc);
create index if not exists deals_text_idx on deals using gin (
    to_tsvector('english'::regconfig,
        coalesce(name, '') || ' ' || coalesce(next_step, '') || ' ' || coalesce(notes, '')));
create index if not exists deals_custom_fields_idx
    on deals using gin (custom_fields jsonb_path_ops);
create index if not exists deal_stage_history_deal_id_changed_at_idx
    on deal_stage_history (deal_id, changed_at desc);
create index if not exists deal_stage_history_changed_at_idx on deal_stage_history (changed_at desc);

create index if not exists documents_contact_id_idx
    on documents (contact_id) where contact_id is not null;
create index if not exists documents_deal_id_idx on documents (deal_id) where deal_id is not null;
create index if not exists documents_activity_id_idx
    on documents (activity_id) where activity_id is not null;
create index if not exists documents_parent_document_id_idx
    on documents (parent_document_id) where parent_document_id is not null;
create index if not exists documents_uploaded_at_idx
    on documents (uploaded_at desc) where not is_archived;
create index if not exists documents_tags_idx on documents using gin (tags);

-- Few on conversations: each message rewrites its row and all its index entries.
create index if not exists conversations_last_message_at_id_idx
    on conversations (last_message_at desc nulls last, id) where not is_archived;
create index if not exists conversations_assigned_to_last_message_at_idx
    on conversations (assigned_to, last_message_at desc) where assigned_to is not null;
create index if not exists conversations_unread_idx
    on conversations (last_message_at desc) where unread_count > 0;
create index if not exists conversations_phone_number_idx
    on conversations (phone_number) where phone_number <> '';
create index if not exists conversations_labels_idx on conversations using gin (labels);

create index if not exists phone_numbers_assistant_id_idx
    on phone_numbers (assistant_id) where assistant_id is not null;
create index if not exists phone_numbers_capabilities_idx
    on phone_numbers using gin (capabilities);
create index if not exists vapi_calls_assistant_id_created_at_idx
    on vapi_calls (assistant_id, created_at desc);
create index if not exists vapi_calls_phone_number_id_idx
    on vapi_calls (phone_number_id) where phone_number_id is not null;
create index if not exists vapi_calls_contact_id_created_at_idx
    on vapi_calls (contact_id, created_at desc);
create index if not exists vapi_calls_call_id_idx on vapi_calls (call_id) where call_id is not null;
create index if not exists vapi_calls_created_at_idx on vapi_calls (created_at desc);

-- updated_at ----------------------------------------------------------------------------------

create or replace function set_updated_at() returns trigger language plpgsql as $$
begin
    if current_setting('app.keep_updated_at', true) = 'on' and current_user = (
        select pg_get_userbyid(relowner) from pg_class where oid = tg_relid) then
        return new;
    end if;
    new.updated_at := greatest(now(), old.updated_at + interval '1 microsecond');
    return new;
end $$;
comment on function set_updated_at() is
    'Trigger: updated_at is now, and always later than before. Only the owner of the table may keep another value, with setting app.keep_updated_at = on (undo of an import).';

-- Deals and activities ------------------------------------------------------------------------

create or replace function fill_deal_closing() returns trigger language plpgsql as $$
declare
    is_closed constant boolean := new.stage in ('closed_won', 'closed_lost');
begin
    if tg_op = 'UPDATE' and new.stage <> old.stage then
        if new.stage_changed_at = old.stage_changed_at then
            new.stage_changed_at := now();
        end if;
        if new.actual_close_date = old.actual_close_date then
            new.actual_close_date := null; -- the date of another closing
        end if;
    end if;
    if is_closed then
        new.actual_close_date := coalesce(new.actual_close_date, current_date);
        new.probability := case new.stage when 'closed_won' then 100 else 0 end;
    else
        new.actual_close_date := null;
    end if;
    return new;
end $$;
comment on function fill_deal_closing() is
    'Trigger: stage_changed_at, actual_close_date and the probability of closed deals follow the stage.';

create or replace function log_deal_change() returns trigger
language plpgsql security definer as $$
begin
    if tg_op = 'INSERT' then
        insert into deal_stage_history (
            deal_id, new_stage, new_value, new_probability, changed_by, change_reason, changed_at)
        values (new.id, new.stage, new.value, new.probability,
            coalesce(current_user_id(), new.created_by),
            nullif(current_setting('app.change_reason', true), ''), new.stage_changed_at);
    else
        insert into deal_stage_history (
            deal_id, old_stage, new_stage, old_value, new_value, old_probability, new_probability,
            changed_by, change_reason, duration_in_stage, changed_at)
        values (new.id, old.stage, new.stage, old.value, new.value, old.probability,
            new.probability, coalesce(current_user_id(), new.created_by),
            nullif(current_setting('app.change_reason', true), ''),
            case when new.stage <> old.stage then
                greatest(new.stage_changed_at - old.stage_changed_at, interval '0') end,
            case when new.stage <> old.stage then new.stage_changed_at else now() end);
    end if;
    return null;
end $$;
comment on function log_deal_change() is
    'Trigger: one row of deal_stage_history for the first stage and for each change of stage, value or probability.';

create or replace function fill_activity_status() returns trigger
language plpgsql security definer as $$
begin
    if new.status = 'completed' then
        if new.completed_at is null then
            new.completed_at := now();
            new.completed_by := coalesce(new.completed_by, current_user_id());
        end if;
        return new;
    end if;
    new.completed_at := null;
    new.completed_by := null;
    if new.status in ('planned', 'overdue') then
        new.status := case when new.due_date
            + case when new.is_all_day then interval '24 hours' else interval '0' end < now()
            then 'overdue' else 'planned' end;
    end if;
    return new;
end $$;
comment on function fill_activity_status() is
    'Trigger: planned or overdue by the due date; completed_at exactly while completed.';

-- Conversations: which one a message, call or e-mail belongs to ----------------------------------

create or replace function find_conversation_id(contact uuid, channel text, number text)
returns uuid language plpgsql stable security definer as $$
declare
    found_id uuid;
    is_same boolean;
begin
    select c.id into found_id from conversations c
    where c.contact_id = contact and c.channel = find_conversation_id.channel
      and c.phone_number = number;
    if found then
        return found_id;
    end if;
    -- Every writer computes the same id for a thread that is not there yet, in the form of a name-
    -- based UUID; the next one when another thread has it (its contact was changed by a merge).
    found_id := md5(contact::text || '/' || channel || '/' || number)::uuid;
    loop
        found_id := overlay(overlay(found_id::text placing '3' from 15) placing '8' from 20)::uuid;
        select c.contact_id = contact and c.channel = find_conversation_id.channel
            and c.phone_number = number
        into is_same from conversations c where c.id = found_id;
        exit when not found or is_same;
        found_id := md5(found_id::text)::uuid;
    end loop;
    return found_id;
end $$;
comment on function find_conversation_id(uuid, text, text) is
    'Id of the conversation of a contact, channel and number, or the id it will have when it is made.';

-- These run for each row of an import: they look for a thread themselves, which costs half of asking
-- find_conversation_id(), and ask it only for a thread that is not there.
create or replace function file_message() returns trigger language plpgsql security definer as $$
declare
    its_channel constant text :=
        case new.message_type when 'whatsapp' then 'whatsapp' else 'sms' end;
    their_number constant varchar := coalesce(new.phone_number, '');
begin
    select c.id into new.conversation_id from conversations c
    where c.contact_id = new.contact_id and c.channel = its_channel
      and c.phone_number = their_number;
    if not found then
        new.conversation_id := find_conversation_id(new.contact_id, its_channel, their_number);
    end if;
    return new;
end $$;
comment on function file_message() is 'Trigger: the conversation of a message.';

create or replace function file_call() returns trigger language plpgsql security definer as $$
declare
    their_number constant varchar := coalesce(
        case new.direction when 'inbound' then new.from_number else new.to_number end, '');
begin
    select c.id into new.conversation_id from conversations c
    where c.contact_id = new.contact_id and c.channel = 'voice' and c.phone_number = their_number;
    if not found then
        new.conversation_id := find_conversation_id(new.contact_id, 'voice', their_number);
    end if;
    return new;
end $$;
comment on function file_call() is 'Trigger: the conversation of a call.';

create or replace function file_email() returns trigger language plpgsql security definer as $$
begin
    select c.id into new.conversation_id from conversations c
    where c.contact_id = new.contact_id and c.channel = 'email' and c.phone_number = '';
    if not found then
        new.conversation_id := find_conversation_id(new.contact_id, 'email', '');
    end if;
    return new;
end $$;
comment on function file_email() is 'Trigger: the conversation of an e-mail.';

-- Conversations: making, counting, newest entry --------------------------------------------------

create or replace function make_conversations(missing uuid[]) returns void
language sql security definer as $$
    insert into conversations (id, contact_id, channel, phone_number)
    select e.conversation_id, e.contact_id, e.channel, e.number
    from unnest(missing) as m (id)
    cross join lateral (
        (select conversation_id, contact_id,
             case message_type when 'whatsapp' then 'whatsapp' else 'sms' end as channel,
             coalesce(phone_number, '') as number
         from messages where conversation_id = m.id limit 1)
        union all
        (select conversation_id, contact_id, 'voice',
             coalesce(case direction when 'inbound' then from_number else to_number end, '')
         from calls where conversation_id = m.id limit 1)
        union all
        (select conversation_id, contact_id, 'email', ''
         from emails where conversation_id = m.id limit 1)) e
    where e.conversation_id = find_conversation_id(e.contact_id, e.channel, e.number)
    order by e.conversation_id
    on conflict do nothing
$$;
comment on function make_conversations(uuid[]) is
    'Makes conversations that rows were filed under before they existed, ordered by id (see the head of 017).';

create or replace function change_conversations(ids uuid[], entries integer[], unread integer[])
returns void language plpgsql security definer as $$
declare
    missing uuid[] := array(
        select i.id from unnest(ids, entries) as i (id, entries)
        where i.entries > 0 and not exists (select from conversations c where c.id = i.id));
    lost uuid;
begin
    if missing <> '{}' then
        perform make_conversations(missing);
        select i.id into lost from unnest(missing) as i (id)
        where not exists (select from conversations c where c.id = i.id) limit 1;
        if found then
            raise foreign_key_violation using
                message = format('conversation %s does not exist', lost),
                hint = 'Leave conversation_id empty to have it found or made; when it was empty, '
                    'somebody made or deleted this conversation at the same moment: try again.';
        end if;
    end if;

    if cardinality(ids) > 1 then
        perform from conversations c join unnest(ids) as i (id) on i.id = c.id
        order by c.id for no key update of c;
    else
        perform from conversations c where c.id = ids[1] for no key update;
    end if;

    update conversations c set
        message_count = greatest(c.message_count + d.entries, 0),
        unread_count = greatest(c.unread_count + d.unread, 0),
        last_message_id = l.id,
        last_message_content = l.content,
        last_message_at = l.occurred_at,
        last_message_direction = l.direction,
        our_number = coalesce(l.our_number, c.our_number)
    from unnest(ids, entries, unread) as d (id, entries, unread)
    left join lateral (
        (select m.id, left(m.content, 200) as content, m.occurred_at, m.direction, m.our_number
         from messages m where m.conversation_id = d.id
         order by m.occurred_at desc, m.id desc limit 1)
        union all
        (select k.id, left(coalesce(k.outcome, k.status), 200), k.occurred_at, k.direction,
             case k.direction when 'inbound' then k.to_number else k.from_number end
         from calls k where k.conversation_id = d.id
         order by k.occurred_at desc, k.id desc limit 1)
        union all
        (select e.id, left(e.subject, 200), e.occurred_at, e.direction, null
         from emails e where e.conversation_id = d.id
         order by e.occurred_at desc, e.id desc limit 1)
        order by occurred_at desc, id desc limit 1) l on true
    where c.id = d.id;
end $$;
comment on function change_conversations(uuid[], integer[], integer[]) is
    'Adds differences of entries and unread ones to conversations and reads their newest entry again; makes and locks them in the order the head of 017 describes.';

-- One plan per trigger: the table's name decides which rows count as unread.
create or replace function count_inserted() returns trigger
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    select array_agg(g.id), array_agg(g.entries), array_agg(g.unread) into ids, entries, unread
    from (select n.conversation_id as id, count(*)::integer as entries,
              (count(*) filter (where n.direction = 'inbound' and n.read_at is null and (
                  tg_table_name <> 'calls' or n.status in ('missed', 'voicemail'))))::integer
                  as unread
          from new_rows n where n.conversation_id is not null group by n.conversation_id) g;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return null;
end $$;
comment on function count_inserted() is 'Trigger: inserted messages, calls or e-mails are counted.';

create or replace function count_deleted() returns trigger
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    select array_agg(g.id), array_agg(-g.entries), array_agg(-g.unread) into ids, entries, unread
    from (select o.conversation_id as id, count(*)::integer as entries,
              (count(*) filter (where o.direction = 'inbound' and o.read_at is null and (
                  tg_table_name <> 'calls' or o.status in ('missed', 'voicemail'))))::integer
                  as unread
          from old_rows o where o.conversation_id is not null group by o.conversation_id) g;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return null;
end $$;
comment on function count_deleted() is 'Trigger: deleted messages, calls or e-mails are counted off.';

-- Updates: rows after count +1, rows before -1; equal ones cancel out, so a new delivery status
-- touches no conversation. "shown" is a hash of what a conversation shows of its newest entry.
create or replace function count_updated_messages() returns trigger
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    select array_agg(g.id), array_agg(g.entries), array_agg(g.unread) into ids, entries, unread
    from (select u.conversation_id as id, sum(u.sign)::integer as entries,
              sum(u.sign * u.is_unread::integer)::integer as unread
          from (select 1 as sign, n.conversation_id,
                    n.direction = 'inbound' and n.read_at is null as is_unread,
                    hashtext(concat_ws('/', n.id, n.occurred_at, n.direction, n.our_number,
                        left(n.content, 200))) as shown
                from new_rows n
                union all
                select -1, o.conversation_id, o.direction = 'inbound' and o.read_at is null,
                    hashtext(concat_ws('/', o.id, o.occurred_at, o.direction, o.our_number,
                        left(o.content, 200)))
                from old_rows o) u
          where u.conversation_id is not null
          group by u.conversation_id
          having sum(u.sign) <> 0 or sum(u.sign * u.is_unread::integer) <> 0
              or sum(u.sign * u.shown) <> 0) g;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return null;
end $$;
comment on function count_updated_messages() is
    'Trigger: read, moved and edited messages reach their conversations.';

create or replace function count_updated_calls() returns trigger
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    select array_agg(g.id), array_agg(g.entries), array_agg(g.unread) into ids, entries, unread
    from (select u.conversation_id as id, sum(u.sign)::integer as entries,
              sum(u.sign * u.is_unread::integer)::integer as unread
          from (select 1 as sign, n.conversation_id, n.direction = 'inbound'
                    and n.read_at is null and n.status in ('missed', 'voicemail') as is_unread,
                    hashtext(concat_ws('/', n.id, n.occurred_at, n.direction, n.from_number,
                        n.to_number, coalesce(n.outcome, n.status))) as shown
                from new_rows n
                union all
                select -1, o.conversation_id, o.direction = 'inbound'
                    and o.read_at is null and o.status in ('missed', 'voicemail'),
                    hashtext(concat_ws('/', o.id, o.occurred_at, o.direction, o.from_number,
                        o.to_number, coalesce(o.outcome, o.status)))
                from old_rows o) u
          where u.conversation_id is not null
          group by u.conversation_id
          having sum(u.sign) <> 0 or sum(u.sign * u.is_unread::integer) <> 0
              or sum(u.sign * u.shown) <> 0) g;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return null;
end $$;
comment on function count_updated_calls() is
    'Trigger: read, moved and edited calls reach their conversations.';

create or replace function count_updated_emails() returns trigger
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    select array_agg(g.id), array_agg(g.entries), array_agg(g.unread) into ids, entries, unread
    from (select u.conversation_id as id, sum(u.sign)::integer as entries,
              sum(u.sign * u.is_unread::integer)::integer as unread
          from (select 1 as sign, n.conversation_id,
                    n.direction = 'inbound' and n.read_at is null as is_unread,
                    hashtext(concat_ws('/', n.id, n.occurred_at, n.direction,
                        left(n.subject, 200))) as shown
                from new_rows n
                union all
                select -1, o.conversation_id, o.direction = 'inbound' and o.read_at is null,
                    hashtext(concat_ws('/', o.id, o.occurred_at, o.direction,
                        left(o.subject, 200)))
                from old_rows o) u
          where u.conversation_id is not null
          group by u.conversation_id
          having sum(u.sign) <> 0 or sum(u.sign * u.is_unread::integer) <> 0
              or sum(u.sign * u.shown) <> 0) g;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return null;
end $$;
comment on function count_updated_emails() is
    'Trigger: read, moved and edited e-mails reach their conversations.';

create or replace function refresh_conversation_stats(which uuid[] default null) returns integer
language plpgsql security definer as $$
declare
    ids uuid[];
    entries integer[];
    unread integer[];
begin
    ids := array(select c.id from conversations c
                 where which is null or c.id = any (which)
                 order by c.id for no key update);
    select array_agg(c.id), array_agg(r.entries - c.message_count),
        array_agg(r.unread - c.unread_count)
    into ids, entries, unread
    from unnest(ids) as i (id)
    join conversations c on c.id = i.id
    cross join lateral (
        select count(*)::integer as entries, (count(*) filter (where a.is_unread))::integer as unread
        from (select direction = 'inbound' and read_at is null as is_unread
              from messages where conversation_id = c.id
              union all
              select direction = 'inbound' and read_at is null and status in ('missed', 'voicemail')
              from calls where conversation_id = c.id
              union all
              select direction = 'inbound' and read_at is null
              from emails where conversation_id = c.id) a) r;
    if ids is not null then
        perform change_conversations(ids, entries, unread);
    end if;
    return coalesce(cardinality(array_remove(entries, 0)), 0);
end $$;
comment on function refresh_conversation_stats(uuid[]) is
    'Repair: counts the given conversations (NULL: all) again and returns how many had a wrong number of entries.';

create or replace function count_again() returns trigger
language plpgsql security definer as $$
begin
    perform refresh_conversation_stats();
    return null;
end $$;
comment on function count_again() is 'Trigger: after TRUNCATE all conversations are counted again.';

-- Triggers ------------------------------------------------------------------------------------
-- Names say when and what; row triggers of one event fire in alphabetical order.

do $$
declare
    target text;
begin
    foreach target in array array[
        'contacts', 'tags', 'contact_tags', 'messages', 'calls', 'emails', 'activities', 'deals',
        'deal_tags', 'deal_stage_history', 'documents', 'conversations', 'assistants',
        'phone_numbers', 'vapi_calls']
    loop
        execute format('drop trigger if exists %I on %I', target || '_set_updated_at', target);
        execute format('create trigger %I before update on %I
                            for each row execute function set_updated_at()',
                       target || '_set_updated_at', target);
    end loop;
end $$;

drop trigger if exists deals_fill_closing on deals;
create trigger deals_fill_closing
    before insert or update of stage, actual_close_date, probability on deals
    for each row execute function fill_deal_closing();
drop trigger if exists deals_log_insert on deals;
create trigger deals_log_insert after insert on deals
    for each row execute function log_deal_change();
drop trigger if exists deals_log_update on deals;
create trigger deals_log_update after update on deals
    for each row
    when (old.stage <> new.stage or old.value <> new.value or old.probability <> new.probability)
    execute function log_deal_change();

drop trigger if exists activities_fill_status on activities;
create trigger activities_fill_status before insert or update on activities
    for each row execute function fill_activity_status();

do $$
declare
    target record;
begin
    for target in
        select * from (values ('messages', 'message'), ('calls', 'call'), ('emails', 'email'))
            as t (name, one)
    loop
        execute format('drop trigger if exists %1$s_file on %1$s', target.name);
        execute format('create trigger %1$s_file before insert on %1$s for each row
                            when (new.conversation_id is null) execute function file_%2$s()',
                       target.name, target.one);
        execute format('drop trigger if exists %1$s_file_again on %1$s', target.name);
        execute format('create trigger %1$s_file_again before update of contact_id on %1$s
                            for each row when (new.contact_id <> old.contact_id
                                and new.conversation_id = old.conversation_id)
                            execute function file_%2$s()',
                       target.name, target.one);
        execute format('drop trigger if exists %1$s_count_inserted on %1$s', target.name);
        execute format('create trigger %1$s_count_inserted after insert on %1$s
                            referencing new table as new_rows
                            for each statement execute function count_inserted()', target.name);
        execute format('drop trigger if exists %1$s_count_updated on %1$s', target.name);
        execute format('create trigger %1$s_count_updated after update on %1$s
                            referencing old table as old_rows new table as new_rows
                            for each statement execute function count_updated_%1$s()', target.name);
        execute format('drop trigger if exists %1$s_count_deleted on %1$s', target.name);
        execute format('create trigger %1$s_count_deleted after delete on %1$s
                            referencing old table as old_rows
                            for each statement execute function count_deleted()', target.name);
        execute format('drop trigger if exists %1$s_count_again on %1$s', target.name);
        execute format('create trigger %1$s_count_again after truncate on %1$s
                            for each statement execute function count_again()', target.name);
    end loop;
end $$;

-- Safe names and callers of the functions of this file ---------------------------------------------
-- A trigger fires without the right to execute its function; only the owner and the program's
-- service role may call the others.

do $$
declare
    func record;
    caller name;
begin
    for func in
        select p.oid::regprocedure as signature, p.proname from pg_proc p
        where p.pronamespace = current_schema()::regnamespace
          and p.proname in (
              'set_updated_at', 'fill_deal_closing', 'log_deal_change', 'fill_activity_status',
              'find_conversation_id', 'file_message', 'file_call', 'file_email',
              'make_conversations', 'change_conversations', 'count_inserted', 'count_deleted',
              'count_updated_messages', 'count_updated_calls', 'count_updated_emails',
              'refresh_conversation_stats', 'count_again')
    loop
        execute format('alter function %s set search_path = %I, pg_temp',
                       func.signature, current_schema());
        execute format('revoke all on function %s from public', func.signature);
        for caller in
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('revoke all on function %s from %I', func.signature, caller);
        end loop;
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
        grant execute on function refresh_conversation_stats(uuid[]) to service_role;
    end if;
end $$;

commit;
