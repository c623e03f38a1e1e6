"""Losses of a user's own, for tests: in a file, and in a package."""

from __future__ import annotations

import textwrap
from pathlib import Path

LOSSES = '''
"""Losses of a user's own."""

import numpy as np


def weighted_mse(pred, target, weights):
    """Squared error, weighted by column.

    Args:
        weights: what an error in each column costs.
    """
    return weights * (pred - target) ** 2


def mean_weighted_mse(pred, target, weights):
    return (weights * (pred - target) ** 2).mean()


def rmse(pred, target):
    return np.sqrt(((pred - target) ** 2).mean())


class FocalLoss:
    """Focal loss over cross-entropy."""

    def __init__(self, gamma=2.0, alpha=0.25):
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, target):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        cost = -log_p[np.arange(len(target)), target]
        return self.alpha * (1 - np.exp(-cost)) ** self.gamma * cost
'''


def own(code: str, name: str = "mine") -> str:
    """A file with this code; the name of the loss in it."""
    Path("own.py").write_text(f"import numpy as np\n\n{textwrap.dedent(code)}")
    return f"own.py:{name}"


def publish(folder: Path, package: str, **points: str) -> None:
    """A package as pip would have installed it."""
    info = folder / f"{package}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    lines = [f"{name} = {target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[losscli.losses]", *lines, ""]))
