"""Compute the oracle cases of the scores with scikit-learn, torchmetrics and kornia in float64.

Where those lose digits or overflow, mpmath at 50 digits rules. Run in an environment with them:

    python tests/oracles/make_score.py
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import kornia
import mpmath
import numpy as np
import torch
from mpmath import mpf
from oracle import INF, NAN, TINY, Case, case, write
from sklearn import metrics
from torchmetrics.functional import image as tm_image
from torchmetrics.functional import regression as tm

warnings.simplefilter("ignore")
rng = np.random.default_rng(20240901)

Arrays = dict[str, Any]


def real(*shape: int, scale: float = 3.0) -> np.ndarray:
    return np.round(rng.normal(size=shape) * scale, 4)


def pair(*shape: int, scale: float = 3.0) -> Arrays:
    target = real(*shape, scale=scale)
    return {"prediction": target + real(*shape, scale=scale / 3), "target": target}


def score(loss: str, label: str, arrays: Arrays, value: Any, oracle: str, **more: Any) -> Case:
    return case(loss, label, arrays, oracle, reductions={"overall": value}, **more)


def tensors(arrays: Arrays) -> list[torch.Tensor]:
    found = (torch.tensor(np.asarray(arrays[k], float)) for k in ("prediction", "target"))
    return list(found)


def swapped(function: Callable[..., float]) -> Callable[..., float]:
    """A scikit-learn score, which takes the target first, as one minus it."""

    def call(arrays: Arrays, **params: Any) -> float:
        return 1.0 - function(np.asarray(arrays["target"]), arrays["prediction"], **params)

    return call


# --- 50 digits -----------------------------------------------------------------------------------


def flat(x: Any) -> list[Any]:
    return [mpf(float(v)) for v in np.asarray(x, float).ravel()]


def total(values: Any) -> Any:
    return mpmath.fsum(values)


def mean(values: list[Any]) -> Any:
    return total(values) / len(values)


def around(values: list[Any], centre: Any) -> Any:
    return total((v - centre) ** 2 for v in values)


def columns(x: Any) -> list[list[Any]]:
    x = np.asarray(x, float)
    return [flat(column) for column in x.reshape(len(x), -1).T]


def by_column(arrays: Arrays, ratio: Callable[[list[Any], list[Any]], Any]) -> Any:
    pairs = zip(columns(arrays["prediction"]), columns(arrays["target"]), strict=True)
    return mean([ratio(x, y) for x, y in pairs])


def exact_r2(x: list[Any], y: list[Any]) -> Any:
    errors = [a - b for a, b in zip(x, y, strict=True)]
    return around(errors, 0) / around(y, mean(y))


def exact_explained(x: list[Any], y: list[Any]) -> Any:
    errors = [a - b for a, b in zip(x, y, strict=True)]
    return around(errors, mean(errors)) / around(y, mean(y))


def pinball(values: list[Any], alpha: Any) -> Any:
    return total(max(alpha * v, (alpha - 1) * v) for v in values)


def exact_pinball(alpha: float) -> Callable[[list[Any], list[Any]], Any]:
    def ratio(x: list[Any], y: list[Any]) -> Any:
        share = mpf(alpha)
        best = min(pinball([v - c for v in y], share) for c in y)
        return pinball([b - a for a, b in zip(x, y, strict=True)], share) / best

    return ratio


def deviance(y: Any, x: Any, p: Any) -> Any:
    if p == 0:
        return (y - x) ** 2
    if p == 1:
        return 2 * ((y * mpmath.log(y / x) if y else 0) - y + x)
    if p == 2:
        return 2 * (mpmath.log(x / y) + y / x - 1)
    power = max(y, mpf(0)) ** (2 - p) / ((1 - p) * (2 - p))
    return 2 * (power - y * x ** (1 - p) / (1 - p) + x ** (2 - p) / (2 - p))


def exact_tweedie(power: float) -> Callable[[list[Any], list[Any]], Any]:
    def ratio(x: list[Any], y: list[Any]) -> Any:
        p, centre = mpf(power), mean(y)
        model = total(deviance(b, a, p) for a, b in zip(x, y, strict=True))
        return model / total(deviance(b, centre, p) for b in y)

    return ratio


def exact_kappa(x: list[Any], y: list[Any]) -> Any:
    n = len(x)
    errors = [a - b for a, b in zip(x, y, strict=True)]
    chance = around(x, mean(x)) / n + around(y, mean(y)) / n + (mean(x) - mean(y)) ** 2
    return around(errors, 0) / n / chance


def exact_silog(arrays: Arrays, lambd: float = 0.5) -> Any:
    x, y = flat(arrays["prediction"]), flat(arrays["target"])
    logs = [mpmath.log(a / b) for a, b in zip(x, y, strict=True)]
    return around(logs, 0) / len(logs) - mpf(lambd) * mean(logs) ** 2


def exact_psnr(arrays: Arrays, data_range: float = 1.0) -> Any:
    x, y = flat(arrays["prediction"]), flat(arrays["target"])
    square = around([a - b for a, b in zip(x, y, strict=True)], 0) / len(x)
    return 10 * mpmath.log10(square / mpf(data_range) ** 2)


# --- data ----------------------------------------------------------------------------------------

CONSTANT = {"prediction": [1.0, 2.0, 3.0], "target": [2.0, 2.0, 2.0]}
ONE_TENTH = {"prediction": [0.1, 0.2, 0.1], "target": [0.1, 0.1, 0.1]}
MIXED = {
    "prediction": [[1.0, 5.0, 2.0], [2.0, 5.0, 3.0], [3.0, 5.0, 4.5]],
    "target": [[1.5, 5.0, 7.0], [2.5, 5.0, 7.0], [2.0, 5.0, 7.0]],
}
ONE_ROW = {"prediction": [1.0], "target": [2.0]}
OFFSET = {
    "prediction": (1e9 + real(12)).tolist(),
    "target": (1e9 + real(12)).tolist(),
}
LARGE = {"prediction": [1e160, -3e160, 5e160], "target": [2e160, -3e160, 4e160]}
HUGE = {"prediction": [1e308, 0.0, 8e307], "target": [9e307, 1e307, 1e308]}
SMALL = {"prediction": [1e-170, 0.0, 3e-170], "target": [2e-170, 1e-170, 3e-170]}
DENORMAL = {"prediction": [TINY, 0.0, 0.0], "target": [0.0, 2 * TINY, 6 * TINY]}
NEARLY_RIGHT = {
    "prediction": [1.0, 2.0 + 2**-51, 3.0, 4.0],
    "target": [1.0, 2.0, 3.0, 4.0 - 2**-50],
}
EXTREMES = {
    "offset 1e9": OFFSET,
    "squares overflow": LARGE,
    "values near the largest": HUGE,
    "squares underflow": SMALL,
    "nearly right": NEARLY_RIGHT,
}
WITH_NAN = {"prediction": [1.0, NAN, 3.0], "target": [1.0, 2.0, 4.0]}
WITH_INF = {"prediction": [1.0, INF, 3.0], "target": [1.0, 2.0, 4.0]}


# --- the cases -----------------------------------------------------------------------------------


def r2_like(
    loss: str, sklearn: Callable[..., float], exact: Callable[[list[Any], list[Any]], Any]
) -> Iterator[Case]:
    one_minus = swapped(sklearn)
    for label, arrays in {"plain": pair(15), "columns": pair(9, 3), "constant": CONSTANT}.items():
        yield score(loss, label, arrays, one_minus(arrays), "scikit-learn")
    for way in ("uniform_average", "variance_weighted"):
        for label, arrays in {"columns": pair(7, 3), "mixed": MIXED}.items():
            value = one_minus(arrays, multioutput=way)
            yield score(loss, f"{way} {label}", arrays, value, "scikit-learn", multioutput=way)
    arrays = pair(6, 2, 2)
    value = one_minus({k: v.ravel() for k, v in arrays.items()})
    yield score(loss, "flattened", arrays, value, "scikit-learn", multioutput="flattened")
    one_line = pair(1, 8)
    value = one_minus({k: v.ravel() for k, v in one_line.items()})
    label = "one row of eight, flattened"
    yield score(loss, label, one_line, value, "scikit-learn", multioutput="flattened")
    for label, arrays in {
        "constant": CONSTANT,
        "constant and right": {"prediction": [2.0, 2.0], "target": [2.0, 2.0]},
    }.items():
        value = one_minus(arrays, force_finite=False)
        yield score(loss, f"{label}, not finite", arrays, value, "scikit-learn", force_finite=False)
        yield score(loss, f"{label}, finite", arrays, one_minus(arrays), "scikit-learn")
    # Sums of 0.1 are not 0.3, but a constant is a constant.
    yield score(loss, "constant 0.1", ONE_TENTH, 1.0, "mpmath")
    yield score(loss, "one row", ONE_ROW, one_minus(ONE_ROW), "scikit-learn")
    for label, arrays in EXTREMES.items():
        yield score(loss, label, arrays, by_column(arrays, exact), "mpmath")
    for label, arrays in {"nan": WITH_NAN, "infinity": WITH_INF}.items():
        # The variance of an infinite error is no number.
        value = INF if label == "infinity" and loss == "r2" else NAN
        yield score(loss, label, arrays, value, "mpmath")


def torchmetrics_cases() -> Iterator[Case]:
    arrays = pair(11)
    x, y = tensors(arrays)
    for way in ("uniform_average", "variance_weighted"):
        several = pair(8, 3)
        value = 1 - tm.r2_score(*tensors(several), multioutput=way)
        label = f"torchmetrics {way}"
        yield score("r2", label, several, value, "torchmetrics", multioutput=way)
        value = 1 - tm.explained_variance(*tensors(several), multioutput=way)
        yield score("explained-variance", label, several, value, "torchmetrics", multioutput=way)
    several = pair(9, 2)
    for squared in (True, False):
        label = "squared" if squared else "root"
        value = tm.relative_squared_error(x, y, squared=squared)
        yield score("rse", label, arrays, value, "torchmetrics", squared=squared)
        value = tm.relative_squared_error(*tensors(several), squared=squared)
        yield score("rse", f"{label}, columns", several, value, "torchmetrics", squared=squared)
    eps = 2.0**-52
    constant = {"prediction": [1.0, 2.0], "target": [2.0, 2.0]}
    value = tm.relative_squared_error(*tensors(constant))
    yield score("rse", "constant, with eps", constant, value, "torchmetrics", eps=eps)
    yield score("rse", "constant", constant, INF, "mpmath")
    right = {"prediction": [2.0, 2.0], "target": [2.0, 2.0]}
    yield score("rse", "constant and right", right, NAN, "mpmath")
    yield score("rse", "one row", ONE_ROW, INF, "mpmath")
    for label, extreme in EXTREMES.items():
        yield score("rse", label, extreme, by_column(extreme, exact_r2), "mpmath")
        root = mpmath.sqrt(by_column(extreme, exact_r2))
        yield score("rse", f"{label}, root", extreme, root, "mpmath", squared=False)


def nrmse_cases() -> Iterator[Case]:
    arrays, several = pair(10), pair(8, 3)
    for name in ("mean", "range", "std", "l2"):
        call = tm.normalized_root_mean_squared_error
        value = abs(call(*tensors(arrays), normalization=name))
        yield score("nrmse", name, arrays, value, "torchmetrics", normalization=name)
        flattened = {k: v.ravel() for k, v in several.items()}
        value = abs(call(*tensors(flattened), normalization=name))
        label = f"{name}, flattened"
        yield score("nrmse", label, several, value, "torchmetrics", normalization=name)
        value = call(*tensors(several), normalization=name, num_outputs=3).abs().mean()
        params = {"normalization": name, "multioutput": "uniform_average"}
        yield score("nrmse", f"{name}, columns", several, value, "torchmetrics", **params)
        for label, extreme in EXTREMES.items():
            x, y = flat(extreme["prediction"]), flat(extreme["target"])
            error = mpmath.sqrt(around([a - b for a, b in zip(x, y, strict=True)], 0) / len(x))
            scale = {
                "mean": abs(mean(y)),
                "range": max(y) - min(y),
                "std": mpmath.sqrt(around(y, mean(y)) / len(y)),
                "l2": mpmath.sqrt(around(y, 0)),
            }[name]
            value = error / scale
            yield score("nrmse", f"{name}, {label}", extreme, value, "mpmath", normalization=name)
        value = {"mean": 0.5, "range": INF, "std": INF, "l2": 0.5}[name]
        yield score("nrmse", f"{name}, one row", ONE_ROW, value, "mpmath", normalization=name)


def d2_cases() -> Iterator[Case]:
    absolute = swapped(metrics.d2_absolute_error_score)
    by_pinball = swapped(metrics.d2_pinball_score)
    data = {
        "plain": pair(11),
        "even": pair(8),
        "columns": pair(9, 3),
        "ties": {"prediction": [1.0, 2.0, 2.0, 3.0, 1.0], "target": [2.0, 2.0, 2.0, 1.0, 1.0]},
        "constant": CONSTANT,
        "constant 0.1": ONE_TENTH,
        "constant and right": {"prediction": [2.0, 2.0], "target": [2.0, 2.0]},
        "mixed": MIXED,
        "one row": ONE_ROW,
    }
    for label, arrays in data.items():
        yield score("d2-absolute-error", label, arrays, absolute(arrays), "scikit-learn")
        for alpha in (0.1, 0.5, 0.9):
            value = by_pinball(arrays, alpha=alpha)
            label_a = f"{label}, {alpha}"
            yield score("d2-pinball", label_a, arrays, value, "scikit-learn", alpha=alpha)
    for label, arrays in {**EXTREMES, "denormal": DENORMAL}.items():
        value = by_column(arrays, exact_pinball(0.5))
        yield score("d2-absolute-error", label, arrays, value, "mpmath")
        if label != "denormal":
            value = by_column(arrays, exact_pinball(0.8))
            yield score("d2-pinball", label, arrays, value, "mpmath", alpha=0.8)
    for loss in ("d2-absolute-error", "d2-pinball"):
        yield score(loss, "nan", WITH_NAN, NAN, "mpmath")
        yield score(loss, "infinity", WITH_INF, INF, "mpmath")
    edge = {"prediction": [1.0, 2.0, 3.0], "target": [0.5, 2.0, 5.0]}
    for alpha in (0.0, 1.0):
        yield score("d2-pinball", f"alpha {alpha}", edge, 1.0, "mpmath", alpha=alpha)


def tweedie_cases() -> Iterator[Case]:
    one_minus = swapped(metrics.d2_tweedie_score)
    for power in (-1.5, 0.0, 1.0, 1.5, 2.0, 3.0):
        arrays = {
            "prediction": np.round(rng.gamma(2.0, size=12) + 0.1, 4),
            "target": np.round(rng.gamma(2.0, size=12) + 0.1, 4),
        }
        value = one_minus(arrays, power=power)
        yield score("d2-tweedie", f"power {power}", arrays, value, "scikit-learn", power=power)
        several = {k: np.reshape(v, (4, 3)) for k, v in arrays.items()}
        value = by_column(several, exact_tweedie(power))
        yield score("d2-tweedie", f"columns, {power}", several, value, "mpmath", power=power)
        close = {"prediction": 1e4 + real(6, scale=1e-3), "target": 1e4 + real(6, scale=1e-3)}
        value = by_column(close, exact_tweedie(power))
        yield score("d2-tweedie", f"narrow, {power}", close, value, "mpmath", power=power)
        wide = {"prediction": [1e-5, 1.0, 1e5], "target": [1e5, 1e-5, 2.0]}
        value = by_column(wide, exact_tweedie(power))
        yield score("d2-tweedie", f"wide, {power}", wide, value, "mpmath", power=power)
    counts = {"prediction": [0.5, 1.0, 2.0, 0.1], "target": [0.0, 1.0, 3.0, 0.0]}
    for power in (1.0, 1.5):
        value = one_minus(counts, power=power)
        yield score("d2-tweedie", f"zeros, {power}", counts, value, "scikit-learn", power=power)
    negative = {"prediction": [1.0, 2.0, 0.5], "target": [-0.5, 2.0, 1.0]}
    value = by_column(negative, exact_tweedie(-1.5))
    yield score("d2-tweedie", "negative target", negative, value, "mpmath", power=-1.5)
    right = {"prediction": [2.0, 2.0], "target": [2.0, 2.0]}
    for power in (0.0, 1.0, 2.0):
        # scikit-learn divides by zero here.
        yield score("d2-tweedie", f"constant, {power}", CONSTANT, INF, "mpmath", power=power)
        label = f"constant and right, {power}"
        yield score("d2-tweedie", label, right, NAN, "mpmath", power=power)
    value = one_minus(ONE_ROW, power=1)
    yield score("d2-tweedie", "one row", ONE_ROW, value, "scikit-learn", power=1.0)


def class_scores() -> Iterator[Case]:
    for label, rows, classes in (("two", 9, 2), ("four", 14, 4)):
        scores = np.round(rng.dirichlet(np.ones(classes), size=rows), 3)
        scores[:, -1] = 1.0 - scores[:, :-1].sum(axis=1)
        target = np.arange(rows) % classes
        arrays = {"prediction": scores, "target": target}
        value = 1 - metrics.d2_log_loss_score(target, scores)
        yield score("d2-log-loss", label, arrays, value, "scikit-learn")
        value = 1 - metrics.d2_brier_score(target, scores)
        yield score("d2-brier", label, arrays, value, "scikit-learn")
    skewed = np.array([0, 0, 0, 0, 0, 0, 1])
    sure = np.array([[1.0, 0.0]] * 6 + [[0.9, 0.1]])
    arrays = {"prediction": sure, "target": skewed}
    value = 1 - metrics.d2_brier_score(skewed, sure)
    yield score("d2-brier", "sure and skewed", arrays, value, "scikit-learn")
    null = -(6 * mpmath.log(mpf(6) / 7) + mpmath.log(mpf(1) / 7))
    value = -mpmath.log(mpf(0.1)) / null
    yield score("d2-log-loss", "sure and skewed, unclipped", arrays, value, "mpmath", eps=0.0)
    value = 1 - metrics.d2_log_loss_score(skewed, sure)
    yield score("d2-log-loss", "sure and skewed", arrays, value, "scikit-learn")
    wrong = {"prediction": [[0.0, 1.0], [0.5, 0.5], [0.2, 0.8]], "target": [0, 0, 1]}
    value = 1 - metrics.d2_log_loss_score(wrong["target"], np.array(wrong["prediction"]))
    yield score("d2-log-loss", "sure and wrong", wrong, value, "scikit-learn")
    yield score("d2-log-loss", "sure and wrong, unclipped", wrong, INF, "mpmath", eps=0.0)
    third = {**wrong, "prediction": [[0.1, 0.6, 0.3], [0.5, 0.4, 0.1], [0.2, 0.8, 0.0]]}
    options = {"labels": [0, 1, 2]}
    value = 1 - metrics.d2_log_loss_score(third["target"], np.array(third["prediction"]), **options)
    yield score("d2-log-loss", "a class that does not occur", third, value, "scikit-learn")
    value = 1 - metrics.d2_brier_score(third["target"], np.array(third["prediction"]), **options)
    yield score("d2-brier", "a class that does not occur", third, value, "scikit-learn")
    pixels = rng.dirichlet(np.ones(3), size=(2, 4)).round(3)
    labels = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
    arrays = {"prediction": np.moveaxis(pixels, -1, 1), "target": labels}
    rows = pixels.reshape(-1, 3)
    chosen = [-mpmath.log(mpf(p[y])) for p, y in zip(rows, labels.ravel(), strict=True)]
    counts = np.bincount(labels.ravel())
    null = -total(int(n) * mpmath.log(mpf(int(n)) / 8) for n in counts)
    yield score("d2-log-loss", "images", arrays, total(chosen) / null, "mpmath")
    squares = around(flat(rows - np.eye(3)[labels.ravel()]), 0)
    null = total(mpf(int(n)) * (8 - int(n)) / 8 for n in counts)
    yield score("d2-brier", "images", arrays, squares / null, "mpmath")
    one_class = {"prediction": [[0.5, 0.5], [0.9, 0.1]], "target": [0, 0]}
    for loss in ("d2-log-loss", "d2-brier"):
        yield score(loss, "one class", one_class, INF, "mpmath")
        one = {"prediction": [[0.5, 0.5]], "target": [0]}
        yield score(loss, "one row", one, NAN, "scikit-learn")
    certain = {"prediction": [[1.0, 0.0], [1.0, 0.0]], "target": [0, 0]}
    yield score("d2-brier", "one class, right", certain, NAN, "mpmath")
    yield score("d2-log-loss", "one class, right", certain, NAN, "mpmath", eps=0.0)


def kappa_cases() -> Iterator[Case]:
    loss = "quadratic-weighted-kappa"
    for label, grades in (("three grades", 3), ("six grades", 6)):
        x, y = (np.concatenate([np.arange(grades), rng.integers(0, grades, 20)]) for _ in "ab")
        value = 1 - metrics.cohen_kappa_score(x, y, weights="quadratic")
        yield score(loss, label, {"prediction": x, "target": y}, value, "scikit-learn")
    x, y = np.array([0, 1, 2, 3, 3]), np.array([3, 2, 1, 0, 0])
    value = 1 - metrics.cohen_kappa_score(x, y, weights="quadratic")
    yield score(loss, "opposite", {"prediction": x, "target": y}, value, "scikit-learn")
    arrays = pair(3, 4)
    value = exact_kappa(flat(arrays["prediction"]), flat(arrays["target"]))
    yield score(loss, "real and two axes", arrays, value, "mpmath")
    for label, arrays in {**EXTREMES, "one row": ONE_ROW, "constant": CONSTANT}.items():
        value = exact_kappa(flat(arrays["prediction"]), flat(arrays["target"]))
        yield score(loss, label, arrays, value, "mpmath")
    # Equal means, so that the divisor of the variances does not matter.
    balanced = {"prediction": [1.0, 2.0, 3.0, 6.0], "target": [2.0, 1.0, 4.0, 5.0]}
    x, y = tensors(balanced)
    value = 1 - tm.concordance_corrcoef(x, y).item()
    yield score(loss, "concordance", balanced, value, "torchmetrics")
    same = {"prediction": [2.0, 2.0], "target": [2.0, 2.0]}
    value = metrics.cohen_kappa_score([2, 2], [2, 2], weights="quadratic")
    yield score(loss, "all equal", same, value, "scikit-learn")


def silog_cases() -> Iterator[Case]:
    loss = "scale-invariant-log"
    depth = np.round(rng.gamma(3.0, size=(2, 3, 3)) + 0.2, 3)
    guess = np.round(depth * rng.uniform(0.5, 2.0, size=depth.shape), 3)
    arrays = {"prediction": guess, "target": depth}
    for lambd in (0.0, 0.5, 0.85, 1.0):
        value = exact_silog(arrays, lambd)
        yield score(loss, f"lambda {lambd}", arrays, value, "mpmath", lambd=lambd)
        params = {"lambd": lambd, "root": True, "scale": 10.0}
        yield score(loss, f"root, {lambd}", arrays, 10 * mpmath.sqrt(value), "mpmath", **params)
    # As in the transformers of Hugging Face, GLPN's SiLogLoss.
    x, y = tensors(arrays)
    logs = torch.log(y) - torch.log(x)
    value = torch.sqrt((logs**2).mean() - 0.5 * logs.mean() ** 2)
    yield score(loss, "written with torch", arrays, value, "torch", lambd=0.5, root=True)
    cases = {
        "common factor": {"prediction": [2.0, 4.0, 8.0], "target": [1.0, 2.0, 4.0]},
        "huge": {"prediction": [1e308, 1e-308, 1.0], "target": [1e-308, 1e308, 2.0]},
        "denormal": {"prediction": [TINY, 1.0], "target": [1.0, TINY]},
        "nearly right": {"prediction": [1.0 + 2**-52, 3.0], "target": [1.0, 3.0 - 2**-51]},
        "one row": {"prediction": [2.0], "target": [3.0]},
        "offset": {"prediction": [1e200, 1.1e200, 1.2e200], "target": [1.0, 1.2, 1.1]},
    }
    for label, arrays in cases.items():
        for lambd in (0.5, 1.0):
            value = exact_silog(arrays, lambd)
            yield score(loss, f"{label}, {lambd}", arrays, value, "mpmath", lambd=lambd)


def psnr_cases() -> Iterator[Case]:
    arrays = {k: np.clip(0.5 + v / 9, 0, 1).round(3) for k, v in pair(2, 3, 4).items()}
    x, y = tensors(arrays)
    for size in (1.0, 2.5):
        value = kornia.losses.psnr_loss(x, y, size)
        yield score("psnr", f"kornia {size}", arrays, value, "kornia", data_range=size)
        value = -tm_image.peak_signal_noise_ratio(x, y, data_range=size)
        params = {"rtol": 1e-6, "why": "torchmetrics takes the logarithm of the range in float32"}
        label = f"torchmetrics {size}"
        yield score("psnr", label, arrays, value, "torchmetrics", data_range=size, **params)
    level = {"prediction": [1.0, 2.0], "target": [0.0, 1.0]}
    yield score("psnr", "no decibels", level, 0.0, "mpmath")
    right = {"prediction": [1.0, 2.0], "target": [1.0, 2.0]}
    yield score("psnr", "right", right, -INF, "mpmath")
    for label, extreme in {**EXTREMES, "one row": ONE_ROW}.items():
        yield score("psnr", label, extreme, exact_psnr(extreme, 3.0), "mpmath", data_range=3.0)
    bytes_ = {"prediction": [0.0, 255.0, 17.0], "target": [0.0, 254.0, 18.0]}
    yield score("psnr", "bytes", bytes_, exact_psnr(bytes_, 255.0), "mpmath", data_range=255.0)
    yield score("psnr", "nan", WITH_NAN, NAN, "mpmath")
    yield score("psnr", "infinity", WITH_INF, INF, "mpmath")


def cases() -> Iterator[Case]:
    yield from r2_like("r2", metrics.r2_score, exact_r2)
    yield from r2_like("explained-variance", metrics.explained_variance_score, exact_explained)
    yield from torchmetrics_cases()
    yield from nrmse_cases()
    yield from d2_cases()
    yield from tweedie_cases()
    yield from class_scores()
    yield from kappa_cases()
    yield from silog_cases()
    yield from psnr_cases()


if __name__ == "__main__":
    write("score", cases())
