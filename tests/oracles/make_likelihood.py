"""Cases of the likelihoods and deviances, from the libraries that have them and at 50 digits.

It needs catboost, keras, lightgbm, mpmath, scikit-learn, scipy, statsmodels, torch, torchmetrics
and xgboost:

    python tests/oracles/make_likelihood.py
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import catboost.utils
import lightgbm
import mpmath
import numpy as np
import torch
import torchmetrics.functional
import xgboost
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from scipy import stats
from sklearn import metrics
from sklearn._loss import loss as sklearn_loss
from statsmodels.genmod import families
from torch.nn import functional

os.environ["KERAS_BACKEND"] = "numpy"
import keras

RNG = np.random.default_rng(30)
SHAPES = [(8,), (4, 3), (2, 3, 2), (1,)]
SINGLE = {"rtol": 1e-5, "why": "the library computes in float32"}

Arrays = dict[str, Any]


# --- the formulas --------------------------------------------------------------------------------


def xlogy(x: mpf, y: mpf) -> mpf:
    return mpf(0) if x == 0 else x * mpmath.log(y)


def poisson_nll(
    x: mpf,
    y: mpf,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    constant: str = "stirling",
) -> mpf:
    elements = mpmath.exp(x) - x * y if log_input else x - y * mpmath.log(x + mpf(eps))
    if full and constant == "exact":
        elements += mpmath.loggamma(y + 1)
    elif full and y > 1:
        elements += xlogy(y, y) - y + mpmath.log(2 * mpmath.pi * y) / 2
    return elements


def gaussian_nll(x: mpf, y: mpf, v: mpf, full: bool = False, eps: float = 1e-6) -> mpf:
    v = max(v, mpf(eps))
    constant = mpmath.log(2 * mpmath.pi) if full else 0
    return (mpmath.log(v) + (x - y) ** 2 / v + constant) / 2


def laplace_nll(x: mpf, y: mpf, b: mpf) -> mpf:
    return abs(x - y) / b + mpmath.log(2 * b)


def student_t_nll(x: mpf, y: mpf, s: mpf, df: mpf) -> mpf:
    constant = mpmath.loggamma(df / 2) - mpmath.loggamma((df + 1) / 2)
    constant += mpmath.log(df * mpmath.pi) / 2 + mpmath.log(s)
    return constant + (df + 1) / 2 * mpmath.log1p(((x - y) / s) ** 2 / df)


def negative_binomial_nll(x: mpf, y: mpf, alpha: mpf) -> mpf:
    if alpha == 0:
        return poisson_nll(x, y, False, True, 0.0, "exact")
    r = 1 / alpha
    ways = mpmath.loggamma(y + r) - mpmath.loggamma(y + 1) - mpmath.loggamma(r)
    return (r + y) * mpmath.log1p(alpha * x) - xlogy(y, alpha * x) - ways


def tweedie_deviance(x: mpf, y: mpf, power: float = 0.0) -> mpf:
    if x == y or power == 0.0:
        return (x - y) ** 2
    if power == 1.0:
        return 2 * (xlogy(y, y / x) - y + x)
    if power == 2.0:
        return 2 * (mpmath.log(x / y) + y / x - 1)
    a, b = 1 - mpf(power), 2 - mpf(power)
    return 2 * (mpmath.re(max(y, mpf(0)) ** b) / (a * b) - y * x**a / a + x**b / b)


def poisson_deviance(x: mpf, y: mpf) -> mpf:
    return tweedie_deviance(x, y, 1.0)


def gamma_deviance(x: mpf, y: mpf) -> mpf:
    return tweedie_deviance(x, y, 2.0)


def gamma_nll(x: mpf, y: mpf, log_input: bool = True) -> mpf:
    return x + y * mpmath.exp(-x) if log_input else mpmath.log(x) + y / x


def tweedie_nll(x: mpf, y: mpf, power: float = 1.5, log_input: bool = True) -> mpf:
    mean, p = mpmath.exp(x) if log_input else x, mpf(power)
    return y * mean ** (1 - p) / (p - 1) + mean ** (2 - p) / (2 - p)


def exact(function: Callable[..., mpf], *arrays: Any, **params: Any) -> Any:
    def rounded(*numbers: float) -> float:
        with mpmath.workdps(1000 if max(map(abs, numbers)) > 1e100 else 100):
            return float(function(*map(mpf, numbers), **params))

    return np.vectorize(rounded, otypes=[float])(*arrays)


def reduced(elements: Any) -> dict[str, float]:
    flat = np.asarray(elements, float).ravel().tolist()
    return {"mean": math.fsum(flat) / len(flat), "sum": math.fsum(flat)}


def exact_case(
    function: Callable[..., mpf], label: str, arrays: Arrays, direct: bool = False, **params: Any
) -> Case:
    elements = exact(function, *map(np.asarray, arrays.values()), **params)
    name = function.__name__.replace("_", "-")
    return case(
        name, label, arrays, "mpmath", elements=elements, reductions=reduced(elements),
        direct=direct, **params,
    )  # fmt: skip


def library_case(
    loss: str, label: str, arrays: Arrays, oracle: str, elements: Any, **more: Any
) -> Case:
    values = np.asarray(elements, float)
    return case(
        loss, label, arrays, oracle, elements=values, reductions=reduced(values), **more
    )  # fmt: skip


# --- the libraries -------------------------------------------------------------------------------


def torch_case(
    loss: str, label: str, arrays: Arrays, *, direct: bool = False, **params: Any
) -> Case:
    function = getattr(functional, loss.replace("-", "_") + "_loss")
    tensors = [torch.tensor(array, dtype=torch.float64) for array in arrays.values()]
    found = {how: function(*tensors, reduction=how, **params) for how in ("none", "mean", "sum")}
    return case(
        loss, label, arrays, "torch", elements=found["none"],
        reductions={how: found[how] for how in ("mean", "sum")}, direct=direct, **params,
    )  # fmt: skip


def catboost_mean(metric: str, approx: Any, target: Any) -> float:
    return catboost.utils.eval_metric(target, approx, metric)[0]


def lightgbm_mean(metric: str, log_mean: Any, target: Any, **params: Any) -> float:
    objective = metric.partition("_")[0]
    settings = {"objective": objective, "metric": metric, "verbose": -1, **params}
    data = lightgbm.Dataset(
        np.zeros((len(target), 1)), label=target, init_score=log_mean,
        params={"verbose": -1, "feature_pre_filter": False},
    )  # fmt: skip
    return lightgbm.Booster(settings, data).eval_train()[0][2]


def xgboost_mean(metric: str, objective: str, log_mean: Any, target: Any) -> float:
    data = xgboost.DMatrix(np.zeros((len(target), 1)), label=target, base_margin=log_mean)
    settings = {"objective": objective, "eval_metric": metric, "base_score": 0.5}
    return float(xgboost.train(settings, data, 0).eval(data).split(":")[1])


def random_means(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Logarithms of means, to three digits, so that the means are float32 numbers nearly."""
    logs = np.round(RNG.normal(0.3, 0.8, shape), 3)
    return logs, np.exp(logs)


# --- Poisson -------------------------------------------------------------------------------------


def poisson_cases() -> Iterator[Case]:
    settings: list[dict[str, Any]] = [
        {}, {"log_input": False}, {"full": True}, {"log_input": False, "full": True, "eps": 0.5}
    ]  # fmt: skip
    for i, params in enumerate(settings):
        logs, means = random_means(SHAPES[i])
        prediction = logs if params.get("log_input", True) else means
        arrays = {"prediction": prediction, "target": RNG.poisson(means * 2) * 1.0}
        yield torch_case("poisson-nll", f"random-{i}", arrays, **params)
        yield exact_case(poisson_nll, f"exact-{i}", arrays, **params)
    edges = {
        "prediction": [0.0, 710.0, -750.0, 30.0, INF, NAN, -INF, INF],
        "target": [0.0, 1.0, 0.0, 1e4, 0.0, 1.0, 3.0, 2.0],
    }
    yield torch_case("poisson-nll", "edges", edges)
    rates = {"prediction": [0.0, 0.0, 1e308, TINY, 1.0], "target": [0.0, 3.0, 0.0, 1.0, 0.5]}
    yield torch_case("poisson-nll", "rates", rates, log_input=False)
    yield torch_case("poisson-nll", "rates-full", rates, log_input=False, full=True)
    outside = {"prediction": [-1.0, -1e-9, 2.0], "target": [1.0, 1.0, -3.0]}
    yield torch_case("poisson-nll", "outside", outside, log_input=False, direct=True)
    near = {"prediction": [1.0, 1.5, 2.0], "target": [1.0, 1.0 + 2**-52, 1.5]}
    yield torch_case("poisson-nll", "approximation-begins", near, full=True)
    large = np.array([1e3, 1e6, 123456.0, 1e9, 7.0])
    counts = {"prediction": large * [1.001, 1.0, 0.9, 1.0001, 1.1], "target": large}
    logs = {**counts, "prediction": np.log(counts["prediction"])}
    for constant in ("stirling", "exact"):
        more = {"full": True, "constant": constant}
        yield exact_case(poisson_nll, f"large-counts-{constant}", counts, log_input=False, **more)
        yield exact_case(poisson_nll, f"large-counts-of-logs-{constant}", logs, **more)
    small = {"prediction": [1.0, 1.0, 0.3, 2.0, 4.0, -9.0], "target": [0.0, 1.0, 0.25, 2.0, 9.0, 0]}
    yield exact_case(poisson_nll, "exact-constant", small, full=True, constant="exact")

    logs, means = random_means((6,))
    y = RNG.poisson(means) * 1.0
    of_logs, of_means = {"prediction": logs, "target": y}, {"prediction": means, "target": y}
    loss = sklearn_loss.HalfPoissonLoss().loss(y, logs)
    yield library_case("poisson-nll", "scikit-learn", of_logs, "scikit-learn", loss)
    mean = catboost_mean("Poisson", logs, y)
    yield case("poisson-nll", "catboost", of_logs, "catboost", reductions={"mean": mean})
    mean = lightgbm_mean("poisson", logs, y)
    yield case("poisson-nll", "lightgbm", of_logs, "lightgbm", reductions={"mean": mean})
    mean = xgboost_mean("poisson-nloglik", "count:poisson", logs, y)
    yield case(
        "poisson-nll", "xgboost", of_means, "xgboost", reductions={"mean": mean}, **SINGLE,
        log_input=False, full=True, constant="exact", eps=1e-16,
    )  # fmt: skip
    mean = float(keras.losses.poisson(y, means))
    yield case(
        "poisson-nll", "keras", of_means, "keras", reductions={"mean": mean}, **SINGLE,
        log_input=False, eps=1e-7,
    )  # fmt: skip
    total = -stats.poisson.logpmf(y, means)
    yield library_case(
        "poisson-nll", "scipy", of_logs, "scipy", total, full=True, constant="exact"
    )  # fmt: skip


# --- Gaussian, Laplace, Student's t --------------------------------------------------------------


def gaussian_cases() -> Iterator[Case]:
    for i, shape in enumerate(SHAPES):
        arrays = {
            "prediction": RNG.normal(size=shape),
            "target": RNG.normal(size=shape),
            "var": RNG.gamma(1.0, size=shape),
        }
        yield torch_case("gaussian-nll", f"random-{i}", arrays, full=i % 2 == 1)
        yield exact_case(gaussian_nll, f"exact-{i}", arrays, full=i % 2 == 1)
        if i < 2:
            density = -stats.norm.logpdf(
                arrays["target"], arrays["prediction"], np.sqrt(arrays["var"])
            )
            yield library_case("gaussian-nll", f"scipy-{i}", arrays, "scipy", density, full=True)
    for label, shape in (("one-for-the-row", (4,)), ("one-column", (4, 1))):
        arrays = {
            "prediction": RNG.normal(size=(4, 3)),
            "target": RNG.normal(size=(4, 3)),
            "var": RNG.gamma(1.0, size=shape),
        }
        yield torch_case("gaussian-nll", label, arrays)
    clamped = {
        "prediction": [0.0, 1.0, 2.0, 2.0, 2.0],
        "target": [0.0, 1.001, 2.0, 2.0, 3.0],
        "var": [0.0, 0.0, 1e-7, TINY, 0.5],
    }
    yield torch_case("gaussian-nll", "clamped", clamped)
    yield torch_case("gaussian-nll", "clamped-at-1", clamped, eps=1.0, full=True)
    yield torch_case("gaussian-nll", "hardly-clamped", clamped, eps=1e-300)
    edges = {
        "prediction": [INF, 0.0, NAN, INF, 1.0, 1e4, 0.0],
        "target": [0.0, -INF, 1.0, INF, NAN, -1e4, 0.0],
        "var": [1.0, 1.0, 1.0, 1.0, 1.0, 1e-3, MAX],
    }
    yield torch_case("gaussian-nll", "edges", edges)
    broken = {"prediction": [0.0, 1.0], "target": [1.0, 1.0], "var": [NAN, INF]}
    yield torch_case("gaussian-nll", "variance-nan", broken, direct=True)
    # PyTorch squares first, and gives inf.
    huge = {"prediction": [1e200, 0.0], "target": [0.0, -1e160], "var": [1e300, 1e300]}
    yield exact_case(gaussian_nll, "huge", huge)
    log_std, errors = RNG.normal(0.0, 0.3, 5), RNG.normal(size=5)
    arrays = {"prediction": errors, "target": np.zeros(5), "var": np.exp(2 * log_std)}
    mean = catboost_mean("RMSEWithUncertainty", np.stack([errors, log_std], axis=1), np.zeros(5))
    yield case(
        "gaussian-nll", "catboost", arrays, "catboost", reductions={"mean": mean}, full=True
    )  # fmt: skip


def laplace_cases() -> Iterator[Case]:
    for i, shape in enumerate(SHAPES):
        arrays = {
            "prediction": RNG.normal(size=shape),
            "target": RNG.normal(size=shape),
            "scale": RNG.gamma(1.0, size=shape if i != 1 else (*shape[:1], 1)),
        }
        x, y, b = arrays.values()
        yield library_case(
            "laplace-nll", f"scipy-{i}", arrays, "scipy", -stats.laplace.logpdf(y, x, b)
        )
        given = torch.distributions.Laplace(torch.tensor(x), torch.tensor(b))
        found = -given.log_prob(torch.tensor(y))
        yield library_case("laplace-nll", f"torch-{i}", arrays, "torch", found)
        yield exact_case(laplace_nll, f"exact-{i}", arrays)
    edges = {
        "prediction": [0.0, 1e308, 1e4, 3.0, 1.0],
        "target": [0.0, 0.0, -1e4, 3.0, 2.0],
        "scale": [1.0, 1e308, 1e-3, TINY, 1e300],
    }
    yield exact_case(laplace_nll, "edges", edges)
    infinite = {
        "prediction": [INF, NAN, INF, 0.0, 0.0],
        "target": [0.0, 1.0, INF, 1.0, MAX],
        "scale": [1.0, 1.0, 1.0, INF, TINY],
    }
    found = [INF, NAN, NAN, INF, INF]
    yield case("laplace-nll", "infinite", infinite, "mpmath", elements=found)


def student_cases() -> Iterator[Case]:
    for i, shape in enumerate(SHAPES):
        alike = shape if i != 1 else (*shape[:1], 1)
        arrays = {
            "prediction": RNG.normal(size=shape),
            "target": RNG.normal(size=shape) * 3,
            "scale": RNG.gamma(1.0, size=alike),
            "df": RNG.gamma(1.0, 5.0, size=alike),
        }
        x, y, s, df = arrays.values()
        found = -stats.t.logpdf(y, df, x, s)
        yield library_case("student-t-nll", f"scipy-{i}", arrays, "scipy", found)
        given = torch.distributions.StudentT(*map(torch.tensor, (df, x, s)))
        found = -given.log_prob(torch.tensor(y))
        yield library_case("student-t-nll", f"torch-{i}", arrays, "torch", found)
        yield exact_case(student_t_nll, f"exact-{i}", arrays)
    # A difference of log-gammas loses every digit here.
    degrees = np.array([1e-300, 1e-10, 0.5, 1.0, 2.0, 30.0, 1e4, 1e8, 1e15, 1e300])
    arrays = {
        "prediction": np.linspace(-3, 3, 10), "target": np.zeros(10), "scale": np.ones(10),
        "df": degrees,
    }  # fmt: skip
    elements = [
        exact_wide(student_t_nll, *row) if row[3] < 1e16 else exact(gaussian_density, *row[:3])
        for row in zip(*arrays.values(), strict=True)
    ]
    yield case("student-t-nll", "degrees", arrays, "mpmath", elements=elements)
    arrays = {**arrays, "df": np.full(10, INF)}
    found = -stats.norm.logpdf(arrays["prediction"])
    yield library_case("student-t-nll", "infinite-degrees", arrays, "scipy", found)
    huge = {
        "prediction": [1e200, 1e4, 1e308, 1e-200, 0.0, 0.0],
        "target": [0.0, -1e4, 0.0, 0.0, 0.0, 5.0],
        "scale": [1.0, 1e-3, 1e300, 1e-3, TINY, 1e-320],
        "df": [3.0, 1.0, 2.0, 4.0, 4.0, 1.5],
    }
    yield exact_case(student_t_nll, "huge", huge)
    infinite = {
        "prediction": [INF, NAN, INF], "target": [0.0, 1.0, INF], "scale": [1.0, 1.0, 1.0],
        "df": [3.0, 3.0, 3.0],
    }  # fmt: skip
    found = -stats.t.logpdf(*(np.array(infinite[k]) for k in ("target", "df", "prediction")))
    yield case("student-t-nll", "infinite", infinite, "scipy", elements=found)


def exact_wide(function: Callable[..., mpf], *numbers: float) -> float:
    with mpmath.workdps(400):
        return float(function(*map(mpf, numbers)))


def gaussian_density(x: mpf, y: mpf, s: mpf) -> mpf:
    return gaussian_nll(x, y, s**2, True)


# --- negative binomial ---------------------------------------------------------------------------


def negative_binomial_cases() -> Iterator[Case]:
    for i, shape in enumerate(SHAPES):
        alike = shape if i != 1 else (*shape[:1], 1)
        arrays = {
            "prediction": RNG.gamma(2.0, 3.0, size=shape),
            "target": RNG.poisson(RNG.gamma(1.0, 6.0, size=shape)) * 1.0,
            "dispersion": RNG.gamma(1.0, size=alike),
        }
        x, y, alpha = arrays.values()
        found = -stats.nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * x))
        yield library_case("negative-binomial-nll", f"scipy-{i}", arrays, "scipy", found)
        given = torch.distributions.NegativeBinomial(
            torch.tensor(1 / alpha), logits=torch.tensor(np.log(alpha * x))
        )
        found = -given.log_prob(torch.tensor(y))
        yield library_case("negative-binomial-nll", f"torch-{i}", arrays, "torch", found)
        yield exact_case(negative_binomial_nll, f"exact-{i}", arrays)
    x, y = np.array([2.0, 0.5, 7.0]), np.array([0.0, 3.0, 9.0])
    arrays = {"prediction": x, "target": y, "dispersion": np.full(3, 0.7)}
    found = -families.NegativeBinomial(alpha=0.7).loglike_obs(y, x)
    yield library_case("negative-binomial-nll", "statsmodels", arrays, "statsmodels", found)
    arrays = {**arrays, "dispersion": np.zeros(3)}
    yield library_case(
        "negative-binomial-nll", "poisson", arrays, "scipy", -stats.poisson.logpmf(y, x)
    )
    # A difference of log-gammas loses every digit here.
    small = {
        "prediction": [2.0, 0.5, 7.0, 1e5, 1e5],
        "target": [0.0, 3.0, 9.0, 99900.0, 99900.0],
        "dispersion": [1e-12, 1e-9, 1e-300, 1e-7, 0.0],
    }
    yield exact_wide_case(negative_binomial_nll, "small-dispersion", small)
    wide = {
        "prediction": [2.0, 1e3, 1e-3, 1e10, 1e-300, 5.0],
        "target": [0.0, 3.0, 1e6, 1e9, 0.0, 1.0],
        "dispersion": [1e10, 1e4, 0.01, 1e-3, 2.0, 1e100],
    }
    yield exact_wide_case(negative_binomial_nll, "wide", wide)
    equal = np.array([1.0, 8.0, 1e6, 1e12])
    alike = {"prediction": equal, "target": equal, "dispersion": [0.5, 2.0, 1e-3, 1.0]}
    yield exact_wide_case(negative_binomial_nll, "hits", alike)
    outside = {
        "prediction": [NAN, 1.0, 0.0, 0.0],
        "target": [1.0, NAN, 0.0, 2.0],
        "dispersion": [1.0, 1.0, 1.0, 1.0],
    }
    found = [NAN, NAN, 0.0, INF]
    yield case(
        "negative-binomial-nll", "outside", outside, "mpmath", elements=found, direct=True
    )  # fmt: skip


def exact_wide_case(function: Callable[..., mpf], label: str, arrays: Arrays) -> Case:
    rows = zip(*arrays.values(), strict=True)
    elements = [exact_wide(function, *row) for row in rows]
    return library_case(function.__name__.replace("_", "-"), label, arrays, "mpmath", elements)


# --- deviances -----------------------------------------------------------------------------------


def one_by_one(function: Callable[..., float], x: Any, y: Any, **params: Any) -> Any:
    """A metric of each element, of which scikit-learn gives the mean."""
    single = np.vectorize(lambda a, b: function([b], [a], **params), otypes=[float])
    return single(x, y)


def deviance_cases() -> Iterator[Case]:
    names = {1.0: "poisson-deviance", 2.0: "gamma-deviance"}
    functions = {1.0: poisson_deviance, 2.0: gamma_deviance}
    for i, power in enumerate((-1.5, 0.0, 1.0, 1.5, 2.0, 3.0)):
        shape = SHAPES[i % 4]
        x, y = RNG.gamma(2.0, size=shape), RNG.gamma(2.0, size=shape)
        if power < 1.0:
            y -= 1.0
        elif power < 2.0:
            y.flat[0] = 0.0
        arrays = {"prediction": x, "target": y}
        found = one_by_one(metrics.mean_tweedie_deviance, x, y, power=power)
        yield library_case(
            "tweedie-deviance", f"scikit-learn-{i}", arrays, "scikit-learn", found, power=power
        )
        mean = torchmetrics.functional.tweedie_deviance_score(
            torch.tensor(x.ravel()), torch.tensor(y.ravel()), power
        )
        yield case(
            "tweedie-deviance", f"torchmetrics-{i}", arrays, "torchmetrics",
            reductions={"mean": mean}, power=power,
        )  # fmt: skip
        yield exact_case(tweedie_deviance, f"exact-{i}", arrays, power=power)
        half = sklearn_loss.HalfTweedieLossIdentity(power=power).loss(y.ravel(), x.ravel())
        if power != 2.0:
            yield library_case(
                "tweedie-deviance", f"twice-half-{i}", arrays, "scikit-learn",
                2 * half.reshape(shape), power=power,
            )  # fmt: skip
        if power in names:
            yield library_case(names[power], "scikit-learn", arrays, "scikit-learn", found)
            yield exact_case(functions[power], "exact", arrays)

    # scikit-learn loses digits near its special powers, and everyone near the target.
    x, y = np.array([2.0, 0.3, 5.0, 1e-3, 40.0]), np.array([2.5, 3.0, 5.0, 1e-2, 0.5])
    arrays = {"prediction": x, "target": y}
    for offset in (1e-9, -1e-9, 1e-13, 1e-4):
        for special in (1.0, 2.0):
            power = special + offset
            yield exact_case(tweedie_deviance, f"power-{power!r}", arrays, power=power)
    for power in (0.5, 0.999, -10.0, 12.0, 1.0, 2.0):
        yield exact_case(tweedie_deviance, f"power-{power!r}", arrays, power=power)
    gaps = np.array([1e-15, -1e-12, 1e-8, -1e-5, 1e-3, 0.1, -0.24, 0.26, 1.0])
    arrays = {"prediction": np.full(9, 3.0), "target": 3.0 * (1.0 + gaps)}
    for power in (-0.5, 1.3, 2.7):
        yield exact_case(tweedie_deviance, f"close-{power!r}", arrays, power=power)
    for function in (poisson_deviance, gamma_deviance):
        yield exact_case(function, "close", arrays)
    wide = {
        "prediction": [1e300, 1e-300, 1.0, 1e-20, 1e4, 1.0],
        "target": [1e299, 1e-299, 1e-20, 1.0, 1e4, 1e15],
    }
    tiny = {"prediction": [1.0, 1e300, 1e-3], "target": [TINY, 1e-10, 1e-310]}
    for function in (poisson_deviance, gamma_deviance):
        yield exact_case(function, "wide", wide)
        yield exact_case(function, "tiny", tiny)
    zeros = {"prediction": [1.0, 2.0, 1e-300, 1e300], "target": [0.0, 0.0, 0.0, 0.0]}
    yield exact_case(poisson_deviance, "zeros", zeros)
    for power in (1.0, 1.5, -1.0):
        yield exact_case(tweedie_deviance, f"zeros-{power!r}", zeros, power=power)
    negative = {"prediction": [1.0, 2.0, 0.5], "target": [-1.0, -30.0, -1e-3]}
    for power in (-0.25, -2.0):
        yield exact_case(tweedie_deviance, f"negative-{power!r}", negative, power=power)
    normal = {"prediction": [-1.0, INF, NAN, 1e200], "target": [2.0, 0.0, 1.0, 0.0]}
    yield case(
        "tweedie-deviance", "normal", normal, "mpmath", elements=[9.0, INF, NAN, INF]
    )  # fmt: skip
    outside = {"prediction": [1.0, NAN, 1.0, 0.0], "target": [NAN, 1.0, 0.0, 1.0]}
    for name in ("poisson-deviance", "gamma-deviance"):
        found = [NAN, NAN, 2.0, INF] if name == "poisson-deviance" else [NAN, NAN, INF, NAN]
        yield case(name, "outside", outside, "mpmath", elements=found, direct=True)

    logs, means = random_means((6,))
    arrays = {"prediction": means, "target": RNG.gamma(2.0, size=6)}
    total = lightgbm_mean("gamma_deviance", logs, arrays["target"])
    yield case(
        "gamma-deviance", "lightgbm", arrays, "lightgbm", reductions={"sum": total}, rtol=1e-7,
        why="LightGBM adds 1e-9 to a mean and sees float32 targets",
    )  # fmt: skip
    mean = xgboost_mean("gamma-deviance", "reg:gamma", logs, arrays["target"])
    yield case(
        "gamma-deviance", "xgboost", arrays, "xgboost", reductions={"mean": mean}, rtol=1e-4,
        why="XGBoost adds 1e-6 to both",
    )  # fmt: skip


# --- gamma and Tweedie, of logarithms ------------------------------------------------------------


def gamma_cases() -> Iterator[Case]:
    for i, shape in enumerate(SHAPES):
        logs, means = random_means(shape)
        y = RNG.gamma(2.0, size=shape)
        of_logs, of_means = {"prediction": logs, "target": y}, {"prediction": means, "target": y}
        found = sklearn_loss.HalfGammaLoss().loss(y.ravel(), logs.ravel()).reshape(shape)
        yield library_case("gamma-nll", f"scikit-learn-{i}", of_logs, "scikit-learn", found)
        found = -stats.expon.logpdf(y, scale=means)
        yield library_case(
            "gamma-nll", f"scipy-{i}", of_means, "scipy", found, log_input=False
        )  # fmt: skip
        yield exact_case(gamma_nll, f"exact-{i}", of_logs)
    logs, means = random_means((6,))
    y = np.round(RNG.gamma(2.0, size=6), 1) + 0.5
    of_logs, of_means = {"prediction": logs, "target": y}, {"prediction": means, "target": y}
    mean = lightgbm_mean("gamma", logs, y)
    yield case(
        "gamma-nll", "lightgbm", of_logs, "lightgbm", reductions={"mean": mean}, rtol=1e-6,
        why="LightGBM keeps targets as float32",
    )  # fmt: skip
    mean = xgboost_mean("gamma-nloglik", "reg:gamma", logs, y)
    yield case(
        "gamma-nll", "xgboost", of_means, "xgboost", reductions={"mean": mean}, log_input=False,
        **SINGLE,
    )  # fmt: skip
    edges = {"prediction": [700.0, -700.0, 0.0, 1e4, -1.0], "target": [1.0, 1.0, 1e308, 1, TINY]}
    yield exact_case(gamma_nll, "edges", edges)
    edges = {"prediction": [1e308, 1e-300, 1e-3, TINY], "target": [1.0, 1.0, 1e300, TINY]}
    yield exact_case(gamma_nll, "edges-of-means", edges, log_input=False)
    infinite = {"prediction": [INF, -INF, NAN, -710.0], "target": [1.0, 1.0, 1.0, 1.0]}
    yield case("gamma-nll", "infinite", infinite, "mpmath", elements=[INF, NAN, NAN, INF])


def tweedie_cases() -> Iterator[Case]:
    for i, (shape, power) in enumerate(zip(SHAPES, (1.5, 1.1, 1.9, 1.001), strict=True)):
        logs, means = random_means(shape)
        y = RNG.gamma(2.0, size=shape) * (RNG.random(shape) < 0.6)
        of_logs, of_means = {"prediction": logs, "target": y}, {"prediction": means, "target": y}
        loss = sklearn_loss.HalfTweedieLoss(power=power)
        found = loss.loss(y.ravel(), logs.ravel()).reshape(shape)
        yield library_case(
            "tweedie-nll", f"scikit-learn-{i}", of_logs, "scikit-learn", found, power=power
        )  # fmt: skip
        yield exact_case(tweedie_nll, f"exact-{i}", of_logs, power=power)
        yield exact_case(tweedie_nll, f"of-means-{i}", of_means, power=power, log_input=False)
    logs, means = random_means((6,))
    y = np.array([0.0, 0.0, 0.5, 1.25, 3.0, 0.0])
    of_logs, of_means = {"prediction": logs, "target": y}, {"prediction": means, "target": y}
    for power in (1.25, 1.5):
        mean = catboost_mean(f"Tweedie:variance_power={power}", logs, y)
        yield case(
            "tweedie-nll", f"catboost-{power}", of_logs, "catboost", reductions={"mean": mean},
            power=power,
        )  # fmt: skip
        mean = lightgbm_mean("tweedie", logs, y, tweedie_variance_power=power)
        yield case(
            "tweedie-nll", f"lightgbm-{power}", of_logs, "lightgbm", reductions={"mean": mean},
            power=power,
        )  # fmt: skip
        mean = xgboost_mean(f"tweedie-nloglik@{power}", "reg:tweedie", logs, y)
        yield case(
            "tweedie-nll", f"xgboost-{power}", of_means, "xgboost", reductions={"mean": mean},
            power=power, log_input=False, **SINGLE,
        )  # fmt: skip
    edges = {"prediction": [700.0, -700.0, 1e3, -1e3], "target": [0.0, 1.0, 1.0, 1e4]}
    yield exact_case(tweedie_nll, "edges", edges)
    infinite = {"prediction": [INF, -INF, NAN, 1e4], "target": [0.0, 1.0, 1.0, 0.0]}
    yield case("tweedie-nll", "infinite", infinite, "mpmath", elements=[INF, INF, NAN, INF])


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    write(
        "likelihood",
        [
            *poisson_cases(), *gaussian_cases(), *laplace_cases(), *student_cases(),
            *negative_binomial_cases(), *deviance_cases(), *gamma_cases(), *tweedie_cases(),
        ],
    )  # fmt: skip
