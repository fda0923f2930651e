"""The cluster in the data directory, and the locks by which commands share its server.

Two lock files. `pg.start.lock` is held by one process at a time while it starts or stops the
server. `pg.lock` is shared by everyone who uses the server; who can have it alone is the last user
and stops the server. The kernel drops both when a process dies, so a kill -9 leaves no lock behind.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO
from urllib.parse import quote

from crm.embedded import process, tuning
from crm.embedded.account import Account, account_for
from crm.embedded.binaries import bin_dir, call, major_version
from crm.embedded.failure import ServerError, reason

DATABASE = "contact_crm"
_LOCALES = ("C.UTF-8", "en_US.UTF-8", "C")
_SOCKET_PATH_LIMIT = 100  # bytes; the kernel's is 107 on Linux and 103 on macOS


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL to work with.

    `admin_dsn` is the owner's URL, `app_dsn` the program's; `bin` is the directory of psql and
    pg_dump, None for an external server.
    """

    admin_dsn: str
    app_dsn: str
    bin: Path | None
    cluster: "Cluster | None" = field(default=None, repr=False)

    def ensure_alive(self) -> bool:
        """Start the embedded server again if it died; True when that was needed.

        Raises ServerError when it does not start. Does nothing for an external server.
        """
        return self.cluster is not None and self.cluster.ensure_alive()


@contextmanager
def running(data_dir: Path, *, durable: bool = True) -> Iterator[Server]:
    """The embedded server on `data_dir`, started or joined; the last user stops it.

    `durable=False` trades safety after a power cut for speed (tests only). Raises
    ServerError with one line.
    """
    cluster = Cluster(data_dir.expanduser().resolve(), durable=durable)
    users = cluster.join()
    try:
        yield cluster.server()
    finally:
        cluster.leave(users)


class Cluster:
    """The files of one embedded server below `data_dir` (absolute)."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.pg = data_dir / "pg"
        self.password_file = data_dir / "pg.password"
        self._durable = durable
        digest = hashlib.sha256(str(data_dir).encode()).hexdigest()
        self.name = f"contact-crm-{digest[:10]}"
        self._port_seed = int(digest[:8], 16)

    def server(self) -> Server:
        """The URLs of the running server."""
        return Server(self._dsn("postgres"), self._dsn("crm_app"), bin_dir(), self)

    def join(self) -> IO[str]:
        """Start the server or join the running one; returns the lock that says we use it."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            _ = self._account  # whose it is comes first: locks of somebody else say little
            with self._alone():
                users = self._open_lock("pg.lock", fcntl.LOCK_SH)
                try:
                    self._bring_up()
                except BaseException:
                    users.close()
                    raise
        except PermissionError as error:
            raise ServerError(
                f"cannot write to {self.data_dir}: {error.strerror};"
                " set CRM_DATA_DIR to a directory of your own"
            ) from error
        except OSError as error:
            raise ServerError(f"cannot use {self.data_dir}: {error.strerror}") from error
        return users

    def leave(self, users: IO[str]) -> None:
        """Give the server up; stop it when nobody else uses it."""
        with users, self._alone():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                process.hand_over(self.pg)
            else:
                process.stop(self.pg)

    def ensure_alive(self) -> bool:
        """Start the server again if it died; True when that was needed."""
        if process.is_alive(self.pg):
            return False
        with self._alone():
            if process.is_alive(self.pg):  # another command was faster
                return False
            self._bring_up()
        return True

    @cached_property
    def port(self) -> int:
        """The cluster's port: chosen when it is made, kept because URLs in use contain it."""
        known = re.search(r"^port = (\d+)$", self._read("contact_crm.conf"), re.MULTILINE)
        if known:
            return int(known[1])
        first = 15_432 + self._port_seed % 10_000
        return next(port for port in range(first, 32_000) if _is_free(port))

    @cached_property
    def sockets(self) -> Path:
        """The socket's directory; below /tmp when the path is too long or odd for a socket."""
        near = self.data_dir / "run"
        plain = re.fullmatch(r"[\w./@+-]+", str(near), re.ASCII)
        if plain and len(f"{near}/.s.PGSQL.65535") <= _SOCKET_PATH_LIMIT:
            return near
        return Path("/tmp") / self.name  # noqa: S108 - checked for owner and mode before use

    @cached_property
    def _account(self) -> Account:
        return account_for(self.pg, self.data_dir, bin_dir())

    @property
    def _address(self) -> Path:
        return self.sockets / f".s.PGSQL.{self.port}"

    def _dsn(self, login: str) -> str:
        return f"postgresql://{login}@/{DATABASE}?host={quote(str(self.sockets))}&port={self.port}"

    def _bring_up(self) -> None:
        account = self._account
        if not self.pg.exists():
            self._initialise(account)
        self._check_version()
        if not process.is_alive(self.pg) and not process.answers(self._address):
            process.clear_remains(self.pg, self.name, self._address)
            self._make_socket_dir(account)
            self._configure(account)
            command = (*account.prefix, str(bin_dir() / "postgres"), "-D", str(self.pg))
            process.start(command, self.pg, self.data_dir / process.START_LOG)
        process.wait_until_ready(self.pg)
        self._ensure_database()

    def _initialise(self, account: Account) -> None:
        # A cluster appears under its name only when complete: an initdb that was killed, or found
        # the disk full, leaves nothing that the next start would take for a cluster.
        new = self.data_dir / "pg.new"
        shutil.rmtree(new, ignore_errors=True)
        self._write_password(account)
        new.mkdir(mode=0o700)
        account.own(new)
        self._initdb(account, new)
        with (new / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'contact_crm.conf'\n")
        new.rename(self.pg)

    def _initdb(self, account: Account, place: Path) -> None:
        options = [
            f"--pgdata={place}",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={self.password_file}",
            *(() if self._durable else ("--no-sync",)),
        ]
        error = ""
        for locale in _LOCALES:  # not every system has C.UTF-8, and C knows no accented letters
            command = [*account.prefix, str(bin_dir() / "initdb"), f"--locale={locale}", *options]
            try:
                call(command)
            except subprocess.CalledProcessError as failed:
                error = failed.stderr
                if "invalid locale" not in error:
                    break
            else:
                return
        said = reason(error, place)
        shutil.rmtree(place, ignore_errors=True)
        raise ServerError(f"cannot make {self.pg}: {said}")

    def _write_password(self, account: Account) -> None:
        self.password_file.touch(mode=0o600)
        account.own(self.password_file)
        if not self.password_file.read_text():
            self.password_file.write_text(secrets.token_urlsafe(24) + "\n")

    def _check_version(self) -> None:
        found = self._read("PG_VERSION").strip()
        if found != str(major_version()):
            raise ServerError(
                f"{self.pg} was made by PostgreSQL {found or 'unknown'}, this program brings"
                f" {major_version()}: move that directory away, start again, and restore a backup"
            )

    def _make_socket_dir(self, account: Account) -> None:
        try:
            self.sockets.mkdir(mode=0o700)
            account.own(self.sockets)
        except FileExistsError:
            found = self.sockets.lstat()
            # Below /tmp somebody else could have made it, to read along.
            if found.st_uid != account.uid or found.st_mode & 0o77 or self.sockets.is_symlink():
                raise ServerError(
                    f"{self.sockets} is not a private directory of {account.name}; remove it"
                ) from None

    def _configure(self, account: Account) -> None:
        listen = _is_free(self.port)
        text = tuning.configuration(
            memory=tuning.machine_memory(),
            disk=shutil.disk_usage(self.data_dir).free,
            port=self.port,
            listen=listen,
            sockets=self.sockets,
            name=self.name,
            durable=self._durable,
        )
        conf = self.pg / "contact_crm.conf"
        conf.write_text(text)
        account.own(conf)

    def recreate_database(self) -> None:
        """Drop the database with everything in it and make an empty one. Raises ServerError."""
        with self._alone(), _saying("the database cannot be dropped"):
            self._sql("postgres", f"drop database if exists {DATABASE} with (force)")
            self._ensure_database()

    def _ensure_database(self) -> None:
        with _saying("PostgreSQL does not answer"):
            names = self._sql("postgres", "select datname from pg_database").splitlines()
            if DATABASE in names:
                return
            # It gets its name last: a database of that name is complete.
            new = f"{DATABASE}_new"
            self._sql("postgres", f"drop database if exists {new}")
            self._sql("postgres", f"create database {new}")
            # Not in public: that schema holds the 15 tables and 3 views, and nothing else.
            self._sql(new, "create schema monitoring")
            self._sql(new, "create extension pg_stat_statements schema monitoring")
            self._sql(new, "create extension pg_trgm")
            self._sql("postgres", f"alter database {new} rename to {DATABASE}")

    def _sql(self, database: str, statement: str) -> str:
        psql = str(bin_dir() / "psql")
        place = ["-h", str(self.sockets), "-p", str(self.port), "-U", "postgres", "-d", database]
        return call([psql, "-XAtq", "-v", "ON_ERROR_STOP=1", *place, "-c", statement]).strip()

    def _read(self, name: str) -> str:
        try:
            return (self.pg / name).read_text()
        except FileNotFoundError:
            return ""

    def _open_lock(self, name: str, operation: int) -> IO[str]:
        # Only to read: root and the owner of the directory use the files of one another.
        file = os.fdopen(os.open(self.data_dir / name, os.O_RDONLY | os.O_CREAT, 0o644))
        try:
            fcntl.flock(file, operation)
        except BaseException:
            file.close()
            raise
        return file

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._open_lock("pg.start.lock", fcntl.LOCK_EX):
            yield


@contextmanager
def _saying(what: str) -> Iterator[None]:
    try:
        yield
    except subprocess.CalledProcessError as error:
        raise ServerError(f"{what}: {reason(error.stderr)}") from error


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
