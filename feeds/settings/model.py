"""The keys of config.yaml, each with its meaning: docs/configuration.md tells the same to people.

A key without a value (`proxy:`) counts as left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, tzinfo
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from feeds import records
from feeds.marked_yaml import Path
from feeds.settings import addresses, headers, values

DEFAULTS = records.Source(name="", kind="")  # what holds for a source when nobody said anything
MINUTE, HOUR, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=365)

Text: TypeAlias = Annotated[str, BeforeValidator(values.text)]
Line: TypeAlias = Annotated[str, BeforeValidator(values.line)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(values.flag)]
Size: TypeAlias = Annotated[
    int, BeforeValidator(values.size), AfterValidator(values.between(1000, None, "less than 1kB; write more"))
]
Duration: TypeAlias = Annotated[timedelta, BeforeValidator(values.duration)]
Timeout: TypeAlias = Annotated[
    Duration,
    AfterValidator(
        values.between(timedelta(seconds=1), timedelta(hours=1), "not between 1s and 1h; write for instance 30s")
    ),
]
Interval: TypeAlias = Annotated[
    Duration, AfterValidator(values.between(MINUTE, None, "less than 1m; write 1m or more"))
]
EveryonesInterval: TypeAlias = Annotated[
    Duration,
    AfterValidator(
        values.between(HOUR, None, "less than 1h for every source; write 1h or more, and lower it per source")
    ),
]
Keep: TypeAlias = Annotated[
    int,
    BeforeValidator(values.whole),
    AfterValidator(
        values.between(1, 10**9, "not between 1 and 1000000000; leave the key out, and every article is kept")
    ),
]
KeepFor: TypeAlias = Annotated[
    Duration,
    AfterValidator(values.between(HOUR, 1000 * YEAR, "not between 1h and 1000y; write for instance 90d or 2y")),
]
Texts: TypeAlias = Annotated[list[Text], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
UserAgent: TypeAlias = Annotated[Line, AfterValidator(headers.header_value)]
Headers: TypeAlias = dict[
    Annotated[str, AfterValidator(headers.header_name)], Annotated[str, BeforeValidator(headers.header_value)]
]


def _section(description: str) -> Any:
    """Keys below a key. Left out, they are read from nothing by the reader of the whole, which is built once; an
    instance as default would need a reader of its own."""
    return Field(default_factory=dict, validate_default=True, description=description)


class Keys(BaseModel):
    """Base of all: a key that is not known is a complaint."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, written: object) -> object:
        if not isinstance(written, dict):
            return written
        return {key: value for key, value in written.items() if value is not None or key not in cls.model_fields}


class SiteKeys(Keys):
    """`site:` what we publish says about itself."""

    title: Line = Field(
        default="feedmill", description="The name of what you publish, and the title of the feed of everything."
    )
    url: Annotated[str, BeforeValidator(addresses.site_address)] = Field(
        default="http://localhost:8080/", description="The public base address: feeds name it in their links and ids."
    )
    language: Annotated[str, BeforeValidator(values.language)] = Field(
        default="", description="The language of your feeds, as a tag such as en or zh-Hans; left out, feeds name none."
    )


class ServerKeys(Keys):
    """`server:` where `feedmill serve` and `feedmill run` listen."""

    host: Line = Field(
        default="127.0.0.1", description="The address to listen on; 0.0.0.0 is every address of the machine."
    )
    port: Annotated[
        int,
        BeforeValidator(values.whole),
        AfterValidator(values.between(0, 65_535, "not between 0 and 65535; write for instance 8080")),
    ] = Field(default=8080, description="The port to listen on; 0 takes any free one.")
    base_path: Annotated[str, BeforeValidator(addresses.base_path)] | None = Field(
        default=None, description="What a proxy leaves in front of each path, such as /planet; / for nothing."
    )
    hosts: Annotated[list[str], BeforeValidator(addresses.hosts)] = Field(
        default_factory=list, description="The names that requests are answered for; left out, any."
    )
    trusted_proxies: Annotated[list[str], BeforeValidator(addresses.networks)] = Field(
        default_factory=lambda: ["127.0.0.0/8", "::1"],
        description="The addresses and networks of proxies whose X-Forwarded-For is believed.",
    )


class PushKeys(Keys):
    """`push:` news that nobody has to ask for (WebSub)."""

    hub: Annotated[str, BeforeValidator(addresses.hub)] = Field(
        default="",
        description="The hub that your feeds name: own for feedmill's, or the address of another; left out, none.",
    )
    subscribe: Flag = Field(
        default=True, description="Whether sources that name a hub are subscribed to, where site.url is public."
    )


class PagesKeys(Keys):
    """`pages:` HTML pages of what is published; false for none."""

    articles: Flag = Field(default=False, description="Whether each article has a page of its own.")
    theme: Annotated[str, BeforeValidator(values.file_path)] | None = Field(
        default=None, description="A folder of templates and assets that are used instead of feedmill's own."
    )


class PerHostKeys(Keys):
    """`fetch.per_host:` how gently one host is asked."""

    connections: Annotated[
        int,
        BeforeValidator(values.whole),
        AfterValidator(values.between(1, 2, "not 1 or 2; more at a time is unkind to a host")),
    ] = Field(default=2, description="How many requests may be under way at one host at a time: 1 or 2.")
    spacing: Duration = Field(
        default=timedelta(seconds=1), description="The pause between the starts of two requests to one host."
    )


class DocumentsKeys(Keys):
    """`documents:` what is kept of what sources sent, for `feedmill replay` and `feedmill why`."""

    keep: (
        Annotated[
            int,
            BeforeValidator(values.whole),
            AfterValidator(values.between(0, 1000, "not between 0 and 1000; write for instance 5, or 0 for none")),
        ]
        | None
    ) = Field(default=None, description="How many of a source's latest documents are kept as it sent them: 3; 0, none.")
    max_size: Size | None = Field(default=None, description="The largest document that is kept: 2MB.")


class RequestKeys(Keys):
    """What may be said for every source under `fetch:`, and again for one source."""

    interval: Interval | None = Field(default=None, description="How long to wait between two requests to a source.")
    max_interval: Interval | None = Field(
        default=None, description="The longest wait between two requests to a source that rarely has anything new."
    )
    schedule: Annotated[values.Times, BeforeValidator(values.times)] | None = Field(
        default=None,
        description="The times to read a source at, as cron writes them, such as 0 7 * * mon-fri, in the source's "
        'timezone; "" for none.',
    )
    timeout: Timeout | None = Field(
        default=None, description="How long fetching a source may take, redirects included."
    )
    max_size: Size | None = Field(default=None, description="The largest document that is read, after decompression.")
    keep: Keep | None = Field(
        default=None, description="How many of its newest articles are kept; left out, all of them."
    )
    keep_for: KeepFor | None = Field(
        default=None, description="How long an article is kept, from its date on, such as 2y; left out, for ever."
    )
    flood_guard: Flag | None = Field(
        default=None,
        description="Whether old articles that come again under new ids are known, and floods of unknown ones held.",
    )
    documents: DocumentsKeys | None = Field(
        default=None, description="Which documents are kept as they came: {keep: 3, max_size: 2MB}."
    )
    dates: Annotated[records.Dates, BeforeValidator(values.dates)] | None = Field(
        default=None,
        description="How a source's dates are taken: auto, believe, first-seen, or shifted, such as -8h.",
    )
    future: Annotated[records.Future, BeforeValidator(values.future)] | None = Field(
        default=None,
        description="What becomes of an entry dated ahead: clamp to its first sight, hold until then, or drop.",
    )
    timezone: Annotated[tzinfo, BeforeValidator(values.timezone)] | None = Field(
        default=None, description="The time zone of dates that carry none, such as Europe/Paris."
    )
    headers: Headers | None = Field(default=None, description="Headers to send with each request.")
    proxy: Annotated[str, BeforeValidator(addresses.proxy)] | None = Field(
        default=None, description='The proxy to ask through; "" for none.'
    )
    user_agent: UserAgent | None = Field(default=None, description="The User-Agent to send instead of feedmill's own.")
    verify_tls: Flag | None = Field(
        default=None, description="Whether certificates are checked; false trusts any server."
    )
    allow_private_addresses: Annotated[bool | tuple[str, ...], BeforeValidator(addresses.private_addresses)] | None = (
        Field(
            default=None,
            description="Whether hosts of your own network may be asked: true, false, or a list of addresses, networks "
            "and host:port.",
        )
    )
    cookies: Annotated[bool, BeforeValidator(values.never)] | None = Field(
        default=None, description="Only false: feedmill never sends cookies."
    )


class FetchKeys(RequestKeys):
    """`fetch:` defaults for every source."""

    interval: EveryonesInterval | None = Field(
        default=None,
        description="How long to wait between two requests to a source; at least 1h here, less only per source.",
    )
    per_host: PerHostKeys = _section("How gently one host is asked.")


class AuthKeys(Keys):
    """`auth:` of a source; one of the two."""

    basic: Annotated[str, BeforeValidator(headers.credentials)] | None = Field(
        default=None, description="`USER:PASSWORD` for a source that asks for them."
    )
    bearer: Annotated[str, BeforeValidator(headers.bearer_token)] | None = Field(
        default=None, description="A token, sent as `Authorization: Bearer TOKEN`."
    )


class SourceKeys(RequestKeys):
    """One of `sources:`."""

    name: Line | None = Field(
        default=None,
        description="What the source is called; left out, it is made from the address.",
    )
    url: Annotated[str, BeforeValidator(addresses.web_address)] | None = Field(
        default=None, description="The http or https address of a feed; either this or path."
    )
    path: Annotated[str, BeforeValidator(values.file_path)] | None = Field(
        default=None, description="A file, a folder or a glob of articles or feed documents; either this or url."
    )
    kind: Text | None = Field(
        default=None, description="http or folder, known from url or path; opml for a list of sources on the web."
    )
    categories: Texts = Field(default=[], description="The categories of its articles: a list, or one name.")
    base_url: Annotated[str, BeforeValidator(addresses.web_address)] | None = Field(
        default=None, description="The address that relative links in its documents start from."
    )
    auth: AuthKeys | None = Field(default=None, description="How to log in: basic or bearer.")
    priority: Annotated[
        int,
        BeforeValidator(values.whole),
        AfterValidator(values.between(-1000, 1000, "not between -1000 and 1000; write for instance 10")),
    ] = Field(default=0, description="Of several sources that tell one story, the one with the highest is shown.")


class PrivateKeys(Keys):
    """`private:` of a category; a path, or a user and a password."""

    path: Annotated[str, BeforeValidator(values.private_path)] = Field(
        default="", description="Its folder in addresses, which nobody can guess."
    )
    user: Annotated[str, BeforeValidator(values.user)] = Field(default="", description="Who may read it.")
    password: Annotated[str, BeforeValidator(values.password)] = Field(default="", description="And the password.")


class CategoryKeys(Keys):
    """One of `categories:`; a name alone is short for `{name: NAME}`."""

    name: Text = Field(description="The name, as sources and articles use it.")
    slug: Annotated[str, BeforeValidator(values.slug)] = Field(
        default="", description="Its folder in addresses; left out, it is made from the name."
    )
    title: Text = Field(default="", description="The title of its feed; left out, the name.")
    aliases: Texts = Field(default=[], description="Other names of it, and labels of sources that count as it.")
    limit: Annotated[
        int,
        BeforeValidator(values.whole),
        AfterValidator(values.between(1, 1000, "not between 1 and 1000; write for instance 100")),
    ] = Field(default=100, description="How many articles its feed holds.")
    notices: Flag = Field(default=False, description="Whether its feed says of a revised article that it was revised.")
    keep: Keep | None = Field(
        default=None, description="How many of its newest articles it keeps; left out, all of them."
    )
    keep_for: KeepFor | None = Field(
        default=None, description="How long it keeps an article, from its date on; left out, for ever."
    )
    private: PrivateKeys | None = Field(
        default=None, description="Keeps it from the public: a path that nobody guesses, or a user and a password."
    )
    stories: Flag | None = Field(
        default=None, description="Whether a story that several sources tell is shown once; left out, as for all."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, written: object) -> object:
        return {"name": written} if isinstance(written, str) else written


def _switched(written: object) -> object:
    """True and false for a mapping that may be left empty, and for nothing at all."""
    is_flag = isinstance(written, bool) or (isinstance(written, str) and written.lower() in ("true", "false"))
    return ({} if values.flag(written) else None) if is_flag else written


class ConfigKeys(Keys):
    """config.yaml."""

    site: SiteKeys = _section("What your feeds say about themselves.")
    database: Annotated[str, BeforeValidator(values.database)] = Field(
        default="sqlite:///feedmill.db", description="Where articles are kept: any SQLAlchemy address."
    )
    output: Annotated[str, BeforeValidator(values.file_path)] = Field(
        default="public", description="The folder that the published files are written to."
    )
    private_output: Annotated[str, BeforeValidator(values.file_path)] | None = Field(
        default=None,
        description="The folder of the files that need a password; left out, beside output, with .private behind it.",
    )
    fetch: FetchKeys = _section("Defaults for every source.")
    pages: Annotated[PagesKeys | None, BeforeValidator(_switched)] = _section(
        "HTML pages of what is published; false for none."
    )
    server: ServerKeys = _section("Where feedmill's own server listens.")
    push: PushKeys = _section("News that nobody has to ask for (WebSub).")
    stories: Flag = Field(
        default=True, description="Whether a story that several sources tell is shown once, with the others named."
    )
    categories: list[CategoryKeys] | None = Field(
        default=None, description="What is published; left out, every category that is found."
    )
    sources: list[SourceKeys] = Field(default=[], description="What is read.")


def known_keys(path: Path) -> tuple[str, ...]:
    """The keys that may stand in the mapping at `path`."""
    model: type[BaseModel] = ConfigKeys
    for key in path:
        if isinstance(key, str):
            model = next(_models(model.model_fields[key].annotation))
    return tuple(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
