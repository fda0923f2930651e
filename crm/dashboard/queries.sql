-- The dashboard; what counts, and for whom, is in db/app/138 and 139.

-- name: now^
-- The day it is in the workspace, and the time zone of its days.
select app.workspace_today() as today, app.workspace_zone() as zone;

-- name: counts
-- What happened in stretches that begin on `starts`, until to_day; and the open deals.
select d.kind, d.begins, d.pipeline, d.what, d.detail, d.currency, d.entries, d.amount, d.weighted
from app.dashboard(:starts, :to_day, :owner) d;

-- name: response^
-- How many messages were replied to, and how fast.
select r.replies, r.median
from app.dashboard_response(:from_day, :to_day, :owner) r;

-- name: overdue$
-- Tasks past their time, counted up to `most`.
select app.dashboard_overdue(:owner, :most);

-- name: pipelines
-- The pipelines in their order, those that only deals know at the end.
select p.key, p.name, p.is_archived from app.deal_pipelines() p;

-- name: stages
-- The open stages of a pipeline in their order.
select s.key, s.label, s.hue from app.deal_stages(:pipeline) s where not s.is_closed;

-- name: people
-- Whose figures can be asked for.
select u.id, u.name
from app.users u
where u.is_active and u.role <> 'viewer'
order by lower(u.name), u.id;
