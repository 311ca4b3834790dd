"""The whole result of a query in a file: CSV or Parquet, written as it is read.

The query runs in the jail; only this side writes, and only the one file.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from streaming.store.exported import Exported, ExportError
from streaming.store.jail import Leash, SqlFailed, stream_sql
from streaming.store.results import NUMERIC, no_formula

EXPORT_TIMEOUT_S: Final = 120.0


def export(
    db_path: Path,
    sql: str,
    target: Path,
    *,
    kind: str,
    replace: bool = False,
    timeout_s: float = EXPORT_TIMEOUT_S,
    leash: Leash | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Exported:
    """Write all rows of a query to `target`; another file there is kept unless `replace` says so.

    `progress` is told the number of rows so far, in this thread. Raises ExportError; then there is
    no new file, and an older one is as it was. A killed process may leave one ending in .part.
    """
    _check(target, replace)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    frames = stream_sql(db_path, sql, as_text=kind == "csv", timeout_s=timeout_s, leash=leash)
    write = _write_csv if kind == "csv" else _write_parquet
    try:
        with contextlib.closing(frames), draft.open("xb") as out:
            rows = write(out, _batches(frames), progress)
        size = draft.stat().st_size
        _put(draft, target, replace)
    except (SqlFailed, pa.ArrowException) as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return Exported(target, rows, size)


def _check(target: Path, replace: bool) -> None:
    """Look before the query is run."""
    if target.is_dir():
        raise ExportError(f"{target} is a folder.")
    if not target.parent.is_dir():
        raise ExportError(f"There is no folder {target.parent}.")
    if not replace and os.path.lexists(target):
        raise ExportError(f"{target} exists already.")


def _put(draft: Path, target: Path, replace: bool) -> None:
    """Give the finished file its name, which nobody may have taken meanwhile."""
    if replace:
        draft.replace(target)
        return
    try:
        target.hardlink_to(draft)
    except FileExistsError as error:
        raise ExportError(f"{target} exists already.") from error
    except OSError:  # a file system without links
        with target.open("xb"):
            pass
        draft.replace(target)


def _batches(frames: Iterable[bytes]) -> Iterator[Any]:
    """The schema, then the record batches, each checked: they come from another process."""
    schema: Any = None
    for frame in frames:
        if schema is None:
            schema = pa.ipc.read_schema(pa.py_buffer(frame))
            yield schema
            continue
        batch = pa.ipc.read_record_batch(pa.py_buffer(frame), schema)
        batch.validate(full=True)
        yield batch


def _write_csv(out: IO[bytes], batches: Iterator[Any], progress: Callable[[int], None]) -> int:
    """Like `results.format_csv`: NULL is empty, and no text is a formula for a spreadsheet."""
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    rows = 0
    numeric: list[bool] = []
    for batch in batches:
        if isinstance(batch, pa.Schema):
            numeric = [_is_number(field) for field in batch]
            writer.writerow([no_formula(name) for name in batch.names])
            continue
        columns = [_cells(column, plain) for column, plain in zip(batch, numeric, strict=True)]
        writer.writerows(zip(*columns, strict=True))
        rows += batch.num_rows
        progress(rows)
    text.flush()
    text.detach()
    return rows


def _is_number(field: Any) -> bool:
    kind = (field.metadata or {}).get(b"type", b"").decode(errors="replace")
    return kind.partition("(")[0] in NUMERIC


def _cells(column: Any, plain: bool) -> list[str]:
    if plain:
        return [cell or "" for cell in column.to_pylist()]
    return ["" if cell is None else no_formula(cell) for cell in column.to_pylist()]


def _write_parquet(out: IO[bytes], batches: Iterator[Any], progress: Callable[[int], None]) -> int:
    schema = next(batches).remove_metadata()
    if len(set(schema.names)) < len(schema.names):
        raise SqlFailed("Two columns have the same name; Parquet needs one each (… AS other_name).")
    rows = 0
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
            progress(rows)
    return rows
