-- What the API asks PostgreSQL besides the rows themselves: the catalogue, the caller, keys.

-- name: catalogue
-- The columns of the given tables and views, in their order, with type, rules and comment.
select c.oid::regclass::text as table_name, a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
       a.atthasdef as has_default, coalesce(col_description(c.oid, a.attnum), '') as comment,
       coalesce(
           array(select pg_get_constraintdef(k.oid) from pg_constraint k
                 where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
                 order by k.conname), '{}') as checks
from unnest(:tables::text[]) as wanted (name)
join pg_class c on c.oid = to_regclass(wanted.name)
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
order by c.oid::regclass::text, a.attnum;

-- name: caller^
-- The person of this request, and the scopes of their token.
select user_id, role, name, email, scopes, credential from app.caller();

-- name: claim_key^
-- Claim an Idempotency-Key, or get the answer that was given.
select is_new, is_other, status, headers, body from app.claim_key(:key, :request_sha256);

-- name: keep_answer!
-- Store the answer of the request that claimed the key.
select app.keep_answer(:key, :status, :headers, :body);

-- name: in_scope$
-- Whether the credential of this request covers a resource.
select app.in_scope(:scope, 'read');
