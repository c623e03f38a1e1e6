"""Oracle cases of the sequence losses: PyTorch, optax, keras, torchmetrics, tslearn, and mpmath.

Run in an environment with these: python tests/oracles/make_sequence.py
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
warnings.simplefilter("ignore")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)

import keras  # noqa: E402
import mpmath  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import torch  # noqa: E402
import torchmetrics.functional.text as metrics  # noqa: E402
import tslearn.metrics  # noqa: E402
from mpmath import mpf  # noqa: E402
from oracle import INF, MAX, NAN, TINY, Case, case, write  # noqa: E402

RNG = np.random.default_rng(20)
Lists = Sequence[Sequence[float]]


# --- ctc -----------------------------------------------------------------------------------------


def log_softmax(x: np.ndarray) -> np.ndarray:
    return torch.log_softmax(torch.tensor(x), dim=-1).numpy()


def frames(rows: int, length: int, classes: int, spread: float = 2.0) -> np.ndarray:
    return log_softmax(RNG.normal(0, spread, (rows, length, classes)))


def torch_ctc(
    label: str,
    log_probs: np.ndarray,
    targets: Any,
    input_lengths: Any = None,
    target_lengths: Any = None,
    **params: Any,
) -> Case:
    """A case as torch.nn.functional.ctc_loss has it, in float64."""
    targets = np.asarray(targets)
    rows, length, _ = log_probs.shape
    arrays = {"log_probs": log_probs, "targets": targets}
    if input_lengths is not None:
        arrays["input_lengths"] = np.asarray(input_lengths)
    if target_lengths is not None:
        arrays["target_lengths"] = np.asarray(target_lengths)
    found = {
        reduction: torch.nn.functional.ctc_loss(
            torch.tensor(log_probs).transpose(0, 1),
            torch.tensor(targets, dtype=torch.long),
            tuple([length] * rows if input_lengths is None else input_lengths),
            tuple([targets.shape[1]] * rows if target_lengths is None else target_lengths),
            reduction=reduction,
            **params,
        )
        for reduction in ("none", "mean", "sum")
    }
    elements = found.pop("none")
    reductions = {name: value.item() for name, value in found.items()}
    reductions["batchmean"] = reductions["sum"] / rows
    return case("ctc", label, arrays, "torch", elements=elements, reductions=reductions, **params)


def exact_ctc(log_probs: Any, labels: Sequence[int], blank: int = 0) -> Any:
    """Sum over all ways to write the labels, by the merge rule itself, in plain probabilities."""
    if not log_probs:
        return mpf(0) if not labels else mpf("inf")
    classes = range(len(log_probs[0]))
    total = mpf(0)
    # Digits enough that the probability of a denormal logarithm is not 1.
    with mpmath.workdps(400):
        for path in itertools.product(classes, repeat=len(log_probs)):
            merged = [c for c, _ in itertools.groupby(path)]
            if [c for c in merged if c != blank] == list(labels):
                chances = zip(log_probs, path, strict=True)
                total += mpmath.exp(mpmath.fsum(mpf(frame[c]) for frame, c in chances))
        return -mpmath.log(total) if total else mpf("inf")


def exact_case(label: str, log_probs: Any, targets: Any, blank: int = 0, **extra: Any) -> Case:
    pairs = zip(log_probs, targets, strict=True)
    rows = [exact_ctc(x, [int(c) for c in y], blank) for x, y in pairs]
    means = [row / max(len(y), 1) for row, y in zip(rows, targets, strict=True)]
    reductions = {"sum": mpmath.fsum(rows), "mean": mpmath.fsum(means) / len(rows)}
    if blank:
        extra["blank"] = blank
    arrays = {"log_probs": log_probs, "targets": targets}
    return case("ctc", label, arrays, "mpmath", elements=rows, reductions=reductions, **extra)


def logit_case(label: str, logits: np.ndarray, targets: np.ndarray, lengths: Any) -> Iterator[Case]:
    """optax in float64 and keras in float32, which marks padding with the label 0."""
    padding = (np.arange(targets.shape[1]) >= np.array(lengths)[:, None]).astype(float)
    arrays = {"log_probs": logits, "targets": targets, "target_lengths": lengths}
    none = np.zeros(logits.shape[:2])
    found = np.asarray(optax.ctc_loss(logits, none, targets, padding))
    yield case(
        "ctc", label, arrays, "optax", elements=found, from_logits=True,
        reductions={"batchmean": found.mean(), "sum": found.sum()},
        rtol=1e-9, why="optax writes -1e5 for log 0 and smooths its maximum",
    )  # fmt: skip
    mean = keras.losses.CTC()(targets * (padding == 0), logits)
    yield case(
        "ctc", f"{label}-keras", arrays, "keras", from_logits=True,
        reductions={"batchmean": float(mean)}, rtol=1e-5, why="keras computes in float32",
    )  # fmt: skip


def ctc_cases() -> Iterator[Case]:
    x, y = frames(4, 9, 5), RNG.integers(1, 5, (4, 3))
    yield torch_ctc("plain", x, y)
    yield torch_ctc("lengths", x, y, [9, 7, 5, 8], [3, 1, 2, 0])
    yield torch_ctc("blank-2", x, [[1, 0, 3], [4, 4, 1], [0, 0, 0], [3, 1, 3]], blank=2)
    yield torch_ctc("a-blank-among-labels", x[:2], [[1, 0, 2], [0, 0, 3]])
    yield torch_ctc("repeats-need-blanks", frames(2, 5, 4), [[1, 1, 1], [2, 2, 3]])
    yield torch_ctc("does-not-fit", frames(3, 4, 3), [[1, 1, 1], [1, 2, 1], [2, 2, 2]])
    yield torch_ctc(
        "does-not-fit-zero-infinity", frames(3, 4, 3), [[1, 1, 1], [1, 2, 1], [2, 2, 2]],
        zero_infinity=True,
    )  # fmt: skip
    yield torch_ctc("no-frames", frames(3, 4, 3), [[1], [1], [2]], [0, 0, 4], [0, 1, 1])
    yield torch_ctc("no-labels", frames(3, 4, 3), np.zeros((3, 0)))
    yield torch_ctc("one-frame", frames(2, 1, 3), [[1], [2]])
    yield torch_ctc("one-row", frames(1, 6, 4), [[3, 1]])
    yield torch_ctc("far-apart", frames(3, 8, 4, 40.0), RNG.integers(1, 4, (3, 3)))
    never = frames(3, 5, 3)
    never[0, 2, 1], never[1, :, 0], never[2] = -INF, -INF, -INF
    yield torch_ctc("probabilities-of-0", never, [[1, 2], [1, 2], [1, 1]])
    nan = frames(2, 4, 3)
    nan[0, 1, 0] = nan[1, 2, 2] = NAN
    yield torch_ctc("nan", nan, [[1], [1]])
    yield torch_ctc("long", frames(1, 12, 2, 1.0), [[1, 1, 1, 1]])
    yield torch_ctc("long-and-thin", frames(2, 30, 2, 6.0), np.ones((2, 14)))
    sure = np.full((1, 4, 3), -45.0)
    sure[0, [0, 1, 2, 3], [1, 1, 0, 2]] = -1e-18
    yield exact_case("sure", sure.tolist(), [[1, 2]])
    yield exact_case("not-normalised", [[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]], [[1]])
    yield exact_case("brute-force", frames(2, 5, 3).tolist(), [[1, 2], [2, 2]])
    yield exact_case("brute-force-blank-1", frames(2, 4, 3).tolist(), [[0, 2], [2, 2]], blank=1)
    yield exact_case("huge", [[[-1e308, -1.0], [-2.0, -1e4]]], [[1]])
    yield exact_case("denormal", [[[-TINY, -1e3], [-1e3, -TINY]]], [[1]])
    yield exact_case(
        "rows-of-different-lengths",
        [frames(1, n, 3)[0].tolist() for n in (5, 2, 6)],
        [[1, 2], [2], [1, 1, 2]],
    )
    logits = RNG.normal(0, 3, (3, 7, 4))
    yield from logit_case("optax", logits, np.array([[1, 2, 3], [2, 2, 1], [3, 1, 1]]), [3, 2, 1])
    yield from logit_case(
        "optax-offset", logits + 40.0, np.array([[1, 2], [2, 2], [3, 1]]), [2] * 3
    )


# --- error_rate ----------------------------------------------------------------------------------

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "purred"]


def distance(x: Sequence[int], y: Sequence[int], substitution: int) -> int:
    """torchmetrics' edit distance, of one character for each token."""
    texts = ("".join(chr(ord("a") + token) for token in tokens) for tokens in (x, y))
    return int(metrics.edit_distance(*texts, substitution_cost=substitution, reduction="none"))


def error_rate(label: str, x: Any, y: Any, substitution: int | None = None) -> Case:
    arrays = {"prediction": x, "target": y}
    pairs = list(zip(x, y, strict=True))
    cost = 1 if substitution is None else substitution
    edits = [distance(*pair, cost) for pair in pairs]
    reductions = {"sum": sum(edits), "batchmean": sum(edits) / len(edits)}
    if substitution is None:
        sentences = ([" ".join(WORDS[t % 8] * (1 + t // 8) for t in row) for row in side]
                     for side in (x, y))  # fmt: skip
        words = metrics.word_error_rate(*sentences)
        letters = metrics.char_error_rate(
            *(["".join(chr(ord("a") + t) for t in row) for row in side] for side in (x, y))
        )
        assert words == letters or (words.isnan() and letters.isnan())
        # Both are float32; they are the quotient of the same counts.
        reductions["mean"] = np.divide(sum(edits), sum(len(row) for row in y))
        assert abs(reductions["mean"] - words.item()) < 1e-6 or not np.isfinite(words)
    params = {} if substitution is None else {"substitution_cost": float(substitution)}
    return case(
        "error-rate", label, arrays, "torchmetrics", elements=edits, reductions=reductions, **params
    )


def tokens(*lengths: int, kinds: int = 8) -> list[list[int]]:
    return [RNG.integers(0, kinds, n).tolist() for n in lengths]


def error_rate_cases() -> Iterator[Case]:
    yield error_rate("plain", tokens(6, 6, 6), tokens(5, 5, 5))
    yield error_rate("few-kinds", tokens(9, 9, 9, 9, kinds=2), tokens(7, 7, 7, 7, kinds=2))
    yield error_rate("equal", [[1, 2, 3]], [[1, 2, 3]])
    yield error_rate("turned-round", [[1, 2, 3, 4]], [[4, 3, 2, 1]])
    yield error_rate("one-token", [[1], [2]], [[1], [1]])
    yield error_rate("nothing-predicted", [[], []], [[1, 2], [3, 4]])
    yield error_rate("much-predicted", tokens(12), tokens(2))
    yield error_rate("lengths-differ", tokens(3, 7, 0, 5, 1), tokens(5, 6, 2, 5, 4))
    yield error_rate("substitution-2", tokens(6, 6), tokens(7, 7), 2)
    yield error_rate("substitution-0", tokens(4, 4), tokens(7, 7), 0)
    yield error_rate("many-kinds", tokens(6, 6, kinds=24), tokens(6, 6, kinds=24))
    with_empty = case(
        "error-rate", "empty-target", {"prediction": [[1, 2], [3]], "target": [[], [3, 1]]},
        "torchmetrics", elements=[2, 1],
        reductions={"mean": metrics.char_error_rate(["ab", "c"], ["", "ca"]).item(), "sum": 3},
    )  # fmt: skip
    yield with_empty
    far = [[0, 2**53, 7]], [[2**53, 7, 1]]
    yield case(
        "error-rate", "huge-numbers", dict(zip(("prediction", "target"), far, strict=True)),
        "torchmetrics", elements=[distance([0, 1, 2], [1, 2, 3], 1)],
    )  # fmt: skip


# --- soft_dtw, dtw -------------------------------------------------------------------------------


def exact_warp(x: Any, y: Any, gamma: float) -> Any:
    """The recursion of the paper at 50 digits; with gamma 0 a minimum."""
    table = {(-1, -1): mpf(0)}
    for i, step in enumerate(x):
        for j, partner in enumerate(y):
            cells = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
            ways = [table[cell] for cell in cells if cell in table]
            least = min(ways)
            if gamma:
                g = mpf(gamma)
                soft = mpmath.fsum(mpmath.exp((least - way) / g) for way in ways)
                least -= g * mpmath.log(soft)
            pairs = zip(np.atleast_1d(step), np.atleast_1d(partner), strict=True)
            table[i, j] = least + mpmath.fsum(
                (mpf(float(a)) - mpf(float(b))) ** 2 for a, b in pairs
            )
    return table[len(x) - 1, len(y) - 1]


def reduced(rows: Sequence[Any]) -> dict[str, Any]:
    return {"sum": mpmath.fsum(rows), "mean": mpmath.fsum(rows) / len(rows)}


def soft_dtw(label: str, x: Any, y: Any, gamma: float = 1.0, **extra: Any) -> Case:
    rows = [exact_warp(a, b, gamma) for a, b in zip(x, y, strict=True)]
    if extra.get("normalize"):
        own = [(exact_warp(a, a, gamma) + exact_warp(b, b, gamma)) / 2
               for a, b in zip(x, y, strict=True)]  # fmt: skip
        rows = [row - mine for row, mine in zip(rows, own, strict=True)]
    if gamma != 1.0:
        extra["gamma"] = gamma
    arrays = {"prediction": x, "target": y}
    return case(
        "soft-dtw", label, arrays, "mpmath", elements=rows, reductions=reduced(rows), **extra
    )


def soft_dtw_cases() -> Iterator[Case]:
    x, y = RNG.normal(0, 1, (3, 6)), RNG.normal(0, 1, (3, 4))
    for label, gamma in (("tslearn", 1.0), ("tslearn-gamma", 0.25), ("tslearn-hard", 0.0)):
        rows = [tslearn.metrics.soft_dtw(a, b, gamma=gamma) for a, b in zip(x, y, strict=True)]
        given = {} if gamma == 1.0 else {"gamma": gamma}
        yield case(
            "soft-dtw", label, {"prediction": x, "target": y}, "tslearn", elements=rows,
            reductions={"mean": np.mean(rows), "sum": np.sum(rows)},
            rtol=1e-11, why="tslearn's exponentials end a few roundings off", **given,
        )  # fmt: skip
    vectors = RNG.normal(0, 1, (2, 5, 3)), RNG.normal(0, 1, (2, 7, 3))
    rows = [tslearn.metrics.soft_dtw(a, b, gamma=0.5) for a, b in zip(*vectors, strict=True)]
    arrays = dict(zip(("prediction", "target"), vectors, strict=True))
    yield case(
        "soft-dtw", "vectors", arrays, "tslearn", elements=rows, gamma=0.5,
        rtol=1e-11, why="tslearn's exponentials end a few roundings off",
    )  # fmt: skip
    layer = tslearn.metrics.SoftDTWLossPyTorch(gamma=0.5, normalize=True)
    rows = layer(*(torch.tensor(side) for side in vectors))
    yield case(
        "soft-dtw", "vectors-normalize", arrays, "tslearn", elements=rows, gamma=0.5,
        normalize=True, rtol=1e-6, why="tslearn's layer computes in float32",
    )  # fmt: skip
    yield soft_dtw("exact", x, y)
    yield soft_dtw("exact-vectors", *vectors, gamma=2.0)
    yield soft_dtw("small-gamma", x, y, gamma=1e-3)
    yield soft_dtw("tiny-gamma", x, y, gamma=1e-300)
    yield soft_dtw("large-gamma", x, y, gamma=1e4)
    yield soft_dtw("normalize", x, y, gamma=0.5, normalize=True)
    yield soft_dtw("one-step", [[1.0], [2.0]], [[3.0], [2.0]])
    yield soft_dtw("one-against-many", [[1.0]], [[3.0, 0.5, 1.0]])
    yield soft_dtw("equal", [[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]])
    yield soft_dtw("ties", [[0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]], gamma=0.5)
    yield soft_dtw("huge", [[1e150, -1e150, 0.0]], [[0.0, 1e150]])
    yield soft_dtw("denormal", [[TINY, 0.0]], [[0.0, TINY, 1.0]], gamma=0.5)
    yield soft_dtw("lengths-differ", [x[0, :2], x[1, :5], x[2]], [y[0], y[1, :1], y[2, :3]])
    odd = [[MAX, 0.0], [NAN, 1.0], [INF, 1.0]], [[-MAX, 0.0], [0.0, 1.0], [0.0, 1.0]]
    yield case(
        "soft-dtw", "infinite", dict(zip(("prediction", "target"), odd, strict=True)), "mpmath",
        elements=[INF, NAN, INF],
    )  # fmt: skip
    for label, pair, value in (
        ("both-empty", ([[]], [[]]), 0),
        ("one-empty", ([[1.0]], [[]]), INF),
    ):
        arrays = dict(zip(("prediction", "target"), pair, strict=True))
        yield case("soft-dtw", label, arrays, "mpmath", elements=[value], direct=True)


def dtw(label: str, x: Any, y: Any, *, root: bool = True) -> Case:
    rows = [exact_warp(a, b, 0.0) for a, b in zip(x, y, strict=True)]
    rows = [mpmath.sqrt(row) for row in rows] if root else rows
    given = {} if root else {"root": False}
    arrays = {"prediction": x, "target": y}
    return case("dtw", label, arrays, "mpmath", elements=rows, reductions=reduced(rows), **given)


def dtw_cases() -> Iterator[Case]:
    x, y = RNG.normal(0, 1, (3, 6)), RNG.normal(0, 1, (3, 4))
    vectors = RNG.normal(0, 1, (2, 5, 3)), RNG.normal(0, 1, (2, 7, 3))
    for label, sides in (("tslearn", (x, y)), ("tslearn-vectors", vectors)):
        rows = [tslearn.metrics.dtw(a, b) for a, b in zip(*sides, strict=True)]
        arrays = dict(zip(("prediction", "target"), sides, strict=True))
        yield case(
            "dtw", label, arrays, "tslearn", elements=rows, reductions={"mean": np.mean(rows)}
        )
    yield dtw("exact", x, y)
    yield dtw("no-root", x, y, root=False)
    yield dtw("one-step", [[1.0], [2.0]], [[3.0], [2.0]])
    yield dtw("shifted", [[0.0, 0.0, 1.0, 5.0, 1.0]], [[0.0, 1.0, 5.0, 1.0, 1.0]])
    yield dtw("equal", [[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]])
    yield dtw("huge", [[1e150, -1e150, 0.0]], [[0.0, 1e150]])
    yield dtw("lengths-differ", [x[0, :2], x[1, :5], x[2]], [y[0], y[1, :1], y[2, :3]])
    odd = [[MAX, 0.0], [NAN, 1.0], [INF, 1.0]], [[-MAX, 0.0], [0.0, 1.0], [0.0, 1.0]]
    yield case(
        "dtw", "infinite", dict(zip(("prediction", "target"), odd, strict=True)), "mpmath",
        elements=[INF, NAN, INF],
    )  # fmt: skip


if __name__ == "__main__":
    write("sequence", [*ctc_cases(), *error_rate_cases(), *soft_dtw_cases(), *dtw_cases()])
