"""GIF and WebP, read back by Pillow: times, colours, edges, and only what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.recording.films import (
    BACK,
    BLUE,
    GOOD,
    HOT,
    PANEL,
    TEXT,
    dashboard,
    film_of,
    hostile,
    line,
    look,
)
from tui.recording.film import Film, Look, Rgb
from tui.recording.formats import FormatError, Options, write
from tui.recording.raster import Raster
from tui.recording.slots import pictures, slots

KINDS = pytest.mark.parametrize("kind", ["gif", "webp"])


def played(path: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Each frame's time and its pixels as a viewer puts them together."""
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            yield int(image.info["duration"]), np.array(image.convert("RGB"))


def has(pixels: NDArray[np.uint8], colour: Rgb) -> bool:
    return bool((pixels == np.array(colour)).all(axis=2).any())


@KINDS
def test_frames_and_their_times(kind: str, tmp_path: Path) -> None:
    film = film_of(
        [line(4, ("a", look()))],
        [line(4, ("a", look()))],
        [line(4, ("b", look(HOT)))],
        [line(4, ("a", look()))],
        step_ms=130,
    )
    path = tmp_path / f"a.{kind}"
    write(film, path)
    frames = list(played(path))
    # On the grid of 100 ms: a b a, and the last screen stands to the end.
    assert [hold for hold, _ in frames] == [200, 100, 300]
    assert [has(pixels, HOT) for _, pixels in frames] == [False, True, False]
    assert np.array_equal(frames[0][1], frames[2][1])


@KINDS
@pytest.mark.parametrize("fps", [1, 4, 10, 15, 50])
def test_times_are_whole_hundredths_and_not_too_short(kind: str, fps: int, tmp_path: Path) -> None:
    film = film_of(*[[line(4, (str(n), look()))] for n in range(30)], step_ms=20)
    path = tmp_path / f"a.{kind}"
    write(film, path, options=Options(fps=fps))
    times = [hold for hold, _ in played(path)]
    assert min(times) >= 20
    assert abs(sum(times) - film.duration_ms) < max(times)
    if kind == "gif":
        assert all(hold % 10 == 0 for hold in times)


@KINDS
def test_what_is_read_back_is_what_was_drawn(kind: str, tmp_path: Path) -> None:
    film = dashboard(2)
    path = tmp_path / f"a.{kind}"
    write(film, path)
    frames = list(played(path))
    drawn = [picture.copy() for _, picture in pictures(film, Raster(13), 100)]
    assert len(frames) == len(drawn) == 20
    for (_, pixels), picture in zip(frames, drawn, strict=True):
        far = np.abs(pixels.astype(int) - picture).max()
        # WebP is exact; a GIF has 255 colours for all those gradients.
        assert far == 0 if kind == "webp" else far <= 40
    assert len({pixels.tobytes() for _, pixels in frames}) == 20


def test_colours_of_the_terminal_survive_in_a_gif_even_the_rare(tmp_path: Path) -> None:
    """A thousand colours in gradients, and one red word for a tenth of a second."""
    calm = [
        line(20, *(("█", look((row * 5, x * 12, (row * x) % 256))) for x in range(20)))
        for row in range(50)
    ]
    film = film_of(
        [*calm, line(20, ("fine", look(GOOD)))],
        [*calm, line(20, ("HOT", look(HOT)))],
        [*calm, line(20, ("fine", look(GOOD, PANEL)))],
    )
    path = tmp_path / "a.gif"
    write(film, path)
    # The last row alone: blocks of much the same red may be given the word's.
    frames = [pixels[-16:] for _, pixels in played(path)]
    assert [has(pixels, HOT) for pixels in frames] == [False, True, False]
    assert has(frames[0], GOOD) and has(frames[2], PANEL)


@pytest.mark.parametrize("font_px", [8, 13, 16, 21])
@pytest.mark.parametrize("text", ["█", "▐▌", "─", "━", "═", "▀", "▄"])
def test_no_seam_between_neighbours(text: str, font_px: int) -> None:
    raster = Raster(font_px)
    strip = raster.pixels(line(8, (text * (8 // len(text)), look(HOT))))
    inked = (strip == np.array(HOT)).all(axis=2)
    rows = inked[inked.any(axis=1)]
    if text == "▐▌":
        # Two halves make a whole, across the border of two cells.
        half = raster.cell_width - int(inked[0, : raster.cell_width].argmax())
        assert inked[:, raster.cell_width - half : raster.cell_width * 2 - half].all()
    else:
        assert rows.all(), "a row of pixels has a gap"


@pytest.mark.parametrize("font_px", [8, 13, 16, 21])
@pytest.mark.parametrize("text", ["█", "│", "┃", "║", "▌", "▐", "╎"])
def test_no_seam_between_lines(text: str, font_px: int, tmp_path: Path) -> None:
    film = film_of([line(3, (text * 3, look(HOT)))] * 4)
    path = tmp_path / "a.gif"
    write(film, path, options=Options(font_px=font_px))
    ((_, pixels),) = played(path)
    inked = (pixels == np.array(HOT)).all(axis=2)
    columns = inked[:, inked.any(axis=0)]
    assert columns.size
    # A dashed line has gaps; every other one goes through.
    assert columns.all() != (text == "╎")


@pytest.mark.parametrize("corners", ["┌┐└┘", "╭╮╰╯", "┏┓┗┛", "╔╗╚╝"])
@pytest.mark.parametrize("font_px", [8, 13, 16, 21])
def test_corners_meet_their_lines(corners: str, font_px: int) -> None:
    across, along = {"┌": "─│", "╭": "─│", "┏": "━┃", "╔": "═║"}[corners[0]]
    raster = Raster(font_px)

    def strip(text: str) -> NDArray[np.uint8]:
        return raster.pixels(line(3, (text, look(HOT))))

    top = strip(f"{corners[0]}{across}{corners[1]}")
    sides = strip(f"{along} {along}")
    bottom = strip(f"{corners[2]}{across}{corners[3]}")
    # Where a corner leaves its cell it is as the line that goes on there.
    assert np.array_equal(top[-1], sides[0]) and np.array_equal(bottom[0], sides[-1])
    for row in (top, bottom):
        edge = raster.cell_width
        assert np.array_equal(row[:, edge - 1], row[:, edge])
        assert np.array_equal(row[:, 2 * edge - 1], row[:, 2 * edge])


def test_braille_dots_are_apart_and_each_its_own() -> None:
    raster = Raster(13)
    seen = set()
    for bit in range(8):
        strip = raster.pixels(line(1, (chr(0x2800 + (1 << bit)), look(HOT))))
        seen.add((strip == np.array(HOT)).all(axis=2).tobytes())
    assert len(seen) == 8
    every = raster.pixels(line(1, ("⣿", look(HOT))))
    inked = (every == np.array(HOT)).all(axis=2)
    assert inked.sum() == 8 * 4 and not inked.all(axis=0).any() and not inked.all(axis=1).any()


def test_a_line_under_and_a_line_through() -> None:
    raster = Raster(13)
    plain, under, through = (
        raster.strip(line(2, ("  ", Look(HOT, BACK, underline=u, strike=s))))
        for u, s in ((False, False), (True, False), (False, True))
    )
    rows = [(each != plain).all(axis=1).nonzero()[0] for each in (under, through)]
    assert len(rows[0]) == len(rows[1]) == 1 and rows[0][0] > rows[1][0]


def test_bold_and_italic_letters_differ() -> None:
    raster = Raster(13)
    drawn = {
        raster.strip(line(1, ("M", Look(TEXT, BACK, bold=b, italic=i)))).tobytes()
        for b in (False, True)
        for i in (False, True)
    }
    assert len(drawn) == 4


def test_wide_characters_take_two_cells_and_push_nothing() -> None:
    raster = Raster(13)
    strip = raster.strip(line(6, ("世界ab", look())))
    assert strip.shape == (raster.cell_height, 6 * raster.cell_width)
    alone = raster.strip(line(2, ("ab", look())))
    assert np.array_equal(strip[:, -2 * raster.cell_width :], alone)


@KINDS
def test_a_minute_is_small_enough_for_a_readme(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    write(dashboard(6), path)
    assert path.stat().st_size * 10 < 3_000_000


def test_a_bigger_font_makes_a_bigger_picture(tmp_path: Path) -> None:
    film = film_of([line(10, ("a", look()))])
    sizes = []
    for font_px in (8, 13, 26):
        write(film, tmp_path / "a.gif", options=Options(font_px=font_px))
        with Image.open(tmp_path / "a.gif") as image:
            sizes.append(image.size)
    assert sizes == [(50, 10), (80, 16), (160, 31)]


@KINDS
def test_hostile_texts_are_drawn(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    write(hostile(), path)
    assert len(list(played(path))) == 3


def test_a_picture_that_stays_for_hours_is_shown_again(tmp_path: Path) -> None:
    film = film_of([line(4, ("a", look()))], step_ms=7_200_000)
    assert sum(hold for hold, _ in slots(film, 100)) == 7_200_000
    write(film, tmp_path / "a.gif")
    assert sum(hold for hold, _ in played(tmp_path / "a.gif")) == 7_200_000


def test_more_colours_than_can_be_numbered_are_refused(tmp_path: Path) -> None:
    film: Film = film_of(
        [
            line(100, *[("x", look((r, g, b), BLUE)) for g in range(100)])
            for r in range(0, 256, 16)
            for b in range(0, 256, 16)
        ]
    )
    with pytest.raises(FormatError, match="fewer gradients"):
        write(film, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())
