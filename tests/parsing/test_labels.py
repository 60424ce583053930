"""What HTTP, a declaration or a page says of an encoding: which of them is believed, and where."""

import pytest
from languages import (
    CANTONESE,
    CHINESE,
    GERMAN,
    JAPANESE,
    KOREAN,
    NOT_TEXT_CODECS,
    RUSSIAN,
    TAIWANESE,
    THAI,
    is_read,
    rss,
)

from feeds.parsing.encoding import CODECS, decode


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("CP936", "gb18030"),
        ("iso-8859-1", "cp1252"),
        ("ISO_8859-1:1987", "cp1252"),
        ("latin1", "cp1252"),
        ("US-ASCII", "cp1252"),
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("Windows-31J", "cp932"),
        ("x-euc-jp", "euc_jp"),
        ("EUC-KR", "cp949"),
        ("ks_c_5601-1987", "cp949"),
        ("Big5", "cp950"),
        ("x-x-big5", "cp950"),
        ("Big5-HKSCS", "big5hkscs"),
        ("ISO-8859-9", "cp1254"),
        ("TIS-620", "cp874"),
        ("windows-874", "cp874"),
        (' "windows-1251"; ', "cp1251"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ("cswindows31j", "cp932"),
        ("iso-8859-15", "iso8859_15"),
    ],
)
def test_a_label_means_the_superset_that_browsers_read_it_as(label, codec):
    sentences = {"cp874": THAI, "cp932": JAPANESE, "euc_jp": JAPANESE, "cp949": KOREAN, "cp950": TAIWANESE}
    sentences |= {"gb18030": CHINESE, "cp1251": RUSSIAN, "mac_cyrillic": RUSSIAN, "big5hkscs": CANTONESE}
    decoded = decode(rss(sentences.get(codec, GERMAN), codec), charset=label)
    assert (decoded.encoding, decoded.how) == (codec, "HTTP charset")


@pytest.mark.parametrize(
    ("codec", "label", "text"),
    [
        ("cp1252", "iso-8859-1", "“It’s 5 €” – they said…"),
        ("gb18030", "gb2312", "朱镕基和陶喆的新唱片：㐂𠀀"),
        ("cp932", "shift_jis", "①髙島屋の新しいカタログ"),
        ("cp949", "euc-kr", "똠방각하와 펲시의 새 소식"),
        ("big5hkscs", "big5", CANTONESE),
        ("euc_jis_2004", "euc-jp", "①新しい本について"),
        ("cp1254", "iso-8859-9", "“Yağmur” – bugün…"),
    ],
)
def test_characters_that_only_the_superset_has_are_read(codec, label, text):
    assert is_read(rss(text, codec), text, charset=label)


def test_bytes_that_cp1252_does_not_define_are_replaced():
    decoded = decode(rss("L'été \x81 à la forêt, déjà", "latin-1"), charset="iso-8859-1")
    assert "L'été \ufffd à la forêt" in decoded.text
    assert (decoded.encoding, decoded.replaced) == ("cp1252", 1)


@pytest.mark.parametrize("label", [*NOT_TEXT_CODECS, "", "nonsense", "ü", "\udcff\0", "utf-8" * 100_000])
def test_labels_that_are_garbage_or_name_no_text_codec_are_not_used(label):
    content = rss(CHINESE, "gbk", "x") if len(label) > 60 else rss(CHINESE, "gbk")
    assert is_read(content, CHINESE, charset=label)
    assert decode(b"+ADw-script+AD4-", charset=label).text == "+ADw-script+AD4-"


def test_every_codec_we_may_use_is_a_text_codec():
    for codec in set(CODECS.values()):
        assert b"<rss>".decode(codec) == "<rss>"


def test_a_declaration_may_follow_blank_lines_and_use_single_quotes():
    assert (
        decode(b"\r\n\n<?xml version='1.0' encoding = 'iso-8859-16'?>" + rss("ăîș", "iso8859_16")).encoding
        == "iso8859_16"
    )


def test_a_label_is_believed_where_we_know_no_language_of_it():
    vietnamese = "Tin mơ\u0301i vê\u0300 văn ho\u0301a va\u0300 đơ\u0300i sô\u0301ng ơ\u0309 Viê\u0323t Nam"
    assert is_read(rss(vietnamese, "cp1258", "windows-1258"), vietnamese)


def test_a_page_may_name_its_encoding_in_a_meta_tag():
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=big5"><title>我們</title>'
    decoded = decode(page.encode("big5"))
    assert (decoded.text, decoded.how) == (page, "meta tag")


def test_the_label_that_explains_the_bytes_wins_over_the_one_that_does_not():
    assert is_read(rss(JAPANESE, "euc_jp", "euc-jp"), JAPANESE, charset="shift_jis")
    assert is_read(rss(JAPANESE, "euc_jp", "shift_jis"), JAPANESE, charset="euc-jp")


@pytest.mark.parametrize("title", ["同学", "系统", "学员", "小学", "一页"])
def test_a_short_title_that_is_valid_utf_8_by_chance_is_read_as_its_label_says(title):
    content = rss(title, "gbk")
    assert content.decode("utf-8")  # strictly valid, and nonsense
    assert is_read(content, title, charset="gbk")


@pytest.mark.parametrize("label", ["gbk", "big5", "euc-kr", "shift_jis", "euc-jp"])
@pytest.mark.parametrize(
    "title", ["Café", "Grüße", "Año nuevo", "5 €", "“Yes”", "Да", "Ναι", "好", "猫", "Été à la mer"]
)
def test_a_short_title_in_utf_8_does_not_become_hanzi_under_a_double_byte_label(title, label):
    assert is_read(rss(title, "utf-8"), title, charset=label)
