"""What a revision changed in an article, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from feeds.errors import NotFoundError
from feeds.normalizing import identity, urls
from feeds.normalizing.text import text_of
from feeds.records import Article
from storage import Store, histories, revisions
from storage.revisions import Said, Versions

MOST_WORDS = 4_000  # of a changed passage that are compared; a longer one is shown as taken out and put in whole
AROUND = 1  # unchanged lines shown before and behind a change

# A word, one character of a script that puts no spaces between words, or what stands between words.
_WORDS = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]|[^\\W\u3040-\u9fff\uac00-\ud7af]+|\\W"
)

Mark: TypeAlias = Literal["same", "out", "in", "gap"]


class Piece(Struct, frozen=True):
    """Words that stayed, were taken out, or were put in; a gap stands for lines that stayed and are not shown."""

    mark: Mark
    text: str


class Change(Struct, frozen=True, kw_only=True):
    """One revision of an article."""

    number: int
    when: datetime | None
    before: Said
    after: Said
    pieces: tuple[Piece, ...]


class Changes(Struct, frozen=True, kw_only=True):
    """The revisions of an article that are kept, the latest first."""

    source: str
    guid: str
    atom_id: str
    url: str
    title: str
    changes: tuple[Change, ...]


def compare(store: Store, word: str) -> tuple[Changes, ...]:
    """How the articles of this address, guid or id were revised.

    Raises NotFoundError where the store holds none.
    """
    with store.read() as db:
        found = revisions.versions(db, histories.rows_of(db, urls.spellings(word)))
    if not found:
        raise NotFoundError(f"no article has the address or id {word!r}; `feedmill articles --json` shows them")
    return tuple(_changes(each) for each in found)


def _changes(versions: Versions) -> Changes:
    now = versions.said[0]
    return Changes(
        source=versions.source,
        guid=versions.guid,
        atom_id=versions.atom_id,
        url=now.url,
        title=now.title,
        changes=tuple(
            Change(
                number=before.number,
                when=before.until,
                before=before,
                after=after,
                pieces=difference(lines_of(before), lines_of(after)),
            )
            for after, before in zip(versions.said, versions.said[1:], strict=False)
        ),
    )


def lines_of(said: Said | Article) -> list[str]:
    """What a reader sees of an article, a line for each piece."""
    told = [f"title: {said.title}", *([f"address: {said.url}"] if said.url else [])]
    markup = (said.summary_html, said.content_html)
    pictures = (f"picture: {address}" for html in markup for address in identity.pictures(html))
    return [*told, *(line for html in markup for line in text_of(html).splitlines()), *pictures]


def difference(before: Sequence[str], after: Sequence[str]) -> tuple[Piece, ...]:
    """What became of the lines, each ending in a line break; pieces of one mark are one."""
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, before, after)
    blocks = matcher.get_opcodes()
    for place, (tag, start, end, new_start, new_end) in enumerate(blocks):
        if tag == "equal":
            pieces += _context(before[start:end], is_first=place == 0, is_last=place == len(blocks) - 1)
        else:
            pieces += _passage(before[start:end], after[new_start:new_end])
    return tuple(_joined(pieces))


def _context(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Piece]:
    head = lines[: 0 if is_first else AROUND]
    tail = lines[len(lines) - (0 if is_last else AROUND) :]
    if len(head) + len(tail) >= len(lines):
        yield from (Piece("same", f"{line}\n") for line in lines)
        return
    yield from (Piece("same", f"{line}\n") for line in head)
    yield Piece("gap", "")
    yield from (Piece("same", f"{line}\n") for line in tail)


def _passage(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    old, new = (_WORDS.findall("".join(f"{line}\n" for line in lines)) for lines in (before, after))
    if not old or not new or len(old) + len(new) > MOST_WORDS:
        yield Piece("out", "".join(old))
        yield Piece("in", "".join(new))
        return
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[start:end]))
        else:
            yield Piece("out", "".join(old[start:end]))
            yield Piece("in", "".join(new[new_start:new_end]))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    last: Piece | None = None
    for piece in pieces:
        if not piece.text and piece.mark != "gap":
            continue
        if last is not None and last.mark == piece.mark:
            last = Piece(last.mark, last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
