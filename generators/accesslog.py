"""The web server's access log: one line for the request behind each click."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from generators.clickstream import Session
from generators.draws import lognormal, picks
from generators.wire import SCHEMA_VERSION, Access, Click

STATUSES: Final = (200, 204, 301, 302, 304, 400, 403, 404, 429, 500, 502, 503)
STATUS_SHARES: Final = (
    *(0.885, 0.020),
    *(0.005, 0.020, 0.030),
    *(0.004, 0.003, 0.023, 0.005),
    *(0.002, 0.001, 0.002),
)
WITHOUT_BODY: Final = (204, 304)
POSTS: Final = ("add_to_cart", "checkout", "leave")

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The log's month names are English whatever the machine's locale says."""


class AccessLog:
    """Writes access-log records in the combined log format; `size` is in bytes."""

    def __init__(
        self, customers: int, rng: np.random.Generator, seed: int, incarnation: int
    ) -> None:
        self._prefix = f"a{seed:x}-{incarnation}-"
        self._records = 0
        self._seq = [incarnation << 32] * customers
        self._status = picks(rng, STATUSES, np.array(STATUS_SHARES))
        self._size = lognormal(rng, 6_000.0, 0.9, 120, 900_000)
        self._second = -1
        self._stamp = ""

    def record(self, session: Session, click: Click) -> Access:
        """The record of the request that `click` was."""
        customer = session.customer
        number = self._records
        self._records = number + 1
        seq = self._seq[customer.number]
        self._seq[customer.number] = seq + 1
        status = self._status()
        size = 0 if status in WITHOUT_BODY else self._size()
        method = "POST" if click.type in POSTS else "GET"
        second = click.ts // 1000
        if second != self._second:
            self._second, self._stamp = second, log_time(second)
        return Access(
            SCHEMA_VERSION,
            f"{self._prefix}{number}",
            click.ts,
            seq,
            f"{status // 100}xx",
            customer.id,
            session.id,
            click.product_id,
            click.category,
            customer.country,
            session.device,
            click.id,
            customer.ip,
            method,
            click.page,
            status,
            size,
            f"{customer.ip} - {customer.id} [{self._stamp}] "
            f'"{method} {click.page} HTTP/1.1" {status} {size or "-"} "-" "{session.agent}"',
        )


def log_time(second: int) -> str:
    """A Unix time in seconds as the combined log format writes it, in UTC."""
    t = time.gmtime(second)
    return (
        f"{t.tm_mday:02d}/{MONTHS[t.tm_mon - 1]}/{t.tm_year}:"
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} +0000"
    )
