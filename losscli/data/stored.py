"""Bytes that can be read again and again, by several threads at once.

A file is that already. Standard input and pipes can be read only once, and a compressed file can
only be entered at its beginning; both are first written to a temporary file on disk that has no
name and is gone with whoever reads it. That costs the time and the disk space of one copy. In
return every format is read in one way, in flat memory, by as many threads as there are.
"""

from __future__ import annotations

import os
import re
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from losscli.errors import DataError

_LONGEST_MAGIC = 8
_URL = re.compile(r"[a-z][a-z0-9+.\-]+://", re.IGNORECASE)
HTTP = ("http", "https")
_HTTP_QUERY = re.compile(r"[?#].*", re.DOTALL)
# A colon in front of a number is a port.
_USER = re.compile(r"[^:]*://((?:[^/@:]*:(?!\d*/)[^@]*|[^/@]*)@)")
_STORE_QUERY = re.compile(r"\?[\w.\-]+=.*", re.DOTALL)
# Where the system has open files by number, a file needs no name to be opened again.
_DESCRIPTORS = "/proc/self/fd"


class Spooled:
    """A temporary file that is gone when nobody holds it any more."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        """Write the chunks; ``name`` is what an error calls where they come from.

        Raises:
            DataError: the disk is full.
        """
        is_nameless = os.path.isdir(_DESCRIPTORS)
        make = tempfile.TemporaryFile if is_nameless else tempfile.NamedTemporaryFile
        file: Any = make(prefix="losscli-", buffering=0)
        weakref.finalize(self, file.close)
        self.path = f"{_DESCRIPTORS}/{file.fileno()}" if is_nameless else str(file.name)
        for chunk in chunks:
            _write(file, memoryview(chunk), name)


def _write(file: IO[bytes], chunk: memoryview, name: str) -> None:
    try:
        while chunk:
            chunk = chunk[file.write(chunk) :]
    except OSError as error:
        raise DataError(
            f"cannot be copied to {tempfile.gettempdir()}: {error.strerror}",
            path=name,
            hint="set TMPDIR to a folder with more space",
            code="LC160",
        ) from error


@dataclass(frozen=True, slots=True)
class Stored:
    """A file: what messages call it, and where its bytes lie.

    Attributes:
        name: what the user called it.
        path: where to read it.
        suffix: the extension that says what the bytes are: ``.csv``, of ``x.csv.gz`` too.
        magic: its first bytes.
        is_stream: did it come through a pipe, whose name says nothing?
        held: the temporary file that ``path`` leads to, if it is one.
        system: the Arrow file system that ``path`` is a path of; None for this machine's own.
    """

    name: str
    path: str
    suffix: str
    magic: bytes
    is_stream: bool = False
    held: Spooled | None = None
    system: Any = None

    @classmethod
    def regular(cls, path: str) -> Stored:
        """A file on disk."""
        return cls(path, path, suffix_of(path), _magic(path))

    @classmethod
    def copied(cls, chunks: Iterable[bytes], name: str, suffix: str, is_stream: bool) -> Stored:
        """What comes a chunk at a time, on disk."""
        copy = Spooled(chunks, name)
        return cls(name, copy.path, suffix, _magic(copy.path), is_stream, copy)


def suffix_of(name: str) -> str:
    """The last extension: ``.gz`` of ``x.csv.gz``."""
    return os.path.splitext(name)[1].lower()


def is_url(named: str) -> bool:
    """Is it an address, such as s3://bucket/preds.parquet, and no path?"""
    return _URL.match(named) is not None


def split_query(url: str) -> tuple[str, str]:
    """An address, and the settings or the signature behind it, with the mark in front of them.

    Stores have keys and patterns with ``?`` and ``#`` in them, HTTP has not.
    """
    scheme = url.partition("://")[0].lower()
    query = (_HTTP_QUERY if scheme in HTTP else _STORE_QUERY).search(url)
    return (url[: query.start()], query[0]) if query else (url, "")


def shown(named: str) -> str:
    """What the user named; an address without user, password and query, which must not be seen."""
    if not is_url(named):
        return named
    address, _ = split_query(named)
    return address.replace(f"://{user_in(address)}", "://", 1)


def user_in(url: str) -> str:
    """The user and the password in an address, up to the ``@``; a password may hold a slash."""
    user = _USER.match(url)
    return user[1] if user else ""


def without_secrets(text: str) -> str:
    """What a library says, without users, passwords and signatures in the addresses it names."""
    return re.sub(r"(://)[^/\s@]*@|\?[^\s'\"]*", r"\1", text)


def _magic(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(_LONGEST_MAGIC)
