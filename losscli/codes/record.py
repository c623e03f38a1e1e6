"""What a code is: a kind of finding, with its long form and an example that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]

# How a command ends that finds an error.
ERROR = 2


@dataclass(frozen=True, slots=True)
class Example:
    """Data that shows the finding and the command that meets it.

    ``files`` has the columns of each file, and the values of a column with blanks between;
    ``scripts`` the text of others. ``before`` is what makes files that are not text.
    """

    files: Mapping[str, Mapping[str, str]]
    command: str
    scripts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    before: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """What is typed, in order."""
        return (self.before, self.command) if self.before else (self.command,)

    def texts(self) -> dict[str, str]:
        """The text of each file."""
        return {**self.scripts, **{name: _csv(columns) for name, columns in self.files.items()}}


def _csv(columns: Mapping[str, str]) -> str:
    rows = zip(*(values.split() for values in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(row) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding.

    ``why`` is the long form, for a reader who has never met it, and says when it fires; ``remedy``
    is what to do. ``up_to`` is how grave it may become. An error that ``stops`` a run leaves no
    number, so that ``--allow`` cannot accept it; ``option`` is what says how to go on instead,
    where that is one option.
    """

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str
    example: Example
    up_to: Severity | None = None
    stops: bool = False
    option: str = ""

    @property
    def gravest(self) -> Severity:
        """How grave it may be."""
        return self.up_to or self.severity

    @property
    def is_of_number(self) -> bool:
        """Is it about the number that came out? That fails a check; other errors leave none."""
        return self.code.startswith("LC2")
