"""What a run found: frozen records, one schema for Python, JSON and every report."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.denominator import Denominator
from losscli.domain import Array
from losscli.findings import ChecksRecord, Diagnostic, HasFindings, merge_findings
from losscli.strict_json import SCHEMA_VERSION, Status, finite_or_none, plain, status, to_text

if TYPE_CHECKING:
    import pandas as pd

# A slice of fewer rows that count is marked: what its loss says is mostly chance.
SMALL_SLICE = 30

# As many rows are kept and shown one by one; of more rows only the worst are.
SHOWN_ROWS = 20
# As many digits of a digest tell the versions of a file apart.
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class LossRecord:
    """Which loss, with all its parameters, the spec string that gives it again, and what it is.

    ``origin`` says where a user's own came from, ``digest`` is the SHA-256 of that file.
    """

    name: str
    spec: str
    params: Mapping[str, Any]
    summary: str = ""
    origin: str = ""
    digest: str = ""

    @property
    def version(self) -> str:
        """The spec string and, of a user's own loss, which version of its file."""
        return f"{self.spec}|code:{self.digest[:_DIGITS]}" if self.digest else self.spec


@dataclass(frozen=True, slots=True)
class InputRecord:
    """Where one role was read from; ``path`` is None for an array.

    ``shape`` is that of a row, None along an axis whose length differs from row to row.
    """

    role: str
    path: str | None
    columns: tuple[str, ...]
    rows: int
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the per-sample losses of the counted rows are spread.

    ``stderr`` is the standard error of the mean. ``tail_share`` is the part of the sum that the
    worst 1 % of the rows carry. Quantiles are exact while ``quantile_error`` is 0, else within
    that relative error.
    """

    std: float
    stderr: float
    min: float
    p25: float
    median: float
    p75: float
    p95: float
    p99: float
    max: float
    tail_share: float
    quantile_error: float


def show_place(file: str, row: int) -> str:
    """A row of a file, from 0, as messages name it."""
    return f"{file}, row {row + 1}"


@dataclass(frozen=True, slots=True)
class RowLoss:
    """The loss of one row; rows count from 1.

    ``key`` is its key where rows are joined by one, ``place`` its file and its row there where
    several files are one long table: ``part-2.csv, row 7``.
    """

    row: int
    loss: float
    key: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class RowsAbove:
    """``rows`` of the ``of`` rows that count have a loss above ``loss``."""

    loss: float
    rows: int
    of: int


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """The loss of the rows with one value in each of some columns.

    Attributes:
        slice: by column, the value; None where it is missing.
        n: its rows, or groups; ``ignored`` of them do not count.
        value: its loss under the reduction of the run, as a run on its rows alone gives it.
        stderr: the standard error of ``value``; NaN below two rows, and for set losses.
        low: the lower end of the 95 % confidence interval (Student's t); NaN where ``stderr`` is.
        high: its upper end.
        share: which part of the sum of all losses it carries; NaN where losses may be negative.
        small: do fewer than :data:`SMALL_SLICE` rows count?
    """

    slice: Mapping[str, str | None]
    n: int
    ignored: int
    value: float
    stderr: float
    low: float
    high: float
    share: float
    small: bool

    @property
    def name(self) -> str:
        """``country=DE, device=phone``."""
        return ", ".join(f"{column}={shown(value)}" for column, value in self.slice.items())

    @property
    def status(self) -> Status:
        """``ok`` when the value is finite."""
        return status(self.value)

    def order(self) -> tuple[Any, ...]:
        """Sorts the worst first: not a number, then the highest loss, then by name.

        A slice of which no row counts comes last.
        """
        empty = self.n == self.ignored
        is_number = not math.isnan(self.value)
        names = [(value is None, value or "") for value in self.slice.values()]
        return (empty, is_number, -self.value if is_number else 0.0, names)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The decision guide's word on this data: which loss, and the measurement that says so."""

    loss: str
    because: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class JoinedTable:
    """A table that took part in a join, and what became of its rows.

    ``alone`` of its ``rows`` have a key that the first table (of the first: another one) lacks;
    ``dropped`` of them were left out. ``reordered`` says that they stand in another order than in
    the first table.
    """

    path: str
    on: tuple[str, ...]
    rows: int
    alone: int
    dropped: int
    reordered: bool


@dataclass(frozen=True, slots=True)
class JoinRecord:
    """How rows were brought together by key: by which columns, and how many there are."""

    on: tuple[str, ...]
    rows: int
    tables: tuple[JoinedTable, ...]


@dataclass(frozen=True, slots=True)
class PartResult:
    """One loss of a combination.

    Attributes:
        weight: what it is multiplied by.
        result: its own, as it is alone.
        contribution: weight times value.
        share: the contribution as a share of the whole; NaN where the whole is 0 or not finite.
    """

    weight: float
    result: Result
    contribution: float
    share: float

    def to_dict(self) -> dict[str, Any]:
        """The record as a result has it in its ``parts``."""
        own = self.result.to_dict()
        names = (
            "loss", "reduction", "value", "status", "reductions", "divisor", "divisor_meaning",
            "distribution", "denominator",
        )  # fmt: skip
        return {
            "weight": self.weight,
            "contribution": finite_or_none(self.contribution),
            "share": finite_or_none(self.share),
            **{name: own[name] for name in names},
        }


@dataclass(frozen=True, slots=True)
class Reference:
    """The loss of the best constant prediction, which a model has to beat.

    ``kind`` is what the constant is of the targets, ``prediction`` the constant itself, as the loss
    takes it, its first ten values if it is a row. It is ``exact``, or from ``rows`` of the rows.
    """

    value: float
    kind: str
    prediction: tuple[float, ...]
    exact: bool
    rows: int


@dataclass(frozen=True, kw_only=True)
class Evaluated(HasFindings, ABC):
    """What a result and a comparison share: a loss, the rows it was evaluated on, and findings.

    Attributes:
        n: rows read; ``ignored`` of them do not count (``ignore_index``, weight 0), and ``missing``
            of them lack a value.
        divisor_meaning: what the mean divides by, in words.
        group: the column whose values made a sample of several rows; ``n`` counts groups then.
        join: how rows were joined by key; None where they pair by position.
        tokens: what texts were split into; None where none were.
        by: the columns that the rows were sliced by.
        convention: whose numbers these are, where that was asked for, such as ``keras``.
    """

    loss: LossRecord
    inputs: tuple[InputRecord, ...]
    n: int
    ignored: int
    missing: int = 0
    reduction: str
    divisor_meaning: str
    version: str
    group: str | None = None
    join: JoinRecord | None = None
    tokens: str | None = None
    by: tuple[str, ...] = ()
    convention: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    @abstractmethod
    def signature(self) -> str:
        """Everything that changes the numbers, on one line."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it: plain types, None where not finite."""

    def to_json(self) -> str:
        """Strict JSON: no NaN or Infinity tokens, null and ``status`` in their place."""
        return to_text(self.to_dict())

    @property
    def samples(self) -> str:
        """What ``n`` counts: rows, or groups of them."""
        return "rows" if self.group is None else "groups"

    def _made_of(self) -> list[str]:
        """What the signature says of how rows were made of the files, and of whose numbers."""
        parts = [f"tokens:{self.tokens}"] if self.tokens is not None else []
        parts += [f"group:{self.group}"] if self.group is not None else []
        parts += [f"on:{','.join(self.join.on)}"] if self.join is not None else []
        parts += [f"convention:{self.convention}"] if self.convention else []
        return parts

    def _opening(self) -> dict[str, Any]:
        """How the JSON begins."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "signature": self.signature,
            "loss": plain(self.loss),
            "inputs": plain(self.inputs),
            "join": plain(self.join),
            "tokens": self.tokens,
            "convention": self.convention or None,
            "n": self.n,
            "group": self.group,
            "ignored": self.ignored,
            "missing": self.missing,
        }


@dataclass(frozen=True, kw_only=True)
class Result(Evaluated):
    """One loss evaluated on one data set.

    Attributes:
        value: the loss under ``reduction``; NaN or infinite as PyTorch would have it, see
            ``status``. With ``reduction="none"`` it is the mean, and the per-sample losses are the
            result.
        reductions: every reduction this loss allows that is a number.
        divisor: what the mean divides by.
        missing_rows: how many rows of the files lack a value; a group is several.
        missing_elements: how many elements of the rows were left out one by one.
        key_of: what sample ``i`` (from 0) is called, if it is a group or rows have keys.
        place_of: which file has sample ``i``, and as which row, both from 0, where several files
            are one long table.
        rank_error: where a number rests on quantiles of very many rows, by what share of the rows
            they may be off; 0 if it is exact.
        quantiles: the quantiles of the per-sample losses that were asked for, by their share.
        above: how many rows lie above each loss that was asked about.
        slices: the loss of each slice, the worst first.
        parts: of a combination, each of its losses.
        checks: which findings were looked for; ``diagnostics`` has those that were made.
        reference: the loss of the best constant prediction, where that is defined.
        labels: how labels were written where the loss wants others, such as ``01``.
        classes: the names that labels may have, in their order, where that was said.
        clamped: elements whose loss would be another without the bound on a logarithm.
        sum_of_weights: of what the losses of the elements are multiplied by; None if by nothing, or
            if the parts of a combination weigh them differently.
        per_sample: (N,) losses, row by row, when they were kept.
        elements: the losses before any reduction, (N, ...), when they were kept.
    """

    value: float
    reductions: Mapping[str, float]
    divisor: float
    missing_rows: int = 0
    missing_elements: int = 0
    distribution: Distribution | None = None
    worst: tuple[RowLoss, ...] = ()
    rank_error: float = 0.0
    quantiles: Mapping[float, float] = field(default_factory=lambda: MappingProxyType({}))
    above: tuple[RowsAbove, ...] = ()
    slices: tuple[SliceRecord, ...] = ()
    parts: tuple[PartResult, ...] = ()
    checks: ChecksRecord | None = None
    recommendation: Recommendation | None = None
    reference: Reference | None = None
    labels: str = ""
    classes: tuple[str, ...] = ()
    clamped: int = 0
    sum_of_weights: float | None = None
    key_of: Callable[[int], str] | None = field(default=None, repr=False, compare=False)
    place_of: Callable[[int], tuple[str, int]] | None = field(
        default=None, repr=False, compare=False
    )
    per_sample: Array | None = field(default=None, repr=False, compare=False)
    elements: Array | None = field(default=None, repr=False, compare=False)

    @property
    def counted(self) -> int:
        """How many rows, or groups, the result rests on."""
        return self.n - self.ignored - self.missing

    @property
    def status(self) -> Status:
        """``ok`` when the value is finite."""
        return status(self.value)

    @property
    def signature(self) -> str:
        """Everything that changes the number, on one line."""
        parts = [self.loss.version]
        parts += [f"reduction:{self.reduction}", f"divisor:{self.divisor_meaning}"]
        parts += self._made_of()
        parts += [f"labels:{self.labels}"] if self.labels else []
        parts += [f"n:{self.n}"] + ([f"ignored:{self.ignored}"] if self.ignored else [])
        parts += [f"missing:{self.missing_rows}"] if self.missing_rows else []
        if self.missing_elements:
            parts.append(f"missing-elements:{self.missing_elements}")
        return "|".join([*parts, "acc:float64", f"losscli:{self.version}"])

    @property
    def denominator(self) -> Denominator:
        """What the number counts: rows read, paired, ignored, missing; what it is divided by."""
        joined = {} if self.join is None else {one.path: one.rows for one in self.join.tables}
        return Denominator(
            {one.role: joined.get(one.path or "", one.rows) for one in self.inputs},
            self.n,
            self.ignored,
            self.missing,
            self.counted,
            self.sum_of_weights,
            self.divisor,
            self.divisor_meaning,
            self.clamped,
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it: plain types, None where not finite."""
        record: dict[str, Any] = {
            **self._opening(),
            "missing_rows": self.missing_rows,
            "missing_elements": self.missing_elements,
            "reduction": self.reduction,
            "value": None if self.reduction == "none" else finite_or_none(self.value),
            "status": self.status,
            "reductions": plain(self.reductions),
            "divisor": finite_or_none(self.divisor),
            "divisor_meaning": self.divisor_meaning,
            "rank_error": self.rank_error,
            "distribution": plain(self.distribution),
            "worst": plain(self.worst),
            "diagnostics": plain(self.diagnostics),
            "checks": plain(self.checks),
            "reference": plain(self.reference),
            "denominator": plain(self.denominator),
            "recommendation": plain(self.recommendation),
        }
        if self.parts:
            record["parts"] = [part.to_dict() for part in self.parts]
        if self.by:
            record["by"] = list(self.by)
            record["slices"] = [{**plain(one), "status": one.status} for one in self.slices]
        if self.reduction == "none" and self.per_sample is not None:
            names = self.names_of_rows()
            record |= {f"{name}s": [*values] for name, values in names.items()}
            record["per_sample"] = [finite_or_none(loss) for loss in self.per_sample.tolist()]
        return record

    def to_pandas(self) -> pd.DataFrame:
        """One line a row: ``row`` (from 1) and ``loss``, of a group its ``key`` too.

        Raises:
            ValueError: the per-sample losses were not kept.
        """
        import pandas as pd

        if self.per_sample is None:
            raise ValueError("the per-sample losses were not kept in this run")
        frame = pd.DataFrame({"row": np.arange(1, self.n + 1), "loss": np.asarray(self.per_sample)})
        for at, (name, values) in enumerate(self.names_of_rows().items(), 1):
            frame.insert(at, name, [*values])
        return frame

    def names_of_rows(self) -> dict[str, Iterator[Any]]:
        """What names the samples beside their numbers: ``key``; else ``file`` and ``file_row``.

        Empty where rows of one file pair by position.
        """
        key_of, place_of = self.key_of, self.place_of
        if key_of is not None:
            return {"key": (key_of(i) for i in range(self.n))}
        if place_of is None:
            return {}
        return {
            "file": (place_of(i)[0] for i in range(self.n)),
            "file_row": (place_of(i)[1] + 1 for i in range(self.n)),
        }


def results_to_dict(results: Sequence[Result]) -> dict[str, Any]:
    """The record of several results, as ``--format json`` shows them."""
    merged = merge_findings([(result.loss.spec, result.diagnostics) for result in results])
    return {
        "schema_version": SCHEMA_VERSION,
        "version": results[0].version,
        "results": [result.to_dict() for result in results],
        "diagnostics": plain(merged),
    }


def shown(value: str | None) -> str:
    """A value that rows are sliced by, as a page shows it."""
    return "(missing)" if value is None else value
