"""What may stand in a mapping or a list of the config, and reading it: each value by the reader of its key.

A reader takes what was written and gives what it means. ValueError carries its complaint; what is wrong with several
values is told all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, TypeVar, get_args, get_type_hints

from msgspec import Struct, structs

from feeds.settings.complaints import Complaint, nearest
from feeds.settings.values import kind_of

P = TypeVar("P", str, int)
T = TypeVar("T")
K = TypeVar("K", bound="Keys")


class WrongError(ValueError):
    """What is wrong inside a mapping or a list, which the paths start from."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        super().__init__()
        self.complaints = tuple(complaints)

    def below(self, part: str | int) -> Iterator[Complaint]:
        """The same, from where `part` is a part of."""
        for complaint in self.complaints:
            yield Complaint((part, *complaint.path), complaint.text)


class Key(Struct, frozen=True):
    """How the value of a key is read, and what it is for. It annotates the type of what is read."""

    read: Callable[[object], Any]
    description: str


class Keys(Struct):
    """The keys of a mapping: each attribute is annotated with its `Key`."""


@cache
def keys_of(kind: type[Keys]) -> dict[str, Key]:
    """The keys that may be written."""
    hints = get_type_hints(kind, include_extras=True).items()
    return {name: next(each for each in get_args(hint) if isinstance(each, Key)) for name, hint in hints}


def mapping(kind: type[K], written: object) -> K:
    """What a mapping says. A key without a value (`proxy:`) counts as left out; one that is not known is wrong."""
    if not isinstance(written, dict):
        raise ValueError(f"{kind_of(written)} where a mapping is wanted; write `key: value` lines")
    keys = keys_of(kind)
    said = {name: value for name, value in written.items() if value is not None or name not in keys}
    wrong = [Complaint((name,), _unknown(name, keys)) for name in said if name not in keys]
    wrong += [Complaint((name,), "is missing; every entry needs it") for name in _needed(kind) if name not in said]
    return kind(**_read(((name, keys[name].read, value) for name, value in said.items() if name in keys), wrong))


def _unknown(name: str, keys: Iterable[str]) -> str:
    close = nearest(name, keys)
    return "unknown key; " + (f"did you mean {close}?" if close else f"known are {', '.join(keys)}")


@cache
def _needed(kind: type[Keys]) -> tuple[str, ...]:
    return tuple(field.name for field in structs.fields(kind) if field.required)


def list_of(read: Callable[[object], T]) -> Callable[[object], list[T]]:
    """Reads each of a list."""

    def read_list(written: object) -> list[T]:
        if not isinstance(written, list):
            raise ValueError(f"{kind_of(written)} where a list is wanted; begin each line with `- `")
        return list(_read((number, read, value) for number, value in enumerate(written)).values())

    return read_list


def by_name(read: Callable[[str, object], T]) -> Callable[[object], dict[str, T]]:
    """Reads a mapping whose names people choose."""

    def read_named(written: object) -> dict[str, T]:
        if not isinstance(written, dict):
            raise ValueError(f"{kind_of(written)} where a mapping is wanted; write `name: value` lines")
        return _read((name, partial(read, name), value) for name, value in written.items())

    return read_named


def _read(parts: Iterable[tuple[P, Callable[[Any], T], object]], wrong: Iterable[Complaint] = ()) -> dict[P, T]:
    """What each part says, by its name or number; WrongError with all complaints, where there are any."""
    found: dict[P, T] = {}
    complaints = list(wrong)
    for part, read, value in parts:
        try:
            found[part] = read(value)
        except WrongError as error:
            complaints += error.below(part)
        except ValueError as error:
            complaints.append(Complaint((part,), str(error)))
    if complaints:
        raise WrongError(complaints)
    return found
