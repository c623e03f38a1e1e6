"""Named pipes: somebody may open one to write a little later, but nobody waits for ever."""

from __future__ import annotations

import logging
import os
import re
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

from losscli.errors import DataError, UsageError

# How many seconds until it is said who is waited for, and until that is given up.
_SILENT = 2.0
_PATIENCE = 60.0
_WAIT = "LOSSCLI_PIPE_WAIT"
_STEP_MS = 50
_FIRST = 2**16
# What <(COMMAND) is called. Its other end is open before its name is known.
_ANONYMOUS = ("/dev/fd/", "/proc/")


@contextmanager
def open_pipe(path: str) -> Iterator[tuple[bytes, int]]:
    """What a pipe holds first, and the descriptor to read what follows.

    Whoever has opened it to write may take as long as they like.

    Raises:
        DataError: nobody opens it for a minute, or for as long as ``LOSSCLI_PIPE_WAIT`` says.
    """
    if path.startswith(_ANONYMOUS):
        with open(path, "rb", buffering=0) as pipe:
            yield b"", pipe.fileno()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        first = _wait(descriptor, path)
        os.set_blocking(descriptor, True)
        yield first, descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: str) -> bytes:
    """Until somebody has the pipe open; what was written by then."""
    patience = _patience()
    began, said = time.monotonic(), False
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    # An event is that something was written, or that a writer came and left.
    while not ready.poll(_STEP_MS):
        try:
            # Without a writer this is the end of the file.
            if first := os.read(descriptor, _FIRST):
                return first
        except BlockingIOError:
            return b""
        waited = time.monotonic() - began
        if waited > patience:
            raise DataError(
                f"is a pipe that nobody has opened to write for {patience:g} s",
                path=path,
                hint=f"start what writes to it; {_WAIT}=3600 waits an hour, none for ever",
                code="LC160",
            )
        if waited > _SILENT and not said:
            logging.getLogger("losscli").warning("waiting for somebody to write to %r", path)
            said = True
    return b""


def _patience() -> float:
    text = os.environ.get(_WAIT, "").strip().casefold()
    if text == "none":
        return float("inf")
    if text and not re.fullmatch(r"\d+(\.\d*)?", text):
        raise UsageError(f"{_WAIT} is {text!r}", hint="a number of seconds such as 600, or none")
    return float(text) if text else _PATIENCE
