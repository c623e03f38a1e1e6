"""Compute what keras, scikit-learn and PyTorch make of the same data by their defaults.

    python tests/oracles/make_conventions.py

Each case names a convention, and has what the library itself returns: weights, ignored classes,
probabilities of exactly 0 and 1, several outputs.
"""

# ruff: noqa: E402 - keras reads its backend when imported.

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
warnings.filterwarnings("ignore")

import jax
import keras
import numpy as np
import torch
from keras import losses as k
from keras.src.backend.common import dtypes
from oracle import Case, case, write
from sklearn import metrics
from torch.nn import functional

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
# Other than with TensorFlow, keras makes float32 of float64 wherever it takes a mean.
dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

rng = np.random.default_rng(6)
EDGE = "the other library takes 1 - p of a p next to 1, or the logarithm of a rounded sum"
SINGLE = "the other library computes in the type of the predictions"
N, C = 12, 3

# --- data ----------------------------------------------------------------------------------------

WEIGHT = np.round(rng.uniform(0.0, 3.0, N), 3)
WEIGHT[3] = 0.0
CHANCE = np.round(rng.uniform(size=N), 4)
CHANCE[:4] = [0.0, 1.0, 0.0, 1.0]
YES = rng.integers(0, 2, N).astype(float)
YES[:4] = [1.0, 0.0, 0.0, 1.0]
SHARES = np.round(rng.dirichlet(np.ones(C), N), 4)
SHARES[0] = [0.0, 1.0, 0.0]
LABELS = rng.integers(0, C, N)
LABELS[0] = 0
LOGITS = np.round(rng.normal(scale=3.0, size=(N, C)), 3)
NUMBERS, TRUTH = np.round(rng.normal(size=(2, N, 2)), 3)
RATES, COUNTS = np.round(rng.gamma(2.0, size=N), 3), rng.poisson(2.0, N)
RATES[0] = 0.0


def one_hot(labels: Any) -> np.ndarray:
    return np.eye(C)[np.asarray(labels)]


def column(x: Any) -> np.ndarray:
    """keras takes the mean over the last axis first."""
    return np.asarray(x, np.float64)[:, np.newaxis]


def in_keras(
    loss: str, label: str, own: Any, arrays: dict[str, Any], y_true: Any, y_pred: Any, **params: Any
) -> Iterator[Case]:
    """What a keras loss says of these data, plain and weighted."""
    rtol, why = params.pop("rtol", 1e-12), params.pop("why", "")
    for weights in (None, WEIGHT):
        named = arrays if weights is None else {**arrays, "sample_weight": weights}
        yield case(
            loss,
            f"as-keras-{label}{'' if weights is None else '-weighted'}",
            named,
            "keras",
            reductions={"mean": own(y_true, y_pred, sample_weight=weights)},
            convention="keras" if weights is not None or label != "plain" else "",
            rtol=rtol,
            why=why,
            **params,
        )


# --- keras ---------------------------------------------------------------------------------------


def of_keras() -> Iterator[Case]:
    edge: dict[str, Any] = {"rtol": 1e-9, "why": EDGE}
    pair = {"prediction": CHANCE, "target": YES}
    yield from in_keras(
        "bce", "edges", k.BinaryCrossentropy(), pair, column(YES), column(CHANCE), **edge
    )
    yield from in_keras(
        "binary-focal", "edges", k.BinaryFocalCrossentropy(), pair, column(YES), column(CHANCE),
        **edge,
    )  # fmt: skip
    yield from in_keras(
        "binary-focal", "balanced-smooth",
        k.BinaryFocalCrossentropy(apply_class_balancing=True, label_smoothing=0.1, gamma=1.5),
        pair, column(YES), column(CHANCE), alpha=0.25, label_smoothing=0.1, gamma=1.5, **edge,
    )  # fmt: skip
    logit = np.round(8.0 * rng.normal(size=N), 3)
    logit[:3] = [25.0, -25.0, 20.0]
    yes = {"logits": logit, "target": YES}
    yield from in_keras(
        "focal", "logits", k.BinaryFocalCrossentropy(from_logits=True), yes, column(YES),
        column(logit), **edge,
    )  # fmt: skip
    yield from in_keras(
        "bce-with-logits", "plain", k.BinaryCrossentropy(from_logits=True), yes, column(YES),
        column(logit),
    )  # fmt: skip
    classes = {"prediction": SHARES, "target": LABELS}
    yield from in_keras(
        "log-loss", "edges", k.CategoricalCrossentropy(), classes, one_hot(LABELS), SHARES, **edge
    )
    yield from in_keras(
        "log-loss", "smooth", k.CategoricalCrossentropy(label_smoothing=0.2), classes,
        one_hot(LABELS), SHARES, label_smoothing=0.2, **edge,
    )  # fmt: skip
    void = np.where(np.arange(N) % 4 == 1, 2, LABELS)
    yield from in_keras(
        "log-loss", "ignore", k.SparseCategoricalCrossentropy(ignore_class=2),
        {"prediction": SHARES, "target": void}, void, SHARES, ignore_index=2, **edge,
    )  # fmt: skip
    yield from in_keras(
        "categorical-focal", "edges", k.CategoricalFocalCrossentropy(), classes, one_hot(LABELS),
        SHARES, **edge,
    )  # fmt: skip
    scores = {"logits": 4.0 * LOGITS, "target": LABELS}
    yield from in_keras(
        "softmax-focal", "logits", k.CategoricalFocalCrossentropy(from_logits=True), scores,
        one_hot(LABELS), 4.0 * LOGITS, **edge,
    )  # fmt: skip
    ignored = {"logits": LOGITS, "target": void}
    yield from in_keras(
        "cross-entropy", "plain",
        k.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2), ignored, void, LOGITS,
        ignore_index=2,
    )  # fmt: skip
    of_class = np.array([0.5, 1.0, 3.0])
    yield case(
        "cross-entropy", "as-keras-class-weight", {"logits": LOGITS, "target": LABELS}, "keras",
        reductions={
            "mean": k.SparseCategoricalCrossentropy(from_logits=True)(
                LABELS, LOGITS, sample_weight=of_class[LABELS]
            )
        },
        convention="keras", weight=of_class.tolist(),
    )  # fmt: skip
    numbers = {"prediction": NUMBERS, "target": TRUTH}
    for loss, own in (
        ("mse", k.MeanSquaredError()),
        ("mae", k.MeanAbsoluteError()),
        ("huber", k.Huber(delta=0.7)),
        ("log-cosh", k.LogCosh()),
    ):
        params = {"delta": 0.7} if loss == "huber" else {}
        yield from in_keras(loss, "plain", own, numbers, TRUTH, NUMBERS, **params)
    zeros = np.where(rng.uniform(size=TRUTH.shape) < 0.2, 0.0, TRUTH)
    yield from in_keras(
        "mape", "zeros", k.MeanAbsolutePercentageError(),
        {"prediction": NUMBERS, "target": zeros}, zeros, NUMBERS,
    )  # fmt: skip
    above = np.maximum(NUMBERS, -0.9), np.maximum(zeros, -0.9)
    yield from in_keras(
        "msle", "below-0", k.MeanSquaredLogarithmicError(),
        {"prediction": above[0], "target": above[1]}, above[1], above[0],
    )  # fmt: skip
    signs = 2.0 * YES - 1.0
    margins = {"prediction": NUMBERS[:, 0], "target": signs}
    for loss, own in (("hinge", k.Hinge()), ("squared-hinge", k.SquaredHinge())):
        yield from in_keras(loss, "plain", own, margins, column(YES), column(NUMBERS[:, 0]))
    yield from in_keras(
        "categorical-hinge", "plain", k.CategoricalHinge(), {"logits": LOGITS, "target": LABELS},
        one_hot(LABELS), LOGITS,
    )  # fmt: skip
    other = np.round(rng.dirichlet(np.ones(C), N), 4)
    other[1] = [0.0, 0.4, 0.6]
    yield from in_keras(
        "kl-divergence", "edges", k.KLDivergence(), {"prediction": SHARES, "target": other}, other,
        SHARES, rtol=1e-11, why=EDGE,
    )  # fmt: skip
    yield from in_keras(
        "poisson-nll", "rates", k.Poisson(), {"prediction": RATES, "target": COUNTS},
        column(COUNTS), column(RATES),
    )  # fmt: skip
    vectors = np.vstack([np.zeros((1, 2)), NUMBERS[1:]])
    yield from in_keras(
        "negative-cosine", "plain", k.CosineSimilarity(), {"x1": vectors, "x2": TRUTH}, TRUTH,
        vectors,
    )  # fmt: skip
    yield from in_keras(
        "generalized-cross-entropy", "plain", k.CategoricalGeneralizedCrossEntropy(), classes,
        LABELS, SHARES,
    )  # fmt: skip
    masks = CHANCE.reshape(3, 4), YES.reshape(3, 4)
    both = {"prediction": masks[0], "target": masks[1]}
    empty = {"prediction": masks[0], "target": 0.0 * masks[1]}
    for label, arrays in (("masks", both), ("empty", empty)):
        yield case(
            "dice", f"as-keras-{label}", arrays, "keras", convention="keras",
            reductions={"overall": k.Dice()(arrays["target"], arrays["prediction"])},
        )  # fmt: skip
        yield case(
            "tversky", f"as-keras-{label}", arrays, "keras", convention="keras",
            alpha=0.3, beta=0.7, reductions={
                "overall": k.Tversky(alpha=0.3, beta=0.7)(arrays["target"], arrays["prediction"])
            },
        )  # fmt: skip
    frames = np.round(rng.normal(size=(4, 6, C)), 3)
    spoken = [[1, 2], [2], [1, 1, 2], [2, 1]]
    padded = np.array([row + [0] * (3 - len(row)) for row in spoken])
    lengths = [len(row) for row in spoken]
    for weights in (None, WEIGHT[:4]):
        named = {} if weights is None else {"sample_weight": weights}
        yield case(
            "ctc", f"as-keras-{'plain' if weights is None else 'weighted'}",
            {"log_probs": frames, "targets": padded, "target_lengths": lengths, **named}, "keras",
            convention="keras",
            reductions={"mean": k.CTC()(padded, frames, sample_weight=weights)},
            rtol=1e-9, why="the other library takes an impossible path for one of 1e5",
        )  # fmt: skip
    rmse = keras.metrics.RootMeanSquaredError()
    rmse.update_state(TRUTH, NUMBERS)
    yield case(
        "rmse", "as-keras-metric", numbers, "keras", reductions={"overall": rmse.result()},
        convention="keras",
    )  # fmt: skip


# --- scikit-learn --------------------------------------------------------------------------------


def in_sklearn(
    loss: str,
    label: str,
    own: Any,
    arrays: dict[str, Any],
    y_true: Any,
    y_pred: Any,
    reduction: str = "mean",
    one_minus: bool = False,
    **more: Any,
) -> Iterator[Case]:
    for weights in (None, WEIGHT):
        named = arrays if weights is None else {**arrays, "sample_weight": weights}
        value = own(y_true, y_pred, sample_weight=weights)
        yield case(
            loss,
            f"as-sklearn-{label}{'' if weights is None else '-weighted'}",
            named,
            "scikit-learn",
            reductions={reduction: 1.0 - value if one_minus else value},
            convention="sklearn" if weights is not None or label != "plain" else "",
            **more,
        )


def of_sklearn() -> Iterator[Case]:
    classes = list(range(C))

    def log_loss(labels: Any, chances: Any, sample_weight: Any) -> float:
        which = classes if np.ndim(chances) > 1 else [0, 1]
        return metrics.log_loss(labels, chances, sample_weight=sample_weight, labels=which)

    for dtype, rtol in (("float64", 1e-12), ("float32", 2e-6), ("float16", 5e-3)):
        type_: dict[str, Any] = {"dtypes": {"prediction": dtype}, "rtol": rtol, "why": SINGLE}
        if dtype == "float64":
            type_ = {}
        chance, shares = CHANCE.astype(dtype), SHARES.astype(dtype)
        yield from in_sklearn(
            "bce", dtype, log_loss, {"prediction": chance, "target": YES}, YES, chance, **type_
        )
        yield from in_sklearn(
            "log-loss", dtype, log_loss, {"prediction": shares, "target": LABELS}, LABELS, shares,
            **type_,
        )  # fmt: skip
    pair = {"prediction": NUMBERS, "target": TRUTH}
    for loss, own in (
        ("mse", metrics.mean_squared_error),
        ("mae", metrics.mean_absolute_error),
        ("pinball", metrics.mean_pinball_loss),
    ):
        yield from in_sklearn(loss, "plain", own, pair, TRUTH, NUMBERS)
    yield from in_sklearn(
        "rmse", "outputs", metrics.root_mean_squared_error, pair, TRUTH, NUMBERS, "overall"
    )
    positive = {role: np.abs(x) for role, x in pair.items()}
    yield from in_sklearn(
        "rmsle", "outputs", metrics.root_mean_squared_log_error, positive, np.abs(TRUTH),
        np.abs(NUMBERS), "overall",
    )  # fmt: skip
    yield from in_sklearn(
        "msle", "outputs", metrics.mean_squared_log_error, positive, np.abs(TRUTH), np.abs(NUMBERS)
    )
    zeros = np.where(rng.uniform(size=TRUTH.shape) < 0.2, 0.0, TRUTH)
    yield from in_sklearn(
        "mape", "zeros", metrics.mean_absolute_percentage_error,
        {"prediction": NUMBERS, "target": zeros}, zeros, NUMBERS,
    )  # fmt: skip
    yield from in_sklearn(
        "brier", "plain", metrics.brier_score_loss, {"prediction": CHANCE, "target": YES}, YES,
        CHANCE,
    )  # fmt: skip
    two = np.column_stack([1.0 - CHANCE, CHANCE])
    for chances, labels in ((two, YES), (SHARES, LABELS)):
        yield from in_sklearn(
            "multiclass-brier", f"{chances.shape[1]}-classes",
            lambda y, p, sample_weight: metrics.brier_score_loss(
                y, p, sample_weight=sample_weight, labels=list(range(p.shape[1]))
            ),
            {"prediction": chances, "target": labels}, labels, chances,
        )  # fmt: skip
    yield from in_sklearn(
        "hinge", "plain", metrics.hinge_loss,
        {"prediction": NUMBERS[:, 0], "target": 2.0 * YES - 1.0}, YES, NUMBERS[:, 0],
    )  # fmt: skip
    yield from in_sklearn(
        "d2-log-loss", "edges", metrics.d2_log_loss_score,
        {"prediction": SHARES, "target": LABELS}, LABELS, SHARES, "overall", one_minus=True,
    )  # fmt: skip
    grades = rng.integers(0, 4, (N, 5))
    grades[2] = 0
    scores = np.round(rng.normal(size=(N, 5)), 1)
    yield from in_sklearn(
        "ndcg", "grades", metrics.ndcg_score, {"prediction": scores, "target": grades}, grades,
        scores, one_minus=True,
    )  # fmt: skip


# --- PyTorch -------------------------------------------------------------------------------------


def of_torch() -> Iterator[Case]:
    def tensor(x: Any) -> torch.Tensor:
        return torch.as_tensor(np.asarray(x, np.float64))

    def both(loss: str, own: Any, arrays: dict[str, Any]) -> Iterator[Case]:
        """A weight of each element, as PyTorch takes it, given as its own and as of samples."""
        names = [name for name in arrays if name != "target"]
        prediction, target = tensor(arrays[names[0]]), tensor(arrays["target"])
        value = own(prediction, target, weight=tensor(WEIGHT)).item()
        for role in ("weight", "sample_weight"):
            yield case(
                loss, f"as-torch-{role}", {**arrays, role: WEIGHT}, "torch",
                reductions={"mean": value}, convention="torch",
            )  # fmt: skip

    chances = {"prediction": CHANCE, "target": YES}
    yield from both("bce", functional.binary_cross_entropy, chances)
    yield from both(
        "bce-with-logits", functional.binary_cross_entropy_with_logits,
        {"logits": LOGITS[:, 0], "target": YES},
    )  # fmt: skip
    numbers = {"prediction": NUMBERS[:, 0], "target": TRUTH[:, 0]}
    yield from both("mse", functional.mse_loss, numbers)
    yield from both("mae", functional.l1_loss, numbers)
    yield from both("huber", functional.huber_loss, numbers)


if __name__ == "__main__":
    write("conventions", [*of_keras(), *of_sklearn(), *of_torch()])
