"""Pictures, films and sounds: they show what they are meant to, from where it really is."""

from __future__ import annotations

import pytest
from fragments import clean

from feeds.normalizing.html import first_image

REAL = '<img src="https://i.example/real.jpg">'
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


@pytest.mark.parametrize(
    "lazy",
    [
        f'<img class="lazy" data-src="https://i.example/real.jpg" src="{GIF}">',
        '<img data-original="https://i.example/real.jpg">',
        '<img data-actualsrc="https://i.example/real.jpg" src="https://i.example/small.jpg">',
        '<img data-lazy-src="https://i.example/real.jpg" src="/img/spacer.gif">',
        '<img data-src="true" data-original="https://i.example/real.jpg" data-lazy="1">',
        '<img data-url="https://i.example/real.jpg" src="/img/blank.gif">',
        '<img data-url="https://site.example/page" data-thumb="x" src="https://i.example/real.jpg">',
        '<img data-src="javascript:alert(1)" src="https://i.example/real.jpg">',
        f'<img data-src="{GIF}" src="https://i.example/real.jpg">',
        f'<img data-src="https://i.example/real.jpg" src="{GIF}"><noscript>{REAL}</noscript>',
        '<img data-src="https://i.example/real.jpg"> <noscript><img src="https://i.example/b.jpg"></noscript>',
        f"<noscript>{REAL}</noscript>",
        f'<img src="{GIF}"><noscript>{REAL}</noscript>',
        f'<img src="/lazyload.png"><noscript>{REAL}</noscript>',
    ],
)
def test_a_lazy_image_shows_its_real_address_once(lazy):
    assert clean(lazy).strip() == REAL


def test_a_fallback_elsewhere_in_the_article_is_not_shown_twice():
    assert clean(f"<p>{REAL}</p><div><noscript>{REAL}Words</noscript></div>") == f"<p>{REAL}</p><div>Words</div>"


@pytest.mark.parametrize(
    "proxied",
    ["https://proxy.example/?http://i.example/a.jpg", "https://proxy.example/?url=http%3A%2F%2Fi.example%2Fa.jpg"],
)
def test_an_image_behind_a_proxy_stays_behind_it(proxied):
    html = clean(f'<img data-original="http://i.example/a.jpg" src="{proxied}" referrerpolicy="no-referrer">')
    assert first_image(html) == proxied
    assert 'referrerpolicy="no-referrer"' in html


@pytest.mark.parametrize("sides", ['width="1" height="1"', 'width="0" height=1px', "height=0 width=0"])
def test_a_tracking_pixel_goes(sides):
    assert clean(f'a<img src="https://t.example/p.gif" {sides}>b') == "ab"


@pytest.mark.parametrize(
    "tag",
    [
        "<img>",
        '<img alt="x">',
        '<img src="blob:https://site.example/1">',
        '<img src="javascript:1">',
        "<source>",
        '<source src="blob:x" type="video/mp4">',
        "<track>",
        '<track src="javascript:1" default>',
    ],
)
def test_what_loads_something_goes_where_it_has_no_address(tag):
    assert clean(f"a{tag}b") == "ab"


@pytest.mark.parametrize(
    "player",
    [
        "<video></video>",
        '<audio controls src="blob:x"></audio>',
        '<video loop><source src="javascript:1"></video>',
        "<video><source><track></video>",
        "<video><audio></audio></video>",
    ],
)
def test_a_player_with_nothing_to_play_goes(player):
    assert clean(f"a{player}b") == "ab"


def test_the_words_in_a_player_with_nothing_to_play_stay():
    assert clean('<video src="blob:x">No video: <a href="/v">see it</a></video>') == (
        'No video: <a href="https://site.example/v">see it</a>'
    )


def test_a_player_with_a_source_or_at_least_a_picture_stays():
    source = '<video controls=""><source src="https://a.example/a.mp4"></video>'
    assert clean(source) == source
    assert "poster=" in clean('<video poster="/a.jpg"></video>')


def test_a_picture_whose_image_has_no_address_shows_its_first_source():
    html = clean('<picture><source srcset="/a,b.webp 1x, /c.webp 2x"> <img src="blob:x"></picture>')
    assert first_image(html) == "https://site.example/a,b.webp"
    assert html.endswith('<img src="https://site.example/a,b.webp"></picture>')


def test_a_small_inline_picture_stays_and_a_placeholder_or_huge_one_goes():
    picture = "data:image/png;base64," + "A" * 400
    assert clean(f'<img src="{picture}">') == f'<img src="{picture}">'
    assert clean(f'<img src="{GIF}">') == clean(f'<img src="{picture + "A" * 70_000}">') == ""
    assert clean(f'<a href="{picture}">x</a><video src="{picture}"></video>').count("data:") == 0


def test_every_candidate_of_a_srcset_is_absolute_and_safe():
    html = clean(
        '<img src="/a.jpg" srcset="a,b.jpg 1x, data:image/png;base64,AA 2x,javascript:x 3x, /c.jpg 480w ,d.jpg,">'
    )
    assert 'srcset="https://site.example/news/a,b.jpg 1x, https://site.example/c.jpg 480w, ' in html
    assert 'https://site.example/news/d.jpg"' in html
    assert "javascript" not in html
    assert "data:" not in html


def test_an_image_known_by_its_srcset_alone_gets_a_src():
    assert 'src="https://site.example/a.jpg"' in clean('<img srcset="/a.jpg 1x, /b.jpg 2x">')


def test_first_image_is_the_first_with_an_address():
    picture = "data:image/png;base64," + "A" * 400
    assert first_image(clean(f'<img src="{picture}"><p><img alt="b" src="/b.jpg?x=1&y=2"><img src="/c.jpg">')) == (
        "https://site.example/b.jpg?x=1&y=2"
    )
    assert first_image(clean("<p>none</p>")) == ""
