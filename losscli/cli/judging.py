"""What findings mean for the exit code: ``--strict`` and ``--allow``, for every command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from losscli.codes import CODES, Code
from losscli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from losscli.comparison import Comparison
    from losscli.results import Result

    Found = TypeVar("Found", Result, Comparison)

finding_option = partial(typer.Option, rich_help_panel="Findings")

# A warning under --strict.
_STRICT = 1


@dataclass(frozen=True, slots=True)
class Judging:
    """Which findings are accepted, and whether warnings count."""

    strict: bool = False
    allow: tuple[str, ...] = ()

    def of(self, result: Found) -> Found:
        """The result with what is allowed as information."""
        return result.allowing(self.allow) if self.allow else result

    def exit_code(self, results: Iterable[Result | Comparison]) -> int:
        """How a command ends that shows these results."""
        codes = [0]
        for result in results:
            codes.append(result.exit_code)
            warned = any(found.severity == "warning" for found in result.diagnostics)
            codes.append(_STRICT if self.strict and warned else 0)
        return max(codes)


def judging_of(
    *,
    strict: Annotated[
        bool,
        finding_option("--strict", help="A warning ends in exit code 1."),
    ] = False,
    allow: Annotated[
        list[str] | None,
        finding_option(
            metavar="CODE",
            help="Accept this finding, such as LC104: it is shown, and is no error. Repeatable.",
        ),
    ] = None,
) -> Judging:
    """What findings mean, from the options of every command that evaluates."""
    return Judging(strict, tuple(_allowable(text) for text in allow or ()))


def find_code(text: str, option: str = "") -> Code:
    """The code of this name, in any case; ``option`` is where it was given.

    Raises:
        UsageError: there is none.
    """
    found = CODES.get(text.strip().upper())
    if found is None:
        close = did_you_mean(text.strip().upper(), CODES)
        hint = f"{close} " if close else ""
        raise UsageError(
            f"{option}there is no finding {text!r}", hint=f"{hint}`losscli explain` lists them all"
        )
    return found


def _allowable(text: str) -> str:
    code = find_code(text, "--allow: ")
    if code.stops:
        instead = f"{code.option} settles it; " if code.option else ""
        raise UsageError(
            f"--allow {code.code}: it cannot be allowed, since no loss can be computed then",
            hint=f"{instead}`losscli explain {code.code}` says what to do instead",
        )
    if code.gravest == "info":
        raise UsageError(f"--allow {code.code}: it is information only, so nothing has to allow it")
    return code.code
