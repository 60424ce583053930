"""An entry made an article: complete, sanitized, dated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from feeds.normalizing import dating, extensions, identity, languages, likeness, links, urls
from feeds.normalizing.categories import Labels, assign, tidy
from feeds.normalizing.html import first_image, sanitize
from feeds.normalizing.tellings import telling
from feeds.normalizing.text import plain_text, text_of
from feeds.records import (
    Article,
    Enclosure,
    Entry,
    Known,
    Link,
    Origin,
    Person,
    RawOrigin,
    Source,
    Tag,
    Text,
    replace,
)

MAX_LABEL = 300  # characters of a name, a tag or a link's title
MAX_RIGHTS = 5_000
MAX_LABELS = 200  # tags, links, enclosures or authors of one article

_NOTHING = "&nbsp;"  # how our Atom, where an entry without an address must have content, says that there is none
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,60}")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,80}/[\w.+*-]{1,120}(?: *; *[\w.+-]+=\"?[\w.,+ -]*\"?){0,5}", re.ASCII)
_EMAIL = re.compile(r"(?:mailto:)?([^\s@:/<>\"'&()\[\]\x00-\x1f\x7f]{1,100}@[\w.-]{1,200})", re.IGNORECASE)


def changes(entries: Mapping[str, Entry], known: Mapping[str, Known]) -> dict[str, Entry]:
    """Those of the `entries`, by the guids that `identify` gives them, that the store does not hold as they are now:
    the only ones worth normalizing. What is gone from the store stays away."""
    stored = {one.guid: one for one in known.values()}
    return {
        guid: entry
        for guid, entry in entries.items()
        if guid not in stored or not (stored[guid].is_gone or stored[guid].raw_digest == entry.raw_digest)
    }


def normalize(
    entry: Entry,
    guid: str,
    source: Source,
    *,
    labels: Labels,
    authority: str,
    now: datetime,
    taking: dating.Taking = dating.AS_IT_IS,
) -> Article:
    """An entry made ours: complete, sanitized, dated.

    `labels` are what the categories are called, `authority` is the host in whose name ids are minted, `taking` is how
    the source's dates are to be taken.
    """
    url = identity.link_of(entry)
    base_url = urls.absolute(entry.base_url, entry.document_url) or url or entry.document_url
    title = plain_text(entry.title)[: identity.MAX_TITLE]
    content_html, summary_html = (
        "" if html == _NOTHING else html
        for html in (sanitize(text, base_url=base_url) for text in (entry.content, entry.summary))
    )
    if summary_html == content_html:
        summary_html = ""
    enclosures = _enclosures(entry.enclosures, base_url)
    tags = _tags(entry.tags)
    own = tuple(tidy(_label(name, is_html=False)) for name in entry.categories[:MAX_LABELS])
    dates = dating.dated(entry, source, taking, now=now)
    minted = identity.mint(authority, source.name, guid)
    told = telling(source=source.name, url=url, title=title, html=max(content_html, summary_html, key=len))
    article = Article(
        source=source.name,
        guid=guid,
        url=url,
        title=title,
        summary_html=summary_html,
        content_html=content_html,
        authors=_people(entry.authors, base_url),
        tags=tags,
        own_categories=own,
        categories=assign(source.categories, own, tags, labels),
        published=dates.published,
        updated=dates.updated,
        date_from=dates.date_from,
        date_note=dates.note,
        held_at=now if dates.is_ahead else None,
        language=_language(entry, f"{title}\n{content_html or summary_html}"),
        links=_links(entry.links, base_url, url),
        enclosures=enclosures,
        image=urls.absolute(entry.image, base_url) or first_image(content_html) or first_image(summary_html),
        rights=plain_text(entry.rights)[:MAX_RIGHTS],
        origin=_origin(entry.origin or RawOrigin(), entry.document_url, identity.mint(authority, source.name, "")),
        fingerprint=identity.fingerprint(title, summary_html, content_html, enclosures),
        raw_digest=entry.raw_digest,
        path=entry.path,
        atom_id=identity.atom_id(guid, minted),
        minted_id=minted,
        link_key=links.key_of(told.link),
        title_key=likeness.title_key(told.title),
        bands=likeness.bands(told),
    )
    if not entry.extensions:
        return article
    return replace(article, extensions=extensions.tame(entry.extensions, article, base_url=base_url))


def _language(entry: Entry, html: str) -> str:
    said = (entry.content.language, entry.language)
    return next((tag for language in said if (tag := languages.tidy(language))), "") or languages.detect(text_of(html))


def _links(links: Sequence[Link], base_url: str, url: str) -> tuple[Link, ...]:
    made = (replace(link, href=urls.absolute(link.href, base_url)) for link in links[:MAX_LABELS])
    return tuple(
        replace(
            link,
            href=url if urls.canonical(link.href) == url else link.href,
            rel=_relation(link.rel),
            media_type=_media_type(link.media_type),
            language=languages.tidy(link.language),
            title=_label(link.title, is_html=False),
        )
        for link in made
        if link.href
    )


def _enclosures(enclosures: Sequence[Enclosure], base_url: str) -> tuple[Enclosure, ...]:
    made = (
        replace(enclosure, url=urls.absolute(enclosure.url, base_url), media_type=_media_type(enclosure.media_type))
        for enclosure in enclosures[:MAX_LABELS]
    )
    return tuple(dict.fromkeys(enclosure for enclosure in made if enclosure.url))


def _people(people: Sequence[Person], base_url: str) -> tuple[Person, ...]:
    made = (
        Person(
            name=_label(person.name),
            email=_email(person.email),
            url=urls.absolute(person.url, base_url),
        )
        for person in people[:MAX_LABELS]
    )
    return tuple(dict.fromkeys(person for person in made if person != Person()))


def _tags(tags: Sequence[Tag]) -> tuple[Tag, ...]:
    made = (
        Tag(
            term=_label(tag.term),
            scheme=urls.absolute(tag.scheme),
            label=_label(tag.label),
        )
        for tag in tags[:MAX_LABELS]
    )
    return tuple(dict.fromkeys(tag for tag in made if tag.term))


def _origin(raw: RawOrigin, base_url: str, minted: str) -> Origin:
    """The source as it describes itself; with the `minted` id where it has neither an id nor an address."""
    site_url, feed_url = urls.absolute(raw.site_url, base_url), urls.absolute(raw.feed_url, base_url)
    return Origin(
        guid=identity.atom_id(identity.tame(raw.guid), feed_url or site_url or minted),
        title=plain_text(raw.title)[: identity.MAX_TITLE],
        site_url=site_url,
        feed_url=feed_url,
        updated=raw.updated.replace(microsecond=0) if raw.updated else None,
        rights=plain_text(raw.rights)[:MAX_RIGHTS],
        icon=urls.absolute(raw.icon, base_url),
        language=languages.tidy(raw.language),
        authors=_people(raw.authors, base_url),
        is_stated=raw.is_stated,
    )


def _label(value: str, *, is_html: bool = True) -> str:
    return plain_text(Text(value=value, is_html=is_html))[:MAX_LABEL]


def _relation(value: str) -> str:
    """A name or an IRI (RFC 4287, section 4.2.7.2); `related`, which says little, where it is neither."""
    word = next(iter(value.split()), "alternate")
    return word if _NAME.fullmatch(word) or identity.atom_id(identity.tame(word), "") == word else "related"


def _media_type(value: str) -> str:
    """`type/subtype`, with the parameters it may have; "" where it is none."""
    return value.strip() if _MEDIA_TYPE.fullmatch(value.strip()) else ""


def _email(value: str) -> str:
    found = _EMAIL.fullmatch(value.strip())
    return found[1] if found else ""
