-- The change log: what pages and the API read of it, undo, and what live pages listen to.

-- name: undo_change$
-- Take one change back; 55000 with the conflicts as JSON in DETAIL.
select app.undo_change(:id);

-- name: undo_batch$
-- Take a batch back, all or nothing; how many changes.
select app.undo_batch(:batch);

-- name: undoes_of$
-- The newest change by which this transaction took that one back: undoing it is the redo.
select max(c.id) from app.changes c where c.undoes = :id and c.tx = txid_current();

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
