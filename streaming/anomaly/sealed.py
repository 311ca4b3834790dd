"""Bytes with a checksum and the name of what wrote them: damaged or foreign ones are refused.

The engine loads most damaged snapshots without complaint and fails later; so nothing is loaded
whose checksum or version differs.
"""

from __future__ import annotations

import zlib
from typing import Final

_MAGIC: Final = b"DPSN"
_LEVEL: Final = 1
"""Fast: the trees of a forest hardly become smaller with more effort."""


class SnapshotDamaged(Exception):
    """These bytes are no snapshot of this version; the text says why."""


def seal(writer: str, content: bytes) -> bytes:
    """`content`, compressed, with its checksum and its writer (a name with a version)."""
    name = writer.encode()
    body = bytes((len(name),)) + name + zlib.compress(content, _LEVEL)
    return _MAGIC + zlib.crc32(body).to_bytes(4, "big") + body


def unseal(writer: str, sealed: bytes) -> bytes:
    """What `seal` was given. Raises SnapshotDamaged."""
    body = sealed[8:]
    if len(body) < 2 or sealed[:4] != _MAGIC:
        raise SnapshotDamaged("it does not begin as a snapshot does")
    if int.from_bytes(sealed[4:8], "big") != zlib.crc32(body):
        raise SnapshotDamaged("its checksum differs: the bytes were damaged")
    length = body[0]
    name = body[1 : 1 + length].decode(errors="replace")
    if name != writer:
        raise SnapshotDamaged(f"it was written by {name}, and this is {writer}")
    return zlib.decompress(body[1 + length :])
