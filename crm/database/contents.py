"""What a database holds: rows and a checksum for each table, to compare two databases."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from crm.database import OperationError

# Tables of extensions are the extension's business, and the note of a backup is made after it.
_TABLES = """
    select format('%I.%I', n.nspname, c.relname) as name, pg_table_size(c.oid) as size
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence = 'p'
      and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
      and c.oid is distinct from to_regclass('app.backups')
    order by 1
"""
# The sum of 64-bit hashes does not depend on the order of the rows and needs no memory.
_CONTENTS = """
    select count(*) as rows,
           coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as checksum
    from {table} as t
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """Number of rows of a table, and the sum of their hashes."""

    rows: int
    checksum: str


Manifest = dict[str, Contents]


async def tables(connection: asyncpg.Connection) -> dict[str, int]:
    """Qualified names of the tables, with their size in bytes."""
    return {row["name"]: row["size"] for row in await connection.fetch(_TABLES)}


async def contents(
    connection: asyncpg.Connection, on_table: Callable[[str, int], None] | None = None
) -> Manifest:
    """The contents of every table, as this connection's transaction sees it.

    `on_table` is called with name and size after each.
    """
    found: Manifest = {}
    for table, size in (await tables(connection)).items():
        row = await connection.fetchrow(_CONTENTS.format(table=table))
        if row is not None:
            found[table] = Contents(row["rows"], row["checksum"])
        if on_table:
            on_table(table, size)
    return found


def differences(expected: Manifest, found: Manifest) -> list[str]:
    """One line for each table that is not the same in both, empty when all are."""
    lines = []
    for table in sorted({*expected, *found}):
        before, after = expected.get(table), found.get(table)
        if before is None or after is None:
            lines.append(f"{table}: {'missing' if after is None else 'not expected'}")
        elif before.rows != after.rows:
            lines.append(f"{table}: {after.rows:,} rows instead of {before.rows:,}")
        elif before.checksum != after.checksum:
            lines.append(f"{table}: same number of rows, but their contents differ")
    return lines


def manifest_path(backup: Path) -> Path:
    """Where the manifest of a backup lies: beside it."""
    return backup.with_name(backup.name + ".json")


def write_manifest(backup: Path, manifest: Manifest) -> None:
    """Write the manifest beside the backup."""
    data = {table: [item.rows, item.checksum] for table, item in manifest.items()}
    manifest_path(backup).write_text(json.dumps(data, indent=1) + "\n")


def read_manifest(backup: Path) -> Manifest | None:
    """The manifest beside a backup, None when there is none; raises OperationError when broken."""
    path = manifest_path(backup)
    try:
        data = json.loads(path.read_text())
        return {table: Contents(int(rows), str(sums)) for table, (rows, sums) in data.items()}
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, TypeError) as error:
        raise OperationError(f"{path} is not a manifest of a backup: {error}") from error
