"""Files become tables: which format a file has, and who reads it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from losscli.data.columns import Table
from losscli.data.reading import AS_IT_IS, Reading
from losscli.data.sources import Found, find, path_of
from losscli.data.stored import Stored
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.data.batches import BatchTable
    from losscli.data.csv_file import CsvTable
    from losscli.data.numpy_file import NumpyTable

    FileTable: TypeAlias = BatchTable | CsvTable | NumpyTable

# Bytes that say what a file is, whatever it is called.
_MAGIC = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"FEA1": "feather 1",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
}
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "npy",
    ".npz": "npz",
}
# Text, but which? A .txt file is most often CSV.
_VAGUE = {".txt": "csv"}
_BINARY = {
    "parquet": "a Parquet file",
    "arrow": "an Arrow file",
    "npy": "a NumPy file",
    "npz": "a NumPy archive",
}
_FORMATS = (
    "losscli reads .csv, .tsv, .txt, .jsonl, .parquet, .arrow, .feather, .npy and .npz, "
    "also as .gz, .zst, .bz2 or .xz; --input-format names the format of another"
)


@dataclass(frozen=True, slots=True)
class OpenTables:
    """Opens files, each once."""

    reading: Reading = AS_IT_IS
    _by_path: dict[tuple[str, ...], Table] = field(default_factory=dict)

    def __getitem__(self, named: str | tuple[str, ...]) -> Table:
        names = (named,) if isinstance(named, str) else named
        real = tuple(map(_real, names))
        for i, one in enumerate(real):
            if one in real[:i]:
                raise UsageError(f"{names[i]} is given twice", hint="its rows would count twice")
        if real not in self._by_path:
            self._by_path[real] = open_table(*names, reading=self.reading)
        return self._by_path[real]


def _real(named: str) -> str:
    """What all names of a file have in common."""
    path = path_of(named)
    return named if path is None else os.path.realpath(path)


def open_table(*named: str, reading: Reading = AS_IT_IS) -> Table:
    """Open what the user named; several files are one long table.

    The first bytes of a file say what it is, then its extension, then ``--input-format``.

    Raises:
        DataError: there is no such file, or it is none that can be read.
    """
    found = Found.joined([find(one) for one in named])
    formats = [_format_of(file, reading) for file in found.files]
    for file, format in zip(found.files, formats, strict=True):
        if format != formats[0]:
            raise DataError(
                f"is {format}, but {found.files[0].name} is {formats[0]}",
                path=file.name,
                hint="files that make one table have one format: say which, as in 'folder/*.csv'",
                code="LC163",
            )
    tables = [_open(file, formats[0], reading, found.are_parts) for file in found.files]
    if not found.are_parts:
        return tables[0]
    from losscli.data.parts import PartsTable

    return PartsTable(", ".join(named), tables, found.folders, gaps=reading.gaps)


def _open(file: Stored, format: str, reading: Reading, is_part: bool) -> FileTable:
    if format == "parquet":
        from losscli.data.parquet_file import ParquetTable

        return ParquetTable(file, gaps=reading.gaps)
    if format == "arrow":
        from losscli.data.ipc_file import IpcTable

        return IpcTable(file, gaps=reading.gaps)
    if format == "jsonl":
        from losscli.data.json_lines import JsonTable

        return JsonTable(file, gaps=reading.gaps)
    if format in ("npy", "npz"):
        from losscli.data.numpy_file import NumpyTable

        return NumpyTable(file)
    from losscli.data.csv_file import CsvTable

    tab = "\t" if format == "tsv" else None
    return CsvTable(file, reading, delimiter=tab, is_part=is_part)


def _format_of(file: Stored, reading: Reading) -> str:
    for magic, format in _MAGIC.items():
        if file.magic.startswith(magic):
            if format == "feather 1":
                hint = "write it as version 2, which is Arrow: feather.write_feather(table, path)"
                raise DataError("is Feather version 1", path=file.name, hint=hint, code="LC160")
            return format
    wanted = reading.input_format
    format = _SUFFIXES.get(file.suffix) or wanted or _VAGUE.get(file.suffix, "")
    if format in _BINARY:
        if not file.magic:
            raise DataError(
                "is empty", path=file.name, hint="was it written to the end?", code="LC160"
            )
        called = "--input-format says so" if format == wanted else "it is called one"
        raise DataError(
            f"is not {_BINARY[format]}, though {called}",
            path=file.name,
            hint=_FORMATS,
            code="LC160",
        )
    if format:
        return format
    if not file.magic:
        raise DataError("is empty", path=file.name, hint="was it written to the end?", code="LC160")
    if file.is_stream:
        return "jsonl" if file.magic.lstrip().startswith(b"{") else "csv"
    suffix = file.suffix
    kind = f"unknown extension {suffix!r}" if suffix else "the name has no extension"
    raise DataError(kind, path=file.name, hint=_FORMATS, code="LC160")
