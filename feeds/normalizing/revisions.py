"""What a feed says of an article that was revised."""

from __future__ import annotations

from feeds.records import Article, replace


def noticed(article: Article) -> Article:
    """The article with a line before its words that says when it was revised; as it is where it never was."""
    if article.revised_at is None:
        return article
    line = f"<p><em>Revised {article.revised_at:%Y-%m-%d %H:%M} UTC</em></p>"
    if article.content_html or not article.summary_html:
        return replace(article, content_html=line + article.content_html)
    return replace(article, summary_html=line + article.summary_html)
