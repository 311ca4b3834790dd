"""Generates docs/tapes.md: `python -m tui.tapes.reference > docs/tapes.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from tui.tapes.expressions import FUNCTIONS
from tui.tapes.metrics import CHECK, LAB, LINK
from tui.tapes.stream_metrics import STREAM

FIRST: Final = Path(__file__).with_name("first.yaml")
PARTS: Final = Path(__file__).with_name("reference.md")
"""The sentences around the tables; a line {{name}} is where a table goes."""

_KINDS: Final = {
    "number": "number", "text": "text", "truth": "true or false",
    "numbers": "number by shard", "texts": "list of words",
}  # fmt: skip


class MetricRow(NamedTuple):
    """A metric as people look it up. `scope` is "lab", "stream" or "verify"."""

    name: str
    kind: str
    unit: str
    text: str
    scope: str


def metric_rows() -> list[MetricRow]:
    """Every metric, those of a stream first."""
    rows = [MetricRow(name, m.kind, m.unit, m.text, "stream") for name, m in STREAM.items()]
    rows += [MetricRow(name, m.kind, m.unit, m.text, "lab") for name, m in LAB.items()]
    link = "up, or lost while the lab's engine is not there (known even then)"
    rows.append(MetricRow(LINK, "text", "", link, "lab"))
    rows += [MetricRow(name, m.kind, m.unit, m.text, "verify") for name, m in CHECK.items()]
    return rows


def page() -> str:
    """The whole page."""
    tables = {
        "first": FIRST.read_text(encoding="utf-8").rstrip(),
        "steps": "\n".join(_steps()),
        "changes": _changes(),
        "troubles": _troubles(),
        "functions": _table(("function", "value"), FUNCTIONS.items()),
        "head": _head(),
        "lab": _lab(),
        "record": _record(),
        "stream_metrics": _metrics("stream"),
        "lab_metrics": _metrics("lab"),
        "verify_metrics": _metrics("verify"),
        "shipped": _shipped(),
    }
    lines = []
    for line in PARTS.read_text(encoding="utf-8").splitlines():
        name = line.removeprefix("{{").removesuffix("}}")
        lines.append(tables[name] if line == f"{{{{{name}}}}}" else line)
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown, the first column as code."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for first, *rest in rows:
        cells = (cell.replace("|", "\\|") for cell in rest)
        lines.append(f"| `{first}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _steps() -> Iterator[str]:
    from tui.tapes.steps import VERBS

    for verb, model in VERBS.items():
        yield f"### `{verb}`"
        yield ""
        yield inspect.cleandoc(model.__doc__ or "")
        yield ""
        yield "```yaml"
        yield f"  - {model.EXAMPLE}"
        yield "```"
        rows = [row for row in _fields(model) if row[2] != "no value"]
        if rows:
            yield ""
            yield _table(("field", "default", "what it is"), rows)
        yield ""


def _fields(model: type[BaseModel], skip: Iterable[str] = ()) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        if name not in skip:
            default = "" if field.is_required() else _default(field.default)
            yield field.alias or name, default, field.description or ""


def _default(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _changes() -> str:
    from tui.tapes.changes import KINESIS_ONLY, Changes

    return _table(
        ("change", "what it does"),
        [
            (name, text + (" (kinesis view)" if name in KINESIS_ONLY else ""))
            for name, _, text in _fields(Changes)
        ],
    )


def _troubles() -> str:
    from tui.tapes.troubles import troubles

    return _table(("name", "what happens"), troubles().items())


def _head() -> str:
    from tui.tapes.tape import Head

    rows = [(name, default if default != "{}" else "", t) for name, default, t in _fields(Head)]
    return _table(("field", "default", "what it is"), rows)


def _lab() -> str:
    from streaming.lab.settings import LabSettings
    from tui.tapes.tape import ELSEWHERE

    return _table(("setting", "default", "what it is"), _fields(LabSettings, ELSEWHERE))


def _record() -> str:
    from tui.tapes.tape import Record

    return _table(("field", "default", "what it is"), _fields(Record))


def _metrics(scope: str) -> str:
    rows = [
        (row.name, _KINDS[row.kind], row.unit, row.text)
        for row in metric_rows()
        if row.scope == scope
    ]
    return _table(("metric", "kind", "unit", "what it is"), rows)


def _shipped() -> str:
    from tui.tapes.library import load, shipped_names

    tapes = (load(name) for name in shipped_names())
    return _table(("name", "title", "story"), [(t.name, t.title, t.story) for t in tapes])


if __name__ == "__main__":
    sys.stdout.write(page())
