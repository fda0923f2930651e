"""crm demo and crm serve: an address, quickly, through kill -9 of the server, and a clean end."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from crm import demo
from crm.embedded import process


def server_pid(place: Path) -> int:
    return int((place / "var" / "pg" / "postmaster.pid").read_text().split("\n")[0])


def answer(address: str) -> int:
    try:
        return httpx.get(f"{address}/readyz").status_code
    except httpx.TransportError:
        return 0


@pytest.fixture(scope="module")
def demo_book(place: Path) -> Path:
    """The place after a first `crm demo`."""
    from .conftest import Serving

    first = Serving(place, "demo")
    assert answer(first.address) == 200
    assert first.end() == 0
    assert "Database brought up to date" in first.said
    assert f"Sign in as ana@northside.example with the password {demo.PASSWORD}" in first.said
    assert not process.is_alive(place / "var" / "pg")
    return place


def test_the_second_start_takes_less_than_five_seconds(demo_book: Path, serving):
    second = serving("demo")
    assert answer(second.address) == 200
    assert "brought up to date" not in second.said
    assert second.seconds < 5, "aim: 2.5 s on an idle machine"


def test_the_demo_shows_its_book_to_its_people(demo_book: Path, serving):
    address = serving("demo").address
    with httpx.Client(base_url=address, follow_redirects=True) as browser:
        form = {"email": "ana@northside.example", "password": demo.PASSWORD}
        browser.get("/sign-in")
        page = browser.post("/sign-in", data=form, headers={"Origin": address})
        assert page.status_code == 200
        assert page.url.path == "/contacts"


def test_a_killed_server_is_back_within_ten_seconds_without_a_restart(demo_book: Path, serving):
    program = serving("serve")
    assert answer(program.address) == 200
    killed = server_pid(demo_book)
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while answer(program.address) != 200 or server_pid(demo_book) == killed:
        assert time.monotonic() < deadline, "not back after ten seconds"
        time.sleep(0.1)
    assert program.end() == 0
    assert "PostgreSQL had ended and was started again" in program.said
    assert not process.is_alive(demo_book / "var" / "pg")


def test_a_killed_program_leaves_no_obstacle(demo_book: Path, serving, crm):
    program = serving("serve")
    program.kill()
    assert process.is_alive(demo_book / "var" / "pg")
    following = serving("serve")
    assert answer(following.address) == 200
    # A second command beside the running program joins its server.
    assert crm("db", "psql", "-c", "select count(*) > 30 from contacts", "-At").stdout == "t\n"
    assert following.end(signal.SIGINT) == 0
    assert not process.is_alive(demo_book / "var" / "pg")


def test_the_demo_is_never_mixed_into_a_real_book(tmp_path: Path, crm):
    place = {"CRM_DATA_DIR": str(tmp_path / "var")}
    added = crm(
        "user",
        "add",
        "eve@example.test",
        "--role",
        "owner",
        given="long enough password\n",
        **place,
    )
    assert added.returncode == 0, added.stderr
    refused = crm("demo", "--port", "0", **place)
    assert refused.returncode == 1
    assert refused.stderr.startswith("crm: this database is in use; the demo wants an empty one")


def test_a_taken_port_is_one_line(crm):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = crm("serve", "--port", port)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused.stderr
