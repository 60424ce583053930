"""Bytes to articles: parsing and normalizing, each fault costing as little as can be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog

from feeds import normalizing, parsing
from feeds.errors import ParseError
from feeds.normalizing import categories as shelving
from feeds.quarantine import run_apart
from feeds.records import Article, Body, Document, Entry, Source
from feeds.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads what one source sent. `is_suspect`: reading it ended our process before, so that it is done apart."""

    source: Source
    labels: Mapping[str, str]  # categories by their names and aliases
    authority: str  # in whose name ids are minted
    now: datetime
    is_suspect: bool = False

    def parse(self, bodies: Sequence[Body]) -> tuple[list[tuple[Body, Document]], tuple[str, ...]]:
        """The bodies that could be read, with their documents; and for the others why not.

        Raises SourceError where a suspect ends its process once more.
        """
        return self._run(parse, bodies, self.source, self.now)

    def normalize(self, entries: Mapping[str, Entry]) -> tuple[tuple[Article, ...], tuple[str, ...]]:
        """The articles made of `entries`, by guid; and for each entry that none could be made of, why."""
        return self._run(normalize, dict(entries), self.source, dict(self.labels), self.authority, self.now)

    def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        return run_apart(function, *arguments) if self.is_suspect else function(*arguments)


def reader(settings: Settings, source: Source, now: datetime, *, is_suspect: bool = False) -> Reader:
    return Reader(
        source=source,
        labels=_labels(settings.categories),
        authority=settings.site.authority,
        now=now,
        is_suspect=is_suspect,
    )


def parse(bodies: Sequence[Body], source: Source, now: datetime) -> tuple[list[tuple[Body, Document]], tuple[str, ...]]:
    read: list[tuple[Body, Document]] = []
    problems: list[str] = []
    for body in bodies:
        try:
            document = parsing.parse(body, source, now=now)
        except ParseError as error:
            problems.append(f"{body.path}: {error}" if body.path else str(error))
        except Exception as error:  # a fault of ours or of a library costs this document, not the round
            log.exception("document could not be parsed", source=source.name, path=body.path)
            problems.append(f"{body.path or body.url}: could not be parsed ({error!r}); please report it")
        else:
            if document.is_cut and not body.is_delimited:  # what came later may be missing, and 304s would hide it
                problems.append("the answer broke off before its end")
            else:
                read.append((body, document))
    return read, tuple(problems)


def normalize(
    entries: Mapping[str, Entry], source: Source, labels: Mapping[str, str], authority: str, now: datetime
) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    batch: list[Article] = []
    problems: list[str] = []
    for guid, entry in entries.items():
        try:
            batch.append(normalizing.normalize(entry, guid, source, labels=labels, authority=authority, now=now))
        except Exception as error:  # one unusable entry costs that entry, never its document
            log.exception("entry could not be normalized", source=source.name, guid=guid)
            problems.append(f"the entry {guid!r} was left out ({error!r}); please report it")
    return tuple(batch), tuple(problems)


def summed_up(problems: Sequence[str]) -> str:
    """One line for all of them."""
    more = f" (and {len(problems) - 1} more; -v tells them)" if len(problems) > 1 else ""
    return problems[0] + more if problems else ""


@functools.lru_cache(maxsize=4)
def _labels(categories: Any) -> dict[str, str]:
    return shelving.by_label(categories or ())
