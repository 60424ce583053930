"""Articles in files: front matter (YAML between lines of ---, Hugo's TOML between +++), then HTML or Markdown.

The habits of Hexo, Jekyll and Hugo are read as one; where they differ in a key's name, the first of a list counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

import frontmatter

from feeds import marked_yaml
from feeds.errors import ParseError
from feeds.parsing.dates import date_in_address, parse_date
from feeds.parsing.mending import FORBIDDEN
from feeds.parsing.sniffing import BLANK
from feeds.records import Document, Entry, Person, Tag, Text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

_GUID = ("guid", "id", "uuid")
_URL = ("permalink", "url", "link", "canonical_url", "canonicalurl", "canonical")
_PUBLISHED = ("date", "published", "published_at", "publishdate", "pubdate", "created", "created_at")
_NOT_BEFORE = ("publishdate",)  # Hugo's: when the article comes out, whatever date it shows
_NOT_AFTER = ("expirydate",)
# What programs write where there is none, and Jekyll for yes.
_NO_DATE = frozenset({"true", "yes", "on", "1", "invalid date", "null", "none", "nan", "undefined"})
_UPDATED = ("updated", "lastmod", "last_modified_at", "last_modified", "modified", "updated_at")
_SUMMARY = ("description", "summary", "excerpt")
_CATEGORIES = ("categories", "category")
_TAGS = ("tags", "tag", "keywords")
_AUTHORS = ("authors", "author")
_IMAGE = (
    "headimg",
    "thumbnail",
    "cover",
    "image",
    "top_img",
    "featured_image",
    "feature_image",
    "banner",
    "index_img",
    "images",
)
_RIGHTS = ("rights", "copyright", "license")
_LANGUAGE = ("lang", "language", "locale")

_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\r?\n)+")
_PATTERN = re.compile(r"(?:^|[/.-]):[a-z]")  # Jekyll's and Hexo's /:categories/:title/, which they fill in
_JEKYLL_FILE = re.compile(r"\d{4}-\d\d?-\d\d?-")
_TAG = re.compile(r"<[a-zA-Z!/]")
_CONTAINER = re.compile(
    r"<(?P<closing>/?)(?:article|aside|blockquote|center|details|div|dl|figure|footer|form|header|main|nav|ol|pre"
    r"|section|table|ul)\b",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")
_TOP_LEVEL = re.compile(r"(?P<start>[\w-]+:[ \t]+|[ \t]*-[ \t]+)(?P<value>\S.*?)[ \t]*\Z")


def parse(text: str, *, url: str, base_url: str, zone: tzinfo, now: datetime, path: str = "") -> Document:
    """A document of one entry, or of none where the article is a draft, encrypted or expired.

    An article without a guid or address of its own is known by `path`, so that an edit is a revision.
    Raises ParseError with the line, where the front matter cannot be read.
    """
    text = FORBIDDEN.sub("", text)
    handler = _Toml(text) if text.lstrip(BLANK).startswith("+++") else _Yaml(text)
    try:
        front, body = handler.split(text.lstrip(BLANK))
    except ValueError as error:
        raise ParseError("the closing line of --- or +++ is missing; write it below the front matter") from error
    meta = {key.lower(): value for key, value in handler.load(front).items()}
    body = _BLANK_LINES.sub("", body).rstrip()  # and not its indentation, which may be that of code
    if _is_unpublished(meta, zone, now):
        return Document(format="frontmatter", url=url, base_url=base_url)
    entry = _entry(meta, body, path=path, base_url=base_url, zone=zone, now=now)
    problems = tuple(
        f"date {written[:40]!r} cannot be read; write for instance 2026-11-02 09:00 +0800"
        for written in _unreadable_dates(meta, zone, now)
    )
    return Document(format="frontmatter", url=url, base_url=base_url, entries=(entry,), problems=problems)


class _Yaml(frontmatter.default_handlers.BaseHandler):
    FM_BOUNDARY = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)  # `...` ends a document of YAML

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
    if value[0] in "'\"" and _is_yaml(line):  # with escapes, maybe, that only YAML reads
        return line
    if len(value) > 1 and value[0] == value[-1] == "'":
        inner = value[1:-1].replace("''", "'")
    elif len(value) > 1 and value[0] == value[-1] == '"':
        inner = value[1:-1].replace('\\"', '"')
    elif value[0] in "@`%" or ": " in value or " #" in value:
        inner = value
    else:
        return line
    return match["start"] + "'" + inner.replace("'", "''") + "'"


def _is_yaml(line: str) -> bool:
    try:
        marked_yaml.load(line, plain=True)
    except marked_yaml.YamlError:
        return False
    return True


def _entry(meta: Mapping[str, Any], body: str, *, path: str, base_url: str, zone: tzinfo, now: datetime) -> Entry:
    addresses = (_text(meta, (name,)) for name in _URL)
    url = next((address for address in addresses if address and not _PATTERN.search(address)), "")
    is_jekyll = "layout" in meta or bool(_JEKYLL_FILE.match(PurePath(path).name))
    excerpt, more, _rest = _split_at_more(body)
    return Entry(
        guid=_text(meta, _GUID) or ("" if url else path),
        url=url,
        base_url="" if url else _folder_url(path, base_url),
        title=Text(value=_title(meta) or ("" if body.strip() else PurePath(path).stem), is_html=True),
        summary=Text(value=_text(meta, _SUMMARY)) or (Text(value=_html(excerpt)) if more else Text()),
        content=Text(value=_html(body)),
        authors=tuple(_person(author) for author in _values(meta, _AUTHORS)),
        tags=tuple(Tag(term=tag) for value in _labels(meta, _TAGS, is_jekyll) for tag in _comma_separated(value)),
        categories=_categories(meta, is_jekyll),
        published=_published(meta, zone, now),
        updated=parse_date(_text(meta, _UPDATED), zone=zone, now=now),
        url_date=date_in_address(path, zone=zone) or date_in_address(url, zone=zone),
        language=_text(meta, _LANGUAGE),
        image=_image(meta),
        rights=Text(value=_text(meta, _RIGHTS)),
    )


def _folder_url(path: str, base_url: str) -> str:
    """Where the pictures beside a file lie, as on sites that are laid out as their articles are (Hugo's bundles)."""
    folder = PurePath(path).parent.as_posix()
    return urljoin(base_url, f"{quote(folder)}/") if base_url and folder != "." else ""


def _categories(meta: Mapping[str, Any], is_jekyll: bool) -> tuple[str, ...]:
    names = (str(name).strip() for name in _labels(meta, _CATEGORIES, is_jekyll) if not isinstance(name, dict))
    return tuple(dict.fromkeys(filter(None, names)))


def _published(meta: Mapping[str, Any], zone: tzinfo, now: datetime) -> datetime | None:
    dates = (parse_date(_text(meta, names), zone=zone, now=now) for names in (_PUBLISHED, _NOT_BEFORE))
    return max(filter(None, dates), default=None)


def _unreadable_dates(meta: Mapping[str, Any], zone: tzinfo, now: datetime) -> list[str]:
    """What stands where a date decides when the article appears, and says nothing of it."""
    written = dict.fromkeys(_text(meta, names) for names in (_PUBLISHED, _NOT_BEFORE, _NOT_AFTER))
    said = (each for each in written if each and each.lower() not in _NO_DATE)
    return [each for each in said if parse_date(each, zone=zone, now=now) is None]


def _is_unpublished(meta: Mapping[str, Any], zone: tzinfo, now: datetime) -> bool:
    """Hexo and Hugo say `draft: true`, Jekyll `published: false`; Hexo encrypts what has a `password:`; Hugo takes back
    what has expired, and shows pages that are `headless` within others alone."""
    says = {name for name in ("draft", "headless") if str(meta.get(name)).lower() == "true"}
    is_draft = bool(says) or str(meta.get("published")).lower() == "false"
    end = parse_date(_text(meta, _NOT_AFTER), zone=zone, now=now)
    return is_draft or bool(_text(meta, ("password",))) or (end is not None and end <= now)


def _html(body: str) -> str:
    """Markdown made HTML; HTML as it is, whatever the file is called."""
    markdown = _markdown()
    tokens = markdown.parse(body)
    if _is_html(body.strip(), tokens):
        return body.strip()
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _is_html(body: str, tokens: Sequence[Token]) -> bool:
    """Whether a body is all HTML: it begins with a tag, and outside of its elements Markdown finds nothing of its own.

    Both are a mix: HTML holds lines that begin with `- `, and Markdown holds <div>s. But between the elements of HTML
    there is no bare text with a blank line before it, nor a heading or a list, and Markdown is hardly without.
    """
    begins_as_html = tokens and (tokens[0].type == "html_block" or body.endswith(">")) and _TAG.match(body)
    return bool(begins_as_html) and not any(map(_is_markdown, _outside_elements(tokens)))


def _outside_elements(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        if not depth:
            yield token
        for tag in _CONTAINER.finditer("" if token.type == "fence" else token.content):
            depth = max(0, depth + (-1 if tag["closing"] else 1))


def _is_markdown(token: Token) -> bool:
    if token.type in {"inline", "code_block"}:
        is_bare = not _TAG.match(token.content.lstrip())
        return is_bare or not _AS_IN_HTML.issuperset(child.type for child in token.children or ())
    return token.type not in {"html_block", "paragraph_open", "paragraph_close"}


_AS_IN_HTML = {"text", "html_inline", "softbreak", "hardbreak"}


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # slow to import, and most sources are no folders

    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})
    return markdown


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule for `[^1]: a note`: a paragraph, where CommonMark would take it for the address of a link."""
    if state.is_code_block(start) or not _FOOTNOTE.match(_line(state, start)):
        return False
    if silent:
        return True
    state.line = after = next((line for line in range(start + 1, end) if _ends_paragraph(state, line, end)), end)
    state.push("paragraph_open", "p", 1).map = [start, after]
    inline = state.push("inline", "", 0)
    inline.content = "\n".join(_line(state, line) for line in range(start, after)).strip()
    inline.map, inline.children = [start, after], []
    state.push("paragraph_close", "p", -1)
    return True


def _ends_paragraph(state: StateBlock, line: int, end: int) -> bool:
    if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
        return True
    return any(begins(state, line, end, True) for begins in state.md.block.ruler.getRules("paragraph"))


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _split_at_more(body: str) -> tuple[str, bool, str]:
    """Hexo's and Hugo's mark between what stands on the front page and the rest."""
    match = _MORE.search(body)
    return (body[: match.start()], True, body[match.end() :]) if match else (body, False, "")


def _text(meta: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = next(iter(_values(meta, names)), "")
    return "" if isinstance(value, dict) else str(value).strip()


def _title(meta: Mapping[str, Any]) -> str:
    return str(next(iter(_flat(meta.get("title"))), "")).strip()  # even `false`, which may be meant as a word


def _labels(meta: Mapping[str, Any], names: tuple[str, ...], is_jekyll: bool) -> list[Any]:
    """Names for articles. `categories: jekyll update` are two for Jekyll and one for everybody else."""
    plural = meta.get(names[0])
    if is_jekyll and isinstance(plural, str) and not _is_false(plural):
        return list(_comma_separated(plural) if "," in plural else plural.split()) or _values(meta, names[1:])
    return _values(meta, names)


def _values(meta: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
    """What stands under the first of these names that says anything, lists of lists laid flat; `false` is nothing."""
    said = (meta.get(name) for name in names)
    return next((values for value in said if not _is_false(value) and (values := _flat(value))), [])


def _is_false(value: Any) -> bool:
    return str(value).lower() == "false"


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


def _image(meta: Mapping[str, Any]) -> str:
    """The first address of a picture. Themes have `cover: false` and `image: true` for whether to show one at all."""
    addresses = (_address(value) for name in _IMAGE for value in _flat(meta.get(name)))
    return next((address for address in addresses if address.lower() not in {"", "true", "false"}), "")


def _address(value: Any) -> str:
    if isinstance(value, dict):  # Hugo themes: cover: {image: …}
        return _text(value, ("image", "url", "src", "path"))
    return str(value).strip()
