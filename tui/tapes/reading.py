"""From a file to a checked tape: all that is wrong with it is told at once, with its lines."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from streaming.lab.settings import LabSettings
from tui.tapes.problems import Place, Problem, TapeError, near
from tui.tapes.steps import VERBS, Include, Step
from tui.tapes.tape import ELSEWHERE, Head, Placed, Record, Tape, doubts, named_twice
from tui.tapes.yamltext import Node, parse, read_text

MOST_STEPS: Final = 1_000
DEEPEST: Final = 8
"""Tapes that include one another."""


def read_tape(path: Path, name: str = "") -> Tape:
    """Read and check a tape; errors name it as `path` is written. Raises TapeError."""
    shown = str(path)
    return checked(read_text(path, shown), shown, path, name or path.stem)


def checked(text: str, shown: str, path: Path, name: str) -> Tape:
    """Check a tape's text; included files are looked for beside `path`. Raises TapeError."""
    root = parse(text, shown)
    reader = _Reader()
    tape = reader.tape(root, shown, path, name)
    if reader.problems or tape is None:
        raise TapeError(reader.problems)
    return tape


class _Reader:
    """Collects steps and problems over a file and those it includes."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._steps: list[Placed] = []

    def tape(self, root: Node, shown: str, path: Path, name: str) -> Tape | None:
        if not isinstance(root.value, dict):
            self._wrong(shown, 1, "a tape begins with title: and has steps:")
            return None
        record = self._record(root, shown)
        settings = self._settings(root, shown)
        # Lab and recording were looked at for themselves: their problems are told once.
        plain = {k: v for k, v in root.plain.items() if k not in ("record", "lab")}
        head = self._model(Head, plain, root, shown, 0)
        self._collect(root, shown, path.parent, (_real(path),))
        steps = tuple(self._steps)
        if settings is not None and isinstance(head, Head):
            if head.stream not in settings.streams:
                known = ", ".join(settings.streams)
                self._wrong(
                    shown, root.line_of(("stream",)),
                    f"the lab has no stream {head.stream!r}; its streams are {known}",
                )  # fmt: skip
            for placed in steps:
                for text in doubts(placed.step, head.stream, settings):
                    self.problems.append(Problem(placed.place, text, placed.number))
        for placed, text in named_twice(steps):
            self.problems.append(Problem(placed.place, text, placed.number))
        if self.problems or head is None or settings is None or record is None:
            return None
        assert isinstance(head, Head) and isinstance(record, Record)  # noqa: S101 - asked for so
        return Tape(name, head.title, head.story, head.stream, settings, record, steps)

    def _wrong(self, shown: str, line: int, text: str, step: int = 0) -> None:
        self.problems.append(Problem(Place(shown, line), text, step))

    def _record(self, root: Node, shown: str) -> BaseModel | None:
        node = _child(root, "record")
        return self._model(Record, {} if node is None else node.plain, node or root, shown, 0)

    def _settings(self, root: Node, shown: str) -> LabSettings | None:
        node = _child(root, "lab")
        plain = {} if node is None or node.value is None else node.plain
        node = node or root
        if not isinstance(plain, dict):
            self._wrong(shown, node.line, "lab: has settings below it, such as shards: 6")
            return None
        for name in ELSEWHERE.keys() & plain.keys():
            line = node.line_of((name,))
            self._wrong(shown, line, f"{name} is no part of a story; give {ELSEWHERE[name]}")
            plain.pop(name)
        made = self._model(LabSettings, _switched(plain), node, shown, 0)
        return made if isinstance(made, LabSettings) else None

    def _model(
        self, model: type[BaseModel], plain: Any, node: Node, shown: str, step: int
    ) -> BaseModel | None:
        """An instance of the model; None and problems with their lines where it cannot be."""
        try:
            return model.model_validate(plain)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                # The last part of what is too much is the writer's own, whatever it looks like.
                kept = len(problem["loc"]) - (problem["type"] == "extra_forbidden")
                loc = [
                    part
                    for place, part in enumerate(problem["loc"])
                    if place >= kept or not _of_a_union(part)
                ]
                text = _words(model, problem["type"], str(problem["msg"]), loc)
                self._wrong(shown, node.line_of(loc), text, step)
            return None

    # --- steps ------------------------------------------------------------------------------

    def _collect(self, root: Node, shown: str, folder: Path, inside: tuple[Path, ...]) -> None:
        """Take the steps of a file, in order, those of included files where they stand."""
        node = _child(root, "steps") if isinstance(root.value, dict) else None
        if node is None or not isinstance(node.value, list):
            if node is not None or len(inside) > 1:
                self._wrong(shown, root.line, "there must be a list of steps below steps:")
            return
        for number, item in enumerate(node.value, 1):
            if len(self._steps) >= MOST_STEPS:
                self._wrong(shown, item.line, f"a tape has at most {MOST_STEPS} steps")
                return
            step = self._step(item, shown, number)
            if isinstance(step, Include):
                self._included(step, item, shown, number, folder, inside)
            elif step is not None:
                place = Place(shown, item.line)
                self._steps.append(Placed(len(self._steps) + 1, place, step))

    def _step(self, item: Node, shown: str, number: int) -> Step | None:
        value = item.value
        if isinstance(value, str):  # as in `- hide`
            value = {value: Node(None, item.line)}
            item = Node(value, item.line, dict.fromkeys(value, item.line))
        if not isinstance(value, dict) or not value:
            self._wrong(shown, item.line, "a step is a verb with its value: `- press: h`", number)
            return None
        verbs = [name for name in value if name in VERBS]
        if not verbs:
            self._wrong(shown, item.line, f"no verb is in this step{_nearest(value)}", number)
            return None
        model = VERBS[verbs[0]]
        if len(verbs) > 1 and verbs[1] not in _fields(model):
            text = f"{' and '.join(verbs)} are steps of their own; begin each with a dash"
            self._wrong(shown, item.line_of((verbs[1],)), text, number)
            return None
        made = self._model(model, item.plain, item, shown, number)
        return made if isinstance(made, Step) else None

    def _included(
        self, step: Include, item: Node, shown: str, number: int, folder: Path,
        inside: tuple[Path, ...],
    ) -> None:  # fmt: skip
        path = folder / step.include
        if Path(step.include).is_absolute():
            text = "a tape is included by its path from this file's folder on"
        elif _real(path) in inside:
            text = f"{step.include} includes itself, this way or round about"
        elif not path.is_file():
            text = f"there is no file {step.include} in this file's folder"
        elif len(inside) >= DEEPEST:
            text = f"more than {DEEPEST} tapes include one another"
        else:
            try:
                root = parse(read_text(path, str(path)), str(path))
            except TapeError as error:
                self.problems += error.problems
                return
            self._collect(root, str(path), path.parent, (*inside, _real(path)))
            return
        self._wrong(shown, item.line, text, number)


def _child(root: Node, name: str) -> Node | None:
    return root.value.get(name) if isinstance(root.value, dict) else None


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path


def _switched(plain: dict[str, Any]) -> dict[str, Any]:
    """Settings that are truths, written as on and off."""
    hints = typing.get_type_hints(LabSettings)
    words = {"on": True, "off": False}
    return {
        name: words.get(value, value) if hints.get(name) is bool and isinstance(value, str)
        else value for name, value in plain.items()
    }  # fmt: skip


def _of_a_union(part: object) -> bool:
    """Whether a part of a place is pydantic's name for one of several types, not a field."""
    return isinstance(part, str) and (
        part in ("int", "str", "float", "bool", "list", "dict") or "[" in part
    )


def _fields(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _nearest(names: Sequence[str] | dict[str, Node]) -> str:
    hints = (near(name, VERBS) for name in names)
    return next((hint for hint in hints if "did you mean" in hint), near("", VERBS))


def _words(model: type[BaseModel], kind: str, message: str, loc: Sequence[object]) -> str:
    """What is wrong, in words that name the field."""
    name = ".".join(str(part) for part in loc)
    message = message.removeprefix("Value error, ").rstrip(".")
    if kind == "extra_forbidden":
        known = list(_known_at(model, loc))
        return f"there is no {str(loc[-1])!r} here{near(loc[-1], known)}"
    if kind == "missing":
        return f"{name} is missing"
    message = message.replace("Input should be", "it should be")
    return f"{name}: {message}" if name else message


def _known_at(model: type[BaseModel], loc: Sequence[object]) -> Iterator[str]:
    """The fields of the model in which the last part of a place was not found."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        inner = None if field is None else _model_in(field.annotation)
        if inner is None:
            return
        model = inner
    yield from _fields(model)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType):
        found = (_model_in(part) for part in typing.get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None
