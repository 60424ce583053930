"""HTML made safe, and a second opinion on whether it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import lxml.html

from feeds.normalizing.html import sanitize
from feeds.normalizing.text import xml_safe
from feeds.records import Text

PAGE = "https://site.example/news/today.html"
PADDING = "<i>x</i>" * 601  # enough tags to be tamed before they are parsed


def clean(value: str, base: str = PAGE) -> str:
    return sanitize(Text(value=value), base_url=base)


# What may stand in an article, written down a second time and on purpose: a slip in the policy must not excuse itself.
ELEMENTS = frozenset(
    (
        "a abbr acronym address article aside audio b bdi bdo big blockquote br caption center cite code col colgroup "
        "data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins "
        "kbd li main mark menu nav ol p picture pre q rb rp rt rtc ruby s samp section small source span strike strong "
        "sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr"
    ).split()
)
HARMLESS = frozenset(
    (
        "lang dir title alt width height sizes media type referrerpolicy align valign colspan rowspan headers scope "
        "abbr span border summary size start reversed value datetime open controls preload loop muted kind srclang "
        "label default hreflang"
    ).split()
)
WEB = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:[/?#][^\s\"'<>\\]*)?")
INLINE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=]+")
HREF = re.compile(WEB.pattern + r"|(?:mailto|tel|sms|xmpp|geo|magnet|ftps?):[^\s\"'<>\\]+")
ADDRESSES = {
    "href": HREF,
    "src": re.compile(f"{WEB.pattern}|{INLINE.pattern}"),
    "poster": WEB,
    "cite": WEB,
    "srcset": re.compile(rf"{WEB.pattern}(?: [0-9.]+[wxh])*(?:, {WEB.pattern}(?: [0-9.]+[wxh])*)*"),
    "style": re.compile(r"text-align:(?:left|right|center|justify|start|end)"),
}


class Checker(HTMLParser):
    """Reads what `sanitize` wrote with another parser, and fails on anything that is not on the lists above."""

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS, tag
        for name, value in attrs:
            if name in ADDRESSES:
                assert ADDRESSES[name].fullmatch(value or ""), (tag, name, value)
                assert tag == "img" or not (value or "").startswith("data:"), (tag, name, value)
            else:
                assert name in HARMLESS, (tag, name)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_safe(html: str) -> None:
    checker = Checker(convert_charrefs=True)
    checker.feed(html)
    checker.close()
    assert html == xml_safe(html)
    if html.strip():  # libxml2 reads differently again; what only one of them sees counts as well
        for element in lxml.html.fragment_fromstring(html, create_parent="div").iterdescendants():
            assert element.tag in ELEMENTS, element.tag
            for name, value in element.attrib.items():
                assert name in HARMLESS or ADDRESSES[name].fullmatch(value), (element.tag, name, value)
