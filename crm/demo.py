"""The demo: a small book of business and four people who work with it."""

import asyncio
from uuid import UUID

from crm import schema
from crm.config import ConfigurationError, settings
from crm.database import connect, people
from crm.embedded import Server
from crm.storage import Storage

PASSWORD = "northside-demo"  # noqa: S105 - everybody may know it, the page shows it
WORKSPACE = "Northside"
OWNER = UUID("0a000000-0000-4000-8000-000000000001")
PEOPLE = [
    (OWNER, "ana@northside.example", "Ana Ruiz", "owner"),
    (UUID("0a000000-0000-4000-8000-000000000002"), "ben@northside.example", "Ben Cole", "manager"),
    (UUID("0a000000-0000-4000-8000-000000000003"), "mei@northside.example", "Mei Lin", "agent"),
    (
        UUID("0a000000-0000-4000-8000-000000000004"),
        "tariq@northside.example",
        "Tariq Aziz",
        "agent",
    ),
]


async def fill(admin_dsn: str) -> None:
    """Load the seed data and the demo's people into a database that is up to date.

    Does nothing that was done before. Raises ConfigurationError when somebody already works in
    this database: demo data is never mixed into a real book.
    """
    async with connect(admin_dsn) as connection:
        if await people.is_in_use(connection, OWNER):
            raise ConfigurationError(
                "this database is in use; the demo wants an empty one (set CRM_DATA_DIR to a new"
                " directory, or start the program with `crm serve`)"
            )
    await add_people(admin_dsn)
    await schema.upgrade(admin_dsn, seed=True)


async def add_people(admin_dsn: str) -> None:
    """The demo's four people, once; their ids are those which the seed data refers to."""
    from crm.users.passwords import hash_password

    async with connect(admin_dsn) as connection:
        if not await people.has_user(connection, OWNER):
            password_hash = await asyncio.to_thread(hash_password, PASSWORD)
            await people.add_demo_users(connection, PEOPLE, password_hash)
            await people.name_workspace(connection, WORKSPACE)


async def add_files(admin_dsn: str, storage: Storage) -> int:
    """Write a small real file for each document of the demo that has none; gives how many."""
    from crm.documents import samples

    async with connect(admin_dsn) as connection:
        return await samples.fill(connection, storage)


async def prepare(server: Server) -> None:
    """What `crm demo` does before it serves."""
    await fill(server.admin_dsn)
    await add_files(server.admin_dsn, Storage.of(settings()))
