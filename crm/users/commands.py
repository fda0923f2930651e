"""`crm user …`: people from the command line, where there is no signed-in owner to ask.

Everything works as the owner of the database; its triggers hold here too (the last owner stays).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

import asyncpg
import typer

from crm.config import ConfigurationError, settings

user = typer.Typer(help="People who can sign in.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="Email address that the person signs in with")]
Password = Annotated[str | None, typer.Option(help="Asked for when not given")]


class Role(StrEnum):
    """What a person may do."""

    owner = "owner"
    admin = "admin"
    manager = "manager"
    agent = "agent"
    viewer = "viewer"


@user.command("add")
def add(
    email: Annotated[str, typer.Argument(help="Email address to sign in with")],
    name: Annotated[str, typer.Option(help="Name as others see it")] = "",
    role: Annotated[Role, typer.Option(help="What the person may do")] = Role.agent,
    password: Password = None,
) -> None:
    """Add somebody who can sign in."""
    from crm.database import people

    hashed = _hash(password, email, name)
    _run(lambda connection: people.add_user(connection, email, name, role.value, hashed))
    typer.echo(f"{email} can sign in now, as {role.value}")


@user.command("password")
def set_password(email: Email, password: Password = None) -> None:
    """Give somebody a new password; all their sessions end."""
    from crm.database import people

    hashed = _hash(password, email)
    _run(lambda connection: people.set_password(connection, email, hashed))
    typer.echo(f"{email} has a new password, and is signed out everywhere")


@user.command("list")
def list_users() -> None:
    """Who can sign in, and as what."""
    from rich.console import Console
    from rich.table import Table

    from crm.database import people

    table = Table("Email", "Name", "Role", "Active", "Second factor", "Last seen", box=None)
    for row in _run(people.list_users):
        seen = f"{row['last_seen_at']:%Y-%m-%d %H:%M}" if row["last_seen_at"] else ""
        yes = ["yes" if row[key] else "no" for key in ("is_active", "has_second_factor")]
        table.add_row(row["email"], row["name"], row["role"], *yes, seen)
    Console(highlight=False, soft_wrap=True).print(table)


@user.command("role")
def set_role(email: Email, role: Annotated[Role, typer.Argument(help="What they may do")]) -> None:
    """Change what somebody may do."""
    from crm.database import people

    _run(lambda connection: people.change(connection, email, role=role.value))
    typer.echo(f"{email} is {role.value} now")


@user.command("deactivate")
def deactivate(email: Email) -> None:
    """End somebody's sessions, tokens and links; what they did stays."""
    from crm.database import people

    _run(lambda connection: people.change(connection, email, is_active=False))
    typer.echo(f"{email} is signed out and cannot sign in any more")


@user.command("reset-2fa")
def reset_second_factor(email: Email) -> None:
    """Take the second factor off somebody who has lost it."""
    from crm.database import people

    _run(lambda connection: people.remove_second_factor(connection, email))
    typer.echo(f"{email} signs in with the password alone now")


@user.command("token")
def make_token(
    email: Email,
    name: Annotated[str, typer.Option(help="Where it is used")],
    scopes: Annotated[str, typer.Option(help="Such as contacts:write,tags:read")],
    days: Annotated[int | None, typer.Option(min=1, help="Ends after so many days")] = None,
) -> None:
    """Make an API token of somebody's; prints it, this once."""
    from crm.database import people
    from crm.users.scopes import SCOPES, fresh_token

    words = [word.strip() for word in scopes.split(",") if word.strip()]
    if unknown := [word for word in words if word not in SCOPES] or (not words and ["nothing"]):
        known = ", ".join(sorted(word for word in SCOPES if word.endswith(":read")))
        raise ConfigurationError(
            f"no scope {unknown[0]}; there are {known}, and the same with :write"
        )
    token, hashed, hint = fresh_token()
    _run(lambda connection: people.add_token(connection, email, name, hashed, hint, words, days))
    typer.echo(token)


def _hash(password: str | None, *about: str) -> str:
    from crm.users.passwords import MIN_LENGTH, hash_password, weakness

    plain = password or _ask_password()
    if len(plain) < MIN_LENGTH:
        raise ConfigurationError(f"the password needs at least {MIN_LENGTH} characters")
    if weak := weakness(plain, *about):
        raise ConfigurationError(f"the password is too weak: {weak}")
    return hash_password(plain)


def _ask_password() -> str:
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\n")


def _run(work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    from crm import schema
    from crm.database import connect
    from crm.embedded import connection_urls

    async def run(dsn: str) -> Any:
        await schema.upgrade(dsn)
        async with connect(dsn) as connection:
            return await work(connection)

    with connection_urls(settings()) as server:
        return asyncio.run(run(server.admin_dsn))
