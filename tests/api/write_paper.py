"""`make paper`: writes docs/api.md, with a PostgreSQL that lives for this run."""

import asyncio
import tempfile
from pathlib import Path

from crm import embedded, schema
from crm.api import paper, registry
from crm.app import RESOURCES
from crm.db import Database

PAPER = Path(__file__).parents[2] / "docs" / "api.md"


async def _write(server: embedded.Server) -> None:
    await schema.upgrade(server.admin_dsn)
    database = Database(server.app_dsn)
    await database.open()
    PAPER.write_text(paper.text(await registry.routes(database, RESOURCES)))
    await database.close()


def main() -> None:
    """Start a PostgreSQL in a temporary folder, write the paper, and end it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.running(Path(folder) / "data", durable=False) as server,
    ):
        asyncio.run(_write(server))


if __name__ == "__main__":
    main()
