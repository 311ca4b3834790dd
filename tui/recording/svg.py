"""One instant of a film as an SVG: text that can be read and searched, no font of its own.

Text is placed and stretched run by run, so that the columns stand with any monospace font; what
must join is drawn as paths, not left to a font.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from rich.cells import cell_len

from tui.recording import shapes
from tui.recording.cells import Cell, cells_of
from tui.recording.film import Film, Frame, Look, Rgb

CELL_WIDTH: Final = 9
CELL_HEIGHT: Final = 18
FONT_PX: Final = 15
BASELINE: Final = 14
MARGIN: Final = 12
LAST_LETTER: Final = "\u024f"
"""Up to this one (Latin) every monospace font has characters of one width."""

FONTS: Final = (
    "ui-monospace,'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace"
)
NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write."""


def write_svg(film: Film, frame: Frame, path: Path) -> None:
    """Write one frame as a picture. Raises OSError."""
    path.write_text(svg(film, frame), encoding="utf-8", newline="\n")


def svg(film: Film, frame: Frame) -> str:
    """One frame as a whole SVG document."""
    width = film.width * CELL_WIDTH + 2 * MARGIN
    height = film.height * CELL_HEIGHT + 2 * MARGIN
    ground = _ground(frame)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">\n'
        f"<title>{xml(film.title)}</title>\n"
        # Browsers go by the style, older programs by xml:space.
        "<style>text{white-space:pre}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="{colour(ground)}"/>\n'
        f'<g transform="translate({MARGIN} {MARGIN})" font-family="{FONTS}" '
        f'font-size="{FONT_PX}" xml:space="preserve">\n'
    ]
    for y, row in enumerate(frame.rows):
        parts += _row(cells_of(row), y, ground)
    parts.append("</g>\n</svg>\n")
    return "".join(parts)


def colour(rgb: Rgb) -> str:
    """A colour as XML and CSS have it."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def xml(text: str) -> str:
    """A text that is harmless in XML, in attributes too; what XML cannot hold becomes U+FFFD."""
    return escape(NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text), {'"': "&quot;"})


def _ground(frame: Frame) -> Rgb:
    """The background of most cells, which the margin has too."""
    uses: Counter[Rgb] = Counter()
    for row in frame.rows:
        for run in row:
            uses[run.look.background] += len(run.text)
    return uses.most_common(1)[0][0]


def _row(cells: tuple[Cell, ...], y: int, ground: Rgb) -> list[str]:
    """Backgrounds first, so that nothing covers a letter that leans out of its cell."""
    backs: list[str] = []
    texts: list[str] = []
    for start, stretch in _stretches(cells, lambda cell: cell.look.background):
        if (back := stretch[0].look.background) != ground:
            backs.append(_path(_box(shapes.WHOLE, start, y, len(stretch)), back))
    for start, stretch in _stretches(cells, lambda cell: cell.look):
        look = stretch[0].look
        for at, alike in _stretches(stretch, _kind):
            texts += _drawn(alike, start + at, y)
        for wanted, line in ((look.underline, shapes.UNDERLINE), (look.strike, shapes.STRIKE)):
            if wanted:
                texts.append(_path(_box(line, start, y, len(stretch)), look.foreground))
    return backs + texts


def _stretches(
    cells: Sequence[Cell], by: Callable[[Cell], object]
) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Neighbours that are alike, with the place of the first."""
    start = 0
    for _, group in itertools.groupby(cells, by):
        stretch = tuple(group)
        yield start, stretch
        start += len(stretch)


def _kind(cell: Cell) -> str:
    """What can be drawn at once: "text" of letters, or the same character again and again."""
    return "text" if len(cell.text) == 1 and cell.text <= LAST_LETTER else cell.text


def _drawn(cells: Sequence[Cell], x: int, y: int) -> Iterator[str]:
    """Cells of one look and kind."""
    look = cells[0].look
    if _kind(cells[0]) == "text":
        text = "".join(cell.text for cell in cells)
        bare = text.strip(" ")
        if bare:
            yield _text(bare, look, x + len(text) - len(text.lstrip(" ")), y, len(bare))
    elif shape := shapes.shape_of(cells[0].text):
        if shape.corner:
            yield from (
                _corner(*shape.corner, look.foreground, x + n, y) for n in range(len(cells))
            )
            return
        path = []
        for box in shape.rectangles:
            if box[0] == 0 and box[2] == 1:
                path.append(_box(box, x, y, len(cells)))
            else:
                path += [_box(box, x + n, y) for n in range(len(cells))]
        # Thin lines would vanish here and there in a smaller picture, were they made crisp.
        line = cells[0].text <= shapes.LAST_LINE
        yield _path("".join(path), look.foreground, shape.opacity, crisp=not line)
    elif cells[0].text:
        # The second half of a wide character is a stretch of its own, that follows.
        for n, cell in enumerate(cells):
            yield _text(cell.text, look, x + n, y, cell_len(cell.text))


def _text(text: str, look: Look, x: int, y: int, cells: int) -> str:
    styles = ' font-weight="bold"' * look.bold + ' font-style="italic"' * look.italic
    return (
        f'<text x="{x * CELL_WIDTH}" y="{y * CELL_HEIGHT + BASELINE}" '
        f'textLength="{cells * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs" '
        f'fill="{colour(look.foreground)}"{styles}>{xml(text)}</text>\n'
    )


def _box(box: shapes.Rectangle, x: int, y: int, times: int = 1) -> str:
    """A rectangle of a cell as a path, `times` cells wide."""
    left, right = (x + box[0]) * CELL_WIDTH, (x + times - 1 + box[2]) * CELL_WIDTH
    top, bottom = (y + box[1]) * CELL_HEIGHT, (y + box[3]) * CELL_HEIGHT
    return f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"


def _path(path: str, fill: Rgb, opacity: float = 1.0, *, crisp: bool = True) -> str:
    more = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    more += ' shape-rendering="crispEdges"' if crisp else ""
    return f'<path d="{path}" fill="{colour(fill)}"{more}/>\n'


def _corner(right: int, down: int, stroke: Rgb, x: int, y: int) -> str:
    """A round corner of a box drawing."""
    middle_x, middle_y = (x + 0.5) * CELL_WIDTH, (y + 0.5) * CELL_HEIGHT
    radius = CELL_WIDTH / 2
    edge_x, edge_y = middle_x + right * CELL_WIDTH / 2, middle_y + down * CELL_HEIGHT / 2
    return (
        f'<path d="M{middle_x:g} {edge_y:g}V{middle_y + down * radius:g}'
        f'Q{middle_x:g} {middle_y:g} {middle_x + right * radius:g} {middle_y:g}H{edge_x:g}" '
        f'fill="none" stroke="{colour(stroke)}" '
        f'stroke-width="{shapes.LIGHT * CELL_HEIGHT:g}"/>\n'
    )
