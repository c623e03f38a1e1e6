"""What findings mean for the exit code: ``--strict`` and ``--allow``, for every command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

import typer

from losscli.findings import HasFindings, allowable

Found = TypeVar("Found", bound=HasFindings)

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

    def exit_code(self, results: Iterable[HasFindings]) -> int:
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
    return Judging(strict, tuple(map(allowable, allow or ())))
