"""Several workers: one that is killed is replaced, the others go on; PostgreSQL comes back."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.wire import Client, Cut, Refused

from .program import PATIENCE, Program, eventually


async def answers(client: Client, path: str = "/readyz") -> bool:
    try:
        return (await client.request("GET", path, seconds=5)).status == 200
    except (Refused, Cut, TimeoutError):
        return False


@pytest.fixture
async def two(program: Callable[..., Program]) -> Program:
    """crm serve with two workers."""
    return program("--workers", "2", CRM_UPKEEP_SECONDS="0")


def fresh(workers: list[int], killed: int) -> list[int]:
    return [pid for pid in workers if pid != killed]


async def test_a_killed_worker_is_replaced_and_the_others_go_on(two: Program) -> None:
    killed, left = two.workers()
    kept = [two.client() for _ in range(12)]  # spread over both
    assert all([await answers(client) for client in kept])
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    # Nobody is turned away: who was with the killed one connects anew, to whoever is left.
    while len(fresh(two.workers(), killed)) < 2:
        assert time.monotonic() - began < PATIENCE
        for client in kept:
            if not await answers(client):
                assert await answers(client), "a new connection is answered at once"
    for client in kept:
        client.close()
    assert left in two.workers()
    assert "ended (-9), another one takes its place" in two.said
    eventually(lambda: len(two.workers()) == 2, "two workers again")
    assert two.end() == 0
    assert len(two.said.splitlines()) == 2, two.said  # the address, and that line


async def test_when_all_workers_are_killed_new_ones_answer(two: Program) -> None:
    for pid in two.workers():
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    client = two.client()
    while not await answers(client, "/healthz"):  # bench.chaos measures: 1 s on an idle machine
        assert time.monotonic() - began < PATIENCE
        await asyncio.sleep(0.02)
    client.close()


async def test_the_numbers_of_all_workers_are_added_up(two: Program) -> None:
    clients = [two.client() for _ in range(20)]
    for client in clients:
        assert await answers(client, "/healthz")

    async def numbers() -> dict[str, float]:
        page = (await clients[0].request("GET", "/metrics")).body.decode()
        lines = [line for line in page.splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    found = await numbers()
    healthz = 'crm_requests_total{method="GET",route="/healthz",status="2xx"}'
    assert found[healthz] == 20
    assert (found["crm_workers"], found["crm_pool_max"]) == (2, 16)
    os.kill(two.workers()[0], signal.SIGKILL)
    eventually(lambda: "takes its place" in two.said and len(two.workers()) == 2, two.said)
    async with asyncio.timeout(PATIENCE):
        found = {}
        while found.get("crm_workers") != 2:
            await asyncio.sleep(0.1)
            with suppress(Cut, Refused):
                found = await numbers()
    assert found[healthz] == 20, "what a killed worker counted stays counted"
    for client in clients:
        client.close()


async def test_a_killed_parent_leaves_no_worker(two: Program) -> None:
    workers = two.workers()
    two.process.kill()
    eventually(lambda: not any(map(psutil.pid_exists, workers)), "the workers end by themselves")
    client = two.client()
    with pytest.raises(Refused):
        await client.request("GET", "/healthz")


def test_a_worker_that_cannot_start_ends_the_program_with_a_line(
    program: Callable[..., Program], database, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="--workers is a number from 1 to 64"):
        program("--workers", "65")


async def test_headers_have_a_limit_and_a_long_address_too(program: Callable[..., Program]) -> None:
    running = program()
    client = running.client()
    for path, headers in (("/healthz?" + "x" * 40_000, {}), ("/healthz", {"X": "y" * 40_000})):
        assert (await client.request("GET", path, headers=headers)).status == 431
    many = {f"X-{number}": "y" * 100 for number in range(400)}
    assert (await client.request("GET", "/healthz", headers=many)).status == 431
    assert (await client.request("GET", "/healthz", headers={"X": "y" * 20_000})).status == 200
    client.close()


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Program]:
    """crm serve with two workers and a PostgreSQL of its own."""
    running = Program(tmp_path / "whole", "--workers", "2")
    yield running
    running.clear()


async def test_a_killed_postgresql_is_back_and_the_pools_reconnect(whole: Program) -> None:
    clients = [whole.client() for _ in range(8)]
    assert all([await answers(client) for client in clients])
    killed = whole.postmaster()
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    eventually(lambda: not psutil.pid_exists(killed), "it is gone")
    for client in clients:  # every worker, whichever connection leads to it
        while not await answers(client):
            assert time.monotonic() - began < PATIENCE
            await asyncio.sleep(0.05)
    assert whole.postmaster() != killed  # bench.chaos measures how long that takes
    for client in clients:
        client.close()
    assert whole.end() == 0
    assert "PostgreSQL had ended and was started again" in whole.said
    assert not psutil.pid_exists(killed)
