"""Every document is a small feed, encoded one way and labelled that way, another way or not at all."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import (
    CHINESE,
    CZECH,
    FRENCH,
    GERMAN,
    GREEK,
    IN_THEIR_OWN_ENCODING,
    JAPANESE,
    KOREAN,
    NOT_TEXT_CODECS,
    RUSSIAN,
    SHORT_TITLES,
    SPANISH,
    TAIWANESE,
    THAI,
    TURKISH,
    is_read,
    rss,
)

from feeds.parsing.encoding import CODECS, decode


@pytest.mark.parametrize(("text", "codec"), IN_THEIR_OWN_ENCODING + SHORT_TITLES)
class TestAText:
    def test_is_read_as_http_says(self, text, codec):
        decoded = decode(rss(text, codec), charset=codec)
        assert f"<title>{text}</title>" in decoded.text
        assert (decoded.how, decoded.replaced) == ("HTTP charset", 0)

    def test_is_read_as_its_declaration_says(self, text, codec):
        decoded = decode(rss(text, codec, codec))
        assert f"<title>{text}</title>" in decoded.text
        assert decoded.how == "XML declaration"

    def test_is_read_where_http_says_utf_8_and_the_declaration_is_right(self, text, codec):
        assert is_read(rss(text, codec, codec), text, charset="utf-8")

    def test_is_read_where_http_is_right_and_the_declaration_says_utf_8(self, text, codec):
        assert is_read(rss(text, codec, "UTF-8"), text, charset=codec)

    def test_is_read_without_any_label(self, text, codec):
        assert is_read(rss(text, codec), text)

    def test_is_read_although_both_labels_say_utf_8(self, text, codec):
        assert is_read(rss(text, codec, "utf-8"), text, charset="UTF-8")

    @pytest.mark.parametrize("label", ["gb2312", "iso-8859-1", "big5", "shift_jis", "euc-kr", "windows-1251", "utf-16"])
    def test_in_utf_8_is_read_whatever_the_label_says(self, text, codec, label):  # noqa: ARG002
        assert is_read(rss(text, "utf-8", label), text, charset=label)


@pytest.mark.parametrize(
    ("text", "codec"), [(t, c) for t, c in IN_THEIR_OWN_ENCODING if t not in (FRENCH, GERMAN, SPANISH, TURKISH)]
)
def test_the_iso_8859_1_that_servers_say_by_default_is_overruled_by_the_declaration(text, codec):
    assert is_read(rss(text, codec, codec), text, charset="ISO-8859-1")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *[(CHINESE, "gbk"), (TAIWANESE, "big5"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"), (KOREAN, "euc_kr")],
        *[(RUSSIAN, "windows-1251"), (GREEK, "windows-1253"), (THAI, "tis-620")],
    ],
)
def test_the_iso_8859_1_that_servers_say_by_default_is_overruled_by_another_script(text, codec):
    assert is_read(rss(text, codec), text, charset="ISO-8859-1")


def test_long_texts_of_every_language_are_recognised_in_one_another_s_company():
    english = "The quick brown fox jumps over the lazy dog. " * 2000
    for text, codec in IN_THEIR_OWN_ENCODING:
        assert is_read(rss(english + text * 50, codec), english + text * 50), codec


@pytest.mark.parametrize(
    ("text", "codec"),
    [(FRENCH, "cp1252"), (GERMAN, "cp1252"), (SPANISH, "cp1252"), ("Café", "cp1252"), ("naïve", "cp1252")],
)
def test_latin_1_labelled_utf_8_does_not_become_hanzi(text, codec):
    decoded = decode(rss(text, codec, "utf-8"))
    assert text in decoded.text


# Unicode


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_outranks_every_label_and_is_not_text(codec):
    decoded = decode(rss(CHINESE, codec, "gb2312"), charset="iso-8859-1")
    assert decoded.text == rss(CHINESE, "utf-8", "gb2312").decode()
    assert decoded.how == "byte order mark"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf_16_and_utf_32_show_in_the_first_bytes(codec):
    decoded = decode(rss(CHINESE, codec, codec))
    assert f"<title>{CHINESE}</title>" in decoded.text
    assert (decoded.encoding, decoded.how) == (codec, "first bytes")


def test_a_utf_8_document_that_calls_itself_utf_16_is_read():
    assert is_read(rss(RUSSIAN, "utf-8", "utf-16"), RUSSIAN)


def test_how_names_the_label_where_it_was_right_about_utf_8():
    assert decode(rss(CHINESE, "utf-8", "UTF-8")).how == "XML declaration"
    assert decode(rss(CHINESE, "utf-8")).how == "valid UTF-8"


@pytest.mark.parametrize("charset", ["iso-2022-jp", "", "utf-8"])
def test_jis_escape_sequences_are_read_declared_or_not(charset):
    assert is_read(rss(JAPANESE, "iso2022_jp"), JAPANESE, charset=charset)


def test_a_bad_byte_in_declared_jis_is_replaced():
    decoded = decode(rss(JAPANESE, "iso2022_jp") + b"\xff", charset="iso-2022-jp")
    assert decoded.text == rss(JAPANESE, "utf-8").decode() + "\ufffd"


def test_an_escape_character_in_utf_8_is_left_alone():
    assert is_read(rss("\x1b$B" + CHINESE, "utf-8"), "\x1b$B" + CHINESE)


@given(st.lists(st.sampled_from([b"\x1b", b"$", b"$B", b"(J", b"(", b"!", b"a", b"\n", b"\xff"])).map(b"".join))
def test_escape_sequences_that_never_end_give_a_text(content):
    assert decode(b"\x1b$B" + content, charset="iso-2022-jp").text is not None


# Bad bytes


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        *[(CHINESE, "utf-8", ""), (FRENCH, "utf-8", "utf-8"), (RUSSIAN, "utf-8", "iso-8859-1")],
        *[(KOREAN, "utf-8", "gb2312"), (FRENCH, "utf-8", "iso-8859-1"), (CZECH, "utf-8", "windows-1250")],
        *[(CHINESE, "gb18030", ""), (CHINESE, "gb18030", "gb2312"), (CHINESE, "gb18030", "utf-8")],
        *[(KOREAN, "cp949", ""), (KOREAN, "cp949", "euc-kr"), (TAIWANESE, "cp950", ""), (JAPANESE, "euc_jp", "")],
    ],
)
def test_a_bad_byte_in_the_middle_is_replaced_and_the_rest_is_kept(text, codec, label):
    decoded = decode(rss(text, codec) + b"\xff" + rss(text, codec), charset=label)
    assert decoded.text == rss(text, "utf-8").decode() + "\ufffd" + rss(text, "utf-8").decode()
    assert (decoded.encoding, decoded.replaced) == (codec, 1)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "euc_jp", "cp949", "cp950", "cp932"])
def test_a_document_that_ends_within_a_character_keeps_all_the_others(codec):
    text = {"cp949": KOREAN, "cp950": TAIWANESE, "euc_jp": JAPANESE, "cp932": JAPANESE}.get(codec, CHINESE) + "文"
    decoded = (
        decode(text.encode(codec, "ignore")[:-1]) if codec != "cp949" else decode((KOREAN + "말").encode(codec)[:-1])
    )
    assert decoded.text == text.removesuffix("文") + "\ufffd"
    assert (decoded.encoding, decoded.replaced) == (codec, 1)


def test_a_summary_cut_within_a_character_does_not_harm_the_next_element():
    content = "<p>今天早上我们发现".encode("gbk")[:-1] + "</p><p>院子里的桂花都开了。</p>".encode("gbk")
    decoded = decode(content, charset="gb2312")
    assert decoded.text == "<p>今天早上我们发\ufffd</p><p>院子里的桂花都开了。</p>"


@pytest.mark.parametrize("label", ["", "UTF-8"])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"costs \xa35 now", "costs £5 now"),
        (b"costs 5\xa3.", "costs 5£."),
        (b"\xa9 2024 Foo", "© 2024 Foo"),
        (b"about \xa55", "about ¥5"),
        (b"\xa7 5 says 20\xb0C", "§ 5 says 20°C"),
        (b"to S\xe3o Paulo", "to S\u00e3o Paulo"),
    ],
)
def test_a_few_latin_1_bytes_alone_in_ascii_are_western(content, text, label):
    # A letter may be anybody's, so it takes more ASCII around it than a symbol does.
    padding = "Much is written in English. " * 10 if "\u00e3" in text else "Some words "
    declaration = b'<?xml version="1.0" encoding="%b"?>' % label.encode() if label else b""
    decoded = decode(declaration + padding.encode() + content)
    assert decoded.text.endswith(padding + text)
    assert (decoded.encoding, decoded.how, decoded.replaced) == ("cp1252", "mostly ASCII", 0)


def test_a_label_outranks_what_a_single_byte_is_taken_for():
    assert decode("Much is written. £ or Ł 5".encode("cp1250", "ignore"), charset="windows-1250").text.endswith("Ł 5")


def test_an_emoji_written_as_two_surrogates_is_joined():
    decoded = decode(b"Some news \xed\xa0\xbd\xed\xb8\x80 of the mill")
    assert (decoded.text, decoded.encoding, decoded.replaced) == ("Some news \U0001f600 of the mill", "utf-8", 0)


def test_half_an_emoji_is_replaced():
    decoded = decode("Müller’s ".encode() + b"news \xed\xa0\xbd of the mill \xff")
    assert (decoded.text, decoded.replaced) == ("Müller’s news \ufffd of the mill \ufffd", 2)


def test_where_most_is_utf_8_single_bad_bytes_are_replaced_one_by_one():
    text = "The mill – “old” and café – turns. "
    decoded = decode(text.encode() + b"\xa3 " + text.encode() + b"\xe9 and \xa9", charset="iso-8859-1")
    assert decoded.text == f"{text}\ufffd {text}\ufffd and \ufffd"
    assert (decoded.encoding, decoded.replaced) == ("utf-8", 3)


def test_a_replacement_character_of_the_document_s_own_is_not_counted():
    assert decode(f"{CHINESE}\ufffd".encode() + b"\xff").replaced == 1


# Anything at all


@given(st.binary(), st.sampled_from(["", "utf-8", "iso-8859-1", *CODECS, *NOT_TEXT_CODECS]) | st.text())
def test_any_bytes_give_a_text_under_any_label(content, charset):
    decoded = decode(content, charset=charset)
    assert decoded.replaced >= 0
    assert not decoded.text.startswith("\ufeff")
    assert decoded.encoding.isascii()


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1b\ufeff")),
    st.sampled_from(["", "utf-8", "iso-8859-1", "windows-1251", "koi8-r", "utf-16", *NOT_TEXT_CODECS]),
)
def test_any_text_in_utf_8_is_read_under_any_label_but_a_double_byte_one(text, charset):
    # Excepted: NULs and escapes at the start may be UTF-16 or JIS, and under "gbk" a few letters may be hanzi.
    assert decode(text.encode(), charset=charset).text == text


@given(st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), min_size=4), st.sampled_from(sorted(CODECS)))
def test_four_hanzi_in_utf_8_are_read_under_any_label(text, charset):
    assert decode(text.encode(), charset=charset).text == text


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 10_000_000,
        b"\x81" * 10_000_000,
        b"\xc3(" * 5_000_000,
        b"A" * 9_999_999 + b"\xe9",
        b"\xe9 " * 5_000_000,
        b"\0" * 10_000_000,
        b'<?xml version="1.0" encoding' + b" " * 1_000_000 + b'="gbk',
        b"<?xml " * 200_000 + b"\xff",
        ("<p>" + CHINESE * 100_000).encode("gbk") + b"\xff",
        bytes(range(256)) * 40_000,
        b"\x1b$B" + b"\x1b$" * 5_000_000,
    ],
    ids=lambda content: repr(content[:12]),
)
@pytest.mark.parametrize("charset", ["", "iso-8859-1", "tis-620"])
def test_ten_megabytes_of_anything_take_no_seconds(content, charset):
    start = time.process_time()
    decode(content, charset=charset)
    assert time.process_time() - start < 2
