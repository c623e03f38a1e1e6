"""Ctrl-C, or a system that has no more time for a run: it ends at once, and cleans up."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# What a scheduler and a closed terminal send. An interrupt is Python's own.
_ENDING = ("SIGTERM", "SIGHUP")
_BY_SIGNAL = 128
_AGAIN_SECONDS = 0.02


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """Within the block such a signal raises :class:`SystemExit`, with the exit code of a shell.

    What is ignored, as under ``nohup``, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held = {}
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            held[number] = signal.signal(number, _end)
    before, sys.unraisablehook = sys.unraisablehook, _asked_again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for number, handler in held.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(_BY_SIGNAL + number)


def _asked_again(lost: Any) -> None:
    """Ask again where Python drops what a signal raised: in what is called when objects go."""
    number = None
    if isinstance(lost.exc_value, KeyboardInterrupt):
        number = int(signal.SIGINT)
    elif isinstance(lost.exc_value, SystemExit) and isinstance(lost.exc_value.code, int):
        number = lost.exc_value.code - _BY_SIGNAL
    if number is None:
        sys.__unraisablehook__(lost)
        return
    threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
