"""What has been read of one entry or source: the state that feedparser keeps while it reads, and no more of it.

The order of elements matters in ways that no specification has: the first title that says something stands, the last
guid does, and a second description is the content where no content came before. Each method is given one element.
"""

from __future__ import annotations

from typing import Any

from feeds.parsing.meanings import number
from feeds.parsing.strict.names import XML, UnsureError
from feeds.parsing.strict.reader import Reader
from feeds.parsing.strict.texts import attributes, joined, leaf, resolved, without_references, xhtml
from feeds.records import Enclosure, Extension, Link, Person, RawOrigin, Tag, Text

MAX_TAGS = 100  # of one entry, of thousands that feedparser is ready to look through
MAX_NAME = 500  # characters of an author, as with feedparser

EMPTY = Text()
_NOTHING = (EMPTY, "")
_KINDS = {
    "text": "text",
    "plain": "text",
    "text/plain": "text",
    "html": "html",
    "text/html": "html",
    "xhtml": "xhtml",
    "application/xhtml+xml": "xhtml",
}
_LINK_ATTRIBUTES = frozenset({"href", "rel", "type", "length", "hreflang", "title"})
_TAG_ATTRIBUTES = frozenset({"term", "scheme", "domain", "label"})
_NOBODY = Person()
_HTML_TYPES = ("html", "xhtml", "text/html", "application/xhtml+xml")


class Found:
    """What has been read so far of an entry, a source or a copied entry's source."""

    __slots__ = tuple(
        """
        reader is_entry base scope_language text_base text_language
        guid guid_is_link has_link links original comments enclosures icon logo
        title has_title summary has_summary contents has_content podcast_summary media_description rights language
        authors said_author tags published updated created
        media thumbnail picture_of_media picture extensions gathered origin has_source
        """.split()
    )

    def __init__(self, reader: Reader, base: str, language: str, *, is_entry: bool) -> None:
        self.reader = reader
        self.is_entry = is_entry
        self.base = base
        self.scope_language = language
        self.text_base = "" if base == reader.base_url else base
        self.text_language = language.replace("_", "-").strip()
        self.guid = self.comments = self.original = self.published = self.updated = self.created = ""
        self.language = self.icon = self.logo = self.said_author = ""
        self.picture = self.picture_of_media = self.thumbnail = ""
        self.guid_is_link: bool | None = None
        self.has_link = self.has_source = self.has_title = self.has_summary = self.has_content = False
        self.title = self.summary = self.podcast_summary = self.media_description = self.rights = _NOTHING
        self.contents: list[tuple[Text, str]] = []
        self.links: list[Link] = []
        self.enclosures: list[Enclosure] = []
        self.media: list[Enclosure] = []
        self.authors: list[Person] = []
        self.tags: list[list[str | None]] = []
        self.extensions: list[Extension] = []
        self.gathered = 0
        self.origin: RawOrigin | None = None

    # Texts

    def bare(self, element: Any) -> str:
        """The text of an element that has neither others in it nor attributes."""
        if len(element) or element.keys():
            raise UnsureError(f"elements in {element.tag}, or attributes")
        text = element.text
        return self.reader.clean(text) if text else ""

    def detail(self, element: Any, kind: str = "text") -> tuple[Text, str]:
        """An element's text, and the language it is in even where it says nothing. Its own type goes before `kind`."""
        base, language = self.text_base, self.text_language
        if element.keys():
            kind, base, language = self._said(attributes(element), kind)
        if kind == "xhtml":
            value = xhtml(element)
        else:
            if len(element):
                raise UnsureError(f"elements in {element.tag}")
            value = self.reader.clean(element.text or "")
        if not value:
            return EMPTY, language
        is_html = kind != "text" or not self.reader.is_atom  # only Atom says what is text
        return Text(value=value, is_html=is_html, base_url=base, language=language), language

    def _said(self, said: dict[str, str], kind: str) -> tuple[str, str, str]:
        """The kind of text, its base and its language, as an element's attributes say."""
        kind = _KINDS.get(said.pop("type", kind).lower(), "")
        if not kind or (kind == "xhtml" and not self.reader.is_atom):
            raise UnsureError("a text of some other type")
        if not said:
            return kind, self.text_base, self.text_language
        if said.keys() - {f"{XML}base", f"{XML}lang"}:
            raise UnsureError("a text with unknown attributes")
        base, language = self.reader.scope(said, self.base, self.scope_language)
        return kind, "" if base == self.reader.base_url else base, language.replace("_", "-").strip()

    def read_title(self, element: Any) -> None:
        if not self.has_title:
            self.title = self.detail(element)
            self.has_title = bool(self.title[0].value)
        else:
            self.detail(element)

    def read_media_title(self, element: Any) -> None:
        detail = self.detail(element)
        if self.has_source:  # after which feedparser begins anew, at another depth
            raise UnsureError("a title of a picture after a source")
        if not self.has_title:
            self.title = detail

    def read_summary(self, element: Any) -> None:
        if self.has_summary and not self.has_content:
            self.read_content(element)
        else:
            self.summary = self.detail(element)
            self.has_summary = True

    def read_content(self, element: Any) -> None:
        self.contents.append(self.detail(element))
        self.has_content = self.has_summary = True

    def read_description(self, element: Any) -> None:
        if self.has_summary and not self.has_content:
            self.read_content(element)
        else:
            self.summary = self.detail(element, "html")
            self.has_summary = True

    def read_encoded(self, element: Any) -> None:
        self.contents.append(self.detail(element, "html"))
        self.has_content = self.has_summary = True

    def read_podcast_summary(self, element: Any) -> None:
        self.podcast_summary = self.detail(element)

    def read_media_description(self, element: Any) -> None:
        self.media_description = self.detail(element)

    def read_rights(self, element: Any) -> None:
        self.rights = self.detail(element)

    # Identity and addresses

    def read_guid(self, element: Any) -> None:
        is_link = True
        for name, value in attributes(element).items():
            if name.lower() != "ispermalink":
                raise UnsureError("a guid with unknown attributes")
            is_link = value == "true"
        self.guid = self.reader.clean(leaf(element))
        if self.guid_is_link is None:
            self.guid_is_link = is_link and not self.has_link

    def read_link(self, element: Any) -> None:
        """RSS's, whose address is its text."""
        if len(element) or element.keys():
            raise UnsureError("a link with attributes in RSS")
        address = resolved(self.base, element.text)
        if self.is_entry:
            address = address.replace("&amp;", "&")
        self.has_link = True
        if address:
            self.links.append(Link(href=without_references(address).strip()))

    def read_atom_link(self, element: Any) -> None:
        said = attributes(element)
        if not said.keys() <= _LINK_ATTRIBUTES or "href" not in said or leaf(element).strip():
            raise UnsureError("a link with unknown attributes")
        if len(said) == 1:
            self.has_link = True
            if href := joined(self.base, said["href"]).strip():
                self.links.append(Link(href=href))
            return
        rel, kind = said.get("rel", "alternate").lower(), said.get("type", "html").lower()
        if rel != rel.strip() or not rel:
            raise UnsureError("a link with an odd rel")
        href = joined(self.base, said["href"]).strip()
        self.has_link = self.has_link or (rel == "alternate" and kind in _HTML_TYPES)
        media_type = kind.strip() if "type" in said else ""
        length = number(said.get("length", "").strip())
        if not href:
            return
        if rel == "enclosure" and self.is_entry:
            self.enclosures.append(Enclosure(url=href, media_type=media_type, length=length))
            return
        language, title = said.get("hreflang", "").strip(), said.get("title", "").strip()
        self.links.append(
            Link(href=href, rel=rel, media_type=media_type, length=length, language=language, title=title)
        )

    def read_original(self, element: Any) -> None:
        """FeedBurner's word for what its links lead to in the end."""
        self.original = self.bare(element)

    def read_license(self, element: Any) -> None:
        if address := self.bare(element):
            self.links.append(Link(href=address, rel="license"))

    def read_comments(self, element: Any) -> None:
        if len(element) or element.keys():
            raise UnsureError("comments with attributes")
        self.comments = resolved(self.base, element.text).strip()

    def read_enclosure(self, element: Any) -> None:
        said = attributes(element)
        if not said.keys() <= {"url", "type", "length"} or leaf(element).strip():
            raise UnsureError("an enclosure with unknown attributes")
        if url := said.get("url", "").strip():
            length = number(said.get("length", "").strip())
            self.enclosures.append(Enclosure(url=url, media_type=said.get("type", "").lower().strip(), length=length))

    def read_icon(self, element: Any) -> None:
        self.icon = self._address(element)

    def read_logo(self, element: Any) -> None:
        self.logo = self._address(element)

    def _address(self, element: Any) -> str:
        if element.keys():
            raise UnsureError(f"attributes of {element.tag}")
        leaf(element)
        return resolved(self.base, element.text).strip()

    # People

    def read_author(self, element: Any) -> None:
        if element.keys():
            raise UnsureError("an author with attributes")
        if len(element):
            self.authors.append(self._described(element))
            return
        self.said_author = self.reader.clean(element.text or "")
        if len(self.said_author) > MAX_NAME:
            raise UnsureError("a very long name")
        if self.said_author:
            self.authors.append(self.reader.person(self.said_author, "", ""))

    def _described(self, element: Any) -> Person:
        """A person as Atom has it. What else stands in the element, feedparser would take for a name."""
        if self.said_author or (element.text or "").strip():
            raise UnsureError("an author in two ways")
        name = email = url = ""
        for child in element:
            if (child.tail or "").strip():
                raise UnsureError("an author in two ways")
            match child.tag:
                case "{http://www.w3.org/2005/Atom}name":
                    name = _bare_word(child)
                case "{http://www.w3.org/2005/Atom}email":
                    email = _bare_word(child)
                case "{http://www.w3.org/2005/Atom}uri":
                    url = self._address(child)
                case _:
                    self._pass_over_in_author(child)
        return self.reader.person(name, email, url)

    def _pass_over_in_author(self, element: Any) -> None:
        if (element.text or "").strip():
            raise UnsureError(f"{element.tag} in an author")
        self.pass_over(element)

    # Labels, dates, and the rest

    def read_tag(self, element: Any) -> None:
        if element.keys():
            said = attributes(element)
            if not said.keys() <= _TAG_ATTRIBUTES:
                raise UnsureError("a category with unknown attributes")
            self.add_tag(said.get("term"), said.get("scheme", said.get("domain")), said.get("label"))
        self.say_tag(self.reader.clean(leaf(element)))

    def say_tag(self, term: str) -> None:
        """The text of a tag, whose attributes came before."""
        if not term:
            return
        if self.tags and not self.tags[-1][0]:
            self.tags[-1][0] = term
        else:
            self.add_tag(term, None, None)

    def add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        tag = [term, scheme, label]
        if any(tag) and tag not in self.tags:
            if len(self.tags) >= MAX_TAGS:
                raise UnsureError("very many tags")
            self.tags.append(tag)

    def say_keywords(self, element: Any, scheme: str | None) -> None:
        for term in self.bare(element).split(","):
            if term.strip():
                self.add_tag(term.strip(), scheme, None)

    def read_published(self, element: Any) -> None:
        self.published = self.bare(element)

    def read_updated(self, element: Any) -> None:
        self.updated = self.bare(element)

    def read_created(self, element: Any) -> None:
        self.created = self.bare(element)

    def read_language(self, element: Any) -> None:
        self.language = self.bare(element)

    def pass_over(self, element: Any) -> None:
        """An element that nobody reads, with all that is in it."""
        for one in element.iter() if len(element) else (element,):
            self.reader.names.pass_over(one.tag)
            plain_attributes(one)

    # What became of it

    def people(self) -> tuple[Person, ...]:
        people = self.authors
        if len(people) > 1:
            people = list(dict.fromkeys(people))
        return tuple(person for person in people if person != _NOBODY) if people else ()

    def labels(self) -> tuple[Tag, ...]:
        return tuple([tag for words in self.tags if (tag := self.reader.tag(*words)).term])

    def described(self, feed_url: str = "") -> RawOrigin:
        """What has been read, as the description of a source."""
        date = self.reader.date
        return RawOrigin(
            guid=self.guid,
            title=self.title[0],
            site_url=next((link.href for link in self.links if link.rel == "alternate"), ""),
            feed_url=feed_url or next((link.href for link in self.links if link.rel == "self"), ""),
            updated=date(self.updated) or date(self.published),
            rights=self.rights[0],
            icon=self.icon or self.logo or self.picture,
            language=self.language.strip(),
            authors=self.people(),
        )


def _bare_word(element: Any) -> str:
    """Of a name or a mail address, in which feedparser mends nothing."""
    if element.keys():
        raise UnsureError(f"attributes of {element.tag}")
    return leaf(element).strip()


def plain_attributes(element: Any) -> dict[str, str]:
    """An element's attributes, by their names in lower case; none of them may say what holds for what is in it."""
    said = {name.lower(): value for name, value in attributes(element).items()}
    if not said:
        return said
    if "base" in said or "lang" in said or any(name[0] == "{" for name in said):
        raise UnsureError(f"attributes of {element.tag}")
    return said
