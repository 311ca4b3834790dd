"""`python -m tui.demos`: plays every shipped tape and makes `docs/demos/` of it (`make demos`).

Each tape is played on a lab of its own, one after the other; a page, a poster and a transcript are
made of its trace, and a GIF of the one that the README shows. Exit code 1: some tape failed; the
files of its last good take stay.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from tui.cli import build_parser
from tui.commands.taking import take_down
from tui.options import Help
from tui.recording.gallery import Entry, index_html
from tui.recording.job import Job, Said, Written
from tui.recording.shot import Shot
from tui.recording.studio import FilmError, make
from tui.recording.trace import Trace, read_trace
from tui.tapes.library import load, shipped_names
from tui.tapes.tape import Tape

FOLDER: Final = Path("docs/demos")
README_TAPE: Final = "hot_shard"
README_GIF: Final = Shot(100, 30, "textual-dark", fps=8)
README_FONT_PX: Final = 12
LANGUAGES: Final = {"de": "auf Deutsch"}


def main(arguments: list[str] | None = None) -> int:
    """Make the demos; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tui.demos", description=__doc__, formatter_class=Help
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these tapes")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help=f"{FOLDER}")
    parser.add_argument(
        "--traces", type=Path, metavar="DIR",
        help="keep the traces there, and play no tape again whose trace is there already",
    )  # fmt: skip
    parser.add_argument(
        "--bootstrap", metavar="HOST:PORT", help="on this Kafka, not on the embedded broker"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(shipped_names()))
    if unknown:
        parser.error(
            f"no tape ships as {', '.join(unknown)}; there are {', '.join(shipped_names())}"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="dasprep-demos-") as folder:
        traces: Path = options.traces or Path(folder)
        traces.mkdir(parents=True, exist_ok=True)
        for name in options.names or shipped_names():
            trace = traces / f"{name}.trace"
            try:
                if not trace.exists() and _play(load(name), trace, options.bootstrap):
                    raise FilmError("the tape failed")
                _films(load(name), trace, options.out)
            except (FilmError, OSError) as error:
                print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
                failed.append(name)
    write_index(options.out)
    return 1 if failed else 0


def _play(tape: Tape, trace: Path, bootstrap: str | None) -> int:
    where = ["record", tape.name, "-o", "unused.cast"]
    if bootstrap:
        where += ["--bootstrap", bootstrap, "--topic-prefix", f"{tape.name}-"]
    return take_down(tape, build_parser().parse_args(where), trace)


def _films(tape: Tape, path: Path, out: Path) -> None:
    """Write the page, the transcript and the poster, and the README's picture. Raises FilmError."""
    trace = read_trace(path)
    shot = Shot(
        *tape.record.size, tape.record.theme, fps=float(tape.record.fps),
        caption_rows=tape.record.caption_rows,
    )  # fmt: skip
    written: list[str] = []

    def hear(said: Said) -> None:
        if isinstance(said, Written):
            written.append(said.path)
            print(f"{said.path}  {said.size_bytes / 1024:,.0f} KiB", file=sys.stderr)  # noqa: T201

    name = tape.name
    with tempfile.TemporaryDirectory(prefix="dasprep-stills-") as folder:
        picture = Path(folder) / f"{name}.svg"
        outputs = (out / f"{name}.html", out / f"{name}.txt", picture)
        make(Job(str(path), shot, tuple(map(str, outputs))), hear)
        # The still in the middle is the story's point; the last screen, if it keeps none.
        stills = [Path(file) for file in written if file.endswith(".svg")]
        chosen = stills[1 + (len(stills) - 1) // 2] if len(stills) > 1 else stills[0]
        (out / f"{name}.svg").write_bytes(chosen.read_bytes())
    for language in _others(trace):
        page = out / f"{name}-{language}.html"
        again = Shot(
            shot.columns, shot.rows, shot.theme, language, shot.fps,
            caption_rows=shot.caption_rows,
        )  # fmt: skip
        make(Job(str(path), again, (str(page),)), hear)
    if name == README_TAPE:
        gif = (str(out / f"{name}.gif"),)
        make(Job(str(path), README_GIF, gif, font_px=README_FONT_PX), hear)


def _others(trace: Trace) -> tuple[str, ...]:
    return trace.languages[1:]


def write_index(out: Path) -> None:
    """List what is in the folder."""
    entries = []
    for name in shipped_names():
        script = out / f"{name}.txt"
        if not script.exists():
            continue
        tape = load(name)
        others = [("transcript", f"{name}.txt")]
        others += [
            (LANGUAGES.get(code := page.stem.rpartition("-")[2], code), page.name)
            for page in sorted(out.glob(f"{name}-??.html"))
        ]
        if (out / f"{name}.gif").exists():
            others.append(("GIF", f"{name}.gif"))
        entries.append(
            Entry(
                tape.title, tape.story, f"{name}.html", f"{name}.svg",
                _duration_ms(script.read_text(encoding="utf-8")), tuple(others),
            )
        )  # fmt: skip
    title = "dasprep-tui: recorded on the running lab"
    (out / "index.html").write_text(index_html(entries, title), encoding="utf-8")


def _duration_ms(script: str) -> int:
    """The film's length, from the transcript's third line: "1:05 long, ..."."""
    for line in script.splitlines():
        if " long, " in line:
            minutes, _, seconds = line.partition(" ")[0].rpartition(":")
            return 1000 * (60 * int(minutes) + int(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
