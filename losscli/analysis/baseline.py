"""What a model was worth when somebody last said that it is good enough: a small JSON file.

A baseline is written on request only, and says of what it is: loss, reduction, rows, targets. A run
of anything else is refused with the differences, never compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from losscli.analysis.gate import Tolerance, at_most
from losscli.data.place import unreadable
from losscli.data.sink import whole_file
from losscli.errors import DataError
from losscli.results import Result, finite_or_none
from losscli.verdict import Judged

VERSION = 1
_MARK = "losscli_baseline"
_UPDATE = "--update-baseline writes a new one"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a number is of. Two numbers are compared only if all of this is the same.

    Attributes:
        loss: the spec string, with every parameter that is not the default.
        reduction: how rows became one number, and ``divisor`` what it was divided by.
        group: the column whose values made samples of several rows.
        by: the columns that the rows were sliced by.
        n: rows, ``ignored`` of which did not count.
        targets: a digest of what the model was judged by; None where the loss knows no targets.
    """

    loss: str
    reduction: str
    divisor: str
    group: str | None
    n: int
    ignored: int
    targets: str | None

    @classmethod
    def of(cls, result: Result, targets: str | None) -> Identity:
        """That of a result."""
        return cls(
            result.loss.spec,
            result.reduction,
            result.divisor_meaning,
            result.group,
            result.n,
            result.ignored,
            targets,
        )

    def differences(self, now: Identity) -> Iterator[str]:
        """Each field that is not what it is now, with both values."""
        for one in fields(self):
            before, after = getattr(self, one.name), getattr(now, one.name)
            if before != after:
                yield f"{one.name}: {_shown(before)} in the baseline, {_shown(after)} now"


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a baseline came about: for people, compared with nothing."""

    losscli: str
    date: str
    command: str
    commit: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the loss of each row is kept, beside the baseline, and its digest."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """A number, its standard error, what it is of and where it comes from."""

    identity: Identity
    value: float
    stderr: float | None
    written: Provenance
    rows: Rows | None = None

    @classmethod
    def of(
        cls, result: Result, targets: str | None, written: Provenance, rows: Rows | None = None
    ) -> Baseline:
        """That of a result."""
        spread = result.distribution
        return cls(
            Identity.of(result, targets),
            result.value,
            None if spread is None else finite_or_none(spread.stderr),
            written,
            rows,
        )

    def check_same(self, now: Identity, path: str) -> None:
        """Is it of the same loss on the same rows?

        Raises:
            DataError: it is not; the hint has every difference.
        """
        found = list(self.identity.differences(now))
        if found:
            raise DataError(
                "is of something else, so the two numbers cannot be compared",
                path=path,
                hint="\n".join([*found, _UPDATE]),
            )

    def judge(self, result: Result, tolerance: Tolerance) -> Judged:
        """Is the loss at most the baseline's, but for the tolerance?"""
        change = result.value - self.value
        share = f", {100.0 * change / abs(self.value):+.3g} %" if self.value else ""
        return at_most(
            f"baseline + {tolerance}",
            result.loss.spec,
            result.value,
            tolerance.limit(self.value),
            because=f" (the baseline's {self.value!r} + {tolerance}): {change:+.6g}{share}",
        )


def read_baseline(path: str, create: str = "") -> Baseline:
    """A baseline from its file; ``create`` says how to make one where there is none.

    Raises:
        DataError: there is none, it is damaged, or a later losscli wrote it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError("there is no such baseline", path=path, hint=create) from None
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise _damaged(path, "it is not UTF-8") from None
    try:
        record = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise _damaged(path, f"it is not JSON: {error}") from None
    if not isinstance(record, dict) or _MARK not in record:
        raise _damaged(path, f"it has no {_MARK!r}")
    if record[_MARK] != VERSION:
        raise DataError(
            f"is a baseline of version {record[_MARK]}, this losscli reads version {VERSION}",
            path=path,
            hint=f"use the losscli that wrote it, or {_UPDATE}",
        )
    return _read(record, path)


def write_baseline(baseline: Baseline, path: str) -> None:
    """Write it whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    record = {
        _MARK: VERSION,
        **asdict(baseline.identity),
        "value": baseline.value,
        "stderr": baseline.stderr,
        "rows": None if baseline.rows is None else asdict(baseline.rows),
        "written": asdict(baseline.written),
    }
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
    with whole_file(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _read(record: Mapping[str, Any], path: str) -> Baseline:
    """The baseline that a record of this version stands for."""
    identity = _typed(record, _IDENTITY, path)
    numbers = _typed(record, {"value": (float, int), "stderr": (float, int, type(None))}, path)
    rows = _typed(record, {"rows": (dict, type(None))}, path)["rows"]
    written = _typed(record, {"written": (dict,)}, path)["written"]
    known = _typed(written, _PROVENANCE, path)
    return Baseline(
        Identity(**identity),
        float(numbers["value"]),
        numbers["stderr"],
        Provenance(**known),
        None if rows is None else Rows(**_typed(rows, _ROWS, path)),
    )


_TEXT: tuple[type, ...] = (str,)
_MAYBE_TEXT: tuple[type, ...] = (str, type(None))
_COUNT: tuple[type, ...] = (int,)
_IDENTITY = {
    "loss": _TEXT,
    "reduction": _TEXT,
    "divisor": _TEXT,
    "group": _MAYBE_TEXT,
    "n": _COUNT,
    "ignored": _COUNT,
    "targets": _MAYBE_TEXT,
}
_ROWS = {"path": _TEXT, "digest": _TEXT}
_PROVENANCE: dict[str, tuple[type, ...]] = {
    "losscli": _TEXT,
    "date": _TEXT,
    "command": _TEXT,
    "commit": _MAYBE_TEXT,
    "inputs": (dict,),
}


def _typed(
    record: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]], path: str
) -> dict[str, Any]:
    """These fields of a record, each of one of its types."""
    for name, kind in kinds.items():
        if name not in record:
            raise _damaged(path, f"it has no {name!r}")
        if not isinstance(record[name], kind) or isinstance(record[name], bool):
            raise _damaged(path, f"{name} cannot be {json.dumps(record[name])}")
    return {name: record[name] for name in kinds}


def _refuse(token: str) -> None:
    raise ValueError(f"{token} is no number")


def _damaged(path: str, why: str) -> DataError:
    return DataError(f"is no baseline: {why}", path=path, hint=_UPDATE)
