"""Everything that a lab declares: windows, reference tables, detectors and alarms, as they fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from streaming.alarms.specification import AlarmSpec, check_alarms
from streaming.anomaly.functions import ScoreColumn, ScoreSpec
from streaming.anomaly.specification import DetectorSpec, check_window
from streaming.windows.specification import Checked


class Declarations(Checked):
    """Windows with the detectors and alarms that look at them.

    Errors of single entries begin with their place: "alarms.3.metric: ...".
    """

    detectors: tuple[DetectorSpec, ...] = ()
    alarms: tuple[AlarmSpec, ...] = ()

    def functions(self) -> dict[str, dict[str, str]]:
        """The functions of each window's values, by window and value."""
        return {
            spec.name: {value.name: value.function for value in self.values(spec)}
            for spec in self.windows
        }

    def every_detector(self) -> tuple[DetectorSpec, ...]:
        """Those of `[[detectors]]`, and the scores of windows, which are detectors of one."""
        return (*self.detectors, *(spec for _, _, spec in self._scoring()))

    def score_columns(self) -> dict[str, tuple[ScoreColumn, ...]]:
        """What the scores of windows add to the results, by the names of their detectors."""
        return {
            scoring(window.name, name): score.columns
            for window in self.windows
            for name, score in window.scores.items()
        }

    def score_lines(self) -> dict[str, tuple[str, ...]]:
        """By window, each of its scores: "unlike: RANDOM_CUT_FOREST of n, to ANOMALY_SCORE"."""
        return {
            window.name: tuple(
                f"{name}: {score.function} of {', '.join(score.values)}, to "
                f"{', '.join(column.name for column in score.columns)}"
                for name, score in window.scores.items()
            )
            for window in self.windows
            if window.scores
        }

    def _scoring(self) -> Iterator[tuple[int, str, DetectorSpec]]:
        """The number of the window, the score's name, and its detector."""
        for i, window in enumerate(self.windows):
            for name, score in window.scores.items():
                yield i, name, _detector(window.name, name, score)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        functions = self.functions()
        names = [spec.name for spec in self.detectors]
        for i, spec in enumerate(self.detectors):
            if spec.name in names[:i]:
                raise ValueError(f"detectors.{i}.name: two detectors are called {spec.name!r}")
            if "." in spec.name:
                raise ValueError(
                    f"detectors.{i}.name: a name with a dot is that of a window's scores; "
                    "write it without"
                )
            try:
                check_window(spec, functions)
            except ValueError as error:
                raise ValueError(f"detectors.{i}.{error}") from None
        for i, name, spec in self._scoring():
            try:
                check_window(spec, functions)
            except ValueError as error:
                raise ValueError(f"windows.{i}.scores.{name}.{error}") from None
        check_alarms(self.alarms, functions, [spec.name for spec in self.every_detector()])
        return self


def scoring(window: str, score: str) -> str:
    """The name of the detector that a window's scores come from."""
    return f"{window}.{score}"


def _detector(window: str, name: str, score: ScoreSpec) -> DetectorSpec:
    written = score.model_dump(exclude={"prefix"})
    return DetectorSpec.model_validate({**written, "name": scoring(window, name), "window": window})


def fitting(declared: Declarations, shipped: Declarations, *, alarms_too: bool) -> Declarations:
    """What ships of detectors (and of alarms), as far as these windows have what they look at."""
    functions = declared.functions()

    def fits(spec: DetectorSpec) -> bool:
        try:
            check_window(spec, functions)
        except ValueError:
            return False
        return True

    detectors = declared.detectors or tuple(s for s in shipped.detectors if fits(s))
    alarms = declared.alarms
    if alarms_too:
        alarms = tuple(
            spec
            for spec in shipped.alarms
            if all(functions.get(w, {}).get(v) for w, v in spec.sources)
            and (spec.detector in ("", "*") or spec.detector in [d.name for d in detectors])
        )
        names = {spec.name for spec in alarms}
        alarms = tuple(spec for spec in alarms if spec.alarms <= names)
    return Declarations(
        windows=declared.windows,
        references=declared.references,
        detectors=detectors,
        alarms=alarms,
    )
