"""The keys of config.yaml, each with its meaning: docs/configuration.md tells the same to people."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from functools import partial
from typing import Annotated

from msgspec import field

from feeds import records
from feeds.settings import addresses, headers, values
from feeds.settings.keys import Key, Keys, by_name, list_of, mapping

DEFAULTS = records.Source(name="", kind="")  # what holds for a source when nobody said anything
MINUTE, HOUR, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=365)

_size = values.between(values.size, 1000, None, "less than 1kB; write more")
_timeout = values.between(values.duration, timedelta(seconds=1), HOUR, "not between 1s and 1h; write for instance 30s")
_interval = values.between(values.duration, MINUTE, None, "less than 1m; write 1m or more")
_everyones_interval = values.between(
    values.duration, HOUR, None, "less than 1h for every source; write 1h or more, and lower it per source"
)
_spacing = values.between(values.duration, timedelta(0), HOUR, "more than 1h; write for instance 1s")
_keep = values.between(
    values.whole, 1, 10**9, "not between 1 and 1000000000; leave the key out, and every article is kept"
)
_keep_for = values.between(values.duration, HOUR, 1000 * YEAR, "not between 1h and 1000y; write for instance 90d or 2y")
_port = values.between(values.whole, 0, 65_535, "not between 0 and 65535; write for instance 8080")
_connections = values.between(values.whole, 1, 2, "not 1 or 2; more at a time is unkind to a host")
_documents = values.between(values.whole, 0, 1000, "not between 0 and 1000; write for instance 5, or 0 for none")
_priority = values.between(values.whole, -1000, 1000, "not between -1000 and 1000; write for instance 10")
_limit = values.between(values.whole, 1, 1000, "not between 1 and 1000; write for instance 100")


def _texts(written: object) -> list[str]:
    """One alone is short for a list of it."""
    return list_of(values.text)([written] if isinstance(written, str) else written)


def _user_agent(written: object) -> str:
    return headers.header_value(values.line(written))


class SiteKeys(Keys):
    """`site:` what we publish says about itself."""

    title: Annotated[
        str, Key(values.line, "The name of what you publish, and the title of the feed of everything.")
    ] = "feedmill"
    url: Annotated[
        str, Key(addresses.site_address, "The public base address: feeds name it in their links and ids.")
    ] = "http://localhost:8080/"
    language: Annotated[
        str,
        Key(values.language, "The language of your feeds, as a tag such as en or zh-Hans; left out, feeds name none."),
    ] = ""


class ServerKeys(Keys):
    """`server:` where `feedmill serve` and `feedmill run` listen."""

    host: Annotated[str, Key(values.line, "The address to listen on; 0.0.0.0 is every address of the machine.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Key(_port, "The port to listen on; 0 takes any free one.")] = 8080
    base_path: Annotated[
        str | None,
        Key(addresses.base_path, "What a proxy leaves in front of each path, such as /planet; / for nothing."),
    ] = None
    hosts: Annotated[list[str], Key(addresses.hosts, "The names that requests are answered for; left out, any.")] = (
        field(default_factory=list)
    )
    trusted_proxies: Annotated[
        list[str],
        Key(addresses.networks, "The addresses and networks of proxies whose X-Forwarded-For is believed."),
    ] = field(default_factory=lambda: ["127.0.0.0/8", "::1"])


class PushKeys(Keys):
    """`push:` news that nobody has to ask for (WebSub)."""

    hub: Annotated[
        str,
        Key(
            addresses.hub,
            "The hub that your feeds name: own for feedmill's, or the address of another; left out, none.",
        ),
    ] = ""
    subscribe: Annotated[
        bool, Key(values.flag, "Whether sources that name a hub are subscribed to, where site.url is public.")
    ] = True


class PagesKeys(Keys):
    """`pages:` HTML pages of what is published; false for none."""

    articles: Annotated[bool, Key(values.flag, "Whether each article has a page of its own.")] = False
    theme: Annotated[
        str | None,
        Key(values.file_path, "A folder of templates and assets that are used instead of feedmill's own."),
    ] = None


class PerHostKeys(Keys):
    """`fetch.per_host:` how gently one host is asked."""

    connections: Annotated[
        int, Key(_connections, "How many requests may be under way at one host at a time: 1 or 2.")
    ] = 2
    spacing: Annotated[timedelta, Key(_spacing, "The pause between the starts of two requests to one host.")] = (
        timedelta(seconds=1)
    )


class DocumentsKeys(Keys):
    """`documents:` what is kept of what sources sent, for `feedmill replay` and `feedmill why`."""

    keep: Annotated[
        int | None,
        Key(_documents, "How many of a source's latest documents are kept as it sent them: 3; 0, none."),
    ] = None
    max_size: Annotated[int | None, Key(_size, "The largest document that is kept: 2MB.")] = None


class RequestKeys(Keys):
    """What may be said for every source under `fetch:`, and again for one source."""

    interval: Annotated[timedelta | None, Key(_interval, "How long to wait between two requests to a source.")] = None
    max_interval: Annotated[
        timedelta | None,
        Key(_interval, "The longest wait between two requests to a source that rarely has anything new."),
    ] = None
    schedule: Annotated[
        values.Times | None,
        Key(
            values.times,
            "The times to read a source at, as cron writes them, such as 0 7 * * mon-fri, in the source's "
            'timezone; "" for none.',
        ),
    ] = None
    timeout: Annotated[timedelta | None, Key(_timeout, "How long fetching a source may take, redirects included.")] = (
        None
    )
    max_size: Annotated[int | None, Key(_size, "The largest document that is read, after decompression.")] = None
    keep: Annotated[int | None, Key(_keep, "How many of its newest articles are kept; left out, all of them.")] = None
    keep_for: Annotated[
        timedelta | None,
        Key(_keep_for, "How long an article is kept, from its date on, such as 2y; left out, for ever."),
    ] = None
    flood_guard: Annotated[
        bool | None,
        Key(
            values.flag,
            "Whether old articles that come again under new ids are known, and floods of unknown ones held.",
        ),
    ] = None
    documents: Annotated[
        DocumentsKeys | None,
        Key(partial(mapping, DocumentsKeys), "Which documents are kept as they came: {keep: 3, max_size: 2MB}."),
    ] = None
    dates: Annotated[
        records.Dates | None,
        Key(values.dates, "How a source's dates are taken: auto, believe, first-seen, or shifted, such as -8h."),
    ] = None
    future: Annotated[
        records.Future | None,
        Key(values.future, "What becomes of an entry dated ahead: clamp to its first sight, hold until then, or drop."),
    ] = None
    timezone: Annotated[
        tzinfo | None, Key(values.timezone, "The time zone of dates that carry none, such as Europe/Paris.")
    ] = None
    headers: Annotated[dict[str, str] | None, Key(by_name(headers.header), "Headers to send with each request.")] = None
    proxy: Annotated[str | None, Key(addresses.proxy, 'The proxy to ask through; "" for none.')] = None
    user_agent: Annotated[str | None, Key(_user_agent, "The User-Agent to send instead of feedmill's own.")] = None
    verify_tls: Annotated[
        bool | None, Key(values.flag, "Whether certificates are checked; false trusts any server.")
    ] = None
    allow_private_addresses: Annotated[
        bool | tuple[str, ...] | None,
        Key(
            addresses.private_addresses,
            "Whether hosts of your own network may be asked: true, false, or a list of addresses, networks and "
            "host:port.",
        ),
    ] = None
    cookies: Annotated[bool | None, Key(values.never, "Only false: feedmill never sends cookies.")] = None


class FetchKeys(RequestKeys):
    """`fetch:` defaults for every source."""

    interval: Annotated[
        timedelta | None,
        Key(
            _everyones_interval,
            "How long to wait between two requests to a source; at least 1h here, less only per source.",
        ),
    ] = None
    per_host: Annotated[PerHostKeys, Key(partial(mapping, PerHostKeys), "How gently one host is asked.")] = field(
        default_factory=PerHostKeys
    )


class AuthKeys(Keys):
    """`auth:` of a source; one of the two."""

    basic: Annotated[str | None, Key(headers.credentials, "`USER:PASSWORD` for a source that asks for them.")] = None
    bearer: Annotated[str | None, Key(headers.bearer_token, "A token, sent as `Authorization: Bearer TOKEN`.")] = None


class SourceKeys(RequestKeys):
    """One of `sources:`."""

    name: Annotated[
        str | None, Key(values.line, "What the source is called; left out, it is made from the address.")
    ] = None
    url: Annotated[
        str | None, Key(addresses.web_address, "The http or https address of a feed; either this or path.")
    ] = None
    path: Annotated[
        str | None,
        Key(values.file_path, "A file, a folder or a glob of articles or feed documents; either this or url."),
    ] = None
    kind: Annotated[
        str | None, Key(values.text, "http or folder, known from url or path; opml for a list of sources on the web.")
    ] = None
    categories: Annotated[list[str], Key(_texts, "The categories of its articles: a list, or one name.")] = field(
        default_factory=list
    )
    base_url: Annotated[
        str | None, Key(addresses.web_address, "The address that relative links in its documents start from.")
    ] = None
    auth: Annotated[AuthKeys | None, Key(partial(mapping, AuthKeys), "How to log in: basic or bearer.")] = None
    priority: Annotated[
        int, Key(_priority, "Of several sources that tell one story, the one with the highest is shown.")
    ] = 0


class PrivateKeys(Keys):
    """`private:` of a category; a path, or a user and a password."""

    path: Annotated[str, Key(values.private_path, "Its folder in addresses, which nobody can guess.")] = ""
    user: Annotated[str, Key(values.user, "Who may read it.")] = ""
    password: Annotated[str, Key(values.password, "And the password.")] = ""


class CategoryKeys(Keys):
    """One of `categories:`."""

    name: Annotated[str, Key(values.line, "The name, as sources and articles use it.")]
    slug: Annotated[str, Key(values.slug, "Its folder in addresses; left out, it is made from the name.")] = ""
    title: Annotated[str, Key(values.text, "The title of its feed; left out, the name.")] = ""
    aliases: Annotated[list[str], Key(_texts, "Other names of it, and labels of sources that count as it.")] = field(
        default_factory=list
    )
    limit: Annotated[int, Key(_limit, "How many articles its feed holds.")] = 100
    notices: Annotated[bool, Key(values.flag, "Whether its feed says of a revised article that it was revised.")] = (
        False
    )
    keep: Annotated[int | None, Key(_keep, "How many of its newest articles it keeps; left out, all of them.")] = None
    keep_for: Annotated[
        timedelta | None, Key(_keep_for, "How long it keeps an article, from its date on; left out, for ever.")
    ] = None
    private: Annotated[
        PrivateKeys | None,
        Key(
            partial(mapping, PrivateKeys),
            "Keeps it from the public: a path that nobody guesses, or a user and a password.",
        ),
    ] = None
    stories: Annotated[
        bool | None,
        Key(values.flag, "Whether a story that several sources tell is shown once; left out, as for all."),
    ] = None


def _category(written: object) -> CategoryKeys:
    """A name alone is short for `{name: NAME}`."""
    return mapping(CategoryKeys, {"name": written} if isinstance(written, str) else written)


def _pages(written: object) -> PagesKeys | None:
    """True and false for a mapping that may be left empty, and for nothing at all."""
    if isinstance(written, bool) or (isinstance(written, str) and written.lower() in ("true", "false")):
        return PagesKeys() if values.flag(written) else None
    return mapping(PagesKeys, written)


class ConfigKeys(Keys):
    """config.yaml."""

    site: Annotated[SiteKeys, Key(partial(mapping, SiteKeys), "What your feeds say about themselves.")] = field(
        default_factory=SiteKeys
    )
    database: Annotated[str, Key(values.database, "Where articles are kept: any SQLAlchemy address.")] = (
        "sqlite:///feedmill.db"
    )
    output: Annotated[str, Key(values.file_path, "The folder that the published files are written to.")] = "public"
    private_output: Annotated[
        str | None,
        Key(
            values.file_path,
            "The folder of the files that need a password; left out, beside output, with .private behind it.",
        ),
    ] = None
    fetch: Annotated[FetchKeys, Key(partial(mapping, FetchKeys), "Defaults for every source.")] = field(
        default_factory=FetchKeys
    )
    pages: Annotated[PagesKeys | None, Key(_pages, "HTML pages of what is published; false for none.")] = field(
        default_factory=PagesKeys
    )
    server: Annotated[ServerKeys, Key(partial(mapping, ServerKeys), "Where feedmill's own server listens.")] = field(
        default_factory=ServerKeys
    )
    push: Annotated[PushKeys, Key(partial(mapping, PushKeys), "News that nobody has to ask for (WebSub).")] = field(
        default_factory=PushKeys
    )
    stories: Annotated[
        bool, Key(values.flag, "Whether a story that several sources tell is shown once, with the others named.")
    ] = True
    categories: Annotated[
        list[CategoryKeys] | None,
        Key(list_of(_category), "What is published; left out, every category that is found."),
    ] = None
    sources: Annotated[list[SourceKeys], Key(list_of(partial(mapping, SourceKeys)), "What is read.")] = field(
        default_factory=list
    )
