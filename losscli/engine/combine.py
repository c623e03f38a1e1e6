"""A weighted sum of losses: what its rows cost, and the record of the whole.

Every part is measured as it is alone. Here their losses of the same rows are added up, and at the
end their values. Both agree, in that the mean of the rows' sums is the sum of the parts' means,
while the parts divide by the same numbers; where they do not (class weights in one of them), only
the values count.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from losscli.combination import Combination
from losscli.data.feed import Inputs
from losscli.domain import Array
from losscli.engine.conclude import of_rows
from losscli.engine.detail import Detail, distribution_of
from losscli.engine.fold import NONFINITE_ROWS, Keep, State
from losscli.engine.measure import LossState
from losscli.engine.plan import Block
from losscli.engine.sample import Sample, is_shown, nonfinite_rows
from losscli.engine.slices import Slices, Terms
from losscli.results import Distribution, LossRecord, PartResult, Result, SliceRecord
from losscli.spec import Reduction
from losscli.state import JointMoments


@dataclass(slots=True, kw_only=True)
class WholeState(State):
    """What is kept of rows under a combination, beside the states of its parts.

    ``joint`` is of the losses and divisors of the parts, in turn, where the divisors differ.
    """

    joint: JointMoments | None = None

    def merge(self, later: Self) -> None:
        """Take in the rows that follow."""
        State.merge(self, later)  # super() does not know a dataclass with slots
        if self.joint is not None and later.joint is not None:
            self.joint.merge(later.joint)


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the states of the parts of a combination become that of the whole, block by block."""

    combination: Combination
    reduction: Reduction
    keep: Keep

    @property
    def weights(self) -> tuple[float, ...]:
        """Those of the parts."""
        return tuple(part.weight for part in self.combination.parts)

    def __call__(self, block: Block, states: Sequence[LossState]) -> WholeState:
        """The state of a block, from those of the parts, which keep no row any longer."""
        samples = [state.sample.counted() for state in states if state.sample is not None]
        elements = [state.elements for state in states if state.elements is not None]
        for state in states:
            state.sample = state.elements = None
        whole = WholeState(ignored=min(state.ignored for state in states))
        whole.count(states[0])
        if "overall" not in self.combination.reductions_of_parts(self.reduction):
            with np.errstate(all="ignore"):
                self._add_rows(whole, block, samples)
                if self.keep.elements and len({x.shape for x in elements}) == 1:
                    whole.elements = self._sum(elements)
        return whole

    def _add_rows(self, whole: WholeState, block: Block, samples: Sequence[Sample]) -> None:
        sample = self._mix(samples)
        if block.rows:
            self._look_at(whole, block, sample, samples)
        if self.keep.rows or is_shown(block.first_row + block.gaps.rows):
            whole.sample = sample if block.gaps.there is None else sample.spread(block.gaps)

    def _look_at(
        self, whole: WholeState, block: Block, sample: Sample, samples: Sequence[Sample]
    ) -> None:
        counted = _counted(samples)
        bad = nonfinite_rows(sample.per_sample, block.gaps)
        whole.nonfinite, whole.nonfinite_rows = len(bad), bad[:NONFINITE_ROWS]
        if counted is not None:
            whole.ignored = block.rows - counted.size
        if self.keep.detail:
            whole.detail = Detail.of(sample, counted, len(bad), block.gaps, self.keep.asked)
            if _is_nan(sample.divisor):
                whole.joint = _joint(samples, counted)
        if self.keep.by and not _is_nan(sample.divisor):
            share, bound = sample.divisor, self.combination.parts[0].bound
            terms = Terms.of(self.reduction, sample.loss, share, share)
            whole.slices = Slices.of(self.keep.by, block, bound, (), terms)

    def _mix(self, samples: Sequence[Sample]) -> Sample:
        per_sample = self._sum([sample.per_sample for sample in samples])
        parts = tuple(zip(self.weights, samples, strict=True))
        shares = [sample.divisor for sample in samples]
        if all(isinstance(share, float) for share in shares):
            # A row's own mean is its loss over such a divisor, and they are what is added up.
            return replace(
                samples[0], per_sample=per_sample, loss=per_sample, divisor=1.0, parts=parts
            )
        loss = self._sum([sample.loss for sample in samples])
        first = shares[0]
        if all(share is first or np.array_equal(share, first) for share in shares):
            divisor = first
        else:
            divisor = 1.0 if self.reduction == "sum" else math.nan
        return replace(samples[0], per_sample=per_sample, loss=loss, divisor=divisor, parts=parts)

    def _sum(self, arrays: Sequence[Array]) -> Array:
        first, *others = (weight * x for weight, x in zip(self.weights, arrays, strict=True))
        for array in others:
            first += array
        return first


def _is_nan(divisor: Array | float) -> bool:
    return isinstance(divisor, float) and math.isnan(divisor)


def _counted(samples: Sequence[Sample]) -> NDArray[np.intp] | None:
    """The rows that count for a part; None if all do."""
    counts: NDArray[np.bool_] | None = None
    for sample in samples:
        if isinstance(sample.divisor, float):
            return None
        own = sample.divisor > 0.0
        counts = own if counts is None else counts | own
    return None if counts is None else np.flatnonzero(counts)


def _joint(samples: Sequence[Sample], counted: NDArray[np.intp] | None) -> JointMoments:
    columns = [x for sample in samples for x in (sample.loss, sample.divisor)]
    if counted is not None:
        columns = [x[counted] if isinstance(x, np.ndarray) else x for x in columns]
    return JointMoments.of(columns)


def conclude_whole(
    mixture: Mixture, parts: Sequence[Result], state: WholeState, inputs: Inputs
) -> Result:
    """The record of a combination.

    Args:
        mixture: what was evaluated.
        parts: the results of the parts.
        state: of all rows.
        inputs: as the combination sees them.
    """
    combination, detail = mixture.combination, state.detail
    reductions = dict(_reductions(combination, parts))
    value = _sum_values(mixture.weights, [part.value for part in parts])
    meanings = {part.divisor_meaning for part in parts}
    has_one = len(meanings) == 1 and len({part.divisor for part in parts}) == 1
    return Result(
        **of_rows(inputs, mixture.keep, state),
        loss=_record(combination, parts),
        reduction=mixture.reduction,
        value=value,
        reductions=reductions,
        divisor=parts[0].divisor if has_one else math.nan,
        divisor_meaning=parts[0].divisor_meaning if has_one else "of each part its own",
        sum_of_weights=_common_weights(parts),
        clamped=sum(part.clamped for part in parts),
        distribution=None if detail is None else _distribution(mixture, parts, state, detail),
        rank_error=max(part.rank_error for part in parts),
        slices=_slices(mixture, parts, state),
        parts=tuple(
            PartResult(weight, part, weight * part.value, _share(weight * part.value, value))
            for weight, part in zip(mixture.weights, parts, strict=True)
        ),
    )


def _common_weights(parts: Sequence[Result]) -> float | None:
    """The sum of weights of the parts, None if it is not one number."""
    sums = {part.sum_of_weights for part in parts}
    return sums.pop() if len(sums) == 1 else None


def _record(combination: Combination, parts: Sequence[Result]) -> LossRecord:
    own = [part.loss for part in parts if part.loss.digest]
    digests = list(dict.fromkeys(one.digest for one in own))
    return LossRecord(
        combination.loss.name,
        str(combination),
        combination.params,
        combination.loss.summary,
        ", ".join(dict.fromkeys(one.origin for one in own)),
        digests[0] if len(digests) == 1 else _digest_of(digests),
    )


def _digest_of(digests: Sequence[str]) -> str:
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


def _share(part: float, whole: float) -> float:
    return part / whole if math.isfinite(whole) and whole != 0.0 else math.nan


def _distribution(
    mixture: Mixture, parts: Sequence[Result], state: WholeState, detail: Detail
) -> Distribution:
    """The spread of the rows' sums; ``stderr`` is that of the value, whatever the divisors."""
    spread = distribution_of(detail, state.nonfinite)
    if state.joint is None:
        return spread
    gradient: list[float] = []
    for weight, divisor, part in zip(
        mixture.weights, state.joint.mean[1::2].tolist(), parts, strict=True
    ):
        mean = part.reductions.get("mean", math.nan)
        slope = weight / divisor if divisor else math.nan
        gradient += [slope, -mean * slope]
    return replace(spread, stderr=state.joint.stderr(gradient))


def _slices(
    mixture: Mixture, parts: Sequence[Result], state: WholeState
) -> tuple[SliceRecord, ...]:
    """The weighted sum of the parts' losses of each slice.

    Its standard error and its share of the sum are known where the rows add up to the value.
    """
    whole = (
        {}
        if state.slices is None
        else {_key(one): one for one in state.slices.records(mixture.reduction)}
    )
    found = []
    by_slice = [{_key(one): one for one in part.slices} for part in parts]
    for key, first in by_slice[0].items():
        own = [slices[key] for slices in by_slice]
        known = whole.get(key)
        found.append(
            replace(
                first,
                ignored=min(one.ignored for one in own) if known is None else known.ignored,
                value=_sum_values(mixture.weights, [one.value for one in own]),
                stderr=math.nan if known is None else known.stderr,
                share=math.nan if known is None else known.share,
                small=any(one.small for one in own),
            )
        )
    return tuple(sorted(found, key=SliceRecord.order))


def _key(one: SliceRecord) -> tuple[tuple[str, str | None], ...]:
    return tuple(one.slice.items())


def _sum_values(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum((weight * value for weight, value in zip(weights, values, strict=True)), start=-0.0)


def _reductions(combination: Combination, parts: Sequence[Result]) -> dict[str, float]:
    """Every reduction for which each part has a number."""
    found: dict[str, float] = {}
    for reduction in combination.loss.reductions:
        own = combination.reductions_of_parts(reduction)
        pairs = list(zip(own, parts, strict=True))
        if all(name in part.reductions for name, part in pairs):
            values = [part.reductions[name] for name, part in pairs]
            found[reduction] = _sum_values([p.weight for p in combination.parts], values)
    return found
