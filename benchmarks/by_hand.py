"""The limit: what a round costs when each step is written by hand for this very farm, with nothing to spare.

    python benchmarks/by_hand.py FOLDER        one round over the addresses in FOLDER/urls, kept in FOLDER/by_hand.db

pycurl asks, conditionally; lxml reads RSS and Atom and nothing else; only new entries are sanitized, by nh3 alone;
sqlite3 stores them, with the validators, in transactions of a hundred sources. No config, no politeness, no
categories, no odd document, no feed published: what anybody's fetch takes beyond this is the price of what it does.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import nh3
import pycurl
from lxml import etree

PARALLEL, PER_HOST, BATCH = 50, 2, 100
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (url TEXT PRIMARY KEY, etag TEXT);
CREATE TABLE IF NOT EXISTS articles (
    source TEXT, guid TEXT, digest TEXT, title TEXT, link TEXT, published TEXT, html TEXT, PRIMARY KEY (source, guid)
);
"""


class Transfer:
    """One handle of curl's, used again and again."""

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self.curl.transfer = self  # type: ignore[attr-defined]
        self.curl.setopt(pycurl.WRITEFUNCTION, self._write)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._header)

    def prepare(self, url: str, etag: str | None) -> pycurl.Curl:
        self.url, self.etag, self.pieces = url, "", list[bytes]()
        self.curl.setopt(pycurl.URL, url)
        self.curl.setopt(pycurl.HTTPHEADER, [f"If-None-Match: {etag}"] if etag else [])
        return self.curl

    def _write(self, data: bytes) -> None:
        self.pieces.append(data)

    def _header(self, line: bytes) -> None:
        if line[:5].lower() == b"etag:":
            self.etag = line[5:].strip().decode()


def answers(asked: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str, bytes]]:
    """Address, ETag and document of each source that has something new."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, PER_HOST)
    waiting, idle = iter(asked), [Transfer() for _ in range(PARALLEL)]
    while True:
        for pair in islice(waiting, len(idle)):
            multi.add_handle(idle.pop().prepare(*pair))
        if len(idle) == PARALLEL:
            return
        multi.select(0.1)
        multi.perform()
        _number, done, failed = multi.info_read()
        if failed:
            raise SystemExit(f"the farm did not answer: {failed[0][2]}")
        for curl in done:
            multi.remove_handle(curl)
            transfer: Transfer = curl.transfer  # type: ignore[attr-defined]
            status, body = curl.getinfo(pycurl.RESPONSE_CODE), b"".join(transfer.pieces)
            idle.append(transfer)
            if status == 200:
                yield transfer.url, transfer.etag, body


Row = tuple[str, str, str, str, str, str]  # guid, digest, title, link, published, content as it came


def entries(document: bytes) -> Iterator[Row]:
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    if root.tag == f"{ATOM}feed":
        for entry in root.iterfind(f"{ATOM}entry"):
            link = entry.find(f"{ATOM}link")
            named = (entry.findtext(f"{ATOM}{name}", "") for name in ("id", "title", "published", "content"))
            yield _row(*named, link="" if link is None else link.get("href", ""))
    else:
        for item in root.iterfind("channel/item"):
            guid, title, published, content = (
                item.findtext(each, "") for each in ("guid", "title", "pubDate", CONTENT)
            )
            yield _row(guid, title, published, content, link=item.findtext("link", ""))


def _row(guid: str, title: str, published: str, content: str, *, link: str) -> Row:
    digest = hashlib.sha256("\0".join((guid, title, published, link, content)).encode()).hexdigest()
    return guid, digest, title, link, published, content


def store(db: sqlite3.Connection, url: str, etag: str, document: bytes) -> None:
    """Only what is new, or moved, is sanitized and written."""
    known = dict(db.execute("SELECT guid, digest FROM articles WHERE source = ?", (url,)))
    moved = [row for row in entries(document) if known.get(row[0]) != row[1]]
    db.executemany(
        "INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(url, *row[:5], sanitized(row[5])) for row in moved],
    )
    db.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (url, etag))


def sanitized(html: str) -> str:
    return nh3.clean(html)


def main() -> None:
    folder = Path(sys.argv[1])
    db = sqlite3.connect(folder / "by_hand.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(SCHEMA)
    etags = dict(db.execute("SELECT url, etag FROM sources"))
    arrived = answers((url, etags.get(url)) for url in (folder / "urls").read_text().split())
    while batch := list(islice(arrived, BATCH)):
        db.execute("BEGIN IMMEDIATE")
        for url, etag, document in batch:
            store(db, url, etag, document)
        db.execute("COMMIT")
    db.close()


if __name__ == "__main__":
    main()
