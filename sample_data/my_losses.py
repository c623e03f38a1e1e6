"""Losses of one's own, for docs/custom-losses.md. Only NumPy is needed."""

from typing import Annotated

import numpy as np

import losscli
from losscli.domain import POSITIVE, Array, Real


def tail(pred, target):
    return np.maximum(np.abs(pred - target) - 50, 0)


def lopsided(pred, target, above=1.0, below=1.0):
    """What an error costs, by its sign.

    Args:
        above: what each unit above the target costs
        below: what each unit below the target costs
    """
    error = pred - target
    return np.where(error > 0, above * error, -below * error)


def weighted_brier(logits, target, weights):
    """Squared error of probabilities, weighted by label."""
    return weights * (1 / (1 + np.exp(-logits)) - target) ** 2


class FocalLoss:
    """Focal loss over cross-entropy: easy rows count little."""

    def __init__(self, gamma=2.0, alpha=0.25):
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, target):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        cost = -log_p[np.arange(len(target)), target]
        return self.alpha * (1 - np.exp(-cost)) ** self.gamma * cost


def half_and_half(pred, target):
    """Half the squared error and half the absolute one, as in a training loop."""
    return (0.5 * (pred - target) ** 2 + 0.5 * np.abs(pred - target)).mean()


def rmse(pred, target):
    return np.sqrt(((pred - target) ** 2).mean())


def unsafe_cross_entropy(logits, target):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(target)), target])


@losscli.loss(use_when="an error above the target is dangerous")
def overshoot(
    prediction: Real,
    target: Real,
    *,
    slope: Annotated[float, POSITIVE, "what each unit above the target costs"] = 2.0,
) -> Array:
    """What lies above the target."""
    return slope * np.maximum(prediction - target, 0.0)
