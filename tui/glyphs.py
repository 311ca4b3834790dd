"""The few special characters the screens use, and what stands for them where only ASCII is safe."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len


@dataclass(frozen=True)
class Glyphs:
    """One set of shapes; every shape stands beside a word, so none carries meaning alone."""

    plain: bool
    alarm: str
    warn: str
    good: str
    note: str
    moving: str
    waiting: str
    closed: str
    cursor: str
    down: str
    up: str
    infinity: str
    bar: str
    half: str
    rest: str
    shade: str
    levels: str
    """Heights of a sparkline, lowest first."""
    shades: str
    """Heat, coldest first."""
    rule: str
    tick: str
    corner: str
    axis: str
    line_in: str
    line_out: str
    line_lag: str
    more: str
    separator: str
    dot: str
    times: str


UNICODE = Glyphs(
    plain=False,
    alarm="▲",
    warn="~",
    good="✓",
    note="●",
    moving="↻",
    waiting="○",
    closed="×",
    cursor=">",
    down="↓",
    up="↑",
    infinity="∞",
    bar="█",
    half="▌",
    rest="·",
    shade="▒",
    levels="▁▂▃▄▅▆▇█",
    shades="·░▒▓█",
    rule="─",
    tick="┬",
    corner="└",
    axis="┤",
    line_in="━",
    line_out="┅",
    line_lag="━",
    more="…",
    separator="›",
    dot="·",
    times="×",
)

ASCII = Glyphs(
    plain=True,
    alarm="!",
    warn="~",
    good="+",
    note="*",
    moving="@",
    waiting="o",
    closed="x",
    cursor=">",
    down="v",
    up="^",
    infinity="inf",
    bar="#",
    half="=",
    rest=".",
    shade=":",
    levels="_.:-=+*#",
    shades=".:+*#",
    rule="-",
    tick="+",
    corner="+",
    axis="|",
    line_in="*",
    line_out="o",
    line_lag="#",
    more="~",
    separator=">",
    dot="-",
    times="x",
)


def as_ascii(text: str) -> str:
    """Replace what is left of other characters, such as names from outside, cell for cell."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else "~" if c == "…" else "?" * cell_len(c) for c in text)


def glyphs_for(plain: bool) -> Glyphs:
    """Return the set for this terminal."""
    return ASCII if plain else UNICODE
