"""The pages in a browser: in light and dark, on a phone, by keyboard alone, and for those who cannot see them.

Screenshots are kept in the folder that FEEDMILL_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

import sample_pages
from feeds.publishing import output
from feeds.publishing.pages import Pages, article_path
from feeds.serving import Server, application

CHROMIUM = shutil.which("chromium")
in_a_browser = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed; .ci/run installs it")
pytestmark = in_a_browser
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="6000" height="4000"><rect width="6000" height="4000" fill="#7a9"/>'
    b'<circle cx="3000" cy="2000" r="1500" fill="#c74"/></svg>'
)
ARTICLES = sample_pages.articles()
SHOWN = {
    "front": "",
    "category": "bread/",
    "archive": "bread/archive/000002/",
    "arabic-site": "wind/",
    "subscribe": "bread/subscribe.html",
    "code": article_path(ARTICLES[0]),
    "chinese": article_path(ARTICLES[1]),
    "arabic": article_path(ARTICLES[2]),
    "long-words": article_path(ARTICLES[5]),
    "podcast": article_path(ARTICLES[6]),
    "wide": article_path(ARTICLES[7]),
    "hostile": article_path(ARTICLES[8]),
}
WIDTHS = (1280, 375)
# What the keyboard is at: who it is, and whether it can be seen there.
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const style = getComputedStyle(at), box = at.getBoundingClientRect();
  return {
    what: at.tagName + " " + (at.getAttribute("href") || at.id || at.className),
    // Inside a player the browser's own buttons show it.
    ring: ["AUDIO", "VIDEO"].includes(at.tagName) || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
  };
}"""


@dataclass
class Visit:
    """A tab of the browser, and what it did that no page of ours may."""

    page: Page
    faults: list[str] = field(default_factory=list)
    elsewhere: list[Any] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def route(self, route: Route) -> None:
        """This machine alone is reached; pictures of others look like this one."""
        request = route.request
        if request.url.startswith("http://127.0.0.1:"):
            route.continue_()
            return
        self.elsewhere.append(request)
        if request.resource_type == "image":
            route.fulfill(body=PICTURE, content_type="image/svg+xml")
        else:
            self.faults.append(f"asked for {request.url}")
            route.abort()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sample pages on our own server; its address."""
    folder = tmp_path_factory.mktemp("public")
    for path, content in sample_pages.tree(Pages(has_articles=True), ARTICLES).items():
        output.put(folder, path, content)
    wind = sample_pages.feed(*ARTICLES, folder="wind/", title="الريح", language="ar")
    output.put(folder, "wind/index.html", Pages().front(wind, sample_pages.DIRECTORY))
    output.put(folder, "bread/atom.xml", b"<feed/>")
    server = Server(application(lambda: folder), "127.0.0.1", 0)
    server.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit(browser: Browser, scheme: str) -> Iterator[Visit]:
    context = browser.new_context(color_scheme=scheme, viewport={"width": WIDTHS[0], "height": 900})  # type: ignore[arg-type]
    made = Visit(context.new_page())
    made.page.on("console", made.hear)
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.on("dialog", lambda dialog: (made.faults.append(dialog.message), dialog.dismiss()))
    made.page.route("**/*", made.route)
    yield made
    context.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("FEEDMILL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("name", SHOWN)
def test_a_page_shuts_nobody_out_and_fits_on_a_phone(
    visit: Visit, site: str, scheme: str, name: str, screenshots: Path
) -> None:
    visit.page.goto(site + SHOWN[name])
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 900})
        root = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert root[0] <= root[1], f"{root[0] - root[1]} pixels too wide at {width}"
        visit.page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
    assert serious(visit.page) == []
    assert visit.faults == []


def serious(page: Page) -> list[str]:
    """What axe-core finds that keeps people from using a page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def test_light_and_dark_are_different_pages(visit: Visit, site: str, scheme: str) -> None:
    visit.page.goto(site)
    red, *_ = visit.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (red > 200) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
class TestOnce:
    """What does not depend on colours."""

    def test_what_shuts_people_out_would_be_found(self, visit: Visit, site: str) -> None:
        visit.page.goto(site)
        visit.page.evaluate("document.querySelector('.excerpt').style.color = '#999'")
        assert [each.partition(":")[0] for each in serious(visit.page)] == ["color-contrast"]

    @pytest.mark.parametrize("name", ["front", "wide", "subscribe"])
    def test_the_keyboard_reaches_everything_and_is_seen_where_it_is(self, visit: Visit, site: str, name: str) -> None:
        visit.page.goto(site + SHOWN[name])
        visit.page.keyboard.press("Tab")
        first = visit.page.evaluate(FOCUSED)
        assert first == {"what": "A #content", "ring": True, "seen": True}
        reached = [first]
        while (at := self.next(visit.page)) is not None and len(reached) < 300:
            reached.append(at)
        assert [each for each in reached if not (each["ring"] and each["seen"])] == []
        count = visit.page.evaluate(
            "[...document.querySelectorAll('a[href], input, summary, audio, video, [tabindex=\"0\"]')]"
            ".filter(each => each.checkVisibility()).length"
        )
        assert len({each["what"] for each in reached}) > 3
        assert len(reached) >= count

    def next(self, page: Page) -> dict[str, Any] | None:
        page.keyboard.press("Tab")
        at: dict[str, Any] | None = page.evaluate(FOCUSED)
        return at

    def test_the_skip_link_leads_past_the_header(self, visit: Visit, site: str) -> None:
        visit.page.goto(site)
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.querySelector('main').contains(document.activeElement)")

    def test_sources_open_by_keyboard(self, visit: Visit, site: str) -> None:
        visit.page.goto(site)
        visit.page.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.get_by_role("link", name="Source 12").is_visible()

    def test_others_are_asked_for_pictures_alone_and_without_a_referrer(self, visit: Visit, site: str) -> None:
        visit.page.goto(site)
        assert visit.page.locator("img").count() == 2
        visit.page.locator("img").last.scroll_into_view_if_needed()
        visit.page.wait_for_function("[...document.images].every(each => each.complete)")
        assert {each.resource_type for each in visit.elsewhere} == {"image"}
        assert not any("referer" in each.headers for each in visit.elsewhere)

    def test_a_feeds_address_tells_a_person_how_to_subscribe(self, visit: Visit, site: str) -> None:
        answer = visit.page.goto(f"{site}bread/atom.xml")
        assert answer is not None
        assert answer.headers["vary"].split(", ")[0] == "Accept"
        assert visit.page.get_by_role("textbox", name="The address to copy").input_value().endswith("/bread/atom.xml")
        assert visit.page.evaluate("getComputedStyle(document.body).maxWidth") != "none"  # its style was found
        assert visit.faults == []
        read = visit.page.request.get(f"{site}bread/atom.xml", headers={"Accept": "application/atom+xml, */*;q=0.1"})
        assert read.text() == "<feed/>"

    def test_right_to_left_is_laid_out_so(self, visit: Visit, site: str) -> None:
        visit.page.goto(site + SHOWN["arabic"])
        assert visit.page.locator("article").evaluate("at => getComputedStyle(at).direction") == "rtl"
        assert visit.page.locator("article li").nth(1).evaluate("at => at.getBoundingClientRect().right") > 700

    def test_paper_shows_the_articles_and_no_ways_to_go(self, visit: Visit, site: str) -> None:
        visit.page.goto(site)
        visit.page.emulate_media(media="print")
        assert not visit.page.locator("nav").is_visible()
        assert visit.page.locator("article").first.is_visible()
