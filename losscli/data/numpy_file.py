"""NumPy's .npy and .npz: arrays mapped into memory, one row for each entry of their first axis."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from losscli.data.columns import NO_CODERS, Column
from losscli.data.feed import RoleInput
from losscli.data.frames import MemoryFeed, arrow_chunks, checked, codes, describe_rows
from losscli.data.place import Numbers, Place
from losscli.data.selection import Selection
from losscli.data.stored import Stored
from losscli.data.unpack import bounded
from losscli.errors import DataError
from losscli.ragged import Ragged

if TYPE_CHECKING:
    from losscli.data.coding import Coder

# What the array of a file is called that has only one.
_ARRAY = "array"
_BROKEN = (ValueError, OSError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error, RuntimeError)
_READ = 2**20
_VERSIONS = ((1, 0), (2, 0), (3, 0))
_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass(frozen=True, slots=True)
class _Held:
    """An array of a file: its type and shape, and how to get it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    load: Callable[[], Numbers]


class NumpyTable:
    """The arrays of a file as columns; of a structured array, its fields.

    Raises:
        DataError: the file is cut off, holds Python objects, or no array has rows.
    """

    parts = None

    def __init__(self, file: Stored) -> None:
        self.name = file.name
        try:
            is_archive = zipfile.is_zipfile(file.path)
            held = [*(_members(file) if is_archive else [_single(file)])]
        except _BROKEN as error:
            raise _unreadable(file.name, error) from None
        self._arrays = [one for array in held for one in _fields(array) if one.shape]
        if not self._arrays:
            raise DataError(
                "holds no array with rows",
                path=file.name,
                hint="save one row a sample",
                code="LC160",
            )
        self.columns: Sequence[Column] = [_column(array) for array in self._arrays]

    @property
    def rows(self) -> int:
        """How many rows there are.

        Raises:
            DataError: the arrays differ in length.
        """
        self._check_lengths(self._arrays)
        return self._arrays[0].shape[0]

    def feed(
        self,
        chosen: Mapping[str, tuple[int, ...]],
        lists: Collection[str] = (),
        coders: Mapping[str, Coder] = NO_CODERS,
    ) -> MemoryFeed:
        """The rows of these columns; see :class:`losscli.data.columns.Table`."""
        selection = Selection.of(chosen, coders)
        self._check_lengths([self._arrays[i] for i, _ in selection.columns] or self._arrays)
        columns = [self._values(i, coder) for i, coder in selection.columns]
        roles = [
            self._role(role, at, columns[selection.positions[role][0]])
            for role, at in chosen.items()
        ]
        rows = self._arrays[selection.columns[0][0] if selection.columns else 0].shape[0]
        return MemoryFeed(roles, columns, selection.positions, name=self.name, rows=rows)

    def _role(self, role: str, columns: tuple[int, ...], first: Numbers | Ragged) -> RoleInput:
        names = tuple(self.columns[i].name for i in columns)
        shape, _, length = describe_rows(first)
        if len(columns) > 1:
            shape = (len(columns),)
        return RoleInput(role, self.name, names, shape, str(self._arrays[columns[0]].dtype), length)

    def _values(self, column: int, coder: Coder | None) -> Numbers | Ragged:
        array = self._arrays[column]
        place = Place(self.name, array.name)
        try:
            values = array.load()
        except _BROKEN as error:
            raise _unreadable(self.name, error) from None
        return checked(values, place) if coder is None else codes(values, coder, place)

    def keys(self, column: int) -> Iterator[Any]:
        """What a column holds; see :class:`losscli.data.columns.Table`."""
        yield from arrow_chunks(self._arrays[column].load())

    def _check_lengths(self, arrays: Sequence[_Held]) -> None:
        for array in arrays:
            if array.shape[0] != arrays[0].shape[0]:
                raise DataError(
                    f"{arrays[0].name} has {arrays[0].shape[0]} rows, "
                    f"{array.name} has {array.shape[0]}",
                    path=self.name,
                    hint="the first axis is that of the rows, and arrays of one file have as many",
                    code="LC121",
                )


def _column(array: _Held) -> Column:
    is_list, kind = len(array.shape) > 1, array.dtype.kind
    is_text = not is_list and kind in "UT"
    return Column(array.name, str(array.dtype), kind in "fiub", is_list, is_text)


def _fields(array: _Held) -> Iterator[_Held]:
    """The array, or its fields if it is structured."""
    if array.dtype.fields is None:
        yield array
        return
    for name in array.dtype.names or ():
        inner = array.dtype.fields[name][0]

        def load(name: str = name) -> Numbers:
            return np.asarray(array.load()[name])

        yield _Held(name, inner.base, (*array.shape, *inner.shape), load)


def _single(file: Stored) -> _Held:
    with open(file.path, "rb") as opened:
        shape, _, dtype = _header(opened, os.path.getsize(file.path))
    return _Held(_ARRAY, dtype, shape, lambda: _mapped(file, 0, os.path.getsize(file.path)))


def _members(file: Stored) -> Iterator[_Held]:
    """The arrays of an archive. What is compressed is unpacked when it is wanted."""
    archive = zipfile.ZipFile(file.path)
    names = archive.namelist()
    if names and not any(name.endswith(".npy") for name in names):
        raise _other_archive(file.name, names)
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            continue
        with archive.open(info) as member:
            shape, _, dtype = _header(member, info.file_size)
        name = info.filename.removesuffix(".npy")
        yield _Held(name, dtype, shape, partial(_member, file, archive, info))


def _other_archive(path: str, names: Sequence[str]) -> DataError:
    """The error for one of the many kinds of file that are zip archives, but not NumPy's."""
    if any(name.startswith("xl/") for name in names):
        what, hint = "is an Excel workbook", "save the sheet as CSV"
    elif any(name.endswith("/data.pkl") for name in names):
        what, hint = "was saved by torch.save", "save tensors with numpy.save(path, tensor.numpy())"
    else:
        what, hint = (
            f"is a zip archive of {names[0]!r}",
            "unpack it, or compress the file with gzip",
        )
    return DataError(what, path=path, hint=hint, code="LC160")


def _member(file: Stored, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Numbers:
    """The array that a member holds; to read it to its end compares its checksum."""
    pieces = bounded(_pieces(archive, info), info.compress_size, file.name)
    if info.compress_type != zipfile.ZIP_STORED:
        unpacked = Stored.copied(pieces, file.name, ".npy", is_stream=False)
        return _mapped(unpacked, 0, os.path.getsize(unpacked.path))
    # It lies in the archive as it is.
    for _ in pieces:
        pass
    with open(file.path, "rb") as opened:
        opened.seek(info.header_offset)
        magic, name, extra = _LOCAL_HEADER.unpack(opened.read(_LOCAL_HEADER.size))
    if magic != b"PK\x03\x04":
        raise ValueError("the archive is damaged")
    start = info.header_offset + _LOCAL_HEADER.size + name + extra
    return _mapped(file, start, info.file_size)


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as member:
        while piece := member.read(_READ):
            yield piece


def _mapped(file: Stored, start: int, size: int) -> Numbers:
    """The array of ``size`` bytes that begins at this one, without reading it."""
    with open(file.path, "rb") as opened:
        opened.seek(start)
        shape, is_fortran, dtype = _header(opened, size)
        begin = opened.tell()
        if 0 in shape:
            return np.empty(shape, dtype)
        # The mapping stays when the file is closed.
        return np.memmap(
            opened, dtype, "r", offset=begin, shape=shape, order="F" if is_fortran else "C"
        )


def _header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """What the header of an array says, which is ``size`` bytes with it, and has to agree."""
    start = file.tell()
    version = npy.read_magic(file)
    if version not in _VERSIONS:
        raise ValueError(f"its version {version[0]}.{version[1]} is unknown")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        shape, is_fortran, dtype = read(file)
    except Exception as error:
        # It is a literal of Python's; whatever its parsers raise comes out.
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        raise ValueError(f"its header is damaged: {said}") from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which could run code when they are read")
    if version == (3, 0) and dtype.names is not None:
        # Names are UTF-8, which what reads version 2.0 takes for Latin-1.
        dtype.names = tuple(name.encode("latin-1").decode() for name in dtype.names)
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise ValueError(f"its shape is {shape}")
    wanted, held = prod(shape) * dtype.itemsize, size - (file.tell() - start)
    if wanted != held:
        raise ValueError(
            f"its header promises {wanted} bytes of values, it holds {held}; "
            f"{'is it cut off?' if held < wanted else 'was something written behind the array?'}"
        )
    return shape, is_fortran, dtype


def _unreadable(path: str, error: Exception) -> DataError:
    said = str(error).partition("\n")[0]
    return DataError(
        f"cannot be read as NumPy's format: {said.rstrip('.') or 'it is cut off'}",
        path=path,
        hint="save arrays of numbers with numpy.save or numpy.savez",
        code="LC160",
    )
