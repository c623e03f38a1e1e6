"""Compute the oracle cases with PyTorch in float64, and with mpmath where PyTorch loses digits.

Run in an environment with torch 2.13.0, numpy and mpmath:

    python tests/oracles/make_torch.py

It writes one JSON file a family next to itself. losscli is not imported. A case holds the spec
string, the arrays, the loss of each element and the reduced losses; numbers that JSON does not know
are the strings "nan", "inf" and "-inf". ``exact`` says why the values are mpmath's rather than
PyTorch's (kept under ``torch``), ``direct`` that only the Python call of the loss itself takes such
data, and ``atol`` how far rounding puts the oracle off.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import torch
from torch.nn import functional

HERE = Path(__file__).parent
INF, NAN = math.inf, math.nan
MAX, TINY = 1.7976931348623157e308, 5e-324

Arrays = dict[str, Any]
Case = dict[str, Any]
mpmath.mp.dps = 50


def sigmoid_focal(a: Arrays, alpha: float | None = 0.25, gamma: float = 2.0) -> torch.Tensor:
    """torchvision.ops.sigmoid_focal_loss without its reduction, which writes -1 for no alpha."""
    x, y = a["logits"], a["target"]
    p = torch.sigmoid(x)
    bce = functional.binary_cross_entropy_with_logits(x, y, reduction="none")
    elements = bce * (1 - (p * y + (1 - p) * (1 - y))) ** gamma
    return elements if alpha is None else (alpha * y + (1 - alpha) * (1 - y)) * elements


def focal(a: Arrays, reduction: str, normalized: bool = False, **params: Any) -> torch.Tensor:
    """The focal loss; its normalized mean divides by the sum of (1 - p_t)^gamma."""
    elements = sigmoid_focal(a, **params)
    if normalized and reduction == "mean":
        x, y = a["logits"], a["target"]
        # torchvision's 1 - p_t is 1e-16 off, a large part of a small one.
        missing = torch.sigmoid(-x) * y + torch.sigmoid(x) * (1 - y)
        return elements.sum() / (missing ** params.get("gamma", 2.0)).sum()
    return reduced(elements, reduction)


def reduced(elements: torch.Tensor, reduction: str) -> torch.Tensor:
    """What PyTorch's reductions make of these, for functions that have none."""
    return {"none": elements, "mean": elements.mean(), "sum": elements.sum()}[reduction]


def by_element(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """A function without reductions, as a loss."""

    def call(a: Arrays, reduction: str, **params: Any) -> torch.Tensor:
        return reduced(function(*a.values(), **params), reduction)

    return call


def vectors(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as PyTorch takes them: a tensor for one value a class or column."""
    return {
        name: torch.tensor(value, dtype=torch.float64) if isinstance(value, list | tuple) else value
        for name, value in params.items()
    }


def elementwise(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def call(a: Arrays, reduction: str, **params: Any) -> torch.Tensor:
        roles = dict(a)
        if "weight" in roles:
            params["weight"] = roles.pop("weight")
        return function(*roles.values(), reduction=reduction, **vectors(params))

    return call


def class_target(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Class indices as integers; class probabilities, of the shape of the scores, as they are."""
    return target.long() if target.ndim < scores.ndim else target


def class_loss(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def call(a: Arrays, reduction: str, **params: Any) -> torch.Tensor:
        scores, target = a.values()
        return function(
            scores, class_target(scores, target), reduction=reduction, **vectors(params)
        )

    return call


def linear_cross_entropy(
    a: Arrays, reduction: str, ignore_index: int = -100, **params: Any
) -> torch.Tensor:
    x, target = a["input"], a["target"]
    return functional.linear_cross_entropy(
        x, a["linear_weight"], class_target(x, target), linear_bias=a.get("linear_bias"),
        ignore_index=None if ignore_index == -100 else ignore_index,
        reduction=reduction, **vectors(params),
    )  # fmt: skip


def multi_margin(a: Arrays, reduction: str, **params: Any) -> torch.Tensor:
    """PyTorch takes one target a row: here the further axes are rows too."""
    logits, target = a.values()
    loss = functional.multi_margin_loss(
        logits.movedim(1, -1).flatten(0, -2), target.long().flatten(),
        reduction=reduction, **vectors(params),
    )  # fmt: skip
    return loss.reshape(target.shape) if reduction == "none" else loss


def multilabel_margin(a: Arrays, reduction: str) -> torch.Tensor:
    """PyTorch takes a target as long as there are classes, padded with -1."""
    logits, target = a.values()
    missing = logits.shape[1] - target.shape[1]
    padded = functional.pad(target.long(), (0, missing), value=-1)
    return functional.multilabel_margin_loss(logits, padded, reduction=reduction)


def poisson_nll(
    a: Arrays, reduction: str, constant: str = "stirling", full: bool = False, **params: Any
) -> torch.Tensor:
    """PyTorch's constant is Stirling's; the exact one is the log-gamma function."""
    exact = full and constant == "exact"
    call = elementwise(functional.poisson_nll_loss)
    if not exact:
        return call(a, reduction, full=full, **params)
    return reduced(call(a, "none", **params) + torch.lgamma(a["target"] + 1), reduction)


def ctc(a: Arrays, reduction: str, from_logits: bool = False, **params: Any) -> torch.Tensor:
    """PyTorch wants frames first, log-probabilities and all lengths, and has no batchmean."""
    if reduction == "batchmean":
        return ctc(a, "none", from_logits, **params).mean()
    scores, targets = a["log_probs"].transpose(0, 1), a["targets"].long()
    whole = {"input_lengths": len(scores), "target_lengths": targets.shape[1]}
    lengths = [
        a[name].long() if name in a else torch.full(targets.shape[:1], length)
        for name, length in whole.items()
    ]
    log_probs = scores.log_softmax(dim=-1) if from_logits else scores
    return functional.ctc_loss(log_probs, targets, *lengths, reduction=reduction, **params)


def cosine_distance(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """One minus the cosine, 1 for a vector of zeros, whatever the scale of the others."""
    largest = [v.abs().amax(dim=-1, keepdim=True).clamp_min(TINY) for v in (x, y)]
    units = [functional.normalize(v / m, dim=-1) for v, m in zip((x, y), largest, strict=True)]
    return 1 - (units[0] * units[1]).sum(dim=-1)


DISTANCES: dict[str | None, Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None] = {
    None: None,
    "euclidean": lambda x, y: torch.linalg.vector_norm(x - y, dim=-1),
    "squared_euclidean": lambda x, y: ((x - y) ** 2).sum(dim=-1),
    "manhattan": lambda x, y: (x - y).abs().sum(dim=-1),
    "chebyshev": lambda x, y: (x - y).abs().amax(dim=-1),
    "cosine": cosine_distance,
}


def triplet_with_distance(
    a: Arrays, reduction: str, distance_function: str | None = None, **params: Any
) -> torch.Tensor:
    """PyTorch takes any function for the distance; these are the ones that have names."""
    function = DISTANCES[distance_function]
    return functional.triplet_margin_with_distance_loss(
        *a.values(), distance_function=function, reduction=reduction, **params
    )


FAMILIES: dict[str, dict[str, Callable[..., torch.Tensor]]] = {
    "regression": {
        "mse": elementwise(functional.mse_loss),
        "mae": elementwise(functional.l1_loss),
        "huber": elementwise(functional.huber_loss),
        "smooth-l1": elementwise(functional.smooth_l1_loss),
    },
    "classification": {
        "cross-entropy": class_loss(functional.cross_entropy),
        "nll": class_loss(functional.nll_loss),
        "bce": elementwise(functional.binary_cross_entropy),
        "bce-with-logits": elementwise(functional.binary_cross_entropy_with_logits),
        "soft-margin": elementwise(functional.soft_margin_loss),
        "linear-cross-entropy": linear_cross_entropy,
        "multi-margin": multi_margin,
        "multilabel-soft-margin": elementwise(functional.multilabel_soft_margin_loss),
        "multilabel-margin": multilabel_margin,
        "focal": focal,
    },
    "ranking": {
        "hinge-embedding": elementwise(functional.hinge_embedding_loss),
        "margin-ranking": elementwise(functional.margin_ranking_loss),
    },
    "embedding": {
        "pairwise-distance": by_element(functional.pairwise_distance),
        "cosine-similarity": by_element(functional.cosine_similarity),
        "triplet-margin": elementwise(functional.triplet_margin_loss),
        "triplet-margin-with-distance": triplet_with_distance,
        "cosine-embedding": elementwise(functional.cosine_embedding_loss),
    },
    "distribution": {"kl-div": elementwise(functional.kl_div)},
    "likelihood": {
        "poisson-nll": poisson_nll,
        "gaussian-nll": elementwise(functional.gaussian_nll_loss),
    },
    "sequence": {"ctc": ctc},
}
# Every loss that PyTorch has, for live comparisons too; what has no cases here has them in the
# script of its own family.
FAMILY = {name: family for family, losses in FAMILIES.items() for name in losses}


# --- the 50-digit values -------------------------------------------------------------------------


def softplus(z: Any) -> Any:
    return mpmath.log1p(mpmath.exp(z))


def exact_cross_entropy(logits: Any, target: Any) -> list[Any]:
    elements = []
    for row, y in zip(logits, target, strict=True):
        others = [mpmath.mpf(x) - mpmath.mpf(row[int(y)]) for c, x in enumerate(row) if c != y]
        elements.append(mpmath.log1p(mpmath.fsum(mpmath.exp(x) for x in others)))
    return elements


def exact_bce_with_logits(logits: Any, target: Any, weight: float = 1.0) -> list[Any]:
    pairs = [(mpmath.mpf(x), mpmath.mpf(y)) for x, y in zip(logits, target, strict=True)]
    return [weight * (y * softplus(-x) + (1 - y) * softplus(x)) for x, y in pairs]


def exact_focal(logits: Any, target: Any, alpha: float = 0.25, gamma: float = 2.0) -> list[Any]:
    elements = []
    for x, y, bce in zip(logits, target, exact_bce_with_logits(logits, target), strict=True):
        missing = y / (1 + mpmath.exp(x)) + (1 - y) / (1 + mpmath.exp(-x))
        elements.append((alpha * y + (1 - alpha) * (1 - y)) * missing**gamma * bce)
    return elements


def exact_smooth_l1(prediction: Any, target: Any, beta: float = 1.0) -> list[Any]:
    errors = [abs(mpmath.mpf(x) - mpmath.mpf(y)) for x, y in zip(prediction, target, strict=True)]
    half = mpmath.mpf(beta) / 2
    return [e * e / (2 * mpmath.mpf(beta)) if e < beta else e - half for e in errors]


def exact_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6) -> list[Any]:
    rows = [
        [abs(mpmath.mpf(a) - mpmath.mpf(b) + mpmath.mpf(eps)) for a, b in zip(r, s, strict=True)]
        for r, s in zip(x1, x2, strict=True)
    ]
    return [mpmath.fsum(d**p for d in row) ** (1 / mpmath.mpf(p)) for row in rows]


def exact_triplet(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, **params: Any
) -> list[Any]:
    near = exact_distance(anchor, positive, **params)
    far = exact_distance(anchor, negative, **params)
    pairs = zip(near, far, strict=True)
    return [max(mpmath.mpf(0), a - n + mpmath.mpf(margin)) for a, n in pairs]


def exact_cosine(input1: Any, input2: Any, target: Any, margin: float = 0.0) -> list[Any]:
    eps = mpmath.mpf(float(np.float32(1e-12)))
    elements = []
    for r, s, y in zip(input1, input2, target, strict=True):
        a, b = [mpmath.mpf(v) for v in r], [mpmath.mpf(v) for v in s]
        squares = [mpmath.fsum(v * v for v in row) + eps for row in (a, b)]
        dot = mpmath.fsum(u * v for u, v in zip(a, b, strict=True))
        cosine = dot / mpmath.sqrt(squares[0] * squares[1])
        elements.append(1 - cosine if y == 1 else max(mpmath.mpf(0), cosine - margin))
    return elements


EXACT: dict[str, Callable[..., list[Any]]] = {
    "cross-entropy": exact_cross_entropy,
    "bce-with-logits": exact_bce_with_logits,
    "focal": exact_focal,
    "smooth-l1": exact_smooth_l1,
    "pairwise-distance": exact_distance,
    "triplet-margin": exact_triplet,
    "cosine-embedding": exact_cosine,
}


# --- a case --------------------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """Numbers and nested lists as strict JSON holds them."""
    if isinstance(value, list | tuple):
        return [encode(v) for v in value]
    number = float(value)
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def spec(loss: str, params: dict[str, Any]) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return f"{loss}({given})" if given else loss


def case(
    loss: str,
    label: str,
    arrays: Arrays,
    *,
    exact: str | None = None,
    atol: float = 0.0,
    direct: bool = False,
    **params: Any,
) -> Case:
    tensors = {
        role: torch.tensor(np.asarray(a, dtype=np.float64).tolist(), dtype=torch.float64)
        for role, a in arrays.items()
    }
    reductions = ("mean", "sum", "batchmean") if loss == "kl-div" else ("mean", "sum")
    function = FAMILIES[FAMILY[loss]][loss]
    elements = function(tensors, "none", **params).tolist()
    reduced = {r: function(tensors, r, **params).item() for r in reductions}
    record = {
        "id": f"{loss}-{label}",
        "spec": spec(loss, params),
        "arrays": {role: encode(tensor.tolist()) for role, tensor in tensors.items()},
    }
    if exact is not None:
        torch_elements = elements
        elements = EXACT[loss](**{k: t.tolist() for k, t in tensors.items()}, **params)
        total = mpmath.fsum(elements)
        reduced = {"mean": total / len(elements), "sum": total}
        record |= {"exact": exact, "torch": encode(torch_elements)}
    record["oracle"] = "mpmath" if exact else "torch"
    record["elements"] = encode(elements)
    record["reductions"] = {name: encode(value) for name, value in reduced.items()}
    if atol:
        record["atol"] = atol
    if direct:
        record["direct"] = True
    return record


# --- the cases -----------------------------------------------------------------------------------

rng = np.random.default_rng(20240607)


def real(*shape: int, scale: float = 3.0) -> np.ndarray:
    return np.round(rng.normal(size=shape) * scale, 4)


def unit(*shape: int) -> np.ndarray:
    return np.round(rng.uniform(0.01, 0.99, size=shape), 4)


def signs(*shape: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], size=shape)


def indices(classes: int, *shape: int) -> np.ndarray:
    return rng.integers(0, classes, size=shape)


def distribution(*shape: int) -> np.ndarray:
    return np.round(np.moveaxis(rng.dirichlet(np.ones(shape[1]), (shape[0], *shape[2:])), -1, 1), 6)


SHAPES = [(7,), (5, 3), (3, 2, 2), (1,), (1, 4)]
PYTORCH = {"prediction": [2.5, 0.0, 2.0], "target": [3.0, -0.5, 2.0]}
EDGES = {
    "prediction": [INF, -INF, NAN, 1.0, MAX, MAX, TINY, 0.0, INF, 1e200, -1e-200],
    "target": [0.0, 0.0, 0.0, NAN, 0.0, -MAX, 0.0, -0.0, INF, 0.0, 0.0],
}


def shape_name(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def regression() -> Iterator[Case]:
    settings: dict[str, list[dict[str, float]]] = {
        "mse": [{}],
        "mae": [{}],
        "huber": [{}, {"delta": 0.5}, {"delta": 2.5}, {"delta": 1e3}],
        "smooth-l1": [{}, {"beta": 0.0}, {"beta": 0.5}, {"beta": 4.0}],
    }
    for loss, all_params in settings.items():
        yield case(loss, "pytorch-example", PYTORCH)
        for params in all_params:
            suffix = "".join(f"-{k}{v:g}" for k, v in params.items())
            for shape in SHAPES:
                arrays = {"prediction": real(*shape), "target": real(*shape)}
                yield case(loss, f"{shape_name(shape)}{suffix}", arrays, **params)
            yield case(loss, f"edges{suffix}", EDGES, **params)
        perfect = {"prediction": PYTORCH["target"], "target": PYTORCH["target"]}
        yield case(loss, "perfect", perfect)
        if loss == "smooth-l1":
            continue
        for shape in SHAPES:
            arrays = {"prediction": real(*shape), "target": real(*shape), "weight": unit(*shape)}
            yield case(loss, f"weight-{shape_name(shape)}", arrays)
        weights = {"weight-zero": [0.0, 0.0, 0.0], "weight-some-zero": [0.0, 2.0, 0.5]}
        for label, weight in weights.items():
            yield case(loss, label, PYTORCH | {"weight": weight})
    yield case(
        "smooth-l1", "tiny", {"prediction": [1e-180, 3e-170, 0.5], "target": [0.0, 0.0, 0.0]},
        beta=1e-100, exact="PyTorch squares the error first, and the square underflows",
    )  # fmt: skip


def classification() -> Iterator[Case]:
    yield from cross_entropy()
    yield from nll()
    yield from bce()
    yield from bce_with_logits()
    yield from focal_cases()


# PyTorch computes x - max - log(sum) and so is off by a rounding of that difference.
ROUNDING = 4e-15


def cross_entropy() -> Iterator[Case]:
    name = "cross-entropy"
    yield case(name, "pytorch-example", {"logits": [[2.0, 1.0, 0.1]], "target": [0]})
    for shape in [(9, 4), (5, 3, 2), (3, 2, 2, 2), (1, 5), (6, 10), (4, 2)]:
        rest, label = (shape[0], *shape[2:]), shape_name(shape)
        x, y, c = real(*shape), indices(shape[1], *rest), shape[1]
        some = np.where(rng.random(rest) < 0.4, -100, y)
        w, q = unit(c).tolist(), distribution(*shape)
        for suffix, target, params in [
            ("", y, {}),
            ("-weight", y, {"weight": w}),
            ("-ignore", some, {}),
            ("-ignore0", y, {"ignore_index": 0}),
            ("-smooth", y, {"label_smoothing": 0.1}),
            ("-weight-smooth-ignore", some, {"weight": w, "label_smoothing": 0.25}),
            ("-smooth1", y, {"label_smoothing": 1.0}),
            ("-soft", q, {}),
            ("-soft-weight", q, {"weight": w}),
            ("-soft-smooth-weight", q, {"weight": w, "label_smoothing": 0.1}),
        ]:
            arrays = {"logits": x, "target": target}
            yield case(name, label + suffix, arrays, atol=ROUNDING, **params)
    x = real(3, 4)
    yield case(name, "all-ignored", {"logits": x, "target": [-100] * 3})
    yield case(name, "soft-not-normalised", {"logits": x, "target": unit(3, 4)}, atol=ROUNDING)
    weight = [1.0, 0.0, 2.0, 0.5]
    yield case(name, "zero-weight", {"logits": x, "target": [1, 1, 1]}, weight=weight)
    huge = [
        [1e4, -1e4, 0.0], [1e308, -1e308, 0.0], [MAX, MAX, MAX], [-MAX, -MAX, -MAX],
        [1e15, 1e15 + 1, 1e15], [-INF, 0.0, 1.0], [0.0, -INF, 1.0], [INF, 0.0, 1.0],
        [NAN, 0.0, 1.0], [0.0, 1.0, INF], [TINY, 0.0, -TINY], [-INF, -INF, -INF],
    ]  # fmt: skip
    for y in range(3):
        target = [y] * len(huge)
        soft = np.eye(3)[target]
        yield case(name, f"edges-{y}", {"logits": huge, "target": target}, atol=ROUNDING)
        yield case(name, f"edges-soft-{y}", {"logits": huge, "target": soft}, atol=ROUNDING)
    yield case(
        name, "confident",
        {"logits": [[40.0, 0.0, 0.0], [700.0, 0.0, 1.0], [20.0, 19.0, -20.0], [37.0, 0.0, -1.0],
                    [1e15, 1e15 - 50, 0.0], [-3.0, -60.0, -60.0]], "target": [0] * 6},
        exact="PyTorch rounds log(1 + e) to 0, or to a few digits, for a small e",
    )  # fmt: skip


def nll() -> Iterator[Case]:
    for shape in [(9, 4), (5, 3, 2), (3, 2, 2, 2), (1, 5)]:
        rest, label = (shape[0], *shape[2:]), shape_name(shape)
        x, y = np.round(np.log(distribution(*shape) + 1e-6), 5), indices(shape[1], *rest)
        some = np.where(rng.random(rest) < 0.4, -100, y)
        w = unit(shape[1]).tolist()
        for suffix, target, params in [
            ("", y, {}),
            ("-weight", y, {"weight": w}),
            ("-ignore", some, {}),
            ("-ignore1-weight", y, {"ignore_index": 1, "weight": w}),
        ]:
            yield case("nll", label + suffix, {"log_probs": x, "target": target}, **params)
    edges = [[-INF, 0.0], [0.0, -INF], [NAN, -1.0], [-1.0, NAN], [-TINY, -MAX]]
    for y in (0, 1):
        arrays = {"log_probs": edges, "target": [y] * 5}
        yield case("nll", f"edges-{y}", arrays)
        yield case("nll", f"edges-weight-{y}", arrays, weight=[0.0, 2.0])
    yield case("nll", "all-ignored", {"log_probs": edges, "target": [-100] * 5})


def bce() -> Iterator[Case]:
    for shape in SHAPES:
        arrays = {"prediction": unit(*shape), "target": indices(2, *shape)}
        yield case("bce", shape_name(shape), arrays)
        yield case("bce", f"soft-{shape_name(shape)}", arrays | {"target": unit(*shape)})
        yield case("bce", f"weight-{shape_name(shape)}", arrays | {"weight": unit(*shape)})
    p = [0.0, 1.0, 0.0, 1.0, TINY, 1e-320, 1 - 2**-53, 1e-20, 0.5]
    for label, y in [("0", 0.0), ("1", 1.0), ("half", 0.5), ("tiny", 1e-300)]:
        yield case("bce", f"edges-{label}", {"prediction": p, "target": [y] * len(p)})


def bce_with_logits() -> Iterator[Case]:
    name = "bce-with-logits"
    yield case(name, "pytorch-example", {"logits": [0.8, -0.5, 1.2], "target": [1, 0, 1]})
    for shape in SHAPES:
        x, label = real(*shape), shape_name(shape)
        arrays = {"logits": x, "target": indices(2, *shape)}
        columns = unit(shape[-1] if len(shape) > 1 else 1).tolist()
        yield case(name, label, arrays, atol=ROUNDING)
        yield case(name, f"soft-{label}", {"logits": x, "target": unit(*shape)}, atol=ROUNDING)
        yield case(name, f"weight-{label}", arrays | {"weight": unit(*shape)}, atol=ROUNDING)
        if len(shape) < 3:
            yield case(name, f"pos-weight-{label}", arrays, atol=ROUNDING, pos_weight=columns)
            both = arrays | {"target": unit(*shape), "weight": unit(*shape)}
            yield case(name, f"both-{label}", both, atol=ROUNDING, pos_weight=columns)
    x = [INF, -INF, NAN, 1e4, -1e4, 1e307, -1e307, TINY, 0.0]
    for label, y in [("0", 0.0), ("1", 1.0), ("half", 0.5)]:
        arrays = {"logits": x, "target": [y] * len(x)}
        yield case(name, f"edges-{label}", arrays)
        yield case(name, f"edges-pos-weight-{label}", arrays, pos_weight=[3.0])
    yield case(
        name, "confident",
        {"logits": [-37.0, 37.0, -100.0, 100.0, -700.0, 745.0, 20.0, -20.0],
         "target": [0, 1, 0, 1, 0, 1, 1, 0]},
        exact="PyTorch's (1 - y) x - log sigmoid(x) cancels for a sure and right answer",
    )  # fmt: skip


def focal_cases() -> Iterator[Case]:
    settings = [{}, {"gamma": 0.0}, {"gamma": 0.5}, {"gamma": 5.0, "alpha": 0.75}, {"alpha": None},
                {"gamma": 0.0, "alpha": None}, {"alpha": 0.0}, {"alpha": 1.0}]  # fmt: skip
    for params in settings:
        suffix = "".join(f"-{k}{v}" for k, v in params.items())
        for shape in SHAPES[:3]:
            arrays = {"logits": real(*shape, scale=1.5), "target": indices(2, *shape)}
            yield case("focal", shape_name(shape) + suffix, arrays, atol=ROUNDING, **params)
        soft = {"logits": real(6, scale=1.5), "target": unit(6)}
        yield case("focal", f"soft{suffix}", soft, atol=ROUNDING, **params)
    x = [INF, -INF, NAN, 1e4, -1e4, 0.0]
    for label, y in [("0", [0.0] * 6), ("1", [1.0] * 6)]:
        yield case("focal", f"edges-{label}", {"logits": x, "target": y})
    yield case(
        "focal", "confident",
        {"logits": [-38.0, 38.0, -100.0, 100.0, 15.0, -15.0, 200.0],
         "target": [0, 1, 0, 1, 1, 0, 1]},
        exact="torchvision's 1 - p_t and its cross-entropy both round to 0",
    )  # fmt: skip


def ranking() -> Iterator[Case]:
    example = {"input1": [1.0, 2.0, 3.0], "input2": [0.5, 2.5, 2.0], "target": [1, -1, 1]}
    yield case("margin-ranking", "pytorch-example", example, margin=1.0)
    for params in [{}, {"margin": 0.5}, {"margin": -1.0}]:
        suffix = "".join(f"-{v:g}" for v in params.values())
        for shape in SHAPES:
            arrays = {"input1": real(*shape), "input2": real(*shape), "target": signs(*shape)}
            yield case("margin-ranking", shape_name(shape) + suffix, arrays, **params)
    edges = {"input1": [INF, INF, NAN, -INF, MAX, 0.0, TINY], "target": [1, 1, 1, 1, -1, -1, -1],
             "input2": [0.0, INF, 0.0, 0.0, -MAX, 0.0, 0.0]}  # fmt: skip
    order = {role: edges[role] for role in ("input1", "input2", "target")}
    yield case("margin-ranking", "edges", order, margin=1.0)
    yield case("margin-ranking", "any-target", example | {"target": [0, 2, -0.5]}, direct=True)

    for params in [{}, {"margin": 0.25}, {"margin": 3.0}]:
        suffix = "".join(f"-{v:g}" for v in params.values())
        for shape in SHAPES:
            arrays = {"distance": np.abs(real(*shape)), "target": signs(*shape)}
            yield case("hinge-embedding", shape_name(shape) + suffix, arrays, **params)
    x = [INF, NAN, -INF, MAX, TINY, 0.0, -2.0, 1.0]
    for y in (-1.0, 1.0):
        yield case("hinge-embedding", f"edges{y:+g}", {"distance": x, "target": [y] * 8})
    other = {"distance": [0.5, 2.0, -1.0], "target": [0.0, 2.0, 0.5]}
    yield case("hinge-embedding", "any-target", other, direct=True)


def embedding() -> Iterator[Case]:
    example = {"x1": [[0.0, 0.0], [1.0, 1.0]], "x2": [[1.0, 1.0], [2.0, 2.0]]}
    yield case("pairwise-distance", "pytorch-example", example)
    for p in (2.0, 1.0, 3.0, 0.5, 0.0, -1.0, INF, -INF):
        for eps in (1e-6, 0.0):
            arrays = {"x1": real(4, 5), "x2": real(4, 5)}
            arrays["x2"][0, 1] = arrays["x1"][0, 1]
            arrays["x2"][1] = arrays["x1"][1]
            yield case("pairwise-distance", f"p{p:g}-eps{eps:g}", arrays, p=p, eps=eps)
        edges = {"x1": [[INF, 0.0], [NAN, 0.0], [0.0, -INF], [INF, 1.0], [3.0, TINY]],
                 "x2": [[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [INF, 0.0], [1.0, 0.0]]}  # fmt: skip
        yield case("pairwise-distance", f"edges-p{p:g}", edges, p=p)
    for shape in [(1, 6), (6, 1), (3, 33)]:
        arrays = {"x1": real(*shape), "x2": real(*shape)}
        yield case("pairwise-distance", shape_name(shape), arrays)
    yield case(
        "pairwise-distance", "scaled",
        {"x1": [[3e200, 4e200], [3e-200, 4e-200], [1e-170, 0.0], [1e160, 1e-160]],
         "x2": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]},
        eps=0.0, exact="the squares overflow or underflow",
    )  # fmt: skip
    yield case(
        "pairwise-distance", "scaled-p5",
        {"x1": [[3e100, 4e100], [3e-100, 4e-100]], "x2": [[0.0, 0.0], [0.0, 0.0]]},
        p=5.0, eps=0.0, exact="the fifth powers overflow or underflow",
    )  # fmt: skip
    yield from triplet()
    yield from cosine()


def triplet() -> Iterator[Case]:
    name = "triplet-margin"
    for params in [{}, {"margin": 0.5}, {"p": 1.0}, {"p": 3.0}, {"p": INF}, {"swap": True},
                   {"margin": 0.2, "swap": True, "p": 1.0}, {"eps": 0.0},
                   {"eps": 0.1}]:  # fmt: skip
        suffix = "".join(f"-{k}{v:g}" for k, v in params.items())
        for shape in [(6, 4), (1, 7), (5, 1)]:
            a, n = real(*shape), real(*shape)
            arrays = {"anchor": a, "positive": a + real(*shape, scale=1.0), "negative": n}
            yield case(name, shape_name(shape) + suffix, arrays, atol=1e-14, **params)
    zero, one = [0.0, 0.0], [1.0, 0.0]
    edges = {
        "anchor": [zero, zero, one, [INF, 0.0], zero, zero, [NAN, 0.0], zero],
        "positive": [zero, one, one, zero, [INF, 0.0], [0.0, NAN], zero, [1.0, INF]],
        "negative": [zero, zero, one, zero, zero, one, zero, [INF, 1.0]],
    }
    yield case(name, "edges", edges, atol=1e-14)
    yield case(name, "edges-swap", edges, atol=1e-14, swap=True)
    yield case(
        name, "far",
        {"anchor": [[0.0, 0.0]] * 3, "positive": [[3e6, 4e6], [3e9, 4e9], [1e12, 0.0]],
         "negative": [[3e6, 4e6], [4e9, 3e9], [1e12, 0.0]]},
        margin=0.1, eps=0.0,
        exact="PyTorch adds the margin to a large distance before it subtracts one",
    )  # fmt: skip
    yield case(
        name, "scaled",
        {"anchor": [[0.0, 0.0]], "positive": [[5e200, 0.0]], "negative": [[3e200, 0.0]]},
        exact="the squares overflow",
    )  # fmt: skip


def cosine() -> Iterator[Case]:
    name = "cosine-embedding"
    for params in [{}, {"margin": 0.3}, {"margin": -0.2}]:
        suffix = "".join(f"-{k}{v:g}" for k, v in params.items())
        for shape in [(8, 4), (1, 6), (5, 1), (4, 33)]:
            arrays = {"input1": real(*shape), "input2": real(*shape), "target": signs(shape[0])}
            yield case(name, shape_name(shape) + suffix, arrays, atol=1e-15, **params)
    vectors = {
        "input1": [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [INF, 0.0], [NAN, 1.0], [1e-8, 0.0]],
        "input2": [[0.0, 0.0], [1.0, 2.0], [-1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1e-7, 1e-8]],
    }
    for y in (-1.0, 1.0):
        yield case(name, f"edges{y:+g}", vectors | {"target": [y] * 6}, atol=1e-15)
    yield case(name, "any-target", vectors | {"target": [0, 2, 0.5, 0, 0, 0]}, direct=True)
    a = real(4, 5)
    near = a + np.array([[1e-2], [1e-4], [1e-6], [0.0]]) * real(4, 5, scale=1.0)
    yield case(
        name, "near", {"input1": a, "input2": near, "target": [1.0] * 4},
        # Unit vectors are rounded, so an angle t costs t^2 / 2 but for about 1e-16 t.
        atol=1e-20, exact="1 - cos cancels when the cosine is near 1",
    )  # fmt: skip
    yield case(
        name, "scaled",
        {"input1": [[3e200, 4e200], [1e160, 2e160], [1.0, 2.0], [1e200, 0.0]],
         "input2": [[4e200, 3e200], [1.0, 0.0], [3e300, 1e300], [1e200, 1e190]],
         "target": [1, -1, -1, 1]},
        exact="the squared norms overflow",
    )  # fmt: skip


def distribution_cases() -> Iterator[Case]:
    for shape in [(8,), (6, 4), (3, 2, 2), (1, 5)]:
        p = distribution(*shape) if len(shape) > 1 else unit(*shape)
        q = distribution(*shape) if len(shape) > 1 else unit(*shape)
        x, label = np.round(np.log(q + 1e-6), 5), shape_name(shape)
        log_p = np.round(np.log(p + 1e-6), 5)
        yield case("kl-div", label, {"log_probs": x, "target": p}, atol=ROUNDING)
        arrays = {"log_probs": x, "target": log_p}
        yield case("kl-div", f"log-target-{label}", arrays, atol=ROUNDING, log_target=True)
    edges = {
        "log_probs": [-INF, -1.0, -INF, NAN, -2.0, 0.0, -MAX],
        "target": [0, 0, 1, 1, TINY, 1, 0],
    }
    yield case("kl-div", "edges", edges)
    logs = {"log_probs": [-INF, -1.0, -INF, NAN, -2.0, 0.0, -1.0],
            "target": [-INF, -INF, -1.0, -1.0, -700.0, 0.0, NAN]}  # fmt: skip
    yield case("kl-div", "edges-log-target", logs, log_target=True)


def main() -> None:
    warnings.filterwarnings("ignore", message="reduction: 'mean' divides")
    families: dict[str, Callable[[], Iterator[Case]]] = {
        "regression": regression,
        "classification": classification,
        "ranking": ranking,
        "embedding": embedding,
        "distribution": distribution_cases,
    }
    versions = {"torch": torch.__version__.partition("+")[0], "mpmath": mpmath.__version__}
    for family, cases in families.items():
        head = json.dumps(versions)
        lines = ",\n".join(json.dumps(record, allow_nan=False) for record in cases())
        text = f'{{"versions": {head}, "cases": [\n{lines}\n]}}\n'
        (HERE / f"torch_{family}.json").write_text(text)
        print(f"{family}: {lines.count(chr(10)) + 1} cases, {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
