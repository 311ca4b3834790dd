"""The counter: sessions step up, and the records of their steps come out, encoded and labelled."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from generators.accesslog import AccessLog
from generators.catalog import Pool
from generators.clickstream import PAY, Clickstream, Session
from generators.crowd import Costs, Crowd
from generators.draws import Purpose, stream
from generators.incidents import PAYMENT_OUTAGE, PRICE_GLITCH, Incident
from generators.orders import OrderDesk
from generators.wire import ACCESS, CLICKS, ORDERS, Emitted


class Counter:
    """Makes the records of the enabled streams; every life of a shop has its own."""

    def __init__(self, pool: Pool, streams: tuple[str, ...], seed: int, life: int) -> None:
        customers = len(pool.customers)
        self.clicks = Clickstream(pool, stream(seed, life, Purpose.CLICKS), seed, life)
        self._desk = OrderDesk(customers, stream(seed, life, Purpose.ORDERS), seed, life)
        self._log = AccessLog(customers, stream(seed, life, Purpose.ACCESS), seed, life)
        self._shows_clicks = CLICKS in streams
        self._shows_orders = ORDERS in streams
        self._shows_access = ACCESS in streams
        self._drift: Incident | None = None
        self._encode = msgspec.json.Encoder().encode

    @property
    def costs(self) -> Costs:
        """The records each step of a session emits."""
        return (self._shows_clicks + self._shows_access,) * PAY + (int(self._shows_orders),)

    def slow_down(self, drift: Incident | None, now_ms: int) -> None:
        """Let pages load as slowly as a drift has become by now; None: as always."""
        self._drift = drift
        self.clicks.slowness = 1.0
        if drift is not None:
            self.clicks.slowness += drift.intensity * drift.progress(now_ms)

    def click(self, session: Session, ts: int, crowd: Crowd, out: list[Emitted]) -> None:
        """Append the click of the session's step and its line in the access log."""
        click = self.clicks.click(session, ts)
        who, label = click.customer_id, crowd.label
        if self._drift is not None:
            self._drift.count += 1
            label = label or self._drift.kind
        if self._shows_clicks:
            crowd.count += 1
            out.append(Emitted(CLICKS, click, self._encode(click), who, label))
        if self._shows_access:
            crowd.count += 1
            access = self._log.record(session, click)
            out.append(Emitted(ACCESS, access, self._encode(access), who, label))

    def order(
        self,
        session: Session,
        ts: int,
        crowd: Crowd,
        active: Mapping[str, Incident],
        out: list[Emitted],
    ) -> None:
        """Append the order of a session that pays; trouble with it outranks its crowd's label."""
        outage, glitch = active.get(PAYMENT_OUTAGE), active.get(PRICE_GLITCH)
        order, cut_off, mispriced = self._desk.order(
            session,
            ts,
            outage=outage.intensity if outage is not None else 0.0,
            glitch=(glitch.category, glitch.intensity) if glitch is not None else None,
        )
        if not self._shows_orders:
            return
        label = crowd.label
        crowd.count += 1
        for cause, struck in ((glitch, mispriced), (outage, cut_off)):
            if cause is not None and struck:
                cause.count += 1
                label = cause.kind
        out.append(Emitted(ORDERS, order, self._encode(order), order.customer_id, label))
