"""HTML pages of what is published, for people. Pure: the same records and theme give the same bytes."""

from __future__ import annotations

import hashlib
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from markupsafe import Markup
from msgspec import Struct

from feeds.publishing import archives, markup, theming
from feeds.publishing.cleaning import IN_FEEDS, IN_PAGES
from feeds.records import Article, Enclosure, Feed

if TYPE_CHECKING:
    from jinja2 import Environment

FORMATS = (
    ("Atom", "atom.xml", "application/atom+xml"),
    ("RSS", "rss.xml", "application/rss+xml"),
    ("JSON Feed", "feed.json", "application/feed+json"),
)
# What a browser may load for a page of ours: pictures, sound and film from anywhere, styles and fonts of our own,
# nothing that runs. Our server says the same in a header.
SECURITY_POLICY = (
    "default-src 'none'; img-src http: https: data:; media-src http: https:; style-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_FILTERS = ("anchor", "direction", "excerpt", "language_of", "short", "web_address")
ARTICLES = "articles"  # the folder of articles' own pages
_UNKNOWN_WORDS = "en"  # the language of the words where we know none of the page's own


class Place(Struct, frozen=True, kw_only=True):
    """A feed of ours as the pages name it."""

    title: str
    url: str  # of its folder, absolute


class Directory(Struct, frozen=True, kw_only=True):
    """All that is published, beside the feed of everything."""

    categories: tuple[Place, ...] = ()
    sources: tuple[Place, ...] = ()


class Page(Struct, frozen=True, kw_only=True):
    """What a template must know of the page that it makes."""

    root: str  # the site's folder, relative to the page
    folder: str  # the feed's folder, relative to the page
    title: str
    language: str  # "" where it is unknown
    canonical: str = ""  # the original, of a page that is a copy
    is_copy: bool = False  # search engines are to find the original, not this
    has_feeds: bool = True  # beside it lie feeds, and the page that tells how to subscribe

    @property
    def direction(self) -> str:
        return markup.direction(self.language)


def article_path(article: Article) -> str:
    """Where an article's page lies, below the site's folder: letters and digits, whatever its id is made of."""
    return path_of(article.atom_id)


def path_of(atom_id: str) -> str:
    """The same for an article of which only the id is left."""
    digest = _digest(atom_id)
    return f"{ARTICLES}/{digest[:2]}/{digest[2:]}.html"


def anchor(article: Article) -> str:
    """What an article is called within a page: `index.html#…` leads to it, and whoever looks for it finds the page."""
    return anchor_of(article.atom_id)


def anchor_of(atom_id: str) -> str:
    """The same for an article of which only the id is left."""
    return f"a{_digest(atom_id)}"


def _digest(atom_id: str) -> str:
    return hashlib.sha256(IN_FEEDS.out_of(atom_id).encode()).hexdigest()[:32]


class Pages:
    """Makes pages by the templates of a theme, or by ours. `has_articles`: there is a page for each article."""

    def __init__(self, theme: Path | None = None, *, has_articles: bool = False) -> None:
        self._theme = theme
        self._has_articles = has_articles
        self._words: dict[str, dict[str, str]] = {}

    def front(self, feed: Feed, directory: Directory | None = None, *, has_feeds: bool = True) -> bytes:
        """`index.html` of everything, a category or a source: its newest articles, in a few lines each.

        `has_feeds`: they can be subscribed to as well, which those of a source cannot.
        """
        page = _page(feed, title=feed.title, has_feeds=has_feeds)
        return self._rendered("front.html", page, feed.articles, feed=feed, directory=directory)

    def archive(self, feed: Feed, *, has_feeds: bool = True) -> bytes:
        """The page of an archive document. It links to nothing that is not there yet, so it never changes."""
        page = _page(
            feed,
            depth=archives.path(feed.number, "html").count("/"),
            title=f"{feed.title} · {feed.number}",
            is_copy=True,
            has_feeds=has_feeds,
        )
        return self._rendered("archive.html", page, feed.articles, feed=feed)

    def article(self, article: Article, feed: Feed) -> bytes:
        """A page with the whole of an article, for `article_path`; `feed` is that of everything."""
        original = markup.web_address(article.url)
        title = markup.short(article.title, 200) or article.published.strftime("%Y-%m-%d %H:%M")
        page = Page(
            root="../../",
            folder="../../" + _below(feed),
            title=title,
            language=markup.tag(feed.language),
            canonical=original,
            is_copy=True,
        )
        return self._rendered("article.html", page, (article,), feed=feed, article=article)

    def subscribe(self, feed: Feed) -> bytes:
        """`subscribe.html`: what a person sees who opens a feed's address in a browser."""
        page = _page(feed, title=feed.title, is_copy=True)
        return self._rendered("subscribe.html", page, feed.articles, feed=feed)

    def assets(self) -> dict[str, bytes]:
        """The files that the pages need, by their path: `assets/style.css`, and what else the theme brings."""
        return theming.assets(self._theme)

    @property
    def digest(self) -> str:
        """Moves with every file of the theme. Raises ThemeError where one cannot be read."""
        return theming.digest(self._theme)

    @cached_property
    def _environment(self) -> Environment:
        return _ours() if self._theme is None else _environment(self._theme)

    def _rendered(self, template: str, page: Page, known: tuple[Article, ...], **given: Any) -> bytes:
        try:
            words = self._words_in(page.language)
            html = self._environment.get_template(template).render(
                page=page,
                words=words,
                has_articles=self._has_articles,
                whole=lambda html, below: Markup(markup.fitted(html, below=below, picture=words["picture"])),  # noqa: S704 - cleaned by it
                **given,
            )
        # Whatever a template does, it must not keep other pages from being made; it is told, with its cause.
        except Exception as error:
            raise _templates().failure(error, template, self._theme) from error
        return (IN_PAGES.out_of(html) + self._anchors_left_out(html, known)).encode()

    def _anchors_left_out(self, html: str, known: tuple[Article, ...]) -> str:
        """A theme's template may show an article without its anchor; the page must be found by it all the same."""
        left_out = [name for article in known if (name := anchor(article)) not in html] if self._theme else []
        return f"<!-- {' '.join(left_out)} -->\n" if left_out else ""

    def _words_in(self, language: str) -> dict[str, str]:
        """What the templates say, in the page's language where we know it. A theme's words win, one by one."""
        if language not in self._words:
            self._words[language] = self._chosen_words(language)
        return self._words[language]

    def _chosen_words(self, language: str) -> dict[str, str]:
        ours, theirs = (
            getattr(self._environment.get_template(name).module, "languages")  # noqa: B009 - a template's variable
            for name in (f"{theming.OUR_NAME}/words.html", "words.html")
        )
        known = _lookup(language, {*ours, *theirs})
        return {**ours[_UNKNOWN_WORDS], **ours.get(known, {}), **theirs.get(known, {}), "language": known}


def _templates() -> Any:
    """Imported when a page is to be made: most rounds make none, and jinja takes its time."""
    from feeds.publishing import templates

    return templates


@cache
def _ours() -> Environment:
    """Without a theme templates never change, and are compiled once."""
    return _environment(None)


def _environment(theme: Path | None) -> Environment:
    environment: Environment = _templates().environment(theme)
    environment.globals |= {
        "FORMATS": FORMATS,
        "SECURITY_POLICY": SECURITY_POLICY,
        "anchor": anchor,
        "article_path": article_path,
        "direction": markup.direction,
        "excerpt": markup.excerpt,
        "file_name": _file_name,
        "kind": _kind,
        "older_url": lambda feed: archives.previous_url(feed, "html"),
        "language_of": lambda article: markup.tag(article.language),
        "relative": _relative,
        "short": markup.short,
        "size": _size,
        "web_address": markup.web_address,
    }
    # As filters they are called without a detour, which the hundred articles of a page are worth.
    environment.filters |= {name: environment.globals[name] for name in _FILTERS}
    return environment


def _page(feed: Feed, *, title: str, depth: int = 0, is_copy: bool = False, has_feeds: bool = True) -> Page:
    """A page in the feed's folder, or `depth` folders deeper."""
    up = "../" * (depth + _below(feed).count("/"))
    return Page(
        root=up or "./",
        folder="../" * depth or "./",
        title=title,
        language=markup.tag(feed.language),
        is_copy=is_copy or feed.is_private,
        has_feeds=has_feeds,
    )


def _below(feed: Feed) -> str:
    """The feed's folder, relative to the site's; "" for the feed of everything."""
    return feed.folder_url.removeprefix(feed.site_url) if feed.folder_url.startswith(feed.site_url) else ""


def _relative(url: str, feed: Feed, page: Page) -> str:
    """An address of ours from where the page is, so that the tree can be moved; another's as it is."""
    return page.root + url.removeprefix(feed.site_url) if url.startswith(feed.site_url) else markup.web_address(url)


def _lookup(language: str, known: set[str]) -> str:
    """RFC 4647, section 3.4: zh-Hans-CN, then zh-Hans, then zh."""
    parts = language.lower().split("-")
    ranges = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((each for each in ranges if each in known), _UNKNOWN_WORDS)


def _kind(enclosure: Enclosure) -> str:
    """`audio` or `video`, which browsers play; "" for all else."""
    kind = enclosure.media_type.lower().partition("/")[0]
    return kind if kind in ("audio", "video") else ""


def _file_name(enclosure: Enclosure) -> str:
    """What the file is called at its origin; "" where its address does not say."""
    return unquote(urlsplit(enclosure.url).path).rpartition("/")[2]


def _size(length: int | None) -> str:
    """A number of bytes for people; "" where it is not known."""
    if not length or length < 0:
        return ""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if length >= bytes_:
            return f"{length / bytes_:.1f} {unit}"
    return f"{length} B"
