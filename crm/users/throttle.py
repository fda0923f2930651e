"""How often somebody may try: passwords, codes and links. The counting is app.take_attempt()."""

import ipaddress

from fastapi import Request

from crm import sql
from crm.db import Database

queries = sql.load("users")


def address_of(request: Request) -> str | None:
    """The IP address that asks, if the connection has one; 1.2.3.4 also for ::ffff:1.2.3.4."""
    try:
        found = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found).partition("%")[0]


async def take(db: Database, request: Request, what: str, whom: str = "") -> int:
    """Count a try before it is checked; 0, or the seconds that this one has to wait."""
    async with db.service() as connection:
        return await queries.take_attempt(
            connection, what=what, whom=whom, address=address_of(request)
        )


async def forget(db: Database, request: Request, what: str, whom: str = "") -> None:
    """The try was right."""
    async with db.service() as connection:
        await queries.forget_attempts(connection, what=what, whom=whom, address=address_of(request))


def wait_words(seconds: int) -> str:
    """`Too many tries. Wait 15 minutes, then try again.`"""
    minutes = -(-seconds // 60)
    return f"Too many tries. Wait {minutes} minute{'s' * (minutes != 1)}, then try again."


def wait_headers(seconds: int) -> dict[str, str]:
    """Retry-After, when there is something to wait for."""
    return {"Retry-After": str(seconds)} if seconds else {}
