"""A film in words: its title, its story with times, and the last screen as text."""

from __future__ import annotations

from pathlib import Path

from tui.recording.film import Film, text_of


def write_txt(film: Film, path: Path) -> None:
    """Write the transcript. Raises OSError."""
    path.write_bytes(transcript(film).encode("utf-8", "replace"))


def transcript(film: Film) -> str:
    """The whole text, ended by a line break."""
    lines = [film.title, "=" * max(1, len(film.title)), ""]
    lines.append(f"{clock(film.duration_ms)} long, {film.width} x {film.height} cells.")
    for at_ms, text, is_chapter in story(film):
        lines += ["", f"[{clock(at_ms)}] {text}"] if is_chapter else [f"  {clock(at_ms)}  {text}"]
    lines += ["", "The last screen:", "", *last_screen(film)]
    return "\n".join(lines) + "\n"


def story(film: Film) -> list[tuple[int, str, bool]]:
    """Chapters and captions by their times: milliseconds, text, whether it is a chapter."""
    told = [(note.at_ms, note.text, True) for note in film.chapters]
    told += [(each.at_ms, each.text, False) for each in film.captions if each.text]
    return sorted(told, key=lambda each: (each[0], not each[2]))


def last_screen(film: Film) -> list[str]:
    """The rows of the last frame without blanks at their ends and empty rows below."""
    lines = [text_of(row).rstrip() for row in film.frames[-1].rows]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def clock(at_ms: int) -> str:
    """A time of a film as people read it: 0:07, 1:02:03."""
    minutes, seconds = divmod(at_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
