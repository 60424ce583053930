"""The HTTP server: the published tree, how the daemon is, and what else answers. It changes nothing of the tree."""

from __future__ import annotations

from feeds.serving.application import application
from feeds.serving.doors import Doors, doors
from feeds.serving.links import Links
from feeds.serving.privacy import Privacy, privacy
from feeds.serving.server import Server

__all__ = ["Doors", "Links", "Privacy", "Server", "application", "doors", "privacy"]
