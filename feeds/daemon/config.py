"""The config of a daemon, which may change while it runs."""

from __future__ import annotations

from collections.abc import Callable

from feeds.errors import SettingsError
from feeds.settings import Settings


class Config:
    """The settings as they were in the config's file when it could last be used, and what moved there since."""

    def __init__(self, settings: Settings, *, load: Callable[[], Settings] | None) -> None:
        self.settings = settings
        self.load = load
        self._read = self._marked = self._mark()

    def is_to_be_read(self, *, is_told: bool) -> bool:
        """When told to, or when the file has changed and is the same at two looks: not while it is written."""
        former, self._marked = self._marked, self._mark()
        if not self.load or not (is_told or former == self._marked != self._read):
            return False
        self._read = self._marked
        return True

    def read(self, *, is_told: bool) -> Settings:
        """What the file says now. Raises SettingsError where that cannot be used."""
        assert self.load is not None
        settings = self.load()
        if self.settings.sources and not settings.sources and not is_told:  # more likely an accident than a wish
            raise SettingsError(f"{settings.file}: names no source any more; SIGHUP adopts it all the same")
        return settings

    def _mark(self) -> object:
        """Moves with the config's file; None where there is none."""
        try:
            status = self.settings.file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
