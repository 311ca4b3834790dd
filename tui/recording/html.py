"""A film as one HTML page that plays it: no network, no other file, and its story as text.

The page's own security policy allows the player's script and style by their hashes, and nothing
else: whatever texts a film holds, none of them can run or reach anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any, Final

from tui.recording import shapes
from tui.recording.cells import cells_of, distinct_rows
from tui.recording.film import Film, Look, Row
from tui.recording.svg import colour
from tui.recording.txt import clock, last_screen, story

SPEEDS: Final = ("0.25", "0.5", "1", "2", "4")

HELP: Final = (
    "space plays and pauses · ← → 5 seconds · , . one picture · [ ] chapters · f full screen"
)


def write_html(film: Film, path: Path) -> None:
    """Write the page. Raises OSError."""
    path.write_bytes(page(film).encode("utf-8", "replace"))


def page(film: Film) -> str:
    """The whole page."""
    script, style = asset("player.js"), asset("player.css")
    speeds = "".join(
        f'<option value="{each}"{" selected" * (each == "1")}>{each}×</option>' for each in SPEEDS
    )
    title = escape(film.title)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(script=script, style=style)}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div class="needs-script">
<div id="stage"><canvas id="screen" role="img" aria-label="{title}"></canvas>\
<pre id="text" aria-label="The screen as text"></pre>\
<button id="start" type="button" aria-label="Play">&#9654;&#65038;</button></div>
<div id="bar">
<button id="play" type="button">Play</button>
<input id="seek" type="range" min="0" max="{film.duration_ms}" value="0" step="any" \
aria-label="Time">
<span id="time"></span>
<kbd id="key" aria-label="Key pressed"></kbd>
<select id="speed" aria-label="Speed">{speeds}</select>
<button id="full" type="button">Full screen</button>
</div>
{_chapters(film)}</div>
<noscript>
<p>This film is played by a script, and scripts are off here. Below is its story, and this is its
last screen:</p>
<pre>{escape(chr(10).join(last_screen(film)))}</pre>
</noscript>
<section class="more">
<h2>The story in words</h2>
{_story(film)}<p class="needs-script"><small>{HELP}</small></p>
</section>
</main>
<script type="application/octet-stream" id="film">
{_packed(film)}
</script>
<script>{script}</script>
</body>
</html>
"""


def policy(*, script: str = "", style: str) -> str:
    """A content security policy for a page with this script and this style, and nothing else."""

    def hashed(text: str) -> str:
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    scripts = hashed(script) if script else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src {hashed(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def asset(name: str) -> str:
    """The text of a file that comes with this package."""
    return (resources.files("tui.recording") / "assets" / name).read_text(encoding="utf-8")


def _chapters(film: Film) -> str:
    if not film.chapters:
        return ""
    items = "".join(
        f'<li><button type="button" data-at="{note.at_ms}">{clock(note.at_ms)} '
        f"{escape(note.text)}</button></li>\n"
        for note in film.chapters
    )
    return f'<nav aria-label="Chapters"><ol class="chapters"{_lang(film)}>\n{items}</ol></nav>\n'


def _story(film: Film) -> str:
    told = story(film)
    if not told:
        return "<p>Nothing is told in this film.</p>\n"
    items = "".join(
        f"<dt{' class=chapter' * chapter}>{clock(at_ms)}</dt>"
        f"<dd{' class=chapter' * chapter}>{escape(text)}</dd>\n"
        for at_ms, text, chapter in told
    )
    return f"<dl{_lang(film)}>\n{items}</dl>\n"


def _lang(film: Film) -> str:
    """The language of what a film tells, for readers aloud; the page around it is English."""
    return "" if film.language == "en" else f' lang="{escape(film.language)}"'


def _packed(film: Film) -> str:
    """What the player needs, as JSON, compressed, in letters that no parser of HTML minds."""
    text = json.dumps(reel(film), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode()


def reel(film: Film) -> dict[str, Any]:
    """A film as the player wants it: every different look and row once, frames as what changed.

    A row is [look, what, look, what, ...]; `what` is a text with one UTF-16 unit to a cell, or
    [character, cells] for all that is wider or made of several. Frames are [milliseconds, row,
    number of its content, ...].
    """
    numbers = distinct_rows(film)
    looks: dict[Look, int] = {}
    used: set[str] = set()
    rows = [_row(row, looks, used) for row in numbers]
    frames = []
    shown: tuple[Row | None, ...] = (None,) * film.height
    for frame in film.frames:
        changes = [
            number
            for y, (old, row) in enumerate(zip(shown, frame.rows, strict=True))
            if row is not old
            for number in (y, numbers[row])
        ]
        frames.append([frame.at_ms, *changes])
        shown = frame.rows
    return {
        "width": film.width,
        "height": film.height,
        "duration": film.duration_ms,
        "poster": film.stills[0].at_ms if film.stills else 0,
        "looks": [_look(look) for look in looks],
        "rows": rows,
        "frames": frames,
        "keys": [[note.at_ms, note.text] for note in film.keys],
        "shapes": _shapes(used),
        "lines": {
            "underline": shapes.UNDERLINE,
            "strike": shapes.STRIKE,
            "cross": shapes.CROSS,
            "light": shapes.LIGHT,
            "heavy": shapes.HEAVY,
        },
    }


def _row(row: Row, looks: dict[Look, int], used: set[str]) -> list[Any]:
    parts: list[Any] = []
    cells = cells_of(row)
    for cell, following in zip(cells, (*cells[1:], None), strict=True):
        if not cell.text:
            continue
        look = looks.setdefault(cell.look, len(looks))
        used.add(cell.text)
        wide = following is not None and not following.text
        if wide or len(cell.text) > 1 or cell.text > "\uffff":
            parts += [look, [cell.text, 1 + wide]]
        elif parts and parts[-2] == look and isinstance(parts[-1], str):
            parts[-1] += cell.text
        else:
            parts += [look, cell.text]
    return parts


def _look(look: Look) -> list[Any]:
    style = look.bold | look.italic << 1 | look.underline << 2 | look.strike << 3
    return [colour(look.foreground), colour(look.background), style]


def _shapes(used: set[str]) -> dict[str, Any]:
    drawn = {text: shape for text in sorted(used) if (shape := shapes.shape_of(text))}
    return {
        text: {"rectangles": shape.rectangles, "opacity": shape.opacity, "corner": shape.corner}
        for text, shape in drawn.items()
    }
