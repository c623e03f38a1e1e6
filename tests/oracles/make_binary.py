# ruff: noqa: E402  (some libraries are told their settings before they are imported)
"""Compute the oracle cases of binary losses with a dozen libraries, and with 50 digits.

    python tests/oracles/make_binary.py

The cases of bce and bce-with-logits are in make_torch.py, and most of focal's.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
warnings.filterwarnings("ignore")

import jax
import keras
import kornia
import lightgbm
import mpmath
import numpy as np
import optax
import torch
import xgboost
from catboost.utils import eval_metric
from mpmath import exp, expm1, log, log1p, mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from sklearn import metrics, preprocessing
from sklearn._loss.loss import ExponentialLoss
from sklearn.linear_model import _sgd_fast as sgd
from torch.nn import functional

# The compiled operators of a wheel for another machine may not load; only Python ones are used.
torch.library.register_fake = lambda *_, **__: lambda function: function

import torchmetrics.functional.classification as torchmetrics
from segmentation_models_pytorch.losses import FocalLoss
from timm.loss import AsymmetricLossMultiLabel
from torchvision.ops import sigmoid_focal_loss

jax.config.update("jax_enable_x64", True)

FLOAT32 = "computed in float32"
Arrays = dict[str, Any]

# --- the 50-digit values -------------------------------------------------------------------------


def chances(x: Any) -> tuple[Any, Any]:
    """sigmoid(x) and sigmoid(-x)."""
    return 1 / (1 + exp(-x)), 1 / (1 + exp(x))


def soft_margin(x: Any, y: Any) -> Any:
    return log1p(exp(-y * x))


def hinge(x: Any, y: Any) -> Any:
    return max(mpf(0), 1 - y * x)


def squared_hinge(x: Any, y: Any) -> Any:
    return hinge(x, y) ** 2


def modified_huber(x: Any, y: Any) -> Any:
    return squared_hinge(x, y) if y * x >= -1 else -4 * y * x


def binary_sparsemax(x: Any, y: Any) -> Any:
    z = -y * x
    return mpf(0) if z <= -1 else z if z >= 1 else (z + 1) ** 2 / 4


def perceptron(x: Any, y: Any) -> Any:
    return max(mpf(0), -y * x)


def exponential(x: Any, y: Any) -> Any:
    return exp(-y * x)


def wgan(x: Any, y: Any) -> Any:
    return -y * x


def brier(p: Any, y: Any, scale_by_half: bool = True) -> Any:
    return (p - y) ** 2 * (1 if scale_by_half else 2)


def kl_bernoulli(x: Any, y: Any) -> Any:
    terms = zip((y, 1 - y), (log1p(exp(-x)), log1p(exp(x))), strict=True)
    return mpmath.fsum(share * (log(share) + cost) for share, cost in terms if share > 0)


def cross_entropy_lambda(x: Any, y: Any, w: Any) -> Any:
    rate = w * log1p(exp(x))
    yes = -y * log(-expm1(-rate)) if y > 0 else mpf(0)
    return yes + (1 - y) * rate if y < 1 else yes


def focused(bce: Any, missing: Any, y: Any, alpha: float | None, gamma: float) -> Any:
    balance = 1 if alpha is None else alpha * y + (1 - mpf(alpha)) * (1 - y)
    return balance * (missing ** mpf(gamma) if gamma else mpf(1)) * bce


def binary_focal(
    p: Any,
    y: Any,
    alpha: float | None = None,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    eps: float = 0.0,
) -> Any:
    s = mpf(label_smoothing)
    y = (1 - s) * y + s / 2
    clipped = min(max(p, mpf(eps)), 1 - mpf(eps))
    yes = log(clipped) if clipped > 0 else mpf(-INF)
    no = log1p(-clipped) if clipped < 1 else mpf(-INF)
    bce = -y * max(yes, mpf(-100)) - (1 - y) * max(no, mpf(-100))
    return focused(bce, y * (1 - p) + (1 - y) * p, y, alpha, gamma)


def asymmetric(
    x: Any,
    y: Any,
    gamma_neg: float = 4.0,
    gamma_pos: float = 1.0,
    clip: float = 0.05,
    eps: float = 1e-8,
) -> Any:
    p, q = chances(x)
    most = -log(mpf(eps)) if eps else mpf(INF)
    if y == 1:
        return focused(min(log1p(exp(-x)), most), q, y, None, gamma_pos)
    shifted = max(p - mpf(clip), mpf(0))
    cost = -log(min(q + mpf(clip), mpf(1))) if clip else log1p(exp(x))
    return focused(min(cost, most), shifted, y, None, gamma_neg)


EXACT: dict[str, Callable[..., Any]] = {
    "soft-margin": soft_margin,
    "hinge": hinge,
    "squared-hinge": squared_hinge,
    "modified-huber": modified_huber,
    "binary-sparsemax": binary_sparsemax,
    "perceptron": perceptron,
    "exponential": exponential,
    "wgan": wgan,
    "brier": brier,
    "kl-bernoulli": kl_bernoulli,
    "cross-entropy-lambda": cross_entropy_lambda,
    "binary-focal": binary_focal,
    "asymmetric": asymmetric,
}


def exact(
    loss: str, label: str, arrays: Arrays, *, atol: float = 0.0, why: str = "", **params: Any
) -> Case:
    """A case of 50 digits; NaN where an input is NaN."""

    def element(*values: float) -> float:
        if any(map(np.isnan, values)):
            return NAN
        return float(EXACT[loss](*map(mpf, values), **params))

    elements = np.vectorize(element, otypes=[float])(*(np.asarray(a) for a in arrays.values()))
    total = mpmath.fsum(elements.ravel().tolist())
    reductions = {"sum": total, "mean": total / elements.size}
    return case(
        loss, label, arrays, "mpmath",
        elements=elements, reductions=reductions, atol=atol, why=why, **params,
    )  # fmt: skip


# --- other libraries -----------------------------------------------------------------------------


def lightgbm_metric(
    metric: str, logits: Any, label: Any, weight: Any = None, objective: str = "cross_entropy"
) -> float:
    """A metric of given scores: training starts from them and can find no split."""
    data = lightgbm.Dataset(
        np.zeros((len(logits), 1)), label=label, weight=weight, init_score=logits
    )
    settings = {
        "objective": objective, "metric": metric, "verbose": -1, "feature_pre_filter": False,
        "min_data_in_leaf": 10**6, "boost_from_average": False,
    }  # fmt: skip
    record: dict[str, dict[str, list[float]]] = {}
    lightgbm.train(
        settings, data, 1, valid_sets=[data], callbacks=[lightgbm.record_evaluation(record)]
    )
    return float(record["training"][metric][0])


def xgboost_metric(metric: str, logits: Any, label: Any) -> float:
    data = xgboost.DMatrix(np.zeros((len(logits), 1)), label=label, base_margin=logits)
    settings = {"objective": "binary:logistic", "eval_metric": metric}
    return float(xgboost.train(settings, data, 0).eval(data).split(":")[1])


def catboost_metric(metric: str, logits: Any, label: Any) -> float:
    return float(eval_metric(label, logits, metric)[0])


def keras_loss(loss: Any, prediction: Any, target: Any) -> np.ndarray:
    """Of each element: keras averages the last axis."""
    x, y = (np.asarray(a, np.float64)[..., np.newaxis] for a in (prediction, target))
    loss.reduction = "none"
    return np.asarray(loss(y, x), np.float64)


def tensors(*arrays: Any) -> list[torch.Tensor]:
    return [torch.tensor(np.asarray(a, np.float64)) for a in arrays]


# --- the cases -----------------------------------------------------------------------------------

rng = np.random.default_rng(20250301)
SHAPES = [(7,), (5, 3), (3, 2, 2), (1,), (1, 4)]


def real(*shape: int, scale: float = 2.0) -> np.ndarray:
    return np.round(rng.normal(size=shape) * scale, 4)


def unit(*shape: int) -> np.ndarray:
    return np.round(rng.uniform(0.01, 0.99, size=shape), 4)


def eighths(*shape: int) -> np.ndarray:
    """Probabilities that float32 holds as well."""
    return rng.integers(0, 9, size=shape) / 8


def labels(*shape: int) -> np.ndarray:
    return rng.integers(0, 2, size=shape).astype(float)


def signs(*shape: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], size=shape)


def shape_name(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def suffix(params: dict[str, Any]) -> str:
    return "".join(f"-{name}-{value}" for name, value in params.items())


EDGES = [INF, -INF, NAN, MAX, -MAX, 1e200, 1e4, -1e4, 1.0, -1.0, 1 - 2**-53, 3.0, 0.0, TINY, 1e-300]


def with_signs() -> Iterator[Case]:
    """Cases that all losses of a score and a sign share."""
    for loss in ("soft-margin", "hinge", "squared-hinge", "modified-huber", "binary-sparsemax",
                 "perceptron", "exponential", "wgan"):  # fmt: skip
        for shape in SHAPES:
            arrays = {"prediction": real(*shape), "target": signs(*shape)}
            yield exact(loss, shape_name(shape), arrays)
        for sign in (1.0, -1.0):
            arrays = {"prediction": EDGES, "target": [sign] * len(EDGES)}
            yield exact(loss, f"edges{sign:+g}", arrays)
    # Of library after library, elements or the mean alone.
    x, y = real(9), signs(9)
    arrays, zero_one = {"prediction": x, "target": y}, (y + 1) / 2
    for loss, function in [
        ("hinge", optax.losses.hinge_loss),
        ("perceptron", optax.losses.perceptron_loss),
        ("binary-sparsemax", lambda x, y: optax.losses.sparsemax_loss(x, zero_one)),
    ]:
        yield case(loss, "optax", arrays, "optax", elements=np.asarray(function(x, y)))
    for loss, of_keras in [
        ("hinge", keras.losses.Hinge()), ("squared-hinge", keras.losses.SquaredHinge()),
    ]:  # fmt: skip
        for label, target in [("keras", y), ("keras-zero-one", zero_one)]:
            elements = keras_loss(of_keras, x, target)
            yield case(
                loss, label, arrays, "keras", elements=elements, rtol=1e-5, atol=1e-7, why=FLOAT32
            )
    for loss, of_sklearn in [
        ("hinge", sgd.Hinge(1.0)), ("perceptron", sgd.Hinge(0.0)),
        ("squared-hinge", sgd.SquaredHinge(1.0)), ("modified-huber", sgd.ModifiedHuber()),
    ]:  # fmt: skip
        elements = [of_sklearn.py_loss(p, t) for p, t in zip(x, y, strict=True)]
        yield case(loss, "scikit-learn-sgd", arrays, "scikit-learn", elements=elements)
    mean = metrics.hinge_loss(y, x)
    yield case("hinge", "scikit-learn", arrays, "scikit-learn", reductions={"mean": mean})
    mean = catboost_metric("HingeLoss", x, zero_one)
    yield case("hinge", "catboost", arrays, "catboost", reductions={"mean": mean})
    elements = ExponentialLoss().loss(zero_one, x)
    yield case("exponential", "scikit-learn", arrays, "scikit-learn", elements=elements)
    p = unit(6)
    arrays = {"prediction": p, "target": signs(6)}
    for loss, squared in [("hinge", False), ("squared-hinge", True)]:
        score, target = tensors(p, (arrays["target"] + 1) / 2)
        # Of scores in [0, 1], which it leaves as they are.
        mean = torchmetrics.binary_hinge_loss(score, target.int(), squared=squared).item()
        yield case(
            loss, "torchmetrics", arrays, "torchmetrics",
            reductions={"mean": mean}, rtol=1e-6, why=FLOAT32,
        )  # fmt: skip


def soft_margin_of_torch() -> Iterator[Case]:
    for shape in SHAPES:
        x, y = real(*shape), signs(*shape)
        score, target = tensors(x, y)
        reductions = {
            r: functional.soft_margin_loss(score, target, reduction=r).item()
            for r in ("mean", "sum")
        }
        elements = functional.soft_margin_loss(score, target, reduction="none")
        arrays = {"prediction": x, "target": y}
        yield case(
            "soft-margin", f"torch-{shape_name(shape)}", arrays, "torch",
            elements=elements, reductions=reductions,
        )  # fmt: skip
    x, y = [0.5, -2.0, 3.0, INF, -INF, NAN], [0.0, 0.5, -2.0, 1.0, 1.0, 1.0]
    elements = functional.soft_margin_loss(*tensors(x, y), reduction="none")
    arrays = {"prediction": x, "target": y}
    yield case("soft-margin", "any-target", arrays, "torch", elements=elements, direct=True)
    x = [710.0, -710.0, 745.0, -745.0, 800.0, -800.0, 37.0, -37.0, 1e15]
    yield exact("soft-margin", "confident", {"prediction": x, "target": [1.0, -1.0] * 4 + [-1.0]})


def scores() -> Iterator[Case]:
    for shape in SHAPES:
        arrays = {"prediction": unit(*shape), "target": labels(*shape)}
        yield exact("brier", shape_name(shape), arrays)
        soft = {"prediction": unit(*shape), "target": unit(*shape)}
        yield exact("brier", f"soft-{shape_name(shape)}", soft, scale_by_half=False)
    edges = {"prediction": [0.0, 1.0, 0.0, 1.0, TINY, 1 - 2**-53], "target": [0, 0, 1, 1, 0, 1]}
    yield exact("brier", "edges", edges)
    p, y = unit(9), labels(9)
    arrays = {"prediction": p, "target": y}
    for params in [{}, {"scale_by_half": False}]:
        mean = metrics.brier_score_loss(y, p, **params)
        yield case(
            "brier", f"scikit-learn{suffix(params)}", arrays, "scikit-learn",
            reductions={"mean": mean}, **params,
        )  # fmt: skip
    x = real(9)
    arrays = {"prediction": 1 / (1 + np.exp(-x)), "target": y}
    mean = catboost_metric("BrierScore", x, y)
    yield case("brier", "catboost", arrays, "catboost", reductions={"mean": mean})


def wrong_labels() -> Iterator[Case]:
    def wrong(prediction: Any, target: Any) -> list[float]:
        pairs = zip(prediction, target, strict=True)
        return [float(metrics.zero_one_loss([y], [x])) for x, y in pairs]

    for params, x in [
        ({}, unit(8)), ({}, labels(8)), ({}, np.array([0.5, 0.5, 0.0, 1.0, 0.5 + 2**-53, -0.0])),
        ({"threshold": 0.3}, unit(8)), ({"threshold": 0.0}, real(8)), ({"threshold": 1.5}, real(8)),
    ]:  # fmt: skip
        y = labels(len(x))
        decided = preprocessing.binarize([x], threshold=params.get("threshold", 0.5))[0]
        reductions = {
            "mean": metrics.zero_one_loss(y, decided),
            "sum": metrics.zero_one_loss(y, decided, normalize=False),
        }
        yield case(
            "zero-one", f"scikit-learn-{x[0]}{suffix(params)}", {"prediction": x, "target": y},
            "scikit-learn", elements=wrong(decided, y), reductions=reductions, **params,
        )  # fmt: skip
    classes = {"prediction": rng.integers(0, 4, size=10), "target": rng.integers(0, 4, size=10)}
    yield case(
        "zero-one", "scikit-learn-classes", classes, "scikit-learn",
        elements=wrong(classes["prediction"], classes["target"]),
        reductions={"mean": metrics.zero_one_loss(classes["target"], classes["prediction"])},
        threshold=None,
    )  # fmt: skip
    # Ties are noes.
    x, y = np.concatenate([[0.0, 0.0], np.round(real(8), 1)]), np.append([0.0, 1.0], labels(8))
    of_logits, of_chances = (
        {"prediction": score, "target": y} for score in (x, 1 / (1 + np.exp(-x)))
    )
    for oracle, mean in [
        ("lightgbm", lightgbm_metric("binary_error", x, y, objective="binary")),
        ("catboost", catboost_metric("ZeroOneLoss", x, y)),
    ]:
        yield case("zero-one", oracle, of_logits, oracle, reductions={"mean": mean}, threshold=0.0)
    for threshold in (0.5, 0.25, 0.75):
        mean = xgboost_metric(f"error@{threshold}", x, y)
        yield case(
            "zero-one", f"xgboost-{threshold}", of_chances, "xgboost",
            reductions={"mean": mean}, rtol=1e-6, why="XGBoost prints float32",
            threshold=threshold,
        )  # fmt: skip
    edges = {"prediction": [INF, -INF, NAN, MAX, TINY, 0.0], "target": [1, 0, 1, 0, 0, 0]}
    expected = [0, 0, NAN, 1, 1, 0]
    yield case("zero-one", "edges", edges, "mpmath", elements=expected, threshold=0.0)


def cross_entropies() -> Iterator[Case]:
    name = "kl-bernoulli"
    for shape in SHAPES:
        arrays = {"logits": real(*shape), "target": unit(*shape)}
        # Two terms of about 1 each cancel where the probabilities nearly agree.
        yield exact(
            name, shape_name(shape), arrays, atol=1e-15, why="a difference of rounded logarithms"
        )
        weight = np.round(rng.uniform(0.1, 9, size=shape), 3)
        yield exact("cross-entropy-lambda", shape_name(shape), arrays | {"weight": weight})
        weight = {"weight": np.ones(shape)}
        yield exact("cross-entropy-lambda", f"ones-{shape_name(shape)}", arrays | weight)
    x = [1e4, -1e4, 37.0, -37.0, 800.0, -800.0, 0.0, TINY, 1e307, INF, -INF, NAN]
    for y in (0.0, 1.0, 0.5, 1e-300):
        yield exact(name, f"edges-{y:g}", {"logits": x, "target": [y] * len(x)})
    agreeing = {"logits": [0.0, float(log(3)), -float(log(3))], "target": [0.5, 0.75, 0.25]}
    yield exact(name, "agreeing", agreeing, atol=1e-15, why="a difference of rounded logarithms")

    name = "cross-entropy-lambda"
    for y in (0.0, 1.0, 0.25):
        for w in (1e-3, 1.0, 50.0, 1e-300, 1e20):
            arrays = {"logits": x[:-3], "target": [y] * 9, "weight": [w] * 9}
            yield exact(name, f"edges-{y:g}-{w:g}", arrays)
    arrays = {"logits": [INF, -INF, NAN, NAN], "target": [1, 0, 0, 1], "weight": [2.0] * 4}
    yield exact(name, "infinite", arrays)

    x, y, w = real(12), eighths(12), rng.integers(1, 20, size=12) / 4
    mean = lightgbm_metric("kullback_leibler", x, y)
    arrays = {"logits": x, "target": y}
    yield case("kl-bernoulli", "lightgbm", arrays, "lightgbm", reductions={"mean": mean})
    mean = lightgbm_metric("cross_entropy_lambda", x, y, w, "cross_entropy_lambda")
    yield case(name, "lightgbm", arrays | {"weight": w}, "lightgbm", reductions={"mean": mean})


ROUNDING = "1 - p and its logarithm are rounded twice"


def focal() -> Iterator[Case]:
    x, y, soft = real(3, 4), labels(3, 4), unit(3, 4)
    logits, hard, mixed = tensors(x, y, soft)
    of_hard, of_soft = {"logits": x, "target": y}, {"logits": x, "target": soft}
    for label, arrays, target in [("", of_hard, hard), ("-soft", of_soft, mixed)]:
        for alpha in (0.25, None, 0.75):
            theirs = -1 if alpha is None else alpha
            elements = sigmoid_focal_loss(logits, target, alpha=theirs, gamma=1.5)
            yield case(
                "focal", f"torchvision-{alpha}{label}", arrays, "torchvision",
                elements=elements, atol=1e-15, why=ROUNDING, alpha=alpha, gamma=1.5,
            )  # fmt: skip
            elements = optax.losses.sigmoid_focal_loss(x, target.numpy(), alpha=alpha, gamma=1.5)
            yield case(
                "focal", f"optax-{alpha}{label}", arrays, "optax",
                elements=np.asarray(elements), alpha=alpha, gamma=1.5,
            )  # fmt: skip
    elements = kornia.losses.binary_focal_loss_with_logits(logits, hard, reduction="none")
    yield case("focal", "kornia", of_hard, "kornia", elements=elements)
    for params in [{}, {"alpha": 0.3, "gamma": 3.0}]:
        ours = {"alpha": None} | params
        settings = {"mode": "binary", "reduction": "sum", "normalized": True} | params
        mean = FocalLoss(**settings)(logits, hard).item()
        yield case(
            "focal", f"normalized{suffix(params)}", of_hard, "segmentation-models-pytorch",
            reductions={"mean": mean}, normalized=True, **ours,
        )  # fmt: skip
        mean = FocalLoss(mode="binary", **params)(logits, hard).item()
        yield case(
            "focal", f"smp{suffix(params)}", of_hard, "segmentation-models-pytorch",
            reductions={"mean": mean}, **ours,
        )  # fmt: skip
    mean = catboost_metric("Focal:focal_alpha=0.3;focal_gamma=1.5", x.ravel(), y.ravel())
    yield case(
        "focal", "catboost", of_hard, "catboost",
        reductions={"mean": mean}, rtol=1e-7, why="CatBoost bounds probabilities",
        alpha=0.3, gamma=1.5,
    )  # fmt: skip


def binary_focal_cases() -> Iterator[Case]:
    name = "binary-focal"
    settings: list[dict[str, Any]] = [
        {}, {"gamma": 0.0}, {"alpha": 0.25}, {"gamma": 0.5, "alpha": 0.9}, {"eps": 1e-7},
        {"label_smoothing": 0.1}, {"label_smoothing": 1.0, "gamma": 5.0}, {"eps": 0.5},
    ]  # fmt: skip
    p = [0.0, 1.0, 0.0, 1.0, TINY, 1 - 2**-53, 1e-20, 0.5]
    for params in settings:
        for shape in SHAPES[:3]:
            arrays = {"prediction": unit(*shape), "target": labels(*shape)}
            yield exact(name, shape_name(shape) + suffix(params), arrays, **params)
        arrays = {"prediction": unit(6), "target": unit(6)}
        yield exact(name, f"soft{suffix(params)}", arrays, **params)
        edges = {"prediction": p, "target": [0, 0, 1, 1, 1, 0, 1, 0]}
        yield exact(name, f"edges{suffix(params)}", edges, **params)
    p, y = unit(8), labels(8)
    arrays = {"prediction": p, "target": y}
    for params in settings[:-1]:
        alpha = params.get("alpha")
        theirs = {k: v for k, v in params.items() if k not in ("alpha", "eps")}
        if alpha is not None:
            theirs |= {"alpha": alpha, "apply_class_balancing": True}
        elements = keras_loss(keras.losses.BinaryFocalCrossentropy(**theirs), p, y)
        yield case(
            name, f"keras{suffix(params)}", arrays, "keras",
            elements=elements, rtol=1e-5, atol=1e-7, why=FLOAT32, **params,
        )  # fmt: skip
    edges = {"prediction": [0.0, 1.0, 0.0, 1.0], "target": [1.0, 0.0, 0.0, 1.0]}
    elements = keras_loss(keras.losses.BinaryFocalCrossentropy(), *edges.values())
    yield case(
        name, "keras-edges", edges, "keras",
        elements=elements, rtol=0.02, atol=1e-6, why="1 - 1e-7 in float32 is 1.2e-7 off 1",
        eps=1e-7,
    )  # fmt: skip


def asymmetric_cases() -> Iterator[Case]:
    name = "asymmetric"
    settings: list[dict[str, float]] = [
        {}, {"clip": 0.0}, {"gamma_neg": 2.0, "gamma_pos": 0.0}, {"clip": 0.2, "gamma_pos": 1.5},
        {"clip": 0.0, "eps": 0.0}, {"gamma_neg": 0.0, "gamma_pos": 0.0}, {"eps": 0.1},
    ]  # fmt: skip
    x = [1e4, -1e4, 37.0, -37.0, 700.0, -700.0, 800.0, -800.0, 0.0, TINY, 20.0, -20.0]
    for params in settings:
        for shape in SHAPES[:3]:
            arrays = {"logits": real(*shape), "target": labels(*shape)}
            yield exact(name, shape_name(shape) + suffix(params), arrays, **params)
            elements = AsymmetricLossMultiLabel(reduction="none", **params)(
                *tensors(*arrays.values())
            )
            yield case(
                name, f"timm-{shape_name(shape)}{suffix(params)}", arrays, "timm",
                elements=elements, rtol=1e-4, atol=1e-6, why=FLOAT32, **params,
            )  # fmt: skip
        for y in (0.0, 1.0):
            edges = {"logits": x, "target": [y] * len(x)}
            yield exact(name, f"edges-{y:g}{suffix(params)}", edges, **params)
    edges = {"logits": [INF, -INF, INF, -INF, NAN, NAN], "target": [0, 0, 1, 1, 0, 1]}
    yield exact(name, "infinite", edges)


def main() -> None:
    families = (
        with_signs, soft_margin_of_torch, scores, wrong_labels, cross_entropies, focal,
        binary_focal_cases, asymmetric_cases,
    )  # fmt: skip
    write("binary", (record for cases in families for record in cases()))


if __name__ == "__main__":
    main()
