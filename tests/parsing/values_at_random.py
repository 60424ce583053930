"""What stands in the elements and attributes of documents, at random: texts, dates, addresses, people."""

from __future__ import annotations

from hypothesis import strategies as st


def any_of(*lines: str) -> st.SearchStrategy[str]:
    """One of the texts that stand in these lines, a bar between them."""
    return st.sampled_from("¦".join(lines).split("¦"))


BASES = any_of(
    "https://base.example/x/¦https://base.example/x/¦https://base.example/x/¦https://base.example/x/",
    "https://base.example/x/¦https://base.example/x/¦deep/¦/top/¦http://base.example¦../x?y#z¦¦//[¦urn:x",
    "HTTPS://b.example/",
)
WORDS = any_of(
    "Rye¦Oats &amp; barley¦<![CDATA[<p>Wheat &amp; <b>chaff</b></p>]]>¦&lt;i&gt;Millet&lt;/i&gt;¦粉とことば",
    "Café¦  padded\n ¦¦It&#8217;s¦naïve – “quoted”¦Tom &amp;amp; Ann¦🌾",
)
ODD_WORDS = any_of(
    "It&#146;s¦&#133;¦CafÃ©¦\u3000wide\u3000¦\u00a0¦a<!-- b -->c¦a<?b c?>d¦a<![CDATA[b]]>c¦\r\n¦&#13;x",
    "]]&gt;¦&amp;lt;¦&lt;/b>¦<b>x</b>¦<div>x</div>¦a\u2028b¦\x85¦ÂÂ¦0¦&#x85;x¦x\u200b¦<![CDATA[]]>",
    "<![CDATA[ ]]>",
)
DATES = any_of(
    "Mon, 06 May 2024 10:00:00 +0200¦Sun, 05 May 2024 20:00:00 GMT¦2024-05-06T07:08:09Z",
    "2024-05-06T07:08:09.123+05:30¦2024-05-06¦May 6, 2024 3:04 PM¦06/05/2024¦1714950489",
    "Mon, 31 Apr 2024 10:00:00 GMT¦soon¦¦0001-01-01¦2024-05-06T24:00:00Z¦Wed, 01 Jan 1970 00:00:00 GMT",
    "Thu, 29 Feb 2024 23:59:60 +0000¦6 May 2024 10:00:00 -1459",
)
ADDRESSES = any_of(
    "https://gazette.example/2024/05/06/rye¦http://gazette.example¦/oats¦rye.html?a=1&amp;b=2",
    "//far.example/x¦https://gazette.example/?a=1&amp;b;=2¦mailto:ada@mill.example",
    "https://Gazette.example/a;b?¦¦  https://a.example/  ¦https://gazette.example/müll¦https:///x",
    "javascript:alert(1)¦https://[¦#top¦?p=1¦tag:mill.example,2024:1¦https://a.example/x?#",
    "https://a.example/a/../b¦HTTP://A.example/¦https://a.example/a b¦a&amp;amp;c;d",
)
GUIDS = st.one_of(ADDRESSES, st.sampled_from(["42", "urn:uuid:1", "a b", ""]))
PEOPLE = any_of(
    "Ada Miller¦ada@mill.example (Ada Miller)¦Ada Miller &lt;ada@mill.example&gt;¦ada@mill.example¦",
    "Ada (ada@mill.example)¦mailto:ada@mill.example¦粉屋¦Ada, Ben",
)
NUMBERS = st.sampled_from(["0", "12345", "12 MB", "", "-1"])
TYPES = st.sampled_from(["audio/mpeg", "video/mp4", "image/jpeg", "Audio/MPEG", "", "text/html"])


def attribute(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return values.map(lambda value: f' {name}="{_quoted(value)}"')


def _quoted(value: str) -> str:
    return value.replace("<", "&lt;").replace('"', "&quot;")
