"""Articles as hard on a page as wild ones, and a published tree of pages made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from builders import TUESDAY, article
from feeds.publishing import archives
from feeds.publishing.pages import Directory, Pages, Place, article_path
from feeds.records import Article, Enclosure, Feed, Origin, Person, Tag, replace

SITE = "https://mill.example/"
GAZETTE = Origin(title="The Gazette", site_url="https://gazette.example/", rights="© The Gazette, CC BY 4.0")
ALMANAC = Origin(title="风车年鉴", site_url="https://almanac.example/")
LETTERS = Origin(title="رسائل الطاحونة", site_url="https://letters.example/")
DIRECTORY = Directory(
    categories=(
        Place(title="Bread", url=f"{SITE}bread/"),
        Place(title="金融", url=f"{SITE}%E9%87%91%E8%9E%8D/"),
        Place(title="الريح", url=f"{SITE}wind/"),
    ),
    sources=tuple(Place(title=f"Source {number}", url=f"{SITE}sources/{number}/") for number in range(1, 13)),
)


def feed(*articles: Article, folder: str = "", **changes: Any) -> Feed:
    one = Feed(
        id="tag:mill.example,2026:everything",
        title="Evening Mill",
        folder_url=f"{SITE}{folder}",
        site_title="Evening Mill",
        site_url=SITE,
        language="en",
        articles=articles,
    )
    return replace(one, **changes)


def articles() -> tuple[Article, ...]:
    """One of each kind, newest first."""
    return tuple(
        article(
            **{
                "guid": f"tag:gazette.example,2026:{number}",
                "url": f"https://gazette.example/{number}",
                "origin": GAZETTE,
                "language": "en",
                "published": TUESDAY - timedelta(hours=7 * number),
                "updated": TUESDAY - timedelta(hours=7 * number),
            }
            | kind
        )
        for number, kind in enumerate(_KINDS, 1)
    )


_STONES = (
    "<p>A pair of stones wants dressing every three weeks. The furrows go from the eye to the skirt, and the miller who "
    "cuts them too deep will have warm flour and a cold Sunday.</p>"
)
_KINDS: tuple[dict[str, Any], ...] = (
    {
        "title": "How a millstone is dressed, and why it must not be hurried",
        "content_html": f"<h1>The tools</h1>{_STONES}<h4>The bill</h4>{_STONES * 2}<ul><li>thrift</li><li>bill</li></ul>"
        f"<h1>The furrows</h1><blockquote>{_STONES}</blockquote><p>See <a href='https://gazette.example/furrows'>the "
        "drawing of the furrows</a>.</p><pre><code>def dress(stone):\n    for furrow in stone.furrows_from_the_eye_to_the_skirt_in_order("
        "first=1, last=10, deep=False):\n        cut(furrow)\n</code></pre>",
        "authors": (Person(name="Ada Miller", url="https://ada.example/"), Person(name="磨坊主")),
        "tags": (Tag(term="stones"), Tag(term="tools", label="Tools"), Tag(term="手艺")),
        "rights": "© Ada Miller, CC BY-SA 4.0",
        "image": "https://gazette.example/stone.jpg",
    },
    {
        "title": "风从哪里来：一座山村水磨的最后一个冬天",
        "content_html": "<h2>溪边</h2><p>"
        + "村口的水磨转了一百多年，石头磨薄了三回。守磨的老人说，水小的时候要等，等到夜里，溪水涨起来，磨盘才肯动。" * 6
        + '</p><p><img src="https://almanac.example/mill.jpg" alt="溪边的水磨"></p><table><tr><th>年份</th><th>水量</th><th>面粉</th></tr>'
        "<tr><td>2024</td><td>小</td><td>三百斤</td></tr><tr><td>2025</td><td>大</td><td>七百斤</td></tr></table>",
        "language": "zh-Hans",
        "origin": ALMANAC,
        "authors": (Person(name="林溪"),),
    },
    {
        "title": "الريح التي تدير الطاحونة لا تعرف صاحبها",
        "content_html": "<p>"
        + "كان الطحان يصعد إلى السطح كل صباح لينظر إلى الغيوم قبل أن يفتح الأشرعة. " * 8
        + "</p><ol><li>الشراع الأول</li><li>الشراع الثاني</li></ol>",
        "language": "ar",
        "origin": LETTERS,
        "authors": (Person(name="سلمى"),),
    },
    {
        "title": "",
        "content_html": "<p>The river is up again 🌊 and the wheel turns by itself. 👩🏽‍🌾</p>",
    },
    {
        "title": 'Titles of markup: <script>alert(1)</script> <b>bold</b> &amp; "quotes" ]]> {{ 7 * 7 }}',
        "content_html": "<p>Text with ]]&gt; and a &lt;tag&gt;.</p>",
        "authors": (Person(name="<img src=x onerror=alert(1)>", url="javascript:alert(1)"),),
        "url": "javascript:alert(1)",
    },
    {
        "title": "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
        "content_html": f"<p>{'Windmühlenflügelverstellmechanik' * 12}</p><p>https://gazette.example/{'a' * 300}</p>",
        "language": "de",
    },
    {
        "title": "An hour with the stones",
        "summary_html": "<p>We listen to a pair of French burrs, and to the man who has dressed them for forty years.</p>",
        "content_html": "<p>Show notes.</p>",
        "enclosures": (
            Enclosure(url="https://gazette.example/7.mp3", media_type="audio/mpeg", length=48_120_331),
            Enclosure(url="https://gazette.example/7.mp4", media_type="video/mp4"),
            Enclosure(url="https://gazette.example/7.pdf", media_type="application/pdf", length=90_100),
            Enclosure(url="javascript:alert(1)", media_type="audio/mpeg"),
        ),
    },
    {
        "title": "A picture as large as a barn, and a table as wide as two",
        "content_html": '<p><a href="https://gazette.example/barn"><img src="https://gazette.example/barn.jpg" width="6000" height="4000"></a></p>'
        + "<table><tr>"
        + "".join(f"<th>Harvest of {year}</th>" for year in range(2010, 2026))
        + "</tr><tr>"
        + "".join(f"<td>{year} sacks</td>" for year in range(2010, 2026))
        + "</tr></table>",
        "image": "https://gazette.example/barn.jpg",
        "rights": "All rights reserved. " * 20,
    },
    {
        "title": "\u202eReversed and \x07ringing\ud800",
        "content_html": "<p>One more\x00 paragraph\ufffe.</p></main></body><style>*{display:none}</style>"
        "<script>alert(1)</script><main><h1 onclick='alert(1)'>Mine</h1><iframe src='https://evil.example/'></iframe>"
        "<form action='https://evil.example/'><input autofocus onfocus='alert(1)'></form><a href='javascript:alert(1)'>x</a>",
        "language": "not a language",
    },
    {"title": "A source that says nothing", "content_html": "", "language": "", "origin": Origin(), "url": ""},
)


def many(number: int) -> tuple[Article, ...]:
    """As many articles as are asked for, of all kinds but the hostile, of 5 KB each."""
    kinds = [kind for kind in articles() if kind.url.startswith("https:") and kind.title.isprintable()]
    return tuple(
        replace(
            kinds[index % len(kinds)],
            guid=str(index),
            atom_id=f"tag:gazette.example,2026:{index}",
            published=TUESDAY - timedelta(hours=index),
            content_html=kinds[index % len(kinds)].content_html + _STONES * 20,
        )
        for index in range(number)
    )


def tree(pages: Pages, shown: Iterable[Article]) -> dict[str, bytes]:
    """A whole site of pages, by their paths."""
    everything = feed(*shown, previous=2)
    bread = replace(everything, title="Bread", folder_url=f"{SITE}bread/")
    return {
        "index.html": pages.front(everything, DIRECTORY),
        "subscribe.html": pages.subscribe(everything),
        "bread/index.html": pages.front(bread, DIRECTORY),
        "bread/subscribe.html": pages.subscribe(bread),
        "bread/" + archives.path(2, "html"): pages.archive(replace(bread, number=2, previous=1)),
        **{article_path(each): pages.article(each, everything) for each in everything.articles},
        **pages.assets(),
    }
