"""Good predictions of good data raise no alarm: what is said of them is true of any model.

Findings that may still come up are named with each case, since they hold: a weight column makes the
mean another than that over the rows, and in few rows a class may be missing, or be the only one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import losscli

# The divisor of a weighted mean; a single value or class; classes that do not occur.
TRUE_OF_SOME = {"LC204", "LC107", "LC133"}
# Of so few rows a set loss may have no value, and all rows may be ignored.
TRUE_OF_ONE_ROW = {"LC201", "LC202"}


@dataclass(frozen=True)
class Draw:
    """What a data set is like: how many rows and classes, float32 or 64, weighted or not."""

    rng: np.random.Generator
    n: int
    classes: int
    single: bool
    weighted: bool

    def cast(self, x: Any) -> Any:
        return np.asarray(x, np.float32 if self.single else np.float64)

    @property
    def weight(self) -> dict[str, Any]:
        return {"sample_weight": self.rng.gamma(2.0, 1.0, self.n)} if self.weighted else {}


draws = st.builds(
    lambda seed, size, classes, single, weighted: Draw(
        np.random.default_rng(seed), max(int(np.exp(size)), 1), classes, single, weighted
    ),
    st.integers(0, 2**32),
    st.floats(0.0, float(np.log(4000))),
    st.integers(2, 50),
    st.booleans(),
    st.booleans(),
)
Made = dict[str, Any]


def numbers(d: Draw) -> Made:
    """A model with errors of a hundredth to half of the target's spread, at any scale."""
    scale = 10.0 ** d.rng.uniform(-3, 4)
    target = scale * (d.rng.choice([0.0, 1.0, -3.0, 100.0]) + d.rng.normal(size=d.n))
    error = scale * 10.0 ** d.rng.uniform(-2, -0.5)
    noise = d.rng.normal(size=d.n) if d.rng.random() < 0.5 else d.rng.laplace(size=d.n)
    return {"prediction": d.cast(target + error * noise), "target": d.cast(target)}


def counts(d: Draw) -> Made:
    """Small whole numbers, and rates that are right within a tenth."""
    rate = np.exp(d.rng.normal(d.rng.uniform(-1, 3), 0.5, size=d.n))
    prediction = rate * np.exp(d.rng.normal(0, 0.1, size=d.n))
    return {"prediction": d.cast(prediction), "target": d.cast(d.rng.poisson(rate))}


def logs_of_counts(d: Draw) -> Made:
    made = counts(d)
    return {**made, "prediction": np.log(made["prediction"])}


def positive(d: Draw) -> Made:
    target = d.rng.gamma(3.0, np.exp(d.rng.normal(size=d.n))) + 1e-3
    prediction = target * np.exp(d.rng.normal(0, 0.3, size=d.n))
    return {"prediction": d.cast(prediction), "target": d.cast(target)}


def spreads(d: Draw) -> tuple[Any, Any]:
    """Standard deviations a model gave, and errors of that size."""
    std = np.exp(d.rng.normal(d.rng.uniform(-3, 3), 0.5, size=d.n))
    return std, std * d.rng.normal(size=d.n)


def variances(d: Draw) -> Made:
    std, error = spreads(d)
    return {"prediction": d.cast(error), "target": d.cast(0 * error), "var": d.cast(std**2)}


def deviations(d: Draw) -> Made:
    std, error = spreads(d)
    target = d.rng.normal(size=d.n)
    return {"prediction": d.cast(target + error), "target": d.cast(target), "std": d.cast(std)}


def yes_or_no(d: Draw) -> Made:
    """Calibrated logits, of a balanced class or a rare one."""
    logits = d.rng.normal(d.rng.uniform(-4, 0), d.rng.uniform(1, 3), size=d.n)
    target = d.rng.random(d.n) < 1 / (1 + np.exp(-logits))
    noise = d.rng.normal(0, 0.1, size=d.n)
    return {"logits": d.cast(logits + noise), "target": target.astype(int)}


def chances(d: Draw) -> Made:
    made = yes_or_no(d)
    return {"prediction": 1 / (1 + np.exp(-made.pop("logits"))), **made}


def signs(d: Draw) -> Made:
    made = yes_or_no(d)
    return {"prediction": made["logits"], "target": 2 * made["target"] - 1}


def several(d: Draw) -> Made:
    """Several yes-or-no answers a row."""
    shape = (d.n, min(d.classes, 12))
    logits = d.rng.normal(-1, 1.5, size=shape)
    target = d.rng.random(shape) < 1 / (1 + np.exp(-logits))
    return {"logits": d.cast(logits), "target": target.astype(int)}


def linear(d: Draw) -> tuple[Any, Any]:
    """Logits and probabilities of a random linear model, balanced or not."""
    features, weights = d.rng.normal(size=(d.n, 5)), d.rng.normal(size=(5, d.classes))
    logits = features @ weights * d.rng.uniform(0.3, 2)
    logits += d.rng.normal(size=d.classes) * d.rng.choice([0.0, 1.5])
    chance = np.exp(logits - logits.max(axis=1, keepdims=True))
    return logits, chance / chance.sum(axis=1, keepdims=True)


def labels(d: Draw, chance: Any) -> Any:
    return (chance.cumsum(axis=1) > d.rng.random((d.n, 1))).argmax(axis=1)


def classes(d: Draw) -> Made:
    logits, chance = linear(d)
    return {"logits": d.cast(logits), "target": labels(d, chance)}


def padded(d: Draw) -> Made:
    made = classes(d)
    made["target"][d.rng.random(d.n) < 0.1] = -100
    return made


def soft(d: Draw) -> Made:
    logits, chance = linear(d)
    noise = d.rng.normal(0, 0.2, size=logits.shape)
    return {"logits": d.cast(logits + noise), "target": d.cast(chance)}


def probable(d: Draw) -> Made:
    _, chance = linear(d)
    # A float32 softmax may be 0 for what happens; then LC213 is right.
    return {"probabilities": chance, "target": labels(d, chance)}


def log_probable(d: Draw) -> Made:
    _, chance = linear(d)
    return {"log_probabilities": d.cast(np.log(chance)), "target": labels(d, chance)}


def divergence(d: Draw) -> Made:
    logits, chance = linear(d)
    other = logits + d.rng.normal(0, 0.2, size=logits.shape)
    logs = other - np.log(np.exp(other).sum(axis=1, keepdims=True))
    return {"prediction": d.cast(logs), "target": d.cast(chance)}


def vectors(d: Draw) -> Made:
    anchor = d.rng.normal(size=(d.n, 8))
    near = anchor + 0.3 * d.rng.normal(size=anchor.shape)
    return {"a": d.cast(anchor), "p": d.cast(near), "n": d.cast(d.rng.normal(size=near.shape))}


CASES: list[tuple[str, Callable[[Draw], Made]]] = [
    *((loss, numbers) for loss in ("mse", "mae", "huber", "smooth-l1", "log-cosh", "rmse", "r2")),
    *((loss, numbers) for loss in ("pinball", "half-squared-error", "charbonnier", "cauchy")),
    *((loss, counts) for loss in ("mse", "poisson-nll(log_input=False)", "poisson-deviance")),
    *((loss, positive) for loss in ("mape", "smape", "msle", "gamma-deviance", "wmape")),
    *((loss, yes_or_no) for loss in ("bce-with-logits", "focal")),
    *((loss, chances) for loss in ("bce", "brier")),
    *((loss, signs) for loss in ("hinge", "soft-margin", "squared-hinge")),
    *((loss, several) for loss in ("bce-with-logits", "multilabel-soft-margin")),
    *((loss, classes) for loss in ("cross-entropy", "cross-entropy(label_smoothing=0.1)")),
    *((loss, classes) for loss in ("multi-margin", "perplexity")),
    ("poisson-nll", logs_of_counts),
    ("gaussian-nll", variances),
    ("crps-gaussian", deviations),
    ("cross-entropy", padded),
    ("cross-entropy", soft),
    ("log-loss", probable),
    ("multiclass-brier", probable),
    ("nll", log_probable),
    ("kl-div(reduction=batchmean)", divergence),
    ("triplet-margin", vectors),
]


@pytest.mark.parametrize(
    ("loss", "make"),
    [pytest.param(loss, make, id=f"{loss}-{make.__name__}") for loss, make in CASES],
)
@settings(max_examples=25, deadline=None)
@given(d=draws)
def test_no_alarm(loss: str, make: Callable[[Draw], Made], d: Draw) -> None:
    arrays = make(d)
    named = {name: arrays[name] for name in ("var", "std") if name in arrays}
    given_arrays = [x for name, x in arrays.items() if name not in named]
    more: dict[str, Any] = {"reduction": "batchmean"} if "batchmean" in loss else {}
    result = losscli.compute(
        loss.partition("(reduction")[0], *given_arrays, **named, **d.weight, **more
    )
    alarms = {f.code for f in result.diagnostics if f.severity != "info"} - TRUE_OF_SOME
    assert alarms <= (TRUE_OF_ONE_ROW if result.counted < 2 else set()), result.diagnostics
