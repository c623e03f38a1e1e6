"""Where the rows of a text file lie: line ends are counted once, so that it can be cut anywhere.

In CSV a line end inside a quoted field is no line end (RFC 4180); only stretches that hold a quote
pay for looking.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.data.place import unreadable
from losscli.data.stored import Stored
from losscli.errors import DataError

# What is looked at in one go stays in cache. A read is larger: calls into the system cost, too.
_STRETCH = 2**16
_READ = 2**20
# What one thread counts. A smaller file is not worth a second thread.
_SHARE = 2**24
# A piece is held as a whole, several times over where it is gone through row by row.
_LONGEST_PIECE = 2**26
# Where long rows come after short ones, pieces are made shorter, down to so many in a file.
_MOST_PIECES = 2**18
_NEWLINE, _QUOTE = ord("\n"), ord('"')


@dataclass(frozen=True, slots=True)
class Lines:
    """Pieces of ``step`` rows each (the last may have fewer): piece i is bytes offsets[i:i + 2]."""

    rows: int
    step: int
    offsets: tuple[int, ...]

    @property
    def sizes(self) -> list[int]:
        """The bytes of each piece."""
        return [end - begin for begin, end in pairwise(self.offsets)]


@dataclass(frozen=True, slots=True)
class _Count:
    """Line ends of a stretch, if it begins outside a quoted field or inside one."""

    outside: int
    inside: int
    flips: bool

    def ends(self, quoted: bool) -> int:
        return self.inside if quoted else self.outside


def find_lines(file: Stored, start: int, piece_bytes: int, *, quotes: bool = True) -> Lines:
    """Cut a file, from byte ``start``, into pieces of about ``piece_bytes`` and whole rows.

    The rows of a piece are a power of two, as those of the engine's blocks are: then a block lies
    in one piece, and the pieces of several files begin at the same rows.

    Args:
        file: the file.
        start: where the first row begins.
        piece_bytes: about how large a piece should be.
        quotes: may a field in quotes hold line ends?

    Raises:
        DataError: a quoted field is never closed.
    """
    path = file.path
    size = os.path.getsize(path)
    counts = _count(path, start, size, quotes)
    quoted = list(accumulate((count.flips for count in counts), bool.__xor__, initial=False))
    if quoted[-1]:
        raise DataError(
            "a quoted field is opened and never closed",
            path=file.name,
            hint='a quote inside a quoted field is doubled: "5"" pipe"',
            code="LC160",
        )
    ends = [count.ends(inside) for count, inside in zip(counts, quoted, strict=False)]
    bounds = list(accumulate(ends, initial=0))
    rows = bounds[-1] + _has_open_line(path, start, size)
    step = _rows_of_a_piece(rows, size - start, piece_bytes)
    while True:
        found = _find_offsets(
            path, start, range(step, rows, step), bounds, quoted if quotes else None
        )
        lines = Lines(rows, step, (start, *found, size))
        if max(lines.sizes) <= _LONGEST_PIECE:
            return lines
        if step == 1 or rows > step * _MOST_PIECES:
            raise _too_long(file, lines)
        step //= 2


def _too_long(file: Stored, lines: Lines) -> DataError:
    most = max(lines.sizes)
    first = lines.sizes.index(most) * lines.step
    last = min(first + lines.step, lines.rows)
    what = f"row {last} has" if last == first + 1 else f"rows {first + 1} to {last} have"
    return DataError(
        f"{what} {most:,} bytes, more than {_LONGEST_PIECE:,} in one piece",
        path=file.name,
        hint="is it a file of rows? if it is, write it as Parquet",
        code="LC164",
    )


def _rows_of_a_piece(rows: int, size: int, piece_bytes: int) -> int:
    fitting = max(piece_bytes * max(rows, 1) // max(size, 1), 1)
    return int(2 ** (fitting.bit_length() - 1))


def _has_open_line(path: str, start: int, size: int) -> bool:
    """Does the file end without a line end?"""
    if size <= start:
        return False
    with open(path, "rb") as file:
        file.seek(size - 1)
        return file.read(1) != b"\n"


def _count(path: str, start: int, size: int, quotes: bool) -> list[_Count]:
    shares = [range(share, min(share + _SHARE, size)) for share in range(start, size, _SHARE)]
    if len(shares) < 2:
        return [count for share in shares for count in _count_share(path, share, quotes)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(shares), os.cpu_count() or 1, 4)) as threads:
        counted = threads.map(lambda share: list(_count_share(path, share, quotes)), shares)
        return [count for counts in counted for count in counts]


def _count_share(path: str, share: range, quotes: bool) -> Iterator[_Count]:
    buffer = bytearray(min(_READ, len(share)))
    with open(path, "rb", buffering=0) as file:
        file.seek(share.start)
        left = len(share)
        while left:
            used = read_into(file, memoryview(buffer)[: min(left, len(buffer))])
            if not used:
                return
            left -= used
            for begin in range(0, used, _STRETCH):
                yield _count_stretch(buffer, begin, min(begin + _STRETCH, used), quotes)


def read_into(file: Any, view: memoryview) -> int:
    """Fill ``view`` from an unbuffered file; fewer bytes only at the end of the file."""
    used = 0
    while used < len(view):
        got = file.readinto(view[used:])
        if not got:
            break
        used += got
    return used


def _count_stretch(buffer: bytearray, begin: int, end: int, quotes: bool) -> _Count:
    data = np.frombuffer(buffer, np.uint8, end - begin, begin)
    newline = data == _NEWLINE
    total = int(np.count_nonzero(newline))
    if not quotes or buffer.find(b'"', begin, end) < 0:
        return _Count(total, 0, False)
    quoted = _inside_quotes(data)
    newline &= ~quoted
    outside = int(np.count_nonzero(newline))
    return _Count(outside, total - outside, bool(quoted[-1]))


def _inside_quotes(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Is there an odd number of quotes up to here?"""
    quotes = (data == _QUOTE).view(np.uint8)
    inside: NDArray[np.bool_] = np.bitwise_xor.accumulate(quotes).view(np.bool_)
    return inside


def _find_offsets(
    path: str, start: int, rows: range, bounds: list[int], quoted: list[bool] | None
) -> Iterator[int]:
    """The byte at which each of these rows begins: after as many line ends."""
    stretches = np.searchsorted(bounds, np.asarray(rows), side="left") - 1
    with open(path, "rb", buffering=0) as file:
        for row, stretch in zip(rows, stretches.tolist(), strict=True):
            begin = start + stretch * _STRETCH
            file.seek(begin)
            data = np.frombuffer(file.read(_STRETCH), np.uint8)
            newline = data == _NEWLINE
            if quoted is not None and _QUOTE in data:
                newline &= _inside_quotes(data) == quoted[stretch]
            yield begin + int(np.flatnonzero(newline)[row - bounds[stretch] - 1]) + 1


def pieces(
    stored: Stored, lines: Lines, start: int, stop: int
) -> Generator[tuple[memoryview, int, int], None, None]:
    """The bytes of whole rows around ``start`` to ``stop``, the first of these rows, and how many.

    The bytes of one piece are overwritten by the next.
    """
    step, offsets = lines.step, lines.offsets
    numbers = range(start // step, -(-stop // step))
    # One buffer for all pieces: fresh memory for each costs as much as reading the file.
    buffer = memoryview(bytearray(max(offsets[i + 1] - offsets[i] for i in numbers)))
    with _open(stored) as file:
        for piece in numbers:
            begin, end = offsets[piece : piece + 2]
            data = buffer[: end - begin]
            file.seek(begin)
            if read_into(file, data) < len(data):
                raise DataError(
                    "is shorter than before: it changed", path=stored.name, code="LC160"
                )
            yield data, piece * step, min(step, lines.rows - piece * step)


def _open(stored: Stored) -> FileIO:
    try:
        return FileIO(stored.path)
    except OSError as error:
        raise unreadable(stored.name, error) from None
