"""Cases of the losses that bear wrong or rare labels, at 50 digits and by torch.

It needs mpmath, numpy and torch:

    python tests/oracles/make_noisy_labels.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import torch
from mpmath import mpf
from oracle import Case, case, write
from torch.nn import functional

RNG = np.random.default_rng(42)
MPMATH, TORCH = "mpmath", "torch"


# --- bi-tempered ---------------------------------------------------------------------------------


def tempered_log(z: mpf, t: mpf) -> mpf:
    return mpmath.log(z) if t == 1 else (z ** (1 - t) - 1) / (1 - t)


def tempered_exp(z: mpf, t: mpf) -> mpf:
    return mpmath.exp(z) if t == 1 else max(1 + (1 - t) * z, mpf(0)) ** (1 / (1 - t))


def tempered_softmax(x: list[Any], t: mpf) -> list[Any]:
    top = max(x)
    low, high = mpf(0), mpf(1)
    while mpmath.fsum(tempered_exp(v - top - high, t) for v in x) > 1:
        high *= 2
    for _ in range(220):
        middle = (low + high) / 2
        above = mpmath.fsum(tempered_exp(v - top - middle, t) for v in x) > 1
        low, high = (middle, high) if above else (low, middle)
    return [tempered_exp(v - top - high, t) for v in x]


def bi_tempered(x: list[float], y: list[float], t1: float, t2: float) -> mpf:
    one, two = mpf(t1), mpf(t2)
    p = tempered_softmax([mpf(float(v)) for v in x], two)
    total = mpf(0)
    for share, chance in zip([mpf(float(v)) for v in y], p, strict=True):
        if share:
            total += share * (tempered_log(share, one) - tempered_log(chance, one))
        total -= (share ** (2 - one) - chance ** (2 - one)) / (2 - one)
    return total


def one_hot(labels: list[int], classes: int) -> list[list[float]]:
    return np.eye(classes)[labels].tolist()


SHARES = np.round(RNG.dirichlet(np.ones(4), 3), 3)
ROWS = {
    "random": (np.round(RNG.normal(0, 2, (5, 4)), 3), [0, 3, 1, 2, 0]),
    "two-classes": ([[3.0, -1.0], [0.5, 0.25]], [0, 1]),
    "sure": ([[20.0, 0.0, -5.0], [8.0, 1.0, 0.0]], [0, 0]),
    "wrong": ([[30.0, 0.0, -5.0], [100.0, -100.0, 0.0]], [1, 1]),
    "ties": ([[1.0, 1.0, 1.0], [2.0, 2.0, -3.0]], [0, 2]),
    "huge": ([[1e4, 0.0, -1e4], [1e200, -1e200, 0.0]], [1, 0]),
    "many-classes": (np.round(RNG.normal(0, 3, (2, 40)), 3), [7, 31]),
}
TEMPERATURES = [(0.8, 1.2), (0.5, 2.0), (0.0, 4.0), (1.0, 1.0), (0.9, 1.0), (1.0, 1.001)]
ROOTS = "the library's powers of powers round"


def tempered() -> Iterator[Case]:
    for label, (x, labels) in ROWS.items():
        x = np.asarray(x, float)
        for t1, t2 in TEMPERATURES:
            if (label, t2) in (("huge", 1.0), ("huge", 1.001)):
                continue
            rows = zip(x.tolist(), one_hot(labels, x.shape[1]), strict=True)
            yield case(
                "bi-tempered-logistic", f"{label}-{t1:g}-{t2:g}",
                {"logits": x, "target": labels}, MPMATH,
                elements=[bi_tempered(a, b, t1, t2) for a, b in rows], t1=t1, t2=t2,
                rtol=1e-10, atol=1e-15,
                why="near a perfect answer the two parts of the formula cancel",
            )  # fmt: skip
    x = np.round(RNG.normal(0, 2, (3, 4)), 3)
    for t1, t2 in TEMPERATURES:
        rows = zip(x.tolist(), SHARES.tolist(), strict=True)
        yield case(
            "bi-tempered-logistic", f"shares-{t1:g}-{t2:g}", {"logits": x, "target": SHARES},
            MPMATH, elements=[bi_tempered(a, b, t1, t2) for a, b in rows], t1=t1, t2=t2,
            rtol=1e-11, why="the parts of the formula cancel",
        )  # fmt: skip
    x, labels = ROWS["random"]
    elements = functional.cross_entropy(torch.tensor(x), torch.tensor(labels), reduction="none")
    yield case(
        "bi-tempered-logistic", "torch", {"logits": x, "target": labels}, TORCH,
        elements=elements, reductions={"mean": elements.mean().item()}, t1=1.0, t2=1.0,
    )  # fmt: skip


# --- unit logits, margins ------------------------------------------------------------------------


def cross_entropy(z: list[Any], label: int) -> mpf:
    return mpmath.log1p(
        mpmath.fsum(mpmath.exp(v - z[label]) for i, v in enumerate(z) if i != label)
    )


def logit_norm(x: list[float], label: int, tau: float = 0.04, eps: float = 1e-7) -> mpf:
    z = [mpf(float(v)) for v in x]
    length = mpmath.sqrt(mpmath.fsum(v * v for v in z)) + mpf(eps)
    return cross_entropy([v / length / mpf(tau) for v in z], label)


def ldam(
    x: list[float], label: int, counts: list[float] | None, max_margin: float, scale: float
) -> mpf:
    z = [mpf(float(v)) for v in x]
    numbers = [mpf(1)] * len(z) if counts is None else [mpf(v) for v in counts]
    z[label] -= mpf(max_margin) * (min(numbers) / numbers[label]) ** mpf("0.25")
    return cross_entropy([mpf(scale) * v for v in z], label)


FLAT = {**ROWS, "zeros": ([[0.0, 0.0, 0.0]], [2]), "tiny": ([[1e-300, 3e-300]], [1])}


def shifted() -> Iterator[Case]:
    for label, (x, labels) in FLAT.items():
        rows = list(zip(np.asarray(x, float).tolist(), labels, strict=True))
        arrays = {"logits": x, "target": labels}
        for params in ({}, {"tau": 0.5}, {"tau": 1.0, "eps": 0.0}):
            if label == "zeros" and params.get("eps") == 0.0:
                continue
            elements = [logit_norm(a, b, **params) for a, b in rows]
            yield case(
                "logit-norm-cross-entropy", f"{label}{len(params)}{params.get('tau', '')}", arrays,
                MPMATH, elements=elements, rtol=1e-11,
                why="the exponent is a quotient that is rounded before", **params,
            )  # fmt: skip
        classes = len(rows[0][0])
        counts = [10.0 + 7 * c * c for c in range(classes)]
        for i, params in enumerate(
            (
                {"max_margin": 0.5, "scale": 30.0},
                {"max_margin": 0.25, "scale": 2.0, "counts": counts},
            )
        ):
            if label == "huge":
                continue
            elements = [
                ldam(a, b, params.get("counts"), params["max_margin"], params["scale"])
                for a, b in rows
            ]
            yield case(
                "ldam", f"{label}{i}", arrays, MPMATH, elements=elements, rtol=1e-11,
                why="the exponent is a product that is rounded before", **params,
            )  # fmt: skip
    x, labels = ROWS["random"]
    logits, target = torch.tensor(x), torch.tensor(labels)
    unit = logits / (torch.norm(logits, p=2, dim=-1, keepdim=True) + 1e-7) / 0.04
    elements = functional.cross_entropy(unit, target, reduction="none")
    yield case(
        "logit-norm-cross-entropy", "torch", {"logits": x, "target": labels}, TORCH,
        elements=elements, reductions={"mean": elements.mean().item()}, rtol=1e-11,
        why="the exponent is a quotient that is rounded before",
    )  # fmt: skip
    counts, weight = [90.0, 5.0, 40.0, 10.0], [0.5, 2.0, 1.0, 1.5]
    margins = 1.0 / torch.tensor(counts, dtype=torch.float64) ** 0.25
    margins *= 0.5 / margins.max()
    lowered = logits - functional.one_hot(target, 4) * margins[target, None]
    weights = torch.tensor(weight, dtype=torch.float64)
    elements = functional.cross_entropy(30 * lowered, target, weight=weights, reduction="none")
    mean = functional.cross_entropy(30 * lowered, target, weight=weights)
    yield case(
        "ldam", "torch", {"logits": x, "target": labels}, TORCH, elements=elements,
        reductions={"mean": mean.item()}, rtol=1e-11, counts=counts, weight=weight,
        why="the exponent is a product that is rounded before",
    )  # fmt: skip


if __name__ == "__main__":
    write("noisy_labels", [*tempered(), *shifted()])
