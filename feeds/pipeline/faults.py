"""Faults of ours amid a source's refresh: they cost that source, not the round, nor every minute from now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from feeds.clock import Clock, whole_seconds
from feeds.errors import FeedmillError, RenamedError, SourceError, StoreError, StoreUnavailableError
from feeds.logs import log
from feeds.pipeline import storing
from feeds.pipeline.storing import Visit
from feeds.records import FetchFailed, Pacing, Refresh, replace
from storage import Store

T = TypeVar("T")


def guarded(store: Store, clock: Clock, visit: Visit, stage: Callable[[Visit, datetime], T]) -> T | Refresh:
    """What a stage of a refresh gives; where it fails, the failed refresh, which is stored.

    Raises StoreUnavailableError, after which it can be tried again, and what else has nothing to do with the source.
    """
    now = whole_seconds(clock.now())

    def failed(visit: Visit, problem: str) -> Refresh:
        pacing = getattr(visit.result, "pacing", Pacing())
        return storing.store_failure(store, visit, FetchFailed(problem=problem, pacing=pacing), now=now)

    try:
        return stage(visit, now)
    except SourceError as error:  # reading it ends the process that does, or never ends
        state = replace(visit.state, attempts=max(visit.state.attempts, 1))
        return failed(replace(visit, state=state), str(error))
    except StoreUnavailableError:
        raise
    except RenamedError as error:
        return failed(visit, str(error))
    except StoreError as error:  # nothing is wrong with the store, so it is with what was to be stored
        log.exception("source could not be stored", source=visit.source.name)
        return failed(visit, f"could not be stored ({error}); please report it")
    except FeedmillError:
        raise
    except Exception as error:
        log.exception("source could not be refreshed", source=visit.source.name)
        return failed(visit, f"could not be read ({error!r}); please report it")
