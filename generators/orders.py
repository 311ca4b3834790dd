"""Orders: what a checkout becomes once the payment has answered."""

from __future__ import annotations

from typing import Final

import numpy as np

from generators.catalog import Product
from generators.clickstream import Session
from generators.draws import shares
from generators.wire import SCHEMA_VERSION, Order, OrderLine

DECLINED: Final = 0.03
"""Share of payments declined on an ordinary day."""


class OrderDesk:
    """Turns sessions at the till into orders; an incident may bend payments and prices."""

    def __init__(
        self, customers: int, rng: np.random.Generator, seed: int, incarnation: int
    ) -> None:
        self._prefix = f"o{seed:x}-{incarnation}-"
        self._order_prefix = f"order-{seed:x}-{incarnation}-"
        self._orders = 0
        self._seq = [incarnation << 32] * customers
        self._share = shares(rng)

    def order(
        self,
        session: Session,
        ts: int,
        *,
        outage: float = 0.0,
        glitch: tuple[str, float] | None = None,
    ) -> tuple[Order, bool, bool]:
        """The order of the session's cart at event time `ts` (ms), which empties the cart.

        `outage` is the share of payments that fail; `glitch` a category and the factor on its
        prices. The flags say whether the outage declined it and whether a price is glitched.
        """
        customer = session.customer
        lines = tuple(
            OrderLine(product.id, product.category, quantity, _price(product, glitch))
            for product, quantity in session.cart
        )
        session.cart = []
        dearest = max(lines, key=_value)
        draw = self._share()
        declined = draw < DECLINED or draw < outage
        number = self._orders
        self._orders = number + 1
        seq = self._seq[customer.number]
        self._seq[customer.number] = seq + 1
        order = Order(
            SCHEMA_VERSION,
            f"{self._prefix}{number}",
            ts,
            seq,
            "declined" if declined else "paid",
            customer.id,
            session.id,
            dearest.product_id,
            dearest.category,
            customer.country,
            session.device,
            session.campaign,
            f"{self._order_prefix}{number}",
            session.checkout_id,
            customer.payment,
            customer.city,
            lines,
            sum(map(_value, lines)),
        )
        glitched = glitch is not None and any(line.category == glitch[0] for line in lines)
        return order, declined and draw >= DECLINED, glitched


def _price(product: Product, glitch: tuple[str, float] | None) -> int:
    if glitch is None or product.category != glitch[0]:
        return product.price_cents
    return max(1, round(product.price_cents * glitch[1]))


def _value(line: OrderLine) -> int:
    return line.quantity * line.price_cents
