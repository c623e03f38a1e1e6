"""Cases of the forecast scores, from the libraries that have them and at 50 digits.

It needs catboost, lightgbm, mpmath, properscoring, scikit-learn, scoringrules, torch, torchmetrics
and xgboost:

    python tests/oracles/make_forecast.py
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import catboost.utils
import lightgbm
import mpmath
import numpy as np
import properscoring
import scoringrules
import torch
import xgboost
from mpmath import mpf
from oracle import INF, NAN, TINY, Case, case, write
from sklearn import metrics
from sklearn._loss import loss as sklearn_loss
from torch.nn import functional
from torchmetrics.functional.regression import continuous_ranked_probability_score

RNG = np.random.default_rng(40)
SHAPES = [(8,), (4, 3), (2, 3, 2), (1,)]
SINGLE = {"rtol": 1e-5, "why": "the library computes in float32"}
DEAD_ZONE = {"rtol": 1e-5, "why": "CatBoost takes 1e-6 off an error"}

Arrays = dict[str, Any]


# --- the formulas --------------------------------------------------------------------------------


def pinball(x: mpf, y: mpf, quantile: float = 0.5, scale: float = 1.0) -> mpf:
    q = mpf(quantile)
    return scale * (q * (y - x) if y >= x else (1 - q) * (x - y))


def log_lin_quantile(x: mpf, y: mpf, quantile: float = 0.5) -> mpf:
    return pinball(mpmath.exp(x), y, quantile)


def expectile(x: mpf, y: mpf, alpha: float = 0.5) -> mpf:
    return (mpf(alpha) if y >= x else 1 - mpf(alpha)) * (y - x) ** 2


def quantile_huber(
    x: mpf, y: mpf, quantile: float = 0.5, delta: float = 1.0, normalize: bool = True
) -> mpf:
    d = mpf(delta)
    huber = (y - x) ** 2 / 2 if abs(y - x) <= d else d * (abs(y - x) - d / 2)
    price = mpf(quantile) if y >= x else 1 - mpf(quantile)
    return price * huber / (d if normalize else 1)


def interval_score(low: mpf, high: mpf, y: mpf, alpha: float = 0.05) -> mpf:
    return high - low + 2 / mpf(alpha) * (max(low - y, mpf(0)) + max(y - high, mpf(0)))


def crps_gaussian(x: mpf, y: mpf, std: mpf) -> mpf:
    if std == 0:
        return abs(x - y)
    z = (y - x) / std
    cdf, density = mpmath.ncdf(z), mpmath.npdf(z)
    return std * (z * (2 * cdf - 1) + 2 * density - 1 / mpmath.sqrt(mpmath.pi))


def energy_score(members: list[list[mpf]], y: list[mpf], fair: bool = False) -> mpf:
    def distance(a: list[mpf], b: list[mpf]) -> mpf:
        return mpmath.sqrt(mpmath.fsum((p - q) ** 2 for p, q in zip(a, b, strict=True)))

    count = len(members)
    error = mpmath.fsum(distance(e, y) for e in members) / count
    spread = mpmath.fsum(distance(a, b) for a, b in product(members, members))
    pairs = count * (count - 1) if fair else count**2
    return error - (spread / (2 * pairs) if count > 1 else 0)


def exact(function: Callable[..., mpf], *arrays: Any, **params: Any) -> Any:
    def rounded(*numbers: float) -> float:
        with mpmath.workdps(700):
            return float(function(*map(mpf, numbers), **params))

    return np.vectorize(rounded, otypes=[float])(*arrays)


def reduced(elements: Any) -> dict[str, float]:
    flat = np.asarray(elements, float).ravel().tolist()
    return {"mean": math.fsum(flat) / len(flat), "sum": math.fsum(flat)}


def exact_case(function: Callable[..., mpf], label: str, arrays: Arrays, **params: Any) -> Case:
    elements = exact(function, *map(np.asarray, arrays.values()), **params)
    name = function.__name__.replace("_", "-")
    return case(
        name, label, arrays, "mpmath", elements=elements, reductions=reduced(elements), **params
    )


def library_case(
    loss: str, label: str, arrays: Arrays, oracle: str, elements: Any, **more: Any
) -> Case:
    values = np.asarray(elements, float)
    return case(loss, label, arrays, oracle, elements=values, reductions=reduced(values), **more)


def mean_case(loss: str, label: str, arrays: Arrays, oracle: str, mean: float, **more: Any) -> Case:
    return case(loss, label, arrays, oracle, reductions={"mean": mean}, **more)


# --- the libraries -------------------------------------------------------------------------------


def catboost_mean(metric: str, approx: Any, target: Any) -> float:
    return catboost.utils.eval_metric(target, approx, metric)[0]


def lightgbm_mean(metric: str, approx: Any, target: Any, **params: Any) -> float:
    settings = {"objective": metric, "metric": metric, "verbose": -1, **params}
    data = lightgbm.Dataset(
        np.zeros((len(target), 1)), label=target, init_score=approx,
        params={"verbose": -1, "feature_pre_filter": False},
    )  # fmt: skip
    return lightgbm.Booster(settings, data).eval_train()[0][2]


def xgboost_mean(quantiles: Any, margins: Any, target: Any) -> float:
    data = xgboost.DMatrix(np.zeros((len(target), 1)), label=target, base_margin=margins)
    settings = {
        "objective": "reg:quantileerror", "eval_metric": "quantile", "base_score": 0.5,
        "quantile_alpha": quantiles,
    }  # fmt: skip
    return float(xgboost.train(settings, data, 0).eval(data).split(":")[1])


def one_by_one(function: Callable[..., float], x: Any, y: Any, **params: Any) -> Any:
    """A metric of each element, of which scikit-learn gives the mean."""
    single = np.vectorize(lambda a, b: function([b], [a], **params), otypes=[float])
    return single(x, y)


def random_pair(shape: tuple[int, ...]) -> Arrays:
    """Prediction and target; multiples of 1/16, which float32 holds too."""
    x, y = np.round(RNG.normal(size=(2, *shape)) * 24) / 16
    return {"prediction": x, "target": y}


EDGES = {
    "prediction": [1e4, -1e308, 0.0, TINY, INF, NAN, INF, 2.0, 1e308],
    "target": [-1e4, 0.0, 1e308, 0.0, 0.0, 1.0, INF, 2.0, 0.0],
}


# --- quantiles -----------------------------------------------------------------------------------


def pinball_cases() -> Iterator[Case]:
    name = "pinball"
    for i, (shape, q) in enumerate(zip(SHAPES, (0.5, 0.9, 0.25, 0.0), strict=True)):
        arrays = random_pair(shape)
        x, y = arrays.values()
        found = one_by_one(metrics.mean_pinball_loss, x, y, alpha=q)
        yield library_case(name, f"scikit-learn-{i}", arrays, "scikit-learn", found, quantile=q)
        found = scoringrules.quantile_score(y, x, np.full(shape, q))
        yield library_case(name, f"scoringrules-{i}", arrays, "scoringrules", found, quantile=q)
        yield exact_case(pinball, f"exact-{i}", arrays, quantile=q, scale=2.0)
    arrays = random_pair((6,))
    x, y = arrays.values()
    found = sklearn_loss.PinballLoss(quantile=0.3).loss(y, x)
    yield library_case(name, "scikit-learn-loss", arrays, "scikit-learn", found, quantile=0.3)
    mean = lightgbm_mean("quantile", x, y, alpha=0.25)
    yield mean_case(name, "lightgbm", arrays, "lightgbm", mean, quantile=0.25)
    mean = catboost_mean("Quantile:alpha=0.3", x, y)
    yield mean_case(name, "catboost", arrays, "catboost", mean, quantile=0.3, **DEAD_ZONE)
    mean = xgboost_mean(0.3, x, y)
    yield mean_case(name, "xgboost", arrays, "xgboost", mean, quantile=0.3, **SINGLE)

    several = {"prediction": RNG.integers(-20, 20, (5, 3)) / 8, "target": np.round(y[:5], 3)}
    quantiles = [0.1, 0.5, 0.75]
    x, y = several.values()
    columns = [
        one_by_one(metrics.mean_pinball_loss, x[:, i], y, alpha=q) for i, q in enumerate(quantiles)
    ]
    found = np.stack(columns, axis=1)
    more = {"quantile": quantiles}
    yield library_case(name, "several", several, "scikit-learn", found, **more)
    repeated = {**several, "target": np.repeat(y[:, np.newaxis], 3, axis=1)}
    yield library_case(name, "several-targets", repeated, "scikit-learn", found, **more)
    mean = catboost_mean("MultiQuantile:alpha=0.1,0.5,0.75", x, y)
    yield mean_case(name, "several-catboost", several, "catboost", mean, **more, **DEAD_ZONE)
    mean = xgboost_mean(quantiles, x, y)
    yield mean_case(name, "several-xgboost", several, "xgboost", mean, **more, **SINGLE)
    found = scoringrules.crps_quantile(y, x, np.array(quantiles))
    yield mean_case(
        name, "several-is-the-crps", several, "scoringrules", found.mean(), scale=2.0, **more
    )
    for q in (0.5, 0.99):
        found = sklearn_loss.PinballLoss(quantile=q).loss(
            np.array(EDGES["target"]), np.array(EDGES["prediction"])
        )
        yield case(name, f"edges-{q}", EDGES, "scikit-learn", elements=found, quantile=q)


def log_lin_cases() -> Iterator[Case]:
    name = "log-lin-quantile"
    for i, (shape, q) in enumerate(zip(SHAPES, (0.5, 0.9, 0.25, 1.0), strict=True)):
        arrays = random_pair(shape)
        yield exact_case(log_lin_quantile, f"exact-{i}", arrays, quantile=q)
        x, y = arrays.values()
        found = one_by_one(metrics.mean_pinball_loss, np.exp(x), y, alpha=q)
        yield library_case(name, f"scikit-learn-{i}", arrays, "scikit-learn", found, quantile=q)
    arrays = random_pair((6,))
    mean = catboost_mean("LogLinQuantile:alpha=0.3", *arrays.values())
    yield mean_case(name, "catboost", arrays, "catboost", mean, quantile=0.3, **DEAD_ZONE)
    several = {"prediction": RNG.normal(size=(4, 2)), "target": RNG.gamma(1.0, size=4)}
    x, y = several.values()
    columns = [
        one_by_one(metrics.mean_pinball_loss, np.exp(x[:, i]), y, alpha=q)
        for i, q in enumerate((0.2, 0.8))
    ]
    found = np.stack(columns, axis=1)
    yield library_case(name, "several", several, "scikit-learn", found, quantile=[0.2, 0.8])
    edges = {
        "prediction": [-750.0, 709.0, 710.0, 0.0, NAN, -INF, 1.0],
        "target": [0.0, 0.0, 1.0, 1e308, 1.0, 2.0, NAN],
    }
    found = sklearn_loss.PinballLoss(quantile=0.25).loss(
        np.array(edges["target"]), np.exp(edges["prediction"])
    )
    yield case(name, "edges", edges, "scikit-learn", elements=found, quantile=0.25)


def expectile_cases() -> Iterator[Case]:
    name = "expectile"
    for i, (shape, alpha) in enumerate(zip(SHAPES, (0.5, 0.9, 0.25, 0.0), strict=True)):
        arrays = random_pair(shape)
        yield exact_case(expectile, f"exact-{i}", arrays, alpha=alpha)
        x, y = map(torch.tensor, arrays.values())
        price = alpha + (1.0 - 2.0 * alpha) * (y < x).double()
        found = price * functional.mse_loss(x, y, reduction="none")
        yield library_case(name, f"torch-{i}", arrays, "torch", found, alpha=alpha)
    for alpha in (0.3, 0.75):
        arrays = random_pair((6,))
        mean = catboost_mean(f"Expectile:alpha={alpha}", *arrays.values())
        yield mean_case(
            name, f"catboost-{alpha}", arrays, "catboost", mean, alpha=alpha, **DEAD_ZONE
        )
    arrays = random_pair((6,))
    mean = metrics.mean_squared_error(*arrays.values()) / 2
    yield mean_case(name, "half-mse", arrays, "scikit-learn", mean)
    edges = {
        "prediction": [1e4, -1e200, TINY, INF, NAN, INF, 2.0, 1e-170],
        "target": [-1e4, 0.0, 0.0, 0.0, 1.0, INF, 2.0, 0.0],
    }
    found = [3e8, INF, 0.0, INF, NAN, NAN, 0.0, 0.0]
    yield case(name, "edges", edges, "mpmath", elements=found, alpha=0.25)


def quantile_huber_cases() -> Iterator[Case]:
    name = "quantile-huber"
    settings = [(0.5, 1.0), (0.9, 2.5), (0.25, 0.125), (1.0, 1.0)]
    for i, (shape, (q, delta)) in enumerate(zip(SHAPES, settings, strict=True)):
        arrays = random_pair(shape)
        x, y = map(torch.tensor, arrays.values())
        price = (q - (y < x).double()).abs()
        huber = functional.huber_loss(x, y, delta=delta, reduction="none")
        for normalize in (True, False):
            params = {"quantile": q, "delta": delta, "normalize": normalize}
            found = price * huber / (delta if normalize else 1.0)
            yield library_case(name, f"torch-{i}-{normalize}", arrays, "torch", found, **params)
            yield exact_case(quantile_huber, f"exact-{i}-{normalize}", arrays, **params)
    several = {"prediction": RNG.normal(size=(4, 2)), "target": RNG.normal(size=4)}
    columns = [
        exact(quantile_huber, several["prediction"][:, i], several["target"], quantile=q)
        for i, q in enumerate((0.2, 0.8))
    ]
    found = np.stack(columns, axis=1)
    yield library_case(name, "several", several, "mpmath", found, quantile=[0.2, 0.8])
    arrays = random_pair((6,))
    found = one_by_one(metrics.mean_pinball_loss, *arrays.values(), alpha=0.7)
    yield library_case(
        name, "small-delta", arrays, "scikit-learn", found, quantile=0.7, delta=1e-14
    )
    x, y = (torch.tensor(EDGES[role], dtype=torch.float64) for role in ("prediction", "target"))
    found = (0.75 - (y < x).double()).abs() * functional.huber_loss(x, y, reduction="none")
    yield case(name, "edges", EDGES, "torch", elements=found, quantile=0.75)


# --- intervals and distributions -----------------------------------------------------------------


def interval_cases() -> Iterator[Case]:
    name = "interval-score"
    for i, (shape, alpha) in enumerate(zip(SHAPES, (0.05, 0.1, 0.5, 0.9), strict=True)):
        low = RNG.normal(size=shape)
        arrays = {
            "lower": low, "upper": low + RNG.gamma(1.0, size=shape),
            "target": RNG.normal(0.0, 2.0, size=shape),
        }  # fmt: skip
        low, high, y = arrays.values()
        found = np.reshape(scoringrules.interval_score(y, low, high, alpha), shape)
        yield library_case(name, f"scoringrules-{i}", arrays, "scoringrules", found, alpha=alpha)
        yield exact_case(interval_score, f"exact-{i}", arrays, alpha=alpha)
        found = 2.0 / alpha * (
            one_by_one(metrics.mean_pinball_loss, low, y, alpha=alpha / 2)
            + one_by_one(metrics.mean_pinball_loss, high, y, alpha=1 - alpha / 2)
        )  # fmt: skip
        yield library_case(name, f"pinballs-{i}", arrays, "scikit-learn", found, alpha=alpha)
    edges = {
        "lower": [0.0, 2.0, -1e4, 0.0, 1e300, 3.0, TINY, 1.0],
        "upper": [0.0, -2.0, 1e4, 1.0, 1e308, 3.0, TINY, 1.0],
        "target": [0.0, 0.0, 1e4, 1.0, 0.0, 5.0, 0.0, 0.0],
    }
    yield exact_case(interval_score, "edges", edges)
    infinite = {
        "lower": [-INF, 0.0, 0.0, NAN, 0.0, 0.0],
        "upper": [INF, 1.0, INF, 1.0, NAN, 1.0],
        "target": [0.0, INF, 1.0, 0.0, 0.0, NAN],
    }
    found = [INF, INF, INF, NAN, NAN, NAN]
    yield case(name, "infinite", infinite, "mpmath", elements=found)


def gaussian_cases() -> Iterator[Case]:
    name = "crps-gaussian"
    for i, shape in enumerate(SHAPES):
        arrays = {
            "prediction": RNG.normal(size=shape),
            "target": RNG.normal(size=shape) * 2,
            "std": RNG.gamma(1.0, size=shape if i != 1 else (*shape[:1], 1)),
        }
        x, y, std = arrays.values()
        found = scoringrules.crps_normal(y, x, np.broadcast_to(std, shape), backend="numpy")
        yield library_case(name, f"scoringrules-{i}", arrays, "scoringrules", found)
        found = properscoring.crps_gaussian(y, x, np.broadcast_to(std, shape))
        yield library_case(name, f"properscoring-{i}", arrays, "properscoring", found)
        yield exact_case(crps_gaussian, f"exact-{i}", arrays)
    edges = {
        "prediction": [0.0, 1e4, 0.0, 1e308, 1.0, 1.0, 1.0, 0.0, 0.0],
        "target": [0.0, -1e4, 40.0, 0.0, 1.0 + 1e-9, 3.0, 1.0, 1.0, TINY],
        "std": [1.0, 1.0, 1.0, 1e300, 1.0, 0.0, 0.0, TINY, 1e300],
    }
    yield exact_case(crps_gaussian, "edges", edges)
    infinite = {
        "prediction": [INF, NAN, 0.0, INF], "target": [0.0, 1.0, NAN, INF], "std": [1.0] * 4
    }  # fmt: skip
    yield case(name, "infinite", infinite, "mpmath", elements=[INF, NAN, NAN, NAN])


def ensemble_score(members: Any, y: Any, fair: bool = False) -> list[float]:
    """The energy score of numbers, which is their CRPS, at 50 digits."""
    return [
        float(energy_score([[mpf(e)] for e in row], [mpf(value)], fair))
        for row, value in zip(np.asarray(members).tolist(), np.asarray(y).tolist(), strict=True)
    ]


def ensemble_cases() -> Iterator[Case]:
    name = "crps-ensemble"
    for i, (rows, members) in enumerate([(5, 4), (1, 7), (3, 2), (2, 11)]):
        arrays = {
            "ensemble": RNG.normal(size=(rows, members)), "target": RNG.normal(size=rows) * 2
        }  # fmt: skip
        e, y = arrays.values()
        found = scoringrules.crps_ensemble(y, e, estimator="nrg", backend="numpy")
        yield library_case(name, f"scoringrules-{i}", arrays, "scoringrules", found)
        found = scoringrules.crps_ensemble(y, e, estimator="fair", backend="numpy")
        rounding = {"atol": 1e-15, "why": "the library's sums cancel"}
        yield library_case(
            name, f"scoringrules-fair-{i}", arrays, "scoringrules", found, fair=True, **rounding
        )
        found = properscoring.crps_ensemble(y, e)
        yield library_case(name, f"properscoring-{i}", arrays, "properscoring", found)
        mean = continuous_ranked_probability_score(torch.tensor(e), torch.tensor(y))
        yield mean_case(name, f"torchmetrics-{i}", arrays, "torchmetrics", float(mean))
        for fair in (False, True):
            found = ensemble_score(e, y, fair)
            yield library_case(name, f"exact-{i}-{fair}", arrays, "mpmath", found, fair=fair)
    one = {"ensemble": [[2.0], [-1.0], [3.0]], "target": [5.0, -1.0, 2.5]}
    for fair in (False, True):
        yield library_case(name, f"one-member-{fair}", one, "mpmath", [3, 0, 0.5], fair=fair)
    # An offset of 1e15 swallows what a difference of two means would keep.
    edges = {
        "ensemble": [
            [1.0, 1.0, 1.0], [3.0, 1.0, 2.0], [1e15, 1e15 + 1.0, 1e15 + 3.0], [-1e308, 0.0, 1e307],
            [TINY, 0.0, TINY], [0.0, 1e-9, 1e9], [2.0, 2.0, 5.0],
        ],
        "target": [1.0, 2.0, 1e15 + 2.0, 0.0, 0.0, 1e-9, 2.0],
    }  # fmt: skip
    for fair in (False, True):
        found = ensemble_score(*edges.values(), fair)
        yield case(name, f"edges-{fair}", edges, "mpmath", elements=found, fair=fair)
    infinite = {
        "ensemble": [[0.0, 1.0, INF], [-INF, 0.0, 1.0], [NAN, 0.0, 1.0], [0.0, 1.0, 2.0]],
        "target": [0.5, 0.5, 0.5, NAN],
    }
    yield case(name, "infinite", infinite, "mpmath", elements=[INF, INF, NAN, NAN])
    outside = {"ensemble": [[0.0, 1.0, 2.0]] * 2, "target": [INF, -INF]}
    yield case(name, "target-infinite", outside, "mpmath", elements=[INF, INF])


def energy_cases() -> Iterator[Case]:
    name = "energy-score"
    for i, (rows, members, size) in enumerate([(3, 4, 2), (1, 3, 5), (2, 2, 3), (2, 5, 1)]):
        arrays = {
            "ensemble": RNG.normal(size=(rows, members, size)),
            "target": RNG.normal(size=(rows, size)) * 2,
        }
        e, y = arrays.values()
        found = scoringrules.es_ensemble(y, e, backend="numpy")
        yield library_case(name, f"scoringrules-{i}", arrays, "scoringrules", found)
        found = scoringrules.es_ensemble(y, e, estimator="fair", backend="numpy")
        yield library_case(name, f"scoringrules-fair-{i}", arrays, "scoringrules", found, fair=True)
        for fair in (False, True):
            found = [exact_energy(*row, fair) for row in zip(e, y, strict=True)]
            yield library_case(name, f"exact-{i}-{fair}", arrays, "mpmath", found, fair=fair)
    numbers = {"ensemble": RNG.normal(size=(4, 6, 1)), "target": RNG.normal(size=(4, 1))}
    e, y = (array[..., 0] for array in numbers.values())
    found = properscoring.crps_ensemble(y, e)
    yield library_case(name, "of-numbers", numbers, "properscoring", found)
    edges = {
        "ensemble": [
            [[1.0, 2.0], [1.0, 2.0]], [[3e200, 4e200], [0.0, 0.0]], [[3e-200, 4e-200], [0.0, 0.0]],
            [[1e15, 0.0], [1e15, 1.0]],
        ],
        "target": [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0], [1e15, 0.5]],
    }  # fmt: skip
    found = [exact_energy(*row) for row in zip(*map(np.asarray, edges.values()), strict=True)]
    yield case(name, "edges", edges, "mpmath", elements=found)
    one = {"ensemble": [[[3.0, 4.0]], [[0.0, 0.0]]], "target": [[0.0, 0.0], [0.0, 0.0]]}
    for fair in (False, True):
        yield library_case(name, f"one-member-{fair}", one, "mpmath", [5.0, 0.0], fair=fair)
    bad = {"ensemble": [[[NAN, 1.0], [0.0, 0.0]]], "target": [[0.0, 0.0]]}
    yield case(name, "nan", bad, "mpmath", elements=[NAN])


def exact_energy(members: Any, y: Any, fair: bool = False) -> float:
    rows = [[mpf(number) for number in member] for member in members.tolist()]
    return float(energy_score(rows, [mpf(number) for number in y.tolist()], fair))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    write(
        "forecast",
        [
            *pinball_cases(), *log_lin_cases(), *expectile_cases(), *quantile_huber_cases(),
            *interval_cases(), *gaussian_cases(), *ensemble_cases(), *energy_cases(),
        ],
    )  # fmt: skip
