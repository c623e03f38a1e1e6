"""What a value may be.

A kernel states the domain of each argument in its annotation (``prediction: Real``). Validation
with row numbers, reference pages and property-test data are all derived from that one statement.

A *role* is an argument that is data, one entry a row; its :class:`Domain` also says its axes:

======== ==================================================
``N``    rows
``C``    classes, always axis 1
``D``    the components of an embedding
``...``  any further axes, the same for all roles of a loss
======== ==================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of numbers; an open end excludes its bound."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def outside(self, x: Array) -> NDArray[np.bool_]:
        """Elementwise: is this value not in the interval? NaN is in none."""
        above = x > self.low if self.low_open else x >= self.low
        below = x < self.high if self.high_open else x <= self.high
        return ~(above & below)

    def __str__(self) -> str:
        left = "(" if self.low_open or self.low == -inf else "["
        right = ")" if self.high_open or self.high == inf else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


ANY = Interval()
POSITIVE = Interval(low=0.0, low_open=True)
NON_NEGATIVE = Interval(low=0.0)
UNIT = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Context:
    """What the data and the parameters say about a role whose domain depends on them."""

    ndim: int
    logits_ndim: int
    classes: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Domain:
    """The values and axes of one role.

    ``values`` lists the only ones allowed (labels); otherwise ``interval`` bounds them,
    ``integral`` wants whole numbers, and ``also`` admits one value more. ``nan`` says whether NaN
    passes and propagates into the loss, as in PyTorch. ``hint`` is what to do about a value
    outside.
    """

    name: str
    axes: tuple[str, ...]
    meaning: str
    interval: Interval = ANY
    values: tuple[float, ...] | None = None
    integral: bool = False
    also: float | None = None
    nan: bool = False
    hint: str = ""

    @property
    def is_matrix(self) -> bool:
        """Does a row hold several values, so that a file needs several columns or a list column?"""
        return len(self.axes) > 1 and self.axes[1] != "..."

    def resolve(self, context: Context) -> Domain:
        """The domain once shapes and parameters are known. Most domains know all they need."""
        return self

    def first_bad(self, x: Array) -> tuple[int, ...] | None:
        """Index of the first element outside the domain, in row order, or None."""
        if x.size == 0 or self._surely_inside(x):
            return None
        bad = self._outside(x)
        if not bad.any():
            return None
        return tuple(int(i) for i in np.unravel_index(int(bad.argmax()), x.shape))

    def _surely_inside(self, x: Array) -> bool:
        # Two cheap passes settle nearly every block. NaN fails both comparisons and is looked at
        # again.
        if self.values is not None or self.integral:
            return False
        if self.interval == ANY:
            return self.nan
        return float(x.min()) in self.interval and float(x.max()) in self.interval

    def _outside(self, x: Array) -> NDArray[np.bool_]:
        if self.values is not None:
            return ~np.isin(x, self.values)
        bad = self.interval.outside(x)
        if self.integral:
            bad |= x != np.rint(x)
        if self.also is not None:
            bad &= x != self.also
        if self.nan:
            bad &= ~np.isnan(x)
        return bad

    def __str__(self) -> str:
        return self.meaning


@dataclass(frozen=True, slots=True)
class ClassIndexDomain(Domain):
    """Labels ``0 .. C-1``, and ``ignore_index`` where the loss has one."""

    def resolve(self, context: Context) -> Domain:
        ignore_index = context.params.get("ignore_index")
        ignored = "" if ignore_index is None else f" (or {ignore_index}, which is ignored)"
        last = context.classes - 1
        return Domain(
            name=self.name,
            axes=self.axes,
            interval=Interval(0, last),
            integral=True,
            also=None if ignore_index is None else float(ignore_index),
            meaning=f"a class index 0 .. {last}{ignored}",
            hint=f"there are {context.classes} classes, so labels run from 0 to {last}",
        )


@dataclass(frozen=True, slots=True)
class ClassTargetDomain(ClassIndexDomain):
    """Class indices, or class probabilities when the target has the shape of the logits."""

    def resolve(self, context: Context) -> Domain:
        if context.ndim == context.logits_ndim:
            return CLASS_PROBABILITIES
        # slots=True makes a new class, which the zero-argument super() does not know.
        return ClassIndexDomain.resolve(self, context)


@dataclass(frozen=True, slots=True)
class LogTargetDomain(Domain):
    """Probabilities, or log-probabilities when the parameter ``log_target`` is set."""

    def resolve(self, context: Context) -> Domain:
        return LOG_PROBABILITY if context.params["log_target"] else PROBABILITY


ELEMENTWISE = ("N", "...")
PER_ROW = ("N",)
CLASSES = ("N", "C", "...")
COMPONENTS = ("N", "D")

REAL = Domain("real", ELEMENTWISE, "any number", nan=True)
LOGIT = Domain("logit", ELEMENTWISE, "a logit: any number, before the sigmoid", nan=True)
PROBABILITY = Domain(
    "probability", ELEMENTWISE, "a probability in [0, 1]", UNIT,
    hint="logits go through a sigmoid first, or use a loss that takes logits",
)  # fmt: skip
LOG_PROBABILITY = Domain(
    # A log-softmax in float32 can end a rounding error above zero.
    "log-probability", ELEMENTWISE, "a log-probability, at most 0", Interval(high=1e-5), nan=True,
    hint="take the log-softmax of logits, or the logarithm of probabilities, first",
)  # fmt: skip
LOG_PROBABILITIES = Domain(
    "log-probabilities", CLASSES, "log-probabilities, at most 0", Interval(high=1e-5), nan=True,
    hint="these look like logits or probabilities: for logits use cross-entropy",
)  # fmt: skip
CLASS_PROBABILITIES = Domain(
    "class probabilities", CLASSES, "a probability in [0, 1], one for each class", UNIT,
    hint="a target with as many columns as there are classes is read as class probabilities",
)  # fmt: skip
LOGITS = Domain("logits", CLASSES, "logits, one for each class", nan=True)
CLASS_INDEX = ClassIndexDomain("class index", ("N", "..."), "a class index 0 .. C-1", integral=True)
CLASS_TARGET = ClassTargetDomain(
    "class target", ("N", "..."), "a class index 0 .. C-1, or C class probabilities", integral=True
)
LOG_TARGET = LogTargetDomain(
    "probability", ELEMENTWISE, "a probability in [0, 1]; with log_target, its logarithm", UNIT
)
SIGN = Domain(
    "sign", ELEMENTWISE, "1 or -1", values=(-1.0, 1.0),
    hint="this loss wants labels 1 and -1; from labels 0 and 1 take 2 * label - 1",
)  # fmt: skip
ROW_SIGN = Domain("sign", PER_ROW, SIGN.meaning, values=SIGN.values, hint=SIGN.hint)
EMBEDDING = Domain("embedding", COMPONENTS, "the components of a vector", nan=True)
WEIGHT = Domain("weight", ELEMENTWISE, "a weight, at least 0", NON_NEGATIVE)

Real: TypeAlias = Annotated[Array, REAL]
Logit: TypeAlias = Annotated[Array, LOGIT]
Probability: TypeAlias = Annotated[Array, PROBABILITY]
LogProbability: TypeAlias = Annotated[Array, LOG_PROBABILITY]
LogProbabilities: TypeAlias = Annotated[Array, LOG_PROBABILITIES]
Logits: TypeAlias = Annotated[Array, LOGITS]
ClassIndex: TypeAlias = Annotated[Array, CLASS_INDEX]
ClassTarget: TypeAlias = Annotated[Array, CLASS_TARGET]
LogTarget: TypeAlias = Annotated[Array, LOG_TARGET]
Sign: TypeAlias = Annotated[Array, SIGN]
RowSign: TypeAlias = Annotated[Array, ROW_SIGN]
Embedding: TypeAlias = Annotated[Array, EMBEDDING]
Weight: TypeAlias = Annotated[Array, WEIGHT]


@dataclass(frozen=True, slots=True)
class Along:
    """Marks a vector parameter, with one number along an axis: ``C`` classes, ``K`` columns."""

    axis: str


ClassWeights: TypeAlias = Annotated[Array, Along("C")]
ColumnWeights: TypeAlias = Annotated[Array, Along("K")]


@dataclass(frozen=True, slots=True)
class Role:
    """An argument that is data: one entry a row, read from a file or passed as an array.

    ``stands_for`` names roles whose columns it takes as well, where no loss is chosen yet.
    """

    name: str
    domain: Domain
    optional: bool = False
    stands_for: tuple[str, ...] = ()


# Every loss takes it: the mean is then sum(w * loss) / sum(w * divisor).
SAMPLE_WEIGHT = Role(
    "sample_weight", Domain("weight", PER_ROW, "a weight, at least 0", NON_NEGATIVE), optional=True
)

# What can be measured before a loss is chosen: a prediction and a target of any shape.
ANYTHING = Domain("anything", ELEMENTWISE, "any number", nan=True)
PAIR = (
    Role("prediction", ANYTHING, stands_for=("logits", "log_probs")),
    Role("target", ANYTHING),
)
