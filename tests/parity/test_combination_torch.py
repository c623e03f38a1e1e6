"""Weighted sums through PyTorch and through losscli. Runs where torch is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import losscli

torch = pytest.importorskip("torch")
F = torch.nn.functional

RNG = np.random.default_rng(5)
PAIR = RNG.normal(size=(2, 300))
LOGITS, LABELS = RNG.normal(size=(300, 4)), RNG.integers(0, 4, 300)
LABELS[::7] = -100
CHANCE, YES = RNG.uniform(0.05, 0.95, 300), RNG.integers(0, 2, 300).astype(float)

SUMS: dict[str, tuple[tuple[Any, ...], Callable[..., Any]]] = {
    "0.5*mse + 0.5*mae": (
        (*PAIR,),
        lambda p, t: 0.5 * F.mse_loss(p, t) + 0.5 * F.l1_loss(p, t),
    ),
    "mse - 0.25*huber(delta=2)": (
        (*PAIR,),
        lambda p, t: F.mse_loss(p, t) - 0.25 * F.huber_loss(p, t, delta=2.0),
    ),
    "cross-entropy(weight=[0.5, 1, 2, 3]) + 0.1*cross-entropy(label_smoothing=0.2)": (
        (LOGITS, LABELS),
        lambda x, y: (
            F.cross_entropy(x, y, weight=torch.tensor([0.5, 1, 2, 3], dtype=torch.float64))
            + 0.1 * F.cross_entropy(x, y, label_smoothing=0.2)
        ),
    ),
    "0.5*bce + 0.5*dice": (
        (CHANCE, YES),
        lambda p, t: (
            0.5 * F.binary_cross_entropy(p, t) + 0.5 * (1 - 2 * (p * t).sum() / (p.sum() + t.sum()))
        ),
    ),
}


@pytest.mark.parametrize("text", SUMS)
def test_a_weighted_sum_is_that_of_pytorch(text: str) -> None:
    arrays, in_torch = SUMS[text]
    expected = float(in_torch(*map(torch.as_tensor, arrays)))
    assert losscli.compute(text, *arrays).value == pytest.approx(expected, rel=1e-13)
