# ruff: noqa: E402  (torchmetrics wants a setting before it is imported)
"""Compute the oracle cases of multi-label losses with PyTorch, scikit-learn and torchmetrics.

python tests/oracles/make_multilabel.py
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

warnings.filterwarnings("ignore")

import mpmath
import numpy as np
import torch
from catboost.utils import eval_metric
from mpmath import exp, log1p, mpf
from oracle import INF, MAX, NAN, TINY, Case, case, write
from sklearn import metrics
from torch.nn import functional

# The compiled operators of a wheel for another machine may not load, and are not used.
torch.library.register_fake = lambda *_, **__: lambda function: function

import torchmetrics.functional.classification as torchmetrics

ROUNDING = "PyTorch's log-sigmoid is rounded before it is added to others"

rng = np.random.default_rng(20250302)


def real(*shape: int, scale: float = 2.0) -> np.ndarray:
    return np.round(rng.normal(size=shape) * scale, 4)


def unit(*shape: int) -> np.ndarray:
    return np.round(rng.uniform(0.01, 0.99, size=shape), 4)


def labels(*shape: int) -> np.ndarray:
    return rng.integers(0, 2, size=shape).astype(float)


def class_lists(rows: int, classes: int, width: int) -> np.ndarray:
    """The classes that hold, -1 after the last; what follows it is any class."""
    lists = np.array([rng.permutation(classes)[:width] for _ in range(rows)])
    for row, length in zip(lists, rng.integers(0, width + 1, size=rows), strict=True):
        row[length : length + 1] = -1
    return lists


# --- soft margin ---------------------------------------------------------------------------------


def soft_margin_of_torch(label: str, logits: Any, target: Any, **params: Any) -> Case:
    weight = params.get("weight")
    tensors = [torch.tensor(np.asarray(a, np.float64)) for a in (logits, target)]
    scale = None if weight is None else torch.tensor(weight, dtype=torch.float64)

    def reduced(reduction: str) -> torch.Tensor:
        return functional.multilabel_soft_margin_loss(*tensors, weight=scale, reduction=reduction)

    return case(
        "multilabel-soft-margin", label, {"logits": logits, "target": target}, "torch",
        elements=reduced("none"), reductions={r: reduced(r).item() for r in ("mean", "sum")},
        atol=1e-15, why=ROUNDING, **params,
    )  # fmt: skip


def soft_margin_exact(label: str, logits: Any, target: Any) -> Case:
    elements = []
    for row, wanted in zip(logits, target, strict=True):
        pairs = [(mpf(x), mpf(y)) for x, y in zip(row, wanted, strict=True)]
        costs = [y * log1p(exp(-x)) + (1 - y) * log1p(exp(x)) for x, y in pairs]
        elements.append(mpmath.fsum(costs) / len(costs))
    arrays = {"logits": logits, "target": target}
    return case("multilabel-soft-margin", label, arrays, "mpmath", elements=elements)


def soft_margin() -> Iterator[Case]:
    for shape in [(6, 4), (1, 5), (4, 2), (3, 9)]:
        x, name = real(*shape), "x".join(map(str, shape))
        yield soft_margin_of_torch(name, x, labels(*shape))
        yield soft_margin_of_torch(f"soft-{name}", x, unit(*shape))
        yield soft_margin_of_torch(
            f"weight-{name}", x, labels(*shape), weight=unit(shape[1]).tolist()
        )
    infinite = [[INF, 0.0], [-INF, 0.0], [0.0, INF], [NAN, 0.0], [0.0, 0.0]]
    for y in (0.0, 1.0):
        yield soft_margin_of_torch(f"infinite-{y:g}", infinite, [[y, 1 - y]] * 5)
    huge = [[1e4, -1e4], [1e307, -1e307], [37.0, -37.0], [700.0, -745.0], [TINY, 0.0]]
    for y in (0.0, 1.0):
        yield soft_margin_exact(f"huge-{y:g}", huge, [[y, 1 - y]] * 5)
    x, y, p = real(5, 3), labels(5, 3), rng.integers(0, 9, size=(5, 3)) / 8
    for name, target in [("MultiLogloss", y), ("MultiCrossEntropy", p)]:
        mean = eval_metric(target, x, name)[0]
        arrays = {"logits": x, "target": target}
        yield case("multilabel-soft-margin", name, arrays, "catboost", reductions={"mean": mean})


# --- margin --------------------------------------------------------------------------------------


def margin_of_torch(label: str, logits: Any, target: Any, **given: Any) -> Case:
    """PyTorch wants every list padded to as many entries as there are classes."""
    x, y = np.asarray(logits, np.float64), np.asarray(target)
    padded = np.full(x.shape, -1)
    padded[:, : y.shape[1]] = y
    tensors = torch.tensor(x), torch.tensor(padded)

    def reduced(reduction: str) -> torch.Tensor:
        return functional.multilabel_margin_loss(*tensors, reduction=reduction)

    return case(
        "multilabel-margin", label, {"logits": logits, "target": target}, "torch",
        elements=reduced("none"), reductions={r: reduced(r).item() for r in ("mean", "sum")},
        **given,
    )  # fmt: skip


def margin_exact(label: str, logits: Any, target: Any) -> Case:
    elements = []
    for row, listed in zip(logits, target, strict=True):
        held = [int(j) for j in listed if j >= 0]
        others = [c for c in range(len(row)) if c not in held]
        leads = [mpf(row[j]) - mpf(row[c]) for j in held for c in others]
        short = mpmath.fsum(max(mpf(0), 1 - lead) for lead in leads)
        elements.append(NAN if any(map(mpmath.isnan, leads)) else short / len(row))
    arrays = {"logits": logits, "target": target}
    return case("multilabel-margin", label, arrays, "mpmath", elements=elements)


def margin() -> Iterator[Case]:
    yield margin_of_torch("pytorch-example", [[0.1, 0.2, 0.4, 0.8]], [[3, 0, -1, 1]])
    for rows, classes, width in [(6, 4, 4), (1, 5, 5), (7, 2, 2), (5, 9, 9), (5, 6, 2), (4, 3, 1)]:
        lists = class_lists(rows, classes, width)
        yield margin_of_torch(f"{rows}x{classes}x{width}", real(rows, classes), lists)
    yield margin_of_torch("twice", real(2, 4), [[1, 1, 3, -1], [2, 2, 2, 2]])
    yield margin_of_torch("none", real(2, 3), [[-1, 0, 1], [-1, -1, -1]])
    yield margin_of_torch("all", real(2, 3), [[0, 1, 2], [2, 0, 1]])
    # A list for each row, of its own length.
    x, lists = real(4, 5), [[3, 0], [1], [], [4, 2, 0]]
    padded = [row + [-1] * (5 - len(row)) for row in lists]
    whole = margin_of_torch("lists", x, padded)
    yield whole | {"arrays": whole["arrays"] | {"target": lists}}
    # PyTorch leaves out what is not above 0, NaN among it, and adds 1 to one huge score first.
    huge = [[1e308, 1e308, 0.0], [1e16, 1e16 + 2, 1e16], [MAX, -MAX, 0.0], [TINY, 0.0, -TINY],
            [INF, 0.0, 0.0], [0.0, -INF, INF]]  # fmt: skip
    yield margin_exact("huge", huge, [[0, -1]] * 6)
    unknown = [[NAN, 0.0, 1.0], [0.0, NAN, 1.0], [INF, INF, 0.0]]
    yield margin_exact("nan", unknown, [[0, -1]] * 3)


# --- wrong labels, wrong order -------------------------------------------------------------------


def per_row(function: Any, target: Any, prediction: Any) -> list[float]:
    rows = zip(target, prediction, strict=True)
    return [float(function(np.array([y]), np.array([x]))) for y, x in rows]


def wrong_labels() -> Iterator[Case]:
    of_sklearn = {"hamming": metrics.hamming_loss, "subset-zero-one": metrics.zero_one_loss}
    for x, params in [
        (unit(6, 4), {}), (labels(5, 3), {}), (np.array([[0.5, 0.5], [1.0, 0.0]]), {}),
        (real(6, 3), {"threshold": 0.0}), (unit(1, 5), {"threshold": 0.25}), (unit(7, 2), {}),
    ]:  # fmt: skip
        y = labels(*x.shape)
        decided = (x > params.get("threshold", 0.5)).astype(int)
        arrays, label = {"prediction": x, "target": y}, "x".join(map(str, x.shape))
        label += "".join(f"-{v}" for v in params.values()) + ("-ties" if 0.5 in x else "")
        for name, function in of_sklearn.items():
            yield case(
                name, label, arrays, "scikit-learn",
                elements=per_row(function, y, decided),
                reductions={"mean": function(y, decided)}, **params,
            )  # fmt: skip
    x, y = unit(6, 4), labels(6, 4)
    arrays, tensors = {"prediction": x, "target": y}, (torch.tensor(x), torch.tensor(y).int())
    within = {"rtol": 1e-6, "why": "torchmetrics averages in float32"}
    mean = torchmetrics.multilabel_hamming_distance(*tensors, num_labels=4).item()
    yield case(
        "hamming", "torchmetrics", arrays, "torchmetrics", reductions={"mean": mean}, **within
    )
    mean = 1 - torchmetrics.multilabel_exact_match(*tensors, num_labels=4).item()
    yield case(
        "subset-zero-one",
        "torchmetrics",
        arrays,
        "torchmetrics",
        reductions={"mean": mean},
        **within,
    )
    x = real(6, 4)
    mean = eval_metric(y, x, "HammingLoss")[0]
    arrays = {"prediction": x, "target": y}
    yield case("hamming", "catboost", arrays, "catboost", reductions={"mean": mean}, threshold=0.0)
    edges = {"prediction": [[INF, -INF], [NAN, 1.0], [MAX, TINY], [0.0, -0.0]],
             "target": [[1, 0], [1, 1], [0, 0], [0, 1]]}  # fmt: skip
    expected = {"hamming": [0, NAN, 1, 0.5], "subset-zero-one": [0, NAN, 1, 1]}
    for name, elements in expected.items():
        yield case(name, "edges", edges, "mpmath", elements=elements, threshold=0.0)


def wrong_order() -> Iterator[Case]:
    of_sklearn = {"label-ranking": metrics.label_ranking_loss, "coverage": metrics.coverage_error}
    of_torchmetrics = {
        "label-ranking": torchmetrics.multilabel_ranking_loss,
        "coverage": torchmetrics.multilabel_coverage_error,
    }
    for name, function in of_sklearn.items():
        for shape in [(6, 4), (1, 5), (7, 2), (5, 9)]:
            x, y, label = real(*shape), labels(*shape), "x".join(map(str, shape))
            tied = np.round(x)
            for kind, scores in [("", x), ("-ties", tied)]:
                yield case(
                    name, label + kind, {"prediction": scores, "target": y}, "scikit-learn",
                    elements=per_row(function, y, scores),
                    reductions={"mean": function(y, scores)},
                )  # fmt: skip
        x = [
            [0.2, 0.5, 0.1],
            [0.2, 0.5, 0.1],
            [1.0, 1.0, 1.0],
            [MAX, -MAX, TINY],
            [TINY, 0.0, -TINY],
        ]
        y = [[0, 0, 0], [1, 1, 1], [1, 0, 0], [1, 0, 1], [0, 1, 1]]
        arrays = {"prediction": x, "target": y}
        yield case(name, "edges", arrays, "scikit-learn", elements=per_row(function, y, x))
        x, y = unit(6, 4), np.array([[1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 1, 0]] * 2)
        theirs = of_torchmetrics[name](torch.tensor(x), torch.tensor(y), num_labels=4)
        yield case(
            name, "torchmetrics", {"prediction": x, "target": y}, "torchmetrics",
            reductions={"mean": theirs.item()}, rtol=1e-6, why="torchmetrics averages in float32",
        )  # fmt: skip
    x = [[INF, -INF, 0.0], [NAN, 0.0, 1.0], [INF, INF, 0.0], [INF, INF, 0.0]]
    arrays = {"prediction": x, "target": [[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]]}
    expected = {"label-ranking": [1, NAN, 0.5, 0], "coverage": [3, NAN, 2, 0]}
    for name, elements in expected.items():
        yield case(name, "infinite", arrays, "mpmath", elements=elements)


def main() -> None:
    families = (soft_margin, margin, wrong_labels, wrong_order)
    write("multilabel", (record for cases in families for record in cases()))


if __name__ == "__main__":
    main()
