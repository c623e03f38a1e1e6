"""What goes wrong in a user's code, told as one message with the user's own line.

Everything of a user's runs inside :func:`user_code`: an exception, an exit or an endless recursion
becomes a :class:`UserCodeError`, and what it prints goes to stderr, since stdout is for results.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TextIO

from losscli.errors import LosscliError, UserCodeError


@contextmanager
def user_code(what: str, path: str | None, doing: str = "") -> Iterator[None]:
    """Run code of the user's.

    Args:
        what: the name of the loss or file, for messages.
        path: the user's file: its deepest line in the traceback is the one to blame.
        doing: what it was asked to do, for the hint.

    Raises:
        UserCodeError: it raised.
    """
    try:
        with _ASIDE:
            yield
    except LosscliError:
        raise
    except (Exception, SystemExit) as error:
        raise explain(error, what, path, doing) from error


def explain(error: BaseException, what: str, path: str | None, doing: str = "") -> UserCodeError:
    """The message for what a user's code raised."""
    if isinstance(error, SyntaxError) and error.filename and not _is_library(error.filename):
        return UserCodeError(
            f"does not load: {type(error).__name__}: {error.msg}",
            path=shown(error.filename),
            line=error.lineno,
            source=(error.text or "").strip(),
        )
    frame = _blame(error, path)
    return UserCodeError(
        f"{what} raised {_said(error)}",
        path=shown(frame.filename) if frame else path,
        line=frame.lineno if frame else None,
        source=_source(frame) if frame else "",
        hint=_hint(error, doing),
    )


def _said(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"SystemExit({error.code!r}): it wants to end the program"
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _hint(error: BaseException, doing: str) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.partition(".")[0]
        return f"install it where losscli runs: {sys.executable} -m pip install {name}"
    if isinstance(error, RecursionError):
        return "it calls itself without end"
    return "; ".join(filter(None, [doing, "--traceback shows the whole traceback"]))


def _blame(error: BaseException, path: str | None) -> traceback.FrameSummary | None:
    """The deepest line of the user's file, else the deepest that is of no library."""
    # An endless recursion has the same frames a thousand times.
    frames = list(traceback.extract_tb(error.__traceback__, limit=None))
    home = os.path.realpath(path) if path else None
    own = [frame for frame in frames if os.path.realpath(frame.filename) == home]
    theirs = [frame for frame in frames if not _is_library(frame.filename)]
    return own[-1] if own else theirs[-1] if theirs else None


def _source(frame: traceback.FrameSummary) -> str:
    return (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()


_OURS = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple(
    {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
)


def _is_library(filename: str) -> bool:
    """Is it a file of losscli, of Python, or of an installed package?"""
    if filename.startswith("<frozen"):
        return True
    real = os.path.realpath(filename)
    return real.startswith((_OURS + os.sep, *(f"{folder}{os.sep}" for folder in _LIBRARIES)))


def shown(filename: str) -> str:
    """A path as the user would write it: relative where it lies below the current folder."""
    try:
        relative = os.path.relpath(filename)
    except ValueError:  # another drive
        return filename
    return filename if relative.startswith("..") else relative


class _PrintedAside:
    """Stdout is stderr while at least one thread is inside."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._stdout: TextIO | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._stdout, sys.stdout = sys.stdout, sys.stderr
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._stdout is not None:
                sys.stdout, self._stdout = self._stdout, None


_ASIDE = _PrintedAside()
