"""PostgreSQL's own programs: which one fits the server, and running it with progress."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from crm.database import OperationError
from crm.embedded import Server, ServerError
from crm.embedded.binaries import bin_dir

OnLine = Callable[[str], None]


def program(server: Server, name: str, server_major: int) -> str:
    """The path of pg_dump, pg_restore or psql for this server.

    The embedded server has its own. For others: the one on PATH when it is of the server's major
    version, else any that is newer. Raises OperationError when there is none.
    """
    if server.bin is not None:
        return str(server.bin / name)
    found = {path: _major(path) for path in _candidates(name)}
    fitting = [path for path, major in found.items() if major == server_major]
    newer = [path for path, major in found.items() if major > server_major]
    if fitting or newer:
        return (fitting or newer)[0]
    known = ", ".join(str(major) for major in found.values())
    raise OperationError(
        f"{name} {'of version ' + known + ' is too old' if known else 'is not on PATH'}: install"
        f" the client programs of PostgreSQL {server_major} (Debian: postgresql-client)"
    )


def login(dsn: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, and the environment that carries it: ps shows arguments."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, dict(os.environ)
    place = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=f"{parts.username}@{place}"))
    return bare, {**os.environ, "PGPASSWORD": unquote(parts.password)}


def run(command: Sequence[str], environment: dict[str, str], on_line: OnLine) -> None:
    """Run a program, giving each line it says to `on_line`; raises OperationError if it fails."""
    with _started(command, environment) as process:
        said = _listen(process, on_line)
    _check(command, process.returncode, said)


def run_script(
    writer: Sequence[str], psql: Sequence[str], first: str, environment: dict[str, str],
    on_line: OnLine,
) -> None:  # fmt: skip
    """Give the SQL that the program `writer` writes to psql, in one transaction after `first`.

    The commit is only sent when the writer has ended well: half a backup changes nothing. Raises
    OperationError with what either of them said.
    """
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with (
        _started(psql, environment, **streams) as reader,
        _started(writer, environment, stdout=subprocess.PIPE) as source,
        ThreadPoolExecutor(2) as listeners,
    ):
        answers = listeners.submit(_listen, reader, lambda line: None)
        said = listeners.submit(_listen, source, on_line)
        with suppress(BrokenPipeError), cast(IO[bytes], reader.stdin) as script:
            script.write(f"begin;\n{first}\n".encode())
            shutil.copyfileobj(cast(IO[bytes], source.stdout), script)
            if source.wait() == 0:
                script.write(b"\ncommit;\n")
        source.terminate()  # psql may have stopped reading
    _check(psql, reader.returncode, answers.result())
    _check(writer, source.returncode, said.result())


def _started(
    command: Sequence[str], environment: dict[str, str], **streams: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        command,
        env={**environment, "LC_ALL": "C"},
        stderr=subprocess.PIPE,
        **{"stdin": subprocess.DEVNULL, **streams},  # pyright: ignore[reportArgumentType, reportCallIssue]
    )


def _listen(process: subprocess.Popen[bytes], on_line: OnLine) -> list[str]:
    """The errors among the lines that a program says until its end."""
    said: list[str] = []
    for raw in process.stderr or ():
        line = raw.decode(errors="replace")
        on_line(line)
        if re.search(r"error:|ERROR:|DETAIL:|FATAL:", line):
            said.append(line.strip())
    return said


def _check(command: Sequence[str], code: int, said: list[str]) -> None:
    if code:
        name = Path(command[0]).name
        reason = said[0] if said else f"exit code {code}"
        raise OperationError(f"{name} failed: {reason.removeprefix(name + ': ')}")


def _candidates(name: str) -> list[str]:
    found = [shutil.which(name)]
    with suppress(ServerError):  # there is no embedded build for every platform
        found.append(str(bin_dir() / name))
    return [path for path in found if path]


def _major(path: str) -> int:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    numbers = re.findall(r"\d+", done.stdout)
    return int(numbers[0])
