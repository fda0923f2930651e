"""The `crm` command. Heavy modules are imported where they are used: `crm --help` is instant."""

import os
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from crm.config import MOST_WORKERS, ConfigurationError, Settings, settings
from crm.database.commands import db
from crm.users.commands import user

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class Commands(TyperGroup):
    """The commands; `import` is loaded when asked for, because its engine takes a while."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), "import"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name != "import":
            return super().get_command(ctx, cmd_name)
        from crm.imports.command import import_file

        alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        alone.command("import")(import_file)
        return get_command(alone)


app = typer.Typer(
    cls=Commands,
    help="Contact CRM: contacts, conversations, calls and deals in your own PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(db, name="db")
app.add_typer(user, name="user")

Host = Annotated[str | None, typer.Option(help="Address to listen on [CRM_HOST]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for any [CRM_PORT]")]
Count = Annotated[int | None, typer.Option(help="Processes that answer requests [CRM_WORKERS]")]


@app.command()
def serve(host: Host = None, port: Port = None, workers: Count = None) -> None:
    """Start the program: web pages, and PostgreSQL unless CRM_DATABASE_URL is set."""
    from crm.serving import serve

    serve(_settings(host, port, workers), console.print)


@app.command()
def demo(host: Host = None, port: Port = None) -> None:
    """Start the program with a demo book of business."""
    os.environ["CRM_DEMO"] = "1"  # before the settings are read, by whoever reads them
    from crm import demo
    from crm.serving import serve

    def say(line: str) -> None:
        console.print(line)
        if "http" in line:
            console.print(f"Sign in as {demo.PEOPLE[0][1]} with the password {demo.PASSWORD}")

    serve(_settings(host, port), say, demo.prepare)


def main() -> None:
    """The entry point: an error that we know is one line on stderr and exit code 1."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not _is_known(error):
            raise
        errors.print(f"[red]crm:[/red] {_one_line(error)}", markup=True, soft_wrap=True)
        sys.exit(1)


def _settings(host: str | None, port: int | None, workers: int | None = None) -> Settings:
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise ConfigurationError(f"--workers is a number from 1 to {MOST_WORKERS}")
    changes = {"host": host, "port": port, "workers": workers}
    return settings().model_copy(update={k: v for k, v in changes.items() if v is not None})


def _is_known(error: Exception) -> bool:
    import asyncpg

    from crm.database import OperationError
    from crm.embedded import ServerError
    from crm.schema import SchemaError

    known = (ConfigurationError, OperationError, SchemaError, ServerError)
    return isinstance(error, (*known, asyncpg.PostgresError, asyncpg.InterfaceError, OSError))


def _one_line(error: Exception) -> str:
    from rich.markup import escape

    return escape(" ".join(str(error).split()) or type(error).__name__)
