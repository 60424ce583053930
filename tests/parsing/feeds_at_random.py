"""Documents in all formats, put together at random: usual ones, and odd ones that no specification foresees."""

from __future__ import annotations

from hypothesis import strategies as st
from values_at_random import (
    ADDRESSES,
    BASES,
    DATES,
    GUIDS,
    NUMBERS,
    ODD_WORDS,
    PEOPLE,
    TYPES,
    WORDS,
    _quoted,
    attribute,
)

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "mill": "urn:mill",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XHTML = "http://www.w3.org/1999/xhtml"


class Maker:
    """Strategies for the elements of a document; `odd`, with what hardly a source would write."""

    def __init__(self, *, odd: bool) -> None:
        self.odd = odd
        self.words = st.one_of(WORDS, WORDS, WORDS, ODD_WORDS) if odd else WORDS
        self.scope = self.some(
            attribute("xml:lang", st.sampled_from(["de", "pt_BR", "", " fr "])),
            attribute("xml:base", BASES if odd else st.just("https://base.example/x/")),
        )

    def some(self, *attributes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        """Any of the attributes, and in odd documents any others."""
        chosen = [st.one_of(st.just(""), one) for one in attributes]
        if self.odd:
            chosen.append(
                st.sampled_from(
                    [""] * 120 + [' x="y"', ' xml:space="preserve"', ' lang="fr"', ' base="/b/"', ' Type="html"']
                )
            )
        return st.tuples(*chosen).map("".join)

    def element(
        self, name: str, inside: st.SearchStrategy[str], attributes: st.SearchStrategy[str] | None = None
    ) -> st.SearchStrategy[str]:
        said = self.some() if attributes is None else attributes
        if self.odd:
            inside = st.one_of(*[inside] * 15, self.words)
        return st.tuples(said, inside).map(lambda made: f"<{name}{made[0]}>{made[1]}</{name}>")

    def elements(
        self, names: str, inside: st.SearchStrategy[str], attributes: st.SearchStrategy[str] | None = None
    ) -> list[st.SearchStrategy[str]]:
        return [self.element(name, inside, attributes) for name in names.split()]

    def mixed(self, *kinds: st.SearchStrategy[str], most: int = 8) -> st.SearchStrategy[str]:
        """Some elements, in any order and number."""
        return st.lists(st.one_of(*kinds), min_size=most // 4, max_size=most).map("\n ".join)

    # What stands in entries of every format

    def modules(self) -> list[st.SearchStrategy[str]]:
        return [
            *self.elements("dc:creator itunes:author", PEOPLE),
            *self.elements("dc:date dcterms:created dcterms:issued dcterms:modified", DATES),
            *self.elements(
                "dc:subject dc:identifier dc:publisher slash:comments thr:total podcast:season mill:grain", self.words
            ),
            *self.elements("dc:language itunes:subtitle itunes:duration itunes:title", self.words),
            *self.elements("dc:title dc:rights", self.words, self.scope),
            *self.elements("dc:description content:encoded", self.words, self.scope),
            self.element("itunes:summary", self.words),
            *self.elements("itunes:keywords media:keywords", st.sampled_from(["rye, oats", "rye", ",", "rye,rye"])),
            self.element("itunes:image", st.just(""), attribute("href", st.just("https://a.example/i.png"))),
            self.element("feedburner:origLink", ADDRESSES),
            self.element("wfw:commentRss", ADDRESSES),
            *self.media(),
            self.element(
                "podcast:person", PEOPLE, self.some(attribute("role", self.words_said()), attribute("href", ADDRESSES))
            ),
            self.element(
                "podcast:value",
                self.element("podcast:valueRecipient", st.just(""), self.some(attribute("split", NUMBERS))),
            ),
            self.element(
                "mill:stone",
                self.mixed(*self.elements("mill:size mill:age", self.words), most=2),
                self.some(attribute("kind", self.words_said())),
            ),
        ]

    def media(self) -> list[st.SearchStrategy[str]]:
        kind = self.some(attribute("type", st.sampled_from(["plain", "html"])))
        inner = [
            *self.elements("media:title media:description", self.words, kind),
            *self.elements(
                "media:credit media:rating media:copyright", self.words, self.some(attribute("scheme", ADDRESSES))
            ),
            self.element(
                "media:thumbnail", st.just(""), self.some(attribute("url", ADDRESSES), attribute("width", NUMBERS))
            ),
            self.element(
                "media:category",
                self.words,
                self.some(attribute("scheme", ADDRESSES), attribute("label", self.words_said())),
            ),
        ]
        said = self.some(
            attribute("url", ADDRESSES),
            attribute("type", TYPES),
            attribute("medium", st.sampled_from(["image", "video"])),
            attribute("fileSize", NUMBERS),
        )
        content = self.element("media:content", self.mixed(*inner, most=3), said)
        return [*inner[:-1], content, self.element("media:group", self.mixed(content, *inner, most=4))]

    def words_said(self) -> st.SearchStrategy[str]:
        """Words as an attribute may hold them."""
        return st.sampled_from(["Rye", "Oats &amp; barley", "粉", "", " padded ", "it&#146;s"])

    def link(self, name: str) -> st.SearchStrategy[str]:
        rels = st.sampled_from(["alternate", "self", "hub", "enclosure", "replies", "Related", "next"])
        said = self.some(
            attribute("rel", rels), attribute("type", TYPES), attribute("hreflang", self.words_said()),
            attribute("title", self.words_said()), attribute("length", NUMBERS),
        )  # fmt: skip
        return st.tuples(attribute("href", ADDRESSES), said).map(lambda made: f"<{name}{made[0]}{made[1]}/>")

    def person(self, name: str, prefix: str) -> st.SearchStrategy[str]:
        said = [
            self.element(f"{prefix}name", PEOPLE, st.just("")),
            self.element(f"{prefix}email", PEOPLE, st.just("")),
            self.element(f"{prefix}uri", ADDRESSES, st.just("")),
        ]
        return self.mixed(*said, most=3).map(lambda inside: f"<{name}>{inside}</{name}>")

    def tag(self, name: str) -> st.SearchStrategy[str]:
        said = self.some(*(attribute(key, self.words_said()) for key in ("term", "scheme", "label", "domain")))
        return self.element(name, self.words, said)

    # RSS

    def rss_item(self) -> st.SearchStrategy[str]:
        kinds = [
            self.element("title", self.words, self.scope),
            self.element("description", self.words, self.scope),
            self.element("link", ADDRESSES, st.just("")),
            self.element(
                "guid", GUIDS, self.some(attribute("isPermaLink", st.sampled_from(["true", "false", "True"])))
            ),
            self.element("pubDate", DATES),
            self.element("author", PEOPLE),
            self.tag("category"),
            self.element("comments", ADDRESSES),
            self.element(
                "enclosure",
                st.just(""),
                self.some(attribute("url", ADDRESSES), attribute("type", TYPES), attribute("length", NUMBERS)),
            ),
            self.element("source", self.words, self.some(attribute("url", ADDRESSES))),
            self.link("atom:link"),
            self.person("atom:author", "atom:"),
        ]
        return self.mixed(*kinds, *kinds, *self.modules(), most=14).flatmap(
            lambda inside: self.scope.map(lambda said: f"<item{said}>{inside}</item>")
        )

    def of_channels(self) -> list[st.SearchStrategy[str]]:
        return [
            *self.elements(
                "dc:language dc:publisher sy:updatePeriod sy:updateFrequency itunes:summary itunes:type",
                st.sampled_from(["de", "hourly", "2", "en-GB"]),
            ),
            *self.elements("dc:creator itunes:author", PEOPLE),
            self.element("dc:rights", self.words, self.scope),
            self.element("dc:date", DATES),
            self.element("itunes:image", st.just(""), attribute("href", st.just("https://a.example/c.png"))),
            self.element("itunes:owner", self.mixed(*self.elements("itunes:name itunes:email", PEOPLE), most=2)),
            self.element(
                "itunes:category",
                st.sampled_from(["", '<itunes:category text="Oats"/>']),
                attribute("text", self.words_said()),
            ),
            self.element("mill:stone", self.words),
            self.element("podcast:guid", self.words),
        ]

    def rss(self) -> st.SearchStrategy[str]:
        about = [
            *self.elements(
                "language copyright managingEditor webMaster ttl docs generator", st.one_of(PEOPLE, self.words, NUMBERS)
            ),
            *self.elements("pubDate lastBuildDate", DATES),
            self.element("link", ADDRESSES, st.just("")),
            self.element("description", self.words),
            self.link("atom:link"),
            self.element(
                "image",
                self.mixed(
                    *self.elements("url link", ADDRESSES, st.just("")),
                    self.element("title", self.words, st.just("")),
                    most=4,
                ),
                st.just(""),
            ),
            st.just("<skipHours><hour>3</hour><hour>24</hour></skipHours>"),
            *self.of_channels(),
        ]
        return st.tuples(
            st.sampled_from(["0.91", "0.92", "0.93", "0.94", "2.0", "2.0", "2.0", "2.0.1"]),
            self.scope,
            self.element("title", self.words, self.scope),
            self.mixed(*about, most=8),
            st.lists(self.rss_item(), min_size=1, max_size=4).map("\n".join),
            self.mixed(*about, most=2),
        ).map(lambda made: '<rss version="{}"{} %s><channel>{}{}\n{}{}</channel></rss>'.format(*made))

    # RSS 1.0

    def rdf(self) -> st.SearchStrategy[str]:
        item = [
            self.element("title", self.words, self.scope),
            self.element("link", ADDRESSES, st.just("")),
            self.element("description", self.words, self.scope),
        ]
        about = [
            *self.elements("description", self.words),
            self.element("link", ADDRESSES, st.just("")),
            *self.of_channels(),
        ]
        items = st.lists(
            st.tuples(ADDRESSES, self.mixed(*item, *item, *self.modules())).map(
                lambda made: f'<item rdf:about="{_quoted(made[0])}">{made[1]}</item>'
            ),
            max_size=3,
        ).map("\n".join)
        picture = st.sampled_from(
            [
                "",
                '<image rdf:about="https://a.example/i"><title>I</title><url>https://a.example/i</url><link>x</link></image>',
            ]
        )
        return st.tuples(self.scope, self.element("title", self.words), self.mixed(*about, most=5), picture, items).map(
            lambda made: (
                f'<rdf:RDF{made[0]} xmlns:rdf="{RDF}" %s xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://a.example/">'
                f'{made[1]}{made[2]}<items><rdf:Seq><rdf:li rdf:resource="x"/></rdf:Seq></items></channel>{made[3]}{made[4]}</rdf:RDF>'
            )
        )

    # Atom

    def xhtml(self) -> st.SearchStrategy[str]:
        inner = st.recursive(
            st.sampled_from(
                [
                    "text",
                    "a &lt; b",
                    "<br/>",
                    '<img src="/a.png" alt="a &quot;b&quot;"/>',
                    " ",
                    "粉",
                    "&amp;amp;",
                    "<![CDATA[<c>]]>",
                ]
            ),
            lambda inside: st.tuples(
                st.sampled_from(
                    ["p", "b", "a", "div", "span", "details", "summary", "title", "source", "link", "image", "content"]
                ),
                st.sampled_from(
                    [
                        "",
                        ' href="/x?a=1&amp;b=2"',
                        ' xml:lang="fr"',
                        ' lang="fr"',
                        ' REL="NoFollow" type="A"',
                        ' title="&gt;/"',
                    ]
                ),
                st.lists(inside, max_size=3).map("".join),
            ).map(lambda made: "<{0}{1}>{2}</{0}>".format(*made)),
            max_leaves=6,
        )
        around = st.sampled_from(["", " ", "\n", "x", "<!-- c -->"]) if self.odd else st.sampled_from(["", "\n "])
        wrapped = st.tuples(around, st.sampled_from(["", ' class="c"', ' xml:lang="de"']), inner, around).map(
            lambda made: f'{made[0]}<div xmlns="{XHTML}"{made[1]}>{made[2]}</div>{made[3]}'
        )
        prefixed = st.sampled_from(
            [
                f'<h:div xmlns:h="{XHTML}"><h:p>x<h:br/></h:p></h:div>',
                f'<p xmlns="{XHTML}">a</p><p xmlns="{XHTML}">b</p>',
            ]
        )
        return st.one_of(wrapped, wrapped, prefixed)

    def atom_text(self, name: str) -> st.SearchStrategy[str]:
        types = ["", "text", "html", "text/html", "HTML"] + (
            ["text/plain", "plain", "image/gif", "xhtml"] if self.odd else []
        )
        kinds = st.sampled_from([f' type="{kind}"' if kind else "" for kind in types])
        said = st.tuples(kinds, self.scope).map("".join)
        structured = st.tuples(self.scope, self.xhtml()).map(
            lambda made: f'<{name} type="xhtml"{made[0]}>{made[1]}</{name}>'
        )
        return st.one_of(self.element(name, self.words, said), structured)

    def atom_source(self) -> st.SearchStrategy[str]:
        kinds = [
            *self.elements("id icon logo", GUIDS, st.just("")), self.element("updated", DATES, st.just("")), self.link("link"), self.link("link"),
            self.atom_text("title"), self.atom_text("rights"), self.person("author", ""), self.element("subtitle", self.words, st.just("")),
        ]  # fmt: skip
        return st.tuples(self.scope, self.mixed(*kinds)).map(lambda made: f"<source{made[0]}>{made[1]}</source>")

    def atom(self) -> st.SearchStrategy[str]:
        common = [
            *self.elements("id", GUIDS, st.just("")), *self.elements("updated published", DATES, st.just("")),
            self.link("link"), self.link("link"), self.person("author", ""), self.tag("category"), self.atom_text("rights"),
        ]  # fmt: skip
        texts = [self.atom_text(name) for name in ("title", "summary", "content")]
        entry = st.tuples(
            self.scope, self.mixed(*common, *common, *texts, *texts, *self.modules(), self.atom_source(), most=14)
        ).map(lambda made: f"<entry{made[0]}>{made[1]}</entry>")
        about = [*common, self.element("icon", ADDRESSES, st.just("")), self.element("logo", ADDRESSES, st.just("")),
                 self.element("subtitle", self.words), self.element("generator", self.words), *self.of_channels()]  # fmt: skip
        return st.tuples(
            self.scope,
            self.atom_text("title"),
            self.mixed(*about),
            st.lists(entry, min_size=1, max_size=4).map("\n".join),
        ).map(lambda made: f'<feed xmlns="{NAMESPACES["atom"]}"{made[0]} %s>{made[1]}{made[2]}\n{made[3]}</feed>')


def _declared(prefixes: list[str]) -> str:
    return " ".join(f'xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in prefixes)


def documents(*, odd: bool) -> st.SearchStrategy[str]:
    """Well-formed documents, nearly always."""
    maker = Maker(odd=odd)
    declared = st.permutations(list(NAMESPACES)).map(_declared)
    if odd:
        declared = st.tuples(declared, TRICKS).map(lambda made: f"{made[0]} {made[1]}")
        renamed = st.sampled_from([("mill:", "mill:")] * 30 + RENAMED)
    else:
        renamed = st.just(("mill:", "mill:"))
    start = st.sampled_from(
        ["", "<?xml version='1.0' encoding='utf-8'?>\n", "<!-- rye -->\n", "<?xml-stylesheet href='x'?>"]
    )
    made = st.tuples(start, declared, st.one_of(maker.rss(), maker.rdf(), maker.atom()), renamed)
    return made.map(lambda parts: parts[0] + _renamed(parts[2].replace("%s", parts[1]), *parts[3]))


def _renamed(text: str, prefix: str, other: str) -> str:
    return (
        text.replace(f"<{prefix}", f"<{other}")
        .replace(f"</{prefix}", f"</{other}")
        .replace(f"xmlns:{prefix[:-1]}=", f"xmlns:{other[:-1]}=")
    )


TRICKS = st.sampled_from(
    [""] * 30
    + [
        'xmlns:Mill="urn:other"',
        'xmlns:x="http://www.w3.org/1999/xlink"',
        'xmlns:gml="urn:g"',
        'xmlns:r="http://purl.org/rss/1.0/"',
    ]
    + [
        'xmlns:u="http://backend.userland.com/rss2"',
        'xmlns:dc2="http://purl.org/dc/elements/1.1/"',
        'xmlns:a10="http://www.w3.org/2005/Atom"',
    ]
    + [
        'xmlns:mrss="http://www.rssboard.org/media-rss"',
        'xmlns:n="http://my.netscape.com/rdf/simple/0.9/"',
        'xmlns:m2="urn:mill"',
    ]
)
RENAMED = [
    ("dc:", "purl:"),
    ("dc:", "dcterm:"),
    ("media:", "m:"),
    ("atom:", "a10:"),
    ("mill:", "gml:"),
    ("mill:", "title:"),
    ("itunes:", "ITunes:"),
]
RENAMED += [
    ("podcast:", "pod:"),
    ("mill:", "summary:"),
    ("thr:", "t:"),
    ("mill:", "dc-x:"),
    ("podcast:", "image:"),
    ("content:", "media_description:"),
]
