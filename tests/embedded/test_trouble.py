"""What cannot work is one line that says why."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm.embedded import ServerError, connection_urls, external, running
from tests.conftest import settings_for_tests

from .conftest import fetchval

PLAIN_USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def refusal(data_dir: Path) -> str:
    """The one line with which the server is refused."""
    with pytest.raises(ServerError) as refused, running(data_dir, durable=False):
        pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """A file with another content, for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def test_a_cluster_of_another_major_version_is_named(data_dir: Path):
    with changed(data_dir / "pg" / "PG_VERSION", b"15\n"):
        assert "was made by PostgreSQL 15, this program brings 18" in refusal(data_dir)


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "var").write_text("")
    assert f"cannot use {tmp_path / 'var'}" in refusal(tmp_path / "var")


def test_a_broken_configuration_names_the_reason(data_dir: Path):
    with changed(data_dir / "pg" / "postgresql.auto.conf", b"shared_buffers = 'plenty'\n"):
        assert 'invalid value for parameter "shared_buffers"' in refusal(data_dir)


def test_a_broken_control_file_is_a_refusal_and_no_wait(data_dir: Path):
    with changed(data_dir / "pg" / "global" / "pg_control", b""):
        assert "PostgreSQL did not start: " in refusal(data_dir)


def test_a_full_disk_is_called_a_full_disk(tmp_path: Path):
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    try:
        assert "the disk is full" in refusal(place / "var")
        assert not (place / "var" / "pg").exists()
    finally:
        subprocess.run(["umount", str(place)], check=True)


async def test_a_taken_port_costs_the_port_and_not_the_server(data_dir: Path):
    with running(data_dir, durable=False) as server:
        assert server.cluster is not None
        port = server.cluster.port
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        with running(data_dir, durable=False) as server:
            assert await fetchval(server.admin_dsn, "show listen_addresses") == ""


@pytest.mark.parametrize("name", ["with space, 'quote' & ümlaut", "long" * 30])
def test_any_directory_name_works(data_dir: Path, name: str):
    place = data_dir.rename(data_dir.with_name(name))
    try:
        with running(place, durable=False) as server:
            assert server.cluster is not None
            assert asyncio.run(fetchval(server.admin_dsn, "select 1")) == 1
            assert server.cluster.sockets.stat().st_mode & 0o777 == 0o700
        server.cluster.sockets.rmdir()
    finally:
        place.rename(data_dir)


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every user of the machine can enter; pytest's own are private."""
    _only_as_root()
    with tempfile.TemporaryDirectory(prefix="crm-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_directory_of_somebody_else_is_refused(open_dir: Path, program):
    pg = open_dir / "pg"
    pg.mkdir(0o700)
    shutil.chown(pg, "daemon")
    refused = program(open_dir, prefix=PLAIN_USER).line
    assert refused.startswith("refused ")
    assert "belongs to the user daemon" in refused
    shutil.chown(pg, "root")
    assert "belongs to root" in refusal(open_dir)


def test_a_directory_that_cannot_be_written_is_refused(open_dir: Path, program):
    refused = program(open_dir / "var", prefix=PLAIN_USER).line
    assert refused.startswith(f"refused cannot write to {open_dir / 'var'}: Permission denied")


def test_a_plain_user_has_a_server_of_its_own(open_dir: Path, program):
    place = open_dir / "mine"
    place.mkdir()
    os.chown(place, 65534, 65534)
    plain = program(place / "var", prefix=PLAIN_USER)
    assert plain.line.startswith("up ")
    assert (place / "var" / "pg").stat().st_uid == 65534
    # Root joins the server of that user, as the same user.
    with running(place / "var"):
        pass
    plain.end()
    assert not (place / "var" / "pg" / "postmaster.pid").exists()


def test_an_unreachable_server_is_one_line_without_the_password():
    settings = settings_for_tests(database_url="postgresql://crm:secret@127.0.0.1:1/crm")
    with pytest.raises(ServerError) as refused, connection_urls(settings):
        pass
    expected = "cannot use PostgreSQL at 127.0.0.1:1/crm: nobody listens there (connection refused)"
    assert str(refused.value) == expected


def test_a_server_that_is_too_old_is_one_line(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(external, "OLDEST", 19)
    with running(data_dir, durable=False) as server:
        settings = settings_for_tests(database_url=server.admin_dsn)
        with pytest.raises(ServerError) as refused, connection_urls(settings):
            pass
    assert "PostgreSQL 18 at the local socket/contact_crm is too old" in str(refused.value)


def test_with_a_url_nothing_is_started(data_dir: Path, new_dir: Path):
    with running(data_dir, durable=False) as server:
        settings = settings_for_tests(database_url=server.app_dsn, data_dir=new_dir,
                                      admin_database_url=server.admin_dsn)  # fmt: skip
        with connection_urls(settings) as external_server:
            assert external_server.bin is None
            assert external_server.admin_dsn == server.admin_dsn
            assert not external_server.ensure_alive()
    assert not new_dir.exists()


def test_the_owners_url_alone_is_refused_and_nothing_is_started(new_dir: Path):
    settings = settings_for_tests(admin_database_url="postgresql://o@host/crm", data_dir=new_dir)
    with pytest.raises(ServerError, match="CRM_DATABASE_URL is not"), connection_urls(settings):
        pass
    assert not new_dir.exists()


def _only_as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip(f"{getpass.getuser()} cannot become another user; root can")
    reaches = [*PLAIN_USER, sys.executable, "-c", "import crm.embedded"]
    if subprocess.run(reaches, capture_output=True, check=False).returncode:
        pytest.skip("a plain user cannot enter this checkout")
