"""The system asks a run to end, as when a job is out of time: it cleans up, as for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = ("SIGTERM", "SIGHUP")
_BY_SIGNAL = 128


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
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(_BY_SIGNAL + number)
