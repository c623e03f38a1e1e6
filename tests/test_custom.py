"""A loss of the user's own, from a file, is a loss like ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import losscli
from losscli.spec import parse

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


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_losses.py").write_text(LOSSES)
    return tmp_path


def data(rows: int, columns: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows)
    return rng.normal(size=(rows, columns)), rng.normal(size=(rows, columns))


@pytest.mark.parametrize("name", ["weighted_mse", "mean_weighted_mse"])
@pytest.mark.parametrize("rows", [1, 2, 3, 50, 30_000])
def test_weighted_mse_with_weights_1_2_3(name: str, rows: int) -> None:
    pred, target = data(rows)
    expected = (np.array([1.0, 2.0, 3.0]) * (pred - target) ** 2).mean()
    result = losscli.compute(f"my_losses.py:{name}", pred, target, weights=[1, 2, 3])
    assert result.value == pytest.approx(expected, rel=1e-13)
    assert result.per_sample is not None
    assert result.per_sample.shape == (rows,)


def test_a_class_has_its_settings_from_init() -> None:
    rng = np.random.default_rng(1)
    logits, target = rng.normal(size=(100, 4)), rng.integers(0, 4, size=100)
    spec = "my_losses.py:FocalLoss(gamma=1)"
    bound = parse(spec)
    assert str(bound) == "my_losses.py:FocalLoss(gamma=1.0)"
    assert parse(str(bound)) == bound
    costs = losscli.compute("cross-entropy", logits, target).per_sample
    assert costs is not None
    expected = 0.25 * (1 - np.exp(-costs)) * costs
    result = losscli.compute(spec, logits, target)
    np.testing.assert_allclose(result.per_sample, expected, rtol=1e-12)


def test_a_number_that_is_no_mean_of_rows_is_computed_once_over_all() -> None:
    pred, target = data(100_000, 1)
    result = losscli.compute("my_losses.py:rmse", pred, target)
    assert result.reduction == "overall"
    assert result.value == pytest.approx(np.sqrt(((pred - target) ** 2).mean()), rel=1e-14)
