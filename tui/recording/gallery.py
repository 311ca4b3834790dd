"""A page that lists films: a picture, a title, a line of what happens, and where to see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from tui.recording.html import asset, policy
from tui.recording.txt import clock


@dataclass(frozen=True, slots=True)
class Entry:
    """One film; `page`, `poster` and `others` are files in the gallery's folder or below it.

    `others` are (what it is, file): ("asciicast", "hot-shard.cast").
    """

    title: str
    story: str
    page: str
    poster: str
    duration_ms: int
    others: tuple[tuple[str, str], ...] = ()


def index_html(entries: Iterable[Entry], title: str = "Films of the lab") -> str:
    """The whole page, in the order of the entries; it needs no script and no network."""
    style = asset("gallery.css")
    # Pictures are the only thing it loads; no origin is named, as files have none.
    allowed = policy(style=style) + "; img-src 'self' file:"
    items = "".join(_item(entry) for entry in entries)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{allowed}">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<ul>
{items}</ul>
</main>
</body>
</html>
"""


def _item(entry: Entry) -> str:
    others = "".join(
        f' · <a href="{_href(file)}">{escape(what)}</a>' for what, file in entry.others
    )
    return f"""\
<li><article>
<a href="{_href(entry.page)}"><img src="{_href(entry.poster)}" loading="lazy"
alt="A screen of the film {escape(entry.title)}"></a>
<h2><a href="{_href(entry.page)}">{escape(entry.title)}</a></h2>
<p>{escape(entry.story)}</p>
<p><small>{clock(entry.duration_ms)}{others}</small></p>
</article></li>
"""


def _href(file: str) -> str:
    """A file's name as a relative address; a colon in it makes no scheme of what is before it."""
    return escape(quote(file.encode("utf-8", "replace"), safe="/"))
