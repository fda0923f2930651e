-- Saved views. Who may change one is decided by the policies of app.saved_views.

-- name: find_view^
-- A view that the caller may see.
select v.id, v.list::text, v.name::text, v.is_shared, v.user_id, v.state
from app.saved_views v
where v.id = :id;

-- name: add_view$
-- A new view at the end of its list; gives its id.
insert into app.saved_views (user_id, list, name, is_shared, position, state)
values (current_user_id(), :list::text, :name, :is_shared,
        (select coalesce(max(v.position) + 1, 0) from app.saved_views v where v.list = :list::text),
        :state)
returning id;

-- name: save_state$
-- What the view shows from now on; gives its id, or nothing when it is not the caller's to change.
update app.saved_views set state = :state where id = :id returning id;

-- name: rename_view$
-- Another name; gives the view's id, or nothing.
update app.saved_views set name = :name where id = :id returning id;

-- name: share_view$
-- For everybody, or for its maker alone; gives the view's id, or nothing.
update app.saved_views set is_shared = :is_shared where id = :id returning id;

-- name: delete_view$
-- Removes a view; gives its id, or nothing.
delete from app.saved_views where id = :id returning id;
