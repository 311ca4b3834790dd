"""The lab's declared windows: which there are, and other ones while it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydantic import ValidationError

from streaming.declarations.specification import Declarations
from streaming.lab.commands import Reply
from streaming.lab.messages import Follow
from streaming.windows.plan import WindowPlan
from streaming.windows.planning import make_plan

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.store.store import Store


class Declaring:
    """Knows the windows that were asked for and brings them to the store and the consumers."""

    def __init__(self, engine: Engine, asked: Declarations) -> None:
        self._engine = engine
        self._asked = asked

    def begin(self, store: Store, *, resume: bool) -> None:
        """Go on with the windows of the last start, or begin with these where they differ.

        `resume`: an engine before this one was killed; the windows it had go on.
        """
        if resume and store.declared.plan.number:
            return
        if self._declare(store, self._asked):
            self._engine.journal.add("info", "windows", _told(store.declared.plan))

    async def change(self, text: str) -> Reply:
        """Other windows from now on, as JSON. Consumers follow within moments."""
        engine = self._engine
        if engine.store is None or engine.merger is None:
            return Reply(False, "the lab has no store yet")
        try:
            asked = Declarations.model_validate_json(text)
        except ValidationError as error:
            return Reply(False, f"these windows cannot be: {error.errors()[0]['msg']}")
        if not await engine.merger.call(self._declare, engine.store, asked):
            return Reply(True, "these are the windows that the lab has")
        await engine.server.tell_consumers(Follow(engine.store.declared.plan))
        return Reply(True, _told(engine.store.declared.plan))

    def _declare(self, store: Store, asked: Declarations) -> bool:
        settings = self._engine.settings

        def make(number: int, before: WindowPlan) -> WindowPlan:
            return make_plan(
                number, asked, settings.streams, store.lateness_ms, settings.seed, before
            )

        return store.declare(make, asked, int(time.time() * 1000))


def _told(plan: WindowPlan) -> str:
    names = ", ".join(window.name for window in plan.windows) or "none"
    new = ", ".join(w.name for w in plan.windows if w.generation == plan.number) or "none"
    return f"windows, set {plan.number}: {names}; new or changed: {new}"
