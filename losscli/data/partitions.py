"""Keys of whole tables, in memory or in parts on disk: each part has all rows of its keys."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.data.arrow import from_integers
from losscli.data.buckets import Buckets

# What Arrow's hash table needs for a key, besides its text.
_BYTES_A_KEY = 64
_PARTS = 64
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Part:
    """Some keys of a table and their rows, ascending; ``rows`` None if these are all."""

    keys: pa.ChunkedArray
    rows: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.keys)

    def rows_at(self, places: NDArray[Any]) -> NDArray[Any]:
        """The rows of the table that stand at these places of the part."""
        return places if self.rows is None else self.rows[places]

    def row(self, place: int) -> int:
        """The row of the table, from 0, at a place of the part."""
        return place if self.rows is None else int(self.rows[place])

    def key(self, place: int) -> Any:
        """The key at a place of the part."""
        return self.keys[place].as_py()

    def take(self, places: NDArray[np.intp]) -> pa.ChunkedArray:
        """The keys at these places."""
        return self.keys.take(from_integers(places))


def collect(
    streams: Sequence[Generator[pa.Array, None, None]], memory: int
) -> tuple[list[int], Iterator[tuple[Part, ...]]]:
    """Read the keys of several tables; equal keys come in the same part.

    Args:
        streams: the keys of each table, in order.
        memory: bytes that may be used. Keys that need more go to disk, in as many parts as it
            takes (up to 64), and memory holds one part at a time.

    Returns:
        The number of rows of each table, and the parts: one, if the keys fit.

    Raises:
        OutputError: there is no room for temporary files.
    """
    held: list[list[pa.Array]] = [[] for _ in streams]
    counts = [0] * len(streams)
    used, disk = 0, None
    for i, stream in enumerate(streams):
        with closing(stream):
            for chunk in stream:
                if disk is None:
                    held[i].append(chunk)
                    used += chunk.nbytes + _BYTES_A_KEY * len(chunk)
                    if used > memory:
                        disk = _Disk(len(streams))
                        disk.take_over(held)
                else:
                    disk.add(i, chunk, counts[i])
                counts[i] += len(chunk)
    if disk is not None:
        return counts, disk.parts()
    return counts, iter(
        [tuple(Part(pa.chunked_array(h, None if h else pa.string()), None) for h in held)]
    )


class _Disk:
    """Parts on disk, by a hash of the key."""

    def __init__(self, tables: int) -> None:
        self._buckets = [Buckets() for _ in range(tables)]
        self._schema: pa.Schema | None = None

    def take_over(self, held: list[list[pa.Array]]) -> None:
        """Move what was in memory."""
        for i, chunks in enumerate(held):
            row = 0
            for chunk in chunks:
                self.add(i, chunk, row)
                row += len(chunk)
            chunks.clear()

    def add(self, table: int, keys: pa.Array, row: int) -> None:
        """Put the keys of the rows from ``row`` on where they belong."""
        part = fingerprints(keys) % np.uint64(_PARTS)
        order = np.argsort(part, kind="stable")
        bounds = np.searchsorted(part[order], np.arange(_PARTS + 1, dtype=np.uint64))
        rows = np.arange(row, row + len(keys), dtype=np.int64)[order]
        sorted_keys = keys.take(from_integers(order))
        batch = pa.record_batch([sorted_keys, from_integers(rows)], names=["key", "row"])
        self._schema = batch.schema
        for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
            if stop > start:
                self._buckets[table].put(number, batch.slice(start, stop - start).serialize())

    def parts(self) -> Iterator[tuple[Part, ...]]:
        """The parts of all tables, one number after the other."""
        for number in range(_PARTS):
            yield tuple(self._part(buckets, number) for buckets in self._buckets)

    def _part(self, buckets: Buckets, number: int) -> Part:
        schema = self._schema or pa.schema([("key", pa.string()), ("row", pa.int64())])
        batches = [pa.ipc.read_record_batch(data, schema) for data in buckets.take(number)]
        table = pa.Table.from_batches(batches, schema)
        rows = [np.from_dlpack(chunk) for chunk in table.column("row").chunks]
        return Part(table.column("key"), np.concatenate([np.empty(0, np.int64), *rows]))


def fingerprints(keys: pa.Array) -> NDArray[np.uint64]:
    """A number for each of some integers or texts, the same for equal ones; 0 for no text."""
    if pa.types.is_integer(keys.type):
        return _mixed(np.from_dlpack(keys).view(np.uint64))
    _, offsets, data = keys.buffers()
    bounds = np.frombuffer(offsets, np.int32)[keys.offset : keys.offset + len(keys) + 1]
    start, stop = int(bounds[0]), int(bounds[-1])
    # Eight bytes at a time, also of the last key.
    padded = np.zeros(stop - start + 8, np.uint8)
    if stop > start:
        padded[: stop - start] = np.frombuffer(data, np.uint8, stop - start, start)
    words: NDArray[np.uint64] = np.ndarray(
        (stop - start + 1,), np.dtype("<u8"), padded.data, strides=(1,)
    )
    first, lengths = bounds[:-1] - start, np.diff(bounds)
    hashed = _mixed(lengths.astype(np.uint64))
    for at in range(0, int(lengths.max(initial=0)), 8):
        some = np.flatnonzero(lengths > at)
        left = np.minimum(lengths[some] - at, 8).astype(np.uint64)
        mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(64) - left * np.uint64(8))
        hashed[some] = _mixed(hashed[some] ^ (words[first[some] + at] & mask))
    return hashed


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = values * _MIX
    return mixed ^ (mixed >> np.uint64(29))
