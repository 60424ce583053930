"""One story, the last ferry's, told by three sources; and what is shown of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import feedparser

from builders import MONDAY
from clocks import Clock
from mill import Mill
from storage import Store, articles

HOUR = timedelta(hours=1)
CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
pages: false
sources:
  - {name: author, path: author.xml, categories: [World]}
  - {name: planet, path: planet.xml, categories: [World]}
  - {name: digest, path: digest.xml, categories: [World, Copies]}
"""
TEXT = (
    "The old ferry stopped on Friday, after forty years between the two banks of the river. Its last captain, Maria "
    "Holm, rang the bell once for each of them. The town has bought the boat and wants to make a library of it, with "
    "room for nine thousand books below the deck and a reading room where the engine stood."
)
OTHER = (
    "Bees do not mind the new glass roof of the market hall, says the keeper who moved eleven hives there last spring. "
    "They find lime trees along the canal, and bring home more honey than the same swarms did in the country. Whoever "
    "wants a jar has to come early, since by noon there is none left on her table."
)
LINK = "https://author.example/ferry"
NAMES = ("author", "planet", "digest")


def begun(folder: Path, store: Store) -> Mill:
    """Its sources have nothing yet."""
    one = Mill(folder, Clock(), store, text=CONFIG)
    for name in NAMES:
        serve(one, name)
    one.refresh()
    return one


def item(
    name: str, *, title: str = "The last ferry", text: str = TEXT, link: str = LINK, hours: float = 3, guid: str = ""
) -> str:
    date = (MONDAY - hours * HOUR).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return (
        f"<item><title>{title}</title><guid>{guid or f'urn:{name}:{title}:{hours}'}</guid><link>{link}</link>"
        f"<pubDate>{date}</pubDate><description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
    )


def serve(mill: Mill, name: str, *items: str) -> None:
    channel = f"<title>{name}</title><link>https://{name}.example/</link>{''.join(items)}"
    mill.put(f"{name}.xml", f'<rss version="2.0"><channel>{channel}</channel></rss>')


# The original under its own address, a copy that leads to it, and one under an address of the digest's own.
STORY = {
    "author": item("author"),
    "planet": item("planet", hours=2.5),
    "digest": item("digest", link="https://digest.example/42", hours=2, text=f"{TEXT} More is to be read elsewhere."),
}


def arrive(mill: Mill, name: str, *items: str) -> None:
    """The source has these now, and is read."""
    serve(mill, name, *(items or (STORY[name],)))
    mill.clock.moment += HOUR
    (refresh,) = mill.refresh(name, force=True).values()
    assert refresh.status == "fetched", refresh.problem


def shown(mill: Mill, category: str | None = None) -> list[str]:
    """The sources of what stands on a shelf."""
    with mill.store.read() as db:
        return [one.source for one in articles.stored(db, category=category)] if category else everything(mill)


def everything(mill: Mill) -> list[str]:
    with mill.store.read() as db:
        ids = [entry.id for entry in read(mill, "atom.xml").entries]
        of = {one.atom_id: one.source for one in articles.stored(db)}
    return [of[each] for each in ids]


def read(mill: Mill, path: str) -> feedparser.FeedParserDict:
    mill.publish()
    return feedparser.parse((mill.output / path).read_bytes())


def also(mill: Mill, path: str = "world/atom.xml") -> list[tuple[str, str]]:
    (entry,) = read(mill, path).entries
    return [(link.title, link.href) for link in entry.links if link.rel == "related"]
