"""What it costs to find an article's copies: articles a second, and candidates for one article among many.

    python benchmarks/likeness.py --articles 100000

First, articles of 5 KB, English and Chinese, are read, signed and compared. Then an index of bands, as the store would
keep it, is filled with synthetic articles of 150 words: words as frequent as in a language, one article in ten a form
that its source fills in daily. For a thousand copies of articles in it, each with a footer and a few words left out, it
is counted how many candidates their bands name, and how often the article itself is among them. Forms are counted
apart: all that a form ever made is a candidate for its next article, which is why a look-up must be bounded.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, pairwise
from statistics import median

from feeds.normalizing.likeness import bands, is_same_story
from feeds.normalizing.tellings import Telling, telling

FORMS = 200  # sources that fill one in
LENGTH = 150  # words
LOOKUPS = 1_000


class Language:
    """Words, the second half as frequent as the first, the third a third as frequent, and so on."""

    def __init__(self, chance: random.Random, words: Iterable[str], between: str) -> None:
        self.words, self.between, self.chance = list(words), between, chance
        self.weights = list(accumulate(1 / rank for rank in range(1, len(self.words) + 1)))

    def text(self, count: int) -> list[str]:
        return self.chance.choices(self.words, cum_weights=self.weights, k=count)

    def html(self, words: list[str]) -> str:
        paragraphs = (self.between.join(words[first : first + 60]) for first in range(0, len(words), 60))
        return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def english(chance: random.Random) -> Language:
    letters = "etaoinshrdlucmfwygpb"
    return Language(chance, ("".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(20_000)), " ")


def chinese(chance: random.Random) -> Language:
    return Language(
        chance, ("".join(chr(0x4E00 + chance.randrange(5_000)) for _ in range(2)) for _ in range(20_000)), ""
    )


def per_article(language: Language, count: int) -> dict[str, float]:
    """Milliseconds for each step, for articles of about 5 KB."""
    texts = [language.html(language.text(count)) for _ in range(200)]
    tellings: list[Telling] = []
    reading = _milliseconds(lambda: tellings.extend(telling(source="one", title="x", html=html) for html in texts), 200)
    banding = _milliseconds(lambda: [bands(one) for one in tellings], 200)
    pairs = list(pairwise(tellings))
    comparing = _milliseconds(lambda: [is_same_story(one, other) for one, other in pairs], len(pairs))
    whole = reading + banding
    return {
        "kilobytes": round(sum(len(html.encode()) for html in texts) / 200 / 1000, 1),
        "reading_ms": round(reading, 2),
        "bands_ms": round(banding, 2),
        "comparing_ms": round(comparing, 2),
        "articles_per_s": round(1000 / whole),
    }


def _milliseconds(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began) / times


def articles(language: Language, count: int) -> Iterator[tuple[bool, list[str]]]:
    """Words of so many articles, and whether a form was filled in with them."""
    forms = [language.text(LENGTH) for _ in range(FORMS)]
    for number in range(count):
        if number % 10:
            yield False, language.text(LENGTH)
        else:
            words = list(forms[number // 10 % FORMS])
            for place in range(5, LENGTH, 20):
                words[place] = str(language.chance.randrange(1000))
            yield True, words


def candidates(language: Language, count: int) -> dict[str, object]:
    """How many articles of an index the bands of a copy name, and how often the right one is among them."""
    index: dict[int, list[int]] = defaultdict(list)
    kept: dict[bool, list[tuple[int, list[str]]]] = {False: [], True: []}
    for number, (is_form, words) in enumerate(articles(language, count)):
        if number % 10 < 2:  # as many articles as forms
            kept[is_form].append((number, words))
        for band in _bands(language.html(words)):
            index[band].append(number)
    found: dict[str, object] = {"articles": count, "bands": len(index)}
    for is_form, name in ((False, "articles"), (True, "forms")):
        sample = language.chance.sample(kept[is_form], min(LOOKUPS, len(kept[is_form])))
        named = [
            ({one for band in _bands(_copy(language, words)) for one in index.get(band, ())}, n) for n, words in sample
        ]
        sizes = sorted(len(numbers) for numbers, _ in named)
        found[f"of_{name}"] = {
            "found": round(sum(number in numbers for numbers, number in named) / len(named), 3),
            "candidates_median": median(sizes),
            "candidates_99th": sizes[len(sizes) * 99 // 100],
            "candidates_most": sizes[-1],
        }
    return found


def _bands(html: str) -> tuple[int, ...]:
    return bands(telling(source="one", html=html))


def _copy(language: Language, words: list[str]) -> str:
    kept = [word for word in words if language.chance.random() > 0.03]
    return language.html(kept) + f"<p>{' '.join(language.text(12))}</p><p>Read more</p>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, help="in the index")
    options = parser.parse_args()
    chance = random.Random(8)
    print(json.dumps({"english": per_article(english(chance), 800)}))
    print(json.dumps({"chinese": per_article(chinese(chance), 850)}))
    print(json.dumps(candidates(english(chance), options.articles)))


if __name__ == "__main__":
    main()
