"""The page in a real browser without a network, and its text without a script."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.recording.films import HOSTILE, HOT, dashboard, film_of, hostile, line, look
from tests.serve.browser import Page, browser, found
from tui.recording.film import Film, frame_at, text_of
from tui.recording.formats import write
from tui.recording.gallery import Entry, index_html
from tui.recording.html import page

CHROMIUM = found()
# Where everything is there by intention, a missing browser is a failure.
in_browser = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="there is no chromium (apt install chromium)",
)


class Parts(HTMLParser):
    """What stands where: the texts below each tag, all attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "input", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag] = self.texts.get(tag, "") + data


@asynccontextmanager
async def opened(folder: Path, film: Film, query: str = "") -> AsyncIterator[Page]:
    """The film's page, with every request to a network refused."""
    assert CHROMIUM is not None, "install chromium"
    path = folder / "a.html"
    write(film, path)
    async with browser(CHROMIUM, folder / "browser") as it:
        await it.do("Network.emulateNetworkConditions", offline=True, latency=0,
                    downloadThroughput=0, uploadThroughput=0)  # fmt: skip
        await it.do("Page.navigate", url=path.as_uri() + query)
        await evaluated(it, "document.body.classList.contains('ready')", until=True)
        yield it
        assert set(it.answered) <= {path.as_uri() + query}
        assert not it.errors


async def evaluated(it: Page, expression: str, *, until: Any = None) -> Any:
    """The value of an expression; with `until` when it has become that."""
    wanted = json.dumps(until)
    script = f"""new Promise((done) => {{
        const look = () => {{
            let value = null;
            try {{ value = ({expression}); }} catch (error) {{ value = String(error); }}
            const there = {wanted} === null || JSON.stringify(value) === JSON.stringify({wanted});
            if (there) done(value); else requestAnimationFrame(look);
        }};
        if (document.body) look(); else addEventListener("DOMContentLoaded", look);
    }})"""
    answer = await it.do(
        "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
    )
    assert "exceptionDetails" not in answer, answer
    return answer["result"].get("value")


def screen(film: Film, at_ms: int) -> str:
    return "\n".join(text_of(row).rstrip() for row in frame_at(film, at_ms).rows)


TEXT = "document.getElementById('text').textContent"


async def press(it: Page, key: str) -> None:
    await it.do(
        "Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else ""
    )
    await it.do("Input.dispatchKeyEvent", type="keyUp", key=key)


@in_browser
async def test_it_plays_seeks_and_shows_the_film(tmp_path: Path) -> None:
    film = dashboard(12)
    async with opened(tmp_path, film, "?t=8.05") as it:
        assert await evaluated(it, TEXT) == screen(film, 8050)
        await press(it, "ArrowLeft")
        assert await evaluated(it, TEXT) == screen(film, 3050)
        await press(it, "]")
        assert await evaluated(it, TEXT) == screen(film, 6000)
        chapter = "document.querySelector('[aria-current]').textContent"
        assert await evaluated(it, chapter) == "0:06 One key is hot"
        assert await evaluated(it, "document.getElementById('key').textContent") == "k"
        await evaluated(it, "document.querySelector('button[data-at=\"0\"]').click()")
        assert await evaluated(it, TEXT) == screen(film, 0)
        await press(it, ".")
        assert await evaluated(it, TEXT) == screen(film, 100)
        await press(it, "Home")
        await evaluated(it, "document.getElementById('speed').value = '4'")
        await press(it, "k")
        state = "document.getElementById('play').textContent"
        assert await evaluated(it, state) == "Pause"
        await evaluated(it, state, until="Play")
        assert await evaluated(it, TEXT) == screen(film, 12_000)


@in_browser
async def test_pixels_are_those_of_the_film(tmp_path: Path) -> None:
    rows = [line(4, ("████", look(HOT)))] * 3 + [line(4, ("    ", look(HOT, (1, 2, 3))))]
    async with opened(tmp_path, film_of(rows), "?t=0") as it:
        count = """(() => {
            const canvas = document.getElementById('screen');
            const [w, h] = [canvas.width, canvas.height];
            const { data } = canvas.getContext('2d').getImageData(0, 0, w, h);
            const seen = {};
            for (let i = 0; i < data.length; i += 4) {
                const name = data.slice(i, i + 3).join();
                seen[name] = (seen[name] ?? 0) + 4 / (w * h);
            }
            return seen;
        })()"""
        # Three rows of blocks without a seam, and one of ground.
        assert await evaluated(it, count) == pytest.approx({"244,0,95": 3, "1,2,3": 1})


@in_browser
async def test_hostile_texts_do_nothing(tmp_path: Path) -> None:
    film = hostile()
    async with opened(tmp_path, film, "?t=0") as it:
        shown = await evaluated(it, TEXT)
        assert shown == screen(film, 0).replace("\ud83d", "?")
        assert await evaluated(it, "document.title") == film.title
        scripts = "[...document.querySelectorAll('script')].length"
        assert await evaluated(it, scripts) == 2
        # Not even one that got into the page could run: its hash is not in the policy.
        await evaluated(
            it,
            "(() => { const s = document.createElement('script');"
            "s.textContent = 'window.ran = 1'; document.body.append(s); })()",
        )
        assert await evaluated(it, "window.ran === undefined") is True


@in_browser
async def test_it_starts_with_a_picture_and_a_button(tmp_path: Path) -> None:
    film = dashboard(2)
    async with opened(tmp_path, film) as it:
        assert await evaluated(it, TEXT) == screen(film, film.stills[0].at_ms)
        assert await evaluated(it, "document.getElementById('start').hidden") is False
        await evaluated(it, "document.getElementById('start').click()")
        assert await evaluated(it, "document.getElementById('start').hidden") is True
        await evaluated(it, "document.getElementById('play').textContent", until="Play")
        assert await evaluated(it, TEXT) == screen(film, 2000)


def test_the_story_is_there_without_a_script() -> None:
    film = dashboard(2)
    parts = Parts(page(film))
    assert not parts.open
    assert "One key is hot: watch shard 3." in parts.texts["section"]
    assert "shard-03" in parts.texts["noscript"]


@pytest.mark.parametrize("document", [
    page(hostile()),
    page(dashboard(1)),
    index_html([Entry(HOSTILE[0], text, 'javascript:alert("1")', "a b.svg", 61_000,
                      (("cast", "x.cast"),)) for text in HOSTILE]),
], ids=["hostile", "dashboard", "gallery"])  # fmt: skip
def test_pages_name_nothing_elsewhere(document: str) -> None:
    parts = Parts(document)
    addresses = [
        v for _, name, v in parts.attributes if name in ("src", "href", "srcset", "action")
    ]
    assert all(":" not in each and not each.startswith("//") for each in addresses)
    assert not [name for _, name, _ in parts.attributes if name.startswith("on")]
    tags = {tag for tag, _, _ in parts.attributes}
    assert not tags & {"iframe", "object", "embed", "link", "base", "form"}
    policies = [v for tag, name, v in parts.attributes if tag == "meta" and "default-src" in v]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none'")


def test_what_is_told_says_its_language() -> None:
    film = dataclasses.replace(dashboard(), language='d"e')
    told = [(tag, value) for tag, name, value in Parts(page(film)).attributes if name == "lang"]
    assert told == [("html", "en"), ("ol", 'd"e'), ("dl", 'd"e')]
    assert page(dashboard()).count(" lang=") == 1


def test_the_gallery_lists_films_in_order() -> None:
    entries = [
        Entry("Hot shard", "One key too many.", "hot.html", "hot-still.svg", 75_000,
              (("asciicast", "hot.cast"),)),
        Entry("Crash", "A consumer dies.", "sub/crash.html", "sub/crash.svg", 9_000),
    ]  # fmt: skip
    parts = Parts(index_html(entries))
    assert [v for tag, name, v in parts.attributes if tag == "img" and name == "src"] == [
        "hot-still.svg", "sub/crash.svg",
    ]  # fmt: skip
    assert parts.texts["h2"] == "Hot shardCrash"
    assert "1:15 · asciicast" in parts.texts["small"] and "A consumer dies." in parts.texts["p"]


def test_a_minute_is_a_small_page() -> None:
    assert len(page(dashboard(6))) < 120_000
