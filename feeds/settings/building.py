"""Keys that were found good → frozen settings, with every default filled in."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import asdict

from feeds import marked_yaml, records
from feeds.errors import SettingsError
from feeds.fetching.politeness import PerHost
from feeds.normalizing import categories as shelving
from feeds.records import Discreet, replace
from feeds.settings import addresses, complaints, environment, headers, names
from feeds.settings.model import DEFAULTS, CategoryKeys, ConfigKeys, FetchKeys, RequestKeys, SourceKeys
from feeds.settings.rules import KINDS


@cache
def _authority(url: str) -> str:
    return (urlsplit(url).hostname or "localhost").replace(":", "-")


class Site(Struct, frozen=True, kw_only=True):
    """What we publish says this about itself."""

    title: str
    url: str  # ends in "/"
    language: str

    @property
    def authority(self) -> str:
        """The host in whose name ids are minted (RFC 4151)."""
        return _authority(self.url)


class Pages(Struct, frozen=True, kw_only=True):
    """The HTML pages that are published."""

    articles: bool  # each article has one of its own
    theme: Path | None  # absolute: the user's templates


class Server(Struct, frozen=True, kw_only=True):
    """Where our own server listens."""

    host: str
    port: int
    base_path: str | None = None  # what a proxy leaves in front of a path; None: the path of the site's address
    hosts: tuple[str, ...] = ()  # that requests are answered for; none: any
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1")


class Push(Struct, frozen=True, kw_only=True):
    """News that nobody has to ask for (WebSub)."""

    hub: str = ""  # "own", or the address of another; "" for none
    subscribe: bool = True  # to sources that name a hub


class Settings(Discreet, frozen=True, kw_only=True):
    """config.yaml, complete."""

    hidden = ("secrets", "text")

    file: Path  # as the user gave it
    site: Site
    database: str  # a SQLAlchemy address
    output: Path  # absolute
    pages: Pages | None  # None: feeds only
    server: Server
    per_host: PerHost
    categories: tuple[records.Category, ...] | None  # None: every category found
    sources: tuple[records.Source, ...]  # in the order of the file
    defaults: records.Source  # what `fetch:` says, for an address that is no source
    secrets: tuple[str, ...]  # of the database and all sources: no output may show them
    text: str  # of the file
    push: Push = Push()
    private_output: Path = Path("public.private")  # absolute; what only our server gives away, for a password
    stories: bool = True  # one that several sources tell is shown once

    @property
    def hub_url(self) -> str:
        """The hub that our feeds name; "" for none."""
        return f"{self.site.url}hub" if self.push.hub == "own" else self.push.hub

    def place(self, *path: str | int) -> str:
        """Where a value stands, as `config.yaml:12: sources[3].path`."""
        return complaints.place(self.file, _lines(self.text), path)


@lru_cache(maxsize=1)
def _lines(text: str) -> Mapping[marked_yaml.Path, int]:
    """Of each value. Read anew when somebody asks, which is seldom: they would take more room than all settings."""
    return marked_yaml.load(text).lines


class Folder(Struct, frozen=True):
    """What relative paths and `~/` start from."""

    path: Path
    home: str

    def absolute(self, written: str) -> Path:
        """A path of the config as an absolute one."""
        if written == "~" or written.startswith("~/"):
            if not self.home:
                raise SettingsError(f"{written} cannot be found, for HOME is not set; write the path out")
            return Path(self.home, written[2:])
        return self.path / written


def settings(keys: ConfigKeys, tree: dict[str, Any], *, file: Path, home: str, text: str) -> Settings:
    """The settings that `keys` describe; `tree` is the same as written, which knows what is secret."""
    folder = Folder(file.absolute().parent, home)
    sources = tuple(_sources(keys, tree, folder))
    defaults = _defaults(keys, tree, folder)
    of_sources = (secret for each in (defaults, *sources) for secret in each.secrets)
    output = folder.absolute(keys.output)
    return Settings(
        file=file,
        site=Site(**asdict(keys.site)),
        database=_database(keys.database, folder),
        output=output,
        private_output=folder.absolute(keys.private_output) if keys.private_output else beside(output),
        pages=_pages(keys, folder),
        server=_server(keys),
        per_host=PerHost(**asdict(keys.fetch.per_host)),
        push=Push(**asdict(keys.push)),
        stories=keys.stories,
        categories=None if keys.categories is None else tuple(_categories(keys)),
        sources=sources,
        defaults=defaults,
        secrets=addresses.longest_first({*of_sources, *addresses.worth_hiding(_own_secrets(keys, tree))}),
        text=text,
    )


def beside(output: Path) -> Path:
    """Where the files that need a password lie, unless the config says else."""
    return output.with_name(f"{output.name}.private")


def _server(keys: ConfigKeys) -> Server:
    told = keys.server
    return Server(
        host=told.host,
        port=told.port,
        base_path=told.base_path,
        hosts=tuple(told.hosts),
        trusted_proxies=tuple(told.trusted_proxies),
    )


def _pages(keys: ConfigKeys, folder: Folder) -> Pages | None:
    if keys.pages is None:
        return None
    theme = keys.pages.theme
    return Pages(articles=keys.pages.articles, theme=None if theme is None else folder.absolute(theme))


def _categories(keys: ConfigKeys) -> Iterator[records.Category]:
    for each in keys.categories or ():
        aliases = tuple(dict.fromkeys(each.aliases))
        yield records.Category(
            name=each.name,
            slug=_slug(each),
            title=each.title or each.name,
            aliases=aliases,
            limit=each.limit,
            keep=each.keep,
            keep_for=each.keep_for,
            private=records.Private(**asdict(each.private)) if each.private else None,
            stories=keys.stories if each.stories is None else each.stories,
            notices=each.notices,
        )


def _slug(keys: CategoryKeys) -> str:
    """Nothing where the store gives it one. The server asks for a password there, so it has to know the place."""
    if keys.private is None:
        return keys.slug
    return keys.private.path or keys.slug or shelving.slugs(keys.name)[0]


def _sources(keys: ConfigKeys, tree: dict[str, Any], folder: Folder) -> Iterator[records.Source]:
    taken = {each.name for each in keys.sources if each.name}
    for each, written in zip(keys.sources, tree.get("sources") or (), strict=True):
        secrets = addresses.worth_hiding(_secrets(each, keys.fetch, written, tree.get("fetch") or {}))
        name = each.name or names.unique(_derived_name(each, secrets), taken)
        taken.add(name)
        yield _source(each, keys.fetch, name, secrets, folder)


def _derived_name(keys: SourceKeys, secrets: tuple[str, ...]) -> str:
    if keys.url:
        return names.from_url(addresses.split(keys.url).url, secrets)
    return replace(DEFAULTS, secrets=secrets).redact(names.from_path(keys.path or ""))


_SHARED = set(RequestKeys.__struct_fields__) - {"headers", "cookies", "documents"}


def _source(keys: SourceKeys, fetch: FetchKeys, name: str, secrets: tuple[str, ...], folder: Folder) -> records.Source:
    place = addresses.split(keys.url or "")
    shared = _given(fetch) | _given(keys)
    shared["max_interval"] = max(
        shared.get("max_interval", DEFAULTS.max_interval), shared.get("interval", DEFAULTS.interval)
    )
    times = shared.pop("schedule", None)  # which a folder, looked at in every round, has no use for
    return records.Source(
        name=name,
        kind=keys.kind or KINDS["url" if keys.url else "path"][0],
        url=place.url,
        path=_path(keys.path, folder) if keys.path else "",
        base_url=keys.base_url or "",
        categories=tuple(dict.fromkeys(filter(shelving.tidy, keys.categories))),
        documents=_documents(keys, fetch),
        headers=tuple(_headers(keys, fetch).values()),
        auth=_auth(keys) or place.auth,
        priority=keys.priority,
        schedule=times.schedule(shared.get("timezone", DEFAULTS.timezone)) if times and not keys.path else None,
        secrets=secrets,
        **shared,
    )


def _defaults(keys: ConfigKeys, tree: dict[str, Any], folder: Folder) -> records.Source:
    nothing = SourceKeys()
    secrets = addresses.worth_hiding(_secrets(nothing, keys.fetch, tree.get("fetch") or {}))
    return replace(_source(nothing, keys.fetch, "", secrets, folder), kind="")


def _given(keys: RequestKeys) -> dict[str, Any]:
    return {key: value for key in _SHARED if (value := getattr(keys, key)) is not None}


def _documents(*levels: RequestKeys) -> records.KeptDocuments:
    """What a source says of its documents, else what `fetch:` says."""
    written = [asdict(level.documents) for level in reversed(levels) if level.documents]
    told = {key: value for each in written for key, value in each.items() if value is not None}
    return records.KeptDocuments(**told)


def _headers(keys: SourceKeys, fetch: FetchKeys) -> dict[str, tuple[str, str]]:
    """Everyone's headers and the source's own, which win."""
    both = [*(fetch.headers or {}).items(), *(keys.headers or {}).items()]
    return {name.lower(): (name, value) for name, value in both}


def _auth(keys: SourceKeys) -> str:
    if keys.auth and keys.auth.basic:
        return headers.basic(keys.auth.basic)
    return f"Bearer {keys.auth.bearer}" if keys.auth and keys.auth.bearer else ""


def _path(written: str, folder: Folder) -> str:
    if re.search(r"[*?\[]", written):  # brackets of the folder's own name are no pattern
        folder = replace(folder, path=Path(glob.escape(str(folder.path))), home=glob.escape(folder.home))
    return str(folder.absolute(written))


def _database(written: str, folder: Folder) -> str:
    """SQLite's file beside the config, wherever the command is run."""
    found = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/?:][^?]*)(\?.*)?", written)
    if not found or found[2].startswith("file:"):
        return written
    return f"{found[1]}{folder.absolute(found[2])}{found[3] or ''}"


# Where a variable is a secret. Not a folder's path, as in ${HOME}/articles: its words stand in articles as well.
_MAY_HIDE = ("url", "base_url", "headers", "auth", "proxy")


def _secrets(keys: SourceKeys, fetch: FetchKeys, *written: Mapping[str, Any]) -> Iterator[str]:
    given = list(environment.secrets([mapping.get(key) for mapping in written for key in _MAY_HIDE]))
    places = [addresses.split(url).url for url in (keys.url, keys.base_url) if url and given]
    yield from (each for each in given if not any(addresses.is_plain_part(each, place) for place in places))
    for url in filter(None, (keys.url, keys.base_url, keys.proxy or fetch.proxy)):
        yield from addresses.url_secrets(url)
    for name, value in (keys.headers or {}).items():
        yield from headers.header_secrets(name, value)
    if keys.auth:
        yield keys.auth.bearer or ""
        yield keys.auth.basic or ""
        yield (keys.auth.basic or "").partition(":")[2]
        yield _auth(keys).partition(" ")[2]


def _own_secrets(keys: ConfigKeys, tree: dict[str, Any]) -> Iterator[str]:
    """Those that are no source's."""
    yield from _database_secrets(keys.database, tree)
    yield from _private_secrets(keys)


def _private_secrets(keys: ConfigKeys) -> Iterator[str]:
    for private in (each.private for each in keys.categories or () if each.private):
        yield from (private.path, private.password)


def _database_secrets(url: str, tree: dict[str, Any]) -> Iterator[str]:
    yield from environment.secrets(tree.get("database"))
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    yield from (password, unquote(password))
