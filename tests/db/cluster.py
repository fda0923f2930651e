"""One running PostgreSQL server: a temporary cluster behind a unix socket, and the clients for it.

The server refuses to run as root, so root starts it as an ordinary user of the machine; binaries
that such a user cannot reach (a checkout below /root) are copied beside the cluster.
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from . import versions

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "96MB",
    "max_wal_size": "512MB",
    "max_connections": "60",
    "timezone": "UTC",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


def ordinary_user() -> pwd.struct_passwd | None:
    """Who runs the server when we are root: None when we are nobody special ourselves."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody", "daemon"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise versions.UnavailableError("root has no ordinary user here to start PostgreSQL as")


def roomy_folder() -> str:
    """In memory when there is plenty (a busy disk doubles the time), else the temporary folder.

    Short in any case: the path of a unix socket has room for 107 bytes.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 6 * 2**30:
        return str(memory)
    root = tempfile.gettempdir()
    return "/tmp" if len(root) > 60 else root


def forget_dead_runs(folder: str) -> None:
    """A run that was killed leaves its clusters behind: what has no owner any more is removed."""
    for owner in Path(folder).glob("pg*-*/owner"):
        if not psutil.pid_exists(int(owner.read_text() or 0)):
            shutil.rmtree(owner.parent, ignore_errors=True)


def end_with_parent() -> None:
    """In the server's process, before it starts: when the tests are killed, it is to end too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


def environment() -> dict[str, str]:
    """Ours without PGHOST and the like, which would lead psql to another server."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}


class Cluster:
    """A server of one major version; `tree` holds its bin/, lib/ and share/."""

    def __init__(self, major: int, tree: Path | None = None) -> None:
        self.major = major
        self.user = ordinary_user()
        self.copies: list[Path] = []
        folder = roomy_folder()
        forget_dead_runs(folder)
        self.home = Path(tempfile.mkdtemp(prefix=f"pg{major}-", dir=folder))
        self.home.chmod(0o755)
        (self.home / "owner").write_text(str(os.getpid()))
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.tree = self.reachable(tree or versions.installed(major))
        self.clients = versions.wheel_18() / "bin"
        self.process: subprocess.Popen[Any] | None = None

    def reachable(self, tree: Path) -> Path:
        if self.as_user([str(tree / "bin" / "postgres"), "--version"]).returncode == 0:
            return tree
        # Not below home: memory may be mounted noexec.
        copy = Path(tempfile.mkdtemp(prefix="pg-binaries-"))
        copy.chmod(0o755)
        shutil.copytree(tree, copy, symlinks=True, dirs_exist_ok=True)
        self.copies.append(copy)
        return copy

    def credentials(self) -> dict[str, Any]:
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def as_user(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        where: dict[str, Any] = {"cwd": self.home, "env": environment()}
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=False, **where, **self.credentials()
            )
        except PermissionError as refused:
            return subprocess.CompletedProcess(command, 126, "", str(refused))

    def start(self) -> None:
        data = str(self.home / "data")
        switches = ["-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8", "--no-sync"]
        made = self.as_user([str(self.tree / "bin" / "initdb"), "-D", data, *switches])
        assert made.returncode == 0, made.stderr
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.tree / "bin" / "postgres"), "-D", data, "-k", str(self.home), *options],
                cwd=self.home,
                env=environment(),
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
                **self.credentials(),
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        command = [str(self.clients / "pg_isready"), "-q", "-h", str(self.home)]
        for _ in range(300):
            if subprocess.run(command, env=environment(), check=False).returncode == 0:
                return
            assert self.process
            assert self.process.poll() is None, (self.home / "log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text())

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)  # SIGQUIT would leave its shared memory behind
            self.process.wait(timeout=60)
        for folder in (self.home, *self.copies):
            shutil.rmtree(folder, ignore_errors=True)

    async def connect(self, database: str, user: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(
            host=str(self.home), port=5432, user=user, database=database, ssl=False
        )

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.home}&port=5432"

    def client(self, program: str, *arguments: str, options: str = "") -> str:
        """Runs psql, pg_dump, pg_restore (18) against this server; its output, or fails.

        `options` are the session's settings, as in `-c search_path=ws_x`.
        """
        where = environment() | {"PGHOST": str(self.home), "PGUSER": "postgres"}
        where["PGOPTIONS"] = f"-c client_min_messages=warning {options}"
        command = [str(self.clients / program), *arguments]
        done = subprocess.run(command, env=where, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program} on {self.major}: {done.stderr[-3000:]}"
        return done.stdout

    def psql(self, database: str, sql: str, user: str = "postgres") -> str:
        switches = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", user]
        return self.client("psql", *switches, "-d", database, "-c", sql).strip()

    def run_files(
        self, database: str, files: Sequence[Path], user: str = "postgres", options: str = ""
    ) -> None:
        """Each file in a psql of its own, as the specification's README does it."""
        for file in files:
            switches = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-o", os.devnull]
            self.client("psql", *switches, "-d", database, "-f", str(file), options=options)

    def create(self, database: str, template: str = "template0", owner: str = "postgres") -> str:
        self.psql("postgres", f"create database {database} template {template} owner {owner}")
        return database

    def has(self, database: str) -> bool:
        sql = f"select count(*) from pg_database where datname = '{database}'"
        return self.psql("postgres", sql) == "1"

    def drop(self, database: str) -> None:
        self.psql(
            "postgres",
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where datname = '{database}' and pid <> pg_backend_pid()",
        )
        self.psql("postgres", f"drop database if exists {database}")

    def schema_of(self, database: str, *switches: str) -> str:
        """pg_dump --schema-only without what differs from run to run.

        Rights come last and sorted: their order is that in which they were granted.
        """
        text = self.client("pg_dump", "--schema-only", *switches, database)
        lines = [
            line
            for line in text.splitlines()
            if line and not re.match(r"--|\\(un)?restrict |SET |SELECT pg_catalog.set_config", line)
        ]
        lines.sort(key=lambda line: line if line.startswith(("GRANT ", "REVOKE ")) else "")
        return "\n".join(lines)
