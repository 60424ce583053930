"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any

import msgspec

from feeds.publishing import about, extensions
from feeds.publishing.cleaning import forbidden_in_json
from feeds.records import Article, Enclosure, Feed, Origin, Person

_VERSION = "https://jsonfeed.org/version/1.1"
_NO_TYPE = "application/octet-stream"  # an attachment must have one
# Of sanitized markup, where no text holds a `<`.
_BREAK = re.compile(r"<(?:/?(?:p|div|li|ul|ol|tr|table|blockquote|h[1-6]|pre|figure)|[bh]r)(?=[\s>])", re.IGNORECASE)
_TAG = re.compile(r'<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>')


def write(feed: Feed) -> bytes:
    """The feed as a JSON Feed: the same articles give the same bytes.

    Raises ValueError for characters that XML does not know: they are in no feed of ours.
    """
    document = _present(
        version=_VERSION,
        title=feed.title,
        home_page_url=feed.folder_url,
        feed_url=f"{feed.folder_url}feed.json",
        description=about.description(feed),
        language=feed.language,
        hubs=[{"type": "WebSub", "url": feed.hub}] if feed.hub else [],
    )
    document["items"] = [_item(article, about.language(article, feed)) for article in feed.articles]
    encoded = msgspec.json.encode(document)
    if found := forbidden_in_json(encoded):
        raise ValueError(f"it holds the control character {found.decode()}")
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _item(article: Article, language: str) -> dict[str, Any]:
    item = _present(
        id=article.atom_id,
        url=article.url,
        external_url=_external_url(article),
        title=article.title,
    )
    # One of content_html and content_text must be there, be it empty. A summary alone is all the text there is.
    item["content_html"] = article.content_html or article.summary_html
    return item | _present(
        summary=_plain(article.summary_html) if article.content_html else "",
        image=article.image,
        date_published=_moment(article.published),
        date_modified=_moment(article.updated),
        authors=[_author(person) for person in article.authors],
        tags=list(dict.fromkeys(term for term, _scheme, _label in about.labels(article))),
        language=language,
        attachments=[_attachment(article, enclosure) for enclosure in article.enclosures],
        _feedmill=_present(
            rights=article.rights,
            source=_source(article.origin),
            also_in=[_present(title=copy.title, url=copy.url) for copy in article.copies],
        ),
    )


def _external_url(article: Article) -> str:
    """What a link blog writes about, which Atom calls related."""
    related = (link.href for link in article.links if link.rel == "related" and link.media_type in ("", "text/html"))
    return next(related, "") if article.url else ""


def _author(person: Person) -> dict[str, Any]:
    return _present(name=person.name, url=person.url or (f"mailto:{person.email}" if person.email else ""))


def _attachment(article: Article, enclosure: Enclosure) -> dict[str, Any]:
    attachment = _present(url=enclosure.url, mime_type=enclosure.media_type or _NO_TYPE)
    if enclosure.length is not None:
        attachment["size_in_bytes"] = enclosure.length
    return attachment | _present(duration_in_seconds=extensions.seconds(article, enclosure))


def _source(origin: Origin) -> dict[str, Any]:
    """Where the article came from, for which JSON Feed has no place of its own."""
    return _present(
        id=origin.guid,
        title=origin.title,
        home_page_url=origin.site_url,
        feed_url=origin.feed_url,
        icon=origin.icon,
        rights=origin.rights,
    )


def _present(**members: Any) -> dict[str, Any]:
    """Those members that say something, in the order given."""
    return {name: value for name, value in members.items() if value}


def _plain(html: str) -> str:
    """A summary is plain text in JSON Feed."""
    return " ".join(unescape(_TAG.sub("", _BREAK.sub(r" \g<0>", html))).split())


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
