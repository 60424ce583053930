"""What the daemon counts and times, in the words of Prometheus.

Nothing is labelled by source: thousands of them would make thousands of series, and `feedmill sources` tells more.
It is imported by the daemon, and where somebody asks: prometheus-client takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import get_args

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from feeds import __version__
from feeds.records import Inventory, Refresh, RefreshStatus

# Seconds. A fetch takes as long as its source's timeout at most, which is 30 s unless the config says else.
_FETCH = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_PUBLISH = (0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60)
_JOB = (0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)
# Bytes: from 1 KiB to 16 MiB by fours; beyond 10 MB a document is not read unless the config says so.
_SIZE = tuple(1024 * 4**power for power in range(8))


class Metrics:
    """Counters of one process, in a registry of their own. Any thread may call any method."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, CPU, open files; nothing where there is no /proc
        Info("feedmill_build", "What runs here.", registry=registry).info({"version": __version__})

        self._refreshes = Counter("feedmill_refreshes", "Refreshes by how they ended.", ["status"], registry=registry)
        for status in get_args(RefreshStatus):
            self._refreshes.labels(status)  # a series that begins at 0 shows its first failure, too
        self._new = Counter("feedmill_articles_new", "Articles stored for the first time.", registry=registry)
        self._revised = Counter("feedmill_articles_revised", "Articles replaced by a revision.", registry=registry)
        self._fetch = Histogram(
            "feedmill_fetch_seconds", "Time until an answer was complete.", buckets=_FETCH, registry=registry
        )
        self._refresh = Histogram(
            "feedmill_refresh_seconds", "Time from request to stored.", buckets=_FETCH, registry=registry
        )
        self._size = Histogram(
            "feedmill_document_bytes", "Size of new documents, decompressed.", buckets=_SIZE, registry=registry
        )

        self._publish = Histogram(
            "feedmill_publish_seconds", "Time to write what moved.", buckets=_PUBLISH, registry=registry
        )
        self._files = Counter(
            "feedmill_published_files_changed", "Published files whose bytes moved.", registry=registry
        )

        self._job = Histogram("feedmill_job_seconds", "Time a job took.", ["job"], buckets=_JOB, registry=registry)
        self._job_failures = Counter("feedmill_job_failures", "Runs of a job that failed.", ["job"], registry=registry)
        self._job_last_run = Gauge(
            "feedmill_job_last_run_timestamp_seconds", "When a job last ended.", ["job"], registry=registry
        )

    def observe(self, refresh: Refresh) -> None:
        """One source's refresh. One that waits was no fetch: it has no times."""
        self._refreshes.labels(refresh.status).inc()
        if refresh.status == "waiting":
            return
        self._new.inc(refresh.new)
        self._revised.inc(refresh.revised)
        self._fetch.observe(refresh.fetch_seconds)
        self._refresh.observe(refresh.seconds)
        if refresh.size:
            self._size.observe(refresh.size)

    def published(self, seconds: float, files_changed: int) -> None:
        """What moved was published, which changed so many files."""
        self._publish.observe(seconds)
        self._files.inc(files_changed)

    def ticked(self, job: str, seconds: float, is_good: bool, *, now: datetime) -> None:
        """A job of the daemon ended, well or not."""
        self._job.labels(job).observe(seconds)
        self._job_failures.labels(job).inc(0 if is_good else 1)  # by 0, too: the series exists before its first failure
        self._job_last_run.labels(job).set(now.timestamp())

    def exposition(self, inventory: Inventory | None = None) -> bytes:
        """Everything as text (text/plain; version=0.0.4); without the store's numbers where they cannot be had."""
        return generate_latest(_Now(self._registry, inventory))


class _Now(Struct, frozen=True):
    """What one answer tells: the counters, and the store in numbers as of this moment."""

    registry: CollectorRegistry
    inventory: Inventory | None

    def collect(self) -> Iterator[Metric]:
        for metric in self.registry.collect():
            # The start of every single counter: half as many series again, and the process has one for all.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
        if self.inventory is not None:
            yield from _gauges(self.inventory)


def _gauges(inventory: Inventory) -> Iterator[Metric]:
    states = GaugeMetricFamily("feedmill_sources", "Configured sources by what they are.", labels=["state"])
    for state, number in inventory.sources.items():
        states.add_metric([state], number)
    yield states
    yield GaugeMetricFamily("feedmill_sources_due", "Sources whose time has come.", inventory.due)
    lag = inventory.lag.total_seconds()
    yield GaugeMetricFamily("feedmill_queue_lag_seconds", "For how long the first of them has been due.", lag)
    yield GaugeMetricFamily("feedmill_articles", "Articles in the store.", inventory.articles)
    yield GaugeMetricFamily("feedmill_tombstones", "Traces of articles that are gone.", inventory.tombstones)
