"""Compute the oracle cases of segmentation with the libraries that have these losses, in float64.

Those are segmentation-models-pytorch, MONAI, kornia, optax and keras; where they lose digits, or
work in float32, mpmath at 50 digits rules. Run in an environment with them:

    KERAS_BACKEND=torch python tests/oracles/make_segmentation.py

``overall`` is all images as one, ``mean`` each image by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import jax
import keras
import kornia
import monai
import mpmath
import numpy as np
import optax
import segmentation_models_pytorch as smp
import torch
from mpmath import mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write

warnings.simplefilter("ignore")
jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
rng = np.random.default_rng(20240902)

Arrays = dict[str, Any]
FLOAT32 = {"rtol": 1e-6, "why": "the library works in float32"}


def masks(*shape: int) -> Arrays:
    """Probabilities and hard masks."""
    return {
        "prediction": rng.uniform(0.02, 0.98, size=shape).round(3),
        "target": (rng.uniform(size=shape) < 0.4).astype(float),
    }


def mask_logits(*shape: int) -> Arrays:
    return {
        "prediction": np.round(rng.normal(size=shape) * 3, 3),
        "target": (rng.uniform(size=shape) < 0.4).astype(float),
    }


def class_logits(rows: int, classes: int, *pixels: int) -> Arrays:
    return {
        "prediction": np.round(rng.normal(size=(rows, classes, *pixels)) * 2, 3),
        "target": rng.integers(0, classes, size=(rows, *pixels)),
    }


def tensor(x: Any, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(np.asarray(x), dtype=dtype)


def one_hot(target: Any, classes: int) -> np.ndarray:
    """Classes at axis 1."""
    return np.moveaxis(np.eye(classes)[np.asarray(target)], -1, 1)


def softmax(x: np.ndarray) -> np.ndarray:
    return torch.softmax(tensor(x), 1).numpy()


def as_one_image(x: Any) -> np.ndarray:
    """(N, C, H, W) as (1, C, N H, W), (N, H, W) as (1, N H, W)."""
    x = np.asarray(x)
    if x.ndim == 4:
        return np.concatenate(list(x), axis=1)[np.newaxis]
    return np.concatenate(list(x), axis=0)[np.newaxis]


def each(function: Callable[[np.ndarray, np.ndarray], Any], arrays: Arrays) -> dict[str, float]:
    """A loss of all images as one, and the mean of the loss of each."""
    x, y = np.asarray(arrays["prediction"]), np.asarray(arrays["target"])
    by_image = [float(function(x[i : i + 1], y[i : i + 1])) for i in range(len(x))]
    whole = float(function(as_one_image(x), as_one_image(y)))
    return {"overall": whole, "mean": float(np.mean(by_image))}


def overall(value: Any) -> dict[str, Any]:
    return {"overall": value.item() if hasattr(value, "item") else value}


# --- 50 digits -----------------------------------------------------------------------------------


def exact_index(
    p: Any,
    t: Any,
    alpha: Any = 0.5,
    beta: Any = 0.5,
    smooth: Any = 0,
    eps: Any = 0,
    overlap: str = "product",
) -> Any:
    """1 minus the Tversky index of lists of probabilities and targets."""
    pairs = [(mpf(a), mpf(b)) for a, b in zip(p, t, strict=True)]
    if overlap == "minimum":
        shared = mpmath.fsum(min(a, b) for a, b in pairs)
        extra = mpmath.fsum(max(a - b, 0) for a, b in pairs)
        missed = mpmath.fsum(max(b - a, 0) for a, b in pairs)
    else:
        shared = mpmath.fsum(a * b for a, b in pairs)
        extra = mpmath.fsum(a * (1 - b) for a, b in pairs)
        missed = mpmath.fsum((1 - a) * b for a, b in pairs)
    if overlap == "squares":
        extra = missed = mpmath.fsum((a - b) ** 2 for a, b in pairs) / 2
    whole = shared + mpf(alpha) * extra + mpf(beta) * missed + mpf(smooth)
    return 1 - (shared + mpf(smooth)) / (whole + mpf(eps)) if whole + eps else mpf(0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-mpf(x)))


def exact_softmax(row: Any) -> list[Any]:
    terms = [mpmath.exp(mpf(v)) for v in row]
    return [term / mpmath.fsum(terms) for term in terms]


def exact_mcc(p: Any, t: Any, eps: float) -> Any:
    pairs = [(mpf(a), mpf(b)) for a, b in zip(p, t, strict=True)]
    tp, tn, fp, fn = (
        mpmath.fsum(part) + mpf(eps)
        for part in (
            [a * b for a, b in pairs],
            [(1 - a) * (1 - b) for a, b in pairs],
            [a * (1 - b) for a, b in pairs],
            [(1 - a) * b for a, b in pairs],
        )
    )
    return 1 - (tp * tn - fp * fn) / mpmath.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))


def exact_lovasz(errors: list[Any], inside: list[Any]) -> Any:
    """Algorithm 1 of the paper, with sums over sets."""
    order = sorted(range(len(errors)), key=lambda i: -errors[i])
    count, total, before = sum(inside), mpf(0), mpf(0)
    missed = extra = 0
    for i in order:
        missed, extra = missed + inside[i], extra + 1 - inside[i]
        jaccard = 1 - mpf(count - missed) / (count + extra)
        total, before = total + errors[i] * (jaccard - before), jaccard
    return total


def exact_hinge(arrays: Arrays) -> Any:
    x, y = np.ravel(arrays["prediction"]), [int(v) for v in np.ravel(arrays["target"])]
    errors = [max(1 - mpf(float(a)) * (2 * b - 1), mpf(0)) for a, b in zip(x, y, strict=True)]
    return exact_lovasz(errors, y)


# --- masks ---------------------------------------------------------------------------------------


def smp_binary(name: str, x: Any, y: Any, **params: Any) -> dict[str, float]:
    loss = getattr(smp.losses, name)("binary", **params)
    return each(
        lambda a, b: loss(tensor(a)[:, None], tensor(b)[:, None]), {"prediction": x, "target": y}
    )


NAMES = {"dice": "DiceLoss", "jaccard": "JaccardLoss", "tversky": "TverskyLoss"}
SHARES = {"dice": 0.5, "jaccard": 1.0, "tversky": 0.5}


def mask_cases(loss: str) -> Iterator[Case]:
    name, share = NAMES[loss], SHARES[loss]
    oracle = "segmentation-models-pytorch"
    logits, chances = mask_logits(3, 4, 5), masks(2, 3, 4)
    x, y = logits.values()
    value = smp_binary(name, x, y)
    yield case(loss, "smp", logits, oracle, reductions=value, from_logits=True)
    value = smp_binary(name, x, y, smooth=1.5)
    yield case(loss, "smp smooth", logits, oracle, reductions=value, from_logits=True, smooth=1.5)
    value = smp_binary(name, x, y, log_loss=True)
    params = {"from_logits": True, "form": "log"}
    yield case(loss, "smp log", logits, oracle, reductions=value, **params)
    some = {"prediction": x, "target": np.where(rng.uniform(size=y.shape) < 0.2, 255.0, y)}
    value = smp_binary(name, x, some["target"], ignore_index=255)
    params = {"from_logits": True, "ignore_index": 255}
    yield case(loss, "smp ignored", some, oracle, reductions=value, **params)
    value = smp_binary(name, *chances.values(), from_logits=False)
    yield case(loss, "smp probabilities", chances, oracle, reductions=value)
    soft = {**chances, "target": rng.uniform(size=(2, 3, 4)).round(3)}
    value = smp_binary(name, *soft.values(), from_logits=False)
    yield case(loss, "smp soft", soft, oracle, reductions=value, overlap="minimum")
    empty = {**chances, "target": np.zeros((2, 3, 4))}
    value = smp_binary(name, *empty.values(), from_logits=False)
    yield case(loss, "smp empty", empty, oracle, reductions=value)
    several = mask_logits(2, 3, 2, 2)
    several["target"][:, 1] = 0.0
    value = getattr(smp.losses, name)("multilabel")(*map(tensor, several.values()))
    params = {"from_logits": True, "average": "macro"}
    yield case(loss, "smp labels", several, oracle, reductions=overall(value), **params)
    yield from monai_cases(loss)
    p, t = np.ravel(chances["prediction"]), np.ravel(chances["target"])
    for overlap in ("product", "minimum", "squares")[: 2 if loss == "tversky" else 3]:
        p, t = np.ravel(soft["prediction"]), np.ravel(soft["target"])
        value = exact_index(p, t, share, share, overlap=overlap)
        yield case(
            loss, f"soft {overlap}", soft, "mpmath", reductions=overall(value), overlap=overlap
        )
    value = exact_index(p, t, share, share, smooth=0.5, eps=0.25)
    params = {"smooth": 0.5, "eps": 0.25}
    yield case(loss, "smooth and eps", soft, "mpmath", reductions=overall(value), **params)
    value = mpmath.log(mpmath.cosh(exact_index(p, t, share, share)))
    yield case(loss, "log cosh", soft, "mpmath", reductions=overall(value), form="log_cosh")
    yield from mask_edges(loss, share)


def monai_cases(loss: str) -> Iterator[Case]:
    kind = monai.losses.TverskyLoss if loss == "tversky" else monai.losses.DiceLoss
    half = 1.0 if loss == "tversky" else 0.5
    options = {"jaccard": True} if loss == "jaccard" else {}
    for label, arrays in {
        "": masks(2, 3, 3),
        " empty": {**masks(2, 3, 3), "target": np.zeros((2, 3, 3))},
    }.items():
        x, y = (tensor(v)[:, None] for v in arrays.values())
        value = {
            "overall": kind(batch=True, **options)(x, y).item(),
            "mean": kind(**options)(x, y).item(),
        }
        params = {"absent": "count", "smooth": 1e-5 * half}
        yield case(loss, f"monai{label}", arrays, "monai", reductions=value, **params)
    if loss == "tversky":
        return
    soft = {
        "prediction": rng.uniform(size=(2, 3, 3)).round(3),
        "target": rng.uniform(size=(2, 3, 3)).round(3),
    }
    x, y = (tensor(v)[:, None] for v in soft.values())
    options["squared_pred"] = True
    value = {
        "overall": kind(batch=True, **options)(x, y).item(),
        "mean": kind(**options)(x, y).item(),
    }
    params = {"absent": "count", "smooth": 5e-6, "overlap": "squares"}
    yield case(loss, "monai squared", soft, "monai", reductions=value, **params)


def mask_edges(loss: str, share: float) -> Iterator[Case]:
    def exact(arrays: Arrays, **params: Any) -> dict[str, Any]:
        return overall(exact_index(arrays["prediction"], arrays["target"], share, share, **params))

    right = {"prediction": [1.0, 0.0, 1.0], "target": [1.0, 0.0, 1.0]}
    yield case(loss, "right", right, "mpmath", reductions=exact(right))
    wrong = {"prediction": [0.0, 1.0, 0.0], "target": [1.0, 0.0, 1.0]}
    yield case(loss, "wrong", wrong, "mpmath", reductions=exact(wrong))
    sure = {"prediction": [40.0, -700.0, 38.0, -50.0], "target": [1.0, 0.0, 1.0, 0.0]}
    chances = [sigmoid(v) for v in sure["prediction"]]
    value = overall(exact_index(chances, sure["target"], share, share))
    yield case(loss, "sure and right", sure, "mpmath", reductions=value, from_logits=True)
    value = overall(exact_index(chances, [0.0, 1.0, 0.0, 1.0], share, share))
    missed = {**sure, "target": [0.0, 1.0, 0.0, 1.0]}
    yield case(loss, "sure and wrong", missed, "mpmath", reductions=value, from_logits=True)
    huge = {"prediction": [1e308, -1e308, 1e4, INF, -INF], "target": [1.0, 0.0, 0.0, 1.0, 1.0]}
    value = overall(exact_index([1, 0, 1, 1, 0], huge["target"], share, share))
    yield case(loss, "huge logits", huge, "mpmath", reductions=value, from_logits=True)
    tiny = {"prediction": [TINY, 1e-300, 0.5], "target": [1.0, 0.0, 1.0]}
    yield case(loss, "denormal", tiny, "mpmath", reductions=exact(tiny))
    faint = {"prediction": [1e-12, 3e-13], "target": [0.0, 0.0]}
    value = exact(faint)
    yield case(loss, "absent, counted", faint, "mpmath", reductions=value, absent="count")
    for absent in ("zero", "skip"):
        yield case(loss, f"absent, {absent}", faint, "mpmath", reductions=overall(0), absent=absent)
    nothing = {"prediction": [0.0, 0.0], "target": [0.0, 0.0]}
    yield case(loss, "nothing at all", nothing, "mpmath", reductions=overall(0), absent="count")
    one = {"prediction": [0.25], "target": [1.0]}
    yield case(
        loss, "one pixel", one, "mpmath", reductions={**exact(one), "mean": exact(one)["overall"]}
    )
    ignored = {"prediction": [0.5, 0.2], "target": [7.0, 7.0]}
    yield case(loss, "all ignored", ignored, "mpmath", reductions=overall(0), ignore_index=7)
    nan = {"prediction": [NAN, 0.5], "target": [1.0, 1.0]}
    yield case(loss, "nan", nan, "mpmath", reductions=overall(NAN), from_logits=True)


def other_masks() -> Iterator[Case]:
    """What only one library has."""
    arrays = masks(2, 3, 4)
    x, y = (tensor(v) for v in arrays.values())
    value = {
        "overall": keras.losses.dice(y, x).item(),
        "mean": keras.losses.dice(y, x, axis=(1, 2)).mean().item(),
    }
    params = {"absent": "count", "eps": 5e-8}
    yield case("dice", "keras", arrays, "keras", reductions=value, **params, **FLOAT32)
    empty = {**arrays, "target": np.zeros((2, 3, 4))}
    value = keras.losses.dice(y * 0, x)
    yield case(
        "dice", "keras empty", empty, "keras", reductions=overall(value), **params, **FLOAT32
    )
    value = {
        "overall": keras.losses.tversky(y, x, alpha=0.3, beta=0.7).item(),
        "mean": keras.losses.tversky(y, x, alpha=0.3, beta=0.7, axis=(1, 2)).mean().item(),
    }
    # keras multiplies false negatives by alpha, whatever its documentation says.
    params = {"absent": "count", "eps": 1e-7, "alpha": 0.7, "beta": 0.3}
    yield case("tversky", "keras, swapped", arrays, "keras", reductions=value, **params, **FLOAT32)
    logits = mask_logits(2, 3, 4)
    value = each(lambda a, b: optax.losses.binary_dice_loss(a[..., None], b[..., None])[0], logits)
    params = {"absent": "count", "smooth": 1.0, "from_logits": True}
    yield case("dice", "optax", logits, "optax", reductions=value, **params)
    value = each(
        lambda a, b: optax.losses.dice_loss(a[..., None], b[..., None], alpha=0.2, beta=0.9)[0],
        logits,
    )
    params |= {"alpha": 0.2, "beta": 0.9}
    yield case("tversky", "optax", logits, "optax", reductions=value, **params)
    oracle = "segmentation-models-pytorch"
    for alpha, beta, gamma in ((0.3, 0.7, 1.0), (0.8, 0.2, 0.75), (0.0, 1.0, 2.0)):
        params = {"alpha": alpha, "beta": beta, "gamma": gamma}
        value = smp_binary("TverskyLoss", *logits.values(), **params)
        label = f"smp {alpha} {beta} {gamma}"
        yield case("tversky", label, logits, oracle, reductions=value, from_logits=True, **params)
    options = {"alpha": 0.3, "beta": 0.7}
    x, y = (tensor(v)[:, None] for v in arrays.values())
    kind = monai.losses.TverskyLoss
    value = {
        "overall": kind(batch=True, **options)(x, y).item(),
        "mean": kind(**options)(x, y).item(),
    }
    options |= {"absent": "count", "smooth": 1e-5}
    yield case("tversky", "monai 0.3 0.7", arrays, "monai", reductions=value, **options)


def mcc_cases() -> Iterator[Case]:
    oracle = "segmentation-models-pytorch"
    for label, arrays in {"plain": masks(2, 3, 4), "rows": masks(15)}.items():
        x, y = (tensor(v) for v in arrays.values())
        value = overall(smp.losses.MCCLoss()(x, y))
        yield case("mcc", label, arrays, oracle, reductions=value)
        value = overall(smp.losses.MCCLoss(eps=0.5)(x, y))
        yield case("mcc", f"{label}, eps", arrays, oracle, reductions=value, eps=0.5)
    arrays = masks(3, 4, 4)
    x, y = (tensor(v)[:, None] for v in arrays.values())
    plain = monai.losses.MCCLoss(smooth_dr=0.0), monai.losses.MCCLoss(smooth_dr=0.0, batch=True)
    value = {"mean": plain[0](x, y).item(), "overall": plain[1](x, y).item()}
    yield case("mcc", "monai", arrays, "monai", reductions=value, eps=0.0)
    x = tensor(np.log(arrays["prediction"]) - np.log1p(-arrays["prediction"]))
    logits = {"prediction": np.round(x.numpy(), 4), "target": arrays["target"]}
    value = overall(
        smp.losses.MCCLoss()(torch.sigmoid(tensor(logits["prediction"])), tensor(arrays["target"]))
    )
    yield case("mcc", "logits", logits, oracle, reductions=value, from_logits=True)
    some = {**arrays, "target": np.where(rng.uniform(size=(3, 4, 4)) < 0.2, 9.0, arrays["target"])}
    kept = some["target"] != 9.0
    value = exact_mcc(some["prediction"][kept], some["target"][kept], 1e-5)
    yield case("mcc", "ignored", some, "mpmath", reductions=overall(value), ignore_index=9)
    cases = {
        "right": {"prediction": [1.0, 0.0, 1.0], "target": [1.0, 0.0, 1.0]},
        "wrong": {"prediction": [0.0, 1.0, 0.0], "target": [1.0, 0.0, 1.0]},
        "chance": {"prediction": [1.0, 1.0, 0.0, 0.0], "target": [1.0, 0.0, 1.0, 0.0]},
        "nearly right": {"prediction": [1.0, 1e-13, 1.0 - 2**-50], "target": [1.0, 0.0, 1.0]},
        "one pixel": {"prediction": [0.25], "target": [1.0]},
        "denormal": {"prediction": [TINY, 0.5], "target": [0.0, 1.0]},
    }
    for label, arrays in cases.items():
        for eps in (1e-5, 0.0):
            if eps == 0.0 and label in ("right", "one pixel"):
                continue
            value = exact_mcc(*arrays.values(), eps)
            yield case(
                "mcc", f"{label}, {eps}", arrays, "mpmath", reductions=overall(value), eps=eps
            )
    yield case("mcc", "right, 0.0", cases["right"], "mpmath", reductions=overall(0), eps=0.0)
    full = {"prediction": [1.0, 1.0], "target": [1.0, 1.0]}
    yield case("mcc", "all of it", full, "monai", reductions=overall(0), eps=0.0)
    blur = {"prediction": [0.5, 0.5], "target": [0.0, 0.0]}
    yield case("mcc", "empty mask", blur, "mpmath", reductions=overall(NAN), eps=0.0)
    nan = {"prediction": [NAN, 0.5], "target": [1.0, 1.0]}
    yield case("mcc", "nan", nan, "mpmath", reductions=overall(NAN), from_logits=True)


# --- classes -------------------------------------------------------------------------------------


def class_cases(loss: str) -> Iterator[Case]:
    short = loss.removeprefix("multiclass-")
    name, share = NAMES[short], SHARES[short]
    oracle = "segmentation-models-pytorch"
    arrays = class_logits(2, 3, 3, 4)
    x, y = tensor(arrays["prediction"]), tensor(arrays["target"], torch.long)

    def smp_classes(a: Any, b: Any, **params: Any) -> dict[str, float]:
        function = getattr(smp.losses, name)("multiclass", **params)
        return each(
            lambda c, d: function(tensor(c), tensor(d, torch.long)), {"prediction": a, "target": b}
        )

    logits = {"from_logits": True}
    value = smp_classes(x, y)
    yield case(loss, "smp", arrays, oracle, reductions=value, **logits)
    value = smp_classes(x, y, class_weights=[0.5, 2.0, 1.25])
    weighted = {**logits, "weight": [0.5, 2.0, 1.25]}
    yield case(loss, "smp weights", arrays, oracle, reductions=value, **weighted)
    value = smp_classes(x, y, smooth=0.7, log_loss=True)
    params = {**logits, "smooth": 0.7, "form": "log"}
    yield case(loss, "smp smooth log", arrays, oracle, reductions=value, **params)
    rare = {**arrays, "target": np.where(y == 1, 2, y)}
    value = smp_classes(x, rare["target"])
    yield case(loss, "smp absent", rare, oracle, reductions=value, **logits)
    some = {**arrays, "target": np.where(rng.uniform(size=y.shape) < 0.25, 255, y)}
    value = smp_classes(x, some["target"], ignore_index=255)
    yield case(loss, "smp ignored", some, oracle, reductions=value, ignore_index=255, **logits)
    chances = {**arrays, "prediction": softmax(arrays["prediction"]).round(4)}
    value = smp_classes(chances["prediction"], y, from_logits=False)
    yield case(loss, "smp probabilities", chances, oracle, reductions=value)

    full = {
        **chances,
        "target": softmax(np.asarray(class_logits(2, 3, 3, 4)["prediction"])).round(4),
    }
    p, t = (np.moveaxis(v, 1, 0).reshape(3, -1) for v in full.values())
    for overlap in ("product", "minimum", "squares")[: 2 if short == "tversky" else 3]:
        classes = [
            exact_index(a, b, share, share, overlap=overlap) for a, b in zip(p, t, strict=True)
        ]
        value = overall(mpmath.fsum(classes) / 3)
        yield case(loss, f"soft {overlap}", full, "mpmath", reductions=value, overlap=overlap)
    value = overall(exact_index(p.ravel(), t.ravel(), share, share))
    yield case(loss, "micro", full, "mpmath", reductions=value, average="micro")
    value = overall(exact_index(p.ravel(), t.ravel(), share, share, smooth=0.5, eps=0.25))
    params = {"average": "micro", "smooth": 0.5, "eps": 0.25}
    yield case(loss, "micro, smooth and eps", full, "mpmath", reductions=value, **params)
    yield from class_edges(loss, share)


def class_edges(loss: str, share: float) -> Iterator[Case]:
    def exact(rows: list[Any], target: list[int], absent: str = "zero") -> dict[str, Any]:
        chances = [exact_softmax(row) for row in rows]
        losses = [
            exact_index([p[c] for p in chances], [int(y == c) for y in target], share, share)
            for c in range(len(rows[0]))
        ]
        present = [c in target for c in range(len(losses))]
        if absent == "count":
            return overall(mpmath.fsum(losses) / len(losses))
        kept = [v for v, is_there in zip(losses, present, strict=True) if is_there]
        return overall(mpmath.fsum(kept) / (len(losses) if absent == "zero" else len(kept)))

    rows = {
        "sure and right": ([[50.0, 0.0, -9.0], [0.0, 45.0, 1.0], [0.0, 3.0, 60.0]], [0, 1, 2]),
        "sure and wrong": ([[50.0, 0.0, -9.0], [0.0, 45.0, 1.0], [0.0, 3.0, 60.0]], [1, 2, 0]),
        "common offset": ([[1e15, 1e15 + 1, 1e15], [-1e15, -1e15, 2 - 1e15]], [0, 2]),
        "ties": ([[0.0, 0.0, 0.0], [1e4, 1e4, 0.0]], [0, 1]),
        "one row": ([[1.0, 2.0]], [0]),
        "huge": ([[MAX, 0.0, -MAX], [1e308, 1e308, 0.0]], [0, 1]),
    }
    for label, (prediction, target) in rows.items():
        arrays = {"prediction": prediction, "target": target}
        if label == "huge":
            # exp(1e308) is beyond any number of digits.
            chances = [[1, 0, 0], [mpf(0.5), mpf(0.5), 0]]
            parts = [
                exact_index([p[c] for p in chances], [int(y == c) for y in target], share, share)
                for c in (0, 1)
            ]
            value = overall(mpmath.fsum(parts) / 3)
        else:
            value = exact(prediction, target)
        yield case(loss, label, arrays, "mpmath", reductions=value, from_logits=True)
    prediction, target = [[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], [0, 0]
    arrays = {"prediction": prediction, "target": target}
    for absent in ("zero", "skip", "count"):
        value = exact(prediction, target, absent)
        params = {"from_logits": True, "absent": absent}
        yield case(loss, f"absent, {absent}", arrays, "mpmath", reductions=value, **params)
    ignored = {**arrays, "target": [-100, -100]}
    for absent in ("zero", "skip"):
        params = {"from_logits": True, "absent": absent}
        yield case(
            loss, f"all ignored, {absent}", ignored, "mpmath", reductions=overall(0), **params
        )


def other_classes() -> Iterator[Case]:
    arrays = class_logits(2, 4, 3, 3)
    arrays["target"][0] %= 2
    logits = {"from_logits": True}

    def kornia_dice(**params: Any) -> dict[str, float]:
        call = kornia.losses.dice_loss
        return each(lambda a, b: call(tensor(a), tensor(b, torch.long), **params), arrays)

    for average in ("micro", "macro"):
        params = {**logits, "average": average, "absent": "skip", "eps": 5e-9}
        value = kornia_dice(average=average)
        yield case(
            "multiclass-dice", f"kornia {average}", arrays, "kornia", reductions=value, **params
        )
        weight = [1.0, 0.5, 2.0, 3.0]
        value = kornia_dice(average=average, weight=tensor(weight))
        params["weight"] = weight
        label = f"kornia {average}, weights"
        yield case("multiclass-dice", label, arrays, "kornia", reductions=value, **params)
    call = kornia.losses.tversky_loss
    value = each(lambda a, b: call(tensor(a), tensor(b, torch.long), 0.3, 0.7), arrays)
    params = {**logits, "alpha": 0.3, "beta": 0.7, "absent": "skip", "eps": 1e-8}
    yield case("multiclass-tversky", "kornia", arrays, "kornia", reductions=value, **params)

    def optax_dice(a: np.ndarray, b: np.ndarray, **params: Any) -> Any:
        last = np.moveaxis(a, 1, -1)
        return optax.losses.dice_loss(last, np.eye(4)[b], **params)[0]

    value = each(optax_dice, arrays)
    params = {**logits, "absent": "count", "smooth": 1.0}
    yield case("multiclass-dice", "optax", arrays, "optax", reductions=value, **params)
    value = each(lambda a, b: optax_dice(a, b, alpha=0.9, beta=0.1, smooth=0.0), arrays)
    params = {**logits, "absent": "count", "alpha": 0.9, "beta": 0.1}
    yield case("multiclass-tversky", "optax", arrays, "optax", reductions=value, **params)
    for loss, options in (("multiclass-dice", {}), ("multiclass-jaccard", {"jaccard": True})):
        function = monai.losses.DiceLoss(softmax=True, **options)
        value = each(lambda a, b, f=function: f(tensor(a), tensor(one_hot(b, 4))), arrays)
        params = {**logits, "absent": "count", "smooth": 5e-6}
        yield case(loss, "monai", arrays, "monai", reductions=value, **params)
    oracle = "segmentation-models-pytorch"
    for gamma in (0.75, 2.0):
        params = {"alpha": 0.3, "beta": 0.7, "gamma": gamma}
        function = smp.losses.TverskyLoss("multiclass", **params)
        value = each(lambda a, b, f=function: f(tensor(a), tensor(b, torch.long)), arrays)
        label = f"smp gamma {gamma}"
        yield case(
            "multiclass-tversky", label, arrays, oracle, reductions=value, **params, **logits
        )


def generalized_cases() -> Iterator[Case]:
    loss = "generalized-dice"
    arrays = class_logits(2, 3, 3, 3)
    rare = {**arrays, "target": np.minimum(arrays["target"], 1)}
    for label, data in {"": arrays, ", absent": rare}.items():
        for weighting in ("square", "simple", "uniform"):
            function = monai.losses.GeneralizedDiceLoss(softmax=True, w_type=weighting)
            value = each(lambda a, b, f=function: f(tensor(a), tensor(one_hot(b, 3))), data)
            params = {"from_logits": True, "weighting": weighting, "smooth": 5e-6}
            more = {} if weighting == "uniform" else FLOAT32
            yield case(
                loss, f"monai {weighting}{label}", data, "monai", reductions=value, **params, **more
            )
    for weighting, power in (("square", 2), ("simple", 1), ("uniform", 0)):
        p = np.moveaxis(softmax(arrays["prediction"]).round(4), 1, 0).reshape(3, -1)
        t = np.moveaxis(one_hot(arrays["target"], 3), 1, 0).reshape(3, -1)
        data = {**arrays, "prediction": softmax(arrays["prediction"]).round(4)}
        sums = [[mpmath.fsum(mpf(v) for v in row) for row in rows] for rows in (p, t, p * t)]
        weights = [1 / mpf(v) ** power for v in sums[1]]
        shared = mpmath.fsum(w * v for w, v in zip(weights, sums[2], strict=True))
        whole = mpmath.fsum(w * (a + b) for w, a, b in zip(weights, *sums[:2], strict=True))
        value = overall(1 - 2 * shared / whole)
        yield case(loss, weighting, data, "mpmath", reductions=value, weighting=weighting)
    right = {"prediction": [[1.0, 0.0], [0.0, 1.0]], "target": [0, 1]}
    yield case(loss, "right", right, "mpmath", reductions=overall(0))
    yield case(loss, "wrong", {**right, "target": [1, 0]}, "mpmath", reductions=overall(1))
    one = {"prediction": [[0.75, 0.25]], "target": [0]}
    # The absent class weighs as the other: 2 * 0.75 / (1.75 + 0.25).
    yield case(loss, "one row", one, "mpmath", reductions=overall(0.25))
    soft = {"prediction": [[1.0, 0.0], [0.5, 0.5]], "target": [[0.75, 0.25], [0.0, 1.0]]}
    weights = [1 / mpf(0.75) ** 2, 1 / mpf(1.25) ** 2]
    shared = weights[0] * mpf(0.75) + weights[1] * mpf(0.5)
    whole = weights[0] * mpf(2.25) + weights[1] * mpf(1.75)
    yield case(loss, "soft", soft, "mpmath", reductions=overall(1 - 2 * shared / whole))
    ignored = {**right, "target": [0, -100]}
    yield case(loss, "ignored", ignored, "mpmath", reductions=overall(0))
    yield case(
        loss, "all ignored", {**right, "target": [-100, -100]}, "mpmath", reductions=overall(NAN)
    )


# --- Lovász --------------------------------------------------------------------------------------


def hinge_case(label: str, data: Arrays, oracle: str, value: dict[str, Any], **more: Any) -> Case:
    arrays = {"logits": data["prediction"], "target": data["target"]}
    return case("lovasz-hinge", label, arrays, oracle, reductions=value, **more)


def lovasz_cases() -> Iterator[Case]:
    arrays = mask_logits(3, 3, 4)

    def kornia_hinge(a: np.ndarray, b: np.ndarray) -> Any:
        return kornia.losses.lovasz_hinge_loss(tensor(a)[:, None], tensor(b, torch.long))

    yield hinge_case("kornia", arrays, "kornia", each(kornia_hinge, arrays))
    empty = {**arrays, "target": np.zeros((3, 3, 4))}
    yield hinge_case("kornia, no foreground", empty, "kornia", each(kornia_hinge, empty))
    x, y = torch.tensor(arrays["prediction"]).float(), torch.tensor(arrays["target"]).float()
    oracle = "segmentation-models-pytorch"
    value = {
        "overall": smp.losses.LovaszLoss("binary")(x, y.long()).item(),
        "mean": smp.losses.LovaszLoss("binary", per_image=True)(x, y.long()).item(),
    }
    yield hinge_case("smp", arrays, oracle, value, **FLOAT32)
    some = {**arrays, "target": np.where(rng.uniform(size=y.shape) < 0.2, 255.0, arrays["target"])}
    value = smp.losses.LovaszLoss("binary", ignore_index=255)(x, tensor(some["target"], torch.long))
    yield hinge_case("smp ignored", some, oracle, overall(value), ignore_index=255, **FLOAT32)
    kept = some["target"] != 255
    left = {"prediction": arrays["prediction"][kept], "target": some["target"][kept]}
    yield hinge_case("ignored", some, "mpmath", overall(exact_hinge(left)), ignore_index=255)
    cases = {
        "ties": {"prediction": [0.5, 0.5, -0.5, -0.5, 0.5], "target": [1.0, 0.0, 1.0, 0.0, 1.0]},
        "right by a margin": {"prediction": [3.0, -2.0], "target": [1.0, 0.0]},
        "all wrong": {"prediction": [-3.0, 2.0, -1.0], "target": [1.0, 0.0, 1.0]},
        "one pixel": {"prediction": [0.25], "target": [1.0]},
        "huge": {"prediction": [-1e300, 1e4, 1e-300], "target": [1.0, 0.0, 1.0]},
        "nearly at the margin": {"prediction": [1 - 2**-53, -1 + 2**-53], "target": [1.0, 0.0]},
    }
    for label, data in cases.items():
        yield hinge_case(label, data, "mpmath", overall(exact_hinge(data)))
    wrong = {"prediction": [-INF, 2.0, INF], "target": [1.0, 1.0, 0.0]}
    yield hinge_case("infinitely wrong", wrong, "mpmath", overall(INF))
    nan = {"prediction": [NAN, 2.0], "target": [1.0, 1.0]}
    yield hinge_case("nan", nan, "mpmath", overall(NAN))
    ignored = {"prediction": [1.0, -2.0], "target": [7.0, 7.0]}
    yield hinge_case("all ignored", ignored, oracle, overall(0), ignore_index=7)


def lovasz_softmax_cases() -> Iterator[Case]:
    loss, logits = "lovasz-softmax", {"from_logits": True}
    arrays = class_logits(2, 4, 3, 3)

    def kornia_softmax(a: np.ndarray, b: np.ndarray) -> Any:
        return kornia.losses.lovasz_softmax_loss(tensor(a), tensor(b, torch.long))

    value = each(kornia_softmax, arrays)
    yield case(loss, "kornia", arrays, "kornia", reductions=value, average="all", **logits)
    rare = {**arrays, "target": np.minimum(arrays["target"], 1)}
    value = each(kornia_softmax, rare)
    yield case(loss, "kornia, absent", rare, "kornia", reductions=value, average="all", **logits)
    oracle = "segmentation-models-pytorch"
    for label, data in {"": arrays, ", absent": rare}.items():
        x, y = torch.tensor(data["prediction"]).float(), tensor(data["target"], torch.long)
        value = {
            "overall": smp.losses.LovaszLoss("multiclass")(x, y).item(),
            "mean": smp.losses.LovaszLoss("multiclass", per_image=True)(x, y).item(),
        }
        yield case(loss, f"smp{label}", data, oracle, reductions=value, **logits, **FLOAT32)
    some = {**arrays, "target": np.where(rng.uniform(size=(2, 3, 3)) < 0.2, 255, arrays["target"])}
    x = torch.tensor(arrays["prediction"]).float()
    function = smp.losses.LovaszLoss("multiclass", ignore_index=255)
    value = overall(function(x, tensor(some["target"], torch.long)))
    params = {"ignore_index": 255, **logits}
    yield case(loss, "smp ignored", some, oracle, reductions=value, **params, **FLOAT32)

    def exact(rows: Any, target: Any) -> dict[str, Any]:
        losses = []
        for c in sorted(set(target)):
            inside = [int(y == c) for y in target]
            errors = [1 - p[c] if i else p[c] for p, i in zip(rows, inside, strict=True)]
            losses.append(exact_lovasz(errors, inside))
        return overall(mpmath.fsum(losses) / len(losses))

    chances = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5], [0.5, 0.5, 0.0]])
    for label, target in {
        "ties": [0, 1, 2, 1],
        "wrong": [1, 0, 0, 2],
        "one class": [0] * 4,
    }.items():
        data = {"prediction": chances, "target": target}
        value = exact([[mpf(v) for v in row] for row in chances], target)
        yield case(loss, label, data, "mpmath", reductions=value)
    sure = [[50.0, 0.0, -9.0], [0.0, 45.0, 1.0], [0.0, 3.0, 60.0], [1e3, 0.0, 0.0]]
    for label, target in {"sure and right": [0, 1, 2, 0], "sure and wrong": [1, 2, 0, 1]}.items():
        data = {"prediction": sure, "target": target}
        value = exact([exact_softmax(row) for row in sure], target)
        yield case(loss, label, data, "mpmath", reductions=value, **logits)
    right = {"prediction": [[1.0, 0.0], [0.0, 1.0]], "target": [0, 1]}
    yield case(loss, "right", right, "mpmath", reductions=overall(0))
    one = {"prediction": [[0.75, 0.25]], "target": [0]}
    yield case(loss, "one row", one, "mpmath", reductions=overall(0.25))
    ignored = {**right, "target": [-100, -100]}
    yield case(loss, "all ignored", ignored, "mpmath", reductions=overall(0))


def cases() -> Iterator[Case]:
    for loss in NAMES:
        yield from mask_cases(loss)
        yield from class_cases(f"multiclass-{loss}")
    yield from other_masks()
    yield from other_classes()
    yield from generalized_cases()
    yield from mcc_cases()
    yield from lovasz_cases()
    yield from lovasz_softmax_cases()


if __name__ == "__main__":
    write("segmentation", cases())
