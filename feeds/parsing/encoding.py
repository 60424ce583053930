"""Bytes to text. What the bytes prove outranks what labels say, and labels outrank guesses.

The order: byte order mark (XML 1.0, appendix F) · JIS escape sequences · UTF-8, but for a few bytes · ASCII, but for a
few bytes · and for everything else one contest: each encoding reads a sample, and the reading that looks most like a
language wins. The few bytes are taken out before because they give the contest nothing to go by. HTTP's charset and
the document's own declaration are heavy words in favour of an encoding, not more: servers label everything
iso-8859-1, and templates say UTF-8 above GBK. Only what no reading explains goes to a general detector.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from math import log2

from msgspec import Struct

MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),  # before UTF-16, whose mark it begins with
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
PATTERNS = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))

# Each codec we ever use, with the labels that mean it (WHATWG Encoding, section 4.2, which maps to supersets), lower
# case, letters and digits only. An allow-list: Python also knows utf-7, rot13, zip, unicode_escape and the like.
# UTF-16 is missing because it shows in the bytes: "utf-16" above readable ASCII comes from .NET and is always wrong.
LABELS = {
    "utf-8": "utf8 utf8mb4 unicode11utf8 unicode20utf8",
    "gb18030": "gb18030 gbk gb2312 gb231280 cngb cp936 ms936 windows936 euccn chinese isoir58 csiso58gb231280",
    "cp950": "big5 cnbig5 csbig5 big5eten cp950 ms950 windows950",
    "big5hkscs": "big5hkscs big5hk",
    "cp932": "shiftjis sjis csshiftjis cp932 ms932 mskanji windows31j cswindows31j windows932",
    "euc_jp": "eucjp cseucpkdfmtjapanese ujis",
    "iso2022_jp_ext": "iso2022jp csiso2022jp",
    "cp949": "euckr cseuckr ksc5601 ksc56011987 ksc56011989 csksc56011987 korean cp949 ms949 windows949 uhc isoir149",
    "cp1252": "ascii usascii ansix341968 iso88591 iso885911987 latin1 csisolatin1 l1 cp819 ibm819 isoir100",
    "cp1254": "iso88599 latin5 csisolatin5 l5",
    "cp874": "tis620 iso885911 dos874 cp874 windows874",
    "koi8_r": "koi8r koi8 koi cskoi8r",
    "koi8_u": "koi8u koi8ru",
    "cp866": "cp866 ibm866 866",
    "mac_roman": "macintosh mac macroman",
    "mac_cyrillic": "maccyrillic macukrainian",
    "iso8859_2": "latin2 csisolatin2 l2",
    "iso8859_15": "latin9 l9",
}
CODECS = (
    {label: codec for codec, labels in LABELS.items() for label in labels.split()}
    | {f"iso8859{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
    | {f"{maker}{page}": f"cp{page}" for page in range(1250, 1259) for maker in ("cp", "windows")}
)
WIDER = {"cp950": "big5hkscs", "euc_jp": "euc_jis_2004"}  # Hong Kong's hanzi, NEC's ①: tried where the first fails

SAMPLE = 1500  # bytes that the readings are judged by: 10 ms for all of them together
LONGEST_WORD = SAMPLE // 2
DECLARED = re.compile(rb"""<(\?xml|meta)\b[^>]*?\b(?:encoding|charset)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
JIS = re.compile(rb"\x1b\$[@B]")
# Other escapes make Python's decoder raise RuntimeError where they do not end; the document's end may cut one short.
STRAY_ESCAPE = re.compile(rb"\x1b(?!\$[@B]|\$\(D|\([BIJ]|\$?\(?\Z)")
# A word from its first foreign letter on, with the ASCII letter before it. The bytes that end it are never the second
# half of a character in any encoding we know, so a word begins and ends between characters.
WORD = re.compile(rb"[A-Za-z]?[\x80-\xff][0-9@-\xff]*")

REPLACEMENT = "\ufffd".encode()
HIGH = bytes(range(0x80, 0x100))
# Bytes alone among ASCII: £, © and their like that touch no letter on the left, nor on the right unless after a digit.
SYMBOL = rb"[\x80\x82\x84-\x89\x8b\x91-\x99\x9b\xa0-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7]"
SYMBOLS = re.compile(rb"(?<![A-Za-z\x80-\xff])%b(?![A-Za-z\x80-\xff])|(?<=[0-9])%b(?![\x80-\xff])" % (SYMBOL, SYMBOL))
LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
TAG = re.compile(rb"<[^<>]*>")
# Half an emoji each, as Java and old MySQL write them (CESU-8): two of them are a character, one alone is none.
HALVES = re.compile(rb"(\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf])|\xed[\xa0-\xbf][\x80-\xbf]")

MOSTLY = 4  # continuation bytes of UTF-8 for each bad byte: other encodings do not come near it by chance
RARE = 200  # letters for each byte that is not ASCII: no language but English writes so few

# In bits: what a character costs a reading. Frequent characters cost what their frequency says.
ASCII, IMPOSSIBLE = 5, 24
ODD = 8  # for letters that no word has side by side
LABELLED, HEAD_START = 0.7, 10  # a reading that a label asks for costs so much of its bits, less so many
NOISE = 6  # a reading that costs this many bits a byte explains little; real ones cost four to five
FEW_WORDS = 60  # bytes, of which a general detector cannot tell anything

SIMPLIFIED = (
    "的，。一是不了在人、有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
    "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公"
    "此已工使情明性知全三又关点正业外将两高间由问很最重并物手应向头文体政美相见被利什二等产或新己制身果加西月话合回特代内"
    "信表化老给世位次度门任常先海通教东提立及比员解水名真论处走各入几口认条平系气题活更别女变四总何电数安少报才结反受目"
    "太量再感建务做接必场件计管期市直资金指统区保社便网页图版字书请未错误搜索称选择设置闻京：；！？“”（）《》「」"
)
TRADITIONAL = (
    "的，。一是不了在人、有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種"
    "事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公"
    "此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應向頭文體政美相見被利什二等產或新己制身果加西月話合回特代內"
    "信表化老給世位次度門任常先海通教東提立及比員解水名真論處走各入幾口認條平系氣題活更別女變四總何電數安少報才結反受目"
    "太量再感建務做接必場件計管期市直資金指統區保社便網頁圖版字書請未錯誤搜尋稱選擇設置聞臺灣：；！？「」（）《》"
)
JAPANESE = (
    "のいるにをたはしとがてなでか、。れっらもりすこまあよくきんさうそどおえやめけつわみせちょだばじげろべずしゃゅぎごぶねひふへ"
    "ほゆむぼびざぞぜぬぐづぱぷぺぽぴーンスルトリアクライドロジシュレテタマプカフコデッサィメムニオバブチグキパウエソハダミポビャョ"
    "ボベセギィゴペケノナピヴァツネモワホヤゲザズガユヨ日本人年大国一中会出上生時見行分前後東京新者部事社自地方学合場間定"
    "手名目気高内立入力今何書全動電車文使用月「」・（）！？々"
)
KOREAN = (
    "이다는에의을가고하지기사로한대리정시도자나인은서해스어부들전그일과제수장아만국보주동소비원으상있선공라면구경게여러연안"
    "관미중유성실치신회무조행방트를니습할않및것데되문오위산음력우마모분세진간계년호명발당생요내말업때또더없등용"
)
RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
THAI = "านรอเกงยลมีวดทสตะปบคหไแจพชขใผโณซถธศญฟษภโิ่้็ัึืุู์ำา"


class Decoded(Struct, frozen=True):
    """A document's text, and how we came to it."""

    text: str  # without its leading U+FEFF
    encoding: str  # Python's name of the codec
    how: str  # which rung of the ladder held, e.g. "HTTP charset"
    replaced: int = 0  # bad bytes that became U+FFFD

    @property
    def in_words(self) -> str:
        bad = f", {self.replaced} bad byte{'' if self.replaced == 1 else 's'} replaced" if self.replaced else ""
        return f"{self.encoding}, by {self.how}{bad}"


class Language(Struct, frozen=True):
    """How a language looks: its legacy encodings, and its characters beyond ASCII, most frequent first."""

    codecs: tuple[str, ...]
    characters: str
    is_wide: bool = False  # whether a character of its encodings takes two bytes


LANGUAGES = (
    Language(("cp1252",), "éàèêçôîùâûïœëÉÀÈÇ’«»“”…–—°€\xa0"),  # French; the first of equals wins, so the West leads
    Language(("cp1252",), "üäößÄÖÜ„“”–…’€"),
    Language(("cp1252",), "óíáéñúü¿¡ÁÉÍÓÚÑºª«»“”–—"),
    Language(("cp1252",), "ãçáéóíõêúâàôÁÉÓÍÇº“”–"),
    Language(("cp1252",), "èàùòéìÈ’“”«»–"),
    Language(("cp1252",), "äåöøæéÅÄÖØÆü”’–»«"),
    Language(("cp1252",), "íáðóþúæýéöÍÁÞÓÚÆÉÖÐ„“–"),
    Language(("cp1252",), "é’“”ï–—…‘•©®£€°·×\xa0"),  # English
    Language(("gb18030",), SIMPLIFIED, is_wide=True),
    Language(("cp950",), TRADITIONAL, is_wide=True),
    Language(("cp932", "euc_jp"), JAPANESE, is_wide=True),
    Language(("cp949",), KOREAN, is_wide=True),
    Language(("cp1251", "koi8_r"), RUSSIAN + RUSSIAN.upper() + "«»—–…№"),
    Language(("cp1251",), RUSSIAN[:9] + "і" + RUSSIAN[9:] + "їєґјљњћђџўІЇЄҐЈ" + RUSSIAN.upper() + "«»—–’"),
    Language(("cp1250", "iso8859_2"), "íáéěřčžýšůúťňóďäľôĺŕČŘŠŽÚÍ„“–"),
    Language(("cp1250", "iso8859_2"), "ąłęóżśćńźŻŚŁĆÓ„”–"),
    Language(("cp1250", "iso8859_2"), "áéöóőíüúűÁÉÖÜÓŐ„”–"),
    Language(("cp1250", "iso8859_2"), "ăîâţşÎŞŢĂÂ„”"),
    Language(("cp1250", "iso8859_2"), "čšžćđČŠŽĆĐ„“–"),
    Language(("cp1254",), "ıüşğçöİŞÖÜÇĞâî’“”…–"),
    Language(("cp1253",), "αοιετσνηυρπκμλςίόδγωχάθέφβήξύζώψΑΕΟΤΠΚΣΜΗΝΔΓΛΒΦΧΘΡΙΥΈΌΆϊϋ«»’"),
    Language(("cp874",), THAI),
    Language(("cp1255",), "יוהלארתבמשנכםדחפקעןטגצסזךץף"),
    Language(("cp1256",), "اليمونترةبدسعفهكقحجشصطخغضذزثأإىءئؤآظ،؟"),
    Language(("cp1257",), "ėšąųžįūęčŠŽ„“–"),
    Language(("cp1257",), "āīēšņļģūķžčĀĪŠ„”–"),
)


def decode(content: bytes, *, charset: str = "") -> Decoded:
    """The text of a document's bytes, whatever they are; `charset` is what HTTP said, and may be anything.

    A bad byte becomes U+FFFD and the text around it stays.
    """
    if mark := _mark(content):
        return _read(content, *mark)
    labels = _labels(content, charset)
    if _is_jis(content) and (content.isascii() or "iso2022_jp_ext" in labels):
        return _read(content, "iso2022_jp_ext", labels.get("iso2022_jp_ext", "JIS escape sequences"))
    if (text := _strict(content, "utf-8")) is not None:
        if not _is_utf_8_by_chance(content, text, labels):
            return Decoded(text.lstrip("\ufeff"), "utf-8", labels.get("utf-8", "valid UTF-8"))
    elif decoded := _mostly_utf_8(content, labels) or _mostly_ascii(content, labels):
        return decoded
    return _read(content, *_best_reading(_sample(content), labels))


def _mark(content: bytes) -> tuple[str, str] | None:
    """The Unicode encoding that the first bytes give away."""
    for table, how in ((MARKS, "byte order mark"), (PATTERNS, "first bytes")):
        for start, codec in table:
            if content.startswith(start):
                return codec, how
    return None


def _is_jis(content: bytes) -> bool:
    """Whether escape sequences switch to Japanese (RFC 1468), and none is of another kind."""
    return b"\x1b" in content and JIS.search(content) is not None and not STRAY_ESCAPE.search(content)


def _labels(content: bytes, charset: str) -> dict[str, str]:
    """The codecs that labels name, and which label did; HTTP's first (RFC 7303, section 3)."""
    named = {_codec(charset): "HTTP charset"}
    if match := DECLARED.search(content, 0, 1024):
        kind, label = match.groups()
        named.setdefault(_codec(label.decode("ascii", "replace")), "XML declaration" if kind == b"?xml" else "meta tag")
    return {codec: how for codec, how in named.items() if codec}


def _codec(label: str) -> str:
    """The codec a label means, empty where it means none: " X-GBK; " is gb18030."""
    return CODECS.get(re.sub(r"[^a-z0-9]", "", label[:60].lower()).lstrip("x"), "")


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _is_utf_8_by_chance(content: bytes, text: str, labels: dict[str, str]) -> bool:
    """Whether a few characters in a labelled double-byte encoding happen to be valid UTF-8."""
    # One pair of GBK in six looks like a letter of UTF-8, eight pairs in a row never do.
    if not 0 < len(content) - len(text) < 8:
        return False
    sample = _sample(content)
    return any(_is_wide(codec) and _bits(sample, codec) < _bits(sample, "utf-8") for codec in labels)


def _mostly_utf_8(content: bytes, labels: dict[str, str]) -> Decoded | None:
    """The text where it is UTF-8 but for a few bytes, or for emoji in two halves."""
    whole = HALVES.sub(_joined, content)
    text, kept = (whole.decode("utf-8", how) for how in ("replace", "ignore"))
    bad = text.count("\ufffd") - whole.count(REPLACEMENT)
    if len(kept.encode()) - len(kept) < MOSTLY * bad:
        return None
    replaced = text.count("\ufffd") - content.count(REPLACEMENT)
    return Decoded(text.lstrip("\ufeff"), "utf-8", labels.get("utf-8", "mostly UTF-8"), replaced)


def _joined(halves: re.Match[bytes]) -> bytes:
    if not halves[1]:
        return REPLACEMENT
    return halves[1].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()


def _mostly_ascii(content: bytes, labels: dict[str, str]) -> Decoded | None:
    """The text where only a few bytes are not ASCII and each stands alone: in English, so they are windows-1252's."""
    if labels.keys() - {"utf-8", "cp1252"}:
        return None
    foreign = len(content) - len(content.translate(None, HIGH))
    if len(SYMBOLS.findall(content)) == foreign or (
        len(LONE.findall(content)) == foreign and len(TAG.sub(b"", content)) >= RARE * foreign
    ):
        return _read(content, "cp1252", labels.get("cp1252", "mostly ASCII"))
    return None


def _is_wide(codec: str) -> bool:
    return codec == "big5hkscs" or any(codec in language.codecs and language.is_wide for language in LANGUAGES)


def _read(content: bytes, codec: str, how: str) -> Decoded:
    """`content` read by `codec`, or by its wider sister where only that one knows all the characters."""
    for strict in (codec, WIDER.get(codec, codec)):
        if (text := _strict(content, strict)) is not None:
            return Decoded(text.lstrip("\ufeff"), strict, how)
    text = content.decode(codec, "replace")
    genuine = content.count(REPLACEMENT) if codec == "utf-8" else 0
    return Decoded(text.lstrip("\ufeff"), codec, how, replaced=text.count("\ufffd") - genuine)


def _sample(content: bytes) -> bytes:
    """The first words that are not ASCII."""
    words: list[bytes] = []
    size = 0
    for match in WORD.finditer(content):
        words.append(content[match.start() : min(match.end(), match.start() + LONGEST_WORD)])
        size += len(words[-1])
        if size >= SAMPLE:
            break
    return b" ".join(words)


def _best_reading(sample: bytes, labels: dict[str, str]) -> tuple[str, str]:
    """The codec whose reading of the sample looks most like a language, and how we know."""
    bits = {codec: _bits(sample, codec) for codec in [*labels, "utf-8", *_by_codec()]}
    favoured = labels.keys() - {"utf-8"}  # which has just been refuted
    best = min(bits, key=lambda codec: bits[codec] * LABELLED - HEAD_START if codec in favoured else bits[codec])
    if best in labels:
        return best, labels[best]
    if len(sample) > FEW_WORDS and bits[best] > NOISE * len(sample) and (detected := _detect(sample)):
        return detected, "detector"
    return best, "mostly UTF-8" if best == "utf-8" else "frequent characters"


def _bits(sample: bytes, codec: str) -> float:
    """How surprising the sample is when read by `codec`: bits, as a naive language model counts them."""
    text = sample.decode(codec, "replace")
    counts = Counter(text)
    # A codec that only a label brings up, we know no language for: every letter of it costs the same.
    languages = LANGUAGES if codec == "utf-8" else _by_codec().get(codec, (Language((codec,), ""),))
    return min(_language_bits(language, text, counts) for language in languages)


def _language_bits(language: Language, text: str, counts: Counter[str]) -> float:
    costs, other, odd = _model(language)
    bits = sum(costs.get(character, other) * count for character, count in counts.items())
    return bits + (ODD * len(odd.findall(text)) if odd else 0)


@cache
def _model(language: Language) -> tuple[dict[str, float], float, re.Pattern[str] | None]:
    """What each frequent character costs, what any other does, and which neighbours are odd."""
    # Zipf's law: frequency falls with rank; alphabets are steeper and cover nearly all of a text.
    covered, flatness, others = (0.6, 20, 5_000) if language.is_wide else (0.95, 6, 100)
    covered *= bool(language.characters)
    characters = list(dict.fromkeys(language.characters))
    weights = [1 / (rank + flatness) for rank in range(len(characters))]
    costs = {c: -log2(covered * weight / sum(weights)) for c, weight in zip(characters, weights, strict=True)}
    costs |= dict.fromkeys(map(chr, range(0x80)), ASCII)
    costs |= dict.fromkeys(map(chr, range(0x80, 0xA0)), IMPOSSIBLE)  # C1 controls
    costs |= dict.fromkeys(map(chr, range(0xE000, 0xF900)), IMPOSSIBLE) | {"\ufffd": IMPOSSIBLE}  # private use
    return costs, -log2((1 - covered) / others), _odd_neighbours(language)


def _odd_neighbours(language: Language) -> re.Pattern[str] | None:
    """A capital after a small letter; Latin letters in a foreign word; three accented letters in a row."""
    if language.is_wide or not language.characters:
        return None
    small = "".join(filter(str.islower, language.characters))
    is_latin = language.characters[0] < "\u0250"
    strange = r"[^\0-\xbf](?=[^\0-\xbf]{2})" if is_latin else r"[A-Za-z](?=[^\0-\xbf])|[^\0-\xbf](?=[A-Za-z])"
    return re.compile(f"[a-z{small}](?=[A-Z{small.upper()}])|{strange}")


@cache
def _by_codec() -> dict[str, tuple[Language, ...]]:
    """The languages to try for each codec."""
    codecs = dict.fromkeys(codec for language in LANGUAGES for codec in language.codecs)
    return {codec: tuple(language for language in LANGUAGES if codec in language.codecs) for codec in codecs}


def _detect(sample: bytes) -> str:
    """What charset-normalizer says, among the encodings we know no language of; empty where it says nothing."""
    from charset_normalizer import from_bytes  # late: it costs 20 ms and is hardly ever asked

    strangers = sorted({*CODECS.values()} - _by_codec().keys() - {"utf-8", "iso2022_jp_ext", "big5hkscs"})
    best = from_bytes(sample, cp_isolation=strangers).best()
    return best.encoding if best and best.encoding in strangers else ""
