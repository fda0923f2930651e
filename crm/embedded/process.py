"""The server's processes: is it alive, start it, stop it, clear away what a kill -9 left."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from crm.embedded.binaries import environment
from crm.embedded.failure import ServerError, reason

START_LOG = "pg.start.log"
_TICK = 0.01
# Crash recovery replays the WAL since the last checkpoint; we wait as long as it makes progress.
_START_LIMIT = 600.0
_STOP_LIMIT = 60.0
_ORPHAN_GRACE = 0.2
_ORPHAN_LIMIT = 3.0
_ORPHAN_TICK = 0.05  # to look at every process of the machine is work

# Servers this process started. Whoever starts a process must collect its exit status: otherwise a
# killed server stays a zombie, and PostgreSQL takes a zombie in postmaster.pid for a live server.
_children: dict[int, subprocess.Popen[bytes]] = {}


def is_alive(pg: Path) -> bool:
    """Whether the server that runs on the cluster `pg` exists (it may still be starting)."""
    pid, _ = _status(pg)
    return pid is not None and _is_postmaster(pid, pg)


def answers(address: Path) -> bool:
    """Whether somebody accepts connections on the socket `address`.

    Knows a server that we cannot see, such as one in another container on the same directory.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(address))
        except OSError:
            return False
    return True


def start(command: Sequence[str], pg: Path, log: Path) -> None:
    """Start the server and wait until it accepts connections.

    It gets a session of its own, so Ctrl-C in our terminal does not stop it, and it outlives us
    when another command still uses it. Raises ServerError with the server's own reason.
    """
    log.unlink(missing_ok=True)  # it may belong to another user than now
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
    _children[server.pid] = server
    ready = (server.pid, "ready")
    if not _wait(lambda: server.poll() is not None or _status(pg) == ready, _START_LIMIT):
        raise ServerError(f"PostgreSQL is still starting after {_START_LIMIT:.0f} s, see {log}")
    if server.poll() is not None:
        _children.pop(server.pid, None)
        raise ServerError(f"PostgreSQL did not start: {_last_words(pg, log)}")


def wait_until_ready(pg: Path) -> None:
    """Wait for a server that another program started; raises ServerError when it ends instead."""
    if not _wait(lambda: _status(pg)[1] == "ready" or not is_alive(pg), _START_LIMIT):
        raise ServerError(f"PostgreSQL is still recovering after {_START_LIMIT:.0f} s; try again")
    if _status(pg)[1] != "ready":
        raise ServerError(f"PostgreSQL did not start: {_last_words(pg, pg.parent / START_LOG)}")


def stop(pg: Path) -> None:
    """Stop the server: running transactions are rolled back, the data is written out."""
    pid, _ = _status(pg)
    if pid is None or not _is_postmaster(pid, pg):
        return
    os.kill(pid, signal.SIGINT)
    if not _wait(lambda: not _is_postmaster(pid, pg), _STOP_LIMIT):
        os.kill(pid, signal.SIGQUIT)
        _wait(lambda: not _is_postmaster(pid, pg), _ORPHAN_LIMIT)


def hand_over(pg: Path) -> None:
    """Leave the running server to the other commands that use it."""
    server = _children.pop(_status(pg)[0] or 0, None)
    if server is not None and server.poll() is None:
        server.returncode = 0  # it is no longer ours to collect, so Popen must not warn about it


def clear_remains(pg: Path, name: str, address: Path) -> None:
    """Clear away what a killed server left, so that the next one can start.

    Its processes (titled "postgres: <name> …") may still hold the shared memory; its pid files may
    hold a number that now belongs to another program, which PostgreSQL would take for the server.
    """
    _end_orphans(name)
    for lock in (pg / "postmaster.pid", address.with_name(address.name + ".lock")):
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        if psutil.pid_exists(pid):
            lock.unlink(missing_ok=True)


def _is_postmaster(pid: int, pg: Path) -> bool:
    child = _children.get(pid)
    if child is not None:  # still the number of that process, because we have not collected it
        if child.poll() is not None:
            _children.pop(pid, None)
        return child.returncode is None
    try:
        process = psutil.Process(pid)
        command, name = process.cmdline(), process.name()
        # A process that is just dying has no arguments any more, but still holds its socket.
        is_ours = str(pg) in command or (not command and name == "postgres")
        return is_ours and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _status(pg: Path) -> tuple[int | None, str]:
    """Process id and status ("starting", "ready", "stopping") in postmaster.pid."""
    try:
        lines = (pg / "postmaster.pid").read_text().splitlines()
        # Lines: pid, data directory, start time, port, socket directory, address, memory, status.
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError, IndexError):
        return None, ""


def _last_words(pg: Path, log: Path) -> str:
    first = log.read_text(errors="replace")
    if "FATAL" in first or "could not" in first:
        return reason(first, pg)
    # Once the log collector runs, the first log only says that everything else is in the other.
    logs = sorted((pg / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
    text = logs[-1].read_text(errors="replace")[-20_000:] if logs else ""
    return reason(text or first, pg)


def _end_orphans(name: str) -> None:
    # Idle ones notice by themselves, within a second, that their server is gone; nobody waits for
    # that, because whatever they do is lost and the service is away meanwhile.
    if _wait(lambda: not _orphans(name), _ORPHAN_GRACE, tick=_ORPHAN_TICK):
        return
    for kind in (signal.SIGQUIT, signal.SIGKILL):
        for process in _orphans(name):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(kind)
        if _wait(lambda: not _orphans(name), _ORPHAN_LIMIT, tick=_ORPHAN_TICK):
            return


def _orphans(name: str) -> list[psutil.Process]:
    title = f"postgres: {name}: "
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and (process.info["cmdline"] or [""])[0].startswith(title)
    ]


def _wait(condition: Callable[[], bool], limit: float, tick: float = _TICK) -> bool:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(tick)
    return True
