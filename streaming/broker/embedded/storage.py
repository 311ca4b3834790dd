"""The data folder: small files replaced in one step, names of folders, the server's identity."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final, TypeVar

import msgspec

IDENTITY_FILE: Final = "broker.json"
TOPICS_FILE: Final = "topics.json"
OFFSETS_FILE: Final = "offsets.log"
LOCK_FILE: Final = ".lock"
TOPICS_FOLDER: Final = "topics"
DELETED_SUFFIX: Final = ".deleted"
FORMAT: Final = 1
_PRODUCER_ID_BLOCK: Final = 1000
_LONGEST_FOLDER: Final = 230

T = TypeVar("T")


class Identity(msgspec.Struct, kw_only=True):
    """Who this server is. Producer ids below `next_producer_id` may have been given out."""

    format: int = FORMAT
    cluster_id: str
    next_producer_id: int = 0


class StoredTopic(msgspec.Struct, kw_only=True):
    """A topic as the registry file keeps it."""

    partitions: int
    settings: dict[str, str] = {}


def replace_file(path: Path, value: object) -> None:
    """Write `value` as JSON so that after any crash the old or the new file is whole."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(value), indent=1))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_file(path: Path, kind: type[T]) -> T | None:
    """The value `replace_file` wrote, or None without a file. Raises ValueError when damaged."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def folder_name(topic: str, partition: int) -> str:
    """A partition's folder. Capitals get a mark: some file systems do not tell A from a.

    Most file systems allow 255 bytes for a name, and suffixes need some: of a longer name the
    beginning and a digest are left.
    """
    marked = "".join(f"!{letter.lower()}" if letter.isupper() else letter for letter in topic)
    if len(marked) > _LONGEST_FOLDER:
        digest = hashlib.sha256(topic.encode()).hexdigest()[:32]
        marked = f"{marked[: _LONGEST_FOLDER - len(digest) - 1]}~{digest}"
    return f"{marked}-{partition}"


def discard(folder: Path) -> None:
    """Take a partition's folder out of the way at once, then delete it as far as possible."""
    target = folder.with_name(folder.name + DELETED_SUFFIX)
    shutil.rmtree(target, ignore_errors=True)
    try:
        folder.replace(target)
    except FileNotFoundError:
        return
    shutil.rmtree(target, ignore_errors=True)


class ProducerIds:
    """Gives ids to idempotent producers, never one twice, not even after a hard end.

    Ids are reserved in blocks, so that most of them cost no write.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self._path = path
        self._identity = identity
        self._next = self._reserved = identity.next_producer_id

    def take(self) -> int:
        """A new id. Raises OSError when the next block cannot be reserved."""
        if self._next == self._reserved:
            reserved = self._reserved + _PRODUCER_ID_BLOCK
            replace_file(
                self._path, msgspec.structs.replace(self._identity, next_producer_id=reserved)
            )
            self._reserved = reserved
        self._next += 1
        return self._next - 1
