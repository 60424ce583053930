"""Whatever an article holds, what is published of it is safe, and bounded."""

from __future__ import annotations

import time

import pytest
from fragments import PADDING, PAGE, assert_safe, clean
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feeds.normalizing.html import first_image, sanitize
from feeds.normalizing.text import text_of
from feeds.records import Text

# Each of these has been a hole in some sanitizer or reader, or is the next thing someone would try.
HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<script/x>alert(1)</script/x>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script>alert(1)",
    "<<script>alert(1);//<</script>",
    "<script\x00>alert(1)</script>",
    "<script\x0c>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)>",
    '<img src="x"onerror="alert(1)">',
    "<img src=x:x onerror\n=\nalert(1)>",
    "<img src=x OnErRoR=alert(1)>",
    "<p>hi</p><img/src=x onerror=alert(1)>",
    "<img src=`javascript:alert(1)`>",
    '<img """><script>alert(1)</script>">',
    "<img src=javascript:alert(1)>",
    "<img src=JaVaScRiPt:alert(1)>",
    '<img src="jav\tascript:alert(1)">',
    '<img src="jav&#x09;ascript:alert(1)">',
    '<img src="jav&#x0A;ascript:alert(1)">',
    '<img src=" &#14;  javascript:alert(1)">',
    "<img src=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>",
    "<img src=&#0000106&#0000097&#0000118&#0000097script:alert(1)>",
    "<img src=&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)>",
    '<img dynsrc="javascript:alert(1)" lowsrc="javascript:alert(1)">',
    '<img longdesc="javascript:alert(1)" src=x usemap="#m">',
    '<img data-src="javascript:alert(1)">',
    '<img data-original="&#106;avascript:alert(1)" src="data:image/gif;base64,R0lGOD">',
    "<img data-src='x\" onerror=\"alert(1)'>",
    "<img alt='\"><script>alert(1)</script>' src=x>",
    "<img title='&quot; onerror=alert(1) x=&quot;' src=x>",
    "<img alt='`` onerror=alert(1)' src=x>",
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">',
    '<img src=\'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>\'>',
    "<img srcset='javascript:alert(1) 1x, data:text/html,x 2x'>",
    "<img srcset='x\" onerror=alert(1) 1x'>",
    "<img srcset='a.jpg 1x onerror=alert(1), b.jpg (x'>",
    "<img data-srcset='javascript:alert(1), , ,,'>",
    "<picture><source srcset=javascript:alert(1)><img src=x onerror=alert(1)></picture>",
    "<image src=x onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="\u00a0javascript:alert(1)">x</a>',
    '<a href="\u2028javascript:alert(1)">x</a>',
    '<a href="&nbsp;javascript:alert(1)">x</a>',
    '<a href="&#x2028;javascript:alert(1)">x</a>',
    '<a href="\u200bjavascript:alert(1)">x</a>',
    '<a href="java&shy;script:alert(1)">x</a>',
    '<a href="javascript&colon;alert(1)">x</a>',
    '<a href="javascript&#x3a;alert&lpar;1&rpar;">x</a>',
    '<a href="java&Tab;script:alert(1)">x</a>',
    '<a href="java&NewLine;script:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="&#1;javascript:alert(1)">x</a>',
    '<a href="javascript:\u0061lert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="DATA:text/html,x">x</a>',
    '<a href="feed:javascript:alert(1)">x</a>',
    '<a href="view-source:javascript:alert(1)">x</a>',
    '<a href="jar:javascript:alert(1)!/">x</a>',
    '<a href="//evil.example\\@site.example/">x</a>',
    '<a href="mailto:x?body=&quot;><script>alert(1)</script>">x</a>',
    '<a href="https://a.example/&quot; onclick=&quot;alert(1)">x</a>',
    "<a href='https://a.example/\"onmouseover=alert(1)//'>x</a>",
    "<a onclick=alert(1) href=/a target=_blank rel=opener ping=//evil.example/ download>x</a>",
    "<a xlink:href=javascript:alert(1)>x</a>",
    '<a href="#" style="position:fixed;inset:0;z-index:9">x</a>',
    "<a href=https://a.example/ href=javascript:alert(1)>x</a>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script xlink:href=//evil.example/x.js /></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /><a id=x><text>x</text></a></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<svg><p><style><g title='</style><img src=x onerror=alert(1)>'>",
    "<svg><title><![CDATA[</title><img src=x onerror=alert(1)>]]></title></svg>",
    "<svg><desc><noscript><a title='</noscript><img src=x onerror=alert(1)>'>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><mtext><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<math><annotation-xml><p><style><!--</style><img src=x onerror=alert(1)>--></p></annotation-xml></math>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<noscript>&lt;img src=x onerror=alert(1)&gt;</noscript>",
    "<noscript><noscript><img src=x onerror=alert(1)></noscript></noscript>",
    "<noscript><style></noscript><img src=x onerror=alert(1)></style>",
    "<noscript><!--</noscript><img src=x onerror=alert(1)>-->",
    "<noembed><p title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<noframes><p title='</noframes><img src=x onerror=alert(1)>'></noframes>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<title><p title='</title><img src=x onerror=alert(1)>'></title>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "<template><script>alert(1)</script></template><template shadowrootmode=open><img src=x onerror=alert(1)>",
    "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=alert(1)>'>",
    "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
    "<option><style></option></select><b><img src=x onerror=alert(1)></style></option>",
    "<select onfocus=alert(1) autofocus><iframe src=javascript:alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
    "<iframe><script>alert(1)</script></iframe>",
    "<iframe src=//a.example/><img src=x onerror=alert(1)></iframe>",
    "<iframe src='https://a.example/\"><script>alert(1)</script>'></iframe>",
    "<iframe src=//a.example/ title='<script>alert(1)</script>\"'></iframe>",
    "<iframe src=//a.example/ onload=alert(1)>",
    "<IFRAME/SRC=javascript:alert(1)>",
    "<x-iframe src=javascript:alert(1) onload=alert(1)></x-iframe>",
    "<x-noscript><img src=x onerror=alert(1)></x-noscript>",
    "<x-a href=javascript:alert(1) onclick=alert(1)>x</x-a><x-b onclick=alert(1)>x</x-b>",
    "<x-svg onload=alert(1)><x-script>alert(1)</x-script></x-svg>",
    "<x--a href=javascript:alert(1) onclick=alert(1)>x</x--a><x--iframe src=javascript:alert(1)></x--iframe>",
    "<x--svg><x--script>alert(1)</x--script></x--svg><x--noscript><img src=x onerror=alert(1)></x--noscript>",
    "<text><style><img src=x onerror=alert(1)></style></text><mi><script>alert(1)</script></mi>",
    "<mglyph><p title='</mglyph><img src=x onerror=alert(1)>'><desc><svg><style></desc><img src=x onerror=alert(1)>",
    "<img alt='<svg onload=alert(1)></script><x--b>&lt;x--script&gt;' src=/a><unknown>x</unknown>",
    "<a title='</textarea><foo' href='<foo>\"><script>alert(1)</script>'>x</a><foo<svg<script>alert(1)</script>",
    "<picture><source srcset='javascript:alert(1), /a\" 2x'></picture><video><video><source src=blob:x></video>",
    "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "<object data=javascript:alert(1)></object>",
    "<object data='data:text/html,<script>alert(1)</script>'><param name=x value=y></object>",
    "<object classid=clsid:ae24fdae-03c6-11d1-8b76-0080c744f389><param name=url value=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<embed src='data:image/svg+xml;base64,PHN2Zz4=' type=image/svg+xml allowscriptaccess=always>",
    "<applet code=Evil.class archive=//evil.example/e.jar></applet>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<form id=x></form><button form=x formaction=javascript:alert(1)>x</button>",
    "<input onfocus=alert(1) autofocus>",
    "<input type=image src=x formaction=javascript:alert(1) onerror=alert(1)>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<keygen autofocus onfocus=alert(1)>",
    "<button onclick=alert(1)>x</button>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<link rel=import href=//evil.example/x.html>",
    "<base href=javascript:alert(1)//><a href=x>x</a>",
    "<base href=//evil.example/><a href=x>x</a><img src=y>",
    "<body onload=alert(1) background=javascript:alert(1)>",
    "<html onmouseover=alert(1)><head><title>x</title></head><body>x</body></html>",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<style></style><img src=x onerror=alert(1)>",
    "<style><!--</style><img src=x onerror=alert(1)>-->",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='text-align:expression(alert(1))'>x</div>",
    "<div style='text-align:center;background:url(//evil.example/)'>x</div>",
    "<div style='text-align:center\\;position:fixed'>x</div>",
    "<div style='-moz-binding:url(//evil.example/x.xml#x);behavior:url(x.htc)'>x</div>",
    '<div style="text-align:center&quot; onclick=alert(1) x=&quot;">x</div>',
    "<div style='\\74 ext-align:center;color:\\65xpression(alert(1))'>x</div>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x</table>",
    "<td><script>alert(1)</script></td>",
    "<table><script>alert(1)</script><style>x</style><tr><td>x</table>",
    "<table><caption><table></caption><svg><style></table><img src=x onerror=alert(1)>",
    "<video src=javascript:alert(1) poster=javascript:alert(1) autoplay onloadstart=alert(1)></video>",
    "<video><source onerror=alert(1) src=x></video>",
    "<video poster='data:image/svg+xml,<svg onload=alert(1)>' src=/a.mp4></video>",
    "<audio src=x onerror=alert(1) autoplay>",
    "<track src=javascript:alert(1) oncuechange=alert(1)>",
    "<track src='data:text/html,<script>alert(1)</script>'><audio src='data:text/html,x'></audio>",
    "<video><source src='data:text/html;base64,PHNjcmlwdD4='></video>",
    "<blockquote cite=javascript:alert(1)>x</blockquote>",
    "<q cite='&#x6a;avascript:alert(1)'>x</q><del cite=data:text/html,x>x</del><ins cite=vbscript:x>y</ins>",
    "<details open ontoggle=alert(1)><summary onclick=alert(1)>x</summary></details>",
    "<marquee onstart=alert(1) behavior=alternate>x</marquee>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<map name=m><area href=javascript:alert(1) shape=default></map>",
    "<bgsound src=javascript:alert(1)><layer src=//evil.example/><ilayer>",
    "<xml id=x><x><c><![CDATA[<img src=x onerror=alert(1)>]]></c></x></xml><span datasrc=#x datafld=c></span>",
    "<xss style='behavior:url(x.htc)' onclick=alert(1)>x</xss>",
    "<custom-element onanimationend=alert(1) is=x>x</custom-element>",
    "<p onclick=alert(1) id=forms class=admin name=cookie tabindex=1 contenteditable>x</p>",
    "<p id='__proto__' accesskey=x popover slot=x part=y itemscope>x</p>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<!--><script>alert(1)</script>-->",
    "<!---><img src=x onerror=alert(1)>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<!- <img src=x onerror=alert(1)> ->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?><?php <img src=x onerror=alert(1)> ?>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;",
    "</ <script>alert(1)</script>>",
    "</p onclick=alert(1)><br/onclick=alert(1)>",
    "<p/title='>'onclick=alert(1)>x",
    "<p title=x\x00onclick=alert(1)>x</p>",
    "<p title='x' onclick='alert(1)>x</p>",
    "<a href='x' title='<!--'>a</a><a title='--><img src=x onerror=alert(1)>'>b</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    "<b <script>alert(1)</script>0",
    "<div id='1\u2028' onclick\u2028=alert(1)>x</div>",
    "<ruby><rt><script>alert(1)</script></rt></ruby>",
    "<a><table><a href=javascript:alert(1)><td><a onclick=alert(1)>x",
    "<b><p></b><i></p><img src=x onerror=alert(1)></i>",
    "\ud800<img src=x onerror=alert(1)>\udfff\ufffe\uffff",
    "＜script＞alert(1)＜/script＞",
    "¼script¾alert(1)¼/script¾",
    "<source src=javascript:alert(1) srcset=javascript:alert(1)>",
]


def test_there_are_enough_hostile_vectors_and_none_twice():
    assert len(HOSTILE) == len(set(HOSTILE)) >= 120


@pytest.mark.parametrize("vector", HOSTILE)
def test_nothing_hostile_gets_through(vector):
    html = clean(vector)
    assert_safe(html)
    assert clean(html) == html


@pytest.mark.parametrize("vector", HOSTILE)
def test_nothing_hostile_gets_through_in_a_long_article(vector):
    assert_safe(clean(PADDING + vector))
    assert_safe(clean(vector + PADDING))


def test_all_the_hostile_together_get_no_further():
    assert_safe(clean("".join(HOSTILE)))
    assert_safe(clean("".join(reversed(HOSTILE))))


def test_the_checker_itself_finds_what_it_should():
    for html in ("<script>x</script>", "<p onclick=x>", "<a href='javascript:x'>", "<!--x-->", "<p id=x>", "a\x01"):
        with pytest.raises(AssertionError):
            assert_safe(html)


BOMBS = {
    "nested": "<div>",
    "formatting and blocks": "<b><p>",
    "inline and blocks": "<i><div>",
    "links and tables": "<a><table>",
    "foster parents": "<table>x<br>",
    "lists": "<dl><dt>",
    "headings": "<h1><h2>",
    "rubies": "<ruby><rt>",
    "ampersands": "x&",
    "comments": "<!-- <b> --",
    "quotes": "<a '\"",
    "less-thans": "<",
    "frames": "<iframe src=/a>",
    "fallbacks": "<noscript><img src=/a.jpg>",
    "images": "<img data-src=/a.jpg srcset='a 1x, b 2x'>",
    "unknown": "<x></b>",
    "formulas": "<math><mi>x",
    "values": "<a title='<x'>",
    "players": "<video>x<audio>",
    "pictures": "<picture><source srcset='/a 1x, /b 2x'></picture>",
    "one picture": "<source srcset=/a,,,b>",
    "ends": "</div></b>",
}


@pytest.mark.parametrize("piece", BOMBS.values(), ids=BOMBS.keys())
def test_a_hostile_megabyte_takes_linear_time_and_space(piece):
    begun = time.process_time()
    html = clean(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 20  # one to two seconds on a quiet machine; minutes, were it quadratic
    assert len(html) < 10_000_000


@pytest.mark.parametrize(
    "bomb",
    [
        "<p>" + "".join(f"<b title={number}>" for number in range(20_000)) + "<p>x" * 20_000,
        "<p><b title='" + "x" * 500_000 + "'>" + "<p>x" * 50_000,
        "<p " + " ".join(f"a{number}" for number in range(100_000)) + ">",
        "<p title='" + "&amp;" * 200_000 + "'>",
        "<div>" * 100_000,
        "<div><object></div></object>" * 30_000,
    ],
    ids=["distinct tags", "a huge tag", "many attributes", "a huge value", "100,000 levels", "hidden depth"],
)
def test_what_the_parser_would_multiply_is_bounded(bomb):
    begun = time.process_time()
    html = clean(bomb)
    assert time.process_time() - begun < 20
    assert len(html) < 10 * len(bomb)


PIECES = st.sampled_from(
    [
        *(
            f"<{name}>"
            for name in "p b i a div table tr td li ul h1 pre svg math button iframe noscript script".split()
        ),
        *(f"</{name}>" for name in "p b i a div table tr td li ul h1 pre svg math button iframe noscript".split()),
        *("<!--", "-->", "<", ">", "&", "&lt;", "&#1;", "\n", "\r", "\x00", " ", "x", '"', "'", "=", "<br>", "<hr>"),
        *("<img src=a.jpg>", "<img data-src=//x.example/a srcset='b 1x,'>", "<a href=javascript:x>", "<a href=/a#b>"),
        *("<p style='text-align:right' onclick=x>", "<source srcset=a>", "<video>", "<iframe src=/v>", "<x-b>"),
        *("<text>", "</text>", "<mi>", "<form>", "</form>", "</video>", "<picture>", "</picture>", "<img>", "<x--svg>"),
    ]
)
MARKUP = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=25).map("".join))


@settings(max_examples=400)
@given(MARKUP)
@example("<p><button><p>x")
@example("<pre>\n\nx")
def test_whatever_comes_in_what_comes_out_is_safe_and_stays_so(value):
    html = clean(value)
    assert_safe(html)
    settled = clean(html)  # one of 100,000 hostile tangles, such as <h1><i><h1>, needs a second reading
    assert clean(settled) == settled
    assert_safe(clean(PADDING + value))
    assert_safe(sanitize(Text(value=value, is_html=False), base_url=PAGE))
    text_of(html)
    first_image(html)
