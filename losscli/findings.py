"""What was found about the data beside the number, as records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self, cast

from losscli.codes import CODES, ERROR, Code, Severity
from losscli.errors import UsageError, did_you_mean

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding about the data, with a stable code.

    ``hint`` is what to do, ``option`` what settles it on the command line. ``numbers`` are what was
    measured, ``readings`` the loss under each way to read the data. A finding that was ``allowed``
    is information, whatever its code says.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    option: str = ""
    numbers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    readings: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    allowed: bool = False


@dataclass(frozen=True, slots=True)
class ChecksRecord:
    """The codes that were looked for, and those that were not, each with the reason."""

    run: tuple[str, ...]
    skipped: Mapping[str, str]


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


def allowable(text: str) -> str:
    """The code of this name, if a finding of it can be allowed.

    Raises:
        UsageError: there is no such finding, or it cannot be, or need not be.
    """
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


def gravest_first(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings, errors before warnings and these before information, else as they are."""
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


class HasFindings:
    """A record with findings, and how a command ends that shows it."""

    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        """Did an error-level diagnostic fire?"""
        return any(finding.severity == "error" for finding in self.diagnostics)

    @property
    def exit_code(self) -> int:
        """How a command ends that shows it: 0 without errors."""
        return ERROR if self.failed else 0

    def allowing(self, codes: Collection[str]) -> Self:
        """This record with the findings of these codes as information.

        Raises:
            UsageError: there is no such finding, or it cannot be allowed.
        """
        accepted = [allowable(code) for code in codes]
        found = tuple(
            replace(one, severity="info", allowed=True)
            if one.code in accepted and one.severity != "info"
            else one
            for one in self.diagnostics
        )
        accepting: Self = replace(cast(Any, self), diagnostics=found)
        return accepting


def merge_findings(
    of_losses: Sequence[tuple[str, Sequence[Diagnostic]]],
) -> tuple[Diagnostic, ...]:
    """The findings of several losses, by the spec of each, as one list, the gravest first.

    What is found under all of them is said once; else the message begins with the losses it is
    about.
    """
    found: dict[tuple[str, str, str], tuple[Diagnostic, list[str]]] = {}
    for spec, diagnostics in of_losses:
        for one in diagnostics:
            _, specs = found.setdefault((one.code, one.severity, one.message), (one, []))
            specs.append(spec)
    merged = [
        one
        if len(specs) == len(of_losses) or one.message.startswith(specs[0])
        else replace(one, message=f"{', '.join(specs)}: {one.message}")
        for one, specs in found.values()
    ]
    return tuple(sorted(merged, key=lambda one: SEVERITIES.index(one.severity)))
