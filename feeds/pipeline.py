"""The order of the stages, and nothing else: fetch, parse, normalize, store; then publish what was touched."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlsplit

import structlog

from feeds import __version__, fetching, normalizing, parsing
from feeds.clock import Clock
from feeds.errors import FeedmillError, OutputError, ParseError
from feeds.fetching import timing
from feeds.fetching.http import Manners
from feeds.normalizing import categories as shelving
from feeds.normalizing import identity
from feeds.publishing import WRITERS, output
from feeds.records import (
    Article,
    Body,
    Category,
    Document,
    Entry,
    Feed,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    Publication,
    Refresh,
    Source,
    SourceState,
    Validators,
)
from feeds.settings import Settings
from storage import Store, articles, categories, claims, sources

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of refreshes: those that wait for their time, and those that run while they are iterated over."""

    waiting: tuple[Refresh, ...]
    total: int  # how many `refreshes` gives
    refreshes: Generator[Refresh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a source would bring; and what keeps it, or some of it, from coming, in words."""

    articles: tuple[Article, ...] = ()
    problems: tuple[str, ...] = ()


def start_round(
    store: Store, settings: Settings, wanted: Sequence[Source], *, clock: Clock, force: bool = False
) -> Round:
    """Claim those of `wanted` that are due. `force` overrules their due times, never another process at work."""
    now = _whole_seconds(clock.now())
    prepare(store, settings)
    owner = claims.owner()
    with store.begin() as db:
        claimed = sources.claim(db, wanted, now=now, owner=owner, is_alive=claims.is_alive, force=force)
        states = sources.states(db)
    due = {source.name for source, _state in claimed}
    waiting = tuple(
        Refresh(source=source.name, status="waiting", next_fetch_at=states[source.name].next_fetch_at)
        for source in wanted
        if source.name not in due
    )
    refreshes = _refreshes(store, settings, claimed, clock=clock, owner=owner)
    return Round(waiting=waiting, total=len(claimed), refreshes=refreshes)


def prepare(store: Store, settings: Settings) -> None:
    """Make the store follow the config: its sources, its categories' folders, and which articles stand where."""
    listed = settings.categories or ()
    names = {category.name for category in listed} or {name for s in settings.sources for name in _shelves_of(s)}
    chosen = {category.name: category.slug for category in listed if category.slug}
    labels = shelving.by_label(listed)
    with store.begin() as db:
        sources.enroll(db, settings.sources)
        categories.settle(db, names, chosen=chosen, slugs=shelving.slugs)
        digests = sources.shelving_digests(db)
        for source in settings.sources:
            digest = _digest(source.categories, sorted(labels.items()))
            if digests[source.name] != digest:
                articles.reshelve(
                    db,
                    source.name,
                    _assigner(source, labels),
                    slugs=shelving.slugs,
                )
                sources.set_shelving_digest(db, [source.name], digest)
        # A source taken out of the config keeps its articles, off the shelves, until it comes back.
        for name in digests.keys() - {source.name for source in settings.sources}:
            if digests[name] is not None:
                articles.reshelve(db, name, None, slugs=shelving.slugs)
                sources.set_shelving_digest(db, [name], None)


def publish(
    store: Store, settings: Settings, wanted: Sequence[Category | None] | None = None, *, force: bool = False
) -> tuple[Publication, ...]:
    """Write the files of each category (None: of everything) that was touched, or is missing one; with `force`, all.

    Raises OutputError where a file cannot be written; the others are.
    """
    publications: list[Publication] = []
    problems: list[str] = []
    with output.writing(settings.output):
        for category in published(store, settings) if wanted is None else wanted:
            try:
                publications += _publish(store, settings, category, force=force)
            except OutputError as error:
                problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))
    return tuple(publications)


def published(store: Store, settings: Settings) -> tuple[Category | None, ...]:
    """Everything (None), and each category that has a feed: those listed, else every one found, by name."""
    with store.read() as db:
        standing = categories.standing(db)
    if settings.categories is not None:
        return (None, *(replace(c, slug=standing[c.name].slug) for c in settings.categories))
    configured = {name for source in settings.sources for name in _shelves_of(source)}
    found = [
        Category(name=shelf.name, slug=shelf.slug, title=shelf.name)
        for shelf in standing.values()
        if shelf.name is not None and (shelf.touched or shelf.name in configured)
    ]
    return (None, *sorted(found, key=lambda category: category.name))


def preview(settings: Settings, wanted: Sequence[Source], *, clock: Clock) -> Iterator[tuple[Source, Preview]]:
    """What each source would bring, as it arrives. Nothing is stored."""
    now = _whole_seconds(clock.now())
    fresh = [(source, SourceState(name=source.name)) for source in wanted]
    for source, result in fetching.fetch(fresh, clock=clock, manners=_manners(settings)):
        if isinstance(result, FetchFailed):
            yield source, Preview(problems=(source.redact(result.problem),))
            continue
        read, problems = _parse(source, result.bodies if isinstance(result, Fetched) else (), now)
        entries = [entry for _body, document in read for entry in document.entries]
        found = identity.identify(identity.candidates(entries), {})
        made, left_out = _normalize(settings, source, found, now)
        yield source, Preview(articles=made, problems=tuple(source.redact(p) for p in (*problems, *left_out)))


def _refreshes(
    store: Store, settings: Settings, claimed: list[tuple[Source, SourceState]], *, clock: Clock, owner: str
) -> Generator[Refresh]:
    states = {source.name: state for source, state in claimed}
    fetched = fetching.fetch(claimed, clock=clock, manners=_manners(settings))
    try:
        for source, result in fetched:
            began_at = clock.monotonic()
            now = _whole_seconds(clock.now())
            try:
                refresh = _absorb(store, settings, source, states[source.name], result, now=now)
            except FeedmillError:
                raise
            except Exception as error:  # a fault of ours costs this source, not the round; nor is it asked every minute
                log.exception("source could not be refreshed", source=source.name)
                problem = f"could not be read ({error!r}); please report it"
                refresh = _record_failed(store, source, problem, now, now + source.interval)
            seconds = result.seconds + clock.monotonic() - began_at
            refresh = replace(refresh, seconds=seconds, problem=source.redact(refresh.problem))
            log.info(
                "source refreshed",
                source=refresh.source,
                status=refresh.status,
                new=refresh.new,
                revised=refresh.revised,
                seconds=round(seconds, 3),
                problem=refresh.problem,
            )
            yield refresh
    finally:
        fetched.close()
        with store.begin() as db:
            sources.release(db, owner=owner)


def _absorb(
    store: Store, settings: Settings, source: Source, state: SourceState, result: FetchResult, *, now: datetime
) -> Refresh:
    """One source's result, stored: articles and state in one transaction, so that a 304 never hides what was lost."""
    due = timing.next_fetch_at(source, state, result, now)
    match result:
        case NotModified():
            _record_unchanged(store, source, state, timing.merged(state.validators, result.validators), now, due)
            return Refresh(source=source.name, status="unchanged", next_fetch_at=due)
        case FetchFailed():
            return _record_failed(store, source, result.problem, now, due)
    digest = _body_digest(source, result.bodies)
    if digest and digest == state.body_digest:
        _record_unchanged(store, source, state, result.validators, now, due)
        return Refresh(source=source.name, status="unchanged", next_fetch_at=due)
    read, problems = _parse(source, result.bodies, now)
    problems = (*result.problems, *problems)
    if problems and not read and not _has_other_files(state, result):
        failed = FetchFailed(problem=_summed_up(problems), pacing=result.pacing)
        return _record_failed(store, source, failed.problem, now, timing.next_fetch_at(source, state, failed, now))

    found = identity.candidates(entry for _body, document in read for entry in document.entries)
    with store.read() as db:
        known = articles.known(db, source.name, (guid for c in found for guid in (c.guid, c.told_apart)))
    batch, left_out = _normalize(settings, source, normalizing.changes(found, known), now)
    problem = _summed_up((*problems, *left_out, *(p for _body, document in read for p in document.problems)))
    with store.begin() as db:
        saved = articles.save(db, source.name, batch, now=now, slugs=shelving.slugs)
        sources.record_success(
            db,
            source.name,
            now=now,
            next_fetch_at=due,
            validators=result.validators,
            body_digest=digest,
            bodies=(body for body, _document in read),
            problem=problem,
        )
    return Refresh(
        source=source.name,
        status="fetched",
        new=saved.new,
        revised=saved.revised,
        problem=problem,
        next_fetch_at=due,
        categories=saved.categories,
    )


def _record_unchanged(
    store: Store, source: Source, state: SourceState, validators: Validators, now: datetime, due: datetime
) -> None:
    with store.begin() as db:
        sources.record_success(
            db, source.name, now=now, next_fetch_at=due, validators=validators, body_digest=state.body_digest
        )


def _record_failed(store: Store, source: Source, problem: str, now: datetime, due: datetime) -> Refresh:
    problem = source.redact(problem)
    with store.begin() as db:
        sources.record_failure(db, source.name, now=now, next_fetch_at=due, problem=problem)
    return Refresh(source=source.name, status="failed", problem=problem, next_fetch_at=due)


def _parse(
    source: Source, bodies: Sequence[Body], now: datetime
) -> tuple[list[tuple[Body, Document]], tuple[str, ...]]:
    """The bodies that could be read, with their documents; and for the others why not."""
    read: list[tuple[Body, Document]] = []
    problems: list[str] = []
    for body in bodies:
        try:
            read.append((body, parsing.parse(body, source, now=now)))
        except ParseError as error:
            problems.append(f"{body.path}: {error}" if body.path else str(error))
        except Exception as error:  # a fault of ours or of a library costs this document, not the round
            log.exception("document could not be parsed", source=source.name, path=body.path)
            problems.append(f"{body.path or body.url}: could not be parsed ({error!r}); please report it")
    return read, tuple(problems)


def _normalize(
    settings: Settings, source: Source, entries: Mapping[str, Entry], now: datetime
) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    """The articles made of `entries`, by guid; and for each entry that none could be made of, why."""
    labels = shelving.by_label(settings.categories or ())
    authority = _authority(settings)
    batch: list[Article] = []
    problems: list[str] = []
    for guid, entry in entries.items():
        try:
            batch.append(normalizing.normalize(entry, guid, source, labels=labels, authority=authority, now=now))
        except Exception as error:  # one unusable entry costs that entry, never its document
            log.exception("entry could not be normalized", source=source.name, guid=guid)
            problems.append(f"the entry {guid!r} was left out ({error!r}); please report it")
    return tuple(batch), tuple(problems)


def _publish(store: Store, settings: Settings, category: Category | None, *, force: bool) -> list[Publication]:
    with store.read() as db:
        shelf = categories.standing(db)[category.name if category else None]
        digest = _digest(__version__, settings.site, category)
        is_current = shelf.written == shelf.touched and shelf.settings_digest == digest
        paths = [f"{shelf.slug}/{name}" if shelf.slug else name for name in WRITERS]
        if is_current and not force and all((settings.output / path).is_file() for path in paths):
            return []
        limit = category.limit if category else Category(name="").limit
        newest = articles.newest(db, shelf.name, limit=limit)
    feed = _feed(settings, category, newest)
    done = [output.put(settings.output, path, write(feed)) for path, write in zip(paths, WRITERS.values(), strict=True)]
    with store.begin() as db:
        categories.record_written(db, shelf, settings_digest=digest)
    return done


def _feed(settings: Settings, category: Category | None, newest: tuple[Article, ...]) -> Feed:
    site = settings.site
    path, title = (f"category/{quote(category.name, safe='')}", category.title) if category else ("everything", "")
    return Feed(
        id=f"tag:{_authority(settings)},{identity.TAG_YEAR}:{path}",
        title=title or (category.slug if category else site.title),
        folder_url=f"{site.url}{quote(category.slug)}/" if category else site.url,
        site_title=site.title,
        site_url=site.url,
        language=site.language,
        articles=newest,
    )


def _authority(settings: Settings) -> str:
    """The host in whose name ids are minted (RFC 4151)."""
    return (urlsplit(settings.site.url).hostname or "localhost").replace(":", "-")


def _manners(settings: Settings) -> Manners:
    return Manners(user_agent=f"feedmill/{__version__} (+{settings.site.url})", per_host=settings.per_host)


def _assigner(source: Source, labels: Mapping[str, str]) -> articles.Assign:
    return lambda own, tags: shelving.assign(source.categories, own, tags, labels)


def _shelves_of(source: Source) -> tuple[str, ...]:
    return shelving.assign(source.categories, (), (), {})


def _has_other_files(state: SourceState, result: Fetched) -> bool:
    """Whether a folder holds files that were read before and did not change: a broken one beside them costs itself."""
    looked_at = {body.path for body in result.bodies}
    return any(
        path not in looked_at and not any(problem.startswith(f"{path}: ") for problem in result.problems)
        for path in state.stamps
    )


def _summed_up(problems: Sequence[str]) -> str:
    more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
    return problems[0] + more if problems else ""


def _body_digest(source: Source, bodies: Sequence[Body]) -> str:
    """Of the one body of an HTTP source; files have stamps instead."""
    return "" if source.kind == "folder" else hashlib.sha256(bodies[0].content).hexdigest()


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _whole_seconds(moment: datetime) -> datetime:
    """Dates of ours are published, and a feed's dates have no use for fractions."""
    return moment.replace(microsecond=0)
