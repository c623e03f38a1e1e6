"""What the user named: a file, a pipe, or standard input."""

from __future__ import annotations

import os
import stat
import sys
from typing import IO

from losscli.data.place import unreadable
from losscli.data.stored import Stored, suffix_of
from losscli.data.unpack import unpacked
from losscli.errors import DataError, UsageError

STANDARD_INPUT = "-"
_COPIED_AT_ONCE = 2**20


def find(named: str) -> Stored:
    """The bytes that this name stands for, unpacked.

    Raises:
        DataError: there is no such file, nothing can be read from it, or it is damaged.
    """
    if named == STANDARD_INPUT:
        return _standard_input()
    try:
        mode = os.stat(named).st_mode
        if stat.S_ISFIFO(mode):
            with open(named, "rb", buffering=0) as pipe:
                return unpacked(_copied(pipe, named))
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DataError("is not a regular file", path=named, hint="write it to a file first")
        return unpacked(Stored.regular(named))
    except OSError as error:
        raise unreadable(named, error) from None


def _standard_input() -> Stored:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- is standard input, but nothing is piped into it")
    return unpacked(_copied(sys.stdin.buffer, "standard input"))


def _copied(stream: IO[bytes], name: str) -> Stored:
    chunks = iter(lambda: stream.read(_COPIED_AT_ONCE), b"")
    return Stored.copied(chunks, name, suffix_of(name), is_stream=True)
