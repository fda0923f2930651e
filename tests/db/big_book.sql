-- A book of 50,000 contacts for the plan guard: distributions, not stories. Triggers are off (the
-- derived columns are computed here), so that it takes seconds.
set session_replication_role = replica;

insert into contacts (id, first_name, last_name, city, state, property_type, deal_status, est_value,
                      phone1, email1, assigned_to, created_at)
select md5('contact' || n)::uuid, 'First' || n % 900, 'Last' || n % 2500,
       'City ' || n % 150, (array['FL', 'GA', 'TX', 'NY', 'CA'])[1 + n % 5],
       (array['single_family', 'condo', 'land'])[1 + n % 3],
       (array['lead', 'lead', 'lead', 'qualified', 'proposal', 'negotiation', 'closing',
              'closed_won', 'closed_lost', 'contract'])[1 + n % 10],
       n * 10, '+1305' || lpad(n::text, 7, '0'), 'person' || n || '@example.com',
       case when n % 4 = 0 then md5('agent' || n % 3)::uuid end,
       timestamptz '2024-01-01' + n * interval '17 minutes'
from generate_series(1, 50000) n;

insert into tags (id, name) select md5('tag' || n)::uuid, 'tag ' || n from generate_series(1, 400) n;
insert into contact_tags (contact_id, tag_id)
select md5('contact' || n)::uuid, md5('tag' || 1 + n % 400)::uuid from generate_series(1, 40000) n;

insert into conversations (id, contact_id, channel, phone_number, message_count, unread_count,
                           last_message_at)
select md5('thread' || n)::uuid, md5('contact' || n)::uuid, 'sms', '+1305' || lpad(n::text, 7, '0'),
       4, (n % 50 = 0)::integer, timestamptz '2025-01-01' + n * interval '9 minutes'
from generate_series(1, 50000) n;

insert into messages (contact_id, conversation_id, direction, message_type, status, content,
                      phone_number, occurred_at, read_at)
select md5('contact' || p)::uuid, md5('thread' || p)::uuid,
       case when n % 2 = 0 then 'inbound' else 'outbound' end, 'sms', 'delivered', 'text ' || n,
       '+1305' || lpad(p::text, 7, '0'), timestamptz '2025-01-01' + n * interval '2 minutes', now()
from generate_series(1, 200000) n, lateral (select 1 + n % 50000 as p) x;

insert into calls (contact_id, direction, status, from_number, duration, occurred_at)
select md5('contact' || 1 + n % 50000)::uuid, 'inbound', 'completed', '+13055550100', n % 300,
       timestamptz '2025-01-01' + n * interval '8 minutes'
from generate_series(1, 60000) n;

insert into emails (contact_id, direction, status, subject, from_email, to_email, occurred_at)
select md5('contact' || 1 + n % 50000)::uuid, 'inbound', 'received', 'subject ' || n,
       'a@example.com', 'b@example.com', timestamptz '2025-01-01' + n * interval '9 minutes'
from generate_series(1, 50000) n;

insert into deals (id, contact_id, name, stage, position, value, assigned_to, expected_close_date,
                   actual_close_date)
select md5('deal' || n)::uuid, md5('contact' || n)::uuid, 'deal ' || n, s, n, n,
       md5('agent' || n % 3)::uuid, current_date + n % 90,
       case when s in ('closed_won', 'closed_lost') then current_date end
from generate_series(1, 30000) n, lateral (select
    (array['lead', 'qualified', 'proposal', 'negotiation', 'contract', 'closing', 'closed_won',
           'closed_lost'])[1 + n % 8] as s) x;

insert into activities (contact_id, deal_id, type, title, status, due_date, assigned_to,
                        completed_at)
select md5('contact' || 1 + n % 50000)::uuid, case when n % 5 = 0 then md5('deal' || n % 30000)::uuid end,
       'call', 'call ' || n, case when n % 4 = 0 then 'planned' else 'completed' end,
       now() + (n % 4000 - 2000) * interval '1 hour', md5('agent' || n % 3)::uuid,
       case when n % 4 <> 0 then now() end
from generate_series(1, 80000) n;

insert into app.users (id, email, role) values
    (md5('owner')::uuid, 'owner@example.com', 'owner'),
    (md5('agent0')::uuid, 'agent0@example.com', 'agent');
set session_replication_role = origin;
vacuum analyze;
