"""The lab's declared windows: which there are, and other ones while it runs."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from streaming.lab.messages import Follow
from streaming.windows.planning import make_plan
from streaming.windows.specification import Checked

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.store.store import Store


class Declaring:
    """Knows the windows that were asked for and brings them to the store and the consumers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked = Checked()

    def begin(self, store: Store) -> None:
        """Go on with the windows of the last start, or begin with these where they differ."""
        if self._declare(store, self.asked):
            self._say(store)

    async def change(self, asked: Checked) -> str:
        """Other windows from now on; returns what was done. Consumers follow within moments."""
        engine = self._engine
        assert engine.store is not None and engine.merger is not None  # noqa: S101
        if not await engine.merger.call(self._declare, engine.store, asked):
            return "these are the windows that the lab has"
        self.asked = asked
        await engine.server.tell_consumers(Follow(engine.store.declared.plan))
        engine.meter.mark(f"windows {engine.store.declared.plan.number}")
        return self._say(engine.store)

    def _declare(self, store: Store, asked: Checked) -> bool:
        make = partial(
            make_plan,
            checked=asked,
            streams=self._engine.settings.streams,
            lateness_ms=store.lateness_ms,
        )
        return store.declare(lambda number, before: make(number, before=before), _now_ms())

    def _say(self, store: Store) -> str:
        plan = store.declared.plan
        names = ", ".join(window.name for window in plan.windows) or "none"
        new = [w.name for w in plan.windows if w.generation == plan.number]
        text = f"windows, set {plan.number}: {names}; new or changed: {', '.join(new) or 'none'}"
        self._engine.journal.add("info", "windows", text)
        return text


def _now_ms() -> int:
    return int(time.time() * 1000)
