"""Validators that know nothing of us: jing with the formats' RELAX NG, and a JSON Schema."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

SCHEMAS = Path(__file__).parent / "schemas"
needs_jing = pytest.mark.skipif(not shutil.which("jing"), reason="jing is not installed; .ci/run installs it")


def jing(schema: str, *documents: Path) -> str:
    """What is wrong with documents on disk; "" where nothing is."""
    command = ["jing", "-c", str(SCHEMAS / schema), *map(str, documents)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)
    # On standard error Debian's wrapper grumbles about packages that it can do without.
    return done.stdout + ("" if done.returncode == 0 else f"jing ended with {done.returncode}: {done.stderr}")


def read_json_feed(document: bytes) -> dict[str, Any]:
    """A JSON Feed as its readers take it. Raises where it is none."""
    feed: dict[str, Any] = json.loads(document)
    _json_schema()(feed)
    return feed


@cache
def _json_schema() -> Any:
    return fastjsonschema.compile(json.loads((SCHEMAS / "jsonfeed.json").read_text(encoding="utf-8")))
