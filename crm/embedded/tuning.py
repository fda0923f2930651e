"""The server's configuration, by the memory of the machine."""

import sys
from pathlib import Path

import psutil

MIB = 1024 * 1024
GIB = 1024 * MIB
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

# Data that a test throws away need not survive a power cut.
_EPHEMERAL = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


def machine_memory() -> int:
    """Bytes this process may count on: the machine's, or the container's limit when lower."""
    memory = psutil.virtual_memory().total
    for limit in map(Path, _LIMITS):
        if limit.exists() and (text := limit.read_text().strip()).isdigit():
            memory = min(memory, int(text))
    return memory


def sizes(memory: int, disk: int) -> dict[str, int]:
    """Memory and WAL settings in bytes, for `memory` bytes of RAM and `disk` bytes of free disk.

    A quarter of the RAM is PostgreSQL's page cache (at most 4 GiB: the kernel caches the rest),
    and the WAL never takes more than a twentieth of the disk.
    """
    return {
        "shared_buffers": _between(32 * MIB, memory // 4, 4 * GIB),
        "effective_cache_size": _between(128 * MIB, memory * 5 // 8, 64 * GIB),
        "maintenance_work_mem": _between(32 * MIB, memory // 16, GIB),
        "work_mem": _between(4 * MIB, memory // 512, 32 * MIB),
        "min_wal_size": _between(80 * MIB, disk // 100, 512 * MIB),
        "max_wal_size": _between(256 * MIB, disk // 20, 4 * GIB),
    }


def configuration(
    *, memory: int, disk: int, port: int, listen: bool, sockets: Path, name: str, durable: bool
) -> str:
    """The text of the configuration file that is written at each start."""
    lines = [
        "# Written anew at each start of the program. To change a setting: alter system set …",
        f"port = {port}",
        f"listen_addresses = '{'127.0.0.1' if listen else ''}'",
        f"unix_socket_directories = '{sockets}'",
        "unix_socket_permissions = 0700",
        f"cluster_name = '{name}'",
        "max_connections = 100",
        *(f"{setting} = '{size // 1024}kB'" for setting, size in sizes(memory, disk).items()),
        # pglz costs eight times what it saves: each change touches random pages of indexes.
        "wal_compression = off",
        "checkpoint_timeout = 15min",
        "random_page_cost = 1.1",
        # After a crash one call for the whole disk, not one for each of a thousand files.
        *(["recovery_init_sync_method = syncfs"] if sys.platform == "linux" else []),
        "jit = off",
        "shared_preload_libraries = 'pg_stat_statements'",
        "pg_stat_statements.max = 2000",
        "track_io_timing = on",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
        # One file a weekday, overwritten a week later: the log cannot fill the disk.
        "logging_collector = on",
        "log_directory = 'log'",
        "log_filename = 'postgresql-%a.log'",
        "log_truncate_on_rotation = on",
        "log_rotation_age = 1d",
        "log_rotation_size = 0",
        "log_min_duration_statement = 1s",
    ]
    return "\n".join(lines) + "\n" + ("" if durable else _EPHEMERAL)


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))
