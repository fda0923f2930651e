-- Contacts: what the list, a contact's page and its forms need. Which ids a page of the list holds is
-- compiled by crm/filters.py; everything else about them is here.

-- name: contacts_on_page
-- The rows of one page of the list, in the order of ids, with the newest event and the next task.
select c.id, c.job_title, c.phone1, c.phone2, c.phone3, c.email1, c.email2, c.email3,
       c.mailing_address, c.property_address, c.city, c.state, c.zip_code, c.property_county,
       c.property_type, c.bedrooms, c.total_bathrooms, c.building_sqft, c.lot_size_sqft,
       c.effective_year_built, c.est_value, c.debt_owed, c.est_equity, c.last_sale_date,
       c.last_sale_amount, c.deal_status, c.lead_source, c.dnc, c.sms_opt_out, c.email_opt_out,
       c.custom_fields, c.created_at, c.updated_at, c.deleted_at,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name,
       case when btrim(c.first_name || c.last_name) <> '' then c.llc_name end as company,
       owner.name as owner_name, tagged.names as tags, tagged.colors as tag_colors,
       event.channel, event.occurred_at as last_at,
       task.title as task, task.due_date as task_due,
       exists (select from conversations v
               where v.contact_id = c.id and v.unread_count > 0) as unread
from unnest(:ids::uuid[]) with ordinality as page (id, position)
join contacts c on c.id = page.id
left join app.users owner on owner.id = c.assigned_to
left join lateral (
    select array_agg(t.name order by lower(t.name)) as names,
           array_agg(t.color order by lower(t.name)) as colors
    from contact_tags ct
    join tags t on t.id = ct.tag_id
    where ct.contact_id = c.id) tagged on true
left join lateral (
    select newest.channel, newest.occurred_at
    from ((select m.message_type::text as channel, m.occurred_at from messages m
           where m.contact_id = c.id order by m.occurred_at desc limit 1)
          union all
          (select 'call', k.occurred_at from calls k
           where k.contact_id = c.id order by k.occurred_at desc limit 1)
          union all
          (select 'email', e.occurred_at from emails e
           where e.contact_id = c.id order by e.occurred_at desc limit 1)) newest
    order by newest.occurred_at desc
    limit 1) event on true
left join lateral (
    select a.title, a.due_date
    from activities a
    where a.contact_id = c.id and a.status in ('planned', 'in_progress', 'overdue')
    order by a.due_date nulls last, a.id
    limit 1) task on true
order by page.position;

-- name: filter_choices
-- What the filter form offers: tags, people, states, and the newest cities, types and sources; and
-- the workspace's own fields, the person's views and how they like the list, in one round trip.
with recursive states (state) as (
    (select c.state from contacts c where c.deleted_at is null and c.state is not null
     order by c.state limit 1)
    union all
    select (select c.state from contacts c
            where c.deleted_at is null and c.state > states.state order by c.state limit 1)
    from states
    where states.state is not null),
newest as (
    select c.city, c.property_type, c.lead_source
    from contacts c
    where c.deleted_at is null
    order by c.created_at desc, c.id desc
    limit 300)
select 'tag' as kind, t.name::text as value, t.name::text as label, null::jsonb as more, 0 as place
from tags t
union all
select 'owner', u.id::text, u.name::text, null, 0 from app.users u where u.is_active
union all
select 'state', s.state::text, s.state::text, null, 0 from states s where s.state is not null
union all
select 'city', n.city::text, n.city::text, null, 0
from newest n where n.city is not null group by n.city
union all
select 'property_type', n.property_type::text, n.property_type::text, null, 0
from newest n where n.property_type is not null group by n.property_type
union all
select 'source', n.lead_source::text, n.lead_source::text, null, 0
from newest n where n.lead_source is not null group by n.lead_source
union all
select 'field', f.key::text, f.label::text,
       jsonb_build_object('kind', f.kind, 'choices', f.choices), f.position
from app.custom_fields f where f.table_name = 'contacts' and f.archived_at is null
union all
select 'view', v.id::text, v.name::text,
       jsonb_build_object('state', v.state, 'shared', v.is_shared, 'user', v.user_id),
       v.position + 100 * (not v.is_shared)::integer
from app.saved_views v where v.list = 'contacts'
union all
select 'preference', p.density::text, array_to_string(p.columns, ','), null, 0
from app.list_preferences p where p.list = 'contacts' and p.user_id = current_user_id()
order by 1, 5, 3
limit 2000;

-- name: custom_fields
-- The workspace's own fields of contacts, in order.
select f.key::text, f.label::text, f.kind::text, f.choices
from app.custom_fields f
where f.table_name = 'contacts' and f.archived_at is null
order by f.position, f.label;

-- name: contact_name^
-- A contact's shown name, also from the trash.
select c.id, c.deleted_at,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name
from contacts c
where c.id = :id;

-- name: get_contact^
-- Everything in a contact's own row, and its owner.
select c.id, c.first_name, c.last_name, c.llc_name, c.job_title,
       c.phone1, c.phone2, c.phone3, c.email1, c.email2, c.email3,
       c.mailing_address, c.property_address, c.city, c.state, c.zip_code, c.property_county,
       c.property_type, c.bedrooms, c.total_bathrooms, c.building_sqft, c.lot_size_sqft,
       c.effective_year_built, c.est_value, c.debt_owed, c.est_equity,
       c.last_sale_date, c.last_sale_amount, c.deal_status, c.lead_source, c.assigned_to,
       c.dnc, c.dnc_reason, c.sms_opt_out, c.email_opt_out, c.notes, c.custom_fields,
       c.deleted_at, c.created_at, c.updated_at,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name,
       owner.name as owner_name
from contacts c
left join app.users owner on owner.id = c.assigned_to
where c.id = :id;

-- name: contact_cards
-- The cards beside the timeline, one row per line: tags, deals, open tasks, documents, score parts.
select 'tag' as card, t.id, t.name::text as title, t.color::text as state, null::text as detail,
       null::numeric as amount, null::numeric as most, null::timestamptz as at, 0 as place
from contact_tags ct
join tags t on t.id = ct.tag_id
where ct.contact_id = :id
union all
select 'deal', d.id, d.name, d.stage, d.currency, d.value, d.probability,
       d.expected_close_date::timestamp at time zone 'UTC',
       case when d.stage in ('closed_won', 'closed_lost') then 1 else 0 end
from deals d
where d.contact_id = :id and d.deleted_at is null
union all
(select 'task', a.id, a.title, a.priority, a.type, extract(epoch from a.updated_at)::numeric, null,
        a.due_date, 0
 from activities a
 where a.contact_id = :id and a.status in ('planned', 'in_progress', 'overdue')
 order by a.due_date nulls last
 limit 50)
union all
(select 'document', f.id, f.name, f.document_type, f.file_extension, f.file_size, null,
        f.uploaded_at, 0
 from documents f
 where f.contact_id = :id and not f.is_archived
   and not exists (
       select from documents n
       where coalesce(n.parent_document_id, n.id) = coalesce(f.parent_document_id, f.id)
         and n.version > f.version)
 order by f.uploaded_at desc
 limit 50)
union all
select 'score', null, s.label, null, null, s.points, s.most, null, 0
from explain_contact_score(:id) s
union all
(select 'tag_choice', t.id, t.name, t.color, null, null, null, null, 0
 from tags t
 where not exists (select from contact_tags ct where ct.contact_id = :id and ct.tag_id = t.id)
 order by lower(t.name)
 limit 200)
order by card, place, at nulls last, title;

-- name: assignable_users
-- Who can be put in charge of a contact.
select u.id, u.name from app.users u where u.is_active order by lower(u.name);

-- name: create_contact$
-- A new contact; gives its id.
insert into contacts (
    first_name, last_name, llc_name, job_title, phone1, phone2, phone3, email1, email2, email3,
    mailing_address, property_address, city, state, zip_code, property_county, property_type,
    bedrooms, total_bathrooms, building_sqft, lot_size_sqft, effective_year_built, est_value,
    debt_owed, est_equity, last_sale_date, last_sale_amount, deal_status, lead_source, assigned_to,
    dnc, dnc_reason, sms_opt_out, email_opt_out, notes, created_by)
values (
    :first_name, :last_name, :llc_name, :job_title, :phone1, :phone2, :phone3, :email1, :email2,
    :email3, :mailing_address, :property_address, :city, :state, :zip_code, :property_county,
    :property_type, :bedrooms, :total_bathrooms, :building_sqft, :lot_size_sqft,
    :effective_year_built, :est_value, :debt_owed, :est_equity, :last_sale_date, :last_sale_amount,
    :deal_status, :lead_source, :assigned_to, :dnc, :dnc_reason, :sms_opt_out, :email_opt_out,
    :notes, current_user_id())
returning id;

-- name: update_contact$
-- Saves the form, unless the contact changed since version; gives the id, or nothing.
update contacts set
    first_name = :first_name, last_name = :last_name, llc_name = :llc_name, job_title = :job_title,
    phone1 = :phone1, phone2 = :phone2, phone3 = :phone3,
    email1 = :email1, email2 = :email2, email3 = :email3,
    mailing_address = :mailing_address, property_address = :property_address, city = :city,
    state = :state, zip_code = :zip_code, property_county = :property_county,
    property_type = :property_type, bedrooms = :bedrooms, total_bathrooms = :total_bathrooms,
    building_sqft = :building_sqft, lot_size_sqft = :lot_size_sqft,
    effective_year_built = :effective_year_built, est_value = :est_value, debt_owed = :debt_owed,
    est_equity = :est_equity, last_sale_date = :last_sale_date,
    last_sale_amount = :last_sale_amount, deal_status = :deal_status, lead_source = :lead_source,
    assigned_to = :assigned_to, dnc = :dnc, dnc_reason = :dnc_reason, sms_opt_out = :sms_opt_out,
    email_opt_out = :email_opt_out, notes = :notes
where id = :id and updated_at = :version and deleted_at is null
returning id;

-- name: delete_contact$
-- Puts a contact in the trash; gives its id, or nothing when it is not the caller's to delete.
update contacts set deleted_at = now() where id = :id and deleted_at is null returning id;

-- name: restore_contact$
-- Takes a contact out of the trash; gives its id, or nothing.
update contacts set deleted_at = null where id = :id and deleted_at is not null returning id;

-- name: add_tag!
-- Tags a contact; a tag of a new name is made.
with known as (
    select t.id from tags t where lower(t.name) = lower(:name)),
made as (
    insert into tags (name)
    select :name where not exists (select from known)
    on conflict do nothing
    returning id)
insert into contact_tags (contact_id, tag_id, created_by)
select :contact_id, found.id, current_user_id()
from (select id from known union all select id from made) found
on conflict do nothing;

-- name: remove_tag!
-- Takes a tag off a contact.
delete from contact_tags where contact_id = :contact_id and tag_id = :tag_id;

-- name: add_note!
-- A note is an activity that is done when it is written; its title is its first line.
insert into activities (
    contact_id, type, title, description, status, completed_at, completed_by, created_by)
values (
    :contact_id, 'note', :title, :body, 'completed', now(), current_user_id(), current_user_id());

-- name: keep_look!
-- Keeps how the caller likes the list: what is NULL stays as it is.
insert into app.list_preferences (user_id, list, columns, density)
values (current_user_id(), 'contacts', coalesce(:columns::text[], '{}'),
        coalesce(:density::text, 'comfortable'))
on conflict (user_id, list) do update
set columns = coalesce(:columns::text[], list_preferences.columns),
    density = coalesce(:density::text, list_preferences.density);
