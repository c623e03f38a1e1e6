"""Arrow IPC, of which Feather is another name: record batches as they lie in memory."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from losscli.data.batches import BROKEN, BatchTable
from losscli.data.stored import Stored
from losscli.errors import DataError

FILE_MAGIC = b"ARROW1"


class IpcTable(BatchTable):
    """An Arrow file, mapped into memory. A stream has no index, so it is one piece.

    Raises:
        DataError: the file is cut off, or not Arrow after all.
    """

    def __init__(self, file: Stored, *, gaps: bool = False) -> None:
        self._stored = file
        self.name = file.name
        self._is_stream = not file.magic.startswith(FILE_MAGIC)
        with self._opened() as reader:
            schema: pa.Schema = reader.schema
        super().__init__(file.name, schema, gaps=gaps)
        with self._opened([_cheapest(schema)]) as reader:
            sizes = [batch.num_rows for batch in self._read(reader, 0)]
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
        with self._opened(fields, row) as reader:
            for batch in self._read(reader, piece):
                # What a file says about lengths may not be so, and Arrow takes its word for it.
                batch.validate(full=True)
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)
                row += batch.num_rows
                if row >= stop:
                    return

    @contextmanager
    def _opened(self, fields: Sequence[int] = (), row: int | None = None) -> Iterator[Any]:
        try:
            with pa.memory_map(self._stored.path) as mapped:
                open_reader = ipc.open_stream if self._is_stream else ipc.open_file
                options = ipc.IpcReadOptions(included_fields=[*fields], use_threads=False)
                with open_reader(mapped, options=options) as reader:
                    yield reader
        except BROKEN as error:
            raise DataError(
                f"cannot be read as Arrow: {str(error).rstrip('.')}",
                path=self.name,
                row=None if row is None else row + 1,
                hint="was it copied or written to the end? write the file again",
                code="LC160",
            ) from None

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
