"""Whether a column holds one of many values, which are one parameter: the statement is the same for any number of them,
and there is no limit to that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from storage.types import PlainText


def among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether `column` is one of the values, a list or set of rows' numbers or of texts, that are given as `name`."""
    is_text = isinstance(column.type, PlainText)
    return _Among(column, bindparam(name, type_=_Texts() if is_text else _Numbers()))


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 - as SQLAlchemy calls it
        return self  # else SQLite would read "… IN (…) = 1", and look into no index


@compiles(_Among)
def _in_json(element: _Among, compiler: Any, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - of two expressions, compiled


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: Any, **how: Any) -> str:
    column, values = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} = ANY ({values})"


class _Numbers(TypeDecorator[Any]):
    """An array in PostgreSQL, JSON elsewhere."""

    impl = Text
    cache_ok = True
    of: TypeEngine[Any] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = self.plain(value or (), dialect)
        return values if dialect.name == "postgresql" else msgspec.json.encode(values).decode()

    def plain(self, values: Collection[Any], _dialect: Dialect) -> list[Any]:
        return list(values)


class _Texts(_Numbers):
    cache_ok = True
    of = Text()

    def plain(self, values: Collection[Any], dialect: Dialect) -> list[Any]:
        as_stored = PlainText().process_bind_param
        return [as_stored(value, dialect) for value in values]
