"""Jobs: how often each is run, how long it may take, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from feeds.clock import Clock
from feeds.daemon.metrics import Metrics
from feeds.errors import FeedmillError
from feeds.logs import log

STUCK = 300.0  # seconds without a sign of life from the refreshes


class Job(Struct, frozen=True):
    """What is done every so many ticks. One that runs beyond `deadline` (seconds) makes the daemon unwell, one that
    runs twice as long ends it: APScheduler would skip it for ever, and a service manager starts us anew."""

    name: str
    run: Callable[[], bool | None]  # False: there was nothing to do, and what went wrong last is as it was
    ticks: float
    deadline: float


class Jobs:
    """All jobs of a daemon: which of them are at work, since when, and what went wrong. Any thread may ask."""

    def __init__(self, *jobs: Job, clock: Clock, metrics: Metrics, last_sign_at: Callable[[], float]) -> None:
        self.problems: dict[str, str] = {}  # by what they keep from being done
        self.running: dict[str, float] = {}  # jobs at work, and since when
        self._jobs = jobs
        self._clock = clock
        self._metrics = metrics
        self._last_sign_at = last_sign_at  # of the refreshes

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def run(self, job: Job) -> None:
        """Run a job. What goes wrong is logged; its next run tries again."""
        began_at = self.running[job.name] = self._clock.monotonic()
        problem, has_run = "", True
        try:
            has_run = job.run() is not False
        except FeedmillError as error:
            problem = str(error)
            log.error("job failed", job=job.name, problem=problem)
        except Exception as error:
            problem = f"{error!r}; please report it"
            log.exception("job failed", job=job.name)
        finally:
            self.running.pop(job.name, None)
            if has_run:
                self.note(job.name, problem)
            seconds = self._clock.monotonic() - began_at
            self._metrics.ticked(job.name, seconds, not problem, now=self._clock.now())

    def note(self, what: str, problem: str) -> None:
        """What keeps something from being done; "" once nothing does."""
        if problem:
            self.problems[what] = problem
        else:
            self.problems.pop(what, None)

    def overdue(self, times: int = 1) -> list[str]:
        """What has been running for so many times its deadline."""
        now = self._clock.monotonic()
        since = self.running.copy()
        late = [job.name for job in self if now - since.get(job.name, now) > times * job.deadline]
        if now - self._last_sign_at() > times * STUCK:
            late.append("refreshes")
        return late
