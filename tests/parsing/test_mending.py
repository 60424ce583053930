import pytest

from feeds.parsing.mending import mend

WHOLE = '<rss version="2.0"><channel><title>One</title><item><title>A</title></item></channel></rss>'


def test_what_is_well_formed_stays_as_it_is() -> None:
    mended = mend(WHOLE)
    assert (mended.text, mended.is_well_formed, mended.problems) == (WHOLE, True, ())


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ("a \x0b\x00\x1b\ufffe b", "a  b"),
        ("a &#x0B;&#11;&#0;&#xFFFE;&#55296;&#99999999; b", "a  b"),
        ("a & b", "a &amp; b"),
        ("a &b=c;d", "a &amp;b=c;d"),
        ("a &nbsp;&hellip; b", "a \xa0… b"),
        ("a &unheard; b", "a &amp;unheard; b"),
        ("&lt;&#60;&#x3C;&amp;", "&lt;&#60;&#x3C;&amp;"),
        ("<![CDATA[a & b &nbsp;]]> &amp; <!-- a & b -->", "<![CDATA[a & b &nbsp;]]> &amp; <!-- a & b -->"),
        ("<dc:creator>Ada</dc:creator>", "<dc:creator>Ada</dc:creator>"),
    ],
)
def test_what_is_plainly_meant_is_mended(broken: str, meant: str) -> None:
    mended = mend(WHOLE.replace("<title>A", f"<title>&A; {broken}"))  # &A; lets no case pass for well-formed
    assert mended.is_well_formed
    assert f"<title>&amp;A; {meant}</title>" in mended.text
    assert mended.problems == ()


@pytest.mark.parametrize(
    "before",
    [
        "\n\n \ufeff",
        "<br />\n<b>Warning</b>: no such file &\n",
        "\x00\x01",
        "<?xml version='1.0'?><?xml version='1.0'?>",
        "<!-- a & b -->",
    ],
)
@pytest.mark.parametrize("after", ["", "\n<!-- cached in 0.1 s -->\n", "<script>track()</script>", "\x00"])
def test_what_stands_before_and_after_the_document_is_dropped(before: str, after: str) -> None:
    mended = mend(before + WHOLE + after)
    assert mended.is_well_formed
    assert mended.text.count("<item>") == 1


def test_an_undeclared_prefix_gets_its_usual_namespace_and_a_declared_one_keeps_its_own() -> None:
    mended = mend(
        WHOLE.replace("<rss", '<rss xmlns:dc="urn:mine"').replace("<item>", "<item><media:x/><dc:y/><own:z/>")
    )
    assert mended.is_well_formed
    assert 'xmlns:media="http://search.yahoo.com/mrss/"' in mended.text
    assert 'xmlns:own="urn:undeclared:own"' in mended.text
    assert mended.text.count("xmlns:dc=") == 1


@pytest.mark.parametrize("hopeless", ["<title>a < b", "<title><b>a", "<title x=1>a"])
def test_what_only_guessing_helps_is_said_to_be_ill_formed(hopeless: str) -> None:
    assert not mend(WHOLE.replace("<title>A", hopeless)).is_well_formed


def test_no_document_type_survives() -> None:
    mended = mend(f'<!DOCTYPE rss [<!ENTITY a "b"> <!ATTLIST item x CDATA "y">]>{WHOLE}')
    assert mended.is_well_formed
    assert "DOCTYPE" not in mended.text
