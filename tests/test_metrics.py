from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from builders import MONDAY
from feeds import __version__
from feeds.daemon.metrics import Metrics
from feeds.records import Inventory, Refresh


def told(metrics: Metrics, inventory: Inventory | None = None) -> dict[str, float]:
    """Every sample as a reader of the format takes it, by its name with labels: `name{key=value}`."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.exposition(inventory).decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in found, "a series is told twice"
            found[key] = sample.value
    return found


def refresh(**changes: Any) -> Refresh:
    return Refresh(**({"source": "gazette", "status": "fetched"} | changes))


def inventory(**changes: Any) -> Inventory:
    numbers = {"active": 7, "failing": 2, "parked": 1, "gone": 0}
    default = {"sources": numbers, "due": 3, "lag": timedelta(minutes=2), "articles": 500, "tombstones": 40}
    return Inventory(**(default | changes))


def test_refreshes_are_counted_by_how_they_ended():
    metrics = Metrics()
    for status in ("fetched", "fetched", "unchanged", "failed", "waiting"):
        metrics.observe(refresh(status=status))
    samples = told(metrics)
    assert samples["feedmill_refreshes_total{status=fetched}"] == 2
    assert samples["feedmill_refreshes_total{status=unchanged}"] == 1
    assert samples["feedmill_refreshes_total{status=failed}"] == 1
    assert samples["feedmill_refreshes_total{status=waiting}"] == 1


def test_every_status_is_there_from_the_start_so_that_a_first_failure_is_a_rise():
    assert told(Metrics())["feedmill_refreshes_total{status=failed}"] == 0


def test_articles_are_counted_as_refreshes_report_them():
    metrics = Metrics()
    metrics.observe(refresh(new=3, revised=1))
    metrics.observe(refresh(new=2))
    samples = told(metrics)
    assert samples["feedmill_articles_new_total"] == 5
    assert samples["feedmill_articles_revised_total"] == 1


def test_times_and_sizes_fall_into_their_buckets():
    metrics = Metrics()
    metrics.observe(refresh(fetch_seconds=0.2, seconds=0.3, size=5000))
    metrics.observe(refresh(fetch_seconds=400, seconds=401, size=50_000_000))
    samples = told(metrics)
    assert samples["feedmill_fetch_seconds_bucket{le=0.1}"] == 0
    assert samples["feedmill_fetch_seconds_bucket{le=0.25}"] == 1
    assert samples["feedmill_fetch_seconds_bucket{le=+Inf}"] == 2
    assert samples["feedmill_fetch_seconds_sum"] == 400.2
    assert samples["feedmill_refresh_seconds_sum"] == 401.3
    assert samples["feedmill_document_bytes_bucket{le=4096.0}"] == 0
    assert samples["feedmill_document_bytes_bucket{le=16384.0}"] == 1
    assert samples["feedmill_document_bytes_count"] == 2
    assert samples["feedmill_document_bytes_sum"] == 50_005_000


def test_what_brought_no_document_has_no_size_and_what_waited_has_no_times():
    metrics = Metrics()
    metrics.observe(refresh(status="unchanged", seconds=0.1))
    metrics.observe(refresh(status="waiting"))
    samples = told(metrics)
    assert samples["feedmill_document_bytes_count"] == 0
    assert samples["feedmill_fetch_seconds_count"] == 1
    assert samples["feedmill_refresh_seconds_count"] == 1


def test_publishing_is_timed_and_its_files_are_counted():
    metrics = Metrics()
    metrics.published(0.5, 12)
    metrics.published(0.25, 0)
    samples = told(metrics)
    assert samples["feedmill_publish_seconds_sum"] == 0.75
    assert samples["feedmill_publish_seconds_count"] == 2
    assert samples["feedmill_published_files_changed_total"] == 12


def test_each_job_tells_how_long_it_took_whether_it_failed_and_when_it_last_ended():
    metrics = Metrics()
    metrics.ticked("prune", 2, True, now=MONDAY)
    metrics.ticked("refresh", 4, True, now=MONDAY)
    metrics.ticked("refresh", 8, False, now=MONDAY + timedelta(minutes=1))
    samples = told(metrics)
    assert samples["feedmill_job_seconds_sum{job=refresh}"] == 12
    assert samples["feedmill_job_seconds_count{job=prune}"] == 1
    assert samples["feedmill_job_failures_total{job=refresh}"] == 1
    assert samples["feedmill_job_failures_total{job=prune}"] == 0
    assert samples["feedmill_job_last_run_timestamp_seconds{job=prune}"] == MONDAY.timestamp()
    assert samples["feedmill_job_last_run_timestamp_seconds{job=refresh}"] == MONDAY.timestamp() + 60


def test_the_store_is_told_as_it_is_now():
    metrics = Metrics()
    metrics.exposition(inventory(due=9))
    samples = told(metrics, inventory())
    assert samples["feedmill_sources{state=active}"] == 7
    assert samples["feedmill_sources{state=failing}"] == 2
    assert samples["feedmill_sources{state=parked}"] == 1
    assert samples["feedmill_sources{state=gone}"] == 0
    assert samples["feedmill_sources_due"] == 3
    assert samples["feedmill_queue_lag_seconds"] == 120
    assert samples["feedmill_articles"] == 500
    assert samples["feedmill_tombstones"] == 40


def test_without_the_store_the_rest_is_told_and_no_old_number_of_it():
    metrics = Metrics()
    metrics.observe(refresh())
    metrics.exposition(inventory())
    samples = told(metrics)
    assert samples["feedmill_refreshes_total{status=fetched}"] == 1
    assert not {"feedmill_articles", "feedmill_sources_due", "feedmill_queue_lag_seconds"} & samples.keys()


def test_it_tells_the_version_and_what_the_process_takes():
    samples = told(Metrics())
    assert samples[f"feedmill_build_info{{version={__version__}}}"] == 1
    if sys.platform == "linux":
        assert samples["process_resident_memory_bytes"] > 1_000_000
        assert samples["process_cpu_seconds_total"] > 0


def test_names_follow_prometheus_conventions():
    metrics = Metrics()
    metrics.ticked("refresh", 1, True, now=MONDAY)
    units = ("_seconds", "_bytes", "_total", "_info")
    without_unit = {"feedmill_sources", "feedmill_sources_due", "feedmill_articles", "feedmill_tombstones"}
    for family in text_string_to_metric_families(metrics.exposition(inventory()).decode()):
        if family.name.startswith("feedmill_"):
            assert family.documentation.endswith(".")
            assert family.type != "unknown"
            names = {sample.name for sample in family.samples}
            assert not any(name.endswith("_created") for name in names)
            assert family.name in without_unit or family.name.endswith(units) or all(n.endswith(units) for n in names)
            assert family.type != "counter" or all(name.endswith("_total") for name in names)


def test_a_thousand_sources_make_no_more_series_than_one():
    one, many = Metrics(), Metrics()
    one.observe(refresh())
    for number in range(1000):
        many.observe(refresh(source=f"source-{number}", problem=f"problem {number}"))
    assert told(one).keys() == told(many).keys()


def test_two_daemons_in_one_process_count_apart_and_leave_the_librarys_registry_alone():
    one, other = Metrics(), Metrics()
    one.observe(refresh())
    assert told(other)["feedmill_refreshes_total{status=fetched}"] == 0
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("feedmill")]


def test_threads_lose_no_count_while_others_ask():
    metrics = Metrics()

    def work() -> None:
        for _ in range(500):
            metrics.observe(refresh(new=1, fetch_seconds=1, seconds=1, size=2000))
        assert told(metrics, inventory())["feedmill_articles"] == 500

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples = told(metrics)
    assert samples["feedmill_articles_new_total"] == samples["feedmill_fetch_seconds_count"] == 4000
    assert samples["feedmill_fetch_seconds_sum"] == 4000


def test_commands_do_without_prometheus():
    code = "import sys, feeds.cli.fetch, feeds.cli.sources; print(sorted(n for n in sys.modules if 'prometheus' in n))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).strip() == "[]"
