"""Arrow IPC, of which Feather is another name: record batches as they lie in memory."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from losscli.data.batches import BROKEN, BatchTable, unreadable
from losscli.data.stored import Stored
from losscli.errors import DataError

FILE_MAGIC = b"ARROW1"
_END = b"\xff\xff\xff\xff\0\0\0\0"


class IpcTable(BatchTable):
    """An Arrow file, mapped into memory. A stream has no index, so it is one piece.

    A stream may end without a mark that says so; since it could be cut off as well, it must not.

    Raises:
        DataError: the file is cut off, or not Arrow after all.
    """

    def __init__(self, file: Stored, *, gaps: bool = False) -> None:
        self._stored = file
        self.name = file.name
        self._is_stream = not file.magic.startswith(FILE_MAGIC)
        with self._opened() as (reader, _):
            schema: pa.Schema = reader.schema
        super().__init__(file.name, schema, gaps=gaps)
        with self._opened([_cheapest(schema)]) as (reader, mapped):
            sizes = [batch.num_rows for batch in self._read(reader, 0)]
            if self._is_stream:
                self._check_end(mapped)
        self._bounds = [0, *accumulate([sum(sizes)] if self._is_stream else sizes)]

    @property
    def bounds(self) -> Sequence[int]:
        """The first row of each batch, and how many rows there are."""
        return self._bounds

    def batches(
        self, names: Sequence[str], piece: int, stop: int, rows: int, coded: Collection[str] = ()
    ) -> Generator[pa.RecordBatch, None, None]:
        """The batches from one on, in slices; see :class:`BatchTable`."""
        row = self._bounds[piece]
        fields = sorted(self.schema.get_field_index(name) for name in names)
        with self._opened(fields, row) as (reader, _):
            for batch in self._read(reader, piece):
                # What a file says about lengths may not be so, and Arrow takes its word for it.
                batch.validate(full=True)
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)
                row += batch.num_rows
                if row >= stop:
                    return

    @contextmanager
    def _opened(
        self, fields: Sequence[int] = (), row: int | None = None
    ) -> Iterator[tuple[Any, pa.MemoryMappedFile]]:
        """A reader of these fields, all if there are none, and the bytes that it reads."""
        try:
            with pa.memory_map(self._stored.path) as mapped:
                open_reader = ipc.open_stream if self._is_stream else ipc.open_file
                options = ipc.IpcReadOptions(included_fields=[*fields], use_threads=False)
                with open_reader(mapped, options=options) as reader:
                    yield reader, mapped
        except BROKEN as error:
            raise unreadable("Arrow", self.name, error, row) from None

    def _check_end(self, mapped: pa.MemoryMappedFile) -> None:
        """Has what was read to its end the mark of one, and nothing behind it?"""
        end, size = mapped.tell(), mapped.size()
        mapped.seek(max(end - len(_END), 0))
        if mapped.read(len(_END)) != _END:
            raise DataError(
                "is cut off: the Arrow stream has no end",
                path=self.name,
                hint="was it copied or written to the end? whoever writes it has to close it",
                code="LC160",
            )
        if end < size:
            raise DataError(
                f"goes on for {size - end} bytes after the end of its Arrow stream",
                path=self.name,
                hint="several streams are several files: name the folder or a pattern",
                code="LC160",
            )

    def _read(self, reader: Any, piece: int) -> Iterator[pa.RecordBatch]:
        if self._is_stream:
            yield from reader
        else:
            for i in range(piece, reader.num_record_batches):
                yield reader.get_batch(i)


def _cheapest(schema: pa.Schema) -> int:
    """The field that tells most cheaply how many rows a batch has."""
    flat = [i for i, field in enumerate(schema) if pa.types.is_primitive(field.type)]
    return flat[0] if flat else 0
