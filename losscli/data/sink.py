"""Where results go: files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.data.place import Parts
from losscli.domain import Array
from losscli.errors import OutputError, UsageError

# Of a name as long as names may be, a longer one cannot be made.
_NAMED = 40


@contextmanager
def whole_file(path: str) -> Iterator[Path]:
    """A temporary path whose content is under ``path`` when the block ends without an error.

    A file appears whole or not at all, under the name that a link leads to. A device or a pipe,
    such as ``/dev/stdout`` and ``>(COMMAND)``, stays what it is and is appended to at the end.

    Raises:
        OutputError: the folder does not exist or cannot be written to, or the disk is full.
    """
    try:
        stream = _stream_of(path)
        target = Path(path) if stream is not None else Path(os.path.realpath(path))
        beside = target.parent if stream is None else None
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:_NAMED]}.", dir=beside)
        os.close(handle)
    except (OSError, ValueError) as error:
        raise _not_written(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        if stream is not None:
            _append(temporary, stream)
        else:
            # mkstemp makes files private; a result is as readable as any new file.
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
            temporary.replace(target)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _stream_of(path: str) -> str | int | None:
    """What to append to where there is no file to replace: a device, or where stdout goes."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    for descriptor in (1, 2):
        with suppress(OSError):
            if os.path.samestat(found, os.fstat(descriptor)):
                return os.dup(descriptor)
    is_file = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return None if is_file else path


def _append(source: Path, stream: str | int) -> None:
    # A reader that had enough is no error.
    with source.open("rb") as read, suppress(BrokenPipeError), open(stream, "ab", 0) as written:
        shutil.copyfileobj(read, written)


def _not_written(path: str, error: OSError | ValueError) -> OutputError:
    hint = "make the folder first" if isinstance(error, FileNotFoundError) else None
    said = error.strerror if isinstance(error, OSError) else None
    return OutputError(f"cannot write {path}: {said or error}", hint=hint)


# The column of keys.
KEY = "key"
# What sample ``i``, from 0, is called.
KeyOf: TypeAlias = Callable[[int], str]


class _Writer(Protocol):
    def write_table(self, table: object) -> None: ...


class RowWriter:
    """Per-sample losses into a CSV or Parquet file: ``row`` from 1, what names it, ``loss``.

    A name is a ``key``, or ``file`` and ``file_row``, from 1. Of several losses each has a column.
    """

    def __init__(self, writer: _Writer, head: _Head) -> None:
        self._writer = writer
        self._head = head
        self._rows = 0
        self._held: list[tuple[Array, ...]] = []

    def write(self, *per_sample: Array) -> None:
        """Append the losses of the next rows, (n,) for each column."""
        self._held.append(per_sample)
        if sum(len(first) for first, *_ in self._held) >= _GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held: many blocks together, since a row group of one is small."""
        import pyarrow as pa

        if not self._held:
            return
        losses = [np.concatenate(parts) for parts in zip(*self._held, strict=True)]
        self._held = []
        rows = np.arange(self._rows + 1, self._rows + len(losses[0]) + 1)
        self._rows += len(rows)
        columns = [_numbers(rows), *self._head.names(rows - 1), *map(_numbers, losses)]
        self._writer.write_table(pa.table(columns, schema=self._head.schema()))


@dataclass(frozen=True, slots=True)
class _Head:
    """The columns: what names a row, and what the losses are called."""

    key_of: KeyOf | None
    parts: Parts | None
    losses: tuple[str, ...]

    def schema(self) -> Any:
        import pyarrow as pa

        names = [(KEY, pa.string())] if self.key_of is not None else []
        names += [("file", pa.string()), ("file_row", pa.int64())] if self.parts is not None else []
        losses = [(name, pa.float64()) for name in self.losses]
        return pa.schema([("row", pa.int64()), *names, *losses])

    def names(self, rows: NDArray[np.int64]) -> list[Any]:
        """What names these rows, which count from 0, a column each."""
        import pyarrow as pa

        columns = []
        if self.key_of is not None:
            columns.append(pa.array([self.key_of(row) for row in rows.tolist()], pa.string()))
        if self.parts is not None:
            files, there = self.parts.locate_all(rows)
            columns += [pa.array(self.parts.names).take(_numbers(files)), _numbers(there + 1)]
        return columns


def _numbers(values: NDArray[Any]) -> Any:
    """An Arrow array of these; ``pa.array`` would load pandas."""
    import pyarrow as pa

    kind = pa.int64() if values.dtype.kind == "i" else pa.float64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


@contextmanager
def open_rows(
    path: str,
    losses: Sequence[str] = ("loss",),
    key_of: KeyOf | None = None,
    parts: Parts | None = None,
) -> Iterator[RowWriter]:
    """A writer for per-sample losses; the file is there only when all rows are.

    Args:
        path: where to.
        losses: the columns of losses.
        key_of: what sample ``i`` is called, if it is a group or rows have keys.
        parts: which file has which rows, where several are one table and rows have no keys.

    Raises:
        UsageError: the name ends in neither .csv nor .parquet.
        OutputError: as :func:`whole_file`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        hint = "end the name in .csv or .parquet"
        raise UsageError(f"cannot tell the format of {path!r}", hint=hint)
    head = _Head(key_of, parts if key_of is None else None, tuple(losses))
    with whole_file(path) as temporary, _WRITERS[suffix](temporary, head) as file:
        writer = RowWriter(file, head)
        yield writer
        writer.flush()


def _open_parquet(path: Path, head: _Head) -> Any:
    import pyarrow.parquet as pq

    # Losses hardly repeat, so a dictionary would be built in vain; row numbers are all differences.
    return pq.ParquetWriter(
        path, head.schema(), use_dictionary=False, column_encoding={"row": "DELTA_BINARY_PACKED"}
    )


def _open_csv(path: Path, head: _Head) -> Any:
    import pyarrow.csv as pa_csv

    names = (*head.losses, *(() if head.parts is None else head.parts.names))
    plain = head.key_of is None and not any(set(name) & set(',"\r\n') for name in names)
    options = pa_csv.WriteOptions(quoting_style="none" if plain else "needed")
    return pa_csv.CSVWriter(path, head.schema(), write_options=options)


_GROUP_ROWS = 2**20
_WRITERS: Mapping[str, Callable[[Path, _Head], Any]] = {
    ".parquet": _open_parquet,
    ".csv": _open_csv,
}


@contextmanager
def spool() -> Iterator[RowSpool]:
    """Per-sample losses on their way to stdout, on disk so that memory stays flat."""
    with tempfile.TemporaryFile(prefix="losscli-") as file:
        yield RowSpool(file.fileno())


class RowSpool:
    """Losses appended to a nameless file and read back as one array."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rows = 0

    def write(self, per_sample: Array) -> None:
        """Append the losses of the next rows.

        Raises:
            OutputError: there is no room for them.
        """
        data = memoryview(np.ascontiguousarray(per_sample).data).cast("B")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise OutputError(
                f"cannot set losses aside in {tempfile.gettempdir()}: {error.strerror or error}",
                hint="set TMPDIR to a folder with more room, or write them with --per-sample",
            ) from error
        self._rows += len(per_sample)

    def rows(self) -> Array:
        """All losses so far, mapped and not loaded; shape (N,)."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            return np.memmap(file, np.float64, "r", shape=(self._rows,))
