"""What strangers can make happen as often as they like is told now and then."""

from __future__ import annotations

SECONDS = 60.0


class Seldom:
    """Lets `most` lines through within a minute, and counts the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._since = float("-inf")
        self._told = 0
        self._untold = 0

    def may_tell(self, now: float) -> bool:
        """Whether there is room for another line; `now` in seconds that never go backwards."""
        if now - self._since >= SECONDS:
            self._since, self._told = now, 0
        if self._told >= self._most:
            self._untold += 1
            return False
        self._told += 1
        return True

    def untold(self) -> dict[str, int]:
        """How many lines were held back since this was last asked, as a field of the next; nothing where none was."""
        count, self._untold = self._untold, 0
        return {"untold": count} if count else {}
