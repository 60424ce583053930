"""Which namespace means what, and whether a document declares its own in a way that is sure to be understood.

feedparser knows namespaces by their addresses, then by prefixes, and lets the last declaration of a prefix win: with
tricks, an element is taken for another. Where a document's declarations leave any room for that, it is not ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from feeds.parsing.extensions import namespace_of

XML = "{http://www.w3.org/XML/1998/namespace}"
XHTML = "{http://www.w3.org/1999/xhtml}"
ATOM = "{http://www.w3.org/2005/Atom}"
RSS1 = "{http://purl.org/rss/1.0/}"
RSS090 = "{http://my.netscape.com/rdf/simple/0.9/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
SY = "{http://purl.org/rss/1.0/modules/syndication/}"
FEEDBURNER = "{http://rssnamespace.org/feedburner/ext/1.0}"
ADMIN = "{http://webns.net/mvcb/}"
LICENSE = "{http://backend.userland.com/creativeCommonsRssModule}"
ITUNES = ("{http://www.itunes.com/dtds/podcast-1.0.dtd}", "{http://www.itunes.com/DTDs/PodCast-1.0.dtd}")
MEDIA = ("{http://search.yahoo.com/mrss/}", "{http://search.yahoo.com/mrss}")
PODCAST = (
    "{https://podcastindex.org/namespace/1.0}",
    "{https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md}",
)

MAX_DECLARATIONS = 100
_XLINK = "http://www.w3.org/1999/xlink"  # feedparser counts its declaration as an attribute

# All that feedparser knows, in lower case, and the prefix that it knows each by. A test compares this with its own.
# fmt: off
KNOWN = {
    address: prefix
    for prefix, addresses in {
        "": "http://backend.userland.com/rss http://blogs.law.harvard.edu/tech/rss http://purl.org/rss/1.0/ "
            "http://my.netscape.com/rdf/simple/0.9/ http://example.com/newformat# http://example.com/necho "
            "http://purl.org/echo/ uri/of/echo/namespace# http://purl.org/pie/ http://purl.org/atom/ns# "
            "http://www.w3.org/2005/atom http://purl.org/rss/1.0/modules/rss091#",
        "admin": "http://webns.net/mvcb/",
        "ag": "http://purl.org/rss/1.0/modules/aggregation/",
        "annotate": "http://purl.org/rss/1.0/modules/annotate/",
        "audio": "http://media.tangent.org/rss/1.0/",
        "blogChannel": "http://backend.userland.com/blogchannelmodule",
        "cc": "http://creativecommons.org/ns#license http://web.resource.org/cc/",
        "creativeCommons": "http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html "
                           "http://backend.userland.com/creativecommonsrssmodule",
        "co": "http://purl.org/rss/1.0/modules/company",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "cp": "http://my.theinfo.org/changed/1.0/rss/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "email": "http://purl.org/rss/1.0/modules/email/",
        "ev": "http://purl.org/rss/1.0/modules/event/",
        "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
        "fm": "http://freshmeat.net/rss/fm/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
        "georss": "http://www.georss.org/georss",
        "gml": "http://www.opengis.net/gml",
        "icbm": "http://postneo.com/icbm/",
        "image": "http://purl.org/rss/1.0/modules/image/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd http://example.com/dtds/podcast-1.0.dtd",
        "l": "http://purl.org/rss/1.0/modules/link/",
        "media": "http://search.yahoo.com/mrss http://search.yahoo.com/mrss/",
        "pingback": "http://madskills.com/public/xml/rss/module/pingback/",
        "prism": "http://prismstandard.org/namespaces/1.2/basic/",
        "psc": "http://podlove.org/simple-chapters",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "ref": "http://purl.org/rss/1.0/modules/reference/",
        "reqv": "http://purl.org/rss/1.0/modules/richequiv/",
        "search": "http://purl.org/rss/1.0/modules/search/",
        "slash": "http://purl.org/rss/1.0/modules/slash/",
        "soap": "http://schemas.xmlsoap.org/soap/envelope/",
        "ss": "http://purl.org/rss/1.0/modules/servicestatus/",
        "str": "http://hacks.benhammersley.com/rss/streaming/",
        "sub": "http://purl.org/rss/1.0/modules/subscription/",
        "sy": "http://purl.org/rss/1.0/modules/syndication/",
        "szf": "http://schemas.pocketsoap.com/rss/mydescmodule/",
        "taxo": "http://purl.org/rss/1.0/modules/taxonomy/",
        "thr": "http://purl.org/rss/1.0/modules/threading/",
        "ti": "http://purl.org/rss/1.0/modules/textinput/",
        "trackback": "http://madskills.com/public/xml/rss/module/trackback/",
        "wfw": "http://wellformedweb.org/commentapi/",
        "wiki": "http://purl.org/rss/1.0/modules/wiki/",
        "xhtml": "http://www.w3.org/1999/xhtml",
        "xlink": "http://www.w3.org/1999/xlink",
        "xml": "http://www.w3.org/xml/1998/namespace",
    }.items()
    for address in addresses.split()
}
# fmt: on
_PREFIXES = {prefix.lower() for prefix in KNOWN.values()} | {""}

# Known to feedparser, which makes nothing of their elements that we would read; `thr` it does not know itself.
_PASSED_OVER = {
    "http://purl.org/rss/1.0/modules/slash/",
    "http://purl.org/rss/1.0/modules/syndication/",
    "http://wellformedweb.org/CommentAPI/",
    "http://madskills.com/public/xml/rss/module/trackback/",
    "http://madskills.com/public/xml/rss/module/pingback/",
    "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "http://prismstandard.org/namespaces/1.2/basic/",
}
_THREADING = "http://purl.org/syndication/thread/1.0"


class UnsureError(Exception):
    """What a document means is not plain enough: feedparser is to read it."""


class Names:
    """The namespaces of one document, from all of its declarations in their order.

    Raises UnsureError where prefixes are used in ways that feedparser would trip over.
    """

    def __init__(self, declarations: Iterable[tuple[str, str]]) -> None:
        self.declared = tuple(dict.fromkeys(declarations))
        if len(self.declared) > MAX_DECLARATIONS:
            raise UnsureError("very many namespaces")
        addresses: dict[str, str] = {}
        for prefix, address in self.declared:
            if prefix and addresses.setdefault(prefix.lower(), address) != address:
                raise UnsureError("a prefix of two meanings")
            if not _is_plain(prefix, address):
                raise UnsureError("a prefix that usually means something else")
        self._defaults = {address for prefix, address in self.declared if not prefix}
        if any(namespace_of(address) == "podcast" for address in self._defaults):
            raise UnsureError("a podcast's elements without a prefix")  # which feedparser takes for the format's own
        foreign = {address for prefix, address in self.declared if prefix and _is_foreign(address)}
        self._passed_over = _PASSED_OVER | (foreign - self._defaults)
        self._harmless: set[str] = set()

    def pass_over(self, tag: str) -> None:
        """Raises UnsureError unless feedparser notes elements of this name where nobody reads them."""
        if tag in self._harmless:
            return
        address, _, name = tag[1:].rpartition("}")
        # Under `title:detail` it would file what stands in `title_detail`.
        if address not in self._passed_over or not name.isascii() or name.lower().endswith("detail"):
            raise UnsureError(f"an element of unknown meaning ({tag})")
        self._harmless.add(tag)


def _is_plain(prefix: str, address: str) -> bool:
    """Whether a prefix that feedparser knows stands for what it knows it as, and the address is as others write it."""
    if address == _XLINK or not prefix.isascii() or "backend.userland.com/rss" in address.lower():
        return False
    known = "thr" if address == _THREADING else KNOWN.get(address.lower(), "")
    return not prefix or prefix.lower() not in _PREFIXES or known.lower() == prefix.lower()


def _is_foreign(address: str) -> bool:
    """Whether a namespace means nothing to feedparser, nor to those who gather extensions."""
    return address.lower() not in KNOWN and not namespace_of(address)
