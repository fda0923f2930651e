"""Statements of a resource, made from its allow-list of columns; rows come back as JSON text.

PostgreSQL builds the JSON, and the bytes go to the client as they are. Names of columns come from
the catalogue, never from a request; bodies travel as one jsonb parameter.
"""

from collections.abc import Collection, Iterable

from crm.api.resource import KnownResource

# Microseconds: exact in the double of PostgreSQL 12 and 13, and unique: updated_at only rises.
ETAG = "(extract(epoch from c.updated_at) * 1000000)::bigint::text"


def body(known: KnownResource, fields: Collection[str] = (), include: Iterable[str] = ()) -> str:
    """The JSON of a row over alias `c`: some columns or all, and what is included."""
    shown = [name for name in known.columns if not fields or name in fields]
    parts = [f"c.{name}" for name in shown]
    parts += [f"({known.resource.includes[name]}) as {name}" for name in include]
    return f"(select row_to_json(r) from (select {', '.join(parts)}) r)::text"


def read(known: KnownResource, what: str) -> str:
    """One row by id: `body` and `etag`."""
    return f"select {what} as body, {ETAG} as etag from {known.resource.table} c where c.id = $1"


def insert(known: KnownResource, names: Collection[str], *, many: bool = False) -> str:
    """New rows from $1: one object, or an array of them; gives `id`, `body` and `etag`."""
    resource = known.resource
    columns, values = list(names), [f"r.{name}" for name in names]
    if resource.author:
        columns.append(resource.author)
        values.append("current_user_id()")
    if not columns:
        columns, values = ["id"], ["gen_random_uuid()"]
    source = "jsonb_populate_recordset" if many else "jsonb_populate_record"
    return (
        f"insert into {resource.table} as c ({', '.join(columns)})"
        f" select {', '.join(values)} from {source}(null::{resource.table}, $1::text::jsonb) r"
        f" returning c.id, {body(known)} as body, {ETAG} as etag"
    )


def update(known: KnownResource, names: Collection[str], *, guarded: bool) -> str:
    """Change the row $1 by the object $2; `guarded`: only while its etag is $3."""
    resource = known.resource
    sets = ", ".join(f"{name} = r.{name}" for name in names)
    guard = f" and {ETAG} = $3" if guarded else ""
    live = " and c.deleted_at is null" if resource.trash else ""
    return (
        f"update {resource.table} c set {sets}"
        f" from jsonb_populate_record(null::{resource.table}, $2::text::jsonb) r"
        f" where c.id = $1{guard}{live} returning {body(known)} as body, {ETAG} as etag"
    )


def update_all(known: KnownResource, names: Collection[str]) -> str:
    """Change the rows whose ids are $1 by the one object $2; gives the ids."""
    resource = known.resource
    sets = ", ".join(f"{name} = r.{name}" for name in names)
    live = " and c.deleted_at is null" if resource.trash else ""
    return (
        f"update {resource.table} c set {sets}"
        f" from jsonb_populate_record(null::{resource.table}, $2::text::jsonb) r"
        f" where c.id = any ($1::uuid[]){live} returning c.id"
    )


def remove(known: KnownResource, *, guarded: bool) -> str:
    """Delete the row $1, or move it to the trash; `guarded`: only while its etag is $2."""
    guard = f" and {ETAG} = $2" if guarded else ""
    table = known.resource.table
    if known.resource.trash:
        return (
            f"update {table} c set deleted_at = now()"
            f" where c.id = $1{guard} and c.deleted_at is null returning c.id"
        )
    return f"delete from {table} c where c.id = $1{guard} returning c.id"


def remove_all(known: KnownResource) -> str:
    """Delete the rows whose ids are $1, or move them to the trash; gives the ids."""
    table = known.resource.table
    if known.resource.trash:
        return (
            f"update {table} c set deleted_at = now()"
            f" where c.id = any ($1::uuid[]) and c.deleted_at is null returning c.id"
        )
    return f"delete from {table} c where c.id = any ($1::uuid[]) returning c.id"


def restore(known: KnownResource) -> str:
    """Take the row $1 out of the trash."""
    return (
        f"update {known.resource.table} c set deleted_at = null"
        f" where c.id = $1 and c.deleted_at is not null"
        f" returning {body(known)} as body, {ETAG} as etag"
    )


def estimate(known: KnownResource, condition: str) -> str:
    """How many rows the planner expects, as the JSON of an explain."""
    return f"explain (format json) select from {known.resource.table} c where {condition}"


def matching(table: str, condition: str, most: int) -> str:
    """The ids of the rows that match, locked in their order, so that two changes never deadlock."""
    return f"select c.id from {table} c where {condition} order by c.id limit {most:d} for update"


def visible(table: str) -> str:
    """Which of the ids $1 the caller sees."""
    return f"select c.id from {table} c where c.id = any ($1::uuid[])"


# -- tags on rows: `links` is the table between, `column` the id of its row -----------------------

_TAG = "select t.id, t.name, t.color, t.description, t.is_system, t.created_at, t.updated_at"
ONE_TAG = "select t.id from tags t where t.id = $1"
TAGS_BY_NAME = f"""
select t.id, (select row_to_json(r) from ({_TAG}) r)::text as body
from tags t where lower(t.name) = any ($1::text[]) order by lower(t.name)
"""
MAKE_TAGS = """
insert into tags (name)
select distinct on (lower(n)) n from unnest($1::text[]) n
where not exists (select from tags t where lower(t.name) = lower(n))
on conflict do nothing
"""


def tags_of(links: str, column: str) -> str:
    """The tags of the row $1, as a JSON array."""
    return (
        f"select coalesce(json_agg(row_to_json(r)), '[]')::text from ({_TAG} from tags t"
        f" join {links} l on l.tag_id = t.id where l.{column} = $1 order by lower(t.name)) r"
    )


def tag(links: str, column: str) -> str:
    """Put the tags $2 on the rows $1."""
    return (
        f"insert into {links} ({column}, tag_id, created_by)"
        " select row_id, tag_id, current_user_id()"
        " from unnest($1::uuid[]) row_id cross join unnest($2::uuid[]) tag_id"
        " order by 1, 2 on conflict do nothing"
    )


def untag(links: str, column: str) -> str:
    """Take the tags $2 off the rows $1."""
    return f"delete from {links} where {column} = any ($1::uuid[]) and tag_id = any ($2::uuid[])"
