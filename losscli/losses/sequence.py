"""Sequences: does one fit another of a different length?"""

from __future__ import annotations

from math import inf
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from losscli.convention import Convention
from losscli.domain import (
    NON_NEGATIVE,
    Along,
    Array,
    FrameCount,
    FrameScores,
    LabelCount,
    Labels,
    Series,
    TargetSeries,
    TargetTokens,
    Tokens,
)
from losscli.numerics import dot, log_softmax_parts
from losscli.spec import loss


def _counts(given: Array | None, rows: int, most: int) -> NDArray[np.intp]:
    """How much of each row is no padding; all of it where that is not given."""
    if given is None:
        return np.full(rows, most)
    counts = given.astype(np.intp)
    if counts.view(np.uintp).max(initial=0) > most:
        raise IndexError(f"a length is not in 0 .. {most}")
    return counts


def _with_blanks(targets: Array, counts: NDArray[np.intp], blank: int) -> NDArray[np.intp]:
    """A blank before, between and after the labels of each row, and in place of padding."""
    rows, length = targets.shape
    labels = np.full((rows, 2 * length + 1), blank)
    inside = np.arange(length) < counts[:, np.newaxis]
    labels[:, 1::2] = np.where(inside, targets, blank)
    return labels


def _label_count(
    log_probs: Array,
    targets: Array,
    input_lengths: Array | None = None,
    target_lengths: Array | None = None,
    **params: Any,
) -> Array:
    """How many labels each row has, at least 1."""
    return np.maximum(_counts(target_lengths, *targets.shape), 1.0)


@loss(
    aliases=("ctc_loss", "connectionist_temporal_classification"),
    torch="torch.nn.CTCLoss",
    divisor=_label_count,
    mean_of_rows=True,
    reductions=("mean", "batchmean", "sum", "none"),
    # What is given need not sum to 1 over the classes: alignments may then be worth more than 1.
    non_negative=False,
    finite=False,
    conventions={"torch": Convention(), "keras": Convention(rows=True, from_logits=True)},
    use_when="speech or handwriting: many frames, fewer labels, and when each is said is unknown",
    avoid_when="every frame has a label of its own (cross-entropy), or labels outnumber frames",
    reference="Graves et al. 2006, doi:10.1145/1143844.1143891; torch.nn.CTCLoss",
)
def ctc(
    log_probs: FrameScores,
    targets: Labels,
    input_lengths: FrameCount | None = None,
    target_lengths: LabelCount | None = None,
    *,
    blank: Annotated[int, Along("C"), "the class that stands for no label"] = 0,
    zero_infinity: Annotated[bool, "labels that cannot fit into the frames cost 0"] = False,
    from_logits: Annotated[bool, "logits are given: take their log-softmax first"] = False,
) -> Array:
    r"""Negative log of the probability of the labels, however they are spread over the frames.

    log_probs: (N, T, C), T frames of C classes; targets: (N, S), class indices; input_lengths,
    target_lengths: (N,), how many frames and labels of a padded row count, all if not given
    -> (N,), in nats. As in PyTorch the mean divides by the labels of each row (at least 1) first
    and by the number of rows then; ``sum`` and ``none`` are not divided. ``batchmean`` divides by
    the rows alone, as keras does.

    .. math:: \ell = -\log \sum_{a \in \mathcal{A}(y)} \prod_{t=1}^{T} p_t(a_t)

    with :math:`\mathcal{A}(y)` the alignments: a class for each frame, which becomes the labels
    :math:`y` when repeats are merged and then blanks dropped. Rows come first here, and frames
    second; PyTorch wants (T, N, C). Labels that do not fit (fewer frames than labels and the blanks
    needed between equal ones) cost inf, or 0 with ``zero_infinity``; optax gives about 1e5. No
    labels at all are the probability of nothing but blanks. PyTorch takes log-probabilities; keras
    and optax take logits, as ``from_logits`` does, and mark padding with the label 0 and with
    arrays of 0 and 1. Padding here is what lies beyond a length, or rows are lists as long as they
    are.

    >>> log_probs = [[[-0.5, -1.2, -2.3], [-1.6, -0.4, -2.0], [-0.7, -1.9, -1.0]]]
    >>> losses.ctc(log_probs, [[1, 2]]).round(4).tolist()
    [1.2678]
    """
    rows, frames, classes = log_probs.shape
    if from_logits:
        shifted, log_total = log_softmax_parts(log_probs.reshape(-1, classes))
        log_probs = (shifted - log_total[:, np.newaxis]).reshape(log_probs.shape)
    frame_count = _counts(input_lengths, rows, frames)
    label_count = _counts(target_lengths, *targets.shape)
    labels = _with_blanks(targets, label_count, blank)
    if labels.view(np.uintp).max(initial=0) >= classes:
        raise IndexError(f"a class index is not in 0 .. {classes - 1}")
    # A blank may be left out, but not between equal labels.
    may_skip = labels[:, 2:] != labels[:, :-2]
    # Log-probability of having come as far as each label; two columns before the first are never
    # reached.
    reached = np.full((rows, labels.shape[1] + 2), -inf)
    reached[:, 2] = 0.0
    for frame in range(frames):
        now = np.logaddexp(reached[:, 2:], reached[:, 1:-1])
        np.logaddexp(now[:, 2:], reached[:, 2:-2], out=now[:, 2:], where=may_skip)
        now += np.take_along_axis(log_probs[:, frame], labels, axis=1)
        reached[:, 2:] = np.where((frame < frame_count)[:, np.newaxis], now, reached[:, 2:])
    each, end = np.arange(rows), 2 * label_count + 2
    elements = 0.0 - np.logaddexp(reached[each, end], reached[each, end - 1])
    if zero_infinity:
        elements[elements == inf] = 0.0
    return elements


def _target_count(prediction: Array, target: Array, **params: Any) -> Array:
    """How many tokens the target of each row has."""
    return np.full(len(target), float(target.shape[1]))


@loss(
    aliases=(
        "wer", "cer", "word_error_rate", "char_error_rate", "character_error_rate",
        "label_error_rate", "edit_distance", "levenshtein", "levenshtein_distance",
    ),
    divisor=_target_count,
    divides_by="target tokens",
    reductions=("mean", "batchmean", "sum", "none"),
    minimum_when_equal=("prediction", "target"),
    use_when="a transcript is final and is to be judged by the words or characters it gets wrong",
    avoid_when="the model still gives scores for each frame (ctc), or for each token "
    "(cross-entropy)",
    reference="Levenshtein 1966; torchmetrics WordErrorRate, CharErrorRate, EditDistance",
)  # fmt: skip
def error_rate(
    prediction: Tokens,
    target: TargetTokens,
    *,
    substitution_cost: Annotated[
        float, NON_NEGATIVE, "cost of one token in place of another"
    ] = 1.0,
) -> Array:
    r"""Insertions, deletions and substitutions that turn the prediction into the target.

    prediction: (N, T), target: (N, S), a whole number for each token -> (N,), in edits. Texts are
    split first: ``--tokens words`` gives the word error rate, ``--tokens characters`` the character
    error rate. The mean divides by the number of tokens in all targets, and so is the rate of the
    whole set; it may exceed 1. ``batchmean`` divides by the number of rows, the mean edit distance.

    .. math:: \ell = d_{TS}, \qquad d_{ij} = \min\{\,d_{i-1,j} + 1,\; d_{i,j-1} + 1,\;
              d_{i-1,j-1} + s\,[x_i \ne y_j]\,\}, \quad d_{i0} = i, \; d_{0j} = j

    with :math:`s` the ``substitution_cost``. Words are what white space separates, characters are
    Unicode code points, and nothing is normalised: case and punctuation count. Of tokens that come
    as numbers only matters which are equal. An empty target counts its insertions and adds nothing
    to the divisor, as in torchmetrics. The match error rate divides by the longer of the two
    (torchmetrics), and a rate averaged over rows weighs a short row like a long one: neither is
    this mean.

    >>> losses.error_rate([1, 2, 3, 4], [1, 3, 4, 4, 5]).tolist()
    3.0
    """
    steps = np.arange(target.shape[1] + 1.0)
    distance = np.tile(steps, (len(target), 1))
    for token in prediction.T:
        replaced = distance[:, :-1] + substitution_cost * (token[:, np.newaxis] != target)
        distance += 1.0
        np.minimum(distance[:, 1:], replaced, out=distance[:, 1:])
        # Each missing token costs 1: the least of all cells to the left, plus the way from there.
        distance -= steps
        distance = np.minimum.accumulate(distance, axis=1)
        distance += steps
    return distance[:, -1]


def _warp(x: Array, y: Array, gamma: float) -> Array:
    """Cost of the best alignment of each pair of series, soft where gamma is not 0.

    Along the anti-diagonals of the table of costs, whose cells depend on the two before only.
    """
    rows, length, width = len(x), x.shape[1], y.shape[1]
    if length == 0 or width == 0:
        return np.full(rows, 0.0 if length == width else inf)
    # Column i + 1 is step i of x; no path leaves the first column but the one through the corner.
    before = np.full((rows, length + 1), inf)
    last = before.copy()
    before[:, 0] = 0.0
    for diagonal in range(length + width - 1):
        first, stop = max(0, diagonal - width + 1), min(diagonal + 1, length)
        partners = y[:, diagonal - stop + 1 : diagonal - first + 1][:, ::-1]
        ways = last[:, first + 1 : stop + 1], last[:, first:stop], before[:, first:stop]
        here = np.full_like(last, inf)
        here[:, first + 1 : stop + 1] = _squared(x[:, first:stop], partners)
        here[:, first + 1 : stop + 1] += _soft_minimum(*ways, gamma)
        before, last = last, here
    return last[:, -1]


def _squared(x: Array, y: Array) -> Array:
    """Squared distance of each step to its partner, over all further axes."""
    apart = np.subtract(x, y, order="C")
    if apart.ndim == 2:
        return np.square(apart, out=apart)
    flat = apart.reshape(apart.shape[0] * apart.shape[1], -1)
    return dot(flat, flat).reshape(apart.shape[:2])


def _soft_minimum(a: Array, b: Array, c: Array, gamma: float) -> Array:
    """-gamma log(exp(-a / gamma) + exp(-b / gamma) + exp(-c / gamma)); with gamma 0 the least."""
    least = np.minimum(np.minimum(a, b), c)
    if gamma == 0.0:
        return least
    least[least == inf] = 0.0
    total = np.logaddexp((least - a) / gamma, (least - b) / gamma)
    total = np.logaddexp(total, (least - c) / gamma)
    soft: Array = least - gamma * total
    return soft


@loss(
    aliases=("softdtw", "sdtw", "soft_dtw_loss", "SoftDTWLossPyTorch"),
    non_negative=False,
    finite=False,
    use_when="two series have the same shape, but one runs ahead or lags, and a gradient is wanted",
    avoid_when="a step must be right at its own time (mse), or a true distance is wanted (dtw)",
    reference="Cuturi and Blondel 2017, arXiv:1703.01541; tslearn.metrics.soft_dtw",
)
def soft_dtw(
    prediction: Series,
    target: TargetSeries,
    *,
    gamma: Annotated[
        float, NON_NEGATIVE, "how soft the minimum is, in the target's unit squared"
    ] = 1.0,
    normalize: Annotated[bool, "subtract what each series costs against itself"] = False,
) -> Array:
    r"""Squared distance of two series after stretching time, with a soft minimum over alignments.

    prediction: (N, T, ...), target: (N, S, ...), lengths may differ -> (N,), in the target's unit
    squared. The mean divides by the number of rows.

    .. math:: r_{ij} = |x_i - y_j|^2 - \gamma \log\bigl(e^{-r_{i-1,j}/\gamma}
              + e^{-r_{i,j-1}/\gamma} + e^{-r_{i-1,j-1}/\gamma}\bigr), \qquad \ell = r_{TS}

    With ``gamma`` 0 it is the square of dtw. Otherwise it is below that and may be negative, and it
    is not least when the two are equal; ``normalize`` mends both, taking off half of what each
    costs against itself, as tslearn's ``SoftDTWLossPyTorch`` can. A row of two empty series costs
    0, and one with a single empty series inf.

    >>> losses.soft_dtw([[1.0, 2.0, 4.0]], [[1.0, 3.0]], gamma=0.5).round(4).tolist()
    [1.6206]
    """
    elements = _warp(prediction, target, gamma)
    if normalize:
        elements -= 0.5 * (_warp(prediction, prediction, gamma) + _warp(target, target, gamma))
    return elements


@loss(
    aliases=("dynamic_time_warping", "dtw_distance"),
    finite=False,
    minimum_when_equal=("prediction", "target"),
    use_when="two series have the same shape, but one runs ahead of the other or lags behind",
    avoid_when="a step must be right at its own time (mse), or a gradient is wanted (soft-dtw)",
    reference="Sakoe and Chiba 1978, doi:10.1109/TASSP.1978.1163055; tslearn.metrics.dtw",
)
def dtw(
    prediction: Series,
    target: TargetSeries,
    *,
    root: Annotated[bool, "the root of the summed squares, as tslearn has it"] = True,
) -> Array:
    r"""Distance of two series after stretching time so that they fit best.

    prediction: (N, T, ...), target: (N, S, ...), lengths may differ -> (N,), in the target's unit.
    The mean divides by the number of rows.

    .. math:: \ell = \Bigl(\min_{a} \sum_{(i, j) \in a} |x_i - y_j|^2\Bigr)^{1/2}

    over the alignments :math:`a`, which lead from both starts to both ends and never go back. No
    window holds them near the diagonal. tslearn and dtaidistance take the root; aeon and sktime do
    not, as with ``root`` false. A row of two empty series costs 0, and one with a single empty
    series inf.

    >>> losses.dtw([[1.0, 2.0, 4.0]], [[1.0, 3.0]]).round(4).tolist()
    [1.4142]
    """
    elements = _warp(prediction, target, 0.0)
    return np.sqrt(elements, out=elements) if root else elements
