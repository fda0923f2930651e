"""Numbers for Prometheus: requests, pool, streams, this process; and what the database counts.

Every application has a registry of its own. With several workers each of them writes its numbers
to a file in PROMETHEUS_MULTIPROC_DIR (crm/workers.py sets it), and whoever is asked adds up all.
"""

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from crm.db import Database

SAMPLE_SECONDS = 5.0
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CLASSES = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What the database counts up and never down; everything else of it is a gauge.
_COUNTERS = frozenset({"upkeep_runs", "upkeep_failures", "upkeep_rows"})


def route_of(scope: Any) -> str:
    """The template of a request's path, such as /contacts/{contact_id}; bounded in number.

    Routers tell it in different ways or not at all, so it is made from the path and its parameters.
    """
    if told := scope.get("state", {}).get("route"):  # the JSON API has a router of its own
        return told
    endpoint, path = scope.get("endpoint"), scope["path"]
    if endpoint is None:
        return "(none)"
    if not inspect.isroutine(endpoint):  # a mounted application: its own paths are without number
        return f"{scope.get('root_path', '')}/*"
    parameters = scope.get("path_params")
    if not parameters:
        return path
    names = {str(value).lower(): name for name, value in parameters.items()}
    found = 0
    parts = path.split("/")
    for place, part in enumerate(parts):
        if part and (name := names.get(part.lower())):
            parts[place] = f"{{{name}}}"
            found += 1
    return "/".join(parts) if found >= len(names) else f"({endpoint.__name__})"


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._bound: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._process = psutil.Process()
        self._cpu_seen = 0.0
        self._requests = Counter(
            "crm_requests", "Requests answered", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "crm_request_seconds", "Time until the answer was sent, streams left out",
            ("route", "method"), buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.streams = self._gauge("crm_streams", "Open event streams (SSE clients)")
        self._workers = self._gauge("crm_workers", "Processes that answer requests")
        self._pool_max = self._gauge("crm_pool_max", "Connections that may be open at most")
        self._pool_open = self._gauge("crm_pool_open", "Open connections to PostgreSQL")
        self._pool_in_use = self._gauge("crm_pool_in_use", "Connections at work")
        self._pool_waiting = self._gauge("crm_pool_waiting", "Requests that wait for a connection")
        self._memory = self._gauge("crm_memory_bytes", "Resident memory of all processes")
        self._cpu = Counter(
            "crm_cpu_seconds", "Processor time of all processes", registry=self.registry
        )

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry, multiprocess_mode="livesum")

    def observe(self, route: str, method: str, status: int, seconds: float, stream: bool) -> None:
        """Count one answered request; `status` as in HTTP, a stream has no latency."""
        key = (route, method, status // 100)
        bound = self._bound.get(key) or self._bind(key)
        bound[0].inc()
        if not stream:
            bound[1].observe(seconds)

    def _bind(self, key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
        route, method, group = key
        word = method if method in METHODS else "other"
        bound = (
            self._requests.labels(route, word, CLASSES[group] if group < len(CLASSES) else "0xx"),
            self._seconds.labels(route, word),
        )
        if method in METHODS:  # a stranger's invented methods must not fill the memory
            self._bound[key] = bound
        return bound

    def sample(self, database: Database) -> None:
        """Look at the pool and at this process."""
        pool = database.load()
        self._pool_max.set(pool.most)
        self._pool_open.set(pool.open)
        self._pool_in_use.set(pool.in_use)
        self._pool_waiting.set(pool.waiting)
        self._workers.set(1)
        with self._process.oneshot():
            self._memory.set(self._process.memory_info().rss)
            times = self._process.cpu_times()
        used = times.user + times.system
        self._cpu.inc(max(0.0, used - self._cpu_seen))
        self._cpu_seen = used

    def text(self, counted: Iterable[Any] | None) -> bytes:
        """The page in Prometheus' format.

        `counted` holds the rows (name, label, value) of app.metrics(), None without a database.
        """
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        counted_there = CollectorRegistry()
        counted_there.register(_Counted(counted))
        return generate_latest(registry) + generate_latest(counted_there)


class _Counted(Collector):
    """What the database counts, as Prometheus wants it."""

    def __init__(self, rows: Iterable[Any] | None) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        is_up = 0 if self._rows is None else 1
        yield GaugeMetricFamily("crm_database_up", "Whether PostgreSQL answers", value=is_up)
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for row in self._rows or ():
            name, label = row["name"], row["label"]
            if name not in families:
                kind = CounterMetricFamily if name in _COUNTERS else GaugeMetricFamily
                labels = [] if not label else ["task" if name.startswith("upkeep_") else "kind"]
                families[name] = kind(f"crm_{name}", name.replace("_", " "), labels=labels)
            families[name].add_metric([label] if label else [], row["value"])
        yield from families.values()


@asynccontextmanager
async def sampling(metrics: Metrics, database: Database) -> AsyncIterator[None]:
    """Keep the numbers of this process fresh, for whichever worker is asked for them."""

    async def sample() -> None:
        while True:
            metrics.sample(database)
            await asyncio.sleep(SAMPLE_SECONDS)

    task = asyncio.create_task(sample())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
