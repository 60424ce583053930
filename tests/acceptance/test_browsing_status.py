"""/status/ in a browser, from a store with sources of every kind; and as `feedmill serve` gives it."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from command import Feedmill
from playwright.sync_api import expect
from test_browsing import FOCUSED, WIDTHS, Visit, browser, in_a_browser, scheme, screenshots, serious, visit  # noqa: F401
from test_serving import serving

from builders import MONDAY, article, config
from feeds import pipeline, settings
from feeds.clock import SystemClock
from feeds.normalizing.categories import slugs
from feeds.pipeline import overview
from feeds.publishing import status_page
from feeds.records import Refresh, Rhythm, SourceState, replace
from feeds.serving import Server, application
from feeds.serving.status import StatusPage
from storage import journal, open_store, saving, sources

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ODD = ("<script>alert(1)</script>", "رسائل الطاحونة", "\u202egnp.exe", "磨坊晚报" * 40, "x" * 300)
PROBLEMS = (
    "",
    "HTTP 500 Internal Server Error",
    "<img src=x onerror=alert(1)> is no feed",
    "no host of this name " * 20,
)


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with 230 sources, of every kind and with a month behind them; its address."""
    folder = tmp_path_factory.mktemp("status")
    names = [*ODD, *(f"source-{number:03}" for number in range(225))]
    configured = settings.load(config(folder, "sources: []\nsite: {title: Evening Mill}\n"), environ={})
    template = settings.load(
        config(folder, "sources: [{name: a, url: 'https://a.example/feed.xml'}]", "other.yaml"), environ={}
    ).sources[0]
    every = tuple(replace(template, name=name, url=f"https://s{n}.example/feed.xml") for n, name in enumerate(names))
    configured = replace(configured, sources=every)
    store = open_store(configured.database)
    pipeline.prepare(store, configured)
    with store.begin() as db:
        sources.record_all(db, [state(number, name) for number, name in enumerate(names)])
        for ago in range(30):
            refreshes = [refresh for number, name in enumerate(names) for refresh in day(number, name, ago)]
            journal.record(db, refreshes, day=(MONDAY - ago * DAY).date())
        for number in range(3):
            saving.save(
                db,
                saving.Batch(
                    source=names[5], articles=[article(guid=f"{number}", atom_id=f"tag:{number}")], now=MONDAY
                ),
                slugs=slugs,
            )
    pipeline.publish(store, configured)
    page = StatusPage(
        lambda asked: overview.page(store, configured, asked, now=MONDAY), status_page.assets, clock=SystemClock()
    )
    server = Server(application(lambda: configured.output, services=page.services), "127.0.0.1", 0)
    server.start()
    yield f"http://127.0.0.1:{server.port}/status/"
    server.stop()
    store.close()


def state(number: int, name: str) -> SourceState:
    failures = 1 + number % 2 if name in ODD else number % 4 if number < 40 else 0
    return SourceState(
        name=name,
        failures=failures,
        standing=("parked" if number % 8 == 3 else "gone") if failures == 3 else "active",
        problem=PROBLEMS[failures],
        last_fetch_at=MONDAY,
        last_success_at=None if number == 0 else MONDAY - number * HOUR,
        next_fetch_at=MONDAY + number * HOUR,
        rhythm=Rhythm(gap=HOUR * (1 + number)) if number % 2 else Rhythm(),
    )


def day(number: int, name: str, ago: int) -> list[Refresh]:
    if number % 10 == 9:
        return []
    if number < 40 and (number + ago) % 4 == 3:
        return [Refresh(source=name, status="failed")] * 3
    new = (number * 7 + ago * 5) % 11
    answers = [Refresh(source=name, status="unchanged", fetch_seconds=0.1)] * (4 + ago % 5)
    return [*answers, Refresh(source=name, status="fetched", new=new, fetch_seconds=0.2 + ago % 3 / 5)]


class TestInABrowser:
    pytestmark = in_a_browser

    @pytest.mark.parametrize("query", ["?show=failing&sort=success", "?show=never+read"])
    def test_it_shuts_nobody_out_and_fits_on_a_phone(
        self,
        visit: Visit,  # noqa: F811
        scheme: str,  # noqa: F811
        mill: str,
        query: str,
        screenshots: Path,  # noqa: F811
    ) -> None:
        visit.page.goto(mill + query)
        if visit.page.locator("summary").count():
            visit.page.locator("summary").click()
        for width in WIDTHS:
            visit.page.set_viewport_size({"width": width, "height": 900})
            root = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert root[0] <= root[1], f"{root[0] - root[1]} pixels too wide at {width}"
            name = re.sub(r"\W+", "-", f"status{query}")
            visit.page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
        assert serious(visit.page) == []
        assert visit.faults == []
        assert visit.elsewhere == []

    @pytest.mark.parametrize("scheme", ["light"], indirect=True)
    def test_it_is_sorted_chosen_and_turned_by_plain_links(self, visit: Visit, mill: str) -> None:  # noqa: F811
        page = visit.page
        page.goto(mill)
        states = page.locator(".each .state").all_inner_texts()
        assert len(states) == 200
        assert states == sorted(states, key=["failing", "parked", "gone", "never read", "active"].index)
        page.get_by_role("link", name="Failures").click()
        failures = [int(each) for each in page.locator(".each tbody tr td:nth-child(5)").all_inner_texts()]
        assert failures == sorted(failures, reverse=True)
        assert page.locator("th[aria-sort]").inner_text().startswith("Failures")
        page.get_by_role("link", name="Failures").click()
        assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
        page.get_by_role("link", name=re.compile("^Parked")).click()
        assert set(page.locator(".each .state").all_inner_texts()) == {"parked"}
        assert page.locator("th[aria-sort]").inner_text().startswith("Failures")  # it stays sorted
        page.get_by_role("link", name=re.compile("^All")).click()
        page.get_by_role("link", name="Next", exact=True).click()
        expect(page.locator(".each tbody tr")).to_have_count(30)
        page.get_by_role("link", name="Previous").click()
        expect(page.locator(".each tbody tr")).to_have_count(200)
        assert visit.faults == []

    @pytest.mark.parametrize("scheme", ["light"], indirect=True)
    def test_a_sources_name_leads_to_its_page(self, visit: Visit, mill: str) -> None:  # noqa: F811
        visit.page.goto(f"{mill}?sort=articles")
        visit.page.get_by_role("link", name="source-000").click()
        assert visit.page.locator("h1").inner_text() == "source-000"

    @pytest.mark.parametrize("scheme", ["light"], indirect=True)
    def test_the_keyboard_reaches_everything_and_is_seen_where_it_is(self, visit: Visit, mill: str) -> None:  # noqa: F811
        visit.page.goto(f"{mill}?show=gone")
        reached = []
        visit.page.keyboard.press("Tab")
        while (at := visit.page.evaluate(FOCUSED)) is not None and len(reached) < 100:
            reached.append(at)
            visit.page.keyboard.press("Tab")
        assert [each for each in reached if not (each["ring"] and each["seen"])] == []
        whats = [each["what"] for each in reached]
        assert whats[0] == "A #content"
        assert {"DIV table", "A ?sort=problem&show=gone"} <= set(whats)  # the table can be scrolled by keyboard


def test_serve_tells_how_the_sources_are_without_a_daemon(feedmill: Feedmill) -> None:
    (feedmill.folder / "desk").mkdir()
    (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: Rye\n---\nText")
    feedmill.config("server: {port: 0}\npages: false\nsources: [{name: desk, path: desk/}]\n")
    process, address = serving(feedmill)  # before anything is stored
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}status/", timeout=20)
    assert (refused.value.code, b"nothing is stored yet" in refused.value.read()) == (503, True)
    assert feedmill("fetch").code == 0
    with urllib.request.urlopen(f"{address}status/?sort=source", timeout=20) as answer:
        page = answer.read().decode()
    assert "1 source: 1 active" in page
    assert "desk" in page
    assert str(feedmill.folder) not in page
    with urllib.request.urlopen(f"{address}status/style.css", timeout=20) as answer:  # there is none in the tree
        assert b".each" in answer.read()
    with urllib.request.urlopen(f"{address}status/atom.xml", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert feedmill.interrupt(process, signal.SIGTERM).code == 0
