"""Articles in files: front matter (YAML between lines of ---, Hugo's TOML between +++), then HTML or Markdown.

The habits of Hexo, Jekyll and Hugo are read as one; where they differ in a key's name, the first of a list counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import frontmatter

from feeds import marked_yaml
from feeds.errors import ParseError
from feeds.parsing.dates import date_in_address, parse_date
from feeds.parsing.mending import FORBIDDEN
from feeds.parsing.sniffing import BLANK
from feeds.records import Document, Entry, Person, Tag, Text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_GUID = ("guid", "id", "uuid")
_URL = ("permalink", "url", "link", "canonical_url", "canonicalurl", "canonical")
_PUBLISHED = ("date", "published", "published_at", "publishdate", "pubdate", "created", "created_at")
_UPDATED = ("updated", "lastmod", "last_modified_at", "last_modified", "modified", "updated_at")
_SUMMARY = ("description", "summary", "excerpt")
_CATEGORIES = ("categories", "category")
_TAGS = ("tags", "tag", "keywords")
_AUTHORS = ("authors", "author")
_IMAGE = ("headimg", "thumbnail", "cover", "image", "featured_image", "feature_image", "banner", "index_img", "images")
_RIGHTS = ("rights", "copyright", "license")
_LANGUAGE = ("lang", "language", "locale")

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_TOP_LEVEL = re.compile(r"(?P<start>[\w-]+:[ \t]+|[ \t]*-[ \t]+)(?P<value>\S.*?)[ \t]*\Z")


def parse(text: str, *, url: str, base_url: str, zone: tzinfo, now: datetime, path: str = "") -> Document:
    """A document of one entry, or of none where the article is a draft.

    An article without a guid or address of its own is known by `path`, so that an edit is a revision.
    Raises ParseError with the line, where the front matter cannot be read.
    """
    text = FORBIDDEN.sub("", text)
    handler = _Toml(text) if text.lstrip(BLANK).startswith("+++") else _Yaml(text)
    values, body = frontmatter.parse(text.lstrip(BLANK), handler=handler)
    meta = {key.lower(): value for key, value in values.items()}
    entries = () if _is_draft(meta) else (_entry(meta, body, path=path, zone=zone, now=now),)
    return Document(format="frontmatter", url=url, base_url=base_url, entries=entries)


class _Yaml(frontmatter.default_handlers.BaseHandler):
    FM_BOUNDARY = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines_before = "\n" * text.count("\n", 0, text.find("---"))

    def load(self, fm: str) -> dict[str, Any]:
        """Every scalar as its text: `no` is a title and 2021-08-07 02:22:05 a date for our own reader of dates."""
        fm = self.lines_before + fm  # so that errors name the lines of the file
        try:
            marked = marked_yaml.load(fm, plain=True)
        except marked_yaml.YamlError as error:
            try:
                marked = marked_yaml.load(_requoted(fm), plain=True)
            except marked_yaml.YamlError:  # the first error names the fault as it stands in the file
                raise ParseError(f"line {error.line}: front matter cannot be read: {error.reason}") from error
        if not isinstance(marked.value, dict):
            raise ParseError(f"line {len(self.lines_before) + 1}: front matter should be lines of `key: value`")
        return marked.value


class _Toml(frontmatter.default_handlers.BaseHandler):
    FM_BOUNDARY = re.compile(r"^\+\+\+[ \t]*\r?$", re.MULTILINE)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.lines_before = "\n" * text.count("\n", 0, text.find("+++"))

    def load(self, fm: str) -> dict[str, Any]:
        try:
            return tomllib.loads(self.lines_before + fm)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise ParseError(f"front matter cannot be read: {error}") from error


def _requoted(yaml: str) -> str:
    """Scalars quoted anew, for front matter that a template wrote without looking: title: 'It's late'."""
    return "\n".join(_requoted_line(line) for line in yaml.split("\n"))


def _requoted_line(line: str) -> str:
    match = _TOP_LEVEL.match(line.rstrip("\r"))
    if not match:
        return line
    value = match["value"]
    if len(value) > 1 and value[0] == value[-1] == "'":
        inner = value[1:-1].replace("''", "'")
    elif len(value) > 1 and value[0] == value[-1] == '"':
        inner = value[1:-1].replace('\\"', '"')
    elif value[0] in "@`%" or ": " in value or " #" in value:
        inner = value
    else:
        return line
    return match["start"] + "'" + inner.replace("'", "''") + "'"


def _entry(meta: Mapping[str, Any], body: str, *, path: str, zone: tzinfo, now: datetime) -> Entry:
    url = _text(meta, _URL)
    excerpt, more, _rest = _split_at_more(body)
    return Entry(
        guid=_text(meta, _GUID) or ("" if url else path),
        url=url,
        title=Text(value=_text(meta, ("title",)) or ("" if body.strip() else PurePath(path).stem), is_html=True),
        summary=Text(value=_text(meta, _SUMMARY)) or (Text(value=_html(excerpt)) if more else Text()),
        content=Text(value=_html(body)),
        authors=tuple(_person(author) for author in _values(meta, _AUTHORS)),
        tags=tuple(Tag(term=tag) for value in _values(meta, _TAGS) for tag in _comma_separated(value)),
        categories=tuple(dict.fromkeys(str(name).strip() for name in _values(meta, _CATEGORIES))),
        published=parse_date(_text(meta, _PUBLISHED), zone=zone, now=now),
        updated=parse_date(_text(meta, _UPDATED), zone=zone, now=now),
        url_date=date_in_address(path, zone=zone) or date_in_address(url, zone=zone),
        language=_text(meta, _LANGUAGE),
        image=_address(next(iter(_values(meta, _IMAGE)), "")),
        rights=Text(value=_text(meta, _RIGHTS)),
    )


def _is_draft(meta: Mapping[str, Any]) -> bool:
    """Hexo and Hugo say `draft: true`, Jekyll `published: false`."""
    return str(meta.get("draft")).lower() == "true" or str(meta.get("published")).lower() == "false"


def _html(body: str) -> str:
    """Markdown made HTML. A body that begins and ends with a tag is HTML, whatever the file is called."""
    stripped = body.strip()
    if stripped.startswith("<") and stripped.endswith(">"):
        return stripped
    return str(_markdown().render(body))


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # slow to import, and many folders hold HTML only

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _split_at_more(body: str) -> tuple[str, bool, str]:
    """Hexo's and Hugo's mark between what stands on the front page and the rest."""
    match = _MORE.search(body)
    return (body[: match.start()], True, body[match.end() :]) if match else (body, False, "")


def _text(meta: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = next(iter(_values(meta, names)), "")
    return "" if isinstance(value, dict) else str(value).strip()


def _values(meta: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
    """What stands under the first of these names that says anything, lists of lists laid flat."""
    return next((values for name in names if (values := _flat(meta.get(name)))), [])


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [inner for item in value for inner in _flat(item)]
    if isinstance(value, datetime):  # TOML has dates of its own
        return [value.isoformat()]
    return [] if value is None or value == "" else [value]


def _person(value: Any) -> Person:
    if not isinstance(value, dict):
        return Person(name=str(value).strip())
    return Person(
        name=_text(value, ("name",)), email=_text(value, ("email",)), url=_text(value, ("url", "link", "uri"))
    )


def _comma_separated(value: Any) -> list[str]:
    return [part.strip() for part in re.split("[,，]", str(value)) if part.strip()]


def _address(value: Any) -> str:
    if isinstance(value, dict):  # Hugo themes: cover: {image: …}
        return _text(value, ("image", "url", "src", "path"))
    return str(value).strip()
