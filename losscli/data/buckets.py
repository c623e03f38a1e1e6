"""Pieces of data put aside on disk under a number, and read back by it.

The file has no name, so nothing is left behind however the process ends.
"""

from __future__ import annotations

import errno
import tempfile
import weakref
from collections import defaultdict
from threading import Lock

from losscli.data.csv_lines import read_into
from losscli.errors import OutputError


class Buckets:
    """A temporary file of numbered pieces, in the folder that ``TMPDIR`` names."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="losscli-", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise _no_room(error) from error
        weakref.finalize(self, self._file.close)
        self._where: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._end = 0
        self._lock = Lock()

    def put(self, bucket: int, data: object) -> None:
        """Append a piece, anything that has bytes.

        Raises:
            OutputError: the disk is full.
        """
        view = memoryview(data).cast("B")  # type: ignore[arg-type] # any buffer
        with self._lock:
            self._where[bucket].append((self._end, len(view)))
            self._end += len(view)
            try:
                while view:
                    view = view[self._file.write(view) :]
            except OSError as error:
                raise _no_room(error) from error

    def take(self, bucket: int) -> list[bytearray]:
        """The pieces of a bucket, in the order in which they were put."""
        pieces = []
        with self._lock:
            for start, length in self._where[bucket]:
                self._file.seek(start)
                piece = bytearray(length)
                read_into(self._file, memoryview(piece))
                pieces.append(piece)
            self._file.seek(self._end)
        return pieces


def _no_room(error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return OutputError(
        f"cannot write temporary files to {tempfile.gettempdir()}: {error.strerror or error}",
        hint="joining by key needs room there for what does not fit into memory; "
        "set TMPDIR to a folder with more, or raise --memory"
        if full
        else "set TMPDIR to a folder that can be written to",
    )
