"""Everything losscli raises on purpose.

::

    LosscliError                exit 3   a bug, unless a subclass says otherwise
    ├── UsageError              exit 2   the command or the call is wrong
    │   ├── UnknownLossError             no loss has that name
    │   └── ParameterError               a parameter of a loss is missing, unknown or out of range
    ├── DataError               exit 2   data cannot be used: says which, where, what to do
    ├── UserCodeError           exit 2   a loss of the user's own went wrong; says in which line
    └── OutputError             exit 2   a result could not be written
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class LosscliError(Exception):
    """An error that reaches the user as one message and an exit code, never as a traceback.

    ``code`` is that of the finding it is, as ``losscli explain`` has it; None where it is none.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    @property
    def where(self) -> str:
        """The place the error is about, empty when there is none."""
        return ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n{self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class UsageError(LosscliError):
    """The command line, the configuration or the Python call is wrong."""

    exit_code = 2


class UnknownLossError(UsageError):
    """No registered loss has this name or alias."""


class ParameterError(UsageError):
    """A parameter of a loss is unknown, has the wrong type, or lies outside its range."""


class DataError(LosscliError):
    """A file or an array that cannot be used.

    ``row`` counts data rows from 1, as a person would: the header of a CSV file is not a row.
    What is wrong with data is always a finding, so there is always a ``code``.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        column: str | None = None,
        row: int | None = None,
        hint: str | None = None,
        code: str,
    ) -> None:
        super().__init__(message, hint=hint)
        self.code: str = code
        self.path = path
        self.column = column
        self.row = row

    @property
    def where(self) -> str:
        parts = [self.path] if self.path else []
        if self.column is not None:
            parts.append(f"column {self.column!r}")
        if self.row is not None:
            parts.append(f"row {self.row}")
        return ", ".join(parts)


class UserCodeError(LosscliError):
    """A fault in a user's own loss: an exception, a wrong shape, a file that does not load.

    ``line`` counts from 1 and ``source`` is the text of that line, where one is to blame.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        source: str = "",
        hint: str | None = None,
    ) -> None:
        text = f"{message}\n  {source}" if source else message
        super().__init__(text, hint=hint, code="LC406")
        self.path = path
        self.line = line
        self.source = source
        self.row: int | None = None

    def in_row(self, row: int) -> UserCodeError:
        """The same fault, met in this row, from 0, of what the loss was given.

        Who knows where these rows begin says so too: the numbers add up.
        """
        self.row = row + (self.row or 0)
        return self

    @property
    def where(self) -> str:
        parts = [self.path] if self.path else []
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.row is not None:
            parts.append(f"at row {self.row + 1}")
        return ", ".join(parts)


class OutputError(LosscliError):
    """A result could not be written; nothing is left under the final name."""

    exit_code = 2


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion such as ``did you mean 'huber'?``, or the empty string."""
    close = get_close_matches(word, list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return f"did you mean {' or '.join(repr(name) for name in close)}?"
