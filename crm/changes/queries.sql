-- The change log: what pages and the API read of it, undo, and what live pages listen to.

-- name: changes_newest
-- The newest changes before one, of all rows.
select c.id, app.change_as_json(c)::text as body
from app.changes c
where true
  and (:table::text is null or c.table_name = :table)
  and (:actor::uuid is null or c.actor = :actor)
  and (:since::timestamptz is null or c.at >= :since)
  and c.id < :before
order by c.id desc
limit :most;

-- name: changes_of_row
-- The same of one row.
select c.id, app.change_as_json(c)::text as body
from app.changes c
where c.row_id = :row_id
  and (:table::text is null or c.table_name = :table)
  and (:actor::uuid is null or c.actor = :actor)
  and (:since::timestamptz is null or c.at >= :since)
  and c.id < :before
order by c.id desc
limit :most;

-- name: changes_of_contact
-- The same of a contact and all that hangs on it.
select c.id, app.change_as_json(c)::text as body
from app.changes c
where c.contact_id = :contact_id
  and (:table::text is null or c.table_name = :table)
  and (:actor::uuid is null or c.actor = :actor)
  and (:since::timestamptz is null or c.at >= :since)
  and c.id < :before
order by c.id desc
limit :most;

-- name: changes_of_batch
-- The same of a batch.
select c.id, app.change_as_json(c)::text as body
from app.changes c
where c.batch = :batch
  and (:table::text is null or c.table_name = :table)
  and (:actor::uuid is null or c.actor = :actor)
  and (:since::timestamptz is null or c.at >= :since)
  and c.id < :before
order by c.id desc
limit :most;

-- name: one_change$
-- One change as JSON; nothing for one that is not there or not the caller's to see.
select app.change_as_json(c)::text from app.changes c where c.id = :id;

-- name: changes_feed
-- What follows a place (tx, id), oldest first: only of transactions below which nothing can appear any
-- more, so each change comes exactly once.
select c.tx, c.id, app.change_as_json(c)::text as body
from app.changes c
where (c.tx, c.id) > (:after_tx::bigint, :after_id::bigint)
  and c.tx < txid_snapshot_xmin(txid_current_snapshot())
order by c.tx, c.id
limit :most;

-- name: feed_bounds^
-- Between which transactions the feed ends now: what is below the first is over, the second is not given.
select txid_snapshot_xmin(txid_current_snapshot()) as first,
       txid_snapshot_xmax(txid_current_snapshot()) as next;

-- name: take_two_minutes!
-- An undo of fifty thousand changes takes longer than a page.
set local statement_timeout = '120s';

-- name: undo_change$
-- Take one change back; 55000 with the conflicts as JSON in DETAIL.
select app.undo_change(:id);

-- name: undo_changes$
-- Take several changes back together; how many. Errors as of undo_change.
select app.undo_changes(:ids::bigint[], 'some:' || md5(:ids::bigint[]::text));

-- name: undo_batch$
-- Take a batch back, all or nothing; how many changes.
select app.undo_batch(:batch);

-- name: undoing_of_this_transaction$
-- The changes that this transaction has written: undone together, they are the redo.
select array_agg(c.id order by c.id) from app.changes c
where c.tx = txid_current() and c.undoes is not null;

-- name: this_transaction$
-- The batch that this transaction is: tx:<number>. Undoing it takes back all that was written in it.
select 'tx:' || txid_current();

-- name: live_rights
-- The valid ones among sessions and tokens, and what they may hear.
select credential, user_id, tables, is_limited
from app.live_rights(:sessions::bytea[], :tokens::bytea[]);

-- name: live_snapshot
-- Which transactions are over: the place from which a listener goes on.
select txid_current_snapshot()::text as snapshot;

-- name: live_changes
-- The snapshot of now, and what became visible since another one (one row of NULLs: nothing).
select n.snapshot, c.table_name, c.row_id, c.contact_id, c.parent_id, c.client, c.deaf
from (select txid_current_snapshot()::text as snapshot) n
left join lateral app.live_changes(:seen_before::text::txid_snapshot, :listeners::uuid[], :most) c
    on true;
