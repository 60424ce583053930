"""`${NAME}` in values: filled in from the environment, and remembered, because what comes from there is secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from feeds.marked_yaml import Path
from feeds.settings.complaints import Complaint

_PLACE = re.compile(r"\$(\$\{)|\$\{([^}]*)(\}?)")  # the escape `$${`, or `${NAME}`
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FromEnvironment(str):
    """Text that holds values of environment variables; `written` is what the file says, fit to be shown."""

    __slots__ = ("secrets", "written")
    written: str
    secrets: tuple[str, ...]


def fill(tree: object, environ: Mapping[str, str]) -> tuple[object, list[Complaint]]:
    """The same values with every variable filled in, and what is wrong with those that cannot be."""
    complaints: list[Complaint] = []

    def filled(value: object, path: Path) -> object:
        if isinstance(value, dict):
            return {key: filled(part, (*path, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [filled(part, (*path, index)) for index, part in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            complaints.extend(Complaint(path, wrong) for wrong in _wrong(value, environ))
            return _text(value, environ)
        return value

    return filled(tree, ()), complaints


def secrets(tree: object) -> Iterator[str]:
    """Every value of the environment that went into `tree`."""
    if isinstance(tree, FromEnvironment):
        yield from tree.secrets
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            if isinstance(part, FromEnvironment | dict | list):  # most is plain text
                yield from secrets(part)


def _text(written: str, environ: Mapping[str, str]) -> FromEnvironment:
    filled = FromEnvironment(_PLACE.sub(lambda found: found[1] or environ.get(found[2], ""), written))
    filled.written = written
    filled.secrets = tuple(environ[name] for _, name, _ in _PLACE.findall(written) if name in environ)
    return filled


def _wrong(written: str, environ: Mapping[str, str]) -> Iterator[str]:
    for escape, name, closed in _PLACE.findall(written):
        if escape:
            continue
        if not closed or not _NAME.fullmatch(name):
            yield "`${` begins no ${NAME}; write the name of a variable, or `$${` for the characters themselves"
        elif name not in environ:
            yield f"the environment variable {name} is not set; set it, or write the value here"
