"""A text in each of many languages, in an encoding of its own; and a small feed made of one, labelled or not."""

from feeds.parsing.encoding import decode

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
