"""A film as an MP4 for slides, where ffmpeg is there to pack it."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tui.recording.film import Film
from tui.recording.formats import FormatError
from tui.recording.raster import Raster
from tui.recording.slots import pictures

HINT: Final = (
    "MP4 needs ffmpeg, and there is none on the PATH. Install it (apt install ffmpeg, "
    "brew install ffmpeg) or choose another format: .webp and .html need nothing."
)


def write_mp4(film: Film, path: Path, *, font_px: int, fps: int) -> None:
    """Write H.264 without sound, with chapters. Raises FormatError, OSError."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise FormatError(HINT)
    raster, step_ms = Raster(font_px), round(1000 / fps)
    width, height = film.width * raster.cell_width, film.height * raster.cell_height
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory() as folder:
        about = Path(folder) / "about.txt"
        about.write_bytes(_metadata(film).encode("utf-8", "replace"))
        process = subprocess.Popen(
            [ffmpeg, "-nostdin", "-loglevel", "error", "-y",
             "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
             "-r", f"1000/{step_ms}", "-i", "pipe:0",
             "-f", "ffmetadata", "-i", str(about), "-map", "0:v",
             "-map_metadata", "1", "-map_chapters", "1",
             "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",
             "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p",
             # One thread and no version texts: the same bytes from the same ffmpeg.
             "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact",
             "-movflags", "+faststart", "-f", "mp4", str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
        try:
            _feed(process, film, raster, step_ms)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().splitlines()
            raise FormatError(
                f"ffmpeg failed with code {code}: {words[-1] if words else 'it said nothing'}. "
                "Try another ffmpeg (one with libx264), or another format."
            )


def _feed(process: subprocess.Popen[bytes], film: Film, raster: Raster, step_ms: int) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    # A broken pipe: ffmpeg ended early, and has said why.
    with contextlib.suppress(BrokenPipeError):
        for hold_ms, pixels in pictures(film, raster, step_ms):
            data = pixels.tobytes()
            for _ in range(hold_ms // step_ms):
                process.stdin.write(data)
        process.stdin.close()


def _metadata(film: Film) -> str:
    """The title and the chapters in ffmpeg's own text format, its special characters escaped."""

    def plain(text: str) -> str:
        # Ffmpeg takes any backslash at the end for one that joins the next line.
        end = " " if text.endswith("\\") else ""
        return re.sub(r"([=;#\\\n])", r"\\\1", text + end)

    lines = [";FFMETADATA1", f"title={plain(film.title)}"]
    ends = [note.at_ms for note in film.chapters[1:]] + [film.duration_ms]
    for note, end in zip(film.chapters, ends, strict=False):
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={note.at_ms}",
                  f"END={max(end, note.at_ms)}", f"title={plain(note.text)}"]  # fmt: skip
    return "\n".join(lines) + "\n"
