"""No constant is better than the one that is named: SciPy looks for one, by values alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import losscli
from losscli.results import Result

RNG = np.random.default_rng(0)
N = 150
REAL = RNG.normal(3, 2, size=N)
POSITIVE = np.exp(RNG.normal(size=N))
COUNTS = RNG.poisson(1.7, size=N)
YES = (RNG.random(N) < 0.3).astype(float)
CLASSES = RNG.choice(4, size=N, p=[0.5, 0.3, 0.15, 0.05])
IGNORED = np.where(RNG.random(N) < 0.2, -100, CLASSES)
SOFT = RNG.dirichlet(np.ones(4), size=N)
COLUMNS = RNG.normal([0, 5, 20], [1, 2, 3], size=(N, 3))
ANSWERS = (RNG.random((N, 3)) < [0.1, 0.5, 0.7]).astype(float)
WEIGHT = RNG.gamma(2.0, 1.0, size=N)
ELEMENTS = RNG.gamma(2.0, 1.0, size=(N, 3))
GAPS = np.where(np.arange(N) % 7 == 0, np.nan, REAL)

WEIGHTED = [{}, {"sample_weight": WEIGHT}]
Case = tuple[str, Any, tuple[float, float], dict[str, Any]]

ONE_NUMBER: list[Case] = [
    *(
        (loss, REAL, (-3, 9), kw)
        for kw in WEIGHTED
        for loss in (
            "mse", "half-squared-error", "rmse", "mae", "pinball(quantile=0.8)", "huber(delta=0.7)",
            "smooth-l1(beta=0.3)", "log-cosh", "expectile(alpha=0.8)", "cauchy", "fair",
            "epsilon-insensitive(epsilon=0.3)",
        )
    ),
    *(
        (loss, POSITIVE, (0.02, 8), kw)
        for kw in WEIGHTED
        for loss in ("msle", "rmsle", "mape", "gamma-deviance", "tweedie-deviance(power=1.5)")
    ),
    *(("poisson-nll", COUNTS, (-2, 3), kw) for kw in WEIGHTED),
    *(("poisson-nll(log_input=False)", COUNTS, (0.05, 5), kw) for kw in WEIGHTED),
    *(("bce-with-logits", YES, (-4, 4), kw) for kw in WEIGHTED),
    *(("bce-with-logits(pos_weight=[3.0])", YES, (-4, 4), kw) for kw in WEIGHTED),
    *(("bce", YES, (0.01, 0.99), kw) for kw in (*WEIGHTED, {"weight": WEIGHT})),
    *(("brier", YES, (0.01, 0.99), kw) for kw in WEIGHTED),
    *((loss, GAPS, (-3, 9), {"missing": "drop"}) for loss in ("mse", "mae")),
]  # fmt: skip


def named(cases: list[Case] | list[Any]) -> list[Any]:
    return [pytest.param(*case, id=f"{case[0]}-{i}") for i, case in enumerate(cases)]


def holds(result: Result, best: float, tolerance: float = 2e-7) -> None:
    """The best constant is as good as SciPy's; where it is better, so much the better."""
    naive = result.reference
    assert naive is not None
    assert naive.exact
    assert naive.value <= best + tolerance * abs(best)


@pytest.mark.parametrize(("loss", "target", "bounds", "named"), named(ONE_NUMBER))
def test_one_number(
    loss: str, target: Any, bounds: tuple[float, float], named: dict[str, Any]
) -> None:
    def value(x: float) -> float:
        return losscli.compute(loss, np.full(N, x), target, **named).value

    grid = np.linspace(*bounds, 13)
    values = [value(x) for x in grid]
    at = int(np.argmin(values))
    around = grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)]
    found = optimize.minimize_scalar(
        value, bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    some = np.full(N, np.mean(bounds)) + 1e-3 * RNG.normal(size=N)
    result = losscli.compute(loss, some, target, **named)
    holds(result, min(found.fun, *values))
    assert result.reference is not None
    # What is named is what costs that much.
    (best,) = result.reference.prediction
    assert value(best) == pytest.approx(result.reference.value, rel=1e-9)


MATRIX: list[Any] = [
    *(
        (loss, COLUMNS, kw)
        for kw in WEIGHTED
        for loss in ("mse", "mae", "rmse", "pinball(quantile=0.8)")
    ),
    *(("bce-with-logits", ANSWERS, kw) for kw in (*WEIGHTED, {"weight": ELEMENTS})),
    *(("bce", ANSWERS, kw) for kw in (*WEIGHTED, {"weight": ELEMENTS})),
]


@pytest.mark.parametrize(("loss", "target", "named"), named(MATRIX))
def test_columns_have_a_constant_each(loss: str, target: Any, named: dict[str, Any]) -> None:
    limits = (0.001, 0.999) if loss == "bce" else (-6, 30)

    def value(x: Any) -> float:
        return losscli.compute(loss, np.tile(x, (N, 1)), target, **named).value

    found = optimize.minimize(
        value, target.mean(axis=0), method="Nelder-Mead", bounds=[limits] * 3,
        options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 250},
    )  # fmt: skip
    holds(losscli.compute(loss, np.clip(target + 0.1, 0.01, 0.99), target, **named), found.fun)


def logits(z: Any) -> Any:
    return z


def log_probabilities(z: Any) -> Any:
    return z - np.log(np.exp(z).sum())


def probabilities(z: Any) -> Any:
    return np.exp(log_probabilities(z))


SHARES: list[Any] = [
    *(
        (loss, target, logits, kw)
        for kw in WEIGHTED
        for loss, target in (
            ("cross-entropy", CLASSES),
            ("cross-entropy(weight=[1,2,3,9])", CLASSES),
            ("cross-entropy(label_smoothing=0.2)", CLASSES),
            ("cross-entropy(weight=[1,2,3,9],label_smoothing=0.2)", CLASSES),
            ("cross-entropy", IGNORED),
            ("cross-entropy(ignore_index=1)", CLASSES),
            ("cross-entropy", SOFT),
            ("cross-entropy(weight=[1,2,3,9],label_smoothing=0.2)", SOFT),
            ("perplexity", CLASSES),
        )
    ),
    ("nll(weight=[1,2,3,9])", CLASSES, log_probabilities, {}),
    ("log-loss", CLASSES, probabilities, {"sample_weight": WEIGHT}),
    ("multiclass-brier", CLASSES, probabilities, {"sample_weight": WEIGHT}),
]


@pytest.mark.parametrize(("loss", "target", "row", "named"), named(SHARES))
def test_shares_of_classes(
    loss: str, target: Any, row: Callable[[Any], Any], named: dict[str, Any]
) -> None:
    def value(z: Any) -> float:
        return losscli.compute(loss, np.tile(row(z), (N, 1)), target, **named).value

    found = optimize.minimize(value, np.zeros(4), method="BFGS", options={"gtol": 1e-7})
    scores = np.array([row(0.3 * RNG.normal(size=4)) for _ in range(N)])
    holds(losscli.compute(loss, scores, target, **named), found.fun)


def test_nothing_is_said_where_the_columns_are_not_known() -> None:
    # Elements that are left out one by one are read as a list of elements.
    target = np.where(RNG.random(COLUMNS.shape) < 0.1, np.nan, COLUMNS)
    result = losscli.compute("mse", COLUMNS + 1, target, missing="ignore-elements")
    assert result.reference is None
    grouped = losscli.compute("mse", REAL + 1, REAL, group=np.arange(N) // 3)
    assert grouped.reference is None
