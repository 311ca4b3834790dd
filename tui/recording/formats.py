"""From a film to files: which format a name asks for, written whole or not at all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.recording.files import appearing
from tui.recording.film import Film, frame_at

KINDS: Final = {
    "cast": "asciicast for asciinema and its player",
    "gif": "moving picture for a README",
    "webp": "moving picture, smaller than a GIF and without loss",
    "html": "one page with a player, chapters and the story as text",
    "svg": "the last screen as a picture, and one picture for each still",
    "txt": "transcript: chapters, captions and the last screen",
    "mp4": "video for slides; needs ffmpeg",
}
"""What can be written, with what it is for."""


class FormatError(Exception):
    """A film could not be written: what happened, why, and what to do."""


class UnknownKind(FormatError):
    """A file's name says nothing of its format, or one that there is not."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to write. Each format takes what it can use.

    `font_px` is the size of letters in pictures; a cell is about 0.6 times as wide and 1.2 times
    as high. `fps` is how many pictures a second at most; GIF rounds to hundredths of seconds.
    """

    font_px: int = 13
    fps: int = 10
    video_fps: int = 20
    cast_version: int = 2

    def __post_init__(self) -> None:
        """Raise ValueError for what no format can do."""
        for name, least, most in (("font_px", 6, 64), ("fps", 1, 50), ("video_fps", 1, 60)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from {least} to {most}")
        if self.cast_version not in (2, 3):
            raise ValueError("cast_version must be 2 or 3")


def kind_of(path: Path) -> str:
    """The format that a file's name asks for. Raises UnknownKind."""
    kind = path.suffix.lower().removeprefix(".")
    if kind in KINDS:
        return kind
    known = ", ".join(f".{each}" for each in KINDS)
    why = f"{path.suffix} is no format of films" if kind else "its name has no ending"
    raise UnknownKind(f"{path} cannot be written: {why}. Give it one of these endings: {known}")


def write(
    film: Film,
    path: Path,
    kind: str | None = None,
    options: Options = Options(),
) -> tuple[Path, ...]:
    """Write a film as a file of its name's format, or of `kind`; return what was written.

    An .svg brings a picture of each still along: demo.svg, demo-NAME.svg. Files appear whole and
    all together, in place of older ones, or not at all. Raises FormatError, UnknownKind.
    """
    kind = kind or kind_of(path)
    if kind not in KINDS:
        raise UnknownKind(f"There is no format {kind!r}. There are: {', '.join(KINDS)}.")
    try:
        with appearing() as draft_of:
            if kind == "svg":
                return _write_stills(film, path, draft_of)
            _write(film, draft_of(path), kind, options)
            return (path,)
    except OSError as error:
        raise FormatError(
            f"{path} cannot be written: {error.strerror or error}. Name a file in a folder that "
            "is there and that you may write to."
        ) from error


def _write(film: Film, path: Path, kind: str, options: Options) -> None:
    """Write one file. What a format needs is imported only with it: start-up stays quick."""
    if kind == "cast":
        from tui.recording.cast import write_cast

        write_cast(film, path, version=options.cast_version)
    elif kind == "gif":
        from tui.recording.gif import write_gif

        write_gif(film, path, font_px=options.font_px, fps=options.fps)
    elif kind == "webp":
        from tui.recording.webp import write_webp

        write_webp(film, path, font_px=options.font_px, fps=options.fps)
    elif kind == "html":
        from tui.recording.html import write_html

        write_html(film, path)
    elif kind == "mp4":
        from tui.recording.mp4 import write_mp4

        write_mp4(film, path, font_px=options.font_px, fps=options.video_fps)
    else:
        from tui.recording.txt import write_txt

        write_txt(film, path)


def _write_stills(film: Film, path: Path, draft_of: Callable[[Path], Path]) -> tuple[Path, ...]:
    from tui.recording.svg import write_svg

    pictures = {path: film.frames[-1]}
    for still in film.stills:
        pictures[_free(path, _slug(still.text), pictures)] = frame_at(film, still.at_ms)
    for picture, frame in pictures.items():
        write_svg(film, frame, draft_of(picture))
    return tuple(pictures)


def _slug(name: str) -> str:
    """A still's name as part of a file's: no folder, nothing that a shell would take apart."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-").lower() or "still"


def _free(path: Path, slug: str, taken: Collection[Path]) -> Path:
    """`demo.svg` and `hot` make `demo-hot.svg`, the next one `demo-hot-2.svg`."""
    for number in itertools.count(1):
        more = f"-{number}" if number > 1 else ""
        free = path.with_name(f"{path.stem}-{slug}{more}{path.suffix}")
        if free not in taken:
            return free
    raise AssertionError("numbers do not end")
