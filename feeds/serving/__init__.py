"""The HTTP server: the published tree, and how the daemon is. It reads, and changes nothing."""

from __future__ import annotations

from feeds.serving.application import application
from feeds.serving.server import Server

__all__ = ["Server", "application"]
