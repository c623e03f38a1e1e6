"""How a check says what it found."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from losscli.codes import CODES, Severity
from losscli.findings import Diagnostic

NO_NUMBERS: Mapping[str, float] = MappingProxyType({})


def finding(
    code: str,
    message: str,
    hint: str = "",
    *,
    severity: Severity | None = None,
    option: str = "",
    numbers: Mapping[str, float] = NO_NUMBERS,
    readings: Mapping[str, float] = NO_NUMBERS,
) -> Diagnostic:
    """A finding of this kind.

    Args:
        code: which kind.
        message: what was seen, with the numbers that show it.
        hint: what to do.
        severity: another than the usual one of the code, within its bounds.
        option: what settles it on the command line, such as ``--reduction batchmean``.
        numbers: what was measured, by name.
        readings: the loss under each way to read the data, by name.
    """
    return Diagnostic(
        code, severity or CODES[code].severity, message, hint, option, numbers, readings
    )
