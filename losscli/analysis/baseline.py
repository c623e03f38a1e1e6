"""What a model was worth when somebody last said that it is good enough: a small JSON file.

A baseline is written on request only, and says of what it is: loss, reduction, rows, targets. A run
of anything else is refused with the differences, never compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

from losscli.analysis.gate import Tolerance, at_most, judge_slice
from losscli.data.place import unreadable
from losscli.data.sink import whole_file
from losscli.errors import DataError
from losscli.results import Result, SliceRecord, shown
from losscli.strict_json import finite_or_none, to_text
from losscli.verdict import Judged

VERSION = 1
# Of slices that differ; after a few the point is made.
_SHOWN_SLICES = 5
_MARK = "losscli_baseline"
_UPDATE = "--update-baseline writes a new one"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a number is of. Two numbers are compared only if all of this is the same.

    Attributes:
        loss: the spec string, with every parameter that is not the default; of a user's own which
            version of its file.
        reduction: how rows became one number, and ``divisor`` what it was divided by.
        group: the column whose values made samples of several rows.
        by: the columns that the rows were sliced by.
        n: rows, ``ignored`` of which did not count, and ``missing`` of which lacked a value.
        targets: a digest of what the model was judged by; None where the loss knows no targets.
        tokens: what texts were split into; None where none were.
    """

    loss: str
    reduction: str
    divisor: str
    group: str | None
    by: tuple[str, ...]
    n: int
    ignored: int
    missing: int
    targets: str | None
    tokens: str | None = None

    @classmethod
    def of(cls, result: Result, targets: str | None) -> Identity:
        """That of a result."""
        return cls(
            result.loss.version,
            result.reduction,
            result.divisor_meaning,
            result.group,
            result.by,
            result.n,
            result.ignored,
            result.missing,
            targets,
            result.tokens,
        )

    def differences(self, now: Identity) -> Iterator[str]:
        """Each field that is not what it is now, with both values."""
        for one in fields(self):
            before, after = getattr(self, one.name), getattr(now, one.name)
            if before != after:
                yield f"{one.name}: {_shown(before)} in the baseline, {_shown(after)} now"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class SliceBefore:
    """The loss of a slice; ``value`` is None where none of its rows counted."""

    slice: Mapping[str, str | None]
    n: int
    ignored: int
    value: float | None
    stderr: float | None

    @classmethod
    def of(cls, one: SliceRecord) -> SliceBefore:
        """That of a result."""
        value, stderr = finite_or_none(one.value), finite_or_none(one.stderr)
        return cls(dict(one.slice), one.n, one.ignored, value, stderr)

    @property
    def rows(self) -> tuple[int, int]:
        """How many, and how many of them do not count."""
        return self.n, self.ignored


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
    slices: tuple[SliceBefore, ...] = ()

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
            tuple(map(SliceBefore.of, result.slices)),
        )

    def check_same(self, result: Result, targets: str | None, path: str) -> None:
        """Is it of the same loss on the same rows, in the same slices?

        Raises:
            DataError: it is not; the hint has every difference.
        """
        found = list(self.identity.differences(Identity.of(result, targets)))
        found = found or list(islice(self._moved(result.slices), _SHOWN_SLICES))
        if found:
            raise DataError(
                "is of something else, so the two numbers cannot be compared",
                path=path,
                hint="\n".join([*found, _UPDATE]),
                code="LC501",
            )

    def _moved(self, now: Sequence[SliceRecord]) -> Iterator[str]:
        """Each slice that has other rows than before."""
        before = {_key(one.slice): one.rows for one in self.slices}
        after = {_key(one.slice): (one.n, one.ignored) for one in now}
        for key in dict.fromkeys([*before, *after]):
            if before.get(key) != after.get(key):
                name = ", ".join(f"{column}={shown(value)}" for column, value in key)
                rows = [count[0] if count else 0 for count in (before.get(key), after.get(key))]
                yield f"rows of {name}: {rows[0]} in the baseline, {rows[1]} now"

    def judge(self, result: Result, tolerance: Tolerance) -> Judged:
        """Is the loss at most the baseline's, but for the tolerance?"""
        return at_most(
            f"baseline + {tolerance}",
            result.loss.spec,
            result.value,
            tolerance.limit(self.value),
            because=_change(self.value, result.value, tolerance),
        )

    def judge_slices(self, result: Result, tolerance: Tolerance) -> Iterator[Judged]:
        """Is the loss of each slice at most what it was?"""
        before = {_key(one.slice): one.value for one in self.slices}
        for one in result.slices:
            was = before[_key(one.slice)]
            if was is not None:
                because = _change(was, one.value, tolerance)
                gate = f"slice's baseline + {tolerance}"
                yield judge_slice(gate, result, one, tolerance.limit(was), because=because)


def _key(slice: Mapping[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return tuple(slice.items())


def _change(before: float, now: float, tolerance: Tolerance) -> str:
    share = f", {100.0 * (now - before) / abs(before):+.3g} %" if before else ""
    return f" (the baseline's {before!r} + {tolerance}): {now - before:+.6g}{share}"


def read_baseline(path: str, create: str = "") -> Baseline:
    """A baseline from its file; ``create`` says how to make one where there is none.

    Raises:
        DataError: there is none, it is damaged, or a later losscli wrote it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError("there is no such baseline", path=path, hint=create, code="LC501") from None
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
            code="LC501",
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
        "slices": [asdict(one) for one in baseline.slices],
        "rows": None if baseline.rows is None else asdict(baseline.rows),
        "written": asdict(baseline.written),
    }
    text = to_text(record)
    with whole_file(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _read(record: Mapping[str, Any], path: str) -> Baseline:
    """The baseline that a record of this version stands for."""
    identity = _typed({"tokens": None, **record}, _IDENTITY, path)
    numbers = _typed(record, _NUMBERS, path)
    slices = _typed(record, {"slices": (list,)}, path)["slices"]
    rows = _typed(record, {"rows": (dict, type(None))}, path)["rows"]
    written = _typed(record, {"written": (dict,)}, path)["written"]
    known = _typed(written, _PROVENANCE, path)
    return Baseline(
        Identity(**{**identity, "by": tuple(map(str, identity["by"]))}),
        float(numbers["value"]),
        numbers["stderr"],
        Provenance(**known),
        None if rows is None else Rows(**_typed(rows, _ROWS, path)),
        tuple(SliceBefore(**_typed(one, _SLICE, path)) for one in slices),
    )


_TEXT: tuple[type, ...] = (str,)
_MAYBE_TEXT: tuple[type, ...] = (str, type(None))
_COUNT: tuple[type, ...] = (int,)
_IDENTITY = {
    "loss": _TEXT,
    "reduction": _TEXT,
    "divisor": _TEXT,
    "group": _MAYBE_TEXT,
    "by": (list,),
    "n": _COUNT,
    "ignored": _COUNT,
    "missing": _COUNT,
    "targets": _MAYBE_TEXT,
    "tokens": _MAYBE_TEXT,
}
_NUMBER: tuple[type, ...] = (float, int)
_MAYBE_NUMBER: tuple[type, ...] = (float, int, type(None))
_NUMBERS = {"value": _NUMBER, "stderr": _MAYBE_NUMBER}
_SLICE: dict[str, tuple[type, ...]] = {
    "slice": (dict,),
    "n": _COUNT,
    "ignored": _COUNT,
    "value": _MAYBE_NUMBER,
    "stderr": _MAYBE_NUMBER,
}
_ROWS = {"path": _TEXT, "digest": _TEXT}
_PROVENANCE: dict[str, tuple[type, ...]] = {
    "losscli": _TEXT,
    "date": _TEXT,
    "command": _TEXT,
    "commit": _MAYBE_TEXT,
    "inputs": (dict,),
}


def _typed(record: Any, kinds: Mapping[str, tuple[type, ...]], path: str) -> dict[str, Any]:
    """These fields of a record, each of one of its types."""
    if not isinstance(record, dict):
        raise _damaged(path, f"{json.dumps(record)} stands where fields should")
    for name, kind in kinds.items():
        if name not in record:
            raise _damaged(path, f"it has no {name!r}")
        if not isinstance(record[name], kind) or isinstance(record[name], bool):
            raise _damaged(path, f"{name} cannot be {json.dumps(record[name])}")
    return {name: record[name] for name in kinds}


def _refuse(token: str) -> None:
    raise ValueError(f"{token} is no number")


def _damaged(path: str, why: str) -> DataError:
    return DataError(f"is no baseline: {why}", path=path, hint=_UPDATE, code="LC501")
