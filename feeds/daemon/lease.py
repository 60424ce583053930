"""One daemon for a store: who runs beside another one does not begin, and who lost the store ends."""

from __future__ import annotations

import os

from feeds.clock import Clock
from feeds.daemon.signals import Signals
from feeds.errors import BusyError
from feeds.logs import log
from storage import Store, claims, leases


class DaemonLease:
    """This process's lease on a store."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self.owner = claims.owner()
        self.store = store
        self._clock = clock

    def take(self) -> None:
        """Be the daemon of the store. Raises BusyError where it has one."""
        now = self._clock.now()
        with self.store.begin() as db:
            lease = leases.take(db, leases.DAEMON, owner=self.owner, now=now, is_alive=claims.is_alive)
        if lease.held_by != self.owner:
            host, pid, _started = lease.held_by.rsplit("/", 2)
            raise BusyError(
                f"{self.store.address}: feedmill run is at work on this store already, as process {pid} on {host} "
                f"since {lease.since:%Y-%m-%d %H:%M} UTC; stop that one, or give this one a database of its own"
            )

    def renew(self) -> None:
        """A sign of life to whoever else would be the daemon of this store."""
        now = self._clock.now()
        with self.store.begin() as db:
            if not leases.renew(db, leases.DAEMON, owner=self.owner, now=now):
                lease = leases.take(db, leases.DAEMON, owner=self.owner, now=now, is_alive=claims.is_alive)
                if lease.held_by != self.owner:
                    log.critical("another daemon has taken over this store", daemon=lease.held_by)
                    os.kill(os.getpid(), Signals.END)

    def release(self) -> None:
        with self.store.begin() as db:
            leases.release(db, leases.DAEMON, owner=self.owner)
