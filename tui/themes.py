"""Themes of our own: one that carries over a projector, and one for long evenings."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

PROJECTOR: Final = Theme(
    name="dasprep-projector",
    primary="#003d99",
    secondary="#5b1a8b",
    accent="#7a0067",
    warning="#7a3d00",
    error="#a30000",
    success="#00571a",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#e4e4e4",
    boost="#f0f0f0",
    dark=False,
    variables={
        "text-primary": "#003d99",
        "text-accent": "#7a0067",
        "text-success": "#00571a",
        "text-warning": "#7a3d00",
        "text-error": "#a30000",
    },
)
"""Black on white; the colours are dark enough to be read from the last row."""

CALM: Final = Theme(
    name="dasprep-calm",
    primary="#6c93b5",
    secondary="#8fa3ad",
    accent="#b5a8d0",
    warning="#d9b36c",
    error="#e58a86",
    success="#93bd8f",
    foreground="#d5d9de",
    background="#15191e",
    surface="#1a1f25",
    panel="#212831",
    boost="#262e38",
    dark=True,
    variables={
        "text-primary": "#8fb4d4",
        "text-accent": "#c3b8dc",
        "text-success": "#93bd8f",
        "text-warning": "#d9b36c",
        "text-error": "#ef9d99",
    },
)
"""Muted colours on a dark ground, none of them glaring."""

OURS: Final = (PROJECTOR, CALM)
