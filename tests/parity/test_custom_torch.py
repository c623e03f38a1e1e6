"""Losses of one's own as PyTorch users write them. Runs where torch is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import losscli

torch = pytest.importorskip("torch")

TRAINING = '''
import torch
import torch.nn.functional as F
from torch import nn


class WeightedMSE(nn.Module):
    """Weighted squared error."""

    def __init__(self, weights):
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights))

    def forward(self, pred, target):
        return (self.weights * (pred - target) ** 2).mean()


class Focal(nn.Module):
    """Focal loss over cross-entropy."""

    def __init__(self, gamma: float = 2.0, alpha: float = 0.25, reduction: str = "mean"):
        super().__init__()
        self.gamma, self.alpha, self.reduction = gamma, alpha, reduction

    def forward(self, logits, target):
        cost = F.cross_entropy(logits, target, reduction="none")
        loss = self.alpha * (1 - torch.exp(-cost)) ** self.gamma * cost
        return loss.mean() if self.reduction == "mean" else loss


class Half(nn.Module):
    def __init__(self):
        super().__init__()
        self.mse, self.l1 = nn.MSELoss(), nn.L1Loss()

    def forward(self, input, target):
        return 0.5 * self.mse(input, target) + 0.5 * self.l1(input, target)


class Scaled(nn.Module):
    """Its parameter is in single precision, and it adds up in place."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, pred, target):
        assert not torch.is_grad_enabled()
        return self.scale * pred.sub_(target).abs()


class OfLists(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = torch.FloatTensor(weights)

    def forward(self, pred, target):
        return self.weights * (pred - target).abs()


class OfTensors(nn.Module):
    def __init__(self, weights: torch.Tensor):
        super().__init__()
        self.weights = weights / weights.sum()

    def forward(self, pred, target):
        return self.weights * (pred - target).abs()


def of_tensors(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (pred - target).pow(2)


def undeclared(pred, target):
    return F.huber_loss(pred, target, reduction="none", delta=2.0)


def broken(pred: torch.Tensor, target: torch.Tensor):
    return pred @ target
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(TRAINING)
    return tmp_path


RNG = np.random.default_rng(5)
PRED, TARGET = RNG.normal(size=(2, 500, 3))
LOGITS, LABELS = RNG.normal(size=(500, 4)), RNG.integers(0, 4, size=500)


def test_weighted_mse_with_weights_1_2_3() -> None:
    result = losscli.compute("train.py:WeightedMSE", PRED, TARGET, weights=[1, 2, 3])
    expected = (np.array([1.0, 2.0, 3.0]) * (PRED - TARGET) ** 2).mean()
    assert result.value == pytest.approx(expected, rel=1e-13)
    assert [finding.code for finding in result.diagnostics] == ["LC401"]


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.0, 1.0), (1.5, 0.5)])
def test_focal_loss_over_cross_entropy(gamma: float, alpha: float) -> None:
    result = losscli.compute("train.py:Focal", LOGITS, LABELS, gamma=gamma, alpha=alpha)
    logits, labels = torch.from_numpy(LOGITS), torch.from_numpy(LABELS)
    cost = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    expected = alpha * (1 - torch.exp(-cost)) ** gamma * cost
    np.testing.assert_allclose(result.per_sample, expected.numpy(), rtol=1e-13)
    assert result.diagnostics == ()


def test_mse_and_l1_half_and_half() -> None:
    result = losscli.compute("train.py:Half", PRED, TARGET)
    expected = losscli.compute("mse", PRED, TARGET).value / 2
    expected += losscli.compute("mae", PRED, TARGET).value / 2
    assert result.value == pytest.approx(expected, rel=1e-13)


def test_a_module_changes_nobodys_arrays() -> None:
    before = PRED.copy()
    result = losscli.compute("train.py:Scaled", PRED, TARGET)
    np.testing.assert_array_equal(PRED, before)
    assert result.value == pytest.approx(2 * np.abs(PRED - TARGET).mean(), rel=1e-13)


@pytest.mark.parametrize("name", ["OfLists", "OfTensors"])
def test_vectors_come_as_the_author_wants_them(name: str) -> None:
    result = losscli.compute(f"train.py:{name}", PRED, TARGET, weights=[1, 2, 3])
    weights = np.array([1.0, 2.0, 3.0]) / (6.0 if name == "OfTensors" else 1.0)
    assert result.value == pytest.approx((weights * np.abs(PRED - TARGET)).mean(), rel=1e-7)


@pytest.mark.parametrize(
    ("name", "ours"), [("of_tensors", "mse"), ("undeclared", "huber(delta=2)")]
)
def test_functions_of_tensors(name: str, ours: str) -> None:
    result = losscli.compute(f"train.py:{name}", PRED, TARGET)
    expected = losscli.compute(ours, PRED, TARGET)
    np.testing.assert_allclose(result.elements, expected.elements, rtol=1e-13)


@pytest.mark.parametrize(
    ("theirs", "ours", "data"),
    [
        ("MSELoss", "mse", (PRED, TARGET)),
        ("HuberLoss(delta=2)", "huber(delta=2)", (PRED, TARGET)),
        ("SmoothL1Loss", "smooth-l1", (PRED, TARGET)),
        ("CrossEntropyLoss(label_smoothing=0.1)", "cross-entropy(label_smoothing=0.1)",
         (LOGITS, LABELS)),
        ("BCEWithLogitsLoss", "bce-with-logits", (LOGITS[:, 0], (LABELS > 1).astype(float))),
        ("CosineEmbeddingLoss", "cosine-embedding", (PRED, TARGET, 2.0 * (LABELS > 1) - 1)),
        ("TripletMarginLoss(margin=2)", "triplet-margin(margin=2)", (PRED, TARGET, LOGITS[:, :3])),
    ],
)  # fmt: skip
def test_classes_of_pytorch(theirs: str, ours: str, data: tuple[np.ndarray, ...]) -> None:
    found, expected = losscli.compute(f"torch.nn:{theirs}", *data), losscli.compute(ours, *data)
    np.testing.assert_allclose(found.per_sample, expected.per_sample, rtol=1e-9, atol=1e-12)


def test_a_mean_that_divides_by_weights_is_told() -> None:
    found = losscli.compute("torch.nn:CrossEntropyLoss", LOGITS, LABELS, weight=[1, 2, 3, 4])
    assert [finding.code for finding in found.diagnostics] == ["LC405"]
    expected = losscli.compute("cross-entropy", LOGITS, LABELS, weight=[1, 2, 3, 4])
    assert found.reductions["sum"] == pytest.approx(expected.reductions["sum"], rel=1e-13)


def test_an_instance_stays_as_it_was() -> None:
    module = torch.nn.HuberLoss(delta=2.0)
    found = losscli.compute(module, PRED, TARGET)
    assert found.value == pytest.approx(losscli.compute("huber(delta=2)", PRED, TARGET).value)
    assert module.reduction == "mean"


def test_a_fault_names_the_line() -> None:
    with pytest.raises(losscli.UserCodeError, match="RuntimeError") as caught:
        losscli.compute("train.py:broken", PRED, TARGET)
    assert caught.value.source == "return pred @ target"
    assert "torch" not in (caught.value.path or "")


def test_verify_against_ours() -> None:
    assert losscli.verify("train.py:Focal", against="cross-entropy", gamma=0.0, alpha=1.0).holds
    found = losscli.verify("train.py:Scaled", against="mae")
    wrong = {law.name for law in found.laws if law.outcome == "fails"}
    assert wrong == {"its inputs stay as they are", "equal to mae", "equal to mae at the edges"}


def test_the_command_line(folder: Path) -> None:
    np.savetxt(folder / "p.csv", PRED, delimiter=",", header="pred_0,pred_1,pred_2", comments="")
    np.savetxt(folder / "t.csv", TARGET, delimiter=",", header="y_0,y_1,y_2", comments="")
    words = ("train.py:WeightedMSE", "p.csv", "t.csv", "--weights", "1,2,3", "-f", "value")
    command = [sys.executable, "-m", "losscli", "compute", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = (np.array([1.0, 2.0, 3.0]) * (PRED - TARGET) ** 2).mean()
    assert float(done.stdout) == pytest.approx(expected, rel=1e-13)
