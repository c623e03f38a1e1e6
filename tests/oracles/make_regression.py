"""Cases of the regression losses, from the libraries that have them and at 50 digits.

It needs catboost, keras, lightgbm, mpmath, optax, scikit-learn, scipy, torchmetrics and xgboost:

    python tests/oracles/make_regression.py
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import catboost.utils
import jax
import lightgbm
import mpmath
import numpy as np
import optax
import torch
import torchmetrics.functional
import xgboost
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from scipy.spatial import distance
from sklearn import metrics
from sklearn._loss import HalfSquaredError

os.environ["KERAS_BACKEND"] = "numpy"
import keras

RNG = np.random.default_rng(10)
SHAPES = [(8,), (4, 3), (2, 3, 2), (1,)]
SINGLE = {"rtol": 1e-5, "why": "the library computes in float32"}

Arrays = dict[str, Any]


def arrays_of(x: Any, y: Any) -> Arrays:
    return {"prediction": x, "target": y}


def numbers(*shape: int) -> np.ndarray:
    """Sixty-fourths, which float32 holds too: CatBoost and XGBoost store targets so."""
    return np.round(RNG.normal(scale=2.0, size=shape) * 64) / 64


def positive(*shape: int) -> np.ndarray:
    return np.abs(numbers(*shape)) - 0.5


def name_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


# --- at 50 digits: the loss of an element --------------------------------------------------------


def half_squared_error(x: mpf, y: mpf) -> mpf:
    return (x - y) ** 2 / 2


def msle(x: mpf, y: mpf, floor: float | None = None) -> mpf:
    if floor is not None:
        x, y = max(x, mpf(floor)), max(y, mpf(floor))
    return (mpmath.log(1 + x) - mpmath.log(1 + y)) ** 2


def mape(x: mpf, y: mpf, eps: float = 2.0**-52, scale: float = 1.0) -> mpf:
    return mpf(scale) * abs(x - y) / max(abs(y), mpf(eps))


def smape(x: mpf, y: mpf, eps: float = 1.17e-6, scale: float = 1.0) -> mpf:
    return mpf(scale) * 2 * abs(x - y) / max(abs(x) + abs(y), mpf(eps))


def lq(x: mpf, y: mpf, q: float = 1.5) -> mpf:
    return abs(x - y) ** mpf(q)


def num_errors(x: mpf, y: mpf, greater_than: float = 0.0) -> mpf:
    return mpf(abs(x - y) > greater_than)


# Values whose loss is a limit: an infinity that meets a number, and two that meet.
ONE_INFINITE = {"num-errors": 1.0, "smape": NAN}


def exact(loss: str, arrays: Arrays, **params: Any) -> np.ndarray:
    formula = globals()[loss.replace("-", "_")]

    def one(x: float, y: float) -> Any:
        difference = mpf(x) - mpf(y)
        if mpmath.isnan(difference):
            return NAN
        if mpmath.isinf(difference):
            return NAN if loss == "mape" and np.isinf(y) else ONE_INFINITE.get(loss, INF)
        return formula(mpf(x), mpf(y), **params)

    with mpmath.workdps(700):
        return np.vectorize(one, otypes=[object])(*map(np.asarray, arrays.values()))


def row_case(loss: str, label: str, arrays: Arrays, **params: Any) -> Case:
    elements = exact(loss, arrays, **params)
    flat = elements.ravel().tolist()
    total = mpmath.fsum(flat)
    return case(
        loss, label, arrays, "mpmath", elements=elements,
        reductions={"mean": total / len(flat), "sum": total}, **params,
    )  # fmt: skip


# --- at 50 digits: a number of all elements ------------------------------------------------------


def errors_of(arrays: Arrays) -> list[mpf]:
    x, y = (np.ravel(a).tolist() for a in arrays.values())
    return [abs(mpf(a) - mpf(b)) for a, b in zip(x, y, strict=True)]


def rmse(arrays: Arrays) -> mpf:
    errors = errors_of(arrays)
    return mpmath.sqrt(mpmath.fsum(e**2 for e in errors) / len(errors))


def rmsle(arrays: Arrays) -> mpf:
    x, y = (np.ravel(a).tolist() for a in arrays.values())
    squares = [msle(mpf(a), mpf(b)) for a, b in zip(x, y, strict=True)]
    return mpmath.sqrt(mpmath.fsum(squares) / len(squares))


def wmape(arrays: Arrays, eps: float = 1.17e-6) -> mpf:
    size = mpmath.fsum(abs(mpf(y)) for y in np.ravel(arrays["target"]).tolist())
    return mpmath.fsum(errors_of(arrays)) / max(size, mpf(eps))


def median_absolute_error(arrays: Arrays) -> mpf:
    errors = sorted(errors_of(arrays))
    middle = len(errors) // 2
    return (errors[middle] + errors[-1 - middle]) / 2


def max_error(arrays: Arrays) -> mpf:
    return max(errors_of(arrays))


def minkowski(arrays: Arrays, p: float = 2.0) -> mpf:
    return mpmath.fsum(e ** mpf(p) for e in errors_of(arrays)) ** (1 / mpf(p))


def set_case(loss: str, label: str, x: Any, y: Any, **params: Any) -> Case:
    arrays = arrays_of(x, y)
    with mpmath.workdps(700):
        overall = globals()[loss.replace("-", "_")](arrays, **params)
    return case(loss, label, arrays, "mpmath", reductions={"overall": overall}, **params)


# --- other libraries -----------------------------------------------------------------------------


def torchmetric(name: str, **given: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    function = getattr(torchmetrics.functional, name)
    return lambda x, y: float(function(torch.tensor(x), torch.tensor(y), **given))


def sklearn_metric(name: str, **given: Any) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda x, y: float(getattr(metrics, name)(y, x, **given))


def catboost_metric(metric: str) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda x, y: float(catboost.utils.eval_metric(y, x, metric)[0])


def keras_loss(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    return lambda x, y: float(np.mean(getattr(keras.losses, name)(y.ravel(), x.ravel())))


def keras_rmse(x: np.ndarray, y: np.ndarray) -> float:
    metric = keras.metrics.RootMeanSquaredError()
    metric.update_state(y, x)
    return float(metric.result())


def lightgbm_metric(metric: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """The metric of predictions x: as initial scores, with nothing to learn from."""

    def call(x: np.ndarray, y: np.ndarray) -> float:
        data = lightgbm.Dataset(np.zeros((x.size, 1)), y, init_score=x)
        settings = {"metric": metric, "boost_from_average": False, "verbose": -1}
        found: dict[str, Any] = {}
        lightgbm.train(
            settings, data, num_boost_round=1, valid_sets=[data], valid_names=["data"],
            callbacks=[lightgbm.record_evaluation(found)],
        )  # fmt: skip
        return float(found["data"][metric][0])

    return call


def xgboost_metric(metric: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def call(x: np.ndarray, y: np.ndarray) -> float:
        data = xgboost.DMatrix(np.zeros((x.size, 1)), y, base_margin=x)
        settings = {"eval_metric": metric, "base_score": 0.0}
        return float(xgboost.train(settings, data, num_boost_round=0).eval(data).rpartition(":")[2])

    return call


Library = tuple[str, str, Callable[[np.ndarray, np.ndarray], float], dict[str, Any], dict[str, Any]]
UNIFORM = {"multioutput": "uniform_average"}

# The mean of a row loss, the number of a set loss; of one column, and of several where it says so.
MEANS: list[Library] = [
    ("half-squared-error", "optax", lambda x, y: float(optax.losses.l2_loss(x, y).mean()), {}, {}),
    ("msle", "scikit-learn", sklearn_metric("mean_squared_log_error"), {}, {}),
    ("msle", "torchmetrics", torchmetric("mean_squared_log_error"), {}, {}),
    ("msle", "catboost", catboost_metric("MSLE"), {}, SINGLE),
    ("msle", "keras", keras_loss("mean_squared_logarithmic_error"), {"floor": 1e-7}, SINGLE),
    ("mape", "scikit-learn", sklearn_metric("mean_absolute_percentage_error"), {}, {}),
    ("mape", "torchmetrics", torchmetric("mean_absolute_percentage_error"), {"eps": 1.17e-6}, {}),
    ("mape", "catboost", catboost_metric("MAPE"), {"eps": 1.0}, {}),
    ("mape", "lightgbm", lightgbm_metric("mape"), {"eps": 1.0}, {}),
    ("mape", "keras", keras_loss("mean_absolute_percentage_error"),
     {"eps": 1e-7, "scale": 100.0}, SINGLE),
    ("smape", "torchmetrics", torchmetric("symmetric_mean_absolute_percentage_error"), {}, {}),
    ("smape", "catboost", catboost_metric("SMAPE"), {"scale": 100.0}, {}),
    ("lq", "catboost", catboost_metric("Lq:q=1.5"), {}, {}),
    ("lq", "catboost", catboost_metric("Lq:q=3"), {"q": 3.0}, {}),
    ("num-errors", "catboost", catboost_metric("NumErrors:greater_than=0.5"),
     {"greater_than": 0.5}, {}),
    ("rmse", "scikit-learn", sklearn_metric("root_mean_squared_error"), {}, {}),
    ("rmse", "catboost", catboost_metric("RMSE"), {}, {}),
    ("rmse", "xgboost", xgboost_metric("rmse"), {}, SINGLE),
    ("rmsle", "scikit-learn", sklearn_metric("root_mean_squared_log_error"), {}, {}),
    ("rmsle", "xgboost", xgboost_metric("rmsle"), {}, SINGLE),
    ("wmape", "torchmetrics", torchmetric("weighted_mean_absolute_percentage_error"), {}, {}),
    ("median-absolute-error", "scikit-learn", sklearn_metric("median_absolute_error"), {}, {}),
    ("median-absolute-error", "catboost", catboost_metric("MedianAbsoluteError"), {}, {}),
    ("max-error", "scikit-learn", sklearn_metric("max_error"), {}, {}),
    ("minkowski", "torchmetrics", torchmetric("minkowski_distance", p=3), {"p": 3.0}, {}),
    ("minkowski", "scipy", lambda x, y: distance.minkowski(x, y, 1.5), {"p": 1.5}, {}),
    ("minkowski", "scipy", lambda x, y: distance.minkowski(x, y), {}, {}),
]  # fmt: skip
COLUMNS: list[Library] = [
    ("rmse", "torchmetrics", torchmetric("mean_squared_error", squared=False), {}, {}),
    ("rmse", "keras", keras_rmse, {}, SINGLE),
    ("rmse", "scikit-learn", sklearn_metric("root_mean_squared_error"), UNIFORM, {}),
    ("rmsle", "scikit-learn", sklearn_metric("root_mean_squared_log_error"), UNIFORM, {}),
    ("median-absolute-error", "scikit-learn", sklearn_metric("median_absolute_error"), {}, {}),
    ("wmape", "torchmetrics", torchmetric("weighted_mean_absolute_percentage_error"), {}, {}),
    ("minkowski", "torchmetrics", torchmetric("minkowski_distance", p=2), {}, {}),
    ("msle", "scikit-learn", sklearn_metric("mean_squared_log_error"), {}, {}),
    ("mape", "scikit-learn", sklearn_metric("mean_absolute_percentage_error"), {}, {}),
    ("smape", "torchmetrics", torchmetric("symmetric_mean_absolute_percentage_error"), {}, {}),
]
SETS = ("rmse", "rmsle", "wmape", "median-absolute-error", "max-error", "minkowski")


def of_libraries(libraries: list[Library], shapes: list[tuple[int, ...]]) -> Iterator[Case]:
    for n, (loss, oracle, function, params, within) in enumerate(libraries):
        draw = positive if "sle" in loss else numbers
        for shape in shapes:
            arrays = arrays_of(draw(*shape), draw(*shape))
            value = {"overall" if loss in SETS else "mean": function(*arrays.values())}
            yield case(
                loss, f"{oracle}-{n}-{name_of(shape)}", arrays, oracle,
                reductions=value, **within, **params,
            )  # fmt: skip


def sklearn_half_squared() -> Iterator[Case]:
    for shape in SHAPES:
        x, y = numbers(*shape), numbers(*shape)
        elements = HalfSquaredError().loss(y.ravel(), x.ravel()).reshape(shape)
        yield case(
            "half-squared-error", f"sklearn-{name_of(shape)}", arrays_of(x, y), "scikit-learn",
            elements=elements, reductions={"mean": elements.mean(), "sum": elements.sum()},
        )  # fmt: skip


# --- edges ---------------------------------------------------------------------------------------


def row_edges() -> Iterator[Case]:
    settings: dict[str, list[dict[str, Any]]] = {
        "half-squared-error": [{}],
        "mape": [{}, {"eps": 1.0}, {"eps": 1e-7, "scale": 100.0}],
        "smape": [{}, {"eps": 1e-300, "scale": 50.0}],
        "lq": [{}, {"q": 1.0}, {"q": 0.5}, {"q": 4.0}],
        "num-errors": [{}, {"greater_than": 0.25}],
    }
    small = [0.0, 1e-9, 0.25, -0.5, 3.0, -1e4, 1e8, 1e-3, TINY, 1e-160, 2.5]
    other = [0.0, 0.0, 0.0, 0.25, 3.0, 1e4, 1e8 + 1.0, -1e-3, 0.0, 1e-160, 0.0]
    huge = [1e100, -1e200, MAX, MAX, 1.5e308, 1.4e154, MAX, 1.0]
    far = [0.0, 1e199, MAX, 1.0, 0.5e308, 0.0, 0.0, MAX]
    for loss, given in settings.items():
        for n, params in enumerate(given):
            for shape in SHAPES:
                arrays = arrays_of(numbers(*shape), numbers(*shape))
                yield row_case(loss, f"{name_of(shape)}-{n}", arrays, **params)
            yield row_case(loss, f"edges-{n}", arrays_of(small, other), **params)
            yield row_case(loss, f"huge-{n}", arrays_of(huge, far), **params)
        arrays = arrays_of([INF, -INF, INF, NAN, 1.0, 1.0], [1.0, 1.0, INF, 1.0, -INF, NAN])
        elements = exact(loss, arrays)
        yield case(loss, "infinities", arrays, "mpmath", elements=elements)
    opposite = arrays_of([MAX, -1.2e308, 1.0], [-MAX, 0.9e308, 1.0])
    for loss in ("mape", "smape"):
        yield row_case(loss, "beyond-double", opposite)
    yield row_case("mape", "xgboost-zero", arrays_of([1.0, 3.0], [0.0, 2.0]), eps=TINY)


def log_edges() -> Iterator[Case]:
    above = float(np.nextafter(-1.0, 0.0))
    x = [0.0, 1e-9, -0.5, above, 1e8, 1e8, 1e300, MAX, TINY, 2.0, 1e-20, 0.1, 5.0, above]
    y = [0.0, 0.0, 3.0, 1.0, 1e8 + 1.0, 2e8, 3e300, above, 0.0, 2.0, 2e-20, 0.1 + 1e-16, 2.0, above]
    yield row_case("msle", "edges", arrays_of(x, y))
    yield row_case("msle", "edges-swapped", arrays_of(y, x))
    yield row_case("msle", "floor", arrays_of(x, y), floor=0.25)
    arrays = arrays_of([INF, 1.0, INF], [1.0, INF, INF])
    yield case("msle", "infinities", arrays, "mpmath", elements=[INF, INF, NAN])
    outside = arrays_of([-1.0, 0.0, -2.0, NAN, -1.0], [0.0, -1.0, 0.0, 0.0, -1.0])
    yield case(
        "msle", "outside", outside, "mpmath", elements=[INF, INF, NAN, NAN, NAN], direct=True
    )
    below = arrays_of([-3.0, 0.5, -1.0], [0.5, -2.0, -1.0])
    value = {"mean": keras_loss("mean_squared_logarithmic_error")(*map(np.array, below.values()))}
    yield case(
        "msle", "keras-below", below, "keras", elements=exact("msle", below, floor=1e-7),
        reductions=value, direct=True, floor=1e-7, **SINGLE,
    )  # fmt: skip
    yield set_case("rmsle", "edges", x, y)
    yield set_case("rmsle", "tiny", [1e-200, 0.0], [0.0, 1e-200])
    yield set_case("rmsle", "one-row", [3.0], [0.5])


def set_edges() -> Iterator[Case]:
    pairs = {
        "one-row": ([2.5], [3.0]),
        "equal": ([2.5, -1.0], [2.5, -1.0]),
        "huge": ([1e200, -3e200, 1.0], [0.0, 1e199, 2.0]),
        "largest": ([MAX, 0.0, -MAX], [0.0, MAX, 0.0]),
        "tiny": ([1e-200, -3e-200, 0.0], [0.0, 1e-200, 0.0]),
        "denormal": ([TINY, 0.0], [0.0, TINY]),
        "close": ([1e8 + 1.0, 1e8], [1e8, 1e8]),
        "zeros": ([1.0, 0.5, 0.0], [0.0, 0.0, 0.0]),
        "block": ([[[1.0, 2.0]], [[3.0, 5.5]]], [[[2.0, 2.5]], [[-3.0, 5.0]]]),
    }
    settings: dict[str, list[dict[str, Any]]] = {
        "rmse": [{}],
        "wmape": [{}],
        "median-absolute-error": [{}],
        "max-error": [{}],
        "minkowski": [{"p": 1.0}, {"p": 2.0}, {"p": 4.5}, {"p": 100.0}],
    }
    for loss, given in settings.items():
        for params in given:
            for label, (x, y) in pairs.items():
                if label == "block" and loss == "median-absolute-error":
                    continue
                if label in ("huge", "tiny", "denormal") and params.get("p", 0.0) > 2.0:
                    continue
                suffix = "".join(f"-{k}{v:g}" for k, v in params.items())
                yield set_case(loss, label + suffix, x, y, **params)
        arrays = {
            "infinite": arrays_of([INF, 1.0, 2.0], [1.0, 1.0, -INF]),
            "nan": arrays_of([NAN, 1.0, 2.0], [1.0, 1.0, 2.0]),
            "both-infinite": arrays_of([INF, 1.0, 2.0], [INF, 1.0, 2.0]),
        }
        for label, a in arrays.items():
            value = NAN if label != "infinite" or loss == "wmape" else INF
            yield case(loss, label, a, "mpmath", reductions={"overall": value})
    yield set_case("wmape", "eps", [1.0, 2.0], [0.25, 0.0], eps=2.0)
    yield set_case("minkowski", "spread", [1e4, 1e-4, 3.0], [0.0, 0.0, 0.0], p=60.0)
    yield set_case("minkowski", "high-power", [1e6, -3e5], [0.0, 0.0], p=100.0)
    yield set_case("minkowski", "low-power", [1e-6, -3e-6], [0.0, 0.0], p=100.0)
    yield set_case("median-absolute-error", "ties", [1.0, 2.0, 2.0, 5.0], [0.0, 0.0, 0.0, 0.0])


def cases() -> Iterator[Case]:
    yield from of_libraries(MEANS, [(20,), (1,)])
    yield from of_libraries(COLUMNS, [(5, 3)])
    yield from sklearn_half_squared()
    yield from row_edges()
    yield from log_edges()
    yield from set_edges()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    write("regression", cases())
