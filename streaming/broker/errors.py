"""What goes wrong between the lab and a broker."""

from __future__ import annotations


class BrokerError(Exception):
    """There is no usable broker; the text says what, why and what to do."""
