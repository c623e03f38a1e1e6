"""Parquet: rows in groups, each decoded on its own, a few pages at a time."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from itertools import accumulate

import pyarrow as pa
import pyarrow.parquet as pq

from losscli.data.batches import BROKEN, BatchTable, unreadable
from losscli.data.stored import Stored
from losscli.errors import DataError

# With a buffer, pages are read as they are decoded; without, a whole column of a row group is held.
_BUFFER_BYTES = 2**16

# Types that Parquet keeps as a dictionary, and can give as one.
_TEXT = ("string", "large_string", "binary")


class ParquetTable(BatchTable):
    """A Parquet file whose footer has been read; with ``gaps`` values may be missing.

    Raises:
        DataError: the file is cut off, or not Parquet after all.
    """

    def __init__(self, file: Stored, *, gaps: bool = False) -> None:
        self._stored = file
        try:
            with pq.ParquetFile(file.path, filesystem=file.system) as opened:
                self._metadata = opened.metadata
                schema: pa.Schema = opened.schema_arrow
        except _faults(file) as error:
            raise _unreadable(file, error) from None
        super().__init__(file.name, schema, gaps=gaps)
        groups = range(self._metadata.num_row_groups)
        self._bounds = [0, *accumulate(self._metadata.row_group(i).num_rows for i in groups)]

    @property
    def bounds(self) -> Sequence[int]:
        """The first row of each row group, and how many rows there are."""
        return self._bounds

    def batches(
        self, names: Sequence[str], piece: int, stop: int, rows: int, coded: Collection[str] = ()
    ) -> Generator[pa.RecordBatch, None, None]:
        """The batches of some row groups; see :class:`BatchTable`."""
        groups = [i for i in range(piece, len(self._bounds) - 1) if self._bounds[i] < stop]
        texts = [c.name for c in self.columns if c.name in coded and c.type in _TEXT]
        row = self._bounds[piece]
        try:
            with self._open(texts) as file:
                for batch in file.iter_batches(
                    rows, row_groups=groups, columns=[*names], use_threads=False
                ):
                    yield batch
                    row += batch.num_rows
        except _faults(self._stored) as error:
            raise _unreadable(self._stored, error, row) from None

    def _open(self, dictionaries: Sequence[str]) -> pq.ParquetFile:
        """The file, for one thread; its footer is not read again.

        Columns of text in ``dictionaries`` come as each different text once, and indices.
        """
        return pq.ParquetFile(
            self._stored.path,
            filesystem=self._stored.system,
            metadata=self._metadata,
            read_dictionary=list(dictionaries),
            buffer_size=_BUFFER_BYTES,
            # Over a network one range for many pages costs less than one for each.
            pre_buffer=self._stored.system is not None,
            page_checksum_verification=True,
        )


def _faults(file: Stored) -> tuple[type[Exception], ...]:
    """What may be raised while the file is read; whose errors a network has, nobody knows."""
    return BROKEN if file.system is None else (Exception,)


def _unreadable(file: Stored, error: Exception, row: int | None = None) -> DataError:
    if file.system is not None:
        from losscli.data.remote_faults import fault

        if found := fault(file.name, error):
            return found
    return unreadable("Parquet", file.name, error, row)
