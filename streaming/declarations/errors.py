"""What can be wrong with declarations, apart from what reads them."""

from __future__ import annotations


class DeclarationsError(Exception):
    """What is declared cannot be; the text says where, what and why."""
