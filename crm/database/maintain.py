"""Upkeep: dead rows removed, planner statistics renewed, bloated indexes built anew.

Nothing here blocks readers or writers: VACUUM and REINDEX CONCURRENTLY work beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

# An index is called bloated when it is more than twice the size its entries need, and big enough
# to matter. Needed: keys of average width, 8 bytes of header and padding, 4 of line pointer, pages
# nine tenths full. Random UUID keys rest at about 1.3 times that; deduplication only lowers it.
BLOATED = 2.0
_SMALLEST = 1024 * 1024
_INDEXES = """
    with key as (
        select i.indexrelid, sum(coalesce(s.avg_width, 16)) as width
        from pg_index i
        join pg_class c on c.oid = i.indexrelid
        join pg_class t on t.oid = i.indrelid
        join pg_namespace n on n.oid = t.relnamespace
        join pg_attribute a on a.attrelid = i.indexrelid
        left join pg_stats s on s.schemaname = n.nspname
            and ((s.tablename = t.relname and s.attname = a.attname)
                 or (s.tablename = c.relname and s.attname = a.attname))
        group by i.indexrelid
    )
    select i.indexrelid::regclass::text as name,
           pg_relation_size(i.indexrelid) as size,
           (greatest(c.reltuples, 0) * (key.width + 16) / 0.9)::bigint + 16384 as needed
    from pg_index i
    join key on key.indexrelid = i.indexrelid
    join pg_class c on c.oid = i.indexrelid
    join pg_am am on am.oid = c.relam and am.amname = 'btree'
    join pg_namespace n on n.oid = c.relnamespace
    where i.indisvalid and c.relkind = 'i'
      and n.nspname not like 'pg\\_%' and pg_relation_size(i.indexrelid) >= $1
    order by 2 desc
"""
_TABLES = """
    select relid::regclass::text as name, pg_total_relation_size(relid) as size
    from pg_stat_user_tables order by 1
"""
# What an interrupted REINDEX CONCURRENTLY leaves: an unfinished copy that only costs writes.
_UNFINISHED = """
    select indexrelid::regclass::text from pg_index
    where not indisvalid and indexrelid::regclass::text ~ '_ccnew[0-9]*"?$'
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of the upkeep, with its weight in bytes for the progress bar."""

    label: str
    statement: str
    size: int


async def bloated(
    connection: asyncpg.Connection, smallest: int = _SMALLEST
) -> list[tuple[str, int, int]]:
    """Name, size and needed size in bytes of B-tree indexes of at least `smallest` bytes."""
    rows = await connection.fetch(_INDEXES, smallest)
    return [
        (row["name"], row["size"], row["needed"])
        for row in rows
        if row["size"] > BLOATED * row["needed"]
    ]


async def maintain(
    connection: asyncpg.Connection,
    on_step: Callable[[Step, int, int], None],
    *,
    smallest: int = _SMALLEST,
) -> list[str]:
    """VACUUM and ANALYZE every table, then rebuild the bloated indexes.

    `on_step` is called before each step with bytes done and bytes in total. Returns the names of
    the rebuilt indexes. Needs an autocommit connection of the owner.
    """
    steps = [
        Step(f"vacuum {row['name']}", f"vacuum (analyze) {row['name']}", row["size"])
        for row in await connection.fetch(_TABLES)
    ]
    await _run(connection, steps, on_step)
    # Looked for afterwards: how many entries an index needs is only known after a vacuum.
    found = await bloated(connection, smallest)
    again = [
        Step(f"rebuild {name}", f"reindex index concurrently {name}", size)
        for name, size, _ in found
    ]
    await _drop_unfinished(connection)
    await _run(connection, again, on_step)
    return [name for name, _, _ in found]


async def _run(
    connection: asyncpg.Connection, steps: list[Step], on_step: Callable[[Step, int, int], None]
) -> None:
    total, done = sum(step.size for step in steps) or 1, 0
    for step in steps:
        on_step(step, done, total)
        await connection.execute(step.statement)
        done += step.size


async def _drop_unfinished(connection: asyncpg.Connection) -> None:
    for row in await connection.fetch(_UNFINISHED):
        await connection.execute(f"drop index concurrently if exists {row[0]}")
