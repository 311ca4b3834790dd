"""Keeps few of many: whoever was not used for longest gives up what it holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class RecentlyUsed(Generic[T]):
    """At most `limit` holders of something; `drop` makes the one too many give it up."""

    def __init__(self, limit: int, drop: Callable[[T], None]) -> None:
        self._limit = limit
        self._drop = drop
        self._holders: OrderedDict[T, None] = OrderedDict()

    def use(self, holder: T) -> None:
        """Note a use; this may make another one give up what it holds."""
        self._holders[holder] = None
        self._holders.move_to_end(holder)
        if len(self._holders) > self._limit:
            oldest, _ = self._holders.popitem(last=False)
            self._drop(oldest)

    def forget(self, holder: T) -> None:
        """It holds nothing any more."""
        self._holders.pop(holder, None)

    def __len__(self) -> int:
        return len(self._holders)
