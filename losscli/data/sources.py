"""What the user named: a file, a folder, a pattern, a pipe, or standard input."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import IO

from losscli.data.place import unreadable
from losscli.data.stored import Stored, is_url, suffix_of
from losscli.data.unpack import unpacked
from losscli.errors import DataError, UsageError

STANDARD_INPUT = "-"
_COPIED_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """The files behind a name.

    Attributes:
        files: in the order of their rows, unpacked.
        folders: for each file what the names of its folders say, if the name stands for many.
    """

    files: Sequence[Stored]
    folders: Sequence[Mapping[str, str | None]] = field(default=())

    @classmethod
    def joined(cls, found: Sequence[Found]) -> Found:
        """What stands behind several names, one after the other."""
        if len(found) == 1:
            return found[0]
        folders = chain.from_iterable(one.folders or ({},) for one in found)
        return cls([file for one in found for file in one.files], [*folders])

    @property
    def are_parts(self) -> bool:
        """Does the name stand for any number of files?"""
        return bool(self.folders)


def path_of(named: str) -> str | None:
    """The path on this machine that is named; None for standard input and other addresses.

    Raises:
        DataError: there can be no such path.
    """
    if named == STANDARD_INPUT:
        return None
    path = named
    if is_url(named):
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(named)
        if parts.scheme != "file":
            return None
        if parts.netloc not in ("", "localhost"):
            hint = f"a path has three slashes: file:///{parts.netloc}{parts.path}"
            raise DataError(
                f"names the machine {parts.netloc}", path=named, hint=hint, code="LC160"
            )
        path = unquote(parts.path)
    if "\0" in path:
        raise DataError(
            "there can be no such file: its name holds a zero byte", path=named, code="LC160"
        )
    return path


def find(named: str) -> Found:
    """The files that this name stands for.

    Raises:
        DataError: there is no such file, nothing can be read from it, or it is damaged.
    """
    path = path_of(named)
    if path is None:
        return Found([_standard_input()]) if named == STANDARD_INPUT else _remote(named)
    try:
        mode = _mode(path)
        if mode is None or stat.S_ISDIR(mode):
            from losscli.data.listing import list_files

            listed = list_files(path)
            files = [unpacked(Stored.regular(file.path)) for file in listed]
            return Found(files, [file.folders for file in listed])
        if stat.S_ISFIFO(mode):
            from losscli.data.pipes import open_pipe

            with open_pipe(path) as (first, pipe), open(pipe, "rb", 0, closefd=False) as stream:
                return Found([unpacked(_copied(stream, path, first))])
        if not stat.S_ISREG(mode):
            raise DataError(
                "is not a regular file", path=path, hint="write it to a file first", code="LC160"
            )
        return Found([unpacked(Stored.regular(path))])
    except OSError as error:
        raise unreadable(path, error) from None


def _remote(url: str) -> Found:
    from losscli.data.remote import list_remote

    files, listed = list_remote(url)
    return Found([unpacked(file) for file in files], [file.folders for file in listed])


def _mode(named: str) -> int | None:
    """What kind of file this is; None where there is none, but a pattern that may match some."""
    try:
        return os.stat(named).st_mode
    except FileNotFoundError:
        if any(mark in named for mark in "*?["):
            return None
        raise


def _standard_input() -> Stored:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- is standard input, but nothing is piped into it")
    return unpacked(_copied(sys.stdin.buffer, "standard input"))


def _copied(stream: IO[bytes], name: str, first: bytes = b"") -> Stored:
    chunks = chain([first], iter(lambda: stream.read(_COPIED_AT_ONCE), b""))
    return Stored.copied(chunks, name, suffix_of(name), is_stream=True)
