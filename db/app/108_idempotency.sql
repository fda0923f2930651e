-- Answers that are given again: a POST with an Idempotency-Key does its work once in 24 hours.
--
-- The key is claimed in the transaction that does the work, and the answer stored in it: work and
-- answer appear together or not at all. A second request with the key waits for the first to end,
-- then gets its answer; when the first failed nothing is stored and the second does the work.
-- Keys belong to a credential, so one person's key never opens another's answer.
begin;

create table if not exists app.idempotency_keys (
    credential uuid not null,
    key varchar(200) not null,
    request_sha256 bytea not null,
    status integer,
    headers jsonb not null default '{}',
    body bytea,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (credential, key)
);
comment on table app.idempotency_keys is 'Answers of POST requests with an Idempotency-Key, for 24 hours.';
comment on column app.idempotency_keys.credential is 'The session or API token that asked.';
comment on column app.idempotency_keys.request_sha256 is
    'Of method, path and body: a key used for another request is an error.';
create index if not exists idempotency_keys_created_at_idx on app.idempotency_keys (created_at);
alter table app.idempotency_keys enable row level security;

create or replace function app.claim_key(
    new_key text, new_request_sha256 bytea,
    out is_new boolean, out is_other boolean, out status integer, out headers jsonb, out body bytea)
language plpgsql security definer as $$
declare
    mine constant uuid := current_setting('app.credential')::uuid;
begin
    delete from app.idempotency_keys k
    where k.credential = mine and k.key = new_key and k.created_at < now() - interval '24 hours';
    insert into app.idempotency_keys (credential, key, request_sha256)
    values (mine, new_key, new_request_sha256)
    on conflict do nothing;
    is_new := found;
    is_other := false;
    if is_new then
        return;
    end if;
    select k.request_sha256 <> new_request_sha256, k.status, k.headers, k.body
    into is_other, status, headers, body
    from app.idempotency_keys k
    where k.credential = mine and k.key = new_key;
end;
$$;
comment on function app.claim_key(text, bytea) is
    'Claim a key for this request, or give the stored answer; is_other: it was used for another request.';

create or replace function app.keep_answer(
    claimed_key text, answer_status integer, answer_headers jsonb, answer_body bytea) returns void
language sql security definer as $$
    update app.idempotency_keys k
    set status = answer_status, headers = answer_headers, body = answer_body
    where k.credential = current_setting('app.credential')::uuid and k.key = claimed_key;
$$;
comment on function app.keep_answer(text, integer, jsonb, bytea) is
    'Store the answer of the request that claimed the key.';

drop policy if exists idempotency_keys_select on app.idempotency_keys;
do $$
begin
    revoke all on function app.claim_key(text, bytea) from public;
    revoke all on function app.keep_answer(text, integer, jsonb, bytea) from public;
    if exists (select from pg_roles where rolname = 'authenticated') then
        create policy idempotency_keys_select on app.idempotency_keys
            for select to authenticated using (false);
        grant execute on function app.claim_key(text, bytea),
                                  app.keep_answer(text, integer, jsonb, bytea) to authenticated;
    end if;
end;
$$;

commit;
