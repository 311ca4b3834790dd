"""Everything that a lab declares: windows, reference tables, detectors and alarms, as they fit."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from streaming.alarms.specification import AlarmSpec, check_alarms
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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        functions = self.functions()
        names = [spec.name for spec in self.detectors]
        for i, spec in enumerate(self.detectors):
            if spec.name in names[:i]:
                raise ValueError(f"detectors.{i}.name: two detectors are called {spec.name!r}")
            try:
                check_window(spec, functions)
            except ValueError as error:
                raise ValueError(f"detectors.{i}.{error}") from None
        check_alarms(self.alarms, functions, names)
        return self


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
