"""What a value may be.

A kernel states the domain of each argument in its annotation (``prediction: Real``). Validation
with row numbers, reference pages and property-test data are all derived from that one statement.

A *role* is an argument that is data, one entry a row; its :class:`Domain` also says its axes:

======== ==========================================================================
``N``    rows
``C``    classes; axis 1 wherever ``...`` follows
``D``    the components of an embedding
``L``    the items of a list (of a query, of a batch); every row may have its own number
``T``    the frames of a sequence, each row its own number of them
``S``    the labels of a sequence, likewise
``M``    the members of an ensemble, or samples of a forecast
``4``    a digit is a length
``...``  any further axes, the same for all roles of a loss
``*``    as ``...``, or one value for the whole row
``any``  any further axes, whatever those of other roles are (a user's own loss)
======== ==========================================================================

A letter has one length for all roles of a loss that name it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


# Axes along which rows may differ in length, and those that stand for any number of axes.
LIST_AXES = ("L", "T", "S")
FURTHER = ("...", "*", "any")

ANY = Interval()
POSITIVE = Interval(low=0.0, low_open=True)
NON_NEGATIVE = Interval(low=0.0)
UNIT = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Context:
    """What the data and the parameters say about a role whose domain depends on them.

    ``lengths`` are those of the axes of earlier roles, negative where every row has its own.
    """

    ndim: int
    logits_ndim: int
    classes: int
    params: Mapping[str, Any]
    lengths: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


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
        return len(self.axes) > 1 and self.axes[1] not in FURTHER

    @property
    def is_list(self) -> bool:
        """May every row have a length of its own?"""
        return len(self.axes) > 1 and self.axes[1] in LIST_AXES

    @property
    def is_tokens(self) -> bool:
        """Does only matter which values are equal, so that a text can be split into them?"""
        return isinstance(self, TokenDomain)

    @property
    def width(self) -> int | None:
        """How many values a row has where that is settled, such as the four of a box."""
        return int(self.axes[1]) if self.axes[1:] and self.axes[1].isdigit() else None

    @property
    def named_axes(self) -> int:
        """How many axes an array of this domain has at least."""
        return len([axis for axis in self.axes if axis not in FURTHER])

    @property
    def are_classes(self) -> bool:
        """Are these the indices of classes, whole numbers from 0 on?"""
        return self.integral and self.name in ("class index", "class target", "ordered class")

    def code_of(self, value: float) -> str:
        """The code of the finding that this value is none of the domain."""
        if self.values == (-1.0, 1.0) and value == 0.0:
            return "LC124"
        if self.values == (0.0, 1.0) and value == -1.0:
            return "LC124"
        if self.are_classes:
            return "LC125"
        if self.interval == UNIT:
            return "LC126"
        return "LC127" if self.name.startswith("log-prob") else "LC123"

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


class ClassIndexDomain(Domain):
    """Labels ``0 .. C-1``, and ``ignore_index`` where the loss has one."""

    __slots__ = ()

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


class ClassTargetDomain(ClassIndexDomain):
    """Class indices, or class probabilities when the target has the shape of the logits."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        if context.ndim == context.logits_ndim:
            return CLASS_PROBABILITIES
        return super().resolve(context)


class RowClassTargetDomain(ClassIndexDomain):
    """One class index a row, or class probabilities when the target has classes too."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        if context.ndim > 1:
            return CLASS_PROBABILITIES
        return super().resolve(context)


class OrderedClassDomain(Domain):
    """Ordered classes ``0 .. C``, told apart by C thresholds."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        last = context.classes
        return Domain(
            name=self.name,
            axes=self.axes,
            interval=Interval(0, last),
            integral=True,
            meaning=f"an ordered class 0 .. {last}",
            hint=f"{last} thresholds part {last + 1} classes, numbered 0 to {last}",
        )


class BinPositionDomain(Domain):
    """A position on the axis of ``C`` bins, between those with the numbers ``0`` and ``C-1``."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        last = max(context.classes - 1, 0)
        return Domain(
            self.name, self.axes, f"a position 0 .. {last} among the bins", Interval(0.0, last),
            hint=f"there are {context.classes} bins; divide numbers by the width of one first",
        )  # fmt: skip


class LogTargetDomain(Domain):
    """Probabilities, or log-probabilities when the parameter ``log_target`` is set."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        return LOG_PROBABILITY if context.params["log_target"] else PROBABILITY


class LabelDomain(Domain):
    """0 or 1, or the label of any class when there is no ``threshold`` for a score to pass."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        return ANY_LABEL if context.params["threshold"] is None else BINARY


class ClassListDomain(Domain):
    """The classes that hold, each by its index, -1 after the last."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        last = context.classes - 1
        return Domain(
            name=self.name,
            axes=self.axes,
            interval=Interval(-1, last),
            integral=True,
            meaning=f"a class index 0 .. {last}, or -1 after the last one of the row",
            hint=f"list the classes that hold, each 0 .. {last}; rows with fewer end in -1",
        )


class ActivationDomain(Domain):
    """Probabilities, or logits where the parameter ``from_logits`` is set."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        if not context.params["from_logits"]:
            return self
        return LOGITS if "C" in self.axes else LOGIT


class MaskDomain(Domain):
    """Probabilities, and ``ignore_index`` where one is set."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        ignored = context.params["ignore_index"]
        if ignored is None:
            return self
        meaning = f"{self.meaning} (or {ignored}, which is ignored)"
        return replace(self, also=float(ignored), meaning=meaning)


@dataclass(frozen=True, slots=True)
class TweedieDomain(Domain):
    """What a Tweedie distribution of the parameter ``power`` can give, or have as its mean."""

    is_mean: bool = False

    def resolve(self, context: Context) -> Domain:
        power = context.params["power"]
        if self.is_mean:
            return REAL if power == 0.0 else POSITIVE_REAL
        if power <= 0.0:
            return REAL
        return NON_NEGATIVE_REAL if power < 2.0 else POSITIVE_REAL


class FrameScoresDomain(Domain):
    """Log-probabilities of each frame, or logits when the parameter ``from_logits`` is set."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        return FRAME_LOGITS if context.params["from_logits"] else FRAME_LOG_PROBABILITIES


@dataclass(frozen=True, slots=True)
class LengthDomain(Domain):
    """How many entries of a row count, at most as many as it has along the axis ``counts``."""

    counts: str = ""

    def resolve(self, context: Context) -> Domain:
        most = context.lengths.get(self.counts, -1)
        if most < 0:
            return self
        return replace(self, interval=Interval(0, most), meaning=f"a whole number 0 .. {most}")


class TokenDomain(Domain):
    """Tokens: numbers of which only the equal ones matter, or texts that are split into some."""

    __slots__ = ()


class LogInputDomain(Domain):
    """Means, or their logarithms when the parameter ``log_input`` is set."""

    __slots__ = ()

    def resolve(self, context: Context) -> Domain:
        return REAL if context.params["log_input"] else self


ELEMENTWISE = ("N", "...")
PER_ROW = ("N",)
CLASSES = ("N", "C", "...")
ROW_OF_CLASSES = ("N", "C")
COMPONENTS = ("N", "D")
ITEMS = ("N", "L")

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
THRESHOLD_LOGITS = Domain(
    "threshold logits", CLASSES, "logits, one for each threshold between ordered classes", nan=True
)
ORDERED_CLASS = OrderedClassDomain(
    "ordered class", ELEMENTWISE, "an ordered class, 0 .. as many as there are thresholds",
    integral=True,
)  # fmt: skip
CLASS_INDEX = ClassIndexDomain("class index", ("N", "..."), "a class index 0 .. C-1", integral=True)
CLASS_TARGET = ClassTargetDomain(
    "class target", ("N", "..."), "a class index 0 .. C-1, or C class probabilities", integral=True
)
ROW_CLASS_TARGET = RowClassTargetDomain(
    CLASS_TARGET.name, PER_ROW, CLASS_TARGET.meaning, integral=True
)
LOG_TARGET = LogTargetDomain(
    "probability", ELEMENTWISE, "a probability in [0, 1]; with log_target, its logarithm", UNIT
)
BIN_POSITION = BinPositionDomain("bin position", ELEMENTWISE, "a position among the bins")
SIGN = Domain(
    "sign", ELEMENTWISE, "1 or -1", values=(-1.0, 1.0),
    hint="this loss wants labels 1 and -1; --labels 01 reads labels 0 and 1 as these",
)  # fmt: skip
ROW_SIGN = Domain("sign", PER_ROW, SIGN.meaning, values=SIGN.values, hint=SIGN.hint)
DISTRIBUTION = Domain(
    # 0 stands apart: against it a divergence may be infinite.
    "distribution", COMPONENTS, "a probability in [0, 1], one for each outcome",
    Interval(0.0, 1.0, low_open=True), also=0.0,
    hint="logits go through a softmax first; counts are divided by their sum",
)  # fmt: skip
EMBEDDING = Domain("embedding", COMPONENTS, "the components of a vector", nan=True)
WEIGHT = Domain("weight", ELEMENTWISE, "a weight, at least 0", NON_NEGATIVE)

POSITIVE_REAL = Domain("positive", ELEMENTWISE, "a number above 0", POSITIVE)
NON_NEGATIVE_REAL = Domain("non-negative", ELEMENTWISE, "a number, at least 0", NON_NEGATIVE)
ABOVE_MINUS_ONE = Domain(
    "above -1", ELEMENTWISE, "a number above -1", Interval(low=-1.0, low_open=True),
    hint="log(1 + x) is not defined at or below -1",
)  # fmt: skip
VARIANCE = Domain("variance", ("N", "*"), "a variance, at least 0", NON_NEGATIVE)
BINARY = Domain(
    "binary label", ELEMENTWISE, "0 or 1", values=(0.0, 1.0), hint="labels must be 0 and 1"
)
MULTILABEL = Domain(
    "multi-label", ROW_OF_CLASSES, "0 or 1 for each class", values=(0.0, 1.0),
    hint="give one column of 0 and 1 for each class",
)  # fmt: skip
ANY_LABEL = Domain("label", ELEMENTWISE, "the label of a class, any number")
LABEL = LabelDomain("label", ELEMENTWISE, "0 or 1; with threshold None the label of any class")
MULTILABEL_PROBABILITIES = Domain(
    "multi-label", ROW_OF_CLASSES, "0 or 1 for each class, or how likely it holds", UNIT,
    hint="give one column for each class, with 0 where it does not hold and 1 where it does",
)  # fmt: skip
CLASS_LIST = ClassListDomain(
    "class list", ("N", "S"), "the indices of the classes that hold, -1 after the last",
    integral=True,
)  # fmt: skip
ROW_SCORES = Domain(
    "scores", ROW_OF_CLASSES, "a score for each class: 0 or 1, a probability, or a logit", nan=True
)
ROW_LOGITS = Domain("multi-label logits", ROW_OF_CLASSES, "logits, one for each class", nan=True)
CLASS_SCORES = Domain("class scores", CLASSES, "any number, a score for each class", nan=True)
SCORE = Domain("score", ELEMENTWISE, "a score: any number, above 0 for yes", nan=True)
PREDICTED_PROBABILITIES = Domain(
    "class probabilities", CLASSES, "a probability in [0, 1], one for each class", UNIT,
    hint="these look like logits: take their softmax first, or use a loss that takes logits",
)  # fmt: skip
MASK_PREDICTION = ActivationDomain(
    "probability", ELEMENTWISE, "a probability in [0, 1]; with from_logits, a logit", UNIT,
    hint="if these are logits, set from_logits=True",
)  # fmt: skip
CLASS_PREDICTION = ActivationDomain(
    "class probabilities", CLASSES, "a probability in [0, 1] or, with from_logits, a logit, "
    "one for each class", UNIT, hint="if these are logits, set from_logits=True",
)  # fmt: skip
MASK = MaskDomain(
    "mask", ELEMENTWISE, "0 or 1, or a probability", UNIT,
    hint="a mask of class indices needs a loss for several classes, such as multiclass-dice",
)  # fmt: skip
BINARY_MASK = MaskDomain(
    "binary mask", ELEMENTWISE, "0 or 1", UNIT, integral=True,
    hint="this loss takes hard masks; soft ones suit dice or jaccard",
)  # fmt: skip
TWEEDIE_TARGET = TweedieDomain(
    "Tweedie target", ELEMENTWISE, "a number; at least 0 if power > 0, above 0 if power >= 2"
)
TWEEDIE_MEAN = TweedieDomain(
    "Tweedie mean", ELEMENTWISE, "a number above 0; any number if power = 0", is_mean=True
)
RATE = LogInputDomain(
    "rate", ELEMENTWISE, "a mean, at least 0; with log_input, its logarithm", NON_NEGATIVE,
    hint="if these are logarithms, set log_input=True",
)  # fmt: skip
POSITIVE_MEAN = LogInputDomain(
    "positive mean", ELEMENTWISE, "a mean, above 0; with log_input, its logarithm", POSITIVE,
    hint="if these are logarithms, set log_input=True",
)  # fmt: skip
COUNT = Domain(
    "count", ELEMENTWISE, "a count: 0, 1, 2 ...", NON_NEGATIVE, integral=True,
    hint="counts are whole numbers; give them before any scaling or logarithm",
)  # fmt: skip
SCALE = Domain(
    "scale", ("N", "*"), "a scale, above 0", POSITIVE,
    hint="if these are logarithms, take their exponential first",
)  # fmt: skip
STD = Domain(
    "std", ("N", "*"), "a standard deviation, at least 0", NON_NEGATIVE,
    hint="if these are logarithms, take their exponential first",
)  # fmt: skip
DEGREES = Domain("degrees of freedom", ("N", "*"), "degrees of freedom, above 0", POSITIVE)
DISPERSION = Domain(
    "dispersion", ("N", "*"), "a dispersion, at least 0", NON_NEGATIVE,
    hint="the variance is mean + dispersion * mean^2: the inverse of theta or total_count",
)  # fmt: skip
COMMON_REAL = Domain(
    "real", ("N", "*"), "any number, one for each prediction or one for the row", nan=True
)
ROW_REAL = Domain("real", PER_ROW, REAL.meaning, nan=True)
ENSEMBLE_VECTORS = Domain(
    "ensemble of vectors", ("N", "M", "D"), "the members of an ensemble, each a vector", nan=True
)
BOX = Domain("box", ("N", "4"), "the four numbers of a box")
ENSEMBLE = Domain("ensemble", ("N", "M"), "the members of an ensemble", nan=True)
SCORES = Domain("scores", ITEMS, "a score for each item of a list", nan=True)
RELEVANCES = Domain(
    "relevances", ITEMS, "how relevant each item of a list is, at least 0", NON_NEGATIVE
)
CHANCES = Domain(
    "chances of relevance", ITEMS, "the probability that an item of a list is relevant", UNIT,
    hint="turn grades g into probabilities first, such as (2^g - 1) / 2^highest",
)  # fmt: skip
LIST_LABELS = Domain("labels", ITEMS, "the class of each item of a list")
LIST_BINARY = Domain("binary labels", ITEMS, "0 or 1 for each item of a list", values=(0.0, 1.0))
LIST_EMBEDDINGS = Domain(
    "embeddings", ("N", "L", "D"), "a vector for each item of a list", nan=True
)
CLASS_VECTORS = Domain("class vectors", ("C", "D"), "a vector for each class")
CLASS_OFFSETS = Domain("class offsets", ("C",), "a number for each class")
SIGNAL = Domain("signal", ("N", "T"), "the samples of a signal", nan=True)
UNCERTAIN_LOG_PROBABILITY = Domain(
    "log-probability below 0", ELEMENTWISE, "a log-probability below 0",
    Interval(high=0.0, high_open=True), nan=True, hint="a probability of 1 has infinite odds",
)  # fmt: skip
FRAMES = ("N", "T", "C")
FRAME_LOG_PROBABILITIES = Domain(
    "log-probabilities", FRAMES, "log-probabilities, at most 0", Interval(high=1e-5), nan=True,
    hint="these look like logits or probabilities: for logits set from_logits",
)  # fmt: skip
FRAME_LOGITS = Domain("logits", FRAMES, "logits, one for each class of a frame", nan=True)
FRAME_SCORES = FrameScoresDomain(
    "log-probabilities", FRAMES, "log-probabilities of the classes of each frame, or logits",
    nan=True,
)  # fmt: skip
LABELS = ClassIndexDomain(
    "labels", ("N", "S"), "the labels of a sequence, class indices 0 .. C-1", integral=True
)
FRAME_COUNT = LengthDomain(
    "number of frames", PER_ROW, "how many frames count, 0 .. T", NON_NEGATIVE, integral=True,
    counts="T",
)  # fmt: skip
LABEL_COUNT = LengthDomain(
    "number of labels", PER_ROW, "how many labels count, 0 .. S", NON_NEGATIVE, integral=True,
    counts="S",
)  # fmt: skip
TOKENS = TokenDomain(
    "tokens", ("N", "T"), "a whole number for each token, or a text (--tokens)", NON_NEGATIVE,
    integral=True,
)  # fmt: skip
TARGET_TOKENS = replace(TOKENS, axes=("N", "S"))
SERIES = Domain("series", ("N", "T", "..."), "the steps of a series", nan=True)
TARGET_SERIES = Domain("series", ("N", "S", "..."), "the steps of a series", nan=True)
SAMPLES = Domain("samples", ("N", "T", "..."), "samples of a distribution", nan=True)
TARGET_SAMPLES = Domain("samples", ("N", "S", "..."), "samples of a distribution", nan=True)
LIST_TIMES = Domain("times", ITEMS, "a time, at least 0, for each item of a list", NON_NEGATIVE)

Real: TypeAlias = Annotated[Array, REAL]
Logit: TypeAlias = Annotated[Array, LOGIT]
Probability: TypeAlias = Annotated[Array, PROBABILITY]
LogProbability: TypeAlias = Annotated[Array, LOG_PROBABILITY]
LogProbabilities: TypeAlias = Annotated[Array, LOG_PROBABILITIES]
Logits: TypeAlias = Annotated[Array, LOGITS]
ThresholdLogits: TypeAlias = Annotated[Array, THRESHOLD_LOGITS]
OrderedClass: TypeAlias = Annotated[Array, ORDERED_CLASS]
ClassIndex: TypeAlias = Annotated[Array, CLASS_INDEX]
ClassTarget: TypeAlias = Annotated[Array, CLASS_TARGET]
RowClassTarget: TypeAlias = Annotated[Array, ROW_CLASS_TARGET]
LogTarget: TypeAlias = Annotated[Array, LOG_TARGET]
BinPosition: TypeAlias = Annotated[Array, BIN_POSITION]
Sign: TypeAlias = Annotated[Array, SIGN]
RowSign: TypeAlias = Annotated[Array, ROW_SIGN]
Embedding: TypeAlias = Annotated[Array, EMBEDDING]
Distribution: TypeAlias = Annotated[Array, DISTRIBUTION]
Weight: TypeAlias = Annotated[Array, WEIGHT]
PositiveReal: TypeAlias = Annotated[Array, POSITIVE_REAL]
NonNegativeReal: TypeAlias = Annotated[Array, NON_NEGATIVE_REAL]
AboveMinusOne: TypeAlias = Annotated[Array, ABOVE_MINUS_ONE]
Variance: TypeAlias = Annotated[Array, VARIANCE]
Binary: TypeAlias = Annotated[Array, BINARY]
MultiLabel: TypeAlias = Annotated[Array, MULTILABEL]
Label: TypeAlias = Annotated[Array, LABEL]
MultiLabelProbabilities: TypeAlias = Annotated[Array, MULTILABEL_PROBABILITIES]
ClassList: TypeAlias = Annotated[Array, CLASS_LIST]
RowScores: TypeAlias = Annotated[Array, ROW_SCORES]
RowLogits: TypeAlias = Annotated[Array, ROW_LOGITS]
ClassScores: TypeAlias = Annotated[Array, CLASS_SCORES]
Score: TypeAlias = Annotated[Array, SCORE]
PredictedProbabilities: TypeAlias = Annotated[Array, PREDICTED_PROBABILITIES]
MaskPrediction: TypeAlias = Annotated[Array, MASK_PREDICTION]
ClassPrediction: TypeAlias = Annotated[Array, CLASS_PREDICTION]
Mask: TypeAlias = Annotated[Array, MASK]
BinaryMask: TypeAlias = Annotated[Array, BINARY_MASK]
TweedieTarget: TypeAlias = Annotated[Array, TWEEDIE_TARGET]
TweedieMean: TypeAlias = Annotated[Array, TWEEDIE_MEAN]
Rate: TypeAlias = Annotated[Array, RATE]
PositiveMean: TypeAlias = Annotated[Array, POSITIVE_MEAN]
Count: TypeAlias = Annotated[Array, COUNT]
Scale: TypeAlias = Annotated[Array, SCALE]
Std: TypeAlias = Annotated[Array, STD]
Degrees: TypeAlias = Annotated[Array, DEGREES]
Dispersion: TypeAlias = Annotated[Array, DISPERSION]
CommonReal: TypeAlias = Annotated[Array, COMMON_REAL]
RowReal: TypeAlias = Annotated[Array, ROW_REAL]
EnsembleVectors: TypeAlias = Annotated[Array, ENSEMBLE_VECTORS]
Box: TypeAlias = Annotated[Array, BOX]
Ensemble: TypeAlias = Annotated[Array, ENSEMBLE]
Scores: TypeAlias = Annotated[Array, SCORES]
Relevances: TypeAlias = Annotated[Array, RELEVANCES]
Chances: TypeAlias = Annotated[Array, CHANCES]
ListLabels: TypeAlias = Annotated[Array, LIST_LABELS]
ListBinary: TypeAlias = Annotated[Array, LIST_BINARY]
ListEmbeddings: TypeAlias = Annotated[Array, LIST_EMBEDDINGS]
ClassVectors: TypeAlias = Annotated[Array, CLASS_VECTORS]
ClassOffsets: TypeAlias = Annotated[Array, CLASS_OFFSETS]
Signal: TypeAlias = Annotated[Array, SIGNAL]
UncertainLogProbability: TypeAlias = Annotated[Array, UNCERTAIN_LOG_PROBABILITY]
FrameScores: TypeAlias = Annotated[Array, FRAME_SCORES]
Labels: TypeAlias = Annotated[Array, LABELS]
FrameCount: TypeAlias = Annotated[Array, FRAME_COUNT]
LabelCount: TypeAlias = Annotated[Array, LABEL_COUNT]
Tokens: TypeAlias = Annotated[Array, TOKENS]
TargetTokens: TypeAlias = Annotated[Array, TARGET_TOKENS]
Series: TypeAlias = Annotated[Array, SERIES]
TargetSeries: TypeAlias = Annotated[Array, TARGET_SERIES]
Samples: TypeAlias = Annotated[Array, SAMPLES]
TargetSamples: TypeAlias = Annotated[Array, TARGET_SAMPLES]
ListTimes: TypeAlias = Annotated[Array, LIST_TIMES]


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
    ``called`` is what losses call it where its own name is not that, since several read the same
    rows: a prediction of one of two models, or what is ``prediction`` to one loss and ``logits`` to
    another.
    """

    name: str
    domain: Domain
    optional: bool = False
    stands_for: tuple[str, ...] = ()
    called: tuple[str, ...] = ()

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names that its columns bear first of all."""
        return self.called or (self.name,)

    @property
    def is_table(self) -> bool:
        """Is it one array for the whole run, such as a matrix of weights?"""
        return self.domain.axes[0] != "N"

    @property
    def is_weight(self) -> bool:
        """Does it multiply the elements, so that it may also be one for all rows?"""
        return self.optional and self.domain.axes == ELEMENTWISE


def known_names(roles: Sequence[Role]) -> dict[str, str]:
    """The roles by every name that means one of them and no other."""
    meant: dict[str, set[str]] = {}
    for role in roles:
        for name in (role.name, *role.own_names):
            meant.setdefault(name, set()).add(role.name)
    return {name: min(found) for name, found in meant.items() if len(found) == 1}


# Every loss takes it: the mean is then sum(w * loss) / sum(w * divisor).
SAMPLE_WEIGHT = Role(
    "sample_weight", Domain("weight", PER_ROW, "a weight, at least 0", NON_NEGATIVE), optional=True
)

# What an argument of a user's own loss is while its author has not said more.
UNDECLARED = Domain("undeclared", ("N", "any"), "any number", nan=True)
UNDECLARED_INDEX = Domain(
    "undeclared index", ("N", "any"), "a whole number", integral=True,
    hint="the first rows hold whole numbers only, so they are given as integers, as indices are",
)  # fmt: skip

# What can be measured before a loss is chosen: a prediction and a target of any shape.
ANYTHING = Domain("anything", ELEMENTWISE, "any number", nan=True)
PAIR = (
    Role("prediction", ANYTHING, stands_for=("logits", "log_probs")),
    Role("target", ANYTHING),
)
