"""Finding config.yaml and reading it: settings, or every complaint at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feeds import marked_yaml
from feeds.errors import NoConfigError, SettingsError
from feeds.marked_yaml import Marked, YamlError
from feeds.settings import environment, rules, values
from feeds.settings.building import Folder, Settings, settings
from feeds.settings.complaints import Complaint, report
from feeds.settings.keys import WrongError, mapping
from feeds.settings.model import ConfigKeys


def find(explicit: str | None, *, environ: Mapping[str, str], cwd: Path) -> Path:
    """The config to use: the one that was named, else the first that exists where configs are looked for."""
    if named := explicit or environ.get("FEEDMILL_CONFIG"):
        return cwd / named
    places = [cwd / "config.yaml", _config_home(environ) / "feedmill" / "config.yaml"]
    for place in places:
        if place.is_file():
            return place
    looked = " and ".join(map(str, places))
    raise NoConfigError(f"no config.yaml: looked at {looked}; write one, or name it with --config or $FEEDMILL_CONFIG")


def load(path: Path, *, environ: Mapping[str, str], text: str | None = None) -> Settings:
    """The settings in the file at `path`, or what they would be with `text` in it.

    SettingsError holds one line for each thing that is wrong.
    """
    text = read_text(path) if text is None else text
    marked = _read(path, text)
    filled, complaints = environment.fill({} if marked.value is None else marked.value, environ)
    tree: dict[str, Any] = filled if isinstance(filled, dict) else {}
    unset = {complaint.path for complaint in complaints}
    keys, wrong = _keys(filled)
    wrong += rules.complaints(tree, marked.lines)
    home = environ.get("HOME", "")
    wrong += _missing_theme(tree, Folder(path.absolute().parent, home))
    wrong += _open_folder(tree, Folder(path.absolute().parent, home))
    wrong += _published_secrets(tree, path, Folder(path.absolute().parent, home))
    complaints += [each for each in wrong if not any(each.path[:end] in unset for end in range(1, len(each.path) + 1))]
    if complaints or keys is None:
        raise SettingsError(report(path, complaints, marked.lines))
    return settings(keys, tree, file=path, home=home, text=text)


def defaults() -> Settings:
    """What an empty config says, for what needs no config."""
    return settings(ConfigKeys(), {}, file=Path("config.yaml"), home="", text="")


def _config_home(environ: Mapping[str, str]) -> Path:
    # The XDG base directory specification: a relative path is to be ignored.
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    return named if named.is_absolute() else Path(environ.get("HOME", "/")) / ".config"


def read_text(path: Path) -> str:
    """The config as a person wrote it."""
    try:
        content = path.read_bytes()
        return content.decode()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); check the name and its permissions") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: bytes that are not UTF-8; save the file as UTF-8") from None


def _read(path: Path, text: str) -> Marked:
    try:
        return marked_yaml.load(text)
    except YamlError as error:
        raise SettingsError(f"{path}:{error.line}: {error.reason}") from None


def _keys(tree: object) -> tuple[ConfigKeys | None, list[Complaint]]:
    try:
        return mapping(ConfigKeys, tree), []
    except WrongError as error:
        return None, list(error.complaints)
    except ValueError as error:
        return None, [Complaint((), str(error))]


def _missing_theme(tree: dict[str, Any], folder: Folder) -> Iterator[Complaint]:
    """A theme that is not there would go unnoticed: the pages would look like feedmill's own."""
    pages: Any = tree.get("pages")
    try:
        written = values.file_path(pages["theme"])
    except (LookupError, TypeError, ValueError):  # left out, or wrong: `model` tells
        return
    if not folder.absolute(written).is_dir():
        help_ = "make the folder, or correct the path, which starts from the config's own folder"
        yield Complaint(("pages", "theme"), f"{values.shown(written)} is no folder; {help_}")


def _open_folder(tree: dict[str, Any], folder: Folder) -> Iterator[Complaint]:
    """Any web server may serve what is in `output`, and ours serves all of it to anybody."""
    try:
        output = folder.absolute(values.file_path(tree.get("output") or "public")).resolve()
        private = folder.absolute(values.file_path(tree["private_output"])).resolve()
    except (LookupError, TypeError, ValueError, RuntimeError, SettingsError):  # left out, or wrong: `model` tells
        return
    if private.is_relative_to(output) or output.is_relative_to(private):
        yield Complaint(("private_output",), "lies in the published tree, or that in it; write a folder beside it")


def _published_secrets(tree: dict[str, Any], file: Path, folder: Folder) -> Iterator[Complaint]:
    """The same, of the config with its passwords, and of the database."""
    try:
        output = folder.absolute(values.file_path(tree.get("output") or "public")).resolve()
        written = values.text(tree.get("database") or "sqlite:///feedmill.db")
        database = re.match(r"sqlite(?:\+\w+)?:///(?:file:)?([^?]+)", written)
        store = folder.absolute(database[1]).resolve() if database else None
    except (TypeError, ValueError, RuntimeError, SettingsError):  # wrong: `model` tells
        return
    if any(place.is_relative_to(output) for place in (file.resolve(), file.absolute().parent.resolve())):
        yield Complaint(("output",), "this file lies in it, and would be published; write a folder beside it")
    if store and store.is_relative_to(output):
        yield Complaint(("database",), "lies in `output`, and would be published; write a file outside of it")
