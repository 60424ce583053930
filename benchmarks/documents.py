"""What grows on the farm: RSS 2.0 and Atom documents in two scripts, the same bytes for the same numbers.

An entry's long HTML body is put together of blocks that are made once, in an order of its own; around it, title,
address, guid, date and first paragraph are the entry's. So a document of 165 KB costs a fraction of a millisecond, and
no two entries are alike, nor tell they one story.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cache
from math import ceil
from random import Random
from statistics import mean

FIRST_DAY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
STEP = 3 * 3600  # seconds between an entry and the next
POOL = 20_000  # blocks of each script that bodies are made of: articles of two sites seldom share a paragraph
MARKUP_AROUND_A_BODY = 1_350  # bytes, roughly


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The words of one language, to make any amount of text from."""

    language: str
    title: str
    lead: str
    author: str
    categories: tuple[str, ...]
    sentences: tuple[str, ...]
    joint: str  # between two sentences


ENGLISH = Script(
    language="en",
    title="Field report %d of station %d",
    lead="Station %d sent report %d: %s.",
    author="Station clerk",
    categories=("Weather", "Harvest", "Roads", "Water & mills", "Markets"),
    sentences=(
        "The morning began with fog over the lower meadows, and the carts waited until it had lifted.",
        "Two sluices were opened by a hand's breadth, which was enough for the upper mill.",
        "Barley stands well on the south slope; the north slope will need another week of sun.",
        "The road past the quarry is passable again, though slow where the new gravel lies.",
        "Prices held at last week's level & nobody seemed in a hurry to sell.",
        "A pair of storks has been seen at the pond, earlier in the year than anybody remembers.",
        "The bridge was measured on both sides; it has settled by less than the width of a finger.",
        "Three wells were tested, and all three were found to be clear and cold.",
        "Old stones were reused for the wall, which saves carting and looks better besides.",
        "Rain is expected from the west toward evening, lighter in the hills than on the plain.",
        "The nets were mended indoors; there will be time enough for the boats next month.",
    ),
    joint=" ",
)
CHINESE = Script(
    language="zh-CN",
    title="第 %d 号田野报告（第 %d 站）",
    lead="第 %d 站第 %d 号报告：%s。",
    author="站上的书记员",
    categories=("天气", "收成", "道路", "水与磨", "集市"),
    sentences=(
        "清早低处的草地上起了雾，大车都停在村口，等雾散了才出发。",
        "两道水闸只提起了一掌高，上游的磨坊就已经够用了。",
        "南坡的大麦长得很好，北坡还要再晒一个星期的太阳。",
        "采石场旁边的路又能走了，只是新铺的碎石上要慢一点。",
        "集市上的价钱和上周一样，卖的人不急，买的人也不急。",
        "池塘边来了一对白鹳，比大家记得的任何一年都要早。",
        "桥的两头都量过了，沉下去的还不到一根手指的宽度。",
        "三口井都取了水样，水清而且凉，可以放心饮用。",
        "砌墙用的是拆下来的旧石头，省了运费，样子也更好看。",
        "傍晚西边会有雨，山里小一些，平地上大一些。",
        "渔网在屋里补好了，船的事情下个月再说也来得及。",
    ),
    joint="",
)


def _vocabulary(script: Script) -> list[str]:
    return [word for sentence in script.sentences for word in (sentence.split() if script.joint else sentence)]


def _words(script: Script, at: int, sentences: int) -> str:
    """Sentences of the script's words in any order, or all texts would be made of the same few phrases."""
    chance = Random(at)
    words = _vocabulary(script)
    said = (script.joint.join(chance.choices(words, k=chance.randint(9, 18))) for _ in range(sentences))
    return html.escape(script.joint.join(said), quote=False)


@cache
def _phrases(script: Script) -> tuple[str, ...]:
    chance, words = Random(0), _vocabulary(script)
    return tuple(script.joint.join(chance.choices(words, k=5)) for _ in range(POOL))


def _lead(script: Script, index: int, number: int) -> str:
    """No two entries open in the same words, as those that tell one story would."""
    phrases = _phrases(script)
    places = ((index * 31 + number * 7) * k + index * 17 + number * 13 for k in range(12))
    said = script.joint.join(phrases[place % POOL] for place in places)
    return html.escape(script.lead % (index, number, said), quote=False)


BLOCKS: tuple[Callable[[Script, int], str], ...] = (
    lambda script, at: f"<p>{_words(script, at, 4)}</p>\n",
    lambda script, at: (
        f'<p style="margin:0">{_words(script, at, 2)} <a href="/notes/{at}?utm_source=feed&amp;utm_medium=rss">'
        f"{_words(script, at + 1, 1)}</a></p>\n"
    ),
    lambda script, at: (
        f'<figure><img src="../images/{at}.jpg" alt="" width="960" height="540" loading="lazy">'
        f"<figcaption>{_words(script, at, 1)}</figcaption></figure>\n"
    ),
    lambda script, at: f"<h2>{_words(script, at, 1)}</h2>\n<p>{_words(script, at + 2, 3)}</p>\n",
    lambda script, at: "<ul>" + "".join(f"<li>{_words(script, at + k, 1)}</li>" for k in range(4)) + "</ul>\n",
    lambda script, at: f'<blockquote class="said"><p>{_words(script, at, 2)}</p></blockquote>\n',
    lambda script, at: (
        "<table><tbody>"
        + "".join(f"<tr><td>{k}</td><td>{_words(script, at + k, 1)}</td></tr>" for k in range(3))
        + "</tbody></table>\n"
    ),
)


def _as_cdata(markup: str) -> bytes:
    return markup.encode()


def _as_text(markup: str) -> bytes:
    return html.escape(markup, quote=False).encode()


def _blocks(script: Script) -> list[str]:
    return [BLOCKS[at % len(BLOCKS)](script, at * 5) for at in range(POOL)]


RSS_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>Station {index}</title>
<link>https://station-{index}.example/</link>
<description>Everything that station {index} reports</description>
<language>{language}</language>
"""
RSS_ENTRY = """<item>
<title>{title}</title>
<link>https://station-{index}.example/reports/{number}/?utm_source=rss</link>
<guid isPermaLink="false">station-{index}-{number}</guid>
<dc:creator>{author}</dc:creator>
<category>{category}</category>
<category>{other_category}</category>
<pubDate>{rfc2822}</pubDate>
<description>{lead}</description>
<content:encoded><![CDATA[<p>{lead}</p>
"""
ATOM_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">
<title>Station {index}</title>
<id>tag:station-{index}.example,2026:feed</id>
<link href="https://station-{index}.example/"/>
<updated>{rfc3339}</updated>
"""
ATOM_ENTRY = """<entry>
<title>{title}</title>
<id>tag:station-{index}.example,2026:{number}</id>
<link href="https://station-{index}.example/reports/{number}/?utm_source=atom"/>
<author><name>{author}</name></author>
<category term="{category}"/>
<category term="{other_category}"/>
<published>{rfc3339}</published>
<updated>{rfc3339}</updated>
<summary>{lead}</summary>
<content type="html">&lt;p&gt;{lead}&lt;/p&gt;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    media_type: str
    head: str
    entry: str
    entry_end: bytes
    end: bytes
    written: Callable[[str], bytes]  # how HTML stands in an entry


RSS = Format(
    media_type="application/rss+xml; charset=utf-8",
    head=RSS_HEAD,
    entry=RSS_ENTRY,
    entry_end=b"]]></content:encoded>\n</item>\n",
    end=b"</channel>\n</rss>\n",
    written=_as_cdata,
)
ATOM = Format(
    media_type="application/atom+xml; charset=utf-8",
    head=ATOM_HEAD,
    entry=ATOM_ENTRY,
    entry_end=b"</content>\n</entry>\n",
    end=b"</feed>\n",
    written=_as_text,
)
FORMATS = (RSS, ATOM)
SCRIPTS = (ENGLISH, CHINESE)


def format_of(index: int) -> Format:
    """Every other source is Atom."""
    return FORMATS[index % 2]


def script_of(index: int) -> Script:
    """Two sources in English, two in Chinese, and so on: each script in each format."""
    return SCRIPTS[index // 2 % 2]


def published_at(index: int, number: int) -> int:
    """When entry `number` of a source came out, in seconds since 1970."""
    return FIRST_DAY + number * STEP + index % STEP


class Documents:
    """All documents of a farm, each with `entries` entries and about `size` bytes."""

    def __init__(self, *, entries: int = 40, size: int = 165_000) -> None:
        self.entries = entries
        blocks = {script.language: _blocks(script) for script in SCRIPTS}
        self._blocks = {
            (format.media_type, script.language): [format.written(block) for block in blocks[script.language]]
            for format in FORMATS
            for script in SCRIPTS
        }
        body_size = max(0, size // entries - MARKUP_AROUND_A_BODY)
        self._in_a_body = {kind: ceil(body_size / mean(map(len, made))) for kind, made in self._blocks.items()}

    def render(self, index: int, top: int) -> bytes:
        """Source `index` when `top` is its newest entry: that one first, then the older ones."""
        format, script = format_of(index), script_of(index)
        pieces = [_head(format, script, index, top)]
        for number in range(top, top - self.entries, -1):
            pieces += (_entry(format, script, index, number), *self._body(index, number), format.entry_end)
        pieces.append(format.end)
        return b"".join(pieces)

    def _body(self, index: int, number: int) -> Iterator[bytes]:
        kind = (format_of(index).media_type, script_of(index).language)
        first, step = index * 7_919 + number * 613, 1 + (index * 31 + number * 17) % (POOL - 1)
        return (self._blocks[kind][(first + step * k) % POOL] for k in range(self._in_a_body[kind]))


def _rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _head(format: Format, script: Script, index: int, top: int) -> bytes:
    filled = format.head.format(index=index, language=script.language, rfc3339=_rfc3339(published_at(index, top)))
    return filled.encode()


def _entry(format: Format, script: Script, index: int, number: int) -> bytes:
    seconds = published_at(index, number)
    names = script.categories
    filled = format.entry.format(
        index=index,
        number=number,
        title=script.title % (number, index),
        lead=_lead(script, index, number),
        author=script.author,
        category=html.escape(names[number % len(names)]),
        other_category=html.escape(names[(number + index + 1) % len(names)]),
        rfc2822=formatdate(seconds, usegmt=True),
        rfc3339=_rfc3339(seconds),
    )
    return filled.encode()
