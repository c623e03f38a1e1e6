"""Compressed files: which compression it is, and what comes out, a piece at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from losscli.data.stored import Stored, suffix_of
from losscli.errors import DataError
from losscli.sizes import size_from_environment

_PIECE = 2**20
# What `xz -9` makes takes 65 MiB to unpack; a header may ask for 4 GiB.
_XZ_MEMORY = 2**28
# Numbers as text shrink to a half or a tenth, endless zeros to a thousandth.
_MOST_TIMES = 200
_LIMIT = "LOSSCLI_UNPACK_LIMIT"
_DEFAULT_LIMIT = 2**32


@dataclass(frozen=True, slots=True)
class Compression:
    """A way to compress one file."""

    name: str
    suffix: str
    magic: bytes


_KNOWN = (
    Compression("gzip", ".gz", b"\x1f\x8b"),
    Compression("Zstandard", ".zst", b"\x28\xb5\x2f\xfd"),
    Compression("bzip2", ".bz2", b"BZh"),
    Compression("xz", ".xz", b"\xfd7zXZ\0"),
)


def unpacked(file: Stored) -> Stored:
    """The file, or what it holds if it is compressed: its first bytes say so.

    Raises:
        DataError: it is cut off or damaged, compressed twice, or holds absurdly much.
    """
    compression = next((c for c in _KNOWN if file.magic.startswith(c.magic)), None)
    called = next((c for c in _KNOWN if c.suffix == file.suffix), None)
    if called is not None and compression is not called:
        raise DataError(
            f"is not {called.name}, though it is called so", path=file.name, code="LC160"
        )
    if compression is None:
        return file
    suffix = file.suffix if called is None else suffix_of(file.name[: -len(called.suffix)])
    pieces = bounded(_pieces(file, compression), os.path.getsize(file.path), file.name)
    inside = Stored.copied(pieces, file.name, suffix, file.is_stream)
    if any(inside.magic.startswith(c.magic) for c in _KNOWN):
        raise DataError("is compressed twice", path=file.name, hint="unpack it once", code="LC160")
    return inside


def bounded(pieces: Iterator[bytes], packed: int, name: str) -> Iterator[bytes]:
    """What comes out of ``packed`` bytes, as long as that is not absurdly much.

    Raises:
        DataError: it is.
    """
    limit = size_from_environment(_LIMIT, _DEFAULT_LIMIT)
    done = 0
    for piece in pieces:
        done += len(piece)
        if limit is not None and done > max(limit, _MOST_TIMES * packed):
            raise DataError(
                f"unpacks to more than {_MOST_TIMES} times its {packed} bytes, "
                f"and more than {limit} bytes: this looks like a trap",
                path=name,
                hint=f"if it is yours, set {_LIMIT}, for example to 100G, or to none",
                code="LC164",
            )
        yield piece


def _pieces(file: Stored, compression: Compression) -> Iterator[bytes]:
    import lzma
    import zlib

    import pyarrow as pa

    try:
        yield from _contents(file.path, compression)
    except (EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException) as error:
        said = str(error).rstrip(".")
        cut_off = isinstance(error, EOFError) or "runcated" in said or "unexpected end" in said
        raise DataError(
            f"is cut off: the {compression.name} stream has no end"
            if cut_off
            else f"is damaged: it cannot be unpacked as {compression.name} ({said})",
            path=file.name,
            hint="was it copied or written to the end? copy or write it again",
            code="LC160",
        ) from None


def _contents(path: str, compression: Compression) -> Iterator[bytes]:
    """What a file holds: the contents of all its streams, of which there may be several."""
    if compression.suffix == ".xz":
        yield from _xz_streams(path)
        return
    with closing(_open(path, compression)) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _open(path: str, compression: Compression) -> Any:
    if compression.suffix == ".gz":
        # Arrow takes no zeros behind a stream, as tapes and some copies have them.
        import gzip

        return gzip.open(path)
    import pyarrow as pa

    name = "bz2" if compression.suffix == ".bz2" else "zstd"
    return pa.CompressedInputStream(pa.OSFile(path), name)


def _xz_streams(path: str) -> Iterator[bytes]:
    """The streams of an xz file; Python's own reader takes a damaged one for the end of the file.

    Between them and at the end there may be zeros.
    """
    from lzma import FORMAT_XZ, LZMADecompressor

    with open(path, "rb") as file:
        data = file.read(_PIECE)
        while data:
            stream = LZMADecompressor(FORMAT_XZ, memlimit=_XZ_MEMORY)
            while not stream.eof:
                if stream.needs_input and not data and not (data := file.read(_PIECE)):
                    raise EOFError
                piece = stream.decompress(data, _PIECE)
                data = b""
                if piece:
                    yield piece
            data = stream.unused_data.lstrip(b"\0")
            while not data and (more := file.read(_PIECE)):
                data = more.lstrip(b"\0")
