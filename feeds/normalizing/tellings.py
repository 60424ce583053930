"""An article's text as likeness sees it: without markup, capitals and the lines that a site adds to all its texts."""

from __future__ import annotations

import re
import struct
import unicodedata
from datetime import datetime
from functools import cached_property
from typing import Final
from zlib import crc32

from msgspec import Struct

from feeds.normalizing.links import comparable
from feeds.normalizing.text import text_of
from feeds.records import Article

MAX_TOKENS: Final = 2_000  # of one text: what lies behind them is not looked at
MAX_HTML: Final = 100_000  # characters, of which the tokens are taken
SHORT: Final = 30  # words, or twice as many characters of an unspaced script, about 200 letters: fewer prove nothing

# Scripts that put no space between words (Thai, Lao, Myanmar, Khmer, kana, Han): there a character is a token.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_FIGURE = r"[0-9]+(?:[.,:/-][0-9]+)*"
_ORDINAL = r"第[一二三四五六七八九十百零〇两]+"
_DAY = r"(?:(?<!一)周|星期|礼拜)[一二三四五六日天]"
_PART = r"[(\[][上中下一二三四五六七八九十]{1,3}[)\]]"
# The first two branches say nothing that the others do not, and say it of most words and characters in less time.
_TOKEN = re.compile(
    rf"[a-z][a-z0-9]*+(?![^\x00-\x7f])|(?![第周星礼])[\u4e00-\u9fff]|[^\W\d_{_UNSPACED}][^\W_{_UNSPACED}]*"
    rf"|{_FIGURE}|{_ORDINAL}|{_DAY}|{_PART}|[^\W_]"
)
_ASCII_TOKEN = re.compile(rf"[a-z][a-z0-9]*+|{_FIGURE}")
# What most Chinese texts would be taken apart for, character by character, found and replaced by itself.
_WIDE = tuple(zip("，：；！？（）", ",:;!?()", strict=True))
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_ALL_UNSPACED = re.compile(f"[{_UNSPACED}]+")
_COUNTS = re.compile(rf".*[0-9]|{_ORDINAL}|{_DAY}|{_PART}")
# Words that number the parts of a series. `may` and `march` are too often other words.
_NUMBERING = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august september "
    "october november december ii iii iv vi vii viii ix first second third fourth fifth "
    "spring summer autumn winter".split()
)

_30 = ((1 << 30) - 1).to_bytes(8, "little")  # 30 bits are what Python counts with fastest

# Lines that a site adds to every text. A line is a block of the markup, so a phrase within a paragraph stays.
_WRAPPING = re.compile(
    r"(?:the post .{1,300} (?:appeared first on|first appeared on) .{1,200}"
    r"|(?:read more|continue reading|keep reading|read the (?:full|whole|rest of the) (?:article|story|post)|"
    r"click here to read|view (?:original|in browser)|share this|originally published|this (?:article|post|story) "
    r"(?:was )?(?:originally|first) (?:appeared|published)|subscribe to|sign up for|follow us|comments? on this|"
    r"filed under|tags?:|via:?|source:|posted in|like this|related:?|advertisement|all rights reserved|"
    r"(?:copyright|\(c\)|©)) ?.{0,200}"
    r"|[0-9]+ (?:comments?|repl(?:y|ies)|views?|likes?|shares?)\b.{0,40}"
    r"|(?:已有|共有?)? ?[0-9]+ ?[条次人个]?(?:评论|回复|阅读|浏览|点赞|收藏|转发).{0,20}"
    r"|(?:阅读(?:全文|原文|更多)|查看(?:全文|原文)|点击(?:阅读|查看)|展开全文|继续阅读|本文(?:首发|转载|来自|来源|由|作者|链接)|"
    r"原文(?:链接|地址|标题)?[::]|来源[::]|转载(?:请|自|于)|未经(?:授权|许可|允许)|版权(?:所有|声明|归)|责任编辑|编辑[::]|"
    r"欢迎(?:关注|订阅)|关注(?:我们|公众号)|扫(?:码|描)|分享(?:到|至)|相关(?:阅读|文章)|标签[::]|文章来源|特别声明|免责声明).{0,80}|广告)"
)

# What is put before the title of a copy.
_COPY = re.compile(r"\A\s*[\[(【](?:转|转载|转帖|转发|repost|reposted|fwd)[\])】]", re.IGNORECASE)


class Telling(Struct, frozen=True, kw_only=True, dict=True):
    """An article as one source tells it, read for comparing."""

    source: str
    link: str = ""  # comparable; "" where it has no page of its own
    title: tuple[str, ...] = ()  # tokens
    tokens: tuple[str, ...] = ()  # of the text
    published: datetime | None = None  # by the source's own word; None where it gave none

    @cached_property
    def shingles(self) -> frozenset[int]:
        """Of the text; made when they are asked for, as most articles are compared with none."""
        return frozenset(shingles(self.tokens))

    @property
    def is_short(self) -> bool:
        """Whether the text is too short to prove anything by itself."""
        return len(self.tokens) < 2 * SHORT and weight(self.tokens) < SHORT


def telling(
    *, source: str, url: str = "", title: str = "", html: str = "", published: datetime | None = None
) -> Telling:
    """What `source` tells; `html` is sanitized markup."""
    words, tokens = title_tokens(title), text_tokens(html)
    # Many a source repeats the title as the first line of its text.
    tokens = tokens[len(words) :] if tokens[: len(words)] == words else tokens
    return Telling(
        source=source,
        link=comparable(url),
        title=words,
        tokens=tokens,
        published=published,
    )


def telling_of(article: Article) -> Telling:
    """The article, by the longer of its texts."""
    return telling(
        source=article.source,
        url=article.url,
        title=article.title,
        html=max(article.content_html, article.summary_html, key=len),
        published=None if article.date_from == "first-seen" else article.published,
    )


def text_tokens(html: str) -> tuple[str, ...]:
    """The tokens of a text, without the lines that sites add to each of theirs."""
    if len(html) > MAX_HTML:
        html = html[:MAX_HTML].rpartition("<")[0] or html[:MAX_HTML]
    lines = (line for line in _folded(text_of(html)).split("\n") if not _WRAPPING.fullmatch(line.strip()))
    return _tokens("\n".join(lines))


def tokens_of(text: str) -> tuple[str, ...]:
    """The tokens of plain text."""
    return _tokens(_folded(text[: 10 * MAX_TOKENS]))


def title_tokens(title: str) -> tuple[str, ...]:
    """The tokens of a title, without what is put before that of a copy."""
    return tokens_of(_COPY.sub("", title, count=1))


def shingles(tokens: tuple[str, ...]) -> list[int]:
    """Hashes of 30 bits of each three words, or four characters of an unspaced script, that follow each other."""
    # CRC-32 can be forged, which gains nothing: anybody who wants to be taken for a copy can copy.
    apart = 2 if 2 * _unspaced(tokens) > len(tokens) else 1  # two pairs side by side are four, overlapping three
    count = len(tokens) - 1 - apart
    if count < 1:
        return []
    # One long number adds them all at once: each has 64 bits of it to itself, of which no sum needs more than 37.
    row = int.from_bytes(struct.pack(f"<{len(tokens)}Q", *hashes_of(tokens)), "little")
    pairs = row + 3 * (row >> 64)
    sums = pairs + 5 * (pairs >> 64 * apart) & int.from_bytes(_30 * count, "little")
    return list(struct.unpack(f"<{count}Q", sums.to_bytes(8 * count, "little")))


def hashes_of(tokens: tuple[str, ...]) -> list[int]:
    """A hash of 32 bits for each token, the same on every machine and for ever."""
    return list(map(crc32, " ".join(tokens).encode().split()))


def figures(tokens: tuple[str, ...]) -> frozenset[str]:
    """The tokens that tell one part of a series from another: numbers, dates, weekdays, months."""
    return frozenset(token for token in set(tokens) if is_figure(token))


def is_figure(token: str) -> bool:
    """Whether the token counts or dates something."""
    return token in _NUMBERING or _COUNTS.match(token) is not None


def weight(tokens: tuple[str, ...]) -> float:
    """How much tokens say: in words; a character of an unspaced script is half of one."""
    return len(tokens) - _unspaced(tokens) / 2


def is_unspaced(token: str) -> bool:
    """Whether it is a character of an unspaced script."""
    return len(token) == 1 and _IS_UNSPACED.match(token) is not None


def _unspaced(tokens: tuple[str, ...]) -> int:
    text = "".join(tokens)
    return 0 if text.isascii() else len(text) - len(_ALL_UNSPACED.sub("", text))


def _tokens(folded: str) -> tuple[str, ...]:
    pattern = _ASCII_TOKEN if folded.isascii() else _TOKEN
    return tuple(pattern.findall(folded[: 10 * MAX_TOKENS])[:MAX_TOKENS])


def _folded(text: str) -> str:
    if not text.isascii():
        for wide, usual in _WIDE:
            text = text.replace(wide, usual)
    return unicodedata.normalize("NFKC", text).casefold()
