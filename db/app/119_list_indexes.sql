-- Indexes for the orders in which the API lists rows, where the specification's own do not serve.
-- Each ends with the id, which makes every position in a list unique.
begin;

create index if not exists activities_created_at_id_idx on activities (created_at desc, id desc);
create index if not exists activities_due_date_id_idx on activities (due_date, id);
create index if not exists deals_created_at_id_idx
    on deals (created_at desc, id desc) where deleted_at is null;

commit;
