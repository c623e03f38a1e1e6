"""What a comparison of models found: frozen records, one schema for Python, JSON and reports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from losscli.denominator import Denominator
from losscli.results import Evaluated
from losscli.strict_json import plain, status

if TYPE_CHECKING:
    import pandas as pd

Test: TypeAlias = Literal["t", "permutation", "bootstrap"]
Verdict: TypeAlias = Literal["better", "worse", "no difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a model's loss lies above that of the reference, on the same rows.

    Attributes:
        value: the model's loss minus the reference's; negative is better.
        stderr: the standard error of ``value``, from the paired differences.
        low, high: its interval.
        p_value: how often chance alone would make a difference at least as large, if none were
            real.
        p_adjusted: the same, adjusted (Holm) where several are tested; what ``verdict`` rests on.
        detectable: the difference that this many rows would show with a chance of 80 %.
        won, tied: the share of the counted rows on which the model's loss is lower than the
            reference's, or the same; None where a row has no loss of its own.
        verdict: what can be said at this confidence.
        exact: does the p-value count every way to swap?
        note: what is special about it, empty if nothing.
    """

    value: float
    stderr: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    detectable: float
    won: float | None
    tied: float | None
    verdict: Verdict
    exact: bool = False
    note: str = ""

    @property
    def wins(self) -> float | None:
        """The share of rows won, each tie half."""
        return None if self.won is None or self.tied is None else self.won + 0.5 * self.tied


@dataclass(frozen=True, slots=True)
class ModelLoss:
    """The loss of one model; ``difference`` is None for the reference itself."""

    name: str
    value: float
    stderr: float
    low: float
    high: float
    best: bool
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """The comparison on the rows of one slice, named by its value in each column."""

    values: tuple[str | None, ...]
    n: int
    small: bool
    models: tuple[ModelLoss, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison(Evaluated):
    """Several models, one loss, the same rows.

    Attributes:
        models: in the order in which they were given, the reference among them.
        test: which test the p-values come from.
        resamples: replicates of a resampling test, 0 where there are none.
        confidence: of the intervals; a verdict needs a p-value below one minus it.
        units: what was resampled as a whole: as many rows or clusters, or parts of them.
        sampled: the share of the rows that replicates were drawn from; 1 but for set losses that
            are no sums, on very many rows.
        cluster: the column whose values say which rows belong together, and how many there are.
        slices: the comparison on each slice, worst first: where a model loses most.
        denominators: by model, what its loss counts and what it is divided by.
    """

    reference: str
    models: tuple[ModelLoss, ...]
    test: Test
    resamples: int
    seed: int
    confidence: float
    units: int
    sampled: float
    cluster: str | None = None
    clusters: int | None = None
    slices: tuple[SliceComparison, ...] = ()
    notes: tuple[str, ...] = ()
    denominators: Mapping[str, Denominator] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ModelLoss:
        for model in self.models:
            if model.name == name:
                return model
        raise KeyError(name)

    @property
    def best(self) -> ModelLoss | None:
        """The model with the lowest loss; None if none is finite."""
        return next((model for model in self.models if model.best), None)

    @property
    def signature(self) -> str:
        """Everything that changes the numbers, on one line."""
        parts = [self.loss.version, f"reduction:{self.reduction}"]
        parts += [f"divisor:{self.divisor_meaning}", f"reference:{self.reference}"]
        parts += [f"test:{self.test}"]
        parts += [f"resamples:{self.resamples}", f"seed:{self.seed}"] if self.resamples else []
        parts += [f"cluster:{self.cluster}"] if self.cluster is not None else []
        parts += self._made_of()
        parts += [f"n:{self.n}"] + ([f"ignored:{self.ignored}"] if self.ignored else [])
        parts += [f"missing:{self.missing}"] if self.missing else []
        parts += [f"confidence:{self.confidence:g}"]
        return "|".join([*parts, "acc:float64", f"losscli:{self.version}"])

    def to_dict(self) -> dict[str, Any]:
        """The record as ``--format json`` shows it: plain types, None where not finite."""
        return {
            **self._opening(),
            "reduction": self.reduction,
            "divisor_meaning": self.divisor_meaning,
            "reference": self.reference,
            "test": self.test,
            "resamples": self.resamples,
            "seed": self.seed,
            "confidence": self.confidence,
            "units": self.units,
            "sampled": self.sampled,
            "cluster": self.cluster,
            "clusters": self.clusters,
            "models": [_model(model) for model in self.models],
            "by": list(self.by),
            "slices": [
                {
                    "values": dict(zip(self.by, one.values, strict=True)),
                    "n": one.n,
                    "small": one.small,
                    "models": [_model(model) for model in one.models],
                }
                for one in self.slices
            ],
            "notes": list(self.notes),
            "denominators": plain(self.denominators),
            "diagnostics": plain(self.diagnostics),
        }

    def to_pandas(self) -> pd.DataFrame:
        """One line a model, as ``--format csv`` has it; with slices, one a slice and model."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def records(self) -> list[dict[str, Any]]:
        """One flat record a model; with slices, those of the slices after them."""
        return list(self._records())

    def _records(self) -> Iterator[dict[str, Any]]:
        for model in self.models:
            yield {**dict.fromkeys(self.by), "n": self.n, **_flat(model)}
        for one in self.slices:
            named = dict(zip(self.by, one.values, strict=True))
            for model in one.models:
                yield {**named, "n": one.n, **_flat(model)}


_MODEL_FIELDS = ("value", "stderr", "low", "high")
_DIFFERENCE_FIELDS = (
    "value", "stderr", "low", "high", "p_value", "p_adjusted", "detectable", "won", "tied",
    "verdict", "exact", "note",
)  # fmt: skip


def _model(model: ModelLoss) -> dict[str, Any]:
    numbers = {name: plain(getattr(model, name)) for name in _MODEL_FIELDS}
    found = model.difference
    difference = None
    if found is not None:
        difference = {name: plain(getattr(found, name)) for name in _DIFFERENCE_FIELDS}
    return {
        "name": model.name,
        **numbers,
        "status": status(model.value),
        "best": model.best,
        "difference": difference,
    }


def _flat(model: ModelLoss) -> dict[str, Any]:
    record: dict[str, Any] = {"model": model.name}
    record |= {name: getattr(model, name) for name in _MODEL_FIELDS}
    record |= {"status": status(model.value), "best": model.best}
    found = model.difference
    for name in _DIFFERENCE_FIELDS:
        title = f"difference_{name}" if name in _MODEL_FIELDS else name
        record[title] = None if found is None else getattr(found, name)
    return record


def is_settled(p_value: float, confidence: float) -> bool:
    """Is a p-value small enough to speak of a difference?"""
    return not math.isnan(p_value) and p_value < 1.0 - confidence
