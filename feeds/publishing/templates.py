"""The templates of the pages: the user's own first, then ours; and where it is that one of them fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from feeds.errors import ThemeError
from feeds.publishing.theming import OUR_NAME, OURS


def environment(theme: Path | None) -> Environment:
    """Where templates are found and what they may say. Nothing is written, and each file is read once."""
    ours = _Files(OURS)
    loaders: list[BaseLoader] = [ours, PrefixLoader({OUR_NAME: ours})]
    if theme is not None:
        loaders.insert(0, _Files(theme))
    return Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name is an error, and no hole in the page
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def faults(theme: Path) -> Iterator[str]:
    """What is wrong with the templates of a theme, as far as it can be told before one is used."""
    here = environment(theme)
    for file in sorted(theme.rglob("*.html")):
        try:
            here.get_template(file.relative_to(theme).as_posix())
        except (TemplateError, OSError) as error:
            yield str(failure(error, file.name, theme))


class _Files(FileSystemLoader):
    """Says which file it is, and which line, that is not UTF-8."""

    def get_source(self, environment: Environment, template: str) -> Any:
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            file = Path(self.searchpath[0], template)
            line = bytes(error.object).count(b"\n", 0, error.start) + 1
            words = "bytes that are not UTF-8; save the file as UTF-8"
            raise TemplateSyntaxError(words, line, template, str(file)) from error


def failure(error: Exception, template: str, theme: Path | None) -> ThemeError:
    """What is wrong with a template, with file and line, in words for whoever wrote it."""
    file, line = _place(error)
    if not file:
        file = str((theme or OURS) / template)
    where = f"{file}:{line}" if line else file
    is_theirs = theme is not None and Path(file).is_relative_to(theme)
    help_ = (
        "mend it, or take it out of the theme and feedmill's own is used"
        if is_theirs
        else "this is a template of feedmill's own; look at what the theme hands it, else please report it"
    )
    return ThemeError(f"{where}: {_reason(error)}; {help_}; the last good page stays")


def _place(error: Exception) -> tuple[str, int]:
    if isinstance(error, TemplateSyntaxError):
        return error.filename or "", error.lineno
    # jinja puts templates into the traceback as if they were Python's files.
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.endswith(".py")]
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name!r}"
    return str(error) or type(error).__name__
