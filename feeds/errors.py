"""What stops the work. Everyday outcomes (a 304, a dead host) are values in `feeds.records` instead.

FeedmillError
├── SettingsError   the config cannot be used            exit code 2
│   └── NoConfigError   there is none
├── SourceError     one source cannot be read: it is reported, the others go on
│   └── ParseError  its bytes are no document of any format we know
├── StoreError      the database cannot be read or written    exit code 1
│   └── StoreUnavailableError   and that may pass by itself: locked, full, out of reach
├── BusyError       another process is doing it already       exit code 1
├── OutputError     a published file cannot be written        exit code 1
│   └── ThemeError      a template fails; the other pages go their way
├── ServingError    our server cannot listen                  exit code 1
└── NotFoundError   what was asked for by name does not exist  exit code 1
"""

from __future__ import annotations


class FeedmillError(Exception):
    """Base of all; its text is ready for a person: who, what was seen, what would help."""


class SettingsError(FeedmillError):
    """The config cannot be used; one line a complaint, each `file:line: path: what; what would help`."""


class NoConfigError(SettingsError):
    """There is no config where one is looked for."""


class SourceError(FeedmillError):
    """One source cannot be read."""


class ParseError(SourceError):
    """The bytes of a source are no document that we can read."""


class StoreError(FeedmillError):
    """The database cannot be opened, read or written."""


class StoreUnavailableError(StoreError):
    """The database cannot be read or written now; nothing is wrong with what was to be written."""


class RenamedError(StoreError):
    """A source is no longer called as it was when somebody began to read it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"is no longer called {self.name!r}: the config was changed meanwhile; the next fetch reads it"


class BusyError(FeedmillError):
    """Another process is doing it already."""


class OutputError(FeedmillError):
    """A published file cannot be written."""


class ThemeError(OutputError):
    """A template cannot be used; the text names its file and line."""


class ServingError(FeedmillError):
    """The server cannot listen where it should."""


class NotFoundError(FeedmillError):
    """What was asked for by name does not exist."""
