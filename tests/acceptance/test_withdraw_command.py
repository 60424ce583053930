"""`feedmill withdraw`: an article taken back, by the real command."""

from __future__ import annotations

from command import Feedmill

DESK = "sources: [{name: desk, path: desk, categories: [News]}]\npages: {articles: true}\n"


def write(feedmill: Feedmill, title: str, url: str) -> None:
    (feedmill.folder / "desk").mkdir(exist_ok=True)
    text = f"---\ntitle: {title}\ndate: 2026-11-02 08:00:00\nlink: {url}\n---\n\n<p>{title} says more.</p>\n"
    (feedmill.folder / "desk" / f"{title}.md").write_text(text)


def showing(feedmill: Feedmill, text: str) -> list[str]:
    files = (path for path in feedmill.public.rglob("*") if path.is_file())
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def test_an_article_is_taken_back_by_its_address_and_stays_away(feedmill: Feedmill):
    feedmill.config(DESK)
    write(feedmill, "Regretted", "https://desk.example/regretted")
    write(feedmill, "Meant", "https://desk.example/meant")
    assert feedmill("fetch").code == 0
    assert showing(feedmill, "Regretted")
    done = feedmill("withdraw", "https://desk.example/regretted")
    assert (done.code, done.stdout) == (0, "")
    assert done.stderr.startswith("1 article withdrawn, gone from ")
    assert not showing(feedmill, "Regretted")
    assert feedmill("fetch", "--force").code == 0
    assert not showing(feedmill, "Regretted")
    assert {entry.title for entry in feedmill.feed("news").entries} == {"Meant"}
    again = feedmill("-q", "withdraw", "https://desk.example/regretted")
    assert (again.code, again.said) == (0, "")


def test_an_empty_word_is_wrong_usage(feedmill: Feedmill):
    feedmill.config(DESK)
    done = feedmill("withdraw", " ")
    assert (done.code, done.stdout) == (2, "")
    assert "no address or id was given" in done.stderr


def test_what_nobody_knows_cannot_be_taken_back(feedmill: Feedmill):
    feedmill.config(DESK)
    write(feedmill, "Meant", "https://desk.example/meant")
    feedmill("fetch")
    done = feedmill("withdraw", "https://desk.example/other")
    assert (done.code, done.stdout) == (1, "")
    assert "no article has the address or id 'https://desk.example/other'" in done.stderr
