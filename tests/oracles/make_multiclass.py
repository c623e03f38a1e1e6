"""Compute the oracle cases of multiclass losses, with the libraries that have them and 50 digits.

    python tests/oracles/make_multiclass.py

The cases of cross-entropy and nll are in make_torch.py.
"""

# ruff: noqa: E402 - keras reads its backend, and torchmetrics torch.library, when imported.

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
import mpmath
import numpy as np
import optax
import scoringrules
import torch
from catboost.utils import eval_metric
from coral_pytorch.losses import coral_loss, corn_loss
from mpmath import exp, expm1, log, log1p, mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from sklearn import metrics
from torch.nn import functional

# The compiled operators of a wheel for another machine may not load; none of them is used.
torch.library.register_fake = lambda *_, **__: lambda function: function

import torchmetrics.functional as torchmetrics
from monai.losses import FocalLoss

jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")

ROUNDING = 1e-15
CANCELS = "the other library's value is a difference of numbers of size 1"
Arrays = dict[str, Any]
Params = dict[str, Any]
rng = np.random.default_rng(2024)

# --- data ----------------------------------------------------------------------------------------

SHAPES = [(6, 3), (1, 2), (2, 4, 2)]


def scores(*shape: int, scale: float = 2.0) -> np.ndarray:
    return np.round(rng.normal(scale=scale, size=shape), 3)


def chances(*shape: int) -> np.ndarray:
    """Class probabilities that hardly add up to 1, as printed ones do."""
    weights = rng.gamma(1.0, size=shape)
    return np.round(weights / weights.sum(axis=1, keepdims=True), 4)


def labels(shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, shape[1], size=(shape[0], *shape[2:]))


def label_of(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def class_last(x: Any) -> np.ndarray:
    return np.moveaxis(np.asarray(x, np.float64), 1, -1)


def one_hot(target: Any, classes: int) -> np.ndarray:
    """The target's probabilities with the class last; ignored ones are all 0."""
    return np.asarray(np.asarray(target)[..., np.newaxis] == np.arange(classes), np.float64)


def tensor(x: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(x), dtype=torch.float64)


def index(x: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(x, np.int64))


def with_reductions(elements: Any, divisor: Any = None) -> Params:
    """Elements, and the reduced losses that follow from them."""
    values = np.asarray(elements, np.float64)
    count = values.size if divisor is None else float(np.sum(divisor))
    with np.errstate(all="ignore"):
        total = np.sum(values)
        mean = np.float64(total) / count
    return {"elements": values, "reductions": {"mean": mean, "sum": total}}


# --- the 50-digit values -------------------------------------------------------------------------


def softmax_costs(row: list[Any]) -> list[Any]:
    """-log softmax of each class."""
    return [log1p(mpmath.fsum(exp(o - x) for i, o in enumerate(row) if i != c))
            for c, x in enumerate(row)]  # fmt: skip


def clipped_costs(row: list[Any], eps: float, *, renormalize: bool) -> list[Any]:
    """-log of each probability, clipped."""
    total = mpmath.fsum(row) if renormalize else 1
    costs = [-log(p / total) if total and p else mpf(INF) for p in row]
    return [min(max(cost, -log1p(-mpf(eps))), -log(mpf(eps))) for cost in costs]


def exact(
    of_row: Callable[..., Any], predicted: Any, target: Any, ignore_index: int | None = None
) -> np.ndarray:
    """``of_row(row, y)`` of every target; ``y`` an index or a list of probabilities."""
    predicted, target = np.asarray(predicted, np.float64), np.asarray(target, np.float64)
    rows = np.moveaxis(predicted, 1, -1)
    soft = target.ndim == predicted.ndim
    targets = np.moveaxis(target, 1, -1) if soft else target
    elements = np.zeros(rows.shape[:-1])
    for at in np.ndindex(*elements.shape):
        y = [mpf(v) for v in targets[at]] if soft else int(targets[at])
        if y != ignore_index:
            elements[at] = float(of_row([mpf(float(x)) for x in rows[at]], y))
    return elements


def expected(
    costs: list[Any], y: Any, reshape: Callable[[Any], Any] = lambda cost: cost,
    weight: Any = None, smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """The sum of w q f(cost) over the classes."""
    share = y if isinstance(y, list) else [mpf(c == y) for c in range(len(costs))]
    s = mpf(smoothing)
    q = [(1 - s) * v + s / len(costs) for v in share]
    w = [1] * len(costs) if weight is None else [mpf(v) for v in weight]
    return mpmath.fsum(a * b * reshape(c) for a, b, c in zip(w, q, costs, strict=True))


def focused(gamma: float) -> Callable[[Any], Any]:
    return lambda cost: cost * (-expm1(-cost)) ** mpf(gamma)


@mpmath.workdps(1300)
def sparsemax_loss(row: list[Any], y: int) -> Any:
    """As Martins and Astudillo write it, which cancels: hence the digits."""
    ordered = sorted(row, reverse=True)
    support = [k for k in range(1, len(row) + 1) if 1 + k * ordered[k - 1] > sum(ordered[:k])]
    tau = (mpmath.fsum(ordered[: support[-1]]) - 1) / support[-1]
    inside = [x for x in row if x > tau]
    return mpmath.fsum(x * x - tau * tau for x in inside) / 2 + mpf(1) / 2 - row[y]


def divergence(student: list[Any], teacher: list[Any], temperature: float) -> Any:
    t = mpf(temperature)
    p, q = (softmax_costs([x / t for x in row]) for row in (student, teacher))
    return t * t * mpmath.fsum(exp(-b) * (a - b) for a, b in zip(p, q, strict=True))


def softplus(x: Any) -> Any:
    return log1p(exp(x))


# --- cases ---------------------------------------------------------------------------------------


def log_loss() -> Iterator[Case]:
    name = "log-loss"
    for shape in SHAPES:
        p, y, label = chances(*shape), labels(shape), label_of(shape)
        arrays = {"prediction": p, "target": y}
        rows, flat, classes = class_last(p).reshape(-1, shape[1]), y.ravel(), list(range(shape[1]))
        elements = [
            metrics.log_loss([t], [row], labels=classes) for row, t in zip(rows, flat, strict=True)
        ]
        mean = metrics.log_loss(flat, rows, labels=classes)
        total = metrics.log_loss(flat, rows, labels=classes, normalize=False)
        yield case(name, f"sklearn-{label}", arrays, "scikit-learn",
                   elements=np.reshape(elements, y.shape),
                   reductions={"mean": mean, "sum": total})  # fmt: skip
        keras_y = one_hot(y, shape[1])
        smoothing = 0.2 if shape == (6, 3) else 0.0
        elements = keras.losses.categorical_crossentropy(
            keras_y, class_last(p), label_smoothing=smoothing
        )
        yield case(name, f"keras-{label}", arrays, "keras", **with_reductions(elements), eps=1e-7,
                   renormalize=True, label_smoothing=smoothing)  # fmt: skip
        soft = chances(*shape)
        elements = keras.losses.categorical_crossentropy(class_last(soft), class_last(p))
        yield case(name, f"keras-soft-{label}", arrays | {"target": soft}, "keras",
                   **with_reductions(elements), eps=1e-7, renormalize=True)  # fmt: skip
    y = np.array([0, 2, 1, 2, 0])
    p = chances(5, 3)
    elements = keras.losses.sparse_categorical_crossentropy(y, p, ignore_class=2)
    ignored = with_reductions(elements, y != 2)
    yield case(name, "keras-ignore", {"prediction": p, "target": y}, "keras", **ignored,
               eps=1e-7, renormalize=True, ignore_index=2)  # fmt: skip
    yield case(name, "all-ignored", {"prediction": p[:2], "target": [-100, -100]}, "mpmath",
               elements=[0, 0], reductions={"mean": NAN, "sum": 0})  # fmt: skip

    edges = [[0, 1, 0], [1, 0, 0], [TINY, 1 - 2**-53, 0], [1e-8, 1 - 1e-8, 0], [1e-20, 1, 1e-300],
             [0, 0, 0], [1, 1, 1], [0.5, 0.25, 1e-9]]  # fmt: skip
    clips: dict[str, float] = {"sklearn": 2.0**-52, "float32": 2.0**-23, "keras": 1e-7,
                               "xgboost": 1e-16, "lightgbm": 1e-15, "bare": TINY}  # fmt: skip
    for label, eps in clips.items():
        for y, renormalize in [(0, False), (0, True), (1, False), (1, True)]:
            if y == 0 or label in ("sklearn", "keras"):
                arrays = {"prediction": edges, "target": [y] * len(edges)}
                elements = exact(
                    lambda row, y, eps=eps, renormalize=renormalize: expected(
                        clipped_costs(row, eps, renormalize=renormalize), y
                    ),
                    edges, arrays["target"],
                )  # fmt: skip
                suffix = "-renormalize" * renormalize
                yield case(name, f"edges-{label}{suffix}-{y}", arrays, "mpmath",
                           **with_reductions(elements), eps=eps,
                           renormalize=renormalize)  # fmt: skip
    arrays = {"prediction": [[NAN, 0.5], [0.25, NAN]], "target": [1, 1]}
    yield case(name, "nan", arrays, "mpmath", elements=[-log(mpf(0.5)), NAN], direct=True)


def linear_cross_entropy() -> Iterator[Case]:
    name = "linear-cross-entropy"
    for rows, classes, components in [(5, 3, 4), (1, 2, 6), (4, 5, 1)]:
        label = f"{rows}x{classes}x{components}"
        x, table, bias = scores(rows, components), scores(classes, components), scores(classes)
        weight = np.round(rng.uniform(0.2, 2, classes), 3).tolist()
        y = rng.integers(0, classes, rows)
        settings: dict[str, tuple[Any, Params]] = {
            "plain": (y, {}),
            "weight": (y, {"weight": weight}),
            "smooth": (y, {"weight": weight, "label_smoothing": 0.3}),
            "ignore": (np.where(np.arange(rows) == 0, -1, y), {"ignore_index": -1}),
            "soft": (chances(rows, classes), {"weight": weight}),
        }
        for kind, (target, params) in settings.items():
            arrays = {"input": x, "linear_weight": table, "target": target}
            if kind != "plain":
                arrays["linear_bias"] = bias
            given = {k: tensor(v) if k == "weight" else v for k, v in params.items()}
            found = {
                reduction: functional.linear_cross_entropy(
                    tensor(x), tensor(table), tensor(target) if kind == "soft" else index(target),
                    linear_bias=None if kind == "plain" else tensor(bias), reduction=reduction,
                    **given,
                ).numpy()
                for reduction in ("none", "mean", "sum")
            }  # fmt: skip
            yield case(name, f"{kind}-{label}", arrays, "torch", elements=found.pop("none"),
                       reductions=found, atol=1e-14, why="products are summed in another order",
                       **params)  # fmt: skip
    edges = {"input": [[INF, 0.0], [NAN, 1.0], [1e200, 1e200], [0.0, 0.0]],
             "linear_weight": [[1.0, 1.0], [1.0, -1.0]], "target": [0, 0, 0, 0]}  # fmt: skip
    found = functional.linear_cross_entropy(
        tensor(edges["input"]), tensor(edges["linear_weight"]), index(edges["target"]),
        reduction="none",
    )  # fmt: skip
    yield case(name, "edges", edges, "torch", elements=found.numpy())


def multi_margin() -> Iterator[Case]:
    name = "multi-margin"

    def found(arrays: Arrays, **params: Any) -> Params:
        if "weight" in params:
            params["weight"] = tensor(params["weight"])
        values = {
            reduction: functional.multi_margin_loss(
                tensor(arrays["logits"]), index(arrays["target"]), reduction=reduction, **params
            ).numpy()
            for reduction in ("none", "mean", "sum")
        }
        return {"elements": values.pop("none"), "reductions": values}

    example = {"logits": [[0.1, 0.2, 0.4, 0.8]], "target": [3]}
    yield case(name, "pytorch-example", example, "torch", **found(example))
    for shape in [(6, 3), (1, 4), (4, 2), (2, 1)]:
        weight = np.round(rng.uniform(0.2, 2, shape[1]), 3).tolist()
        settings: list[Params] = [{}, {"p": 2}, {"margin": 0.25}, {"margin": -0.5, "p": 2},
                                  {"weight": weight}, {"p": 2, "weight": weight}]  # fmt: skip
        for number, params in enumerate(settings):
            arrays = {"logits": scores(*shape), "target": labels(shape)}
            yield case(name, f"{number}-{label_of(shape)}", arrays, "torch",
                       **found(arrays, **params), atol=ROUNDING,
                       why="the margin is added to a score first", **params)  # fmt: skip
    edges = {"logits": [[INF, 0, INF], [-INF, 0, 1], [NAN, 0, 1], [0, NAN, 1], [MAX, -MAX, 0],
                        [0, 0, 0], [TINY, 0, 0], [INF, 0, 1]], "target": [0] * 8}  # fmt: skip
    for p in (1, 2):
        yield case(name, f"edges-{p}", edges, "torch", **found(edges, p=p), p=p)
    far = [[1e4, 1e4 - 0.7], [3e15, 3e15 - 1], [1e8 + 0.125, 1e8]]

    def value(row: list[Any], y: int) -> Any:
        short = (mpf(0.1) - row[y] + x for c, x in enumerate(row) if c != y)
        return mpmath.fsum(max(mpf(0), s) for s in short) / len(row)

    yield case(name, "far", {"logits": far, "target": [1, 1, 1]}, "mpmath",
               **with_reductions(exact(value, far, [1, 1, 1])), margin=0.1)  # fmt: skip


def margins() -> Iterator[Case]:
    for shape in [(6, 3), (4, 5)]:
        x = scores(*shape, scale=1.0)
        y = np.concatenate([np.arange(shape[1])[: shape[0]], labels(shape)])[: shape[0]]
        arrays, label = {"logits": x, "target": y}, label_of(shape)
        near = {"atol": ROUNDING, "why": "1 is added to a score first"}
        elements = [
            metrics.hinge_loss([t], [row], labels=range(shape[1]))
            for row, t in zip(x, y, strict=True)
        ]
        yield case("multiclass-hinge", f"sklearn-{label}", arrays, "scikit-learn",
                   **with_reductions(elements), **near)  # fmt: skip
        elements = optax.losses.multiclass_hinge_loss(x, y)
        yield case("multiclass-hinge", f"optax-{label}", arrays, "optax",
                   **with_reductions(elements), **near)  # fmt: skip
        p = chances(*shape)
        for squared in (False, True):
            mean = torchmetrics.hinge_loss(
                tensor(p), index(y), task="multiclass", num_classes=shape[1], squared=squared
            )
            yield case("multiclass-hinge", f"torchmetrics-{squared}-{label}",
                       {"logits": p, "target": y}, "torchmetrics",
                       reductions={"mean": mean}, squared=squared)  # fmt: skip
        target = np.where(y == 0, -1, y)
        mean = torchmetrics.hinge_loss(
            tensor(p), index(target), task="multiclass", num_classes=shape[1], ignore_index=-1
        )
        yield case("multiclass-hinge", f"torchmetrics-ignore-{label}",
                   {"logits": p, "target": target}, "torchmetrics", reductions={"mean": mean},
                   ignore_index=-1)  # fmt: skip
        elements = keras.losses.categorical_hinge(one_hot(y, shape[1]), x)
        yield case("categorical-hinge", f"keras-{label}", arrays, "keras",
                   **with_reductions(elements), **near)  # fmt: skip
        soft = chances(*shape)
        elements = keras.losses.categorical_hinge(soft, x)
        yield case("categorical-hinge", f"keras-soft-{label}", arrays | {"target": soft}, "keras",
                   **with_reductions(elements), **near)  # fmt: skip
        elements = optax.losses.multiclass_perceptron_loss(x, y)
        yield case("multiclass-perceptron", f"optax-{label}", arrays, "optax",
                   **with_reductions(elements))  # fmt: skip
        elements = optax.losses.multiclass_sparsemax_loss(x, y)
        yield case("multiclass-sparsemax", f"optax-{label}", arrays, "optax",
                   **with_reductions(elements), atol=ROUNDING, why=CANCELS)  # fmt: skip
    cube, y = scores(2, 3, 4), labels((2, 3, 4))
    edges = [[5, 5, 5], [MAX, -MAX, 0], [1e4, 1e4 - 0.25, -1e4], [TINY, 0, 0],
             [-1, -2, -4], [3e15, 3e15 - 2, 3e15 - 1], [0.3, 0, -0.5]]  # fmt: skip
    values: dict[str, Callable[..., Any]] = {
        "multiclass-hinge": lambda row, y: max(
            mpf(0), 1 - row[y] + max(x for c, x in enumerate(row) if c != y)
        ),
        "categorical-hinge": lambda row, y: max(
            mpf(0), 1 - row[y] + max([mpf(0)] + [x for c, x in enumerate(row) if c != y])
        ),
        "multiclass-perceptron": lambda row, y: max(row) - row[y],
        "multiclass-sparsemax": sparsemax_loss,
    }
    for name, value in values.items():
        yield case(name, "cube", {"logits": cube, "target": y}, "mpmath",
                   **with_reductions(exact(value, cube, y)), atol=ROUNDING,
                   why="scores are subtracted after rounding")  # fmt: skip
        for target in (0, 1, 2):
            arrays = {"logits": edges, "target": [target] * len(edges)}
            yield case(name, f"edges-{target}", arrays, "mpmath",
                       **with_reductions(exact(value, edges, arrays["target"])))  # fmt: skip
        arrays = {"logits": [[-INF, 0.5, 0.25], [NAN, 1.0, 1.0]], "target": [0, 0]}
        yield case(name, "infinite", arrays, "mpmath", elements=[INF, NAN])
    squared = {"logits": [[1e200, 0], [0, 3]], "target": [1, 0]}
    yield case("multiclass-hinge", "squared-edges", squared, "mpmath", elements=[INF, 16],
               squared=True)  # fmt: skip
    bare = [[-1 + 2.0**-k, 0] for k in (10, 20, 30, 40)]
    yield case("multiclass-sparsemax", "bare", {"logits": bare, "target": [1] * 4}, "mpmath",
               **with_reductions(exact(sparsemax_loss, bare, [1] * 4)))  # fmt: skip


# Rows that are surely right, surely wrong, far out, and tied.
SURE = [[40, 0, 0], [0, 40, -3], [800, 0, 0], [-800, 0, 0], [1e15, 1e15 + 1, 1e15], [5, 5, 5],
        [1e307, -1e307, 0], [20, -20, 19]]  # fmt: skip


def shaped_costs() -> Iterator[Case]:
    """Losses that are a function of the softmax's cost, and their edges."""
    weight = [0.5, 2.0, 1.25]
    counts = [900.0, 100.0, 4.0]

    def balance(beta: float) -> list[Any]:
        raw = [(1 - mpf(beta)) / (1 - mpf(beta) ** mpf(n)) for n in counts]
        return [3 * w / mpmath.fsum(raw) for w in raw]

    def adjusted(row: list[Any], tau: float) -> list[Any]:
        return [x + mpf(tau) * log(mpf(n)) for x, n in zip(row, counts, strict=True)]

    def taylor(order: int) -> Callable[[Any], Any]:
        return lambda cost: mpmath.fsum((-expm1(-cost)) ** i / i for i in range(1, order + 1))

    def symmetric(alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0) -> Any:
        return lambda cost: mpf(alpha) * cost + mpf(beta) * mpf(log_zero) * expm1(-cost)

    def poly(epsilon: float) -> Callable[[Any], Any]:
        return lambda cost: cost - mpf(epsilon) * expm1(-cost)

    settings: list[tuple[str, Params, Callable[..., Any], list[Any] | None]] = []
    for params in ({}, {"gamma": 0.0}, {"gamma": 0.5}, {"weight": weight, "gamma": 3.0}):
        w = params.get("weight")
        settings.append(("softmax-focal", params, lambda row, y, p=params, w=w: expected(
            softmax_costs(row), y, focused(p.get("gamma", 2.0)), w), w))  # fmt: skip
    for epsilon in (2.0, -0.5, 0.0, 1e4):
        settings.append(("poly-cross-entropy", {"epsilon": epsilon}, lambda row, y, e=epsilon:
                         expected(softmax_costs(row), y, poly(e)), None))  # fmt: skip
    for order in (1, 2, 5):
        settings.append(("taylor-cross-entropy", {"order": order}, lambda row, y, o=order:
                         expected(softmax_costs(row), y, taylor(o)), None))  # fmt: skip
    for params in ({}, {"alpha": 6.0, "beta": 0.1}, {"log_zero": float(np.log(1e-4))}):
        settings.append(("symmetric-cross-entropy", params, lambda row, y, p=params:
                         expected(softmax_costs(row), y, symmetric(**p)), None))  # fmt: skip
    for tau in (1.0, 0.5, -1.0):
        params = {"prior": counts, "tau": tau}
        settings.append(("logit-adjusted-cross-entropy", params, lambda row, y, t=tau:
                         expected(softmax_costs(adjusted(row, t)), y), None))  # fmt: skip
    for beta in (0.999, 0.0, 0.5, 1 - 1e-9):
        params = {"counts": counts, "beta": beta}
        w = [float(v) for v in balance(beta)]
        settings.append(("class-balanced-cross-entropy", params, lambda row, y, b=beta:
                         expected(softmax_costs(row), y, weight=balance(b)), w))  # fmt: skip

    only_index = {"taylor-cross-entropy", "symmetric-cross-entropy"}
    for number, (name, params, value, w) in enumerate(settings):
        first = name not in (earlier for earlier, *_ in settings[:number])
        x, y, cube = scores(5, 3), np.array([0, 1, 2, 0, -100]), scores(2, 3, 2)
        per_class = np.ones(3) if w is None else np.array(w)
        counted = np.where(y == -100, 0, per_class[np.maximum(y, 0)])
        elements = exact(value, x, y, ignore_index=-100)
        yield case(name, f"{number}-5x3", {"logits": x, "target": y}, "mpmath",
                   **with_reductions(elements, counted), **params)  # fmt: skip
        if first:
            y = labels(cube.shape)
            elements = exact(value, cube, y)
            yield case(name, f"{number}-2x3x2", {"logits": cube, "target": y}, "mpmath",
                       **with_reductions(elements, per_class[y]), **params)  # fmt: skip
        if first and name not in only_index:
            soft = chances(5, 3)
            yield case(name, f"{number}-soft", {"logits": x, "target": soft}, "mpmath",
                       **with_reductions(exact(value, x, soft)), **params)  # fmt: skip
        for target in (0, 1) if first else (0,):
            y = [target] * len(SURE)
            yield case(name, f"{number}-sure-{target}", {"logits": SURE, "target": y}, "mpmath",
                       elements=exact(value, SURE, y), **params)  # fmt: skip
    for name in dict.fromkeys(name for name, *_ in settings):
        arrays = {"logits": [[1.0, 2.0], [3.0, 4.0]], "target": [-100, -100]}
        yield case(name, "all-ignored", arrays, "mpmath", elements=[0, 0],
                   reductions={"mean": NAN, "sum": 0})  # fmt: skip
        arrays = {"logits": [[INF, 0.0], [NAN, 1.0], [-INF, -INF]], "target": [0, 0, 0]}
        yield case(name, "not-finite", arrays, "mpmath", elements=[NAN] * 3)
    flat = [[20, 0, 0], [40, 1, 2], [3, 2, 1], [0, 0, 0]]
    elements = exact(lambda row, y: expected(softmax_costs(row), y, poly(-1.0)), flat, [0] * 4)
    yield case("poly-cross-entropy", "first-term-gone", {"logits": flat, "target": [0] * 4},
               "mpmath", elements=elements, epsilon=-1.0, atol=1e-17,
               why="-log p and 1 - p all but cancel")  # fmt: skip


def shaped_cost_libraries() -> Iterator[Case]:
    for shape in SHAPES:
        x, y, label = scores(*shape), labels(shape), label_of(shape)
        arrays = {"logits": x, "target": y}
        for epsilon in (2.0, -0.5)[: 2 if len(x) > 4 else 1]:
            elements = optax.losses.poly_loss_cross_entropy(
                class_last(x), one_hot(y, shape[1]), epsilon=epsilon
            )
            yield case("poly-cross-entropy", f"optax-{epsilon:g}-{label}", arrays, "optax",
                       **with_reductions(elements), epsilon=epsilon, atol=ROUNDING,
                       why=CANCELS)  # fmt: skip
        for gamma, alpha in [(2.0, None), (0.5, 0.75), (0.0, 0.25)][: 3 if len(x) > 4 else 1]:
            weight = None if alpha is None else [1 - alpha] + [alpha] * (shape[1] - 1)
            elements = kornia.losses.focal_loss(tensor(x), index(y), alpha, gamma).sum(1).numpy()
            divisor = None if weight is None else np.array(weight)[y]
            yield case("softmax-focal", f"kornia-{gamma:g}-{label}", arrays, "kornia",
                       **with_reductions(elements, divisor), gamma=gamma, weight=weight,
                       atol=ROUNDING, why=CANCELS)  # fmt: skip
            if shape == (6, 3):
                monai = FocalLoss(
                    use_softmax=True, to_onehot_y=True, gamma=gamma, alpha=alpha, reduction="none"
                )
                elements = monai(tensor(x), tensor(y[:, np.newaxis])).double().sum(1).numpy()
                yield case("softmax-focal", f"monai-{gamma:g}-{label}", arrays, "monai",
                           elements=elements, gamma=gamma, weight=weight, rtol=1e-6, atol=1e-7,
                           why="computed in float32")  # fmt: skip
        elements = functional.binary_cross_entropy_with_logits(
            tensor(class_last(x)), tensor(one_hot(y, shape[1])), reduction="none"
        ).mean(-1)
        yield case("one-vs-rest-bce", f"torch-{label}", arrays, "torch",
                   **with_reductions(elements), atol=ROUNDING, why=CANCELS)  # fmt: skip
        if len(shape) == 2 and shape[1] > 2:
            (mean,) = eval_metric(y, x, "MultiClassOneVsAll")
            yield case("one-vs-rest-bce", f"catboost-{label}", arrays, "catboost",
                       reductions={"mean": mean})  # fmt: skip
    for target in (0, 1):
        y = [target] * len(SURE)
        elements = exact(
            lambda row, y: mpmath.fsum(
                softplus(-x if c == y else x) for c, x in enumerate(row)
            ) / len(row),
            SURE, y,
        )  # fmt: skip
        yield case("one-vs-rest-bce", f"sure-{target}", {"logits": SURE, "target": y}, "mpmath",
                   **with_reductions(elements))  # fmt: skip
    edges = {"logits": [[INF, -INF], [-INF, 0.0], [NAN, 0.0]], "target": [0, 0, 0]}
    yield case("one-vs-rest-bce", "edges", edges, "mpmath", elements=[0, INF, NAN])


def on_probabilities() -> Iterator[Case]:
    """Focal, generalised cross-entropy, Brier and earth mover's distance."""
    for shape in SHAPES:
        p, y, label = chances(*shape), labels(shape), label_of(shape)
        arrays, soft = {"prediction": p, "target": y}, chances(*shape)
        weight = np.round(rng.uniform(0.2, 2, shape[1]), 3).tolist()
        hot = one_hot(y, shape[1])
        settings: dict[str, tuple[Any, Params, Params]] = {
            "plain": (hot, {}, {}),
            "gamma": (hot, {"alpha": 0.5, "gamma": 0.5}, {"alpha": 0.5, "gamma": 0.5}),
            "smooth": (hot, {"label_smoothing": 0.2}, {"label_smoothing": 0.2}),
            "list": (hot, {"alpha": weight}, {"alpha": 1.0, "weight": weight}),
            "soft": (class_last(soft), {}, {}),
        }
        if shape != (6, 3):
            settings = {"plain": settings["plain"]}
        for kind, (target, theirs, ours) in settings.items():
            elements = keras.losses.categorical_focal_crossentropy(target, class_last(p), **theirs)
            given = arrays | {"target": soft} if kind == "soft" else arrays
            yield case("categorical-focal", f"keras-{kind}-{label}", given, "keras",
                       **with_reductions(elements), **ours, atol=ROUNDING,
                       why=CANCELS)  # fmt: skip
        if len(shape) == 2:
            for q in (0.5, 0.7, 0.01)[: 3 if len(p) > 4 else 1]:
                elements = keras.losses.CategoricalGeneralizedCrossEntropy(q=q, reduction=None)(
                    y, p
                )
                yield case("generalized-cross-entropy", f"keras-{q:g}-{label}", arrays, "keras",
                           **with_reductions(elements), q=q, atol=1e-13, why=CANCELS)  # fmt: skip
            for half in (False, True):
                mean = metrics.brier_score_loss(
                    y, p / p.sum(1, keepdims=True), labels=range(shape[1]), scale_by_half=half
                )
                given = arrays | {"prediction": p / p.sum(1, keepdims=True)}
                yield case("multiclass-brier", f"sklearn-{half}-{label}", given, "scikit-learn",
                           reductions={"mean": mean}, scale_by_half=half)  # fmt: skip
            share = p / p.sum(1, keepdims=True)
            elements = scoringrules.rps_score(y + 1, share)
            yield case("squared-emd", f"scoringrules-{label}", arrays | {"prediction": share},
                       "scoringrules", **with_reductions(elements), atol=ROUNDING,
                       why=CANCELS)  # fmt: skip

        for kind, target in {"index": y, "soft": soft}.items():
            given = arrays | {"target": target}
            yield case("multiclass-brier", f"{kind}-{label}", given, "mpmath",
                       **with_reductions(exact(brier, p, target)))  # fmt: skip
            yield case("squared-emd", f"{kind}-{label}", given, "mpmath",
                       **with_reductions(exact(squared_emd, p, target)), atol=1e-16,
                       why="cumulative sums end near 0")  # fmt: skip

    edges = [[0, 1, 0], [1, 0, 0], [TINY, 1 - 2**-53, 0], [1e-8, 1 - 1e-8, 0], [1e-20, 1, 1e-300],
             [0, 0, 0], [1, 1, 1], [0.5, 0.25, 1e-9]]  # fmt: skip
    for y in (0, 1):
        arrays = {"prediction": edges, "target": [y] * len(edges)}
        for params in ({}, {"eps": TINY, "gamma": 1.0}, {"gamma": 0.0, "alpha": 1.0}):
            elements = exact(lambda row, y, p=params: mpf(p.get("alpha", 0.25)) * expected(
                clipped_costs(row, p.get("eps", 1e-7), renormalize=True), y,
                focused(p.get("gamma", 2.0))), edges, arrays["target"])  # fmt: skip
            label = "".join(f"{k}{v:g}" for k, v in params.items())
            yield case("categorical-focal", f"edges-{y}{label}", arrays, "mpmath",
                       **with_reductions(elements), **params)  # fmt: skip
        for q in (0.5, 1.0, 1e-9):
            elements = exact(
                lambda row, y, q=q: (1 - row[y] ** mpf(q)) / mpf(q), edges, arrays["target"]
            )
            yield case("generalized-cross-entropy", f"edges-{y}-{q:g}", arrays, "mpmath",
                       **with_reductions(elements), q=q)  # fmt: skip
        for name, value in {"multiclass-brier": brier, "squared-emd": squared_emd}.items():
            yield case(name, f"edges-{y}", arrays, "mpmath",
                       **with_reductions(exact(value, edges, arrays["target"])))  # fmt: skip


def shares(y: Any, classes: int) -> list[Any]:
    return y if isinstance(y, list) else [mpf(c == y) for c in range(classes)]


def brier(row: list[Any], y: Any) -> Any:
    return mpmath.fsum((p - q) ** 2 for p, q in zip(row, shares(y, len(row)), strict=True))


def squared_emd(row: list[Any], y: Any) -> Any:
    q = shares(y, len(row))
    sums = [mpmath.fsum(row[:k]) - mpmath.fsum(q[:k]) for k in range(1, len(row) + 1)]
    return mpmath.fsum(s * s for s in sums)


def perplexity() -> Iterator[Case]:
    name = "perplexity"
    for shape in [(2, 5, 3), (1, 3, 4), (3, 2, 1)]:
        x, y = scores(*shape), labels(shape)
        arrays = {"logits": x, "target": y}
        overall = torchmetrics.text.perplexity(tensor(class_last(x)), index(y))
        yield case(name, f"torchmetrics-{label_of(shape)}", arrays, "torchmetrics",
                   reductions={"overall": overall})  # fmt: skip
        y = np.where(rng.random(y.shape) < 0.4, -1, y)
        y.flat[0] = 0
        overall = torchmetrics.text.perplexity(tensor(class_last(x)), index(y), ignore_index=-1)
        yield case(name, f"ignore-{label_of(shape)}", arrays | {"target": y}, "torchmetrics",
                   reductions={"overall": overall}, ignore_index=-1)  # fmt: skip
    for label, x in {"sure": [[40, 0], [0, 45]], "wrong": [[0, 900], [300, 0]],
                     "even": [[1e15, 1e15], [0, 0]], "one": [[1.5, -0.5]]}.items():  # fmt: skip
        y = list(range(len(x)))
        mean = mpmath.fsum(
            softmax_costs([mpf(v) for v in row])[t] for row, t in zip(x, y, strict=True)
        ) / len(x)
        yield case(name, label, {"logits": x, "target": y}, "mpmath",
                   reductions={"overall": exp(mean)})  # fmt: skip
    for label, x, y, overall in [
        ("overflow", [[0, 900], [0, 900]], [0, 0], INF),
        ("all-ignored", [[0, 1]], [-100], NAN),
        ("impossible", [[-INF, 1], [0, 1]], [0, 0], INF),
        ("nan", [[NAN, 1], [0, 1]], [0, 0], NAN),
    ]:
        yield case(name, label, {"logits": x, "target": y}, "mpmath",
                   reductions={"overall": overall})  # fmt: skip


def errors() -> Iterator[Case]:
    name = "multiclass-error"
    for shape in [(8, 4), (1, 3), (5, 3)]:
        x, y = scores(*shape), labels(shape)
        arrays, label = {"logits": x, "target": y}, label_of(shape)
        elements = np.not_equal(x.argmax(axis=1), y)
        yield case(name, f"sklearn-{label}", arrays, "scikit-learn", elements=elements,
                   reductions={"mean": metrics.zero_one_loss(y, x.argmax(axis=1)),
                               "sum": metrics.zero_one_loss(y, x.argmax(axis=1),
                                                            normalize=False)})  # fmt: skip
        for top_k in (1, 2, 3):
            right = metrics.top_k_accuracy_score(y, x, k=top_k, labels=range(shape[1]))
            yield case(name, f"top-{top_k}-{label}", arrays, "scikit-learn",
                       reductions={"mean": 1 - right}, atol=1e-15, why=CANCELS,
                       top_k=top_k)  # fmt: skip
    tied = {"logits": [[1, 1, 0], [1, 1, 0], [0, 0, 0], [INF, INF, 1], [2, 2, 2], [1, 3, 3]],
            "target": [0, 1, 2, 1, 1, 0]}  # fmt: skip
    for ties, top_k, elements in [
        ("first", 1, [0, 1, 1, 1, 1, 1]), ("wrong", 1, [1, 1, 1, 1, 1, 1]),
        ("right", 1, [0, 0, 0, 0, 0, 1]), ("first", 2, [0, 0, 1, 0, 0, 1]),
        ("wrong", 2, [0, 0, 1, 0, 1, 1]), ("right", 2, [0, 0, 0, 0, 0, 1]),
        ("wrong", 3, [0, 0, 0, 0, 0, 0]),
    ]:  # fmt: skip
        yield case(name, f"ties-{ties}-{top_k}", tied, "mpmath", **with_reductions(elements),
                   ties=ties, top_k=top_k)  # fmt: skip
    edges = {"logits": [[-INF, 0], [INF, 0], [NAN, 0], [0, NAN], [0, TINY], [0, 9]],
             "target": [0, 0, 0, 0, 0, -100]}  # fmt: skip
    yield case(name, "edges", edges, "mpmath", elements=[1, 0, NAN, NAN, 1, 0])
    cube = {"logits": [[[1, 0], [0, 1]]], "target": [[0, -1]]}
    yield case(name, "cube", cube, "mpmath", elements=[[0, 0]], ignore_index=-1,
               reductions={"mean": 0, "sum": 0})  # fmt: skip


def distillation() -> Iterator[Case]:
    name = "knowledge-distillation"
    for shape in SHAPES:
        x, t = scores(*shape), scores(*shape)
        arrays = {"logits": x, "target": t}
        for temperature in (2.0, 1.0, 0.5, 7.5)[: 4 if len(x) > 4 else 1]:
            log_p = functional.log_softmax(tensor(x) / temperature, dim=1)
            q = functional.softmax(tensor(t) / temperature, dim=1)
            elements = temperature**2 * functional.kl_div(log_p, q, reduction="none").sum(1)
            yield case(name, f"torch-{temperature:g}-{label_of(shape)}", arrays, "torch",
                       **with_reductions(elements), temperature=temperature, atol=1e-14,
                       why=CANCELS)  # fmt: skip
    student = [[1, 2, 3], [1, 2, 3 + 1e-6], [800, 0, 0], [-800, 0, 0], [0, 0, 0], [1e15, 1e15, 0],
               [40, 0, -40]]  # fmt: skip
    teacher = [[1, 2, 3], [1, 2, 3], [0, 0, 0], [0, 0, 0], [900, 0, -900], [0, 0.5, -30],
               [40.5, 0, -39]]  # fmt: skip
    for temperature in (1.0, 2.0, 20.0):
        elements = [
            divergence([mpf(v) for v in x], [mpf(v) for v in t], temperature)
            for x, t in zip(student, teacher, strict=True)
        ]
        arrays = {"logits": student, "target": teacher}
        yield case(name, f"exact-{temperature:g}", arrays, "mpmath",
                   **with_reductions([float(e) for e in elements]),
                   temperature=temperature)  # fmt: skip
    edges = {"logits": [[-INF, 0], [0, 0], [-INF, 0], [NAN, 0], [0, 0]],
             "target": [[0, 0], [-INF, 0], [-INF, 0], [0, 0], [NAN, 0]]}  # fmt: skip
    yield case(name, "edges", edges, "mpmath", elements=[INF, 4 * log(mpf(2)), 0, NAN, NAN])


def ordinal() -> Iterator[Case]:
    for shape in [(6, 3), (1, 4), (4, 1), (5, 2)]:
        x, label = scores(*shape), label_of(shape)
        y = rng.integers(0, shape[1] + 1, shape[0])
        arrays = {"logits": x, "target": y}
        levels = np.arange(shape[1]) < y[:, np.newaxis]
        weight = np.round(rng.uniform(0.2, 2, shape[1]), 3).tolist()
        for given in (None, weight):
            importance = None if given is None else tensor(given)
            found = {
                reduction: coral_loss(tensor(x), tensor(levels), importance, reduction).numpy()
                for reduction in (None, "mean", "sum")
            }
            yield case("coral", f"coral-pytorch-{'weight-' * bool(given)}{label}", arrays,
                       "coral-pytorch", elements=found.pop(None), reductions=found,
                       weight=given, atol=ROUNDING, why=CANCELS)  # fmt: skip
        mean = corn_loss(tensor(x), index(y), shape[1] + 1).item()
        asked = np.minimum(y + 1, shape[1])
        elements = [
            corn_loss(tensor(x[i : i + 1]), index(y[i : i + 1]), shape[1] + 1).item() * asked[i]
            for i in range(shape[0])
        ]
        yield case("corn", f"coral-pytorch-{label}", arrays, "coral-pytorch", elements=elements,
                   reductions={"mean": mean}, atol=1e-14, why=CANCELS)  # fmt: skip

    def value(row: list[Any], y: int, last: int) -> Any:
        return mpmath.fsum(softplus(-x if y > k else x) for k, x in enumerate(row[:last]))

    cube = scores(2, 3, 2)
    for x in (cube, np.array([[800, 40, -40], [-800, -40, 40], [TINY, 1e4, -1e4], [0, 0, 0]])):
        for level in range(4):
            y = np.full((len(x), *x.shape[2:]), level)
            arrays, label = {"logits": x, "target": y}, f"exact-{level}-{x.ndim}"
            elements = exact(lambda row, y: value(row, y, 3), x, y)
            yield case("coral", label, arrays, "mpmath", **with_reductions(elements))
            elements = exact(lambda row, y: value(row, y, y + 1), x, y)
            divisor = np.minimum(y + 1, 3)
            yield case("corn", label, arrays, "mpmath", **with_reductions(elements, divisor))
    edges = {"logits": [[INF, -INF], [-INF, INF], [NAN, 0.0]], "target": [1, 1, 1]}
    for name in ("coral", "corn"):
        yield case(name, "edges", edges, "mpmath", elements=[0, INF, NAN])


def main() -> None:
    families = (log_loss, linear_cross_entropy, multi_margin, margins, shaped_costs,
                shaped_cost_libraries, on_probabilities, perplexity, errors, distillation,
                ordinal)  # fmt: skip
    write("multiclass", (found for family in families for found in family()))


if __name__ == "__main__":
    main()
