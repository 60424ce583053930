"""The language of an article: as its source says, else as its text shows."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# BCP 47, as far as feeds use it: language, script, region, variant.
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")
_ENOUGH = 40  # characters below which a guess is worth nothing
_SURE = 0.8
_NONE = {"und", "zxx"}  # ISO 639-3: undetermined; no words at all


def tidy(tag: str) -> str:
    """A language tag with its usual capitals (`zh-Hant-TW`), or "" where it is none (`English`, `en_US.UTF-8`).

    `und` says that the language could not be told: we write it ourselves where a feed's own would be wrong.
    """
    tag = tag.strip().replace("_", "-")
    if not _TAG.match(tag) or len(tag.split("-")[0]) > 3:
        return ""
    first, *rest = tag.split("-")
    if first.lower() == "und":
        return ""
    cased = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest]
    return "-".join([first.lower(), *cased])


def detect(text: str) -> str:
    """The language a text is written in, where the `detect` extra is installed and the text is long enough; else ""."""
    if len(text) < _ENOUGH or (identifier := _identifier()) is None:
        return ""
    language, probability = identifier.classify(text[:2_000])
    return str(language) if probability > _SURE and language not in _NONE else ""


@cache
def _identifier() -> Any:
    """py3langid's model: a second to load, so only where a language is really missing. None where not installed."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ModuleNotFoundError:
        return None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
