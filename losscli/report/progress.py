"""How far a long run is, on a terminal only."""

from __future__ import annotations

import time
from types import TracebackType

from losscli.report.terminal import Terminal

# A run shorter than this says nothing; a longer one says it this often.
_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.2
_CLEAR = "\r\x1b[K"


class Progress:
    """One line that is written over as rows come in, and gone when the work is done."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._due = time.monotonic() + _PATIENCE_SECONDS
        self._shown = False

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, rows: int | None) -> None:
        """``done`` of ``rows`` rows are evaluated; None if their number is not known."""
        if not self._terminal.is_tty or time.monotonic() < self._due:
            return
        share = f" of {rows:,} ({done / rows:.0%})" if rows else ""
        self._terminal.write(f"{_CLEAR}{done:,}{share} rows")
        self._terminal.stream.flush()
        self._shown = True
        self._due = time.monotonic() + _PAUSE_SECONDS

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            self._terminal.write(_CLEAR)
            self._terminal.stream.flush()
