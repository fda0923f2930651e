-- Deals: the board, a deal's page, its forms, and the pipelines. Which ids the list holds is compiled
-- by crm/filters.py; sums come from app.board_totals(), which knows who may see what.

-- name: deal_pipelines
-- The pipelines in their order, those that only deals know at the end.
select id, key, name, is_archived from app.deal_pipelines();

-- name: deal_stages
-- The stages of a pipeline in their order, the two ends last.
select id, key, label, hue, probability, stalled_after_days, is_closed
from app.deal_stages(:pipeline);

-- name: assignable_users
-- Who can be put in charge of a deal.
select u.id, u.name from app.users u where u.is_active order by lower(u.name);

-- name: search_deals$
-- Ids of the deals that a search finds, as an array.
select array(select app.search_deal_ids(:q, :most));

-- name: board_totals
-- Number, sum and weighted sum of each column; the closed ones since a day.
select stage, currency, deals, value, weighted
from app.board_totals(:pipeline, :owner, :among, :closed_since, :in_stages);

-- name: board_ids
-- The first cards of every column: open ones by position, closed ones of the last days, newest first.
select s.stage, d.id
from unnest(:stages::text[], :limits::integer[]) with ordinality as s (stage, most, place)
cross join lateral (
    (select o.id, row_number() over (order by o.position, o.id) as place
     from (select d.id, d.position from deals d
           where s.stage not in ('closed_won', 'closed_lost')
             and d.pipeline = :pipeline and d.stage = s.stage and d.deleted_at is null
             and (:owner::uuid is null
                  or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
             and (:among::uuid[] is null or d.id = any (:among::uuid[]))
           order by d.position, d.id
           limit s.most + 1) o)
    union all
    (select e.id, row_number() over (order by e.actual_close_date desc, e.id desc)
     from (select d.id, d.actual_close_date from deals d
           where s.stage in ('closed_won', 'closed_lost')
             and d.pipeline = :pipeline and d.stage = s.stage and d.deleted_at is null
             and d.actual_close_date >= :closed_since::date
             and d.stage in ('closed_won', 'closed_lost')
             and (:owner::uuid is null
                  or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
             and (:among::uuid[] is null or d.id = any (:among::uuid[]))
           order by d.actual_close_date desc, d.id desc
           limit s.most + 1) e)) d
order by s.place, d.place;

-- name: column_ids
-- The cards of an open column after one of them.
select d.id
from deals d
where d.pipeline = :pipeline and d.stage = :stage and d.deleted_at is null
  and (d.position, d.id) > (select a.position, a.id from deals a where a.id = :after)
  and (:owner::uuid is null
       or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
  and (:among::uuid[] is null or d.id = any (:among::uuid[]))
order by d.position, d.id
limit :row_limit;

-- name: closed_ids
-- The cards of a closed column after one of them.
select d.id
from deals d
where d.pipeline = :pipeline and d.stage = :stage and d.deleted_at is null
  and d.stage in ('closed_won', 'closed_lost') and d.actual_close_date >= :closed_since::date
  and (d.actual_close_date, d.id)
      < (select a.actual_close_date, a.id from deals a where a.id = :after)
  and (:owner::uuid is null
       or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
  and (:among::uuid[] is null or d.id = any (:among::uuid[]))
order by d.actual_close_date desc, d.id desc
limit :row_limit;

-- name: deal_cards
-- What a card or a row of the list shows, in the order of ids: contact, owner, next task.
select d.id, d.name, d.pipeline, d.stage, d.stage_changed_at, d.position, d.value, d.currency,
       d.probability, d.expected_close_date, d.actual_close_date, d.next_step, d.updated_at,
       d.contact_id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as contact_name,
       d.assigned_to, owner.name as owner_name, task.title as task, task.due_date as task_due,
       floor(extract(epoch from now() - d.stage_changed_at) / 86400)::integer as days_in_stage
from unnest(:ids::uuid[]) with ordinality as page (id, place)
join deals d on d.id = page.id
join contacts c on c.id = d.contact_id
left join app.users owner on owner.id = d.assigned_to
left join lateral (
    select a.title, a.due_date
    from activities a
    where a.deal_id = d.id and a.status in ('planned', 'in_progress', 'overdue')
    order by a.due_date nulls last, a.id
    limit 1) task on true
order by page.place;

-- name: totals_as_of
-- Number, sum and weighted sum of each column as they were at a moment.
with known as (
    select distinct on (h.deal_id) h.deal_id, h.new_stage as stage, h.changed_at,
           coalesce(h.new_value, 0) as value, coalesce(h.new_probability, 0) as probability
    from deal_stage_history h
    where h.changed_at < :until::timestamptz
    order by h.deal_id, h.changed_at desc, h.created_at desc)
select k.stage, d.currency, count(*) as deals, sum(k.value) as value,
       sum(k.value * k.probability) / 100 as weighted
from known k
join deals d on d.id = k.deal_id
where d.pipeline = :pipeline and (d.deleted_at is null or d.deleted_at >= :until::timestamptz)
  and (k.stage not in ('closed_won', 'closed_lost')
       or k.changed_at >= :until::timestamptz - interval '30 days')
  and (:owner::uuid is null
       or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
  and (:among::uuid[] is null or d.id = any (:among::uuid[]))
group by k.stage, d.currency;

-- name: cards_as_of
-- The most valuable cards of each column as they were at a moment.
with known as (
    select distinct on (h.deal_id) h.deal_id, h.new_stage as stage, h.changed_at,
           coalesce(h.new_value, 0) as value, coalesce(h.new_probability, 0) as probability
    from deal_stage_history h
    where h.changed_at < :until::timestamptz
    order by h.deal_id, h.changed_at desc, h.created_at desc),
placed as (
    select k.deal_id, k.stage, k.value, k.probability,
           row_number() over (partition by k.stage order by k.value desc, k.deal_id) as place
    from known k
    join deals d on d.id = k.deal_id
    where d.pipeline = :pipeline and (d.deleted_at is null or d.deleted_at >= :until::timestamptz)
      and (k.stage not in ('closed_won', 'closed_lost')
           or k.changed_at >= :until::timestamptz - interval '30 days')
      and (:owner::uuid is null
           or coalesce(d.assigned_to, '00000000-0000-0000-0000-000000000000') = :owner::uuid)
      and (:among::uuid[] is null or d.id = any (:among::uuid[])))
select d.id, d.name, p.stage, p.value, d.currency, p.probability, d.contact_id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as contact_name,
       owner.name as owner_name
from placed p
join deals d on d.id = p.deal_id
join contacts c on c.id = d.contact_id
left join app.users owner on owner.id = d.assigned_to
where p.place <= :row_limit
order by p.stage, p.place;

-- name: get_deal^
-- Everything in a deal's own row, its contact and its owner; also from the bin.
select d.id, d.contact_id, d.name, d.pipeline, d.stage, d.stage_changed_at, d.position, d.value,
       d.currency, d.probability, d.expected_close_date, d.actual_close_date, d.source, d.campaign,
       d.assigned_to, d.lost_reason, d.won_reason, d.competitor, d.next_step, d.notes,
       d.custom_fields, d.deleted_at, d.created_at, d.updated_at,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as contact_name,
       c.phone1, c.email1, c.dnc, owner.name as owner_name,
       floor(extract(epoch from now() - d.stage_changed_at) / 86400)::integer as days_in_stage
from deals d
join contacts c on c.id = d.contact_id
left join app.users owner on owner.id = d.assigned_to
where d.id = :id;

-- name: contact_name^
-- The contact a new deal is for.
select c.id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name
from contacts c
where c.id = :id and c.deleted_at is null;

-- name: find_contacts
-- Contacts by words, for whom a new deal can be.
select c.id,
       coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), nullif(btrim(c.llc_name), ''),
                c.phone1, c.email1, 'No name') as name,
       coalesce(nullif(btrim(c.llc_name), ''), c.city, c.phone1, '') as detail
from contacts c
where c.id = any (array(select app.search_contact_ids(:q, 50)))
order by lower(c.last_name), lower(c.first_name), c.id
limit 8;

-- name: last_change^
-- Who changed a deal last; that others were shifted on the board is no change of theirs.
select u.name, c.at as changed_at
from app.changes c
left join app.users u on u.id = c.actor
where c.table_name = 'deals' and c.row_id = :id and c.new - 'position' - 'updated_at' <> '{}'
order by c.id desc
limit 1;

-- name: deal_history
-- A deal's way: each change, and how long it then stayed in the stage.
select h.id, h.old_stage, h.new_stage, h.old_value, h.new_value, h.old_probability, h.new_probability,
       h.change_reason, h.changed_at, u.name as changed_by,
       case when h.old_stage is distinct from h.new_stage then
           coalesce((select min(n.changed_at) from deal_stage_history n
                     where n.deal_id = h.deal_id and n.changed_at > h.changed_at
                       and n.old_stage <> n.new_stage), now()) - h.changed_at end as stayed
from deal_stage_history h
left join app.users u on u.id = h.changed_by
where h.deal_id = :id
order by h.changed_at desc, h.created_at desc, h.id
limit 100;

-- name: deal_parts
-- What hangs on a deal, one row per line: tags, those it could have, open tasks, documents.
select 'tag' as part, t.id, t.name::text as title, t.color::text as state, null::text as detail,
       null::timestamptz as at, null::bigint as amount
from deal_tags dt
join tags t on t.id = dt.tag_id
where dt.deal_id = :id
union all
(select 'task', a.id, a.title, a.priority, u.name, a.due_date, null
 from activities a
 left join app.users u on u.id = a.assigned_to
 where a.deal_id = :id and a.status in ('planned', 'in_progress', 'overdue')
 order by a.due_date nulls last
 limit 50)
union all
(select 'document', f.id, f.name, f.document_type, f.file_extension, f.uploaded_at, f.file_size
 from documents f
 where f.deal_id = :id and not f.is_archived
 order by f.uploaded_at desc
 limit 50)
union all
(select 'tag_choice', t.id, t.name, t.color, null, null, null
 from tags t
 where not exists (select from deal_tags dt where dt.deal_id = :id and dt.tag_id = t.id)
 order by lower(t.name)
 limit 200)
order by part, at nulls last, title;

-- name: place_deal$
-- The position of a card that is dropped; holds the column until commit.
select app.place_deal(:id, :pipeline, :stage, :before_id, :after_id);

-- name: say_why!
-- The reason that goes into the history of the deals changed from here on.
select set_config('app.change_reason', :reason, true);

-- name: move_deal^
-- Puts a deal into a stage at a position, unless it changed since version; gives the deal, or nothing.
update deals set
    stage = :stage::varchar, position = :position,
    probability = coalesce(:probability::integer, probability),
    value = coalesce(:value::numeric, value),
    actual_close_date = coalesce(:closed_on::date, actual_close_date),
    won_reason = case when :stage::varchar = 'closed_won' then coalesce(:reason::varchar, won_reason)
                      else won_reason end,
    lost_reason = case when :stage::varchar = 'closed_lost' then coalesce(:reason::varchar, lost_reason)
                       else lost_reason end,
    competitor = coalesce(:competitor::varchar, competitor)
where id = :id and updated_at = :version and deleted_at is null
returning id, stage, updated_at;

-- name: deal_as_json$
-- A deal as the API shows it.
select row_to_json(d)::text from deals d where d.id = :id;

-- name: create_deal$
-- A new deal on top of its column; gives its id.
insert into deals (
    contact_id, name, pipeline, stage, position, value, currency, probability, expected_close_date,
    source, assigned_to, competitor, next_step, notes, created_by)
values (
    :contact_id, :name, :pipeline, :stage, :position, :value, :currency, coalesce(:probability, 0),
    :expected_close_date, :source, :assigned_to, :competitor, :next_step, :notes, current_user_id())
returning id;

-- name: update_deal$
-- Saves the form, unless the deal changed since version; gives the id, or nothing.
update deals set
    contact_id = :contact_id, name = :name, pipeline = :pipeline, stage = :stage, value = :value,
    currency = :currency, probability = coalesce(:probability, probability),
    expected_close_date = :expected_close_date, source = :source, assigned_to = :assigned_to,
    competitor = :competitor, next_step = :next_step, notes = :notes
where id = :id and updated_at = :version and deleted_at is null
returning id;

-- name: delete_deal$
-- Puts a deal in the bin; gives its id, or nothing when it is not the caller's to delete.
update deals set deleted_at = now() where id = :id and deleted_at is null returning id;

-- name: restore_deal$
-- Takes a deal out of the bin; gives its id, or nothing.
update deals set deleted_at = null where id = :id and deleted_at is not null returning id;

-- name: add_tag!
-- Tags a deal; a tag of a new name is made.
with known as (
    select t.id from tags t where lower(t.name) = lower(:name)),
made as (
    insert into tags (name)
    select :name where not exists (select from known)
    on conflict do nothing
    returning id)
insert into deal_tags (deal_id, tag_id, created_by)
select :deal_id, found.id, current_user_id()
from (select id from known union all select id from made) found
on conflict do nothing;

-- name: remove_tag!
-- Takes a tag off a deal.
delete from deal_tags where deal_id = :deal_id and tag_id = :tag_id;

-- name: get_pipeline^
-- A pipeline by its id.
select p.id, p.key, p.name, p.is_archived from app.pipelines p where p.id = :id;

-- name: pipeline_stages
-- The stages of a pipeline for their editor, with how many live deals each holds.
select s.id, s.key, s.label, s.hue, s.probability, s.stalled_after_days, s.updated_at,
       s.key in ('closed_won', 'closed_lost') as is_closed,
       coalesce((select sum(t.deals) from app.deal_totals t
                 where t.pipeline = s.pipeline and t.stage = s.key), 0)::bigint as deals
from app.pipeline_stages s
where s.pipeline = :pipeline
order by s.key = 'closed_lost', s.key = 'closed_won', s.position, s.key;

-- name: add_pipeline$
-- A new pipeline; gives its id.
select app.add_pipeline(:name, :key);

-- name: update_pipeline$
-- Renames or archives a pipeline; gives its id, or nothing.
update app.pipelines set name = :name, is_archived = :is_archived where id = :id returning id;

-- name: order_pipelines!
-- Puts pipelines into the order of their ids.
update app.pipelines p set position = o.place
from unnest(:ids::uuid[]) with ordinality as o (id, place)
where p.id = o.id and p.position <> o.place;

-- name: add_stage$
-- A new stage before the ends; gives its id.
select app.add_stage(:pipeline, :label);

-- name: update_stage$
-- Saves what a stage is called and how it counts; gives its id, or nothing.
update app.pipeline_stages set
    label = :label, hue = :hue, probability = :probability, stalled_after_days = :stalled_after_days
where id = :id
returning id;

-- name: order_stages!
-- Puts open stages into the order of their ids.
select app.order_stages(:ids);

-- name: remove_stage$
-- Moves the deals of a stage into another one and removes it; gives how many moved.
select app.remove_stage(:id, :move_to);
