"""Films to encode: a dashboard that lives, and texts that would harm a careless format."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tui.recording.film import Caption, Film, Frame, Look, Note, Rgb, Row, Run

BACK: Rgb = (18, 18, 18)
PANEL: Rgb = (30, 30, 30)
TEXT: Rgb = (224, 224, 224)
DIM: Rgb = (120, 120, 120)
HOT: Rgb = (244, 0, 95)
GOOD: Rgb = (78, 191, 113)
BLUE: Rgb = (1, 120, 212)
BARS = "▁▂▃▄▅▆▇█"

HOSTILE = (
    "<script>alert(1)</script>",
    "]]> --> </pre></script><!--",
    "a\u2028b\u2029c &amp; \"q\" 'x' `${y}`",
    "世界 wide, e\u0301 o\u0308 marks, 🎉 👩\u200d🚀 ❤\ufe0f",
    "\ud83d lone, \ufffe none, \\x1b[31m",
)


def look(foreground: Rgb = TEXT, background: Rgb = BACK, *, bold: bool = False) -> Look:
    return Look(foreground, background, bold=bold)


def line(width: int, *parts: tuple[str, Look]) -> Row:
    """Runs that fill a line: cut or filled up to its width, counted in cells."""
    runs: list[Run] = []
    left = width
    for text, how in parts:
        if cell_len(text) > left:
            text = set_cell_size(text, left)
        if text:
            runs.append(Run(text, how))
        left -= cell_len(text)
    if left:
        runs.append(Run(" " * left, parts[-1][1] if parts else look()))
    return tuple(runs)


def film_of(*screens: Sequence[Row], step_ms: int = 100, **more: object) -> Film:
    """One frame of each screen."""
    frames = tuple(Frame(n * step_ms, tuple(rows)) for n, rows in enumerate(screens))
    width = sum(cell_len(run.text) for run in screens[0][0])
    given = {
        "title": "A film", "width": width, "height": len(screens[0]), "caption_rows": 0,
        "duration_ms": len(screens) * step_ms, "frames": frames, **more,
    }  # fmt: skip
    return Film(**given)  # type: ignore[arg-type]


def hostile() -> Film:
    """Markup, scripts, line separators, wide characters, marks and emoji in every text there is."""
    width = 40
    rows = [line(width, (text, look())) for text in HOSTILE]
    turned = [*rows[1:], line(width, (HOSTILE[0], look(HOT)))]
    notes = tuple(Note(n * 10, text) for n, text in enumerate(HOSTILE))
    return film_of(
        rows, turned, rows, title=HOSTILE[0] + HOSTILE[2], chapters=notes, keys=notes,
        captions=tuple(Caption(n * 10, text) for n, text in enumerate(HOSTILE)),
        stills=tuple(Note(n * 10, text) for n, text in enumerate((*HOSTILE, "../../etc/x", ""))),
    )  # fmt: skip


def dashboard(seconds: float = 3, width: int = 120, height: int = 38, fps: int = 10) -> Film:
    """A lab's screen: header, shards with bars, gradients, a braille graph, a log, captions."""
    dice = random.Random(7)
    shards, caption_rows = 8, 2
    loads = [dice.uniform(0.2, 0.6) for _ in range(shards)]
    past = [[dice.random() * 0.5 for _ in range(60)] for _ in range(shards)]
    graph = [0.3] * (width * 2)
    log: list[str] = []
    frames: list[Frame] = []
    before: tuple[Row, ...] = ()
    count = round(seconds * fps)
    captions = ("Records flow to eight shards.", "One key is hot: watch shard 3.")
    told: list[Caption] = []
    for n in range(count):
        hot = n > count / 2
        if n == 0 or (n > count / 2 and len(told) == 1):
            told.append(Caption(round(n * 1000 / fps), captions[len(told)]))
        if n % 5 == 0:
            for shard in range(shards):
                goal = 1.3 if hot and shard == 3 else 0.4
                loads[shard] += (goal - loads[shard]) * 0.3 + dice.gauss(0, 0.02)
                past[shard] = [*past[shard][1:], loads[shard]]
            log = [f"12:00:{n % 60:02d} rebalance took {dice.randrange(900)} ms", *log][:5]
        graph = [*graph[1:], 0.5 + 0.4 * math.sin(n / 9) + dice.gauss(0, 0.03)]
        rows: list[Row] = []
        rows.append(
            line(
                width,
                (" dasprep-tui ", look(TEXT, BLUE, bold=True)),
                (f" LIVE {n * 417:>9,} records ", look(TEXT, PANEL)),
            )
        )
        rows.append(line(width, ("╭" + "─" * (width - 2) + "╮", look(BLUE))))
        for shard in range(shards):
            load = loads[shard]
            bar = round(min(load, 1.3) * 20)
            state = ("HOT", HOT) if load > 1 else ("ok", GOOD)
            spark = [
                (BARS[min(7, int(v * 6))],
                 look((min(255, 40 + int(v * 160)), max(0, 200 - int(v * 90)), 120)))
                for v in past[shard]
            ]  # fmt: skip
            inner = line(
                width - 1,
                ("│ ", look(BLUE)),
                (f"shard-{shard:02d} ", look(bold=True)),
                ("█" * bar + "▌", look(state[1])),
                ("·" * (28 - bar), look(DIM)),
                (f" {load:4.0%} ", look()),
                (f"{state[0]:<4}", look(state[1], bold=True)),
                *spark,
                (" " * width, look()),
            )
            rows.append((*inner, Run("│", look(BLUE))))
        rows.append(line(width, ("╰" + "─" * (width - 2) + "╯", look(BLUE))))
        rows += [line(width, (text, look(GOOD))) for text in _braille(graph, width, 6)]
        rows.append(
            line(width, ("┌┬┐├┼┤└┴┘ ┏┳┓┣╋┫┗┻┛ ╔╦╗╠╬╣╚╩╝ ╭╮╰╯ ░▒▓█▌▐▀▄ ▖▗▘▙▚▛▜▝▞▟ ┅┈╌", look()))
        )
        rows.append(line(width, ("││││││││ ┃┃┃┃┃┃┃ ║║║║║║║║║ ╰╯╭╮ ▔▁▏▕ ▲▼●○◆■□ ✓×↻↑↓∞…›·", look())))
        rows += [line(width, (text, look(DIM))) for text in log]
        while len(rows) < height - caption_rows:
            rows.append(line(width, ("", look())))
        rows = rows[: height - caption_rows]
        rows.append(line(width, ("", look(TEXT, PANEL))))
        rows.append(line(width, (f"  {told[-1].text}", look(TEXT, PANEL, bold=True))))
        same = tuple(
            old if old == new else new for old, new in zip(before or rows, rows, strict=True)
        )
        frames.append(Frame(round(n * 1000 / fps), same))
        before = same
    half = round(count / 2 * 1000 / fps)
    return Film(
        title="Hot shard", width=width, height=height, caption_rows=caption_rows,
        duration_ms=round(seconds * 1000), frames=tuple(frames),
        chapters=(Note(0, "All is well"), Note(half, "One key is hot")), captions=tuple(told),
        keys=(Note(half, "k"), Note(half + 200, "enter")),
        stills=(Note(0, "calm"), Note(round(seconds * 1000) - 100, "hot")),
    )  # fmt: skip


def _braille(values: list[float], width: int, rows: int) -> list[str]:
    """A curve of dots, two points a cell."""
    dots = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
    grid = [[0x2800] * width for _ in range(rows)]
    for x, value in enumerate(values[: width * 2]):
        level = max(0, min(rows * 4 - 1, int(value * rows * 4)))
        grid[rows - 1 - level // 4][x // 2] |= dots[x % 2][level % 4]
    return ["".join(map(chr, cells)) for cells in grid]
