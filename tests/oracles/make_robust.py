"""Cases of the robust losses, from the libraries that have them and at many digits.

It needs catboost, kornia, lightgbm, mpmath, optax, scikit-learn, scipy, xgboost,
segmentation-models-pytorch and statsmodels:

    python tests/oracles/make_robust.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import catboost.utils
import jax
import kornia
import lightgbm
import mpmath
import numpy as np
import optax
import torch
import xgboost
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from scipy import special
from scipy.optimize._lsq.least_squares import construct_loss_function
from segmentation_models_pytorch.losses._functional import wing_loss
from sklearn.linear_model import _sgd_fast
from statsmodels.robust import norms

RNG = np.random.default_rng(20)
SHAPES = [(8,), (4, 3), (2, 3, 2), (1,)]
ROOT2 = 2.0**0.5


# --- the formulas: the loss of an absolute error, and of an infinite one -------------------------


def log_cosh(e: mpf, c: mpf) -> mpf:
    return c**2 * (e / c - mpmath.log(2) + mpmath.log1p(mpmath.exp(-2 * e / c)))


def pseudo_huber(e: mpf, delta: mpf) -> mpf:
    return delta**2 * (mpmath.sqrt(1 + (e / delta) ** 2) - 1)


def charbonnier(e: mpf, eps: mpf, subtract_eps: bool = True) -> mpf:
    return mpmath.sqrt(e**2 + eps**2) - (eps if subtract_eps else 0)


def fair(e: mpf, c: mpf) -> mpf:
    return c**2 * (e / c - mpmath.log1p(e / c))


def wing(e: mpf, width: mpf, curvature: mpf) -> mpf:
    if e < width:
        return width * mpmath.log1p(e / curvature)
    return e - (width - width * mpmath.log1p(width / curvature))


def cauchy(e: mpf, c: mpf) -> mpf:
    return c**2 / 2 * mpmath.log1p((e / c) ** 2)


def geman_mcclure(e: mpf, c: mpf) -> mpf:
    return e**2 / 2 / (1 + (e / c) ** 2)


def welsch(e: mpf, c: mpf) -> mpf:
    return -(c**2) / 2 * mpmath.expm1(-((e / c) ** 2))


def barron(e: mpf, alpha: mpf, c: mpf) -> mpf:
    z = e / c
    if mpmath.isinf(alpha):
        sign = mpmath.sign(alpha)
        return sign * mpmath.expm1(sign * z**2 / 2)
    if alpha == 2:
        return z**2 / 2
    if alpha == 0:
        return mpmath.log1p(z**2 / 2)
    gap = abs(alpha - 2)
    return gap / alpha * ((z**2 / gap + 1) ** (alpha / 2) - 1)


def tukey_biweight(e: mpf, c: mpf) -> mpf:
    return c**2 / 6 * (1 - (1 - (e / c) ** 2) ** 3 if e <= c else 1)


def epsilon_insensitive(e: mpf, epsilon: mpf) -> mpf:
    return max(e - epsilon, mpf(0))


def squared_epsilon_insensitive(e: mpf, epsilon: mpf) -> mpf:
    return epsilon_insensitive(e, epsilon) ** 2


def reverse_huber(e: mpf, c: mpf) -> mpf:
    return e if e <= c else (e**2 + c**2) / (2 * c)


def barron_limit(alpha: float, **_: float) -> float:
    if alpha >= 0.0:
        return INF
    return 1.0 if alpha == -INF else (alpha - 2.0) / alpha


BOUNDED: dict[str, Callable[..., float]] = {
    "geman-mcclure": lambda c: c * c / 2,
    "welsch": lambda c: c * c / 2,
    "tukey-biweight": lambda c: c * c / 6,
    "barron": barron_limit,
}
DEFAULTS: dict[str, dict[str, float]] = {
    "log-cosh": {"c": 1.0},
    "pseudo-huber": {"delta": 1.0},
    "charbonnier": {"eps": 1.0},
    "fair": {"c": 1.0},
    "wing": {"width": 5.0, "curvature": 0.5},
    "cauchy": {"c": ROOT2},
    "geman-mcclure": {"c": 2.0},
    "welsch": {"c": ROOT2},
    "barron": {"alpha": 1.0, "c": 1.0},
    "tukey-biweight": {"c": 4.685},
    "epsilon-insensitive": {"epsilon": 0.1},
    "squared-epsilon-insensitive": {"epsilon": 0.1},
    "reverse-huber": {"c": 1.0},
}


def exact(loss: str, arrays: dict[str, Any], params: dict[str, Any]) -> np.ndarray:
    """The loss of each element: a formula above, worked at so many digits that none cancels."""
    settings = DEFAULTS[loss] | params
    formula = globals()[loss.replace("-", "_")]

    def one(x: float, y: float) -> Any:
        error = abs(mpf(x) - mpf(y))
        if mpmath.isnan(error):
            return NAN
        if mpmath.isinf(error):
            return BOUNDED[loss](**settings) if loss in BOUNDED else INF
        return formula(error, **{k: v if v is True or v is False else mpf(v)
                                 for k, v in settings.items()})  # fmt: skip

    with mpmath.workdps(700):
        return np.vectorize(one, otypes=[object])(arrays["prediction"], arrays["target"])


def reduced(elements: Any) -> dict[str, Any]:
    """Their mean and sum."""
    flat = np.ravel(elements).tolist()
    total = mpmath.fsum(flat)
    return {"mean": total / len(flat), "sum": total}


# --- other libraries: the loss of each element, or the mean --------------------------------------


def torch_loss(function: Callable[..., torch.Tensor]) -> Callable[..., np.ndarray]:
    def call(x: np.ndarray, y: np.ndarray, **params: float) -> np.ndarray:
        return function(torch.tensor(x), torch.tensor(y), reduction="none", **params).numpy()

    return call


def of_error(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    return lambda x, y, **params: np.asarray(function(x - y, **params))


def scipy_loss(name: str, scale: str) -> Callable[..., np.ndarray]:
    """A loss of scipy.optimize.least_squares, whose cost is half the sum of rho."""

    def call(x: np.ndarray, y: np.ndarray, **params: float) -> np.ndarray:
        rho = construct_loss_function(x.size, name, params[scale])((x - y).ravel())[0]
        return np.reshape(0.5 * rho, x.shape)

    return call


def sgd_loss(kind: str) -> Callable[..., np.ndarray]:
    def call(x: np.ndarray, y: np.ndarray, epsilon: float) -> np.ndarray:
        return np.vectorize(getattr(_sgd_fast, kind)(epsilon).py_loss)(y, x)

    return call


def lightgbm_metric(metric: str, x: np.ndarray, y: np.ndarray, **params: float) -> float:
    """The metric of predictions x: as initial scores, with nothing to learn from."""
    data = lightgbm.Dataset(np.zeros((x.size, 1)), y, init_score=x)
    settings = {"metric": metric, "boost_from_average": False, "verbose": -1, **params}
    found: dict[str, Any] = {}
    lightgbm.train(
        settings, data, num_boost_round=1, valid_sets=[data], valid_names=["data"],
        callbacks=[lightgbm.record_evaluation(found)],
    )  # fmt: skip
    return float(found["data"][metric][0])


def xgboost_metric(metric: str, x: np.ndarray, y: np.ndarray, **params: Any) -> float:
    data = xgboost.DMatrix(np.zeros((x.size, 1)), y, base_margin=x)
    settings = {"eval_metric": metric, "base_score": 0.0, **params}
    text = xgboost.train(settings, data, num_boost_round=0).eval(data)
    return float(text.rpartition(":")[2])


# --- the cases -----------------------------------------------------------------------------------


def numbers(*shape: int) -> np.ndarray:
    return np.round(RNG.normal(scale=3.0, size=shape), 3)


def label_of(params: dict[str, Any]) -> str:
    return "".join(f"-{k}{v:g}" for k, v in params.items())


Library = tuple[str, Callable[..., np.ndarray], dict[str, Any], dict[str, Any]]
LAST = {"atol": 1e-15, "why": "the library subtracts a constant last"}
PARAMS: dict[str, list[dict[str, Any]]] = {
    "log-cosh": [{}, {"c": 0.5}, {"c": 20.0}],
    "pseudo-huber": [{}, {"delta": 0.25}],
    "charbonnier": [{}, {"eps": 0.001, "subtract_eps": False}, {"eps": 0.001}, {"eps": 0.0}],
    "fair": [{}, {"c": 0.3}, {"c": 1.4}],
    "wing": [{}, {"width": 0.5, "curvature": 4.0}],
    "cauchy": [{}, {"c": 2.385}],
    "geman-mcclure": [{}, {"c": 1.0}],
    "welsch": [{}, {"c": 2.985}],
    "barron": [
        {"alpha": a}
        for a in (1.0, 1.5, 2 - 2.0**-40, 3.0, 1e-9, -1e-9, 1e-30, -0.5, -50.0, -1e19, 1e30, INF)
    ]
    + [{"alpha": 0.0, "c": 0.5}, {"alpha": -INF, "c": 3.0}, {"alpha": 2.0, "c": 3.0}],
    "tukey-biweight": [{}, {"c": 1.0}],
    "epsilon-insensitive": [{}, {"epsilon": 0.0}],
    "squared-epsilon-insensitive": [{}, {"epsilon": 0.0}],
    "reverse-huber": [{}, {"c": 2.5}],
}
LIBRARIES: dict[str, list[Library]] = {
    "log-cosh": [("optax", lambda x, y: np.asarray(optax.losses.log_cosh(x, y)), {}, LAST)],
    "pseudo-huber": [
        ("scipy", of_error(lambda e, delta=1.0: special.pseudo_huber(delta, e)), {}, LAST),
        ("scipy", of_error(lambda e, delta: special.pseudo_huber(delta, e)), {"delta": 2.5}, LAST),
        ("scipy", scipy_loss("soft_l1", "delta"), {"delta": 0.7}, LAST),
    ],
    "charbonnier": [("kornia", torch_loss(kornia.losses.charbonnier_loss), {}, LAST)],
    "wing": [
        ("segmentation-models-pytorch", torch_loss(wing_loss), {}, {}),
        ("segmentation-models-pytorch", torch_loss(wing_loss),
         {"width": 2.0, "curvature": 1.0}, {}),
    ],
    "cauchy": [
        ("kornia", torch_loss(kornia.losses.cauchy_loss), {}, {}),
        ("scipy", scipy_loss("cauchy", "c"), {"c": 1.0}, {}),
        ("scipy", scipy_loss("cauchy", "c"), {"c": 3.5}, {}),
    ],
    "geman-mcclure": [("kornia", torch_loss(kornia.losses.geman_mcclure_loss), {}, {})],
    "welsch": [("kornia", torch_loss(kornia.losses.welsch_loss), {}, LAST)],
    "barron": [
        ("kornia", torch_loss(kornia.losses.charbonnier_loss), {}, LAST),
        ("kornia", torch_loss(kornia.losses.cauchy_loss), {"alpha": 0.0}, {}),
        ("kornia", torch_loss(kornia.losses.geman_mcclure_loss), {"alpha": -2.0}, {}),
        ("kornia", torch_loss(kornia.losses.welsch_loss), {"alpha": -INF}, LAST),
        ("optax", lambda x, y: np.asarray(optax.losses.l2_loss(x, y)), {"alpha": 2.0}, {}),
    ],
    "tukey-biweight": [
        ("statsmodels", of_error(lambda e, c=4.685: norms.TukeyBiweight(c).rho(e)), {}, LAST),
        ("statsmodels", of_error(lambda e, c: norms.TukeyBiweight(c).rho(e)), {"c": 2.0}, LAST),
    ],
    "epsilon-insensitive": [
        ("scikit-learn", sgd_loss("EpsilonInsensitive"), {"epsilon": 0.5}, LAST)
    ],
    "squared-epsilon-insensitive": [
        ("scikit-learn", sgd_loss("SquaredEpsilonInsensitive"), {"epsilon": 0.5}, LAST)
    ],
}  # fmt: skip


def of_libraries(loss: str) -> Iterator[Case]:
    for n, (oracle, function, params, within) in enumerate(LIBRARIES.get(loss, [])):
        # The loss has the default; the library may call it otherwise.
        given = {} if loss == "barron" or not params else params
        for shape in SHAPES[: 4 if n == 0 else 2]:
            arrays = {"prediction": numbers(*shape), "target": numbers(*shape)}
            elements = function(*arrays.values(), **given)
            yield case(
                loss, f"{oracle}-{n}-{'x'.join(map(str, shape))}", arrays, oracle,
                elements=elements, reductions=reduced(elements), **within, **params,
            )  # fmt: skip


def of_formulas(loss: str) -> Iterator[Case]:
    finite = [0.0, 1e-9, -1e-5, 0.1, -0.5, 1.0, 4.685, -5.0, 30.0, -1e4, 1e8]
    # Divided by a scale, they are still no infinity.
    huge = [1e100, -1e200, MAX / 8, TINY, INF, -INF, NAN]
    for params in PARAMS[loss]:
        x = [*finite, 3.0]
        grows = params.get("alpha", 0.0) > 2.0
        groups = {"edges": x[:9] if grows else x, "huge": huge}
        for name, errors in groups.items():
            zero = [0.0] * len(errors)
            arrays = {"prediction": errors, "target": zero}
            elements = exact(loss, arrays, params)
            yield case(
                loss, name + label_of(params), arrays, "mpmath",
                elements=elements, reductions=reduced(elements), **params,
            )  # fmt: skip
    arrays = {"prediction": [INF, 1e8 + 1.0, 2.5], "target": [INF, 1e8, 2.5]}
    elements = exact(loss, arrays, {})
    yield case(loss, "close", arrays, "mpmath", elements=elements)


def of_boosters() -> Iterator[Case]:
    x, y = np.round(RNG.normal(scale=2.0, size=(2, 20)) * 64) / 64
    arrays = {"prediction": x, "target": y}
    for c in (1.0, 2.5):
        mean = {"mean": lightgbm_metric("fair", x, y, fair_c=c)}
        yield case("fair", f"lightgbm-{c:g}", arrays, "lightgbm", reductions=mean, c=c)
        metric = f"FairLoss:smoothness={c}"
        mean = {"mean": catboost.utils.eval_metric(y, x, metric)[0]}
        yield case("fair", f"catboost-{c:g}", arrays, "catboost", reductions=mean, c=c)
    single = {"rtol": 1e-6, "why": "XGBoost computes in float32"}
    for delta in (1.0, 2.0):
        mean = {"mean": xgboost_metric("mphe", x, y, objective="reg:pseudohubererror",
                                       huber_slope=delta)}  # fmt: skip
        yield case("pseudo-huber", f"xgboost-{delta:g}", arrays, "xgboost", reductions=mean,
                   delta=delta, **single)  # fmt: skip


def cases() -> Iterator[Case]:
    for loss in DEFAULTS:
        yield from of_libraries(loss)
        yield from of_formulas(loss)
    yield from of_boosters()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    jax.config.update("jax_enable_x64", True)
    write("robust", cases())
