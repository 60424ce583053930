"""Every document is a small feed, encoded one way and labelled that way, another way or not at all."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parsing.encoding import CODECS, decode

CHINESE = "昨天夜里下了一场大雨，今天早上我们发现院子里的桂花都开了，香味一直飘到街上。"
TAIWANESE = "昨天夜裡下了一場大雨，今天早上我們發現院子裡的桂花都開了，香味一直飄到街上。"
CANTONESE = "佢哋嘅新書喺書店賣晒，我冇買到，聽日再嚟睇吓。"
JAPANESE = "昨夜は雨が降りましたが、今朝は庭の金木犀が咲いていて、通りまで良い香りがします。"
KOREAN = "어젯밤에 비가 많이 내렸는데 오늘 아침에는 마당에 꽃이 피어서 거리까지 향기가 납니다."
RUSSIAN = "Вчера ночью прошёл сильный дождь, а утром во дворе расцвела сирень, и пахнет вся улица."
CZECH = "Včera v noci hodně pršelo a ráno jsme zjistili, že na dvoře rozkvetl šeřík a voní celá ulice."
POLISH = (
    "Wczoraj w nocy mocno padało, a rano zobaczyliśmy, że na podwórku zakwitł bez i pachnie cała ulica; żółte róże też."
)
FRENCH = "Hier il a beaucoup plu, et ce matin le lilas était en fleur : ça embaumait jusqu'à la forêt d'à côté."
GERMAN = "Gestern hat es heftig geregnet, und heute früh blüht der Flieder so schön, dass die ganze Straße duftet."
SPANISH = "Anoche llovió muchísimo y esta mañana el jardín olía a jazmín; ¿quién lo habría imaginado en otoño?"
TURKISH = "Dün gece çok yağmur yağdı, bu sabah bahçedeki leylak açmış, kokusu bütün sokağı sarmış."
THAI = "เมื่อคืนฝนตกหนักมาก เช้านี้ดอกไม้ในสวนบานแล้ว กลิ่นหอมไปทั่วทั้งถนน"
GREEK = "Χθες το βράδυ έβρεξε πολύ και σήμερα το πρωί άνθισε η πασχαλιά στην αυλή, μυρίζει όλος ο δρόμος."
HEBREW = "אתמול בלילה ירד גשם חזק והבוקר פרח הלילך בחצר והריח ממלא את כל הרחוב"
ARABIC = "هطل مطر غزير ليلة أمس وهذا الصباح تفتحت الأزهار في الحديقة وامتلأ الشارع كله برائحتها"

IN_THEIR_OWN_ENCODING = [
    (CHINESE, "gbk"),
    (CHINESE, "gb18030"),
    (TAIWANESE, "big5"),
    (TAIWANESE, "gbk"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc_jp"),
    (KOREAN, "euc_kr"),
    (RUSSIAN, "windows-1251"),
    (RUSSIAN, "koi8-r"),
    (CZECH, "windows-1250"),
    (CZECH, "iso-8859-2"),
    (POLISH, "windows-1250"),
    (POLISH, "iso-8859-2"),
    (FRENCH, "windows-1252"),
    (GERMAN, "iso-8859-1"),
    (SPANISH, "iso-8859-1"),
    (TURKISH, "windows-1254"),
    (THAI, "tis-620"),
    (GREEK, "windows-1253"),
    (HEBREW, "windows-1255"),
    (ARABIC, "windows-1256"),
]
SHORT_TITLES = [
    ("今日要闻", "gbk"),
    ("关于我们的周末读书会", "gbk"),
    ("北京的秋天", "gbk"),
    ("今日新聞", "big5"),
    ("我們的新書", "big5"),
    ("今日のニュース", "shift_jis"),
    ("新しい本について", "euc_jp"),
    ("오늘의 새 소식", "euc_kr"),
    ("우리 동네 이야기", "euc_kr"),
    ("Новости дня", "windows-1251"),
    ("Погода на завтра", "koi8-r"),
    ("Zprávy z naší ulice: příští týden", "windows-1250"),
    ("L'été à la plage", "iso-8859-1"),
    ("Grüße aus Köln", "iso-8859-1"),
    ("ข่าววันนี้", "tis-620"),
    ("Τα νέα της ημέρας", "windows-1253"),
]
NOT_TEXT_CODECS = [
    *("rot13", "rot_13", "hex", "base64", "zip", "zlib", "bz2", "uu", "quopri", "punycode", "idna", "undefined"),
    *("mbcs", "oem", "utf-7", "utf_7", "u7", "unicode_escape", "raw_unicode_escape", "charmap", "../../etc/passwd"),
]


def rss(text: str, codec: str, label: str = "") -> bytes:
    declaration = f'<?xml version="1.0" encoding="{label}"?>\n' if label else ""
    return f"{declaration}<rss><channel><title>{text}</title></channel></rss>".encode(codec)


def is_read(content: bytes, text: str, charset: str = "") -> bool:
    return f"<title>{text}</title>" in decode(content, charset=charset).text


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


# Labels


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
