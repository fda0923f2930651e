-- Demo data: a small book of business of "Northside", a home-investor team that buys houses from
-- owners and sells them to landlords and families. Everything is invented: phone numbers come from
-- the range reserved for fiction (555-0100 to 555-0199), e-mail addresses end in .example.
-- All times are relative to the moment of loading. The file loads once: if any of its contacts is
-- there it changes nothing, so later edits and deletions stay as they are. Needs 001 to 017 only.
begin;
set local client_min_messages = warning;

-- Two loads at the same time would both find an empty book.
do $$ begin perform pg_advisory_xact_lock(hashtext('contact_crm seed data')); end $$;

-- Primary key number n of the table made by file number `file`.
create or replace function pg_temp.seed_id(file integer, n integer) returns uuid
language sql immutable as $$
  select ('5eed' || lpad(file::text, 4, '0') || '-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid
$$;

-- The team: 1 Ana Ruiz (owner), 2 Ben Cole (manager), 3 Mei Lin and 4 Tariq Aziz (agents).
create or replace function pg_temp.seed_user(n integer) returns uuid
language sql immutable as $$
  select ('0a000000-0000-4000-8000-' || lpad(nullif(n, 0)::text, 12, '0'))::uuid
$$;

-- A clock time some days ago (negative: in the future). For today (0) the clock is an age, because
-- what already happened must not lie ahead when the file is loaded early in the morning.
create or replace function pg_temp.seed_at(days integer, clock text) returns timestamptz
language sql stable as $$
  select case when days = 0 then now() - clock::interval
    else date_trunc('day', now()) - days * interval '1 day' + clock::interval end
$$;

-- Names the weekday that lies 1, 2, 3, 5 or 6 days ahead where a text says {1}, {2}, … .
create or replace function pg_temp.seed_days(said text) returns text
language sql stable as $$
  select replace(replace(replace(replace(replace(said,
    '{1}', to_char(now() + interval '1 day', 'FMDay')), '{2}', to_char(now() + interval '2 days', 'FMDay')),
    '{3}', to_char(now() + interval '3 days', 'FMDay')), '{5}', to_char(now() + interval '5 days', 'FMDay')),
    '{6}', to_char(now() + interval '6 days', 'FMDay'))
$$;

-- One row on the first load, none afterwards; every statement below reads it.
create temporary table seed_run on commit drop as
select true as fresh
where not exists (
  select 1 from contacts
  where id between pg_temp.seed_id(1, 1) and pg_temp.seed_id(1, 999));

insert into tags (id, name, color, description, is_system)
select pg_temp.seed_id(2, n), name, color, about, sys
from seed_run, (values
  (1, 'Hot lead', '#DC2626', 'Wants to move within 30 days', true),
  (2, 'New lead', '#3B82F6', 'Not spoken to yet', true),
  (3, 'Do not contact', '#6B7280', 'No texts, calls or mail', true),
  (4, 'Motivated seller', '#EA580C', 'Has a reason and a date', false),
  (5, 'Cash buyer', '#16A34A', 'Proof of funds on file', false),
  (6, 'Probate', '#7C3AED', 'Estate, speak to the executor', false),
  (7, 'Absentee owner', '#0891B2', 'Lives elsewhere', false),
  (8, 'Vacant', '#CA8A04', 'Nobody lives there', false),
  (9, 'Pre-foreclosure', '#B91C1C', 'Notice of default filed', false),
  (10, 'Tired landlord', '#9333EA', 'Wants out of renting', false),
  (11, 'Spanish speaking', '#0D9488', 'Prefers Spanish', false),
  (12, 'First-time buyer', '#2563EB', 'Needs the steps explained', false),
  (13, 'Needs repairs', '#92400E', 'Roof, foundation or systems', false),
  (14, 'Referral partner', '#DB2777', 'Sends us people', false)
) v(n, name, color, about, sys)
on conflict do nothing;

insert into assistants (
  id, name, description, first_message, system_prompt, model_provider, model, voice_provider,
  voice_id, voice_settings, language, max_duration_seconds, silence_timeout_seconds,
  recording_enabled, voicemail_detection_enabled, voicemail_message, end_call_message,
  end_call_phrases, config, is_active, created_at, updated_at)
select pg_temp.seed_id(13, n), name, about, hello, prompt, 'openai', model, '11labs', voice,
  '{"stability": 0.5, "similarityBoost": 0.75}'::jsonb, lang, longest, silence, true, vm_detect,
  voicemail, bye, bye_phrases::text[], config::jsonb, active,
  pg_temp.seed_at(58, '09:00'), pg_temp.seed_at(58, '09:00')
from seed_run, (values
  (1, 'Ava - seller follow-up',
   'Calls new seller leads back within minutes and books a visit with an agent.',
   'Hi, this is Ava calling from Northside. You asked us about your house, is now a good time?',
   'You are Ava, the friendly phone assistant of Northside, a local team that buys houses as they are.
Goal: find out whether the owner wants to sell, and book a visit or a call with an agent.
Ask, one at a time: is the house lived in, what needs repair, why sell now, by when, and what price they hope for.
Never name a price yourself. Never press: if they are not interested, thank them and end the call.
If they ask not to be called again, apologise, say you will remove the number, and end the call.
Visits are possible Monday to Saturday, 9:00 to 18:00 local time. Repeat day and time before you confirm.
Keep every answer under two sentences. Say that you are an AI assistant when asked.',
   'gpt-4o', 'EXAVITQu4vr4xnSDxMaL', 'en-US', 600, 25, true,
   'Hi, it is Ava from Northside about your house. I will text you as well. Call us any time at 415 555 0100. Thank you!',
   'Thank you for your time. Have a great day!', '{goodbye,"have a great day","talk to you soon"}',
   '{"firstMessageMode": "assistant-speaks-first", "transcriber": {"provider": "deepgram", "model": "nova-2", "language": "en-US"}, "backgroundSound": "office", "temperature": 0.4, "analysisPlan": {"successEvaluationRubric": "PassFail", "structuredDataSchema": {"type": "object", "properties": {"motivation": {"type": "string"}, "timeline": {"type": "string"}, "asking_price": {"type": "number"}, "appointment": {"type": "string"}}}}}',
   true),
  (2, 'Leo - front desk',
   'Answers the office line after hours, takes messages and transfers urgent calls.',
   'Thanks for calling Northside, this is Leo. How can I help you today?',
   'You are Leo, the after-hours receptionist of Northside.
Find out who is calling, about which property, and what they need. Take a name, a number and the best time to call back.
Callers with a signed contract or a closing this week are urgent: offer to transfer them to the manager on duty.
Do not discuss prices, legal questions or other clients. Vendors and sales callers get a polite no.
Read phone numbers back digit by digit.',
   'gpt-4o-mini', 'TxGEqnHWrfWFTfGW9XjX', 'en-US', 480, 20, false,
   null, 'I have passed that on. Someone from the team will call you back.',
   '{"that is all",goodbye}',
   '{"firstMessageMode": "assistant-speaks-first", "transcriber": {"provider": "deepgram", "model": "nova-2", "language": "en-US"}, "temperature": 0.3, "transferPlan": {"mode": "warm-transfer-with-summary"}, "artifactPlan": {"recordingEnabled": true}}',
   true),
  (3, 'Sofía - seguimiento en español',
   'Calls Spanish-speaking owners and buyers; same questions as Ava.',
   'Hola, le habla Sofía de Northside. Nos escribió por su casa, ¿tiene un minuto?',
   'Eres Sofía, la asistente telefónica de Northside, un equipo local que compra casas tal como están.
Habla siempre de usted y en frases cortas. Pregunta una cosa a la vez: si la casa está ocupada, qué reparaciones necesita, por qué quiere vender, para cuándo y qué precio espera.
No menciones ningún precio. Si la persona no tiene interés, agradece y termina la llamada.
Ofrece una visita de lunes a sábado entre las 9 y las 18 horas y repite el día y la hora antes de confirmar.',
   'gpt-4o', 'jsCqWAovK2LkecY7zXl4', 'es-US', 600, 25, true,
   'Hola, le habla Sofía de Northside por su casa. Le mando también un mensaje. Gracias y que tenga buen día.',
   'Gracias por su tiempo. ¡Que tenga un buen día!', '{adiós,"que tenga buen día","hasta luego"}',
   '{"firstMessageMode": "assistant-speaks-first", "transcriber": {"provider": "deepgram", "model": "nova-2", "language": "es"}, "temperature": 0.4, "analysisPlan": {"successEvaluationRubric": "PassFail"}}',
   true)
) v(n, name, about, hello, prompt, model, voice, lang, longest, silence, vm_detect, voicemail, bye,
    bye_phrases, config, active)
on conflict do nothing;

insert into phone_numbers (
  id, number, formatted_number, country_code, area_code, name, provider, assistant_id,
  capabilities, fallback_destination, is_active, is_verified, purchase_date, monthly_cost)
select pg_temp.seed_id(14, n), number, shown, 'US', substr(number, 3, 3), name, 'twilio',
  (select id from assistants where id = pg_temp.seed_id(13, assistant)), caps::text[], fallback,
  true, true, now()::date - 300 + n, 1.15
from seed_run, (values
  (1, '+14155550100', '(415) 555-0100', 'Office line', 2, '{voice,sms,mms}', '+14155550101'),
  (2, '+13055550100', '(305) 555-0100', 'Florida sellers', 3, '{voice,sms,mms}', '+14155550100'),
  (3, '+15125550100', '(512) 555-0100', 'Outbound AI calls', 1, '{voice,sms}', '+14155550100')
) v(n, number, shown, name, assistant, caps, fallback)
on conflict do nothing;

insert into contacts (
  id, first_name, last_name, llc_name, job_title, phone1, phone2, phone3, email1, email2, email3,
  mailing_address, property_address, city, state, zip_code, property_county, property_type,
  bedrooms, total_bathrooms, building_sqft, lot_size_sqft, effective_year_built, est_value,
  debt_owed, est_equity, last_sale_date, last_sale_amount, deal_status, lead_source, assigned_to,
  timezone, notes, custom_fields, created_by, created_at, updated_at)
select pg_temp.seed_id(1, n), first, last, llc, job,
  '+1' || nullif(split_part(phones, ' ', 1), ''), '+1' || nullif(split_part(phones, ' ', 2), ''),
  '+1' || nullif(split_part(phones, ' ', 3), ''), nullif(split_part(emails, ' ', 1), ''),
  nullif(split_part(emails, ' ', 2), ''), nullif(split_part(emails, ' ', 3), ''), mail, address,
  city, state, zip, county, kind, beds, baths, sqft, lot, built, worth, debt, worth - debt,
  sold::date, sold_for, status, source, pg_temp.seed_user(who), 'America/' || tz, notes,
  coalesce(custom, '{}')::jsonb, pg_temp.seed_user(case when who = 3 then 3 else 2 end),
  pg_temp.seed_at(age, '10:20'), pg_temp.seed_at(age, '10:20')
from seed_run, (values
  (1, 'Rosa', 'Delgado', null, null, '3055550111 3055550112', 'rosa.delgado@palmmail.example', null,
   '1840 NW 32nd Ave', 'Miami', 'FL', '33125', 'Miami-Dade', 'Single Family', 3, 2.0, 1480, 6000, 1952, 465000, 118000, '1998-05-14', 92000,
   'negotiation', 'Website form', 4, 'New_York', 38, '{"motivation": "Inherited from her mother", "occupancy": "Vacant", "asking_price": 410000, "language": "es"}',
   'Lives in Kendall, handles the sale for her brother too. Prefers WhatsApp, in Spanish.'),
  (2, 'Marcus', 'Whitfield', null, null, '4045550123', 'marcus.whitfield@peachpost.example mwhitfield@terminus.example', null,
   '627 Cascade Rd SW', 'Atlanta', 'GA', '30310', 'Fulton', 'Single Family', 4, 2.5, 2120, 9800, 1964, 338000, 141500, '2006-09-29', 187000,
   'contract', 'PropStream list', 2, 'New_York', 52, '{"motivation": "Job transfer to Charlotte", "occupancy": "Owner", "asking_price": 315000}',
   'Moving on the 1st. Needs two extra weeks after closing to clear the garage.'),
  (3, 'Priya', 'Raman', null, 'Data engineer', '5125550134', 'priya.raman@lonestar.example', null,
   '4102 Avenue G, Apt 5', 'Austin', 'TX', '78751', 'Travis', 'Condo', 1, 1.0, 720, null, 1986, 262000, 201000, '2021-03-08', 238000,
   'qualified', 'Zillow', 3, 'Chicago', 24, '{"buyer": true, "budget": 520000, "areas": ["East Austin", "Mueller"], "preapproved": true}',
   'Buying her first house, selling the condo afterwards. Pre-approved by Lamar Credit Union.'),
  (4, 'Thomas', 'Kowalczyk', null, 'Electrician', '7735550145 7735550146', 't.kowalczyk@millgate.example', null,
   '5318 W Warwick Ave', 'Chicago', 'IL', '60641', 'Cook', 'Duplex', 5, 2.0, 2460, 3750, 1926, 412000, 96000, '2001-11-02', 214500,
   'proposal', 'Direct mail', 4, 'Chicago', 31, '{"motivation": "Retiring to Wisconsin", "occupancy": "Owner and tenant", "rent_upstairs": 1350}',
   'Answers only after 17:00. Wants the tenant to stay.'),
  (5, 'Denise', 'Okafor', 'Juniper Holdings LLC', 'Managing member', '7135550156 7135550157 2815550158', 'denise@juniperholdings.example deals@juniperholdings.example', '2900 Weslayan St, Suite 410, Houston, TX 77027',
   '811 Tuam St', 'Houston', 'TX', '77002', 'Harris', 'Multi-Family', 8, 6.0, 5240, 7500, 1961, 1185000, 540000, '2019-07-18', 860000,
   'closed_won', 'Referral', 3, 'Chicago', 59, '{"buyer": true, "buy_box": "2-8 doors, inside Loop 610", "max_price": 1500000, "proof_of_funds": "on file"}',
   'Closes in ten days, cash. Wants first look at anything inside the Loop.'),
  (6, 'Hiroshi', 'Tanaka', null, null, '4085550167', 'hiro.tanaka@almaden.example', null,
   '2217 Cedar Glen Ct', 'San Jose', 'CA', '95132', 'Santa Clara', 'Single Family', 4, 2.0, 1725, 6300, 1971, 1340000, 402000, '1994-02-25', 289000,
   'lead', 'Google ads', 3, 'Los_Angeles', 4, '{"motivation": "Downsizing"}', 'Filled in the form at night. No call before noon.'),
  (7, 'Latoya', 'Jenkins', null, 'Nurse', '9015550178', 'latoya.jenkins@beale.example', null,
   '3391 Kimball Ave', 'Memphis', 'TN', '38111', 'Shelby', 'Single Family', 3, 1.0, 1210, 7400, 1949, 148000, 56750, '2012-06-30', 74000,
   'closing', 'Driving for dollars', 4, 'Chicago', 47, '{"motivation": "Behind on taxes", "occupancy": "Vacant", "asking_price": 105000}',
   'Works nights at the hospital, text first. Title is with Riverline Title.'),
  (8, 'Samuel', 'Oyelaran', null, 'Pastor', '7045550189', 'samuel.oyelaran@queencity.example', null,
   '1105 Beatties Ford Rd', 'Charlotte', 'NC', '28216', 'Mecklenburg', 'Single Family', 3, 1.5, 1390, 11200, 1957, 276000, 88400, '2003-04-11', 99000,
   'qualified', 'Referral', 4, 'New_York', 20, '{"motivation": "Church is buying a parsonage", "occupancy": "Tenant", "lease_until": "end of January"}',
   'Referred by Marcus Whitfield.'),
  (9, 'Elena', 'Petrova', null, null, '8135550119', 'elena.petrova@baymail.example', null,
   '7206 N Ola Ave', 'Tampa', 'FL', '33604', 'Hillsborough', 'Single Family', 2, 1.0, 980, 6700, 1947, 288000, 154000, '2017-10-05', 139900,
   'lead', 'PropStream list', 4, 'New_York', 33, null, 'E-mail is fine, no texts.'),
  (10, 'Wade', 'Hutchins', 'Bluebonnet Property Group LLC', 'Acquisitions', '2105550121 8305550122', 'wade@bluebonnetpg.example', '118 Broadway St, Suite 620, San Antonio, TX 78205',
   '414 Cedar St', 'San Antonio', 'TX', '78210', 'Bexar', 'Duplex', 4, 3.0, 2280, 5600, 1938, 395000, 0, '2020-02-14', 251000,
   'closed_won', 'Meetup', 3, 'Chicago', 57, '{"buyer": true, "buy_box": "Southtown, King William", "max_price": 450000}',
   'Pays 2% more for houses with an alley.'),
  (11, 'Lan', 'Nguyen', null, 'Salon owner', '8325550132', 'lan.nguyen@bellaire.example', null,
   '9714 Kempwood Dr', 'Houston', 'TX', '77080', 'Harris', 'Single Family', 3, 2.0, 1640, 8200, 1969, 254000, 72000, '2009-08-21', 118000,
   'proposal', 'Facebook ad', 3, 'Chicago', 27, '{"motivation": "Flood repairs unfinished", "occupancy": "Vacant", "asking_price": 205000}',
   'Two feet of water in 2017, permits still open.'),
  (12, 'Gloria', 'Estrada', null, null, '6025550143', 'gloria.estrada@saguaro.example', null,
   '2930 W Osborn Rd', 'Phoenix', 'AZ', '85017', 'Maricopa', 'Single Family', 4, 2.0, 1810, 7900, 1959, 352000, 205700, '2015-01-16', 171000,
   'negotiation', 'Direct mail', 2, 'Phoenix', 36, '{"motivation": "Divorce", "occupancy": "Owner", "asking_price": 330000, "language": "es"}',
   'Husband has to sign too: Ernesto, 602 555 0144.'),
  (13, 'Patrick', 'O''Donnell', null, 'Retired', '2165550154', 'pat.odonnell@lakeerie.example', null,
   '3472 W 41st St', 'Cleveland', 'OH', '44109', 'Cuyahoga', 'Single Family', 3, 1.0, 1340, 4400, 1915, 121000, 38000, '1987-03-27', 41500,
   'closed_lost', 'Cold call', 4, 'New_York', 55, '{"motivation": "Moving in with his daughter"}', 'Listed with a neighbour who is an agent.'),
  (14, 'Amina', 'Warsame', null, 'Pharmacist', '6145550165', 'amina.warsame@buckeye.example', null,
   '1567 Cleveland Ave', 'Columbus', 'OH', '43211', 'Franklin', 'Single Family', 3, 1.0, 1150, 5100, 1948, 164000, 97500, '2018-12-03', 92000,
   'lead', 'Website form', 4, 'New_York', 3, '{"motivation": "Relocating to Minneapolis", "timeline": "60 days"}', null),
  (15, 'Derek', 'Sorensen', null, 'Contractor', '6125550176 6125550177', 'derek@sorensenbuild.example', null,
   '4119 Bryant Ave N', 'Minneapolis', 'MN', '55412', 'Hennepin', 'Single Family', 4, 2.0, 1960, 5000, 1922, 231000, 262400, '2022-05-20', 259000,
   'qualified', 'PropStream list', 2, 'Chicago', 29, '{"motivation": "Two payments behind", "lender": "First Prairie Bank", "short_sale": true}',
   'Owes more than it is worth. Only possible as a short sale; hardship letter requested.'),
  (16, 'Carmen', 'Villanueva', null, null, '4075550187', 'carmen.villanueva@orangeblossom.example', null,
   '5523 Pershing Ave', 'Orlando', 'FL', '32822', 'Orange', 'Townhouse', 3, 2.5, 1560, 1900, 1999, 298000, 166000, '2016-07-07', 163500,
   'contract', 'Referral', 4, 'New_York', 45, '{"motivation": "Moving back to Puerto Rico", "occupancy": "Owner", "language": "es"}',
   'HOA transfer takes about 15 days, ask early.'),
  (17, 'Joseph', 'Begay', null, 'Silversmith', '5055550198', 'joseph.begay@sandia.example', null,
   '812 Mountain Rd NW', 'Albuquerque', 'NM', '87102', 'Bernalillo', 'Single Family', 2, 1.0, 1020, 6100, 1936, 279000, 44000, '1991-10-18', 58000,
   'lead', 'Direct mail', 3, 'Denver', 16, null, 'Sent the postcard back with a question mark on it.'),
  (18, 'Grace', 'Chen', null, 'Architect', '5105550110', 'grace.chen@lakemerritt.example', null,
   '2766 Coolidge Ave', 'Oakland', 'CA', '94601', 'Alameda', 'Single Family', 3, 1.0, 1330, 4200, 1924, 742000, 590000, '2026-09-30', 735000,
   'closed_won', 'Zillow', 3, 'Los_Angeles', 58, '{"buyer": true, "budget": 760000}', 'Bought with us in autumn. Ask for a review and referrals.'),
  (19, 'Harold', 'Fitzgerald', null, 'Attorney', '2055550120', 'hfitzgerald@redmountain.example', null,
   '1420 Cullom St S', 'Birmingham', 'AL', '35205', 'Jefferson', 'Single Family', 4, 3.0, 2870, 12400, 1931, 489000, 0, '1989-06-02', 134000,
   'closed_lost', 'PropStream list', 2, 'Chicago', 41, null, 'Threatened to file a complaint. Leave alone.'),
  (20, 'Evelyn', 'Broussard', 'Magnolia Street Trust', 'Trustee', '5045550131 5045550133', 'evelyn.broussard@crescent.example', '77 Metairie Lawn Dr, Metairie, LA 70001',
   '2014 Magnolia St', 'New Orleans', 'LA', '70113', 'Orleans', 'Multi-Family', 6, 4.0, 3380, 4800, 1910, 428000, 60500, '1978-08-15', 36000,
   'proposal', 'Probate list', 2, 'Chicago', 30, '{"motivation": "Five heirs, wants it simple", "attorney": "Guidry & Poche"}',
   'Every offer goes to her and to the attorney.'),
  (21, 'Andre', 'Baptiste', null, 'Chef', '9545550142', 'andre.baptiste@lasolas.example', null,
   '1233 NW 7th Ter', 'Fort Lauderdale', 'FL', '33311', 'Broward', 'Single Family', 3, 2.0, 1420, 7100, 1958, 379000, 212000, '2014-04-04', 142000,
   'closing', 'Bandit sign', 4, 'New_York', 49, '{"motivation": "Opening a restaurant", "occupancy": "Owner", "asking_price": 330000}',
   'Needs the money wired to the business account.'),
  (22, 'Sofia', 'Marchetti', null, null, '9165550153', 'sofia.marchetti@tower.example', null,
   '3840 T St', 'Sacramento', 'CA', '95816', 'Sacramento', 'Single Family', 2, 1.0, 1090, 5200, 1939, 548000, 301000, '2013-09-13', 279000,
   'lead', 'Google ads', 3, 'Los_Angeles', 2, '{"timeline": "Spring"}', null),
  (23, 'Kwame', 'Mensah', null, 'Professor', '9195550164', 'kwame.mensah@oakcity.example', null,
   '708 S Person St', 'Raleigh', 'NC', '27601', 'Wake', 'Single Family', 3, 2.0, 1515, 4300, 1920, 437000, 188000, '2010-05-28', 169000,
   'qualified', 'Website form', 2, 'New_York', 18, '{"motivation": "Sabbatical in Accra", "occupancy": "Owner", "asking_price": 425000}', 'Leaves the country in ten weeks.'),
  (24, 'Linda', 'Haugen', null, 'Landlord', '3035550175', 'linda.haugen@frontrange.example lhaugen@frontrange.example', '15 Aspen Ridge Rd, Evergreen, CO 80439',
   '3127 Julian St', 'Denver', 'CO', '80211', 'Denver', 'Duplex', 4, 2.0, 1980, 5700, 1908, 715000, 248000, '1996-01-30', 148500,
   'negotiation', 'Cold call', 2, 'Denver', 40, '{"motivation": "Tenant trouble", "rent_total": 3900, "asking_price": 680000}', 'Eviction hearing for unit B is on the calendar.'),
  (25, 'Omar', 'Haddad', null, 'Restaurant owner', '2145550186', 'omar.haddad@trinity.example', null,
   '6120 Vickery Blvd', 'Dallas', 'TX', '75214', 'Dallas', 'Single Family', 3, 2.0, 1890, 7600, 1951, 612000, 355000, '2019-11-22', 478000,
   'contract', 'Open house', 3, 'Chicago', 35, '{"buyer": true, "budget": 680000, "lender": "Trinity Mutual"}', 'Buying 5711 Ellsworth, financing contingency still open.'),
  (26, 'Beatriz', 'Carvalho', null, null, '9045550197', 'bia.carvalho@firstcoast.example', null,
   '1822 Hubbard St', 'Jacksonville', 'FL', '32206', 'Duval', 'Single Family', 3, 1.0, 1260, 4900, 1921, 167000, 0, '2005-12-09', 61000,
   'lead', 'Facebook ad', 4, 'New_York', 5, '{"occupancy": "Vacant"}', 'Speaks Portuguese and English.'),
  (27, 'Walter', 'Pruitt', null, 'Retired', '8165550118', 'walter.pruitt@heartland.example', null,
   '4406 Garfield Ave', 'Kansas City', 'MO', '64130', 'Jackson', 'Single Family', 4, 1.5, 1740, 5900, 1919, 98000, 21500, '1974-07-19', 17900,
   'closed_lost', 'Cold call', 4, 'Chicago', 50, null, 'Family decided to keep the house.'),
  (28, 'Nathan', 'Goldberg', 'Ironwood Capital Partners LLC', 'Partner', '4805550129 6025550130', 'nathan@ironwoodcp.example closings@ironwoodcp.example', '7150 E Camelback Rd, Suite 300, Scottsdale, AZ 85251',
   '1641 E Almeria Rd', 'Phoenix', 'AZ', '85006', 'Maricopa', 'Multi-Family', 12, 12.0, 8640, 21800, 1963, 2150000, 1290000, '2023-03-31', 1875000,
   'qualified', 'Referral', 1, 'Phoenix', 26, '{"buyer": true, "buy_box": "6-20 doors, Phoenix and Tucson", "max_price": 3000000}', 'Introduced by Denise Okafor.'),
  (29, 'Ruth', 'Abernathy', null, 'Executor', '9125550141', 'ruth.abernathy@lowcountry.example', '40 Church St, Asheville, NC 28801',
   '519 E 38th St', 'Savannah', 'GA', '31401', 'Chatham', 'Single Family', 3, 1.0, 1430, 3900, 1912, 318000, 0, '1966-04-01', 9800,
   'proposal', 'Probate list', 2, 'New_York', 34, '{"motivation": "Brother''s estate", "occupancy": "Vacant", "probate_case": "open"}', 'Letters testamentary are in Documents.'),
  (30, 'Diego', 'Fuentes', null, null, '9155550152', null, null,
   '3015 Aurora Ave', 'El Paso', 'TX', '79930', 'El Paso', 'Single Family', 3, 1.0, 1180, 6000, 1954, 159000, 83000, '2011-02-11', 78000,
   'lead', 'Direct mail', null, 'Denver', 6, null, null),
  (31, 'Yolanda', 'Simmons', null, 'Bus driver', '3135550163', 'yolanda.simmons@motorcity.example', null,
   '14803 Mettetal St', 'Detroit', 'MI', '48227', 'Wayne', 'Single Family', 3, 1.0, 1240, 4600, 1941, 92000, 18000, '1999-10-22', 55000,
   'closed_won', 'Driving for dollars', 4, 'Detroit', 54, '{"motivation": "Fire damage in the kitchen"}', 'Sent us two neighbours already.'),
  (32, 'Arjun', 'Mehta', null, 'Product manager', '9725550174', 'arjun.mehta@legacywest.example', null,
   '2300 Preston Park Dr, Apt 1208', 'Plano', 'TX', '75093', 'Collin', 'Apartment', null, null, null, null, null, null, null, null, null,
   'qualified', 'Zillow', 3, 'Chicago', 22, '{"buyer": true, "budget": 610000, "schools": "Plano ISD", "lease_until": "end of March"}', 'Two kids, wants a yard and a short drive to school.'),
  (33, 'Katarzyna', 'Nowak', null, 'Teacher', '4145550185', 'kasia.nowak@brewtown.example', null,
   '2138 S 14th St', 'Milwaukee', 'WI', '53204', 'Milwaukee', 'Duplex', 4, 2.0, 1910, 3600, 1905, 187000, 65000, '2008-06-17', 112000,
   'lead', 'Website form', 4, 'Chicago', 8, '{"motivation": "Tenant moved out", "timeline": "90 days"}', null),
  (34, 'Vincent', 'Tran', null, 'Dealer', '7025550196', 'vincent.tran@silverstate.example', null,
   '4860 Lone Mesa Dr', 'Las Vegas', 'NV', '89147', 'Clark', 'Single Family', 4, 3.0, 2240, 5400, 1996, 458000, 331000, '2018-03-09', 297000,
   'negotiation', 'Google ads', 3, 'Los_Angeles', 21, '{"motivation": "Rate reset in spring", "asking_price": 440000}', null),
  (35, 'Deborah', 'Eklund', null, null, '2065550117', 'deborah.eklund@rainier.example', '88 Yesler Way, Seattle, WA 98104',
   'Lot 14, SE 432nd St', 'Enumclaw', 'WA', '98022', 'King', 'Vacant Land', null, null, null, 104500, null, 238000, 0, '2007-05-25', 145000,
   'lead', 'Direct mail', 1, 'Los_Angeles', 11, '{"acres": 2.4, "well": true, "septic": false}', 'Perc test from 2019 exists on paper.'),
  (36, 'Hassan', 'Karimi', null, 'Dentist', '6195550128', 'hassan.karimi@balboa.example', null,
   '3954 Marlborough Ave', 'San Diego', 'CA', '92105', 'San Diego', 'Single Family', 3, 2.0, 1370, 5300, 1946, 826000, 417000, '2012-08-10', 348000,
   'closed_lost', 'Google ads', 3, 'Los_Angeles', 46, null, 'Sold to an online buyer. Has a second house in Chula Vista.'),
  (37, 'Shanice', 'Powell', null, 'Paralegal', '4105550139', 'shanice.powell@harbor.example', null,
   '2511 E Biddle St', 'Baltimore', 'MD', '21213', 'Baltimore City', 'Townhouse', 3, 1.0, 1120, 900, 1920, 129000, 77000, '2020-06-26', 96000,
   'qualified', 'Facebook ad', 4, 'New_York', 14, '{"motivation": "Notice of default", "auction_in_days": 41}', 'Auction date is set. Speak plainly, she knows the law.'),
  (38, 'Teresa', 'Whitehorse', null, null, '9185550149', 'teresa.whitehorse@greencountry.example', null,
   '1731 N Denver Ave', 'Tulsa', 'OK', '74106', 'Tulsa', 'Single Family', 2, 1.0, 940, 6900, 1929, 78000, 12000, '2002-03-15', 31000,
   'lead', 'Direct mail', null, 'Chicago', 1, null, null),
  (39, 'Bobby', 'Landry', 'Gulf Coast Rentals LLC', 'Owner', '2515550159', 'bobby@gulfcoastrentals.example', 'PO Box 2290, Mobile, AL 36652',
   '958 Selma St', 'Mobile', 'AL', '36604', 'Mobile', 'Multi-Family', 8, 4.0, 3900, 9000, 1948, 365000, 190000, '2009-09-09', 155000,
   'proposal', 'Cold call', 2, 'Chicago', 28, '{"doors": 4, "rent_total": 3350, "asking_price": 345000}', 'Sells the fourplex if he can keep the laundry lease.'),
  (40, 'Ingrid', 'Solberg', null, 'Translator', '5035550169', 'ingrid.solberg@stumptown.example', null,
   '6234 NE Mallory Ave', 'Portland', 'OR', '97211', 'Multnomah', 'Single Family', 2, 1.0, 1060, 5000, 1925, 452000, 176000, '2011-07-01', 218000,
   'lead', 'Website form', null, 'Los_Angeles', 1, '{"timeline": "Just curious"}', null),
  (41, 'Kyle', 'Brandt', null, null, '6235550179', 'kyle.brandt@westvalley.example', null,
   '10422 W Devonshire Ave', 'Phoenix', 'AZ', '85037', 'Maricopa', 'Single Family', 3, 2.0, 1505, 6600, 1988, 341000, 229000, '2019-04-18', 218000,
   'lead', 'PropStream list', 3, 'Phoenix', 45, null, 'Same person as a record in the old list.'),
  (42, '', '', null, null, '7865550190', null, null,
   null, 'Hialeah', 'FL', null, 'Miami-Dade', null, null, null, null, null, null, null, null, null, null,
   'lead', 'Bandit sign', null, 'New_York', 1, null, 'Texted the number on the sign, no name yet.')
) v(n, first, last, llc, job, phones, emails, mail, address, city, state, zip, county, kind, beds,
    baths, sqft, lot, built, worth, debt, sold, sold_for, status, source, who, tz, age, custom,
    notes)
on conflict do nothing;

insert into contact_tags (id, contact_id, tag_id, created_by, created_at, updated_at)
select pg_temp.seed_id(3, v.n * 100 + c.ord::integer), k.id, t.id, pg_temp.seed_user(2),
  k.created_at + interval '2 hours', k.created_at + interval '2 hours'
from seed_run, (values
  (1, 'Hot lead', '{1,2,7,12,16,21,24,34,37}'::integer[]),
  (2, 'New lead', '{6,14,22,26,30,38,40,42}'),
  (3, 'Do not contact', '{19}'),
  (4, 'Motivated seller', '{1,2,7,11,12,15,16,21,24,31,37}'),
  (5, 'Cash buyer', '{5,10,28}'),
  (6, 'Probate', '{1,20,29}'),
  (7, 'Absentee owner', '{1,5,10,20,24,28,29,35,39,8}'),
  (8, 'Vacant', '{1,7,11,26,29,33,35}'),
  (9, 'Pre-foreclosure', '{15,37,34}'),
  (10, 'Tired landlord', '{4,8,20,24,33,39}'),
  (11, 'Spanish speaking', '{1,12,16,30,42}'),
  (12, 'First-time buyer', '{3,18,32}'),
  (13, 'Needs repairs', '{4,7,11,13,17,20,26,27,29,31,36,38}'),
  (14, 'Referral partner', '{2,5,8,16,18,28,31}')
) v(n, tag, people)
cross join lateral unnest(v.people) with ordinality c(contact, ord)
join contacts k on k.id = pg_temp.seed_id(1, c.contact)
join tags t on lower(t.name) = lower(v.tag)
on conflict do nothing;

-- Texts: s = SMS, w = WhatsApp; i = in, o = out; who 0 = sent by an automation. state: null means
-- delivered (out) or received and read (in).
insert into messages (
  id, contact_id, direction, message_type, content, status, phone_number, our_number, provider,
  message_sid, segments, cost, sent_by, occurred_at, delivered_at, read_at, created_at, updated_at)
select pg_temp.seed_id(4, m.n), k.id, case m.dir when 'i' then 'inbound' else 'outbound' end,
  case m.ch when 'w' then 'whatsapp' else 'sms' end, pg_temp.seed_days(m.content),
  case when m.dir = 'i' then 'received' else coalesce(m.state, 'delivered') end, k.phone1,
  case when k.state = 'FL' then '+13055550100' else '+14155550100' end, 'twilio',
  'SM' || md5('seed message ' || m.n), ceil(length(m.content) / 153.0)::integer,
  case when m.dir = 'o' then 0.0079 * ceil(length(m.content) / 153.0) end,
  case when m.dir = 'o' then pg_temp.seed_user(m.who) end, m.at,
  case when m.dir = 'o' and m.state is distinct from 'sent' then m.at + interval '3 seconds' end,
  case when m.dir = 'i' and m.state is null then m.at + interval '6 minutes'
    when m.state = 'read' then m.at + interval '9 minutes' end, m.at, m.at
from seed_run
cross join lateral (
  select row_number() over ()::integer as n, v.*, pg_temp.seed_at(v.days, v.clock) as at
  from (values
  -- Rosa Delgado
  (1, 's', 'o', 38, '10:26', 0, null, 'Hi Rosa, thanks for telling us about 1840 NW 32nd Ave. I am Tariq with Northside. Would a short call today or tomorrow work?'),
  (1, 's', 'i', 38, '10:41', 0, null, 'Tomorrow after 3 is good. Can we use whatsapp? I am at work most of the day'),
  (1, 's', 'o', 38, '10:44', 4, null, 'Of course, I will write to you there. Talk tomorrow at 3:15.'),
  (1, 'w', 'o', 37, '09:05', 4, 'read', 'Buenos días Rosa, soy Tariq de Northside. ¿Seguimos para las 3:15?'),
  (1, 'w', 'i', 37, '09:31', 0, null, 'Buenos días! Sí, a las 3:15 estoy libre'),
  (1, 'w', 'i', 30, '18:20', 0, null, 'Mi hermano quiere saber si ustedes pagan los gastos de cierre'),
  (1, 'w', 'o', 30, '18:34', 4, 'read', 'Sí, los pagamos nosotros: título, registro y la búsqueda de gravámenes. Ustedes no ponen nada.'),
  (1, 'w', 'i', 30, '18:36', 0, null, 'Perfecto, gracias. Entonces pueden ver la casa el sábado'),
  (1, 'w', 'o', 9, '11:02', 4, 'read', 'Rosa, le mandé la oferta por correo: 385,000 y cierre en 21 días. ¿La pudo ver con su hermano?'),
  (1, 'w', 'i', 8, '20:15', 0, null, 'La vimos. Él quiere 400 pero yo prefiero cerrar rápido'),
  (1, 'w', 'o', 7, '09:20', 4, 'read', 'Entiendo. Déjeme hablar con Ben y le traigo una respuesta esta semana.'),
  (1, 'w', 'i', 0, '2:40', 0, 'unread', 'Hola Tariq, alguna noticia? Mi hermano viaja esta semana y tiene que firmar antes'),
  (1, 'w', 'i', 0, '2:38', 0, 'unread', 'Con 392 él firma hoy mismo'),
  -- Marcus Whitfield
  (2, 's', 'o', 52, '14:12', 2, null, 'Hi Marcus, Ben from Northside. We buy houses in Cascade Heights as they are. Is 627 Cascade Rd something you would sell?'),
  (2, 's', 'i', 52, '17:50', 0, null, 'Maybe. I start a new job in Charlotte in January. What do you pay?'),
  (2, 's', 'o', 52, '17:58', 2, null, 'I would rather see it before I say a number. 20 minutes, no repairs or cleaning needed. Thursday 5:30?'),
  (2, 's', 'i', 52, '18:03', 0, null, 'Thursday works'),
  (2, 's', 'o', 41, '16:30', 2, null, 'Offer is in your inbox: 298k, we pay closing, you pick the date.'),
  (2, 's', 'i', 40, '08:14', 0, null, 'Honestly I was hoping for 315. The roof is only 6 years old'),
  (2, 's', 'o', 40, '08:40', 2, null, 'Fair point on the roof. Send me the invoice and I will ask for 306.'),
  (2, 's', 'i', 33, '12:22', 0, null, '306 and two weeks to clear the garage after closing and we have a deal'),
  (2, 's', 'o', 33, '12:25', 2, null, 'Done. Contract goes out today.'),
  (2, 's', 'i', 5, '19:08', 0, null, 'Inspector was here. He says the water heater has no permit, is that a problem?'),
  (2, 's', 'o', 5, '19:30', 2, null, 'Not for us, we replace it anyway. Nothing you need to do.'),
  (2, 's', 'i', 0, '0:52', 0, 'unread', 'Title company wants my payoff letter by tomorrow. Can I send it to you too?'),
  -- Priya Raman
  (3, 's', 'i', 24, '12:04', 0, null, 'Hi, I saw the listing on E 14th. Is it still available?'),
  (3, 's', 'o', 24, '12:10', 3, null, 'Hi Priya, Mei here. That one went under contract yesterday, sorry! Two similar ones come up next week. What matters most to you?'),
  (3, 's', 'i', 24, '12:17', 0, null, '3 bedrooms, a yard for the dog, under 520. East Austin or Mueller'),
  (3, 's', 'o', 24, '12:19', 3, null, 'Great, that is doable. Are you already pre-approved?'),
  (3, 's', 'i', 24, '12:30', 0, null, 'Yes, letter from Lamar Credit Union, valid until February'),
  (3, 's', 'o', 10, '09:15', 3, null, 'New one before it goes public: 1207 Perez St, 3/2, fenced yard, 505k. Saturday 10:00?'),
  (3, 's', 'i', 10, '09:16', 0, null, 'YES. Saturday 10 is perfect'),
  (3, 's', 'i', 8, '13:40', 0, null, 'Loved it but the street is loud. Can we see something closer to Mueller?'),
  (3, 's', 'o', 8, '14:05', 3, null, 'Understood. I have two near the lake park, sending the sheets by e-mail tonight.'),
  (3, 's', 'i', 1, '16:45', 0, null, 'Got them, the one on Antone St looks right'),
  (3, 's', 'o', 1, '16:52', 3, null, 'Showing requested for {2} 17:30, I will confirm in the morning.'),
  -- Thomas Kowalczyk
  (4, 's', 'i', 31, '17:20', 0, null, 'Got your letter about Warwick Ave. Who am I talking to'),
  (4, 's', 'o', 31, '17:26', 4, null, 'Hi Thomas, Tariq at Northside. A small team, we buy two-flats around Portage Park. Are you thinking of selling?'),
  (4, 's', 'i', 31, '17:29', 0, null, 'Wife wants to be in Door County by spring. Upstairs tenant is good, I dont want him thrown out'),
  (4, 's', 'o', 31, '17:33', 4, null, 'We can take over the lease. What does he pay?'),
  (4, 's', 'i', 31, '17:40', 0, null, '1350, never late'),
  (4, 's', 'o', 6, '17:10', 4, null, 'The proposal is in your e-mail: 352k, lease stays, close in March when you are ready to move.'),
  (4, 's', 'i', 6, '21:02', 0, null, 'Will read it sunday with my wife'),
  (4, 's', 'o', 2, '17:05', 4, null, 'Hi Thomas, any questions after reading it?'),
  -- Denise Okafor, Juniper Holdings
  (5, 's', 'i', 55, '08:30', 0, null, 'Denise at Juniper. Ben says you have an off-market sixplex?'),
  (5, 's', 'o', 55, '08:36', 3, null, 'Yes, 811 Tuam: six doors, 98% occupied last year, roof 2018. Seller wants 880. Package on its way.'),
  (5, 's', 'i', 54, '15:44', 0, null, 'Numbers work at 860. Cash, ten days, I keep the laundry machines'),
  (5, 's', 'o', 54, '15:50', 3, null, 'Seller agreed to 860 with the laundry.'),
  (5, 's', 'i', 41, '16:20', 0, null, 'Closed and keys in hand. Smooth. What else do you have?'),
  (5, 's', 'o', 41, '16:25', 3, null, 'A fourplex in Eastwood soon. You get first look, as always.'),
  (5, 's', 'i', 3, '10:11', 0, null, 'Anything inside the Loop yet? I have 1.2M sitting since the 1031'),
  (5, 's', 'o', 3, '10:40', 3, null, 'Kempwood may come, it flooded in 2017. Too far out for you?'),
  (5, 's', 'i', 3, '10:42', 0, null, 'Too far. Think Montrose, Third Ward, Eado'),
  -- Hiroshi Tanaka
  (6, 's', 'o', 4, '10:25', 0, null, 'Thank you for asking about your house on Cedar Glen Ct. Mei will get back to you within one business day. Reply STOP to opt out.'),
  (6, 's', 'i', 4, '13:18', 0, null, 'Not before noon please'),
  (6, 's', 'o', 4, '13:30', 3, null, 'Noted. Tomorrow at 13:30?'),
  (6, 's', 'i', 4, '13:33', 0, null, 'OK'),
  -- Latoya Jenkins
  (7, 's', 'o', 47, '15:02', 4, null, 'Hello Latoya, I drove by 3391 Kimball. Looks empty, would you sell it as it is?'),
  (7, 's', 'i', 46, '07:45', 0, null, 'How did you get my number'),
  (7, 's', 'o', 46, '09:01', 4, null, 'County tax records list you as the owner, and a people search gave the number. If you would rather not hear from me, just say so.'),
  (7, 's', 'i', 46, '09:12', 0, null, 'No its fine. I owe 2 years of taxes on it. What could you give me'),
  (7, 's', 'o', 46, '09:20', 4, null, 'We pay the taxes out of our side. If it looks inside like outside, somewhere around 95 to 105. May I see it?'),
  (7, 's', 'i', 46, '09:22', 0, null, 'Key is under the back step. Go ahead'),
  (7, 's', 'o', 12, '10:10', 4, null, 'Riverline Title found the old lien from 2013, already paid, they only need the release. Nothing for you to do.'),
  (7, 's', 'i', 12, '10:55', 0, null, 'Ok good. What day do I sign'),
  (7, 's', 'o', 2, '09:30', 4, null, 'Signing is set for {3} 8:15, right after your shift, Riverline on Poplar. Bring your license.'),
  (7, 's', 'i', 2, '11:40', 0, null, 'I will be there. Thank you Tariq'),
  (7, 's', 'i', 0, '5:15', 0, 'unread', 'Can they do a cashiers check or only wire?'),
  -- Samuel Oyelaran
  (8, 's', 'i', 20, '11:30', 0, null, 'Good morning, Marcus Whitfield gave me your number. I have a rental on Beatties Ford to sell.'),
  (8, 's', 'o', 20, '11:42', 4, null, 'Good morning Pastor, thanks for writing. Is somebody living there now?'),
  (8, 's', 'i', 20, '11:50', 0, null, 'A family, lease until end of January. They know.'),
  (8, 's', 'o', 13, '10:00', 4, null, 'We could look at it this week with 24 hours notice to them. Thursday 11:00?'),
  (8, 's', 'i', 13, '12:15', 0, null, 'Thursday 11 is fine, they will be home'),
  -- Elena Petrova
  (9, 's', 'o', 33, '14:00', 0, null, 'Hi Elena, this is Northside. We are looking for a house near Seminole Heights, would you consider an offer for 7206 N Ola Ave? Reply STOP to opt out.'),
  (9, 's', 'i', 33, '14:22', 0, null, 'Where did you get this number'),
  (9, 's', 'o', 33, '14:31', 4, null, 'From a public property list. Happy to remove you if you like.'),
  (9, 's', 'i', 33, '14:33', 0, null, 'STOP'),
  (9, 's', 'o', 33, '14:33', 0, null, 'You have been unsubscribed and will get no more messages from this number. Reply START to resubscribe.'),
  -- Wade Hutchins, Bluebonnet
  (10, 's', 'o', 50, '09:10', 3, null, 'Morning Wade, 414 Cedar is yours if you still want it: duplex, alley access, 251k under comps by 20.'),
  (10, 's', 'i', 50, '09:22', 0, null, 'Send it. Is the alley wide enough for a casita?'),
  (10, 's', 'o', 50, '09:30', 3, null, '16 feet, so yes by the city rules. Survey attached in the mail.'),
  (10, 's', 'i', 48, '11:05', 0, null, 'We take it. Same title company as last time'),
  (10, 's', 'i', 15, '10:15', 0, null, 'Any more in Southtown before the holidays?'),
  (10, 's', 'o', 15, '10:50', 3, null, 'One is close, owner decides this week. You will hear first.'),
  -- Lan Nguyen
  (11, 's', 'i', 27, '20:08', 0, null, 'I saw your ad. My house on Kempwood had flood damage, do you still buy?'),
  (11, 's', 'o', 26, '09:02', 3, null, 'Hi Lan, yes, that is what we do. Are the walls open or closed?'),
  (11, 's', 'i', 26, '12:44', 0, null, 'Open in two rooms. Permit never finished because contractor left'),
  (11, 's', 'o', 26, '12:50', 3, null, 'We can close the permits ourselves. Could I look at it Friday at 10?'),
  (11, 's', 'i', 26, '12:58', 0, null, 'Friday ok, my son opens the door'),
  (11, 's', 'o', 11, '15:30', 3, null, 'Hi Lan, our proposal is ready: 182,000, no repairs, we take the permits as they are.'),
  (11, 's', 'i', 11, '19:21', 0, null, 'I hoped 205. Can you come a little up?'),
  (11, 's', 'o', 10, '10:12', 3, null, 'I can do 188 if we close before the 15th. The foundation report costs us the rest.'),
  (11, 's', 'i', 4, '18:45', 0, null, 'My son says another company offered 190'),
  (11, 's', 'o', 3, '09:30', 3, null, 'Ask them whether they have seen the permits. Many offers go down after the inspection, ours does not. Shall I call you at 5?'),
  (11, 's', 'i', 3, '09:41', 0, null, 'OK call me 5'),
  -- Gloria Estrada
  (12, 's', 'o', 36, '10:30', 2, null, 'Hello Gloria, Ben from Northside. You called about the card we mailed to 2930 W Osborn. When is a good time to talk?'),
  (12, 's', 'i', 36, '12:02', 0, null, 'Despues de las 6 por favor. Es por el divorcio'),
  (12, 's', 'o', 36, '12:05', 2, null, 'Claro, la llama nuestra colega Sofía a las 18:15.'),
  (12, 's', 'i', 17, '08:50', 0, null, 'The judge says we can sell if both sign. Ernesto is ok with 325'),
  (12, 's', 'o', 17, '09:15', 2, null, 'Good news. I can offer 312 today, with each of you paid by a separate check.'),
  (12, 's', 'i', 6, '13:03', 0, null, 'Separate checks is important. He says 318 is his last word'),
  (12, 's', 'o', 6, '13:20', 2, null, 'Let me run 318 by Ana and come back to you both.'),
  (12, 's', 'i', 0, '3:25', 0, 'unread', 'Hi Ben is there an answer on 318? My lawyer is asking'),
  -- Patrick O'Donnell
  (13, 's', 'o', 50, '11:00', 4, null, 'Hi Pat, thanks for the tour yesterday. I will have a number for you on Monday.'),
  (13, 's', 'i', 50, '11:34', 0, null, 'Thanks for coming out. Mind the third stair next time'),
  (13, 's', 'i', 39, '16:20', 0, null, 'Decided to list it with Jim next door. No hard feelings'),
  (13, 's', 'o', 39, '16:41', 4, null, 'None at all, Pat. Good luck with the move!'),
  -- Amina Warsame
  (14, 's', 'o', 3, '10:25', 0, null, 'Thank you for asking about your house on Cleveland Ave. Tariq will get back to you within one business day. Reply STOP to opt out.'),
  (14, 's', 'i', 3, '10:58', 0, null, 'Thanks. I work at the pharmacy until 9 pm, text is better than calling'),
  (14, 's', 'o', 2, '10:05', 4, null, 'Text it is. Roughly how old are roof and furnace, and is anyone renting it?'),
  (14, 's', 'i', 0, '7:30', 0, 'unread', 'Roof 2015, furnace is old old. Nobody renting, my cousin stays there sometimes'),
  -- Derek Sorensen
  (15, 's', 'o', 29, '13:00', 2, null, 'Derek, Ben from Northside. If the bank is pressing you on Bryant Ave there may be a way out without foreclosure.'),
  (15, 's', 'i', 29, '13:40', 0, null, 'I owe 262 on it. Its worth maybe 230. You gonna pay 262?'),
  (15, 's', 'o', 29, '13:48', 2, null, 'No, but First Prairie may accept less, that is a short sale. It costs you nothing and beats a foreclosure on your record.'),
  (15, 's', 'i', 29, '14:30', 0, null, 'What do you need from me'),
  (15, 's', 'o', 29, '14:33', 2, null, 'Two pay stubs, last two bank statements and a one-page letter why you fell behind. I send you a sample.'),
  (15, 's', 'i', 12, '20:10', 0, null, 'Letter is done, statements tomorrow'),
  -- Carmen Villanueva
  (16, 's', 'i', 44, '09:40', 0, null, 'Hola, Rosa Delgado es mi prima, me dijo que ustedes compran casas'),
  (16, 's', 'o', 44, '09:52', 4, null, 'Hola Carmen, así es. ¿Dónde queda la suya y para cuándo quiere vender?'),
  (16, 's', 'i', 44, '10:01', 0, null, 'Orlando, Pershing Ave. Me regreso a Ponce en enero'),
  (16, 's', 'o', 18, '14:15', 4, null, 'Carmen, el contrato ya está firmado por las dos partes. La HOA tarda unos 15 días.'),
  (16, 's', 'i', 18, '14:20', 0, null, 'Gracias a Dios. Puedo dejar los muebles?'),
  (16, 's', 'o', 18, '14:22', 4, null, 'Sí, deje lo que no quiera llevarse.'),
  (16, 's', 'i', 1, '18:55', 0, 'unread', 'Llegó la carta de la HOA, le mando foto mañana'),
  -- Grace Chen
  (18, 's', 'i', 53, '09:20', 0, null, 'Keys are in hand, we slept here last night!'),
  (18, 's', 'o', 53, '09:31', 3, null, 'Congratulations Grace! The heater manual is in the drawer left of the stove.'),
  (18, 's', 'o', 20, '11:00', 3, null, 'How is the house treating you? If you have two minutes, a short review would help us a lot.'),
  (18, 's', 'i', 19, '21:14', 0, null, 'Happy to. Also my colleague Jun is looking in Fruitvale, may I give him your number?'),
  (18, 's', 'o', 18, '09:00', 3, null, 'Please do, and thank you!'),
  -- Harold Fitzgerald
  (19, 's', 'o', 41, '10:20', 0, null, 'Hi Harold, this is Northside, we will call you in a moment about 1420 Cullom St S. Reply STOP to opt out.'),
  (19, 's', 'i', 41, '10:27', 0, null, 'STOP. This number is on the federal registry. Do not call or text me again or I will file a complaint.'),
  (19, 's', 'o', 41, '10:27', 0, null, 'You have been unsubscribed and will get no more messages from this number.'),
  -- Andre Baptiste
  (21, 's', 'i', 49, '15:12', 0, null, 'Saw your sign on Sunrise. I need to sell fast, opening a place in Wilton Manors'),
  (21, 's', 'o', 49, '15:20', 4, null, 'Congratulations! What is the address, and what would you like to walk away with?'),
  (21, 's', 'i', 49, '15:25', 0, null, '1233 NW 7th Terrace. After the mortgage I need 110 in my pocket'),
  (21, 's', 'o', 28, '10:40', 4, null, 'At 326 you leave with about 112 after payoff. Contract is ready when you are.'),
  (21, 's', 'i', 28, '10:44', 0, null, 'Send it. I sign between lunch and dinner'),
  (21, 's', 'i', 4, '15:30', 0, null, 'Bank asks for wiring info in writing, who sends it?'),
  (21, 's', 'o', 4, '15:41', 4, null, 'The title company, by their secure link only. Never trust wiring details in an e-mail, call me first.'),
  (21, 's', 'i', 4, '15:45', 0, null, 'Smart. Ok'),
  -- Sofia Marchetti
  (22, 's', 'o', 2, '10:25', 0, null, 'Thank you for asking about your house on T St. Mei will get back to you within one business day. Reply STOP to opt out.'),
  (22, 's', 'i', 2, '19:40', 0, 'unread', 'No rush, we are thinking about spring. Do you also list houses or only buy them?'),
  -- Kwame Mensah
  (23, 's', 'i', 18, '16:05', 0, null, 'Do you buy in Raleigh too? I leave for Ghana in February for a year.'),
  (23, 's', 'o', 18, '16:20', 2, null, 'We do. Sell, or rent it out while you are away? I would tell you honestly which one pays better.'),
  (23, 's', 'i', 18, '16:31', 0, null, 'Sell. I do not want to be a landlord from across an ocean'),
  (23, 's', 'o', 9, '12:00', 2, null, 'Thank you for showing me the house, Professor. The numbers come by Friday.'),
  (23, 's', 'i', 9, '12:42', 0, null, 'Looking forward. Please keep the pear tree in mind'),
  -- Linda Haugen
  (24, 's', 'o', 40, '13:30', 2, null, 'Linda, good talking just now. I will come by Julian St on Tuesday, tenant A knows.'),
  (24, 's', 'i', 40, '13:52', 0, null, 'Tenant B will not open. Hearing is in two weeks'),
  (24, 's', 'i', 14, '10:05', 0, null, 'Judge gave him 10 days. So it will be empty before closing'),
  (24, 's', 'o', 14, '10:20', 2, null, 'That changes things. I can go to 655 vacant, or 640 if he is still in.'),
  (24, 's', 'i', 5, '09:12', 0, null, '665 vacant and you have it'),
  (24, 's', 'o', 5, '09:55', 2, null, 'Meeting Ana tomorrow, I will fight for it.'),
  -- Omar Haddad
  (25, 's', 'o', 35, '14:10', 3, null, 'Hi Omar, nice to meet you at the open house on Ellsworth. Do you want the disclosures?'),
  (25, 's', 'i', 35, '17:45', 0, null, 'Yes please, and the survey. My wife loved the kitchen'),
  (25, 's', 'o', 16, '12:30', 3, null, 'They accepted 662! Option period is ten days, inspection on Thursday at 9.'),
  (25, 's', 'i', 16, '12:31', 0, null, 'Amazing!! Thank you Mei'),
  (25, 's', 'i', 2, '22:10', 0, null, 'Lender asks for the restaurant tax return again, third time'),
  (25, 's', 'o', 1, '08:40', 3, null, 'Annoying, but normal. Send it through their portal and tell me when done, then I call the processor.'),
  (25, 's', 'i', 0, '1:30', 0, 'unread', 'Uploaded just now. Can you call them today?'),
  -- Beatriz Carvalho
  (26, 's', 'i', 5, '17:20', 0, null, 'Hi! Is it true you buy houses with no inspection?'),
  (26, 's', 'o', 4, '09:20', 4, null, 'Hi Beatriz, Tariq here. Yes: we look at it ourselves for 20 minutes and you pay nothing. {6} at 10:00, as you told Ava.'),
  (26, 's', 'i', 4, '19:05', 0, null, 'Perfect, I bring the key of the shed too. My aunt kept everything in there'),
  -- Nathan Goldberg, Ironwood
  (28, 's', 'i', 26, '11:15', 0, null, 'Denise Okafor says you are the ones to call for small multifamily. What is in Phoenix?'),
  (28, 's', 'o', 26, '11:40', 1, null, 'Nathan, Ana Ruiz here. Two packages coming to market: 8 doors on Almeria and 14 in Tucson. NDA first, is that ok?'),
  (28, 's', 'i', 26, '11:44', 0, null, 'NDA is fine. Send to closings@'),
  (28, 's', 'i', 7, '15:05', 0, null, 'Tucson rent roll looks thin. Interested in Almeria only'),
  -- Ruth Abernathy
  (29, 's', 'i', 23, '10:10', 0, null, 'The court sent the letters testamentary. May I e-mail them?'),
  (29, 's', 'o', 23, '10:18', 2, null, 'Yes please, then our attorney can start on the title. And take your time, Ruth.'),
  (29, 's', 'o', 7, '11:20', 2, null, 'Our proposal for 519 E 38th is in your mail. Happy to go through it together.'),
  (29, 's', 'i', 5, '15:30', 0, null, 'My niece would like the piano. Otherwise I think we can agree'),
  -- Yolanda Simmons
  (31, 's', 'i', 45, '13:10', 0, null, 'Check cleared. Thank you for doing what you said'),
  (31, 's', 'o', 45, '13:22', 4, null, 'Thank you for the trust, Yolanda. If a neighbour asks, we pay 500 for a referral that closes.'),
  (31, 's', 'i', 22, '17:48', 0, null, 'Give Mr Lewis at 14811 a call, he is thinking about it'),
  (31, 's', 'o', 22, '18:01', 4, null, 'Will do, thanks!'),
  -- Arjun Mehta
  (32, 's', 'o', 22, '13:05', 3, null, 'Hi Arjun, Mei from Northside. You saved three houses near Legacy, shall we see them on one afternoon?'),
  (32, 's', 'i', 22, '13:30', 0, null, 'Sunday afternoon would be great, kids come along'),
  (32, 's', 'i', 14, '18:00', 0, null, 'Second one was our favourite but 640 is above budget'),
  (32, 's', 'o', 14, '18:14', 3, null, 'It has been listed for 48 days. I would offer 605 and see.'),
  (32, 's', 'i', 2, '20:25', 0, null, 'We talked, let us try 605 after the holiday'),
  -- Vincent Tran
  (34, 's', 'i', 21, '15:20', 0, null, 'What can you do on 4860 Lone Mesa? Rate goes up in spring'),
  (34, 's', 'o', 21, '15:35', 3, null, 'Hi Vincent, Mei here. Sold houses around you went for 445 to 470 renovated. Ours would be near 415 as is. Worth a look?'),
  (34, 's', 'i', 21, '15:50', 0, null, 'I work nights so come at 3 pm'),
  (34, 's', 'i', 9, '16:10', 0, null, '425 and I leave the solar batteries'),
  (34, 's', 'o', 9, '16:30', 3, null, 'Are the batteries paid off or leased?'),
  (34, 's', 'i', 9, '16:31', 0, null, 'Paid off, I have the papers'),
  -- Hassan Karimi
  (36, 's', 'o', 34, '14:05', 3, null, 'Dr. Karimi, a last try: could 790 with a 30 day leaseback change your mind?'),
  (36, 's', 'i', 34, '20:40', 0, null, 'Sorry, signed with the online company this morning. 801.'),
  (36, 's', 'o', 33, '09:10', 3, null, 'Understood, congratulations. Should they lower it after inspection, call me.'),
  -- Shanice Powell
  (37, 's', 'i', 14, '12:20', 0, null, 'Your assistant was polite, but I want it in writing from a person. Notice of default on E Biddle, and no lecture please'),
  (37, 's', 'o', 14, '12:31', 4, null, 'No lecture, promised. Ava noted 41 days and a payoff of 77,300, is that right?'),
  (37, 's', 'i', 14, '12:35', 0, null, 'Before their fees, yes'),
  (37, 's', 'o', 14, '12:44', 4, null, 'Enough time. We can close in 14 days and you would leave with money instead of a judgment. See you tomorrow at 5:30.'),
  (37, 's', 'i', 14, '12:50', 0, null, 'Fine, I get off at 5. Bring proof of funds'),
  (37, 's', 'i', 0, '9:20', 0, 'unread', 'Servicer called again. I told them a buyer is coming. Please tell me that is true'),
  -- Katarzyna Nowak
  (33, 's', 'o', 8, '10:25', 0, null, 'Thank you for asking about your house on S 14th St. Tariq will get back to you within one business day. Reply STOP to opt out.'),
  (33, 's', 'i', 8, '16:12', 0, null, 'Hi, I teach until 3. The lower flat is empty since August'),
  (33, 's', 'o', 7, '15:10', 4, null, 'Hi Kasia, got it. Would you sell empty, or do you want a tenant in first? Empty is better for us.'),
  -- Ingrid Solberg, Teresa Whitehorse, the unknown number
  (40, 's', 'i', 1, '13:05', 0, 'unread', 'Just curious what my house is worth, not selling yet'),
  (42, 's', 'i', 1, '17:33', 0, 'unread', 'cuanto pagan por una casa en hialeah'),
  (42, 's', 'i', 1, '17:34', 0, 'unread', '3 cuartos 1 bano'),
  -- Bobby Landry
  (39, 's', 'o', 12, '10:30', 2, null, 'Bobby, two questions for the fourplex: who holds the laundry lease, and until when?'),
  (39, 's', 'i', 12, '12:10', 0, null, 'My brother in law, until 2031. That one has to stay'),
  (39, 's', 'o', 6, '09:40', 2, 'sent', 'Offer sent: 318 with the laundry lease as is, or 335 without it. Your choice.'),
  -- Deborah Eklund
  (35, 's', 'i', 11, '14:20', 0, null, 'I have land not a house. Is that something for you?'),
  (35, 's', 'o', 11, '15:02', 1, null, 'Yes, land too. Do you still have the perc test and the well log?'),
  (35, 's', 'i', 10, '09:48', 0, null, 'Perc test from 2019, yes. Well log I need to ask the county')
  ) v(contact, ch, dir, days, clock, who, state, content)
) m
join contacts k on k.id = pg_temp.seed_id(1, m.contact)
order by m.n
on conflict do nothing;

-- Pictures, and messages that did not arrive.
insert into messages (
  id, contact_id, direction, message_type, content, media_urls, status, error_code, error_message,
  phone_number, our_number, provider, message_sid, segments, cost, sent_by, occurred_at,
  delivered_at, read_at, created_at, updated_at)
select pg_temp.seed_id(4, m.n), k.id, case m.dir when 'i' then 'inbound' else 'outbound' end, m.kind,
  m.content, m.media::text[], m.state, m.code, m.reason, coalesce(m.phone, k.phone1),
  case when k.state = 'FL' then '+13055550100' else '+14155550100' end, 'twilio',
  case when m.kind = 'mms' then 'MM' else 'SM' end || md5('seed message ' || m.n), 1,
  case when m.dir = 'o' and m.code is null then 0.02 end,
  case when m.dir = 'o' then pg_temp.seed_user(m.who) end, m.at,
  case when m.dir = 'o' and m.state in ('delivered', 'read') then m.at + interval '5 seconds' end,
  case when m.read then m.at + interval '11 minutes' end, m.at, m.at
from seed_run
cross join lateral (
  select v.*, pg_temp.seed_at(v.days, v.clock) as at from (values
  (301, 2, 'i', 'mms', 33, '12:40', 0, 'received', true, null, null, null, 'Roof invoice, front and back',
   '{https://media.northside.example/2026/roof-invoice-1.jpg,https://media.northside.example/2026/roof-invoice-2.jpg}'),
  (302, 7, 'o', 'mms', 45, '16:05', 4, 'delivered', false, null, null, null, 'Back door was open, I locked it. Here is what I found inside.',
   '{https://media.northside.example/2026/kimball-kitchen.jpg}'),
  (303, 11, 'i', 'mms', 26, '13:05', 0, 'received', true, null, null, null, 'Walls in the back bedroom',
   '{https://media.northside.example/2026/kempwood-wall.jpg,https://media.northside.example/2026/kempwood-floor.jpg}'),
  (304, 16, 'i', 'mms', 0, '4:10', 0, 'received', false, null, null, null, 'Esta es la carta',
   '{https://media.northside.example/2026/hoa-carta.jpg}'),
  (305, 31, 'i', 'mms', 51, '12:32', 0, 'received', true, null, null, null, 'This is the kitchen after the fire',
   '{https://media.northside.example/2026/mettetal-kitchen.jpg}'),
  (306, 3, 'o', 'mms', 10, '09:17', 3, 'read', true, null, null, null, 'Front and yard',
   '{https://media.northside.example/2026/perez-front.jpg,https://media.northside.example/2026/perez-yard.jpg}'),
  (307, 30, 'o', 'sms', 6, '10:25', 0, 'undelivered', false, '30003', 'Unreachable destination handset', null,
   'Hi Diego, thanks for answering our letter about 3015 Aurora Ave. When can we talk?', '{}'),
  (308, 30, 'o', 'sms', 5, '10:02', 2, 'failed', false, '30005', 'Unknown destination handset', null,
   'Hi Diego, Ben from Northside. Is this still your number?', '{}'),
  (309, 27, 'o', 'sms', 38, '11:15', 4, 'undelivered', false, '30006', 'Landline or unreachable carrier', null,
   'Hello Walter, Tariq here. May I call you again after the holidays?', '{}'),
  (310, 20, 'o', 'sms', 21, '10:31', 2, 'failed', false, '30007', 'Message filtered by the carrier', null,
   'Mrs. Broussard, the offer for 2014 Magnolia St is on its way to you and Mr. Guidry.', '{}'),
  (311, 20, 'o', 'sms', 21, '10:48', 2, 'delivered', false, null, null, '+15045550133',
   'Mrs. Broussard, this is Ben. I sent the papers to you and Mr. Guidry today.', '{}'),
  (312, 20, 'i', 'sms', 20, '09:05', 0, 'received', true, null, null, '+15045550133',
   'Received. The heirs meet on the first Sunday of the month.', '{}'),
  (313, 1, 'i', 'whatsapp', 29, '10:40', 0, 'received', true, null, null, null, 'Fotos del techo y del patio',
   '{https://media.northside.example/2026/nw32-techo.jpg,https://media.northside.example/2026/nw32-patio.jpg}'),
  (314, 5, 'i', 'whatsapp', 2, '19:20', 0, 'received', false, null, null, null, 'I am in Lagos until Friday, write me here. Sent the signed NDA by mail', '{}'),
  (315, 23, 'o', 'whatsapp', 4, '11:10', 2, 'read', true, null, null, null, 'Professor Mensah, the numbers are in your inbox: 402 with closing before you fly.', '{}'),
  (316, 23, 'i', 'whatsapp', 4, '13:25', 0, 'received', true, null, null, null, 'Thank you. My brother is a broker in Durham, he will look at it as well.', '{}'),
  (317, 28, 'o', 'sms', 0, '0:20', 1, 'queued', false, null, null, null, 'Nathan, the Almeria rent roll with trailing twelve months will be with you this afternoon.', '{}'),
  (318, 32, 'o', 'whatsapp', 13, '09:30', 3, 'read', true, null, null, null, 'Hi Arjun, the school boundary map you asked for is in your e-mail.', '{}'),
  (319, 32, 'i', 'whatsapp', 13, '09:52', 0, 'received', true, null, null, null, 'Perfect, Mathews Elementary is exactly what we want', '{}')
  ) v(n, contact, dir, kind, days, clock, who, state, read, code, reason, phone, content, media)
) m
join contacts k on k.id = pg_temp.seed_id(1, m.contact)
order by m.n
on conflict do nothing;

-- Calls of the team. seen = looked at; only inbound missed calls and voicemails can be unread.
insert into calls (
  id, contact_id, direction, call_type, status, duration, from_number, to_number, provider, call_sid,
  transcript, outcome, answered_by, hangup_cause, cost, notes, handled_by, occurred_at, ended_at,
  read_at, created_at, updated_at)
select pg_temp.seed_id(5, c.n), k.id, case c.dir when 'i' then 'inbound' else 'outbound' end, 'voice',
  c.state, c.secs, case c.dir when 'i' then k.phone1 else l.ours end,
  case c.dir when 'i' then l.ours else k.phone1 end, 'twilio', 'CA' || md5('seed call ' || c.n),
  pg_temp.seed_days(c.said), c.outcome,
  case when c.state = 'completed' then 'human' when c.dir = 'o' and c.state = 'voicemail' then 'machine' end,
  case c.state when 'busy' then 'user-busy' when 'no-answer' then 'no-answer' when 'failed' then 'invalid-number'
    when 'cancelled' then 'originator-cancel' else 'normal-clearing' end,
  0.014 * ceil(c.secs / 60.0), c.notes, pg_temp.seed_user(c.who), c.at,
  c.at + make_interval(secs => c.secs + 12),
  case when c.seen and c.dir = 'i' then c.at + interval '25 minutes' end, c.at, c.at
from seed_run
cross join lateral (
  select v.*, pg_temp.seed_at(v.days, v.clock) as at from (values
  (1, 1, 'o', 37, '15:15', 4, 'completed', 742, 'appointment', true, null, 'Mother died in August, she and her brother José inherit equally. Visit on Saturday at 10.'),
  (2, 1, 'i', 8, '20:40', null, 'missed', 0, null, true, null, null),
  (3, 1, 'o', 7, '09:25', 4, 'completed', 318, 'negotiating', true, null, 'Brother wants 400. She would sign 390 to be done before Christmas.'),
  (4, 2, 'o', 51, '17:30', 2, 'completed', 955, 'appointment', true, null, 'House is clean, roof 2020, original windows. Garage is full.'),
  (5, 2, 'i', 33, '12:30', 2, 'completed', 204, 'interested', true, null, 'Confirmed 306 and two weeks of garage access.'),
  (6, 2, 'i', 1, '20:12', null, 'voicemail', 41, null, false, 'Hey Ben, it is Marcus. My lender says the payoff letter costs 35 dollars and takes two days unless title asks for it themselves. Can you ask them to? Call me back, thanks.', null),
  (7, 3, 'o', 23, '12:15', 3, 'completed', 486, 'interested', true, null, 'Wants to move by April. Lease of the condo buyer could start in May.'),
  (8, 4, 'o', 30, '17:15', 4, 'completed', 623, 'appointment', true, null, 'Coffee at his kitchen table on Saturday, wife joins.'),
  (9, 4, 'o', 2, '17:20', 4, 'voicemail', 24, 'voicemail', true, null, 'Left a message about the proposal.'),
  (10, 5, 'i', 42, '10:02', 3, 'completed', 131, 'closed', true, null, 'Closing moved to 14:00, she wires tonight.'),
  (11, 6, 'o', 3, '13:30', 3, 'no-answer', 0, 'no_answer', true, null, null),
  (12, 7, 'o', 45, '15:45', 4, 'completed', 377, 'interested', true, null, 'Told her 98 after seeing the wiring. She said yes on the phone.'),
  (13, 7, 'o', 11, '08:40', 4, 'busy', 0, null, true, null, null),
  (14, 7, 'o', 11, '08:55', 4, 'completed', 96, null, true, null, 'Read her the closing statement, she nets about 41.'),
  (15, 8, 'o', 19, '11:00', 4, 'completed', 540, 'interested', true, null, 'Church board votes on the parsonage, house has to be sold first.'),
  (16, 10, 'o', 49, '16:05', 3, 'completed', 262, 'interested', true, null, 'Wants the survey before he wires the deposit.'),
  (17, 11, 'o', 3, '17:00', 3, 'completed', 688, 'negotiating', true, null, 'Other company has not looked at the permits. She wants to think until Monday.'),
  (18, 12, 'o', 17, '09:40', 2, 'completed', 845, 'negotiating', true, null, 'Both on the line. Agreed on separate checks and that the dog stays with Ernesto.'),
  (19, 12, 'i', 0, '3:05', null, 'missed', 0, null, false, null, null),
  (20, 13, 'o', 54, '10:20', 4, 'completed', 411, 'interested', true, null, 'Long talk about the steel mill. Wants a number, not a visit.'),
  (21, 15, 'o', 28, '13:10', 2, 'completed', 906, 'interested', true, null, 'Went through the short sale step by step.'),
  (22, 16, 'o', 43, '10:30', 4, 'completed', 502, 'interested', true, null, 'En español. Quiere 275, la casa está impecable.'),
  (23, 18, 'i', 56, '18:22', 3, 'completed', 157, 'closed', true, null, 'Walkthrough fine, garage remote missing, seller brings it.'),
  (24, 20, 'o', 29, '15:00', 2, 'completed', 1134, 'interested', true, null, 'Five heirs in three states. Mr. Guidry must be on every e-mail.'),
  (25, 21, 'o', 48, '15:40', 4, 'completed', 365, 'appointment', true, null, 'Busy chef, only between 15:00 and 16:30.'),
  (26, 21, 'i', 3, '16:10', null, 'voicemail', 28, null, true, 'Tariq, Andre. Bank has what it needs. See you at the table on {5}, and bring an appetite.', null),
  (27, 24, 'o', 40, '13:10', 2, 'completed', 588, 'interested', true, null, 'Manages from Evergreen, tired of driving down. Unit B three months behind.'),
  (28, 24, 'o', 4, '10:00', 2, 'completed', 433, 'negotiating', true, null, 'Firm at 665. Would carry 50 for a year at 6%.'),
  (29, 27, 'o', 38, '11:10', 4, 'failed', 0, null, true, null, 'Number does not take calls from our line.'),
  (30, 28, 'o', 25, '14:00', 1, 'completed', 1320, 'interested', true, null, 'Two partners on the call. Want trailing twelve months and a 45 day due diligence.'),
  (31, 30, 'o', 5, '10:15', 2, 'no-answer', 0, 'no_answer', true, null, null),
  (32, 34, 'o', 20, '15:05', 3, 'completed', 529, 'negotiating', true, null, 'Saw the house on video. Batteries are two Powerwalls from 2021.'),
  (33, 36, 'o', 45, '12:15', 3, 'completed', 240, 'interested', true, null, 'Comparing us with an online buyer.'),
  (34, 37, 'o', 13, '17:45', 4, 'completed', 472, 'interested', true, null, 'Payoff 77,300 plus fees. She wants at least 20 left.'),
  (35, 37, 'i', 0, '8:50', null, 'voicemail', 33, null, false, 'Hi, this is Shanice Powell. The servicer says they can postpone the sale once if they see a signed contract by Friday. Please call me before noon.', null),
  (36, 38, 'i', 1, '11:20', null, 'missed', 0, null, false, null, null),
  (37, 39, 'o', 27, '10:45', 2, 'completed', 694, 'interested', true, null, 'Fully let, collects rent himself on Sundays.'),
  (38, 9, 'o', 33, '11:05', 4, 'cancelled', 0, null, true, null, null),
  (39, 25, 'i', 15, '19:02', 3, 'completed', 188, 'interested', true, null, 'Inspection found an old sewer line, asked for a 6,000 credit.')
  ) v(n, contact, dir, days, clock, who, state, secs, outcome, seen, said, notes)
) c
join contacts k on k.id = pg_temp.seed_id(1, c.contact)
cross join lateral (select case when k.state = 'FL' then '+13055550100' else '+14155550100' end as ours) l
order by c.n
on conflict do nothing;

-- Calls of the assistants: one row here becomes a row of calls and one of vapi_calls.
create temporary table seed_ai on commit drop as
select v.n, v.assistant, v.contact, v.line, v.dir, v.ended, v.secs, v.outcome, v.success,
  pg_temp.seed_days(v.summary) as summary, pg_temp.seed_days(v.facts) as facts,
  pg_temp.seed_days(v.said) as said, pg_temp.seed_at(v.days, v.clock) as at
from seed_run, (values
  (1, 1, 14, 3, 'o', 3, '10:40', 'assistant-ended-call', 138, 'call_back', 'true',
   'Amina wants to sell the house on Cleveland Ave within 60 days because she moves to Minneapolis. Her cousin uses it now and then, there is no lease. She asked to be texted rather than called; Tariq should send two questions about roof and furnace.',
   '{"motivation": "Relocating", "timeline": "60 days", "occupancy": "Vacant", "contact_by": "text"}',
   'AI: Hi, this is Ava calling from Northside. You asked us about your house, is now a good time?
User: I have maybe two minutes, I am on my break.
AI: Then I will be quick. Is the house on Cleveland Avenue lived in right now?
User: Not really. My cousin sleeps there sometimes.
AI: Understood. What makes you want to sell?
User: I got a position in Minneapolis. I would like it done in about sixty days.
AI: Congratulations on the position. Is there anything that needs repair?
User: The furnace is very old. The roof was done in 2015 I think.
AI: Thank you. Would you like an agent to call you tonight?
User: No, text please. I work until nine.
AI: Text it is. Tariq from our team will write to you. Thank you for your time. Have a great day!'),
  (2, 3, 1, 2, 'o', 38, '10:32', 'customer-ended-call', 187, 'interested', 'true',
   'Rosa heredó la casa junto con su hermano. Está vacía desde agosto y quiere vender antes de fin de año. Espera unos 410 mil. Acepta que Tariq la llame mañana a las 3:15 de la tarde y prefiere WhatsApp.',
   '{"motivation": "Inherited", "timeline": "Before year end", "asking_price": 410000, "appointment": "Tomorrow 15:15", "language": "es"}',
   'AI: Hola, le habla Sofía de Northside. Nos escribió por su casa, ¿tiene un minuto?
User: Sí, dígame.
AI: Gracias. ¿La casa de la calle 32 está ocupada en este momento?
User: No, era de mi mamá. Falleció en agosto y desde entonces está vacía.
AI: Lo siento mucho. ¿Usted decide sola sobre la venta o con alguien más?
User: Con mi hermano José, somos los dos herederos.
AI: Entiendo. ¿Qué reparaciones cree que necesita?
User: El techo está viejo y el baño de atrás no sirve.
AI: ¿Y para cuándo les gustaría vender?
User: Antes de que acabe el año, si se puede.
AI: ¿Tienen un precio en mente?
User: Como cuatrocientos diez.
AI: Muy bien. Un compañero, Tariq, puede llamarla mañana a las tres y cuarto. ¿Le parece?
User: Sí, pero que me escriba por WhatsApp primero.
AI: Así lo anoto. Gracias por su tiempo. ¡Que tenga un buen día!'),
  (3, 1, 6, 3, 'o', 4, '10:45', 'voicemail', 24, 'voicemail', 'false',
   'Reached the voicemail of Hiroshi Tanaka and left the short message with the office number.',
   '{}',
   'User: You have reached Hiro Tanaka. Please leave a message.
AI: Hi, it is Ava from Northside about your house. I will text you as well. Call us any time at 415 555 0100. Thank you!'),
  (4, 1, 17, 3, 'o', 15, '13:20', 'customer-ended-call', 74, 'call_back', 'true',
   'Joseph was at his bench and asked to be called next week in the morning. He is not sure about selling; he wanted to know who sends the postcards.',
   '{"motivation": "Unclear", "call_back": "Next week, morning"}',
   'AI: Hi, this is Ava calling from Northside. You sent our postcard back to us, is now a good time?
User: Who is this? Are you a real person?
AI: I am an AI assistant of Northside, a team that buys houses. You had put a question mark on the card.
User: Ha. I wanted to know who keeps sending them. I am soldering, I cannot talk.
AI: No problem. May somebody call you back at a better time?
User: Next week in the morning, maybe.
AI: Next week in the morning, noted. Have a great day!'),
  (5, 1, 22, 3, 'o', 2, '12:40', 'customer-did-not-answer', 0, 'no_answer', 'false', null, '{}', null),
  (6, 1, 13, 3, 'o', 54, '10:05', 'assistant-forwarded-call', 118, 'interested', 'true',
   'Patrick plans to move in with his daughter and wants a number for the house without a visit first. Transferred to Tariq.',
   '{"motivation": "Moving in with daughter", "transferred_to": "Tariq Aziz"}',
   'AI: Hi, this is Ava calling from Northside. We wrote to you about your house on West 41st, is now a good time?
User: Sure, I am retired, every time is good.
AI: Wonderful. Are you thinking about selling?
User: My daughter wants me in Parma with her. So yes, I suppose.
AI: When would you like to move?
User: Before the snow. Just give me a number and we will see.
AI: I cannot name a price myself, but Tariq can. Shall I connect you right now?
User: Go ahead.
AI: One moment please, I am connecting you.'),
  (7, 1, 19, 3, 'o', 41, '10:24', 'assistant-ended-call', 31, 'not_interested', 'false',
   'Mr. Fitzgerald asked not to be contacted again and referred to the federal registry. The number was put on the do-not-call list.',
   '{"do_not_call": true}',
   'AI: Hi, this is Ava calling from Northside. Is now a good time to talk about your house on Cullom Street?
User: It is not. I am an attorney and this number is on the federal do not call registry. Remove it.
AI: I apologise. I will remove your number right away. Goodbye.'),
  (8, 2, 24, 1, 'i', 6, '19:40', 'assistant-ended-call', 96, 'call_back', 'true',
   'Linda Haugen called after hours. Unit B moves out at the weekend, she wants Ben to call before noon and hold his calendar for a walkthrough on {1}.',
   '{"caller": "Linda Haugen", "urgent": false, "call_back": "Tomorrow before noon"}',
   'AI: Thanks for calling Northside, this is Leo. How can I help you today?
User: This is Linda Haugen, the duplex on Julian. Is Ben there?
AI: Ben has left for today. May I take a message?
User: Tell him the tenant in B leaves at the weekend, it is in writing now. And I would like him to walk it on {1}.
AI: Tenant of unit B leaves at the weekend, walkthrough on {1}. When may Ben call you back?
User: Tomorrow, before noon. He has the number.
AI: I have passed that on. Someone from the team will call you back.'),
  (9, 2, 21, 2, 'i', 10, '21:15', 'assistant-forwarded-call', 52, 'transferred', 'true',
   'Andre Baptiste has a signed contract and received an e-mail with changed wiring details. Recognised as urgent and transferred to Ana Ruiz, who told him to ignore it.',
   '{"caller": "Andre Baptiste", "urgent": true, "reason": "Suspected wire fraud"}',
   'AI: Thanks for calling Northside, this is Leo. How can I help you today?
User: I got an e-mail that says the wiring details for my closing changed. Is that from you?
AI: Please do not send anything. You have a closing with us, so I will connect you with the manager on duty at once. May I?
User: Yes, please.
AI: One moment.'),
  (10, 1, 26, 3, 'o', 5, '18:10', 'assistant-said-end-call-phrase', 156, 'appointment', 'true',
   'Beatriz inherited the empty house on Hubbard St from her aunt. No mortgage. Visit agreed for {6} at 10:00, she opens.',
   '{"motivation": "Inherited", "occupancy": "Vacant", "debt": 0, "appointment": "{6} 10:00"}',
   'AI: Hi, this is Ava calling from Northside. You asked us about your house, is now a good time?
User: Yes, hi, that was quick.
AI: We try. Is the house on Hubbard Street lived in?
User: Nobody. My aunt lived there and left it to me.
AI: I am sorry for your loss. Is there a mortgage on it?
User: No, it has been paid for years. But the porch is rotten.
AI: Good to know. Would {6} at ten in the morning suit you for a visit of about twenty minutes?
User: {6} ten is good. I will open the door.
AI: {6} at ten, 1822 Hubbard Street. An agent will send you a message the day before. Have a great day!
User: Thank you, bye.'),
  (11, 1, 30, 3, 'o', 6, '11:30', 'customer-ended-call', 19, 'wrong_number', 'false',
   'The person who answered does not know Diego Fuentes and does not own a house on Aurora Ave.',
   '{"wrong_number": true}',
   'AI: Hi, this is Ava calling from Northside. Am I speaking with Diego Fuentes?
User: No, wrong number. I have had this phone for two years.
AI: I am sorry to have bothered you. Goodbye.'),
  (12, 1, 37, 3, 'o', 14, '11:30', 'assistant-ended-call', 201, 'appointment', 'true',
   'Shanice received a notice of default, auction in 41 days, payoff about 77,300. She knows the process and wants a buyer who can close in two weeks. Visit tomorrow at 17:30.',
   '{"motivation": "Notice of default", "timeline": "14 days", "payoff": 77300, "appointment": "Tomorrow 17:30"}',
   'AI: Hi, this is Ava calling from Northside. You wrote to us about East Biddle Street, is now a good time?
User: Yes. Before you start, I am a paralegal, so skip the speech.
AI: Gladly. What does the notice say about the date of the sale?
User: Forty-one days from today.
AI: And the payoff?
User: Seventy-seven three, before their fees.
AI: Is the house lived in?
User: By me. I need it closed in two weeks and I need enough left for a deposit on an apartment.
AI: I understand. An agent can see it tomorrow at half past five. Would that work?
User: Tomorrow five thirty. Tell him to bring proof of funds.
AI: Proof of funds, noted. Tomorrow at five thirty, 2511 East Biddle Street. Thank you for your time. Have a great day!'),
  (13, 1, 40, 3, 'o', 1, '13:30', 'customer-ended-call', 63, 'not_interested', 'true',
   'Ingrid is only curious about the value of her house and will not sell before next year. She agreed to receive a market report by e-mail.',
   '{"timeline": "Next year or later", "wants": "Market report"}',
   'AI: Hi, this is Ava calling from Northside. You asked us about your house, is now a good time?
User: Oh. I only wanted to know what it is worth. I am not selling.
AI: That is fine. May we send you a short market report by e-mail?
User: Yes, that I would read.
AI: Then it will be in your inbox this week. Thank you for your time. Have a great day!'),
  (14, 1, 33, 3, 'o', 8, '15:40', 'customer-busy', 0, 'no_answer', 'false', null, '{}', null),
  (16, 3, 12, 3, 'o', 36, '18:15', 'assistant-ended-call', 172, 'interested', 'true',
   'Gloria y su esposo Ernesto se divorcian y tienen que vender la casa. Viven todavía en ella. Ella espera unos 330 mil y necesita que los dos firmen. Ben la llama cuando el juez decida.',
   '{"motivation": "Divorce", "occupancy": "Owner", "asking_price": 330000, "co_owner": "Ernesto", "language": "es"}',
   'AI: Hola, le habla Sofía de Northside. Nos escribió por su casa, ¿tiene un minuto?
User: Sí, gracias por llamar en español.
AI: Con gusto. ¿Usted vive en la casa de Osborn?
User: Sí, con mi esposo todavía, pero nos estamos divorciando.
AI: Lo siento. ¿Los dos están de acuerdo en vender?
User: Creo que sí, pero falta que el juez lo diga. Él es Ernesto, le doy su número.
AI: Gracias. ¿La casa necesita reparaciones?
User: La piscina está verde y el aire es viejo. Lo demás está bien.
AI: ¿Tienen un precio en mente?
User: Trescientos treinta, más o menos.
AI: Muy bien. Ben se comunica con usted en cuanto el juez decida. ¿Le parece?
User: Sí, pero después de las seis.
AI: Después de las seis, anotado. Gracias por su tiempo. ¡Que tenga un buen día!'),
  (15, 3, 42, 2, 'o', 1, '18:00', 'silence-timed-out', 38, 'call_back', 'false',
   'La persona contestó, pero la línea se cortó antes de dar su nombre o la dirección. Preguntó cuánto se paga por una casa de tres cuartos en Hialeah.',
   '{"city": "Hialeah", "bedrooms": 3, "language": "es"}',
   'AI: Hola, le habla Sofía de Northside. Nos escribió por una casa en Hialeah, ¿tiene un minuto?
User: Sí, pero estoy manejando. ¿Cuánto pagan por una de tres cuartos?
AI: Depende del estado de la casa. ¿Me dice su nombre y la dirección para que un agente la vea?
User: Espere, lo llamo
AI: ¿Sigue ahí?')
) v(n, assistant, contact, line, dir, days, clock, ended, secs, outcome, success, summary, facts, said);

insert into calls (
  id, contact_id, direction, call_type, status, duration, from_number, to_number, provider, call_sid,
  transcript, outcome, answered_by, hangup_cause, cost, occurred_at, ended_at, read_at, metadata,
  created_at, updated_at)
select pg_temp.seed_id(5, 100 + s.n), k.id, case s.dir when 'i' then 'inbound' else 'outbound' end,
  'ai', case s.ended when 'voicemail' then 'voicemail' when 'customer-busy' then 'busy'
    when 'customer-did-not-answer' then 'no-answer' else 'completed' end, s.secs,
  case s.dir when 'i' then k.phone1 else p.number end,
  case s.dir when 'i' then p.number else k.phone1 end, 'vapi', 'CA' || md5('seed ai call ' || s.n),
  s.said, s.outcome, case when s.ended = 'voicemail' then 'machine' when s.secs > 0 then 'human' end,
  case s.ended when 'customer-busy' then 'user-busy' when 'customer-did-not-answer' then 'no-answer'
    else 'normal-clearing' end, 0.014 * ceil(s.secs / 60.0), s.at,
  s.at + make_interval(secs => s.secs + 8), null, '{"assistant": true}'::jsonb, s.at, s.at
from seed_ai s
join contacts k on k.id = pg_temp.seed_id(1, s.contact)
join phone_numbers p on p.id = pg_temp.seed_id(14, s.line)
order by s.n
on conflict do nothing;

insert into vapi_calls (
  id, vapi_call_id, org_id, assistant_id, phone_number_id, contact_id, call_id, name, type, status,
  ended_reason, customer_number, started_at, ended_at, duration, cost, cost_breakdown, transcript,
  summary, messages, analysis, outcome, created_at, updated_at)
select pg_temp.seed_id(15, s.n), md5('seed vapi call ' || s.n)::uuid::text,
  md5('northside')::uuid::text, a.id, p.id, k.id, c.id, a.name || ': ' || coalesce(nullif(btrim(k.first_name || ' ' || k.last_name), ''), k.phone1),
  case s.dir when 'i' then 'inboundPhoneCall' else 'outboundPhoneCall' end, 'ended', s.ended,
  k.phone1, s.at, s.at + make_interval(secs => s.secs), s.secs, m.total,
  jsonb_build_object('transport', m.transport, 'stt', m.stt, 'llm', m.llm, 'tts', m.tts,
    'vapi', m.vapi, 'total', m.total, 'llmPromptTokens', 620 + 11 * s.secs,
    'llmCompletionTokens', 2 * s.secs, 'ttsCharacters', coalesce(length(s.said), 0)),
  s.said, s.summary, coalesce(t.turns, '[]'::jsonb),
  case when s.summary is null then '{}'::jsonb else jsonb_build_object('summary', s.summary,
    'successEvaluation', s.success, 'structuredData', s.facts::jsonb) end,
  s.outcome, s.at, s.at
from seed_ai s
join assistants a on a.id = pg_temp.seed_id(13, s.assistant)
join phone_numbers p on p.id = pg_temp.seed_id(14, s.line)
join contacts k on k.id = pg_temp.seed_id(1, s.contact)
left join calls c on c.id = pg_temp.seed_id(5, 100 + s.n)
cross join lateral (select round(s.secs * 0.00024, 4) as transport, round(s.secs * 0.00017, 4) as stt,
  round(s.secs * 0.00041, 4) as llm, round(s.secs * 0.00055, 4) as tts,
  round(s.secs * 0.00083, 4) as vapi) parts
cross join lateral (select parts.*, parts.transport + parts.stt + parts.llm + parts.tts + parts.vapi as total) m
left join lateral (
  select jsonb_agg(jsonb_build_object('role', case when line like 'AI:%' then 'bot' else 'user' end,
    'message', regexp_replace(line, '^(AI|User): ', ''),
    'secondsFromStart', round((ord - 1) * s.secs::numeric / of_all, 1)) order by ord) as turns
  from (select line, ord, count(*) over () as of_all
    from regexp_split_to_table(s.said, E'\n') with ordinality r(line, ord)) lines
) t on true
order by s.n
on conflict do nothing;

-- E-mails. th is the thread, re the mail it answers; state null means delivered (out) or read (in).
with mails as (
  select v.*, pg_temp.seed_at(v.days, v.clock) as at, k.id as contact_id,
    coalesce(v.theirs, k.email1) as their_email,
    (array['ana', 'ben', 'mei', 'tariq'])[v.who] || '@northside.example' as our_email
  from seed_run, (values
  (1, 1, null, 2, 'o', 41, '16:10', 2, 'clicked', true, null, 'Our offer for 627 Cascade Rd SW',
   '[{"filename": "Offer 627 Cascade Rd.pdf", "content_type": "application/pdf", "size": 184320}]',
   'Hi Marcus,

thank you for showing us the house. Attached is our offer: 298,000 USD, we pay all closing costs, no repairs, and you choose the date.

The offer stands until Sunday.

Ben'),
  (2, 1, 1, 2, 'i', 40, '08:05', 2, null, false, null, 'Re: Our offer for 627 Cascade Rd SW', '[]',
   'Hi Ben,

I appreciate the quick turn. I was thinking 315 with the newer roof. I sent you the invoice by text.

Marcus'),
  (3, 1, 2, 2, 'o', 33, '14:02', 2, 'opened', true, null, 'Re: Our offer for 627 Cascade Rd SW',
   '[{"filename": "Purchase agreement 627 Cascade.pdf", "content_type": "application/pdf", "size": 312400}]',
   'Marcus,

as agreed: 306,000 USD and two weeks of access to the garage after closing. Please initial every page and sign page 7.

Ben'),
  (4, 1, 3, 2, 'i', 32, '21:30', 2, null, false, null, 'Re: Our offer for 627 Cascade Rd SW',
   '[{"filename": "Purchase agreement signed.pdf", "content_type": "application/pdf", "size": 340112}]',
   'Signed. Let me know when the inspector comes so I can lock up the dog.'),
  (5, 5, null, 1, 'o', 9, '10:50', 4, 'opened', true, null, 'Oferta por 1840 NW 32nd Ave',
   '[{"filename": "Oferta 1840 NW 32nd Ave.pdf", "content_type": "application/pdf", "size": 176004}]',
   'Estimada Rosa,

adjunto encontrará nuestra oferta: 385,000 USD, nosotros pagamos los gastos de cierre y podemos cerrar en 21 días. Su hermano también tiene que firmar la página 6.

Con gusto la llamo para revisarla juntos.

Tariq Aziz'),
  (6, 6, null, 3, 'o', 23, '14:30', 3, 'clicked', true, null, 'Six houses for you near Mueller', '[]',
   'Hi Priya,

here are six houses that fit what you told me: three bedrooms, a fenced yard, under 520.

My favourite is 1207 Perez St, it comes to market next week and the owner would take an offer before that.

Mei'),
  (7, 6, 6, 3, 'i', 22, '20:48', 3, null, false, null, 'Re: Six houses for you near Mueller', '[]',
   'Perez looks great, and Antone as a backup. What are the property taxes on both? My condo is 4,900 a year and I do not want to double that.'),
  (8, 6, 7, 3, 'o', 21, '09:12', 3, 'opened', false, null, 'Re: Six houses for you near Mueller', '[]',
   'Perez was 8,140 last year, Antone 7,620. With the homestead exemption you can expect about 15% less from the second year.'),
  (9, 9, null, 4, 'o', 6, '16:40', 4, 'opened', true, null, 'Proposal for 5318 W Warwick Ave',
   '[{"filename": "Proposal Warwick.pdf", "content_type": "application/pdf", "size": 201877}, {"filename": "Lease assumption.pdf", "content_type": "application/pdf", "size": 88012}]',
   'Dear Mr. Kowalczyk,

as promised: 352,000 USD, we take over the lease of your tenant as it is, and we close in March when Door County is ready for you.

You can reach me any day after 17:00.

Tariq Aziz'),
  (10, 10, null, 5, 'o', 55, '08:45', 3, 'clicked', true, null, '811 Tuam St: package for Juniper Holdings',
   '[{"filename": "Tuam T12.xlsx", "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "size": 58111}, {"filename": "Tuam rent roll.pdf", "content_type": "application/pdf", "size": 97340}]',
   'Denise,

rent roll, trailing twelve months and last inspection attached. One vacancy in May, filled in nine days.

Mei'),
  (11, 10, 10, 5, 'i', 54, '15:20', 3, null, false, 'deals@juniperholdings.example', 'Re: 811 Tuam St: package for Juniper Holdings', '[]',
   'Reviewed. Offer letter is in the other mail, 860 all cash. Nathan Goldberg at Ironwood is looking for bigger packages, feel free to use my name.'),
  (12, 12, null, 7, 'o', 13, '14:25', 4, 'opened', true, null, 'Closing statement for 3391 Kimball Ave',
   '[{"filename": "Settlement statement Jenkins.pdf", "content_type": "application/pdf", "size": 122590}]',
   'Hello Latoya,

here is the draft of the closing statement. Sale price 98,000, payoff 52,630, taxes 4,120. The lien of 2013 is gone. You leave with 41,250 and do not pay anything to anybody.

Tariq'),
  (13, 12, 12, 7, 'i', 12, '07:30', 4, null, false, null, 'Re: Closing statement for 3391 Kimball Ave', '[]',
   'Looks right to me. Is the 1,200 security deposit of the old tenant in there? I do not want them chasing me later'),
  (14, 12, 13, 7, 'o', 12, '09:05', 4, 'read', false, null, 'Re: Closing statement for 3391 Kimball Ave', '[]',
   'Good eye. Yes, line 513. We take that over with the keys.'),
  (15, 15, null, 11, 'o', 11, '15:20', 3, 'opened', true, null, 'Our proposal for 9714 Kempwood Dr',
   '[{"filename": "Proposal Kempwood.pdf", "content_type": "application/pdf", "size": 193300}]',
   'Hi Lan,

attached is our proposal: 182,000 USD, no repairs, and we take the two open permits as they are. You may leave behind whatever you do not need.

Mei'),
  (16, 16, null, 12, 'o', 16, '10:15', 2, 'clicked', true, null, 'Offer for 2930 W Osborn Rd, two checks', '[]',
   'Dear Gloria and Ernesto,

as discussed on the phone: 312,000 USD, paid by two separate checks at closing, each of you gets a copy of every document.

Please let me know what your lawyers think.

Ben Cole'),
  (17, 16, 16, 12, 'i', 1, '14:32', 2, 'unread', false, null, 'Re: Offer for 2930 W Osborn Rd, two checks', '[]',
   'Ben, our lawyer asks for a hold harmless clause for the pool. Can you add one, or is that a problem with 318?'),
  (18, 18, null, 15, 'o', 28, '15:00', 2, null, true, null, 'What First Prairie Bank needs for the short sale',
   '[{"filename": "Sample hardship letter.docx", "content_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "size": 24880}]',
   'Derek,

four things: two pay stubs, bank statements of the last two months, the hardship letter (sample attached) and your signature on the release, so that I may talk to them.

The bank answers in 30 to 60 days. Do not move out before.

Ben'),
  (19, 18, 18, 15, 'i', 11, '22:14', 2, null, false, null, 'Re: What First Prairie Bank needs for the short sale',
   '[{"filename": "statements.zip", "content_type": "application/zip", "size": 911233}]',
   'Everything is in the zip. I wrote the letter twice, first one was too angry.'),
  (20, 20, null, 16, 'o', 20, '11:05', 4, 'opened', true, null, 'Su contrato de 5523 Pershing Ave',
   '[{"filename": "Contrato Pershing.pdf", "content_type": "application/pdf", "size": 288001}]',
   'Hola Carmen,

el contrato está listo: 275,000 USD. Por favor revise las páginas 3 y 6 y firme con el botón del correo. La HOA necesita unos 15 días para la carta.

Tariq'),
  (21, 21, null, 20, 'o', 21, '10:20', 2, 'opened', true, null, 'Offer for 2014 Magnolia St, to the trustee and counsel',
   '[{"filename": "Offer Magnolia Street Trust.pdf", "content_type": "application/pdf", "size": 240995}]',
   'Dear Mrs. Broussard, dear Mr. Guidry,

attached is our offer to the Magnolia Street Trust: 362,000 USD for the fourplex as it is, subject only to clear title. We hold the offer until the heirs have met.

Ben Cole'),
  (22, 21, 21, 20, 'i', 20, '09:10', 2, null, false, null, 'Re: Offer for 2014 Magnolia St, to the trustee and counsel', '[]',
   'Mr. Cole, thank you. Three of five heirs agree. My nephew in Houston wants an appraisal first. I will write after our meeting.'),
  (23, 23, null, 23, 'o', 4, '10:55', 2, 'opened', true, null, '708 S Person St: two ways to do it',
   '[{"filename": "Person St comparison.pdf", "content_type": "application/pdf", "size": 150220}]',
   'Professor Mensah,

A: 402,000, closing before you fly, you leave the furniture. B: we list it for you, likely 425 to 435, but three months and your furniture has to go.

If the pear tree matters: both ways the next owner wants it.

Ben Cole'),
  (24, 24, null, 24, 'i', 5, '18:20', 2, null, false, null, 'Lease and ledger for unit A', 
   '[{"filename": "Unit A lease.pdf", "content_type": "application/pdf", "size": 402113}]',
   'Ben, lease and ledger for unit A attached. She is a gem, please tell your buyer to keep her.

Linda'),
  (25, 25, null, 25, 'o', 16, '13:00', 3, 'clicked', true, null, 'Accepted! What happens now with 5711 Ellsworth',
   '[{"filename": "Buyer checklist.pdf", "content_type": "application/pdf", "size": 77100}]',
   'Omar,

congratulations again. The ten days of the option period start today: inspection on Thursday at 9:00, appraisal next week, and please send the three documents of the checklist to your lender.

Mei'),
  (26, 25, 25, 25, 'i', 14, '23:05', 3, null, false, null, 'Re: Accepted! What happens now with 5711 Ellsworth', '[]',
   'Two of three done. My accountant sends the K-1 on Monday. Is the sewer line really that bad?'),
  (27, 25, 26, 25, 'o', 13, '08:50', 3, 'opened', false, null, 'Re: Accepted! What happens now with 5711 Ellsworth', '[]',
   'It is clay from 1951 with roots, so yes. The seller agreed to a credit of 5,500 at closing, which covers most of the repair.'),
  (28, 28, null, 28, 'o', 26, '12:30', 1, 'clicked', true, 'closings@ironwoodcp.example', 'NDA and teaser: Almeria 8 doors, Tucson 14 doors',
   '[{"filename": "NDA Ironwood.pdf", "content_type": "application/pdf", "size": 65210}, {"filename": "Teaser.pdf", "content_type": "application/pdf", "size": 1204000}]',
   'Nathan,

NDA for your signature, teaser attached. Data room opens the moment it is signed.

Ana Ruiz'),
  (29, 28, 28, 28, 'i', 25, '09:02', 1, null, false, 'closings@ironwoodcp.example', 'Re: NDA and teaser: Almeria 8 doors, Tucson 14 doors',
   '[{"filename": "NDA signed.pdf", "content_type": "application/pdf", "size": 71930}]',
   'Signed NDA attached. Please send T12, leases and the last two insurance bills.'),
  (30, 30, null, 29, 'i', 23, '10:25', 2, null, false, null, 'Letters testamentary, estate of Franklin Abernathy',
   '[{"filename": "Letters testamentary.pdf", "content_type": "application/pdf", "size": 512900}]',
   'Dear Mr. Cole,

the court has appointed me. The paper is attached. There is a piano in the parlour which must not be thrown away.

Ruth Abernathy'),
  (31, 30, 30, 29, 'o', 7, '11:10', 2, 'opened', true, null, 'Re: Letters testamentary, estate of Franklin Abernathy',
   '[{"filename": "Proposal 519 E 38th St.pdf", "content_type": "application/pdf", "size": 188710}]',
   'Dear Mrs. Abernathy,

thank you. Attached is our proposal: 255,000 USD, as it is, and we have the piano moved to your niece at our expense.

Ben Cole'),
  (32, 32, null, 32, 'o', 13, '09:20', 3, 'clicked', true, null, 'School boundaries for the three houses', '[]',
   'Hi Arjun,

all three houses are zoned to Mathews Elementary. The third one may be moved to Barron next year, the board votes in spring.

Mei'),
  (33, 33, null, 34, 'i', 0, '6:10', 3, 'unread', false, null, 'Powerwall papers and last inspection',
   '[{"filename": "powerwall.pdf", "content_type": "application/pdf", "size": 233001}, {"filename": "inspection-2024.pdf", "content_type": "application/pdf", "size": 1822340}]',
   'Hi Mei, as you asked: both invoices for the batteries and the inspection of two years ago. I can do 420 if you close before the end of the year.

Vincent'),
  (34, 34, null, 36, 'o', 44, '15:10', 3, 'bounced', true, 'h.karimi@marlborough.example', 'Offer for 3954 Marlborough Ave', '[]',
   'Dear Dr. Karimi,

as discussed at noon: 785,000 USD, 30 days of leaseback at no charge.

Mei'),
  (35, 34, null, 36, 'o', 44, '16:02', 3, 'opened', true, null, 'Offer for 3954 Marlborough Ave', '[]',
   'Dear Dr. Karimi,

the first mail went to an old address, so here it is again: 785,000 USD, 30 days of leaseback at no charge.

Mei'),
  (36, 36, null, 39, 'o', 6, '09:35', 2, 'sent', true, null, '958 Selma St: two numbers, your choice',
   '[{"filename": "Offer Selma St.pdf", "content_type": "application/pdf", "size": 175020}]',
   'Bobby,

318,000 with the laundry lease as it is, or 335,000 without it. Both close by the middle of January.

Ben'),
  (37, 37, null, 9, 'o', 20, '10:00', 4, 'opened', true, null, 'House prices around N Ola Ave this autumn', '[]',
   'Hello Elena,

no texts, as you wished. Six houses within half a mile of yours sold since August, between 271 and 312. If you ever want a number for yours, reply to this mail.

Tariq'),
  (38, 38, null, 18, 'i', 17, '12:12', 3, null, false, null, 'My review, and Jun''s number', '[]',
   'Dear Mei,

the review is online, five stars and all of them meant. Jun Park is looking for two bedrooms in Fruitvale, he knows that you will write.

Grace'),
  (39, 39, null, 5, 'i', 0, '11:45', 3, 'unread', false, null, 'Signed NDA and a question about Third Ward',
   '[{"filename": "NDA Juniper.pdf", "content_type": "application/pdf", "size": 69880}]',
   'Mei,

NDA attached. Is the fourplex in Third Ward the one with the bakery downstairs? If so I want it, up to 900.

Denise')
  ) v(n, th, re, contact, dir, days, clock, who, state, html, theirs, subject, files, body)
  join contacts k on k.id = pg_temp.seed_id(1, v.contact)
), addressed as (
  select mails.*, case dir when 'i' then their_email else our_email end as sender,
    case dir when 'i' then our_email else their_email end as receiver
  from mails
), identified as (
  select addressed.*, format('<%s@%s>', substr(md5('seed email ' || n), 1, 20), split_part(sender, '@', 2)) as mid
  from addressed
)
insert into emails (
  id, contact_id, direction, subject, body, html_body, status, from_email, to_email, cc_emails,
  reply_to, message_id, in_reply_to, thread_id, attachments, headers, bounce_reason, spam_score,
  opened_at, clicked_at, read_at, sent_by, occurred_at, created_at, updated_at)
select pg_temp.seed_id(6, m.n), m.contact_id, case m.dir when 'i' then 'inbound' else 'outbound' end,
  m.subject, m.body, case when m.html then '<p>' || replace(m.body, E'\n\n', '</p><p>') || '</p>' end,
  case when m.dir = 'i' then 'received' else coalesce(m.state, 'delivered') end, m.sender, m.receiver,
  case when m.th = 21 then '{guidry@guidrypoche.example}'::text[] else '{}' end,
  case when m.dir = 'o' then m.our_email end, m.mid, p.mid, 'northside-' || m.th, m.files::jsonb,
  case when p.mid is null then '{}'::jsonb else jsonb_build_object('References', p.mid) end,
  case m.state when 'bounced' then '550 5.1.1 The email account that you tried to reach does not exist' end,
  case m.dir when 'i' then 0.1 end,
  case when m.state in ('opened', 'clicked', 'read') and m.dir = 'o' then least(m.at + interval '95 minutes', now()) end,
  case m.state when 'clicked' then least(m.at + interval '97 minutes', now()) end,
  case when m.dir = 'i' and m.state is null then least(m.at + interval '40 minutes', now()) end,
  case m.dir when 'o' then pg_temp.seed_user(m.who) end, m.at, m.at, m.at
from identified m
left join identified p on p.n = m.re
order by m.n
on conflict do nothing;

-- Deals. way: the stages with the days ago they were entered; stage:days@value where the value was
-- another one then. due: expected close in days from now (negative: in the past).
create temporary table seed_deals on commit drop as
select v.*, pg_temp.seed_id(8, v.n) as id
from seed_run, (values
  (1, 6, '2217 Cedar Glen Ct - purchase', 'lead:4', 1150000, 3, 60, 42, 'Reach him after 13:00', null, null, 'Website'),
  (2, 14, '1567 Cleveland Ave - purchase', 'lead:3', 118000, 4, 45, 58, 'Ask for photos of the furnace', null, null, 'Website'),
  (3, 22, '3840 T St - list or buy', 'lead:2', 520000, 3, 120, 31, 'Send both options', null, null, 'Google ads'),
  (4, 33, '2138 S 14th St - purchase', 'lead:8', 132000, 4, 75, 47, 'Agree on a visit', null, null, 'Website'),
  (5, 35, 'Lot 14, Enumclaw - 2.4 acres', 'lead:11', 165000, 1, 90, 36, 'Get the well log from the county', null, null, 'Direct mail'),
  (6, 26, '1822 Hubbard St - purchase', 'lead:5', 112000, 4, 30, 71, 'Visit on {6} at 10:00', null, null, 'Facebook ad'),
  (7, 3, 'Buyer search: Mueller, 3 bedrooms', 'lead:24@480000,qualified:23', 515000, 3, 55, 74, 'Showing on Antone St', null, null, 'Zillow'),
  (8, 8, '1105 Beatties Ford Rd - purchase', 'lead:20,qualified:12', 214000, 4, 70, 55, 'Wait for the vote of the church board', null, null, 'Referral'),
  (9, 15, '4119 Bryant Ave N - short sale', 'lead:29,qualified:27', 205000, 2, 80, 49, 'Send the package to First Prairie Bank', null, null, 'PropStream'),
  (10, 23, '708 S Person St - purchase', 'lead:18@390000,qualified:9', 402000, 2, 50, 66, 'Answer of his brother', null, 'Broker in the family', 'Website'),
  (11, 37, '2511 E Biddle St - before auction', 'lead:14,qualified:13', 84000, 4, 14, 88, 'Bring the contract and proof of funds', null, null, 'Facebook ad'),
  (12, 28, 'Almeria, 8 doors - assignment', 'lead:26@4700000,qualified:25@4700000,qualified:7', 1980000, 1, 65, 63, 'Open the data room', null, null, 'Referral'),
  (13, 32, 'Buyer search: Plano ISD', 'lead:22@640000,qualified:20@640000,qualified:14', 605000, 3, 40, 61, 'Offer 605 after the holiday', null, null, 'Zillow'),
  (14, 4, '5318 W Warwick Ave - two-flat', 'lead:31@330000,qualified:30@340000,proposal:6', 352000, 4, 110, 68, 'He reads it with his wife on Sunday', null, 'Neighbour who flips', 'Direct mail'),
  (15, 11, '9714 Kempwood Dr - flood house', 'lead:27,qualified:23@175000,proposal:11@182000,proposal:10', 188000, 3, 20, 72, 'Call about the other offer', null, 'Gulf Home Buyers', 'Facebook ad'),
  (16, 20, '2014 Magnolia St - fourplex', 'lead:30,qualified:28,proposal:21', 362000, 2, 45, 57, 'Meeting of the heirs', null, null, 'Probate list'),
  (17, 29, '519 E 38th St - estate', 'lead:34,qualified:22,proposal:7', 255000, 2, 38, 69, 'Agree on the piano', null, null, 'Probate list'),
  (18, 39, '958 Selma St - fourplex', 'lead:28,qualified:26,proposal:6', 318000, 2, 52, 54, 'Which of the two numbers?', null, null, 'Cold call'),
  (19, 1, '1840 NW 32nd Ave - purchase', 'lead:38@360000,qualified:37@360000,proposal:9@385000,negotiation:7', 390000, 4, 18, 91, 'Answer on 392 this week', null, 'Sunshine Cash Homes', 'Website'),
  (20, 12, '2930 W Osborn Rd - purchase', 'lead:36@300000,qualified:32@300000,proposal:17@312000,negotiation:6', 318000, 2, 15, 84, 'Ana decides on 318 and the pool clause', null, null, 'Direct mail'),
  (21, 24, '3127 Julian St - duplex', 'lead:40@620000,qualified:33@640000,proposal:14@655000,negotiation:5', 665000, 2, -3, 79, 'Meeting with Ana about 665', null, 'Mile High Investors', 'Cold call'),
  (22, 34, '4860 Lone Mesa Dr - purchase', 'lead:21,qualified:20@405000,proposal:12@415000,negotiation:9', 420000, 3, 28, 77, 'Check the battery papers', null, 'OfferPad-style buyer', 'Google ads'),
  (23, 2, '627 Cascade Rd SW - purchase', 'lead:52@290000,qualified:50@290000,proposal:41@298000,negotiation:40@306000,contract:32', 306000, 2, 9, 95, 'Order the payoff letter', null, null, 'PropStream'),
  (24, 16, '5523 Pershing Ave - purchase', 'lead:44,qualified:42,proposal:34@268000,negotiation:29@268000,contract:18', 275000, 4, 12, 92, 'HOA letter', null, null, 'Referral'),
  (25, 25, '5711 Ellsworth Ave - buyer side', 'lead:35@640000,qualified:33@640000,proposal:19@650000,contract:16', 662000, 3, -1, 87, 'Call the loan processor', null, null, 'Open house'),
  (26, 7, '3391 Kimball Ave - purchase', 'lead:47@90000,qualified:46@95000,proposal:45@98000,contract:40,closing:13', 98000, 4, 3, 97, 'Signing on {3} 8:15', null, null, 'Driving for dollars'),
  (27, 21, '1233 NW 7th Ter - purchase', 'lead:49,qualified:48,proposal:42@320000,negotiation:35@326000,contract:28,closing:8', 326000, 4, 5, 96, 'Confirm the wire by telephone', null, null, 'Bandit sign'),
  (28, 5, '811 Tuam St - sixplex to Juniper', 'lead:59,qualified:58,proposal:55@880000,contract:53,closing:47,closed_won:41', 860000, 3, -41, 98, null, 'First call, complete package, ten days', null, 'Referral'),
  (29, 10, '414 Cedar St - duplex to Bluebonnet', 'lead:57,qualified:55,proposal:50,contract:48,closing:42,closed_won:36', 251000, 3, -34, 93, null, 'Alley access and a clean survey', null, 'Meetup'),
  (30, 18, '2766 Coolidge Ave - buyer side', 'lead:58,qualified:58,contract:57,closing:56,closed_won:54', 735000, 3, -55, 90, null, 'Mei found it before it was listed', null, 'Zillow'),
  (31, 31, '14803 Mettetal St - fire damage', 'lead:54,qualified:53,proposal:52@36000,negotiation:51@36000,contract:50,closing:47,closed_won:45', 38500, 4, -46, 89, null, 'Nobody else wanted to look at the kitchen', null, 'Driving for dollars'),
  (32, 13, '3472 W 41st St - purchase', 'lead:55,qualified:54,proposal:49,closed_lost:39', 78000, 4, -30, 35, null, 'Listed with a neighbour', 'Agent next door', 'Cold call'),
  (33, 27, '4406 Garfield Ave - purchase', 'lead:50,qualified:46,closed_lost:37', 52000, 4, -20, 18, null, 'Family keeps the house', null, 'Cold call'),
  (34, 36, '3954 Marlborough Ave - purchase', 'lead:46,qualified:45,proposal:44@785000,negotiation:38@785000,closed_lost:34', 790000, 3, -25, 44, null, 'Price: 801 from an online buyer', 'Online buyer', 'Google ads'),
  (35, 41, '10422 W Devonshire Ave - duplicate', 'lead:45,closed_lost:43', 250000, 3, -10, 5, null, 'Entered twice', null, 'PropStream')
) v(n, contact, name, way, value, who, due, score, next, reason, rival, source);

create temporary table seed_steps on commit drop as
select d.id as deal_id, d.n, s.ord, s.stage, s.at, d.reason, coalesce(s.was, d.value) as value,
  coalesce((array[10, 25, 40, 60, 80, 90, 100, 0])[array_position(
    '{lead,qualified,proposal,negotiation,contract,closing,closed_won,closed_lost}'::text[], s.stage)], 0) as chance,
  min(s.at) over (partition by d.id, s.stage) as entered_at,
  row_number() over (partition by d.id order by s.ord desc) = 1 as is_last
from seed_deals d
cross join lateral (
  select ord, split_part(step, ':', 1) as stage,
    pg_temp.seed_at(split_part(split_part(step, ':', 2), '@', 1)::integer, '11:00') + ord * interval '17 minutes' as at,
    nullif(split_part(step, '@', 2), '')::numeric as was
  from unnest(string_to_array(d.way, ',')) with ordinality w(step, ord)) s;

insert into deals (
  id, contact_id, name, stage, stage_changed_at, position, value, probability, expected_close_date,
  actual_close_date, source, campaign, lead_score, assigned_to, created_by, lost_reason, won_reason, competitor,
  next_step, created_at, updated_at)
select d.id, k.id, d.name, s.stage, s.entered_at, d.n * 1024, d.value, s.chance, now()::date + d.due,
  case when s.stage like 'closed%' then s.at::date end, d.source,
  case d.source when 'Direct mail' then 'Autumn letters' when 'Probate list' then 'Blue envelopes'
    when 'Facebook ad' then 'Sell it as it is' when 'Google ads' then 'Sell my house fast' end,
  d.score, pg_temp.seed_user(d.who),
  pg_temp.seed_user(d.who), case s.stage when 'closed_lost' then d.reason end,
  case s.stage when 'closed_won' then d.reason end, d.rival, pg_temp.seed_days(d.next), f.at, s.at
from seed_deals d
join seed_steps s on s.deal_id = d.id and s.is_last
join seed_steps f on f.deal_id = d.id and f.ord = 1
join contacts k on k.id = pg_temp.seed_id(1, d.contact)
order by d.n
on conflict do nothing;

-- The trigger has just logged every deal as created now in its last stage; its real way replaces
-- that. Only on the first load: seed_steps is empty afterwards.
delete from deal_stage_history h
using seed_steps s
where h.deal_id = s.deal_id;

insert into deal_stage_history (
  id, deal_id, old_stage, new_stage, old_value, new_value, old_probability, new_probability,
  changed_by, change_reason, duration_in_stage, changed_at, created_at, updated_at)
select pg_temp.seed_id(10, s.n * 100 + s.ord::integer), s.deal_id, b.stage, s.stage, b.value, s.value, b.chance, s.chance,
  d.assigned_to, case when s.stage like 'closed%' then s.reason end,
  case when s.stage <> b.stage then s.at - b.entered_at end, s.at, s.at, s.at
from seed_steps s
join deals d on d.id = s.deal_id
left join seed_steps b on b.deal_id = s.deal_id and b.ord = s.ord - 1
order by s.at
on conflict do nothing;

insert into deal_tags (id, deal_id, tag_id, created_by, created_at, updated_at)
select pg_temp.seed_id(9, v.n * 100 + c.ord::integer), d.id, t.id, d.assigned_to, d.created_at, d.created_at
from seed_run, (values
  (1, 'Hot lead', '{11,19,20,21,23,26,27}'::integer[]), (4, 'Motivated seller', '{9,11,15,19,20,26,27,31}'),
  (5, 'Cash buyer', '{12,28,29}'), (6, 'Probate', '{16,17}'), (9, 'Pre-foreclosure', '{9,11}'),
  (10, 'Tired landlord', '{8,14,18,21}'), (12, 'First-time buyer', '{7,13,30}'), (13, 'Needs repairs', '{2,15,16,31,33}')
) v(n, tag, deals)
cross join lateral unnest(v.deals) with ordinality c(deal, ord)
join deals d on d.id = pg_temp.seed_id(8, c.deal)
join tags t on lower(t.name) = lower(v.tag)
on conflict do nothing;

-- Activities. state: p planned (or overdue by its date), w in progress, d done, x cancelled; more:
-- min minutes, remind minutes, at place, rule RRULE, day all day, got result, next, up parent.
insert into activities (
  id, contact_id, deal_id, parent_activity_id, type, title, description, status, priority, due_date,
  is_all_day, duration_minutes, reminder_minutes, location, recurrence_rule, assigned_to,
  created_by, completed_at, completed_by, result, next_action, created_at, updated_at)
select pg_temp.seed_id(7, a.n), k.id, d.id, pg_temp.seed_id(7, (a.m ->> 'up')::integer), a.type, a.title, a.about,
  case a.state when 'd' then 'completed' when 'x' then 'cancelled' when 'w' then 'in_progress'
    else case when a.due + case when a.m ? 'day' then interval '24 hours' else '0' end < now()
      then 'overdue' else 'planned' end end,
  (array['low', 'medium', 'high', 'urgent'])[a.prio], a.due, a.m ? 'day', (a.m ->> 'min')::integer,
  (a.m ->> 'remind')::integer, a.m ->> 'at', a.m ->> 'rule', pg_temp.seed_user(a.who), pg_temp.seed_user(a.who),
  case a.state when 'd' then a.due + interval '25 minutes' end,
  case a.state when 'd' then pg_temp.seed_user(a.who) end, a.m ->> 'got', a.m ->> 'next', greatest(a.noted, k.created_at),
  greatest(a.noted, k.created_at)
from seed_run
cross join lateral (
  select v.*, coalesce(v.more, '{}')::jsonb as m, t.due, least(t.due - interval '2 days', now() - interval '3 hours') as noted
  from (values
  (1, 1, 19, 'appointment', 'See 1840 NW 32nd Ave with Rosa and José', 'Moisture meter, roof photos, bathroom at the back.', 'd', 3, 29, '10:00', 4, '{"min": 60, "at": "1840 NW 32nd Ave, Miami", "got": "Roof 8 years left at most, bathroom to be rebuilt. Estimate 41k.", "next": "Prepare the offer"}'),
  (2, 1, 19, 'task', 'Prepare the offer for Rosa', null, 'd', 3, 10, '12:00', 4, '{"up": 1, "got": "385 with 21 days"}'),
  (3, 1, 19, 'call', 'Call Rosa: yes or no to 392', 'José flies this week and has to sign before.', 'p', 4, 0, '-3:00', 4, '{"min": 15, "remind": 15}'),
  (4, 2, 23, 'appointment', 'Walk 627 Cascade Rd with Marcus', null, 'd', 2, 49, '17:30', 2, '{"min": 45, "at": "627 Cascade Rd SW, Atlanta", "got": "Good bones, 24k of work"}'),
  (5, 2, 23, 'task', 'Order payoff letter through the title company', 'Marcus would pay 35 dollars if he orders it himself.', 'p', 3, 1, '16:00', 2, '{"remind": 60}'),
  (6, 2, 23, 'meeting', 'Closing at Peachtree Title', 'Cashier''s check, keys, garage agreement.', 'p', 3, -9, '14:00', 2, '{"min": 60, "at": "Peachtree Title, 1180 W Peachtree St, Atlanta", "remind": 1440}'),
  (7, 3, 7, 'appointment', 'Show 1207 Perez St to Priya', null, 'd', 2, 8, '10:00', 3, '{"min": 30, "at": "1207 Perez St, Austin", "got": "Loved the yard, street too loud"}'),
  (8, 3, 7, 'appointment', 'Show the house on Antone St', null, 'p', 2, -2, '17:30', 3, '{"min": 30, "at": "4417 Antone St, Austin", "remind": 60}'),
  (9, 4, 14, 'appointment', 'Coffee with Mr. and Mrs. Kowalczyk', null, 'd', 2, 25, '11:00', 4, '{"min": 90, "at": "5318 W Warwick Ave, Chicago", "got": "Both flats seen. Tenant stays.", "next": "Proposal with lease"}'),
  (10, 4, 14, 'follow_up', 'Hear what his wife thinks of 352', null, 'p', 2, -2, '17:15', 4, '{"min": 15}'),
  (11, 5, null, 'task', 'Look for something inside Loop 610 for Juniper', '1.2 million of a 1031 exchange, 45 days to name it.', 'w', 3, -6, '12:00', 3, null),
  (12, 5, null, 'call', 'Monthly call with Denise', null, 'p', 2, -4, '09:30', 3, '{"min": 20, "rule": "FREQ=MONTHLY"}'),
  (13, 6, 1, 'call', 'Call Hiroshi after 13:00', null, 'p', 2, 2, '13:30', 3, '{"min": 15}'),
  (14, 7, 26, 'meeting', 'Signing at Riverline Title', 'She comes from the night shift.', 'p', 4, -3, '08:15', 4, '{"min": 45, "at": "Riverline Title, 4515 Poplar Ave, Memphis", "remind": 720}'),
  (15, 7, 26, 'text', 'Ask Riverline: cashier''s check possible?', null, 'p', 3, 0, '-1:30', 4, null),
  (16, 7, 26, 'task', 'Get the release of the 2013 lien recorded', null, 'd', 3, 12, '11:00', 4, '{"got": "Recorded at the county, copy with Riverline"}'),
  (17, 8, 8, 'appointment', 'Walk the rental on Beatties Ford', '24 hours notice to the family.', 'd', 2, 12, '11:00', 4, '{"min": 40, "at": "1105 Beatties Ford Rd, Charlotte", "got": "Kept very well"}'),
  (18, 8, 8, 'follow_up', 'Ask how the church board voted', null, 'p', 2, -5, '11:00', 4, null),
  (19, 9, null, 'email', 'Quarterly prices for Elena (e-mail only)', 'She said STOP to texts.', 'p', 1, -70, '10:00', 4, '{"rule": "FREQ=MONTHLY;INTERVAL=3"}'),
  (20, 10, null, 'follow_up', 'Tell Wade first about the next Southtown house', null, 'p', 2, -7, '10:00', 3, null),
  (21, 11, 15, 'appointment', 'Look at the flood house with Lan''s son', null, 'd', 2, 24, '10:00', 3, '{"min": 50, "at": "9714 Kempwood Dr, Houston", "got": "Two open permits, mould behind the tub", "next": "Ask for a foundation report"}'),
  (22, 11, 15, 'call', 'Lan: decided between us and the other company?', null, 'p', 3, 1, '17:00', 3, '{"min": 15}'),
  (23, 12, 20, 'call', 'Conference call with Gloria and Ernesto', null, 'd', 3, 17, '09:40', 2, '{"min": 30, "got": "325 too high, they come down. Two checks."}'),
  (24, 12, 20, 'meeting', 'Decide 318 and the pool clause with Ana', 'Repairs 28k, resale 372 to 380.', 'p', 4, 0, '-2:00', 2, '{"min": 30, "at": "Office, small room"}'),
  (25, 12, 20, 'task', 'Ask our attorney for the pool clause', null, 'p', 3, 1, '12:00', 2, null),
  (26, 13, 32, 'appointment', 'Visit Pat on W 41st', null, 'd', 2, 51, '10:00', 4, '{"min": 60, "at": "3472 W 41st St, Cleveland", "got": "Third stair loose, roof original"}'),
  (27, 13, 32, 'follow_up', 'Ask Pat in the new year whether the listing sold', null, 'p', 1, -60, '10:00', 4, '{"day": true}'),
  (28, 14, 2, 'text', 'Text Amina the two questions', null, 'd', 2, 2, '10:05', 4, '{"got": "Answered this morning: roof 2015, furnace old"}'),
  (29, 14, 2, 'appointment', 'See 1567 Cleveland Ave', null, 'p', 2, -3, '18:30', 4, '{"min": 40, "at": "1567 Cleveland Ave, Columbus"}'),
  (30, 15, 9, 'task', 'Send the short sale package to First Prairie', 'Statements and the letter are in Documents.', 'p', 4, 3, '12:00', 2, null),
  (31, 15, 9, 'call', 'Ask the bank who the negotiator is', null, 'd', 3, 20, '11:00', 2, '{"min": 25, "got": "Ms. Lindgren, extension 4471"}'),
  (32, 16, 24, 'task', 'Order the HOA estoppel letter', 'Takes about 15 days.', 'd', 2, 17, '15:00', 4, '{"got": "Ordered, 299 dollars paid"}'),
  (33, 16, 24, 'task', 'Forward the HOA letter to the title company', null, 'p', 3, -1, '10:00', 4, '{"up": 32}'),
  (34, 17, null, 'call', 'Call Joseph in the morning', 'He wants to know who sends the postcards.', 'p', 1, 7, '09:30', 3, null),
  (35, 18, 30, 'note', 'Grace moved in, gives a reference any time', null, 'd', 1, 53, '10:00', 3, '{"got": "Happy"}'),
  (36, 18, null, 'follow_up', 'Write to Jun Park about Fruitvale', null, 'd', 2, 15, '10:00', 3, '{"got": "He buys in spring, put on the list"}'),
  (37, 19, null, 'note', 'Do not contact: attorney, asked for removal', null, 'd', 2, 41, '10:40', 2, null),
  (38, 20, 16, 'meeting', 'Video call with Mrs. Broussard and Mr. Guidry', null, 'd', 2, 22, '15:00', 2, '{"min": 45, "at": "Video", "got": "They want one buyer for all five shares"}'),
  (39, 20, 16, 'follow_up', 'What did the heirs decide?', null, 'p', 2, -8, '10:00', 2, '{"day": true}'),
  (40, 21, 27, 'meeting', 'Closing with Andre', null, 'p', 4, -5, '15:00', 4, '{"min": 60, "at": "Las Olas Title, 401 E Las Olas Blvd, Fort Lauderdale", "remind": 1440}'),
  (41, 21, 27, 'call', 'Confirm the wire with the bank by telephone', 'Only the number on the signed form, never the one from a mail.', 'p', 4, -4, '10:00', 4, '{"up": 40, "min": 10}'),
  (42, 22, 3, 'email', 'Send Sofia both options, list and buy', null, 'p', 2, 0, '-4:00', 3, null),
  (43, 23, 10, 'appointment', 'See the professor''s house', null, 'd', 2, 9, '10:00', 2, '{"min": 60, "at": "708 S Person St, Raleigh", "got": "Lovely, kitchen from 1998, pear tree"}'),
  (44, 23, 10, 'follow_up', 'What does the brother in Durham say?', null, 'p', 2, -1, '12:00', 2, null),
  (45, 24, 21, 'task', 'Rent ledger and lease of unit A to the buyer', null, 'p', 2, 2, '15:00', 2, null),
  (46, 24, 21, 'appointment', 'Walk unit B once it is empty', null, 'p', 3, -1, '14:00', 2, '{"min": 30, "at": "3127 Julian St, Denver", "remind": 120}'),
  (47, 24, 21, 'meeting', 'Present 665 to Ana', null, 'd', 3, 4, '13:00', 2, '{"min": 20, "got": "Yes, if unit B is empty and clean"}'),
  (48, 25, 25, 'call', 'Call the processor at Trinity Mutual', 'They asked for the restaurant return three times.', 'p', 3, 0, '-0:45', 3, '{"min": 15}'),
  (49, 25, 25, 'task', 'Reinspection after the sewer repair', null, 'x', 2, 3, '09:00', 3, '{"got": "Not needed, credit instead"}'),
  (50, 26, 6, 'appointment', 'Visit 1822 Hubbard St', 'Bring the porch contractor.', 'p', 3, -6, '10:00', 4, '{"min": 30, "at": "1822 Hubbard St, Jacksonville"}'),
  (51, 27, 33, 'note', 'Daughter called: family keeps the house', null, 'd', 1, 37, '16:00', 4, null),
  (52, 28, 12, 'meeting', 'Partners'' call with Ironwood', null, 'd', 3, 25, '14:00', 1, '{"min": 45, "at": "Video", "got": "45 days due diligence, 2% earnest money"}'),
  (53, 28, 12, 'demo', 'Show the data room and the numbers of Almeria', null, 'p', 3, -2, '11:00', 1, '{"min": 45, "at": "Video", "remind": 30}'),
  (54, 28, 12, 'task', 'Upload the trailing twelve months', null, 'w', 3, 0, '-5:00', 1, null),
  (55, 29, 17, 'task', 'Ask two movers for a price for the piano', 'Upright, second floor of the niece in Atlanta.', 'p', 2, -3, '12:00', 2, null),
  (56, 29, 17, 'follow_up', 'Call Mrs. Abernathy about the closing date', null, 'p', 2, -4, '10:30', 2, null),
  (57, 30, null, 'task', 'Find another number for Diego Fuentes', 'Wrong number. Check the county and the old listing.', 'p', 1, 4, '12:00', 2, null),
  (58, 31, 31, 'note', 'Yolanda recommends Mr. Lewis, 14811 Mettetal', null, 'd', 2, 22, '18:00', 4, '{"next": "Letter to 14811"}'),
  (59, 31, null, 'task', 'Pay Yolanda''s 500 when Mr. Lewis closes', null, 'p', 1, -45, '12:00', 4, '{"day": true}'),
  (60, 32, 13, 'appointment', 'Three houses with the Mehtas', null, 'd', 2, 16, '14:00', 3, '{"min": 150, "got": "Second house wins, 640 asked"}'),
  (61, 32, 13, 'task', 'Write the 605 offer', null, 'p', 2, -5, '10:00', 3, '{"up": 60}'),
  (62, 33, 4, 'call', 'Kasia after 15:00: when can we visit?', null, 'p', 2, 1, '15:30', 4, null),
  (63, 34, 22, 'task', 'Check title of the solar batteries', null, 'p', 3, 0, '-6:00', 3, null),
  (64, 34, 22, 'appointment', 'Second look with the electrician', null, 'p', 2, -4, '15:00', 3, '{"min": 45, "at": "4860 Lone Mesa Dr, Las Vegas"}'),
  (65, 35, 5, 'task', 'Ask King County for the well log', null, 'p', 2, 5, '12:00', 1, null),
  (66, 36, 34, 'follow_up', 'Dr. Karimi''s house in Chula Vista', 'He mentioned a second house.', 'p', 1, -30, '11:00', 3, null),
  (67, 37, 11, 'appointment', 'See E Biddle with the contract in the bag', null, 'd', 4, 13, '17:30', 4, '{"min": 40, "at": "2511 E Biddle St, Baltimore", "got": "Brick sound, roof patched. 84 works.", "next": "Contract"}'),
  (68, 37, 11, 'call', 'Call Shanice before noon', 'Servicer can postpone once with a signed contract.', 'p', 4, 0, '-0:30', 4, '{"min": 10, "remind": 10}'),
  (69, 39, 18, 'follow_up', 'Bobby: with or without the laundry lease?', null, 'p', 2, 2, '11:00', 2, null),
  (70, 40, null, 'email', 'Market report for Ingrid', null, 'p', 1, -2, '12:00', 3, null),
  (71, null, null, 'meeting', 'Team meeting: numbers and hot leads', null, 'p', 2, -1, '09:00', 1, '{"min": 45, "at": "Office", "rule": "FREQ=WEEKLY", "remind": 15}'),
  (72, null, null, 'task', 'Pay the data subscriptions', null, 'p', 1, -9, '12:00', 1, '{"rule": "FREQ=MONTHLY", "day": true}'),
  (73, null, null, 'task', 'Letters to the probate list', '120 addresses, blue envelope.', 'd', 2, 18, '12:00', 2, '{"got": "118 sent, 2 addresses unknown"}')
  ) v(n, contact, deal, type, title, about, state, prio, days, clock, who, more)
  cross join lateral (select pg_temp.seed_at(v.days, v.clock) as due) t
) a
left join contacts k on k.id = pg_temp.seed_id(1, a.contact)
left join deals d on d.id = pg_temp.seed_id(8, a.deal)
order by a.n
on conflict do nothing;

insert into documents (
  id, contact_id, deal_id, activity_id, parent_document_id, name, original_name, file_path, file_size,
  mime_type, file_extension, document_type, category, description, is_archived, version, checksum,
  tags, uploaded_by, uploaded_at, last_accessed_at, access_count, created_at, updated_at)
select pg_temp.seed_id(11, v.n), k.id, d.id, a.id, pg_temp.seed_id(11, v.replaces), v.name, v.file,
  'documents/' || pg_temp.seed_id(11, v.n), v.bytes, v.mime, substring(v.file from '[^.]+$'), v.kind,
  v.category, v.about, v.old, v.version, encode(sha256(convert_to('seed document ' || v.n, 'UTF8')), 'hex'),
  v.tags::text[], pg_temp.seed_user(v.who), t.at, t.at + interval '5 hours', v.reads, t.at, t.at
from seed_run, (values
  (1, 2, 23, null, null, 'Purchase agreement 627 Cascade Rd', 'Purchase agreement 627 Cascade.pdf', 312400, 'application/pdf', 'contract', 'Contracts', 'Sent to Marcus, unsigned', true, 1, '{agreement}', 2, 33, 4),
  (2, 2, 23, null, 1, 'Purchase agreement 627 Cascade Rd, signed', 'Purchase agreement signed.pdf', 340112, 'application/pdf', 'contract', 'Contracts', 'Both signatures', false, 2, '{agreement,signed}', 2, 32, 9),
  (3, 2, 23, 4, null, 'Roof invoice 2020', 'roof-invoice.jpg', 1480233, 'image/jpeg', 'image', 'Property', 'From Marcus by text', false, 1, '{roof}', 2, 33, 2),
  (4, 1, 19, null, null, 'Oferta 1840 NW 32nd Ave', 'Oferta 1840 NW 32nd Ave.pdf', 176004, 'application/pdf', 'proposal', 'Offers', null, false, 1, '{offer}', 4, 9, 3),
  (5, 1, 19, 1, null, 'Roof and yard, NW 32nd', 'nw32-techo.jpg', 2210884, 'image/jpeg', 'image', 'Property', null, false, 1, '{roof,photos}', 4, 29, 5),
  (6, 7, 26, null, null, 'Settlement statement Jenkins', 'Settlement statement Jenkins.pdf', 122590, 'application/pdf', 'report', 'Closing', 'Draft of Riverline Title', false, 1, '{closing}', 4, 13, 6),
  (7, 7, 26, null, null, 'Driver license Latoya Jenkins', 'IMG_2041.jpg', 1892001, 'image/jpeg', 'identification', 'Identity', 'For the signing', false, 1, '{id}', 4, 12, 1),
  (8, 29, 17, null, null, 'Letters testamentary', 'Letters testamentary.pdf', 512900, 'application/pdf', 'correspondence', 'Probate', 'Chatham County', false, 1, '{probate,court}', 2, 23, 4),
  (9, 15, 9, null, null, 'Hardship letter and statements', 'statements.zip', 911233, 'application/zip', 'other', 'Short sale', 'Two months of statements', false, 1, '{short-sale}', 2, 11, 2),
  (10, 28, 12, null, null, 'NDA Ironwood, signed', 'NDA signed.pdf', 71930, 'application/pdf', 'contract', 'NDA', null, false, 1, '{nda,signed}', 1, 25, 3),
  (11, 5, 28, null, null, 'Tuam St trailing twelve months', 'Tuam T12.xlsx', 58111, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'report', 'Underwriting', null, false, 1, '{t12}', 3, 55, 8),
  (12, 25, 25, null, null, 'Option fee receipt Ellsworth', 'receipt-ellsworth.pdf', 40210, 'application/pdf', 'receipt', 'Closing', '300 dollars', false, 1, '{receipt}', 3, 15, 1),
  (13, 21, 27, null, null, 'Earnest money invoice', 'invoice-8817.pdf', 51920, 'application/pdf', 'invoice', 'Closing', 'Las Olas Title', false, 1, '{earnest-money}', 4, 27, 2),
  (14, null, null, null, null, 'Price sheet for letters, autumn', 'price-sheet-autumn.pdf', 223100, 'application/pdf', 'presentation', 'Marketing', 'Goes with the probate letters', false, 1, '{marketing}', 2, 20, 12)
) v(n, contact, deal, activity, replaces, name, file, bytes, mime, kind, category, about, old, version, tags, who, days, reads)
cross join lateral (select pg_temp.seed_at(v.days, '13:10') as at) t
left join contacts k on k.id = pg_temp.seed_id(1, v.contact)
left join deals d on d.id = pg_temp.seed_id(8, v.deal)
left join activities a on a.id = pg_temp.seed_id(7, v.activity)
order by v.n
on conflict do nothing;

-- What people and the program did afterwards. The stops come last, after the texts before them.
update contacts c
set sms_opt_out = true, dnc = v.dnc, email_opt_out = v.dnc, dnc_reason = v.reason
from seed_run, (values
  (9, false, 'Replied STOP to a text'),
  (19, true, 'Replied STOP, number is on the National Do Not Call Registry')
) v(n, dnc, reason)
where c.id = pg_temp.seed_id(1, v.n);

update contacts c set deleted_at = pg_temp.seed_at(43, '16:30')
from seed_run
where c.id = pg_temp.seed_id(1, 41);

update deals d set deleted_at = pg_temp.seed_at(43, '16:30')
from seed_run
where d.id = pg_temp.seed_id(8, 35);

-- The triggers made the threads; each belongs to the owner of its contact.
update conversations v
set assigned_to = c.assigned_to, created_at = c.created_at
from seed_run, contacts c
where c.id = v.contact_id and c.id between pg_temp.seed_id(1, 1) and pg_temp.seed_id(1, 999);

update conversations v
set priority = f.priority, status = f.status, is_starred = f.starred, is_archived = f.archived,
  is_muted = f.muted, labels = f.labels::text[]
from seed_run, (values
  (1, 'whatsapp', 'urgent', 'open', true, false, false, '{closing-soon,español}'),
  (2, 'sms', 'high', 'open', true, false, false, '{closing-soon}'),
  (4, 'sms', 'medium', 'snoozed', false, false, false, '{waiting-for-them}'),
  (7, 'sms', 'high', 'open', true, false, false, '{closing-soon}'),
  (9, 'sms', 'low', 'closed', false, true, true, '{opted-out}'),
  (12, 'email', 'high', 'open', false, false, false, '{waiting-for-us}'),
  (12, 'sms', 'high', 'open', true, false, false, '{waiting-for-us}'),
  (13, 'sms', 'low', 'closed', false, true, false, '{}'),
  (19, 'sms', 'low', 'closed', false, true, true, '{opted-out}'),
  (20, 'email', 'medium', 'pending', false, false, false, '{waiting-for-them}'),
  (27, 'sms', 'low', 'closed', false, true, false, '{}'),
  (28, 'email', 'high', 'open', true, false, false, '{data-room}'),
  (29, 'email', 'medium', 'pending', false, false, false, '{waiting-for-them}'),
  (36, 'sms', 'low', 'closed', false, false, false, '{second-house}'),
  (37, 'sms', 'urgent', 'open', true, false, false, '{auction}'),
  (37, 'voice', 'urgent', 'open', false, false, false, '{auction}')
) f(n, channel, priority, status, starred, archived, muted, labels)
where v.contact_id = pg_temp.seed_id(1, f.n) and v.channel = f.channel;

update assistants a
set usage_count = s.calls, average_duration = s.secs, success_rate = s.good
from seed_run, (
  select assistant_id, count(*)::integer as calls, round(avg(duration))::integer as secs,
    round(100.0 * count(*) filter (where analysis ->> 'successEvaluation' = 'true') / count(*), 2) as good
  from vapi_calls group by assistant_id) s
where a.id = s.assistant_id and a.id between pg_temp.seed_id(13, 1) and pg_temp.seed_id(13, 3);

update phone_numbers p
set usage_count = s.calls, last_used_at = s.last
from seed_run, (
  select phone_number_id, count(*)::integer as calls, max(started_at) as last
  from vapi_calls group by phone_number_id) s
where p.id = s.phone_number_id and p.id between pg_temp.seed_id(14, 1) and pg_temp.seed_id(14, 3);

-- They lived in this session only.
-- squawk-ignore ban-drop-function
drop function pg_temp.seed_days(text), pg_temp.seed_at(integer, text),
  pg_temp.seed_user(integer), pg_temp.seed_id(integer, integer);

commit;
