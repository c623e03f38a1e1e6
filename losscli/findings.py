"""What was found about the data beside the number, as records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from losscli.codes import CODES, Severity

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

    @property
    def exit_code(self) -> int:
        """How a command ends because of it: 0 if it is no error."""
        return CODES[self.code].exit_code if self.severity == "error" else 0


@dataclass(frozen=True, slots=True)
class ChecksRecord:
    """The codes that were looked for, and those that were not, each with the reason."""

    run: tuple[str, ...]
    skipped: Mapping[str, str]


def allowing(found: Iterable[Diagnostic], codes: Collection[str]) -> tuple[Diagnostic, ...]:
    """The findings, those of these codes as information."""
    return tuple(
        replace(one, severity="info", allowed=True)
        if one.code in codes and one.severity != "info"
        else one
        for one in found
    )


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
