"""What moves in an article at every visit and is no news: counts of its readers, advertisements, and how it is spelled.

Only what is certain is recognized. What is not is part of what the article says, and a change of it a revision.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

# Lines that count readers and say nothing else: `1,234 views · 5 comments`, `Comments: 12`, `阅读(1024) 评论 3`.
# A number within a sentence is part of what it says; votes and points may be the news itself.
_PLAIN = (
    "(?:page )?views?|clicks?|likes?|comments?|repl(?:y|ies)|upvotes?|retweets?|reposts?|reactions?|favou?rites?"
    "|(?:page )?reads|(?:阅读|閱讀|浏览|瀏覽|点击|點擊|评论|評論)(?:次数|次數|量|数|數)?"
    "|回复|回覆|点赞|點讚|赞|讚|转发|轉發"
)
# Which may be something else (500 shares of a company, 3 hits of a band), and count beside one of the others only.
_DOUBTFUL = "read|readers|visits?|hits?|shares?|responses?|claps?|boosts?|bookmarks?|收藏|分享|人气|人氣"
_HREF = re.compile(r'(?<= href=")([^"?#]*)[^"]*')
_NUMBER = r"\d[\d,.]{0,12} ?(?:[km]\b|万|萬|亿|億)?\+?"


def _counting(what: str) -> str:
    return (
        rf"{_NUMBER} ?(?:[次人条條] ?)?(?:{what})"
        rf"|#? ?(?:{what}) ?[:：]? ?[(（]?{_NUMBER}[)）]?(?: ?[次人条條])?"
        rf"|points: {_NUMBER}"
    )


_COUNT = _counting(f"{_PLAIN}|{_DOUBTFUL}")
_CERTAIN_COUNT = _counting(_PLAIN)
_NO_COUNT = (
    r"no (?:comments|replies|views|likes|reactions)(?: yet)?"
    r"|(?:leave|post|add|write) a (?:comment|reply)(?: ?[(（]\d+[)）]?)?"
)
_ANY_COUNT = f"{_COUNT}|{_NO_COUNT}"
_BETWEEN_COUNTS = " ·•|,，/;-[]()【】（）"
_LONGEST_COUNT = 120  # characters

# Networks that put another advertisement into a feed whenever it is asked for.
_NETWORKS = (
    "doubleclick.net googlesyndication.com googleadservices.com amazon-adsystem.com adzerk.net adnxs.com "
    "buysellads.com buysellads.net carbonads.com carbonads.net pheedo.com feedsportal.com taboola.com outbrain.com"
)
_OF_NETWORK = re.compile(rf'"https?://(?:[^"/?#]{{0,100}}\.)?(?:{"|".join(map(re.escape, _NETWORKS.split()))})[/?#:"]')
_AD = re.compile(
    rf"<a [^>]*?\bhref={_OF_NETWORK.pattern}[^>]*>.*?</a>|<img [^>]*?\bsrc={_OF_NETWORK.pattern}[^>]*>", re.DOTALL
)


def without_counts(text: str) -> str:
    """Text without the lines that only count readers."""
    lines = text.split("\n")
    kept = [line for line in lines if not _only_counts(line)]
    return text if len(kept) == len(lines) else "\n".join(kept)


def _only_counts(line: str) -> bool:
    if len(line) > _LONGEST_COUNT:
        return False
    line = line.strip(_BETWEEN_COUNTS)
    if not _compiled(_ANY_COUNT).match(line):  # of most lines the first look says it
        return False
    is_certain = _compiled(_CERTAIN_COUNT).search(line) or _compiled(_NO_COUNT).search(line)
    left = _compiled(_COUNT).sub("", _compiled(_NO_COUNT).sub("", line))
    return is_certain is not None and not left.strip(_BETWEEN_COUNTS)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """When it is first needed: that takes as long as asking a hundred sources does."""
    return re.compile(pattern, re.IGNORECASE)


def spelled(text: str) -> str:
    """Text in one spelling: composed letters, straight quotes, no hyphens that are seen at the end of a line only."""
    if text.isascii():
        return text
    for sign, plain in _SPELLING:  # a fraction of what `translate` takes, as most texts have none of them
        text = text.replace(sign, plain)
    return unicodedata.normalize("NFC", text)


_SPELLING = (*((sign, "'") for sign in "‘’‚‛′"), *((sign, '"') for sign in "“”„‟″"), ("\xad", ""))


def without_ads(html: str) -> str:
    """HTML that `sanitize` made, without the links and pictures of advertising networks."""
    return _AD.sub("", html) if _OF_NETWORK.search(html) else html


def has_other_links(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether HTML is other HTML, both made by `sanitize`, in nothing but where its links lead, queries left out: these
    may be made anew at each visit."""
    before, after = ([without_ads(html) for html in each] for each in (old, new))
    is_alike = [_HREF.sub("", html) for html in before] == [_HREF.sub("", html) for html in after]
    return is_alike and [_HREF.findall(html) for html in before] != [_HREF.findall(html) for html in after]
