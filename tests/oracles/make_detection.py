"""Cases of the losses of detectors, at 50 digits from the papers' formulas and by torch.

It needs mpmath, numpy and torch:

    python tests/oracles/make_detection.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from mpmath import mpf
from oracle import INF, MAX, TINY, Case, case, write

RNG = np.random.default_rng(41)
MPMATH, TORCH = "mpmath", "torch"


# --- scores that say how well a box fits ---------------------------------------------------------


def softplus(x: mpf) -> mpf:
    return mpmath.log1p(mpmath.exp(x))


def bce(x: mpf, y: mpf) -> mpf:
    return y * softplus(-x) + (1 - y) * softplus(x)


def sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mpmath.exp(-x))


def quality_focal(x: mpf, y: mpf, beta: float = 2.0) -> mpf:
    gap = y / (1 + mpmath.exp(x)) - (1 - y) * sigmoid(x)
    return abs(gap) ** mpf(beta) * bce(x, y)


def varifocal(x: mpf, y: mpf, alpha: float = 0.75, gamma: float = 2.0) -> mpf:
    return bce(x, y) * (y if y > 0 else mpf(alpha) * sigmoid(x) ** mpf(gamma))


LOGITS = {
    "random": (np.round(RNG.normal(0, 3, 8), 3), np.round(RNG.uniform(0, 1, 8), 3)),
    "ends": ([3.0, -3.0, 0.0, 0.0, 2.0], [0, 1, 1, 0, 1]),
    "sure": ([40.0, -40.0, 700.0, -700.0], [1, 0, 1, 0]),
    "wrong": ([1e4, -1e4, 1e308, -MAX], [0, 1, 0, 1]),
    "small": ([TINY, -1e-300, 1e-9], [TINY, 1e-300, 0.25]),
    "one-row": ([0.5], [0.25]),
}


def scores() -> Iterator[Case]:
    for label, (x, y) in LOGITS.items():
        arrays = {"logits": x, "target": y}
        pairs = [(mpf(float(a)), mpf(float(b))) for a, b in zip(x, y, strict=True)]
        for beta in (2.0, 1.5):
            elements = [quality_focal(a, b, beta) for a, b in pairs]
            yield case(
                "quality-focal", f"{label}-{beta:g}", arrays, MPMATH, elements=elements, beta=beta
            )
        for params in ({}, {"alpha": 0.5, "gamma": 1.5}):
            elements = [varifocal(a, b, **params) for a, b in pairs]
            yield case(
                "varifocal", f"{label}{len(params)}", arrays, MPMATH, elements=elements, **params
            )
    yield case(
        "quality-focal", "infinite", {"logits": [INF], "target": [0]}, MPMATH, elements=[INF]
    )
    close = {"logits": [1e-9, 2.0], "target": [0.5, 0.880797078]}
    elements = [quality_focal(mpf(a), mpf(b)) for a, b in zip(*close.values(), strict=True)]
    yield case(
        "quality-focal", "nearly-right", close, MPMATH, elements=elements, rtol=1e-6,
        why="the target is nearly the sigmoid, and their difference keeps few digits",
    )  # fmt: skip


def cost(row: np.ndarray, label: int) -> mpf:
    """Cross-entropy of one bin."""
    z = [mpf(float(v)) for v in row]
    return mpmath.log1p(
        mpmath.fsum(mpmath.exp(v - z[label]) for i, v in enumerate(z) if i != label)
    )


def bins() -> Iterator[Case]:
    places = {
        "random": (np.round(RNG.normal(0, 2, (6, 5)), 3), np.round(RNG.uniform(0, 4, 6), 3)),
        "on-bins": (np.round(RNG.normal(0, 2, (3, 4)), 3), [0.0, 2.0, 3.0]),
        "two-bins": ([[1.0, -1.0], [0.0, 3.0]], [0.25, 1.0]),
        "huge": ([[1e4, 0.0, -1e4], [1e308, 1e308, 0.0]], [1.5, 0.25]),
    }
    for label, (x, y) in places.items():
        elements = []
        for row, place in zip(np.asarray(x, float), np.asarray(y, float), strict=True):
            low = min(int(place), len(row) - 2)
            share = mpf(float(place)) - low
            elements.append((1 - share) * cost(row, low) + share * cost(row, low + 1))
        arrays = {"logits": x, "target": y}
        yield case("distribution-focal", label, arrays, MPMATH, elements=elements)
    x, y = places["random"]
    logits, place = torch.tensor(x), torch.tensor(y)
    low = place.long()
    torch_cost = torch.nn.functional.cross_entropy
    elements = torch_cost(logits, low, reduction="none") * (low + 1 - place)
    elements += torch_cost(logits, low + 1, reduction="none") * (place - low)
    arrays = {"logits": x, "target": y}
    reductions = {"mean": elements.mean().item(), "sum": elements.sum().item()}
    yield case(
        "distribution-focal", "torch", arrays, TORCH, elements=elements, reductions=reductions
    )


# --- boxes ---------------------------------------------------------------------------------------

Box = list[Any]


def overlap(x: Box, y: Box) -> tuple[mpf, mpf]:
    """1 - IoU and the intersection."""
    sides = [max(min(x[i + 2], y[i + 2]) - max(x[i], y[i]), mpf(0)) for i in (0, 1)]
    shared = sides[0] * sides[1]
    union = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (x, y)) - shared
    eps = mpf(1e-7)
    return 1 - shared / (union + eps), shared


def hull(x: Box, y: Box) -> list[mpf]:
    return [max(x[i + 2], y[i + 2]) - min(x[i], y[i]) for i in (0, 1)]


def centre_gap(x: Box, y: Box) -> list[mpf]:
    return [(x[i] + x[i + 2] - y[i] - y[i + 2]) / 2 for i in (0, 1)]


def siou(x: Box, y: Box, theta: float = 4.0) -> mpf:
    gap, sides = centre_gap(x, y), hull(x, y)
    sigma = mpmath.sqrt(gap[0] ** 2 + gap[1] ** 2)
    # As the paper writes it.
    angle = mpf(0)
    if sigma:
        angle = 1 - 2 * mpmath.sin(mpmath.asin(abs(gap[1]) / sigma) - mpmath.pi / 4) ** 2
    distance = sum(
        1 - mpmath.exp((angle - 2) * (d / c) ** 2) for d, c in zip(gap, sides, strict=True)
    )
    shape = mpf(0)
    for i in (0, 1):
        mine, true = x[i + 2] - x[i], y[i + 2] - y[i]
        shape += (1 - mpmath.exp(-abs(mine - true) / max(mine, true))) ** mpf(theta)
    return overlap(x, y)[0] + (distance + shape) / 2


def wiou(x: Box, y: Box) -> mpf:
    gap, sides = centre_gap(x, y), hull(x, y)
    diagonal = sides[0] ** 2 + sides[1] ** 2 + mpf(1e-7)
    return overlap(x, y)[0] * mpmath.exp((gap[0] ** 2 + gap[1] ** 2) / diagonal)


def mpdiou(x: Box, y: Box, width: float = 1.0, height: float = 1.0) -> mpf:
    squares = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return overlap(x, y)[0] + squares / (mpf(width) ** 2 + mpf(height) ** 2)


def boxes(count: int) -> np.ndarray:
    corner = RNG.uniform(0, 8, size=(count, 2))
    return np.round(
        np.concatenate((corner, corner + RNG.uniform(0.5, 5, size=(count, 2))), axis=1), 3
    )


X = boxes(6)
PLACES = {
    "random": (X, boxes(6)),
    "near": (X, X + np.round(RNG.uniform(-0.1, 0.1, X.shape), 3)),
    "inside": ([[0, 0, 4, 4], [1, 1, 2, 3]], [[1, 1, 2, 2], [0, 0, 4, 4]]),
    "apart": ([[0, 0, 1, 1], [0, 0, 1, 1]], [[5, 5, 6, 7], [0, 3, 1, 4]]),
    "equal": ([[0, 0, 4, 4]], [[0, 0, 4, 4]]),
    "large": ([[0, 0, 1e6, 2e6]], [[1e5, 1e5, 2e6, 3e6]]),
}
LOSSES: dict[str, tuple[Callable[..., Any], list[dict[str, float]]]] = {
    "siou": (siou, [{}, {"theta": 2.0}]),
    "wiou": (wiou, [{}]),
    "mpdiou": (mpdiou, [{}, {"width": 640.0, "height": 480.0}]),
}


def overlaps() -> Iterator[Case]:
    for name, (row, settings) in LOSSES.items():
        for label, (x, y) in PLACES.items():
            pairs = list(zip(np.asarray(x, float), np.asarray(y, float), strict=True))
            for i, params in enumerate(settings):
                elements = [
                    row([mpf(float(v)) for v in a], [mpf(float(v)) for v in b], **params)
                    for a, b in pairs
                ]
                yield case(
                    name, f"{label}{i}", {"prediction": x, "target": y}, MPMATH, elements=elements,
                    **params,
                )  # fmt: skip


if __name__ == "__main__":
    write("detection", [*scores(), *bins(), *overlaps()])
