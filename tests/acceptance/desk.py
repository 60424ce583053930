"""A document for the command to read."""

from __future__ import annotations


def rss(*titles: str, host: str = "gazette.example") -> str:
    items = "".join(
        f"<item><title>{title}</title><link>https://{host}/{title}</link><guid>https://{host}/{title}</guid>"
        f"<pubDate>Mon, 02 Nov 2026 08:{number:02}:00 GMT</pubDate><description>About {title}.</description></item>"
        for number, title in enumerate(titles)
    )
    return f'<rss version="2.0"><channel><title>Gazette</title><link>https://{host}/</link>{items}</channel></rss>'
