"""The quick way through plain CSV: no quotes, and nothing but numbers in the columns that matter.

Most files of predictions are such. NumPy finds the separators, and Arrow reads the cells between
them where they lie, as strings that are cast to float64. Arrow's CSV reader gives the same bits
(both parse with the same routine) but first copies every cell; it takes over wherever a piece is
not plain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.data.blocks import Chunk

_NEWLINE = ord("\n")


class PlainCells:
    """Cells of plain pieces as numbers.

    Args:
        delimiter: what separates the cells of a row.
        width: how many cells a row has.
        wanted: the columns to read.
        rows: as many rows as a piece may have.
    """

    def __init__(self, delimiter: str, width: int, wanted: Sequence[int], rows: int) -> None:
        self._delimiter = ord(delimiter)
        self._width = width
        self._wanted = wanted
        self._offsets = np.zeros(2 * rows * width + 1, np.int32)
        # Cells and separators take turns; the valid ones, which are cast, are the cells wanted.
        valid = np.zeros((rows, width, 2), bool)
        valid[:, wanted, 0] = True
        self._valid = pa.py_buffer(np.packbits(valid, bitorder="little"))

    def __call__(self, data: memoryview, rows: int) -> Chunk | None:
        """The wanted columns of these rows; None if the piece is not plain."""
        ends = self._find_ends(data, rows)
        if ends is None:
            return None
        cells = rows * self._width
        offsets = self._offsets[: 2 * cells + 1]
        offsets[1::2] = ends
        np.add(ends, 1, out=offsets[2::2], casting="unsafe")
        strings = pa.StringArray.from_buffers(
            2 * cells, pa.py_buffer(offsets), pa.py_buffer(data), self._valid
        )
        try:
            values = strings.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        numbers = np.frombuffer(values.buffers()[1], np.float64, 2 * cells)
        columns = numbers.reshape(rows, self._width, 2)[:, :, 0]
        return [columns[:, i] for i in self._wanted]

    def _find_ends(self, data: memoryview, rows: int) -> NDArray[np.intp] | None:
        """Where each cell ends, if every row has its cells and the last row its line end."""
        characters = np.frombuffer(data, np.uint8)
        separators = characters == _NEWLINE
        if self._width > 1:
            separators |= characters == self._delimiter
        ends = np.flatnonzero(separators)
        if len(ends) != rows * self._width:
            return None
        last = characters[ends[self._width - 1 :: self._width]]
        return ends if len(characters) == ends[-1] + 1 and (last == _NEWLINE).all() else None
